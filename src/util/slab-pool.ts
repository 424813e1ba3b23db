// Pooled read buffers for large bodies: lent to whoever writes the bytes out, given back when they are written.

/** Size of one slab: a quarter of the system calls of Node's default reads (docs/benchmarks.md). */
export const SLAB_BYTES = 256 * 1024;
/** Slabs kept for reuse; more are left to the garbage collector. */
const KEPT_SLABS = 64;

const free: Buffer[] = [];

/** A slab whose content is anything. Give it back with {@link giveSlab}, or let it go. */
export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Takes back a slab that nobody reads any more. */
export function giveSlab(slab: Buffer): void {
  if (free.length < KEPT_SLABS) free.push(slab);
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
