// Content that waits for its sink, put together: in a buffer that grows, and in a pooled slab once it is a lot.
import { ByteQueue } from '../util/byte-queue.ts';
import { giveSlab, type KeptBytes, SLAB_BYTES, takeSlab } from '../util/slab-pool.ts';

/** From here on a slab: growing further costs as many copies, and memory that malloc must fetch and return. */
const SLAB_FROM_BYTES = 64 * 1024;

/** Appending copies: pieces of an octet each would cost a hundred times their size if they were kept. */
export class HeldBytes {
  readonly #queue = new ByteQueue();
  #slab: Buffer | undefined = undefined;
  #slabUsed = 0;

  get length(): number {
    return this.#slab === undefined ? this.#queue.length : this.#slabUsed;
  }

  append(bytes: Buffer): void {
    const length = this.length + bytes.length;
    if (this.#slab === undefined && length > SLAB_FROM_BYTES && length <= SLAB_BYTES) this.#moveToSlab();
    else if (this.#slab !== undefined && length > SLAB_BYTES) this.#moveToQueue();
    if (this.#slab === undefined) {
      this.#queue.append(bytes);
      return;
    }
    bytes.copy(this.#slab, this.#slabUsed);
    this.#slabUsed = length;
  }

  /** Removes and returns everything: with `release` it is lent until that is called, else the caller owns it. */
  takeAll(): KeptBytes {
    const slab = this.#slab;
    if (slab === undefined) return { bytes: this.#queue.takeAll(), release: undefined };
    this.#slab = undefined;
    return { bytes: slab.subarray(0, this.#slabUsed), release: () => giveSlab(slab) };
  }

  /** Drops everything. */
  clear(): void {
    this.takeAll().release?.();
  }

  #moveToSlab(): void {
    const slab = takeSlab();
    this.#slabUsed = this.#queue.view().copy(slab);
    this.#queue.takeAll();
    this.#slab = slab;
  }

  /** Windows of streams may be configured larger than a slab. */
  #moveToQueue(): void {
    const { bytes, release } = this.takeAll();
    this.#queue.append(bytes);
    release?.();
  }
}
