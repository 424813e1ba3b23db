// What one mount adds up for the metrics: exchanges by status class, and how long they took, in fixed buckets.
import type { Exchange } from '../exchange/exchange.ts';
import type { Observer } from '../exchange/observer.ts';
import { statusClassOf } from './counters.ts';

/** Upper bounds of the buckets, in milliseconds; beyond the last there is one more bucket. */
export const DURATION_BOUNDS_MS: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
];

/** An observer that counts the exchanges of one mount. A count is an addition; nothing is allocated. */
export class MountMetrics implements Observer {
  /** The key of the site, such as `www.example.org`. */
  readonly site: string;
  /** The public path of the mount. */
  readonly path: string;
  /** Exchanges that are over, by status class as `counters.ts` orders them. */
  readonly byClass: number[] = [0, 0, 0, 0, 0, 0];
  /** Exchanges by how long they took: not more than the bound of the same index, and more than the one before. */
  readonly byDuration: number[] = DURATION_BOUNDS_MS.map(() => 0).concat(0);
  /** The sum of the durations that `byDuration` counts. */
  totalMs = 0;

  constructor(site: string, path: string) {
    this.site = site;
    this.path = path;
  }

  onEnd({ timeline }: Exchange, status: number): void {
    const statusClass = statusClassOf(status);
    this.byClass[statusClass] = (this.byClass[statusClass] ?? 0) + 1;
    // A tunnel lasts as long as somebody talks: its hours say nothing about how fast the mount answers.
    if (status === 101) return;
    const durationMs = timeline.end - timeline.requestStart;
    const bucket = bucketOf(durationMs);
    this.byDuration[bucket] = (this.byDuration[bucket] ?? 0) + 1;
    this.totalMs += durationMs;
  }
}

/** From the short end: most answers are quick. */
function bucketOf(durationMs: number): number {
  let index = 0;
  while (index < DURATION_BOUNDS_MS.length && durationMs > (DURATION_BOUNDS_MS[index] ?? 0)) index++;
  return index;
}
