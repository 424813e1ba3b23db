// CPU time and memory of a process and all its descendants, from /proc (Linux).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface Stat {
  readonly parent: number;
  /** User and system time of the process and of its children that have ended, in clock ticks. */
  readonly ticks: number;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time of the tree below `pid` so far, in microseconds. The resolution is that of /proc, 10 ms. */
export function treeCpuUs(pid: number): number {
  const stats = readStats();
  let ticks = 0;
  for (const member of membersOf(pid, stats)) ticks += stats.get(member)?.ticks ?? 0;
  return (ticks / ticksPerSecond) * 1e6;
}

/**
 * Memory of the tree below `pid` in bytes: the proportional set size, in which a page that n processes share counts
 * one n-th for each; the resident set size where the system does not tell.
 */
export function treeMemoryBytes(pid: number): number {
  let bytes = 0;
  for (const member of membersOf(pid, readStats())) bytes += memoryBytes(member);
  return bytes;
}

function membersOf(pid: number, stats: ReadonlyMap<number, Stat>): Set<number> {
  const members = new Set([pid]);
  // A child may be listed before its parent: look again until nothing is added.
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const [candidate, { parent }] of stats) if (members.has(parent)) members.add(candidate);
  }
  return members;
}

function readStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  return stats;
}

/** proc(5): the command in parentheses may hold anything, so count from the last one. */
function readStat(pid: number): Stat | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  const values = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (values.length < 15) return undefined;
  const [, parent, ...rest] = values.map(Number);
  const times = rest.slice(9, 13);
  return { parent: parent ?? 0, ticks: times.reduce((sum, value) => sum + value, 0) };
}

function memoryBytes(pid: number): number {
  const proportional = /^Pss:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`));
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${pid}/status`));
  return Number((proportional ?? resident)?.[1] ?? 0) * 1024;
}

/** A process may end between being listed and being read. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
