// A header block that comes in several frames, put together in bounded memory (RFC 9113 §4.3, §6.10).
import { ByteQueue } from '../util/byte-queue.ts';

/** CONTINUATION frames of one block: 16 KiB each is what they are for, so a few hold any head that is accepted. */
const FRAMES_LIMIT = 128;

/** The block that is coming in, if one is. */
export class HeaderBlock {
  /** The stream of HEADERS. */
  stream = 0;
  /** Whether END_STREAM was set on HEADERS. */
  isEnd = false;
  isOpen = false;
  readonly #limitBytes: number;
  readonly #bytes = new ByteQueue();
  #frames = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** `bytes` are the beginning; they are copied. */
  begin(stream: number, isEnd: boolean, bytes: Buffer): void {
    this.stream = stream;
    this.isEnd = isEnd;
    this.isOpen = true;
    this.#frames = 0;
    if (bytes.length > 0) this.#bytes.append(bytes);
  }

  /** Adds what came in a CONTINUATION frame; false if that is too much, or too many. */
  append(bytes: Buffer, start: number, end: number): boolean {
    this.#frames++;
    if (end > start) this.#bytes.append(bytes, start, end);
    return this.#frames <= FRAMES_LIMIT && this.#bytes.length <= this.#limitBytes;
  }

  /** The whole block; the next one may begin. */
  take(): Buffer {
    this.isOpen = false;
    return this.#bytes.takeAll();
  }
}
