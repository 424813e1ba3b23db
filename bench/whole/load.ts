// Load by wrk, or by h2load for HTTP/2: runs it for some seconds and reads what it counted.
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
  /** Whether no answer at all is no failure: a busy machine may need longer for one than a warm-up lasts. */
  readonly mayBeEmpty?: boolean;
  /** Whether to speak TLS. */
  readonly isSecure?: boolean;
  /** Requests at a time on each connection, in HTTP/2; undefined for HTTP/1.1. Headers and scripts are for the latter. */
  readonly streams?: number;
}

/** What was counted. */
export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

/** Runs the load with one thread. Throws if requests failed: a rival that answers errors quickly is not fast. */
export function runLoad(owner: Owner, folder: string, load: Load): Promise<LoadResult> {
  return load.streams === undefined ? runWrk(owner, folder, load) : runH2load(owner, load, load.streams);
}

async function runWrk(owner: Owner, folder: string, load: Load): Promise<LoadResult> {
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`];
  for (const header of load.headers ?? []) args.push('-H', header);
  if (load.script !== undefined) {
    const file = join(folder, 'load.lua');
    writeFileSync(file, load.script);
    args.push('-s', file);
  }
  args.push(urlOf(load));
  const wrk = new RunningProcess(programPath('wrk'), args, { name: 'wrk' });
  killAtExit(owner, wrk);
  await wrk.ended((load.seconds + 30) * 1000);
  return readResult(wrk.output, load.mayBeEmpty === true);
}

async function runH2load(owner: Owner, load: Load, streams: number): Promise<LoadResult> {
  const args = ['-t1', `-c${load.connections}`, `-m${streams}`, `-D${load.seconds}`, urlOf(load)];
  const h2load = new RunningProcess(programPath('h2load'), args, { name: 'h2load' });
  killAtExit(owner, h2load);
  await h2load.ended((load.seconds + 30) * 1000);
  const { output } = h2load;
  const [, succeeded, failed] = /(\d+) succeeded, (\d+) failed/.exec(output) ?? [];
  const [, good, ...others] = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(output) ?? [];
  const bad = [failed, ...others].reduce((sum, count) => sum + Number(count), 0);
  // With a duration some answers are whole that were not counted as done when time was up.
  if ((Number(succeeded ?? 0) === 0 && load.mayBeEmpty !== true) || bad > 0)
    throw new Error(`${good} good answers: ${output.trim()}`);
  if (Number(succeeded) > 0 && !/Application protocol: h2/.test(output)) throw new Error('HTTP/2 was not chosen');
  const requests = Number(succeeded ?? 0);
  return { requests, requestsPerSecond: requests / load.seconds };
}

function urlOf({ port, path, isSecure }: Load): string {
  return `${isSecure === true ? 'https' : 'http'}://127.0.0.1:${port}${path}`;
}

/** Some servers close a kept connection now and then; that few do not change a mean. */
const TOLERATED_ERRORS = 1 / 1000;

function readResult(output: string, mayBeEmpty: boolean): LoadResult {
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? 0);
  const complaints = output.match(/(?:Non-2xx or 3xx responses|Socket errors): .*/g) ?? [];
  const errors = complaints
    .flatMap((line) => line.match(/\d+(?=,|$)/g) ?? [])
    .reduce((sum, count) => sum + Number(count), 0);
  if ((requests === 0 && !mayBeEmpty) || errors > requests * TOLERATED_ERRORS)
    throw new Error(`${requests} requests, ${complaints.join(', ') || output.trim()}`);
  return { requests, requestsPerSecond: perSecond };
}
