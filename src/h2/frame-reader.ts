// Cuts the bytes of an HTTP/2 connection into frames, however they are split: content as it comes, all else whole.
import { ByteQueue } from '../util/byte-queue.ts';
import { FLAG, FLAGS_AT, FRAME, FRAME_BYTES, FRAME_HEAD_BYTES, payloadLength, read31 } from './frames.ts';

/** Whoever understands frames. */
export interface FrameTaker {
  /**
   * A frame whose payload is `bytes` from `start` to `end`: valid during the call. False for "no more". A DATA frame that
   * comes in parts is told as several, which mean the same: END_STREAM is on the last one.
   */
  onFrame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): boolean;
  /** A frame is larger than SETTINGS_MAX_FRAME_SIZE allows (RFC 9113 §4.2). Nothing is read any more. */
  onOversizedFrame(): void;
}

/** Where in a head the type and the stream are (RFC 9113 §4.1). */
const TYPE_AT = 3;
const STREAM_AT = 5;

/** Reads frames one after the other. Keeps at most one that is not whole yet, and of content nothing. */
export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #pending = new ByteQueue();
  /** Of the DATA frame that comes in parts: what is still to come of its payload, and what its head says. */
  #dataLeft = 0;
  #dataFlags = 0;
  #dataStream = 0;
  #isOver = false;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  read(bytes: Buffer): void {
    let start = this.#pending.length > 0 ? this.#completePending(bytes) : 0;
    while (!this.#isOver && start < bytes.length) {
      if (this.#dataLeft > 0) {
        start = this.#takeData(bytes, start);
        continue;
      }
      const size = this.#frameSize(bytes, start);
      if (this.#isOver) return;
      if (size !== undefined && start + size <= bytes.length) {
        this.#take(bytes, start, start + size);
        start += size;
      } else if (size !== undefined && comesInParts(bytes, start)) {
        start = this.#beginData(bytes, start);
      } else {
        this.#pending.append(bytes, start);
        return;
      }
    }
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#isOver = true;
  }

  /** Adds to the frame that is not whole what it lacks; answers where the rest begins. */
  #completePending(bytes: Buffer): number {
    let start = 0;
    while (!this.#isOver && start < bytes.length) {
      const wanted = this.#frameSize(this.#pending.view(), 0) ?? FRAME_HEAD_BYTES;
      if (this.#isOver) return start;
      const end = Math.min(bytes.length, start + wanted - this.#pending.length);
      this.#pending.append(bytes, start, end);
      start = end;
      if (this.#pending.length < wanted) return start;
      const size = this.#frameSize(this.#pending.view(), 0);
      if (size === undefined) return start;
      const isWhole = size === wanted;
      if (!isWhole && !comesInParts(this.#pending.view(), 0)) continue;
      const frame = this.#pending.takeAll();
      if (isWhole) this.#take(frame, 0, frame.length);
      else this.#beginData(frame, 0);
      return start;
    }
    return start;
  }

  /** The size of the frame at `start` with its head; undefined while that is not whole. */
  #frameSize(bytes: Buffer, start: number): number | undefined {
    if (bytes.length - start < FRAME_HEAD_BYTES) return undefined;
    const length = payloadLength(bytes, start);
    if (length <= FRAME_BYTES) return FRAME_HEAD_BYTES + length;
    this.#isOver = true;
    this.#taker.onOversizedFrame();
    return undefined;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + TYPE_AT] as number;
    const flags = bytes[start + FLAGS_AT] as number;
    this.#tell(type, flags, read31(bytes, start + STREAM_AT), bytes, start + FRAME_HEAD_BYTES, end);
  }

  /** Reads the head of a DATA frame; answers where its payload begins. */
  #beginData(bytes: Buffer, start: number): number {
    this.#dataLeft = payloadLength(bytes, start);
    this.#dataFlags = bytes[start + FLAGS_AT] as number;
    this.#dataStream = read31(bytes, start + STREAM_AT);
    return start + FRAME_HEAD_BYTES;
  }

  #takeData(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#dataLeft);
    this.#dataLeft -= end - start;
    const flags = this.#dataLeft === 0 ? this.#dataFlags : this.#dataFlags & ~FLAG.endStream;
    this.#tell(FRAME.data, flags, this.#dataStream, bytes, start, end);
    return end;
  }

  #tell(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#taker.onFrame(type, flags, stream, bytes, start, end)) this.#isOver = true;
  }
}

/** Whether the frame with a whole head at `start` need not be whole: content, with no padding to look for at its end. */
function comesInParts(bytes: Buffer, start: number): boolean {
  return bytes[start + TYPE_AT] === FRAME.data && ((bytes[start + FLAGS_AT] as number) & FLAG.padded) === 0;
}
