// Puts the frames of one turn of the event loop together, whatever streams they belong to, and writes them as one.
import type { Connection } from '../net/connection.ts';
import {
  FLAG,
  FLAGS_AT,
  FRAME,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  SETTING_BYTES,
  write32,
  writeFrameHead,
} from './frames.ts';

/** Frames are collected in buffers of this size: four of the largest, and a few without content. */
const BUFFER_BYTES = 4 * (FRAME_HEAD_BYTES + FRAME_BYTES) + 128;
/** Buffers kept for reuse among all connections; more are left to the garbage collector. */
const KEPT_BUFFERS = 64;
/** Full buffers that may wait: more than the largest head, so answers to what the peer sends without reading. */
const FULL_BUFFERS = 8;
const NOTHING = Buffer.alloc(0);

const freeBuffers: Buffer[] = [];

/** Writers with something to write: all are flushed when the events of this turn have been handled. */
let unflushed: FrameWriter[] = [];

function flushAll(): void {
  const writers = unflushed;
  unflushed = [];
  for (const writer of writers) writer.flush();
}

/**
 * The frames on their way to the peer. One buffer may be with the system and another be filling; when the second is
 * full, the writer is congested, and whoever has content or a head waits for {@link drained}. Frames without content
 * never wait: they are few, and whoever makes us send too many is {@link isOverfull}.
 */
export class FrameWriter {
  readonly #connection: Connection;
  readonly #writeTimeoutMs: number;
  readonly #full: Buffer[] = [];
  #buffer: Buffer | undefined = undefined;
  #used = 0;
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;
  /** The DATA frame that is the last thing in the buffer: where it begins, and its stream; 0 for none. */
  #lastDataStart = 0;
  #lastDataStream = 0;

  /** `writeTimeoutMs`: the deadline of the connection while something is with the system. */
  constructor(connection: Connection, writeTimeoutMs: number) {
    this.#connection = connection;
    this.#writeTimeoutMs = writeTimeoutMs;
  }

  /** Whether heads and content wait for {@link drained}. */
  get isCongested(): boolean {
    return this.#isBlocked && (this.#full.length > 0 || this.#used > BUFFER_BYTES - FRAME_BYTES - 2 * FRAME_HEAD_BYTES);
  }

  /** Whether the system has not taken all that was flushed. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether more waits than would for a peer that reads. */
  get isOverfull(): boolean {
    return this.#full.length >= FULL_BUFFERS;
  }

  /** A header block: HEADERS, and CONTINUATION for what does not fit (RFC 9113 §6.2, §6.10). */
  writeHead(stream: number, block: Buffer, isEnd: boolean): void {
    const first = Math.min(block.length, FRAME_BYTES);
    const endStream = isEnd ? FLAG.endStream : FLAG.none;
    const endHeaders = first === block.length ? FLAG.endHeaders : FLAG.none;
    this.#write(FRAME.headers, endStream | endHeaders, stream, block, 0, first);
    for (let start = first; start < block.length; start += FRAME_BYTES) {
      const end = Math.min(block.length, start + FRAME_BYTES);
      const flags = end === block.length ? FLAG.endHeaders : FLAG.none;
      this.#write(FRAME.continuation, flags, stream, block, start, end);
    }
  }

  /** Content, at most FRAME_BYTES of it. The bytes are copied. */
  writeData(stream: number, bytes: Buffer, start: number, end: number): void {
    this.#lastDataStart = this.#write(FRAME.data, FLAG.none, stream, bytes, start, end);
    this.#lastDataStream = stream;
  }

