// Pooled read buffers for large bodies: lent to whoever writes the bytes out, given back when they are written.

/**
 * Size of one slab. A client that stalls has one in the hands of the system, so that it bounds what such a client costs
 * (docs/flow-control.md).
 */
export const SLAB_BYTES = 224 * 1024;
/**
 * The most that one read puts into a slab: a third of the system calls of Node's default reads (docs/benchmarks.md), with room
 * behind it for what rewriting makes longer, so that the rewritten bytes mostly fit into one slab too.
 */
export const READ_BYTES = 208 * 1024;
/** Slabs kept for reuse; more are left to the garbage collector. */
const KEPT_SLABS = 64;

/** Buffers of one size, used again and again. */
export class SlabPool {
  readonly #bytes: number;
  readonly #limit: number;
  readonly #free: Buffer[] = [];

  /** At most `limit` buffers are kept while nobody has them. */
  constructor(bytes: number, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** A buffer whose content is anything. Give it back with {@link give}, or let it go. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Takes back a buffer that nobody reads any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < this.#limit) this.#free.push(buffer);
  }

  /** Lets everything go that nobody has. */
  trim(): void {
    this.#free.length = 0;
  }
}

const slabs = new SlabPool(SLAB_BYTES, KEPT_SLABS);

/** A slab whose content is anything. Give it back with {@link giveSlab}, or let it go. */
export function takeSlab(): Buffer {
  return slabs.take();
}

/** Lets the slabs go that are kept for reuse: when much is held for clients that take nothing. */
export function trimSlabs(): void {
  slabs.trim();
}

/** Takes back a slab that nobody reads any more. */
export function giveSlab(slab: Buffer): void {
  slabs.give(slab);
}

/** Copies up to this size come from Node's own small pool and are cheap. */
const SMALL_COPY_BYTES = 4 * 1024;

/** Bytes that may be kept, and how to give their memory back, if at all. */
export interface KeptBytes {
  readonly bytes: Buffer;
  readonly release: (() => void) | undefined;
}

/**
 * A copy of bytes that are about to be overwritten. Large ones go into a slab: allocating and freeing some ten KiB for
 * each message makes malloc return and fetch pages all the time (a tenth of the CPU of a 1 MiB answer).
 */
export function copyToKeep(bytes: Buffer): KeptBytes {
  if (bytes.length <= SMALL_COPY_BYTES || bytes.length > SLAB_BYTES)
    return { bytes: Buffer.from(bytes), release: undefined };
  const slab = takeSlab();
  bytes.copy(slab);
  return { bytes: slab.subarray(0, bytes.length), release: () => giveSlab(slab) };
}
