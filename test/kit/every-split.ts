// Replays bytes in every way they can arrive: whole, cut in two at every place, byte by byte, and in random pieces.
import { piecesOf } from './wire.ts';

/** One way in which bytes arrive. `label` says which, for the message of a failing test. */
export interface Split {
  readonly label: string;
  readonly pieces: readonly Buffer[];
}

/** How often and from which seed random splits are made. */
export interface SplitOptions {
  /** Default 1: the same splits every time. */
  readonly seed?: number;
  /** Default 20. */
  readonly randomSplits?: number;
}

/** The splits of `bytes`: 1 whole, length - 1 in two, 1 byte by byte, and the random ones. Pieces are never empty. */
export function* splitsOf(bytes: Buffer, options: SplitOptions = {}): Generator<Split> {
  yield { label: 'whole', pieces: bytes.length === 0 ? [] : [bytes] };
  for (let at = 1; at < bytes.length; at++)
    yield { label: `cut at ${at} of ${bytes.length}`, pieces: [bytes.subarray(0, at), bytes.subarray(at)] };
  if (bytes.length < 3) return;
  yield { label: 'byte by byte', pieces: [...piecesOf(bytes, 1)] };
  const { seed = 1, randomSplits = 20 } = options;
  for (let round = 0; round < randomSplits; round++) {
    const random = seededRandom(seed * 1000 + round);
    yield { label: `random split, seed ${seed}, round ${round}`, pieces: randomPieces(bytes, random) };
  }
}

/**
 * Calls `check` with a fresh copy of the pieces of every split of `bytes`; what it throws gets the split into its
 * message. The copies let the code under test keep or overwrite what it is given.
 */
export function everySplit(bytes: Buffer, check: (pieces: Buffer[]) => void, options?: SplitOptions): void {
  for (const { label, pieces } of splitsOf(bytes, options)) {
    try {
      check(pieces.map((piece) => Buffer.from(piece)));
    } catch (error) {
      throw labelled(error, label);
    }
  }
}

/** {@link everySplit} for checks that take time, one after the other. */
export async function everySplitAsync(
  bytes: Buffer,
  check: (pieces: Buffer[]) => Promise<void>,
  options?: SplitOptions,
): Promise<void> {
  for (const { label, pieces } of splitsOf(bytes, options)) {
    try {
      await check(pieces.map((piece) => Buffer.from(piece)));
    } catch (error) {
      throw labelled(error, label);
    }
  }
}

/** A small reproducible generator (mulberry32): numbers from 0 up to 1. Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return function nextRandom() {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Mostly small pieces, sometimes large ones: lengths are spread over the orders of magnitude. */
function randomPieces(bytes: Buffer, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const length = Math.max(1, Math.floor(bytes.length ** random()));
    pieces.push(bytes.subarray(start, start + length));
    start += length;
  }
  return pieces;
}

function labelled(error: unknown, label: string): unknown {
  if (error instanceof Error) error.message = `[${label}] ${error.message}`;
  return error;
}
