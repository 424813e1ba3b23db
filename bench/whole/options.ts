// The command line of the benchmark.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Rival } from './rival.ts';
import { otherCheckout } from './rivals/portico.ts';
import { rivals } from './rivals.ts';
import type { Workload } from './workload.ts';
import { workloads } from './workloads.ts';

/** What to run. */
export interface Options {
  readonly rivals: readonly Rival[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** Of one measurement, without its warm-up. */
  readonly seconds: number;
  /** The Node.js that runs Portico. */
  readonly node: string;
}

const HELP = `npm run bench -- [options]

Measures Portico and its rivals side by side: CPU time of each one's processes per request, as a ratio to nginx.

  --against FOLDER another checkout of Portico, built, as one more rival
  --only NAMES     rivals, separated by commas: ${rivals.map(({ name }) => name).join(', ')}
  --work NAMES     workloads: ${workloads.map(({ name }) => name).join(', ')}
  --rounds N       measurements of each, interleaved (default 3)
  --seconds N      of load per measurement (default 3)
  --node PATH      runs Portico under another Node.js
  --help           this text
`;

/** Reads the arguments. A string is what to print instead of running: the help, or what is wrong. */
export function parseOptions(args: readonly string[]): Options | { readonly text: string; readonly status: number } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        against: { type: 'string' },
        only: { type: 'string' },
        work: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '3' },
        node: { type: 'string', default: process.execPath },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { text: HELP, status: 0 };
    return {
      rivals: [
        ...pick('rival', rivals, values.only),
        ...(values.against === undefined ? [] : [otherCheckout(resolve(values.against))]),
      ],
      workloads: pick('workload', workloads, values.work),
      rounds: parseCount('rounds', values.rounds),
      seconds: parseCount('seconds', values.seconds),
      node: values.node,
    };
  } catch (error) {
    return { text: `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, status: 2 };
  }
}

function pick<T extends { readonly name: string }>(what: string, all: readonly T[], names: string | undefined): T[] {
  if (names === undefined) return [...all];
  const wanted = names.split(',');
  for (const name of wanted)
    if (!all.some((candidate) => candidate.name === name)) throw new SyntaxError(`There is no ${what} "${name}"`);
  return all.filter(({ name }) => wanted.includes(name));
}

function parseCount(option: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new SyntaxError(`--${option} takes a number from 1 to 9999, not "${text}"`);
  return Number(text);
}
