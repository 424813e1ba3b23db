// What the numbers were measured on: a ratio travels between machines, a cost does not.
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** One line about the machine and how busy it was before. */
export function describeMachine(): string {
  const all = cpus();
  const memoryGib = Math.round(totalmem() / 1024 ** 3);
  const load = loadavg()[0]?.toFixed(1);
  return `${all.length} x ${all[0]?.model.trim()}, ${memoryGib} GiB, ${type()} ${release()}, load ${load} before the start`;
}
