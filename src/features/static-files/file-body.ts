// A body that is read from an open file in pooled slabs, as fast as its sink takes it.
import { read } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Body, Release, Sink } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { ByteRange } from '../../http/range.ts';
import { invariant } from '../../util/invariant.ts';
import { giveSlab, SLAB_BYTES, takeSlab } from '../../util/slab-pool.ts';

/** Bytes that are there already, or a range of the file. */
export type BodyPart = Buffer | ByteRange;

/**
 * Sends parts of an open file, with bytes of our own in between. Owns the handle: it is closed once, when the body
 * ended, failed or was cancelled, and never while a read is under way, because the number of a closed descriptor may
 * belong to another file at once.
 *
 * The length is fixed from the start. A file that grows is sent up to that length; one that shrinks aborts.
 */
export class FileBody implements Body {
  readonly length: number;
  readonly isEmpty = false;
  readonly #handle: FileHandle;
  readonly #parts: readonly BodyPart[];
  #sink: Sink | undefined = undefined;
  #partIndex = 0;
  /** Where the next read of the current part starts; -1 before its first read. */
  #position = -1;
  #isReading = false;
  #isWaiting = false;
  #isOver = false;

  constructor(handle: FileHandle, parts: readonly BodyPart[]) {
    this.#handle = handle;
    this.#parts = parts;
    this.length = parts.reduce((sum, part) => sum + partLength(part), 0);
  }

  sendTo(sink: Sink): void {
    if (this.#isOver) return;
    invariant(this.#sink === undefined, 'a body was sent twice');
    this.#sink = sink;
    sink.onDrained = () => {
      if (!this.#isWaiting) return;
      this.#isWaiting = false;
      this.#advance(sink);
    };
    this.#advance(sink);
  }

  cancel(): void {
    this.#finish();
  }

  /** Writes bytes of our own until a part of the file is next, and starts to read that. */
  #advance(sink: Sink): void {
    while (!this.#isOver) {
      const part = this.#parts[this.#partIndex];
      if (part === undefined) {
        this.#finish();
        sink.end();
        return;
      }
      if (!Buffer.isBuffer(part)) {
        this.#read(sink, part);
        return;
      }
      this.#partIndex++;
      if (!sink.write(part)) {
        this.#isWaiting = true;
        return;
      }
    }
  }

  #read(sink: Sink, { first, last }: ByteRange): void {
    if (this.#position < 0) this.#position = first;
    const wanted = Math.min(last + 1 - this.#position, SLAB_BYTES);
    const slab = takeSlab();
    this.#isReading = true;
    read(this.#handle.fd, slab, 0, wanted, this.#position, (error, count) => {
      this.#isReading = false;
      if (this.#isOver || error !== null || count === 0) giveSlab(slab);
      if (this.#isOver) this.#close();
      else if (error !== null) this.#fail(sink, new ProxyError('file_unreadable', error.message, { cause: error }));
      else if (count === 0) this.#fail(sink, new ProxyError('file_truncated', `ends at byte ${this.#position}`));
      else this.#pass(sink, slab, count, last);
    });
  }

  #pass(sink: Sink, slab: Buffer, count: number, last: number): void {
    this.#position += count;
    if (this.#position > last) {
      this.#partIndex++;
      this.#position = -1;
    }
    const chunk = count === slab.length ? slab : slab.subarray(0, count);
    if (sink.write(chunk, releaseOf(slab))) this.#advance(sink);
    else this.#isWaiting = true;
  }

  #fail(sink: Sink, error: ProxyError): void {
    this.#finish();
    sink.abort(error);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isReading) this.#close();
  }

  /** Nobody waits for it: after a read-only open there is nothing that a close could still lose. */
  #close(): void {
    this.#handle.close().catch(() => {});
  }
}

/** Giving one slab back twice would put two answers into the same memory, so that is checked. */
function releaseOf(slab: Buffer): Release {
  let isReleased = false;
  return () => {
    invariant(!isReleased, 'a chunk was released twice');
    isReleased = true;
    giveSlab(slab);
  };
}

function partLength(part: BodyPart): number {
  return Buffer.isBuffer(part) ? part.length : part.last + 1 - part.first;
}
