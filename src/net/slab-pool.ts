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