  /** END_STREAM: on the DATA frame before, if that has not left, else on an empty one (RFC 9113 §6.1). */
  writeEnd(stream: number): void {
    if (this.#buffer !== undefined && this.#lastDataStream === stream)
      this.#buffer[this.#lastDataStart + FLAGS_AT] = FLAG.endStream;
    else this.#writeFrame(FRAME.data, FLAG.endStream, stream, NOTHING);
  }

  writeReset(stream: number, code: number): void {
    this.#writeFrame(FRAME.reset, FLAG.none, stream, numbers(code));
  }

  /** Pairs of parameter and value (RFC 9113 §6.5). */
  writeSettings(settings: readonly (readonly [id: number, value: number])[]): void {
    const payload = Buffer.alloc(settings.length * SETTING_BYTES);
    settings.forEach(([id, value], index) => {
      payload.writeUInt16BE(id, index * SETTING_BYTES);
      payload.writeUInt32BE(value, index * SETTING_BYTES + 2);
    });
    this.#writeFrame(FRAME.settings, FLAG.none, 0, payload);
  }

  writeSettingsAck(): void {
    this.#writeFrame(FRAME.settings, FLAG.ack, 0, NOTHING);
  }

  writePing(content: Buffer, isAck: boolean): void {
    this.#writeFrame(FRAME.ping, isAck ? FLAG.ack : FLAG.none, 0, content);
  }

  writeGoaway(lastStream: number, code: number): void {
    this.#writeFrame(FRAME.goaway, FLAG.none, 0, numbers(lastStream, code));
  }

  writeWindowUpdate(stream: number, size: number): void {
    this.#writeFrame(FRAME.windowUpdate, FLAG.none, stream, numbers(size));
  }

  /** Writes bytes as they are, ahead of every frame: the preface. */
  writePreface(preface: Buffer): void {
    this.#room(preface.length).set(preface, this.#used);
    this.#used += preface.length;
  }

  /** Writes what was collected, until the system takes no more. */
  flush(): void {
    this.#isScheduled = false;
    while (!this.#isBlocked && (this.#full.length > 0 || this.#buffer !== undefined)) {
      if (this.#full.length === 0) this.#fill();
      const bytes = this.#full.shift() as Buffer;
      if (!this.#connection.write(bytes, () => giveBuffer(bytes))) {
        this.#isBlocked = true;
        this.#connection.expireIn(this.#writeTimeoutMs);
      }
    }
  }

  /** The system has taken what was with it. */
  drained(): void {
    if (this.#isClosed || this.#connection.bytesWaiting > 0) return;
    this.#isBlocked = false;
    this.#connection.deadlineMs = Number.POSITIVE_INFINITY;
    this.flush();
  }

  /** The connection is gone: nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#isBlocked = true;
    this.#full.length = 0;
    this.#buffer = undefined;
    this.#lastDataStream = 0;
  }

  #writeFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    this.#write(type, flags, stream, payload, 0, payload.length);
  }

  /** Copies a frame behind the others; answers where it begins. */
  #write(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): number {
    if (this.#isClosed) return 0;
    const length = end - start;
    const buffer = this.#room(FRAME_HEAD_BYTES + length);
    const at = this.#used;
    writeFrameHead(buffer, at, length, type, flags, stream);
    if (length > 0) bytes.copy(buffer, at + FRAME_HEAD_BYTES, start, end);
    this.#used = at + FRAME_HEAD_BYTES + length;
    this.#lastDataStream = 0;
    return at;
  }

  #room(size: number): Buffer {
    if (this.#buffer !== undefined && this.#used + size > BUFFER_BYTES) {
      this.#fill();
      if (!this.#isBlocked) this.flush();
    }
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      if (unflushed.length === 0) setImmediate(flushAll);
      unflushed.push(this);
    }
    this.#buffer ??= takeBuffer();
    return this.#buffer;
  }

  /** The buffer is as full as it gets. */
  #fill(): void {
    if (this.#buffer !== undefined) this.#full.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = undefined;
    this.#used = 0;
    this.#lastDataStream = 0;
  }
}

function takeBuffer(): Buffer {
  return freeBuffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/** Takes a buffer back that nobody reads any more; `bytes` is what of it was used. */
function giveBuffer({ buffer }: Buffer): void {
  if (freeBuffers.length < KEPT_BUFFERS) freeBuffers.push(Buffer.from(buffer));
}

function numbers(...values: readonly number[]): Buffer {
  const payload = Buffer.allocUnsafe(values.length * 4);
  for (const [index, value] of values.entries()) write32(payload, index * 4, value);
  return payload;
}
