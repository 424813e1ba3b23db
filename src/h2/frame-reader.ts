// Cuts the bytes of an HTTP/2 connection into frames, however they are split; a frame is seen whole and is never large.
import { ByteQueue } from '../util/byte-queue.ts';
import { FRAME_BYTES, FRAME_HEAD_BYTES, payloadLength, read31 } from './frames.ts';

/** Whoever understands frames. */
export interface FrameTaker {
  /** A frame whose payload is `bytes` from `start` to `end`: valid during the call. False for "no more". */
  onFrame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): boolean;
  /** A frame is larger than SETTINGS_MAX_FRAME_SIZE allows (RFC 9113 §4.2). Nothing is read any more. */
  onOversizedFrame(): void;
}

/** Reads frames one after the other. Keeps at most one that is not whole yet. */
export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #pending = new ByteQueue();
  #isOver = false;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  read(bytes: Buffer): void {
    let start = this.#pending.length > 0 ? this.#completePending(bytes) : 0;
    while (!this.#isOver && start < bytes.length) {
      const size = this.#frameSize(bytes, start);
      if (size === undefined || start + size > bytes.length) {
        if (!this.#isOver) this.#pending.append(bytes, start);
        return;
      }
      this.#take(bytes, start, start + size);
      start += size;
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
      if (this.#frameSize(this.#pending.view(), 0) !== wanted) continue;
      const whole = this.#pending.takeAll();
      this.#take(whole, 0, whole.length);
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
    const mayGoOn = this.#taker.onFrame(
      bytes[start + 3] as number,
      bytes[start + 4] as number,
      read31(bytes, start + 5),
      bytes,
      start + FRAME_HEAD_BYTES,
      end,
    );
    if (!mayGoOn) this.#isOver = true;
  }
}
