// Bytes waiting to be parsed: append at the end, view as one buffer, consume from the front.

const EMPTY = Buffer.alloc(0);

/** A growing buffer that keeps its unread bytes contiguous. Appending copies; views are valid until the next append. */
export class ByteQueue {
  #storage = EMPTY;
  #start = 0;
  #end = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The waiting bytes as one view. Valid until the next `append`. */
  view(): Buffer {
    return this.#storage.subarray(this.#start, this.#end);
  }

  /** Copies `bytes` from `start` to `end` behind the waiting ones. */
  append(bytes: Buffer, start = 0, end = bytes.length): void {
    const size = end - start;
    if (this.#end + size > this.#storage.length) this.#makeRoom(size);
    bytes.copy(this.#storage, this.#end, start, end);
    this.#end += size;
  }

  /** Drops `count` bytes from the front; gives the memory back when none are left. */
  consume(count: number): void {
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#storage = EMPTY;
    this.#start = 0;
    this.#end = 0;
  }

  /** Removes and returns everything, as bytes the caller owns. */
  takeAll(): Buffer {
    const all = this.view();
    this.#storage = EMPTY;
    this.#start = 0;
    this.#end = 0;
    return all;
  }

  #makeRoom(size: number): void {
    const waiting = this.length;
    const wanted = Math.max(512, 2 ** Math.ceil(Math.log2(waiting + size)));
    const storage = Buffer.allocUnsafeSlow(wanted);
    this.#storage.copy(storage, 0, this.#start, this.#end);
    this.#storage = storage;
    this.#start = 0;
    this.#end = waiting;
  }
}
