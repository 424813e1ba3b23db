// Nothing outlives a program that starts others: what was started ends with its owner, and all of it with the program.
import { rmSync } from 'node:fs';
import { atEnd, type Owner } from './at-end.ts';
import type { RunningProcess } from './process.ts';
import { tempFolder } from './temp-folder.ts';

const STOP_LIMIT_MS = 3000;
const running = new Set<RunningProcess>();

/** Ends the process when the owner is done; kills it at once when this program ends for whatever reason. */
export function killAtExit(owner: Owner, child: RunningProcess): void {
  running.add(child);
  atEnd(owner, async () => {
    await child.stop('SIGTERM', STOP_LIMIT_MS).catch(() => {});
    running.delete(child);
  });
}

/** A new empty folder, deleted when the owner is done or this program ends. */
export function runFolder(owner: Owner): string {
  const folder = tempFolder(owner);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An owner whose end the caller decides. */
export class Scope implements Owner {
  #cleanUp: () => Promise<void> = async () => {};

  after(cleanUp: () => Promise<void>): void {
    this.#cleanUp = cleanUp;
  }

  end(): Promise<void> {
    return this.#cleanUp();
  }
}

/** Calls `use` with an owner that ends when `use` is over, however it ends. */
export async function withScope<T>(use: (owner: Owner) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await use(scope);
  } finally {
    await scope.end();
  }
}

/** Kills everything on Ctrl-C, on SIGTERM, and when the program ends by an error. */
export function watchForEnd(): void {
  process.on('exit', () => {
    for (const child of running) child.signal('SIGKILL');
  });
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(status));
}
