// A buffer whose beginnings are looked at again and again: the views of it are kept, because making one costs much.

/** Longer views are made anew each time: beside so many bytes their cost is nothing. */
const KEPT_VIEWS = 4 * 1024;

/** A buffer that stays the same for long. */
export class ViewedBuffer {
  readonly bytes: Buffer;
  /** By length; made in full at once, because V8 looks things up in a sparse array as in a map. */
  readonly #views = new Array<Buffer | undefined>(KEPT_VIEWS + 1);

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  /** The first `length` bytes. The same object for the same length, so that it means nothing who holds it. */
  first(length: number): Buffer {
    if (length > KEPT_VIEWS) return this.bytes.subarray(0, length);
    return (this.#views[length] ??= this.bytes.subarray(0, length));
  }
}
