// The bytes of one read that several streams may keep parts of: they go back to their owner when nobody has any.
import type { Release } from '../exchange/body.ts';

/** Below it a copy costs less than the memory that keeping would hold: all of the read. */
const WORTH_KEEPING_BYTES = 16 * 1024;

/** A read whose memory its owner wants back. It is kept until {@link done}, and until every part was released. */
export class LentBytes {
  readonly bytes: Buffer;
  readonly #release: Release;
  #holders = 1;

  constructor(bytes: Buffer, release: Release) {
    this.bytes = bytes;
    this.#release = release;
  }

  /** How to give back a part of `size` that is kept; undefined where it is to be copied instead. */
  keep(size: number): Release | undefined {
    if (size < WORTH_KEEPING_BYTES) return undefined;
    this.#holders++;
    return this.done;
  }

  /** One who held them needs them no more: whoever read them, or whoever kept a part. */
  readonly done = (): void => {
    if (--this.#holders === 0) this.#release();
  };
}
