// FileLock: one process at a time, among all that share a folder, on one machine or on several.
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import type { Clock } from '../util/clock.ts';
import { AcmeError } from './acme-error.ts';

/** The owner touches its lock this often. */
const HEARTBEAT_MS = 5_000;
/** A lock that nobody touched for this long is of a process that died. */
const STALE_MS = 30_000;
const LOOK_EVERY_MS = 500;
/** An order takes seconds; minutes if a CA is slow and several are tried. */
const WAIT_LIMIT_MS = 15 * 60_000;

/** What a waiting process saw of somebody's lock, and since when by its own monotonic clock: clocks may differ. */
interface Sighting {
  readonly facts: string;
  readonly sinceMs: number;
}

/**
 * Runs `work` while no other process holds the lock `file`. The file exists exactly while it is held; it is touched to
 * show that its owner lives, and taken over when that stops. A process that stood still for so long may find two
 * owners: what they write is atomic, so the worst is one order too many.
 */
export async function withFileLock<T>(file: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const owner = randomBytes(12).toString('hex');
  await acquire(file, owner, clock);
  const stopHeart = clock.every(HEARTBEAT_MS, () => void touch(file, clock));
  try {
    return await work();
  } finally {
    stopHeart();
    await release(file, owner);
  }
}

async function acquire(file: string, owner: string, clock: Clock): Promise<void> {
  const startedMs = clock.now();
  let seen: Sighting | undefined;
  while (!(await tryCreate(file, owner))) {
    const facts = await factsOf(file);
    if (facts === undefined) continue;
    if (seen?.facts !== facts) seen = { facts, sinceMs: clock.now() };
    else if (clock.now() - seen.sinceMs > STALE_MS) {
      await takeAway(file, facts);
      continue;
    }
    if (clock.now() - startedMs > WAIT_LIMIT_MS)
      throw new AcmeError('local', `another process holds ${file} for ${WAIT_LIMIT_MS / 60_000} minutes`);
    await new Promise<void>((resolve) => {
      clock.after(LOOK_EVERY_MS, resolve);
    });
  }
}

async function tryCreate(file: string, owner: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(`${owner} ${process.pid}\n`);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock of a dead owner; puts it back if another process was faster and it is a new one by now. */
async function takeAway(file: string, expected: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await factsOf(aside)) !== expected) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function touch(file: string, clock: Clock): Promise<void> {
  const now = new Date(clock.epochMs());
  // Gone: it was taken away while this process stood still.
  await utimes(file, now, now).catch(() => {});
}

/** Only our own: after a long stand-still there may be one of somebody else in its place. */
async function release(file: string, owner: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text.startsWith(owner)) await rm(file, { force: true });
}

/** What changes with every heartbeat and every owner. A rename changes none of it. */
async function factsOf(file: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs } = await stat(file);
    return `${ino} ${mtimeMs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
