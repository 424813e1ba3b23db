// Content of one stream that came in several frames of one read, moved together where it lies, and handed on as one.
import type { LentBytes } from './lent-bytes.ts';
import type { Stream } from './stream.ts';

/**
 * Endpoints send 8 or 16 KiB in a frame, many frames in a row: a write for each would cost more than all else. The content
 * moves towards the beginning of the read, over the heads of frames that were understood already.
 */
export class ContentRun {
  #stream: Stream | undefined = undefined;
  #bytes: Buffer | undefined = undefined;
  #start = 0;
  #end = 0;

  /** Adds what lies in `bytes` from `start` to `end`, behind everything that was read before. `lent`: see {@link handOn}. */
  add(stream: Stream, bytes: Buffer, start: number, end: number, lent: LentBytes | undefined): void {
    if (stream !== this.#stream || bytes !== this.#bytes) {
      this.handOn(lent);
      this.#stream = stream;
      this.#bytes = bytes;
      this.#start = start;
    } else if (this.#end !== start) {
      bytes.copyWithin(this.#end, start, end);
      this.#end += end - start;
      return;
    }
    this.#end = end;
  }

  /** The stream gets what there is. `lent`: the read that may be kept; what lies elsewhere is valid during the call. */
  handOn(lent: LentBytes | undefined): void {
    const stream = this.#stream;
    const bytes = this.#bytes;
    if (stream === undefined || bytes === undefined) return;
    this.#stream = undefined;
    this.#bytes = undefined;
    stream.takeContent(bytes.subarray(this.#start, this.#end), lent?.bytes === bytes ? lent : undefined);
  }
}
