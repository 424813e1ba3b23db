// Load by wrk: runs it for some seconds and reads what it counted.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../../test/kit/at-end.ts';
import { killAtExit } from '../../test/kit/clean-up.ts';
import { programPath } from '../../test/kit/debian.ts';
import { RunningProcess } from '../../test/kit/process.ts';

/** What to send. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: readonly string[];
  /** A wrk script in Lua that makes the requests. */
  readonly script?: string;
}

/** What wrk counted. */
export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

/** Runs wrk with one thread. Throws if requests failed: a rival that answers errors quickly is not fast. */
export async function runLoad(owner: Owner, folder: string, load: Load): Promise<LoadResult> {
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`];
  for (const header of load.headers ?? []) args.push('-H', header);
  if (load.script !== undefined) {
    const file = join(folder, 'load.lua');
    writeFileSync(file, load.script);
    args.push('-s', file);
  }
  args.push(`http://127.0.0.1:${load.port}${load.path}`);
  const wrk = new RunningProcess(programPath('wrk'), args, { name: 'wrk' });
  killAtExit(owner, wrk);
  await wrk.ended((load.seconds + 30) * 1000);
  return readResult(wrk.output);
}

/** Some servers close a kept connection now and then; that few do not change a mean. */
const TOLERATED_ERRORS = 1 / 1000;

function readResult(output: string): LoadResult {
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? 0);
  const complaints = output.match(/(?:Non-2xx or 3xx responses|Socket errors): .*/g) ?? [];
  const errors = complaints
    .flatMap((line) => line.match(/\d+(?=,|$)/g) ?? [])
    .reduce((sum, count) => sum + Number(count), 0);
  if (requests === 0 || errors > requests * TOLERATED_ERRORS)
    throw new Error(`${requests} requests, ${complaints.join(', ') || output.trim()}`);
  return { requests, requestsPerSecond: perSecond };
}
