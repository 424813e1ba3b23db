// `portico leaks`: which addresses of backends got out to clients, and which requests missed their mount.
import type { LeakRecord, RescueRecord } from '../../exchange/rewrite-figures.ts';
import type { MountFigures } from '../../server/server.ts';
import { askAdmin } from '../admin-client.ts';
import { findAdminSocket, socketFlag } from '../admin-socket.ts';
import { type Command, configFlag, jsonFlag, RunError, UsageError } from '../command.ts';
import { countOf } from '../words.ts';

/** Shows what the running program counted. Ends with 1 where there are leaks, with 2 where they cannot be asked for. */
export const leaks: Command = {
  name: 'leaks',
  summary: 'show addresses of backends that reached clients, and requests that missed their mount',
  operands: [],
  flags: {
    config: configFlag,
    socket: socketFlag,
    strict: { kind: 'switch', help: 'end with 1 for requests that missed their mount too' },
    reset: { kind: 'switch', help: 'count from nothing after this' },
    json: jsonFlag,
  },
  notes:
    'Ends with 0 where nothing leaked, with 1 where something did, with 2 where nothing could be asked: a test run can visit the pages of an application and end with portico leaks.',
  async run(args, terminal) {
    const socketPath = await findAdminSocket(args, terminal);
    if (socketPath === undefined) return 2;
    const { flags } = args;
    const mounts = await ask(socketPath, flags.has('reset'));
    terminal.print(flags.has('json') ? `${JSON.stringify(mounts, undefined, 2)}\n` : printMounts(mounts));
    const isBad = mounts.some(
      ({ leaks: found, rescues }) => found.length > 0 || (flags.has('strict') && rescues.length > 0),
    );
    return isBad ? 1 : 0;
  },
};

/** A program that cannot be asked is not one that leaks: status 2, where other commands say 1. */
async function ask(socketPath: string, isReset: boolean): Promise<readonly MountFigures[]> {
  try {
    const [method, path] = isReset ? (['POST', '/rewriting/reset'] as const) : (['GET', '/rewriting'] as const);
    const { status, body } = await askAdmin(socketPath, method, path);
    if (status !== 200) throw new RunError(`the running program answered ${status}`);
    return body as readonly MountFigures[];
  } catch (error) {
    if (error instanceof RunError) throw new UsageError(error.message);
    throw error;
  }
}

function printMounts(mounts: readonly MountFigures[]): string {
  const lines = mounts.flatMap(printMount);
  const total = mounts.reduce((sum, { leaks: found }) => sum + sumOf(found), 0);
  const rescued = mounts.reduce((sum, { rescues }) => sum + sumOf(rescues), 0);
  lines.push(`${countOf(total, 'leak')}, ${countOf(rescued, 'request')} that missed a mount`);
  return `${lines.join('\n')}\n`;
}

function printMount({ site, mount, leaks: found, rescues, failed, unexaminedBytes }: MountFigures): string[] {
  const lines = [...found.flatMap(printLeak), ...rescues.map(printRescue)];
  for (const [code, count] of Object.entries(failed)) lines.push(`  broken bodies, ${code}: ${count}`);
  if (unexaminedBytes > 0) lines.push(`  ${countOf(unexaminedBytes, 'byte')} of markup went by unexamined`);
  return lines.length === 0 ? [] : [`${site} ${mount}`, ...lines, ''];
}

function printLeak({ place, authority, count, target, sample }: LeakRecord): string[] {
  return [`  ${place}: ${authority} ${countOf(count, 'time')}, first in ${target}`, `    ${sample.trim()}`];
}

function printRescue({ method, path, count, referrer }: RescueRecord): string {
  const from = referrer === '' ? '' : `, first from ${referrer}`;
  return `  missed: ${method} ${path} ${countOf(count, 'time')}${from}`;
}

function sumOf(records: readonly { readonly count: number }[]): number {
  return records.reduce((sum, { count }) => sum + count, 0);
}
