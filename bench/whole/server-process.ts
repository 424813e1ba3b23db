// A server under measurement: started in its own process group with enough file descriptors, waited for, looked at.
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import type { Owner } from '../../test/kit/at-end.ts';
import { killAtExit } from '../../test/kit/clean-up.ts';
import { RunningProcess } from '../../test/kit/process.ts';

/** A started server. */
export type ServerProcess = RunningProcess;

/** What a server with ten thousand clients needs, with room. */
const FILE_LIMIT = 65_536;
const START_LIMIT_MS = 60_000;
const RETRY_MS = 20;

/** Starts a server that stays in the foreground. It is ended, with its children, when the owner is done. */
export function startServer(
  owner: Owner,
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ServerProcess {
  // The limit is raised as far as this user may; exec keeps the process id.
  const script = `ulimit -n ${FILE_LIMIT} 2>/dev/null || ulimit -n $(ulimit -Hn); exec "$0" "$@"`;
  const server = new RunningProcess('/bin/sh', ['-c', script, command, ...args], { name, env, ownGroup: true });
  killAtExit(owner, server);
  return server;
}

/** Waits until something accepts connections on `port`; fails with its output if the server ends before. */
export async function untilListening(server: ServerProcess, port: number): Promise<void> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    if (server.end !== undefined) throw new Error(`${server.name} ended: ${firstLines(server.output)}`);
    if (await accepts(port)) return;
    if (performance.now() > deadlineMs) throw new Error(`${server.name} does not listen: ${firstLines(server.output)}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** What a program prints when asked for its version, on whichever stream; empty if it cannot be run. */
export function versionOutput(command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** The first thing in `text` that looks like a version. */
export function versionIn(text: string): string {
  return /\d+\.\d+(?:\.\d+)*/.exec(text)?.[0] ?? '?';
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function firstLines(output: string): string {
  return output.trim().split('\n').slice(0, 4).join(' / ').slice(0, 400);
}
