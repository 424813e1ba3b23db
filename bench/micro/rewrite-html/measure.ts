// Measures a function over a page in MB per CPU second: user and system time of the whole process, collector included.
import { applicationPage, bookPage, sourcePage } from './inputs.ts';

/** The four pages of the bar: 100 kB and 1 MB of an application, a book of 1.9 MB, a source file of 112 kB. */
export const PAGES: Readonly<Record<string, Buffer>> = {
  'page 100 kB': applicationPage(100_000),
  'page 1 MB': applicationPage(1_000_000),
  'book 1.9 MB': bookPage(1_900_000),
  'source 112 kB': sourcePage(112_000),
};

const WARM_UP_BYTES = 20_000_000;
const ROUND_BYTES = 12_000_000;
const ROUNDS = 11;

/** Prints the median and the best of some rounds. `run` handles `page` once; its result only keeps it from being idle. */
export function measure(label: string, page: Buffer, run: () => number): void {
  let sum = 0;
  for (let bytes = 0; bytes < WARM_UP_BYTES; bytes += page.length) sum += run();
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const rate = measureRound(page, run);
    rates.push(rate);
    ratios.push(rate / measureRound(page, () => countAngles(page)));
  }
  // On a shared machine the best round says most about the code, the median about the day, and the ratio to a plain look
  // at every byte in the same moment stays when both change.
  const figures = `${middle(rates).toFixed(0).padStart(5)} MB/s, best ${Math.max(...rates).toFixed(0)}`;
  process.stdout.write(`${label.padEnd(32)} ${figures}, ${middle(ratios).toFixed(2)} of a byte loop\n`);
  if (sum < 0) process.exitCode = 1;
}

function measureRound(page: Buffer, run: () => number): number {
  const before = process.cpuUsage();
  let bytes = 0;
  for (; bytes < ROUND_BYTES; bytes += page.length) run();
  const used = process.cpuUsage(before);
  return bytes / (used.user + used.system);
}

function countAngles(page: Buffer): number {
  let count = 0;
  for (let at = 0; at < page.length; at++) if (page[at] === 0x3c) count++;
  return count;
}

function middle(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;
}
