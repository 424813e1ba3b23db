// What the numbers were measured on: a ratio travels between machines, a cost does not.
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** One line about the machine and how busy it was before. */
export function describeMachine(): string {
  const all = cpus();
  const memoryGib = Math.round(totalmem() / 1024 ** 3);
  const [load = 0] = loadavg();
  const machine = `${all.length} x ${all[0]?.model.trim()}, ${memoryGib} GiB, ${type()} ${release()}`;
  const advice = load > QUIET_LOAD ? ': too busy for numbers worth keeping' : '';
  return `${machine}, load ${load.toFixed(1)} before the start${advice}`;
}

/** Above it other programs take caches and cores from the rivals, and not from all alike. */
const QUIET_LOAD = 0.5;
