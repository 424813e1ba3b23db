// What the file system says about one file, and whether it says so reliably.
import type { BigIntStats } from 'node:fs';

/** The facts that tell one version of a file from another. */
export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'other';
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: number;
  /** When the content was last changed, in nanoseconds since 1970. */
  readonly modifiedNs: bigint;
}

/** The clock of a file system ticks every 1 to 10 ms on Linux; this is safely longer. */
const TICK_MS = 50;
/** Some file systems (FAT, old HFS) keep whole or even seconds only. */
const SECONDS_TICK_MS = 2000;

/** The facts of a `stat`. */
export function toFacts(stats: BigIntStats): FileFacts {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    device: stats.dev,
    inode: stats.ino,
    size: Number(stats.size),
    modifiedNs: stats.mtimeNs,
  };
}

/** Whether two looks saw the same version of the same file. */
export function isSameVersion(a: FileFacts, b: FileFacts): boolean {
  return a.modifiedNs === b.modifiedNs && a.size === b.size && a.inode === b.inode && a.device === b.device;
}

/** When the file was last changed, in milliseconds since 1970. */
export function modifiedMs(facts: FileFacts): number {
  return Number(facts.modifiedNs / 1_000_000n);
}

/**
 * Whether the file may be changed once more without its facts showing it, because the last change is within one tick of
 * the file system's clock. What was read of it must not be kept, and its tag is weak (RFC 9110 §8.8.1).
 */
export function isUnsettled(facts: FileFacts, epochMs: number): boolean {
  const tickMs = facts.modifiedNs % 1_000_000_000n === 0n ? SECONDS_TICK_MS : TICK_MS;
  return Math.abs(epochMs - modifiedMs(facts)) < tickMs;
}
