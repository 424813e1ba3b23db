// Writes a body to a stream in bounded pieces, so that flow control becomes back-pressure and progress can be seen.
import type { Http2Stream } from 'node:http2';
import type { Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { forwardableTrailers } from '../http/hop-by-hop.ts';
import { trailerFields } from './wire-fields.ts';

/** What the stream wants to hear of the body that goes out. */
export interface StreamSinkOwner {
  /** The peer took a piece, or bytes began to wait. */
  bodyMoved(): void;
  /** The body broke, or does not have the length it said. */
  bodyFailed(error: ProxyError): void;
}

/** Bytes handed to node:http2 at a time, and held for a slow peer before `write` says "wait". */
const PIECE_BYTES = 64 * 1024;

interface Piece {
  readonly bytes: Buffer;
  readonly release: Release | undefined;
}

/** The sink of one stream. Holds what it is given until {@link start}, when the head is out. */
export class StreamSink implements Sink {
  onDrained: (() => void) | undefined = undefined;
  readonly #stream: Http2Stream;
  readonly #owner: StreamSinkOwner;
  readonly #queue: Piece[] = [];
  #trailers: ReadonlyHeaderList | undefined = undefined;
  #remaining: number | undefined;
  #unsentBytes = 0;
  #isStarted = false;
  #isWriting = false;
  #isBlocked = false;
  #isOver = false;
  /** Whether node:http2 has the whole body and its end. */
  isHandedOver = false;
  /** Content bytes taken so far. */
  contentBytes = 0;

  /** `length` is the announced one, or undefined. */
  constructor(stream: Http2Stream, owner: StreamSinkOwner, length: number | undefined) {
    this.#stream = stream;
    this.#owner = owner;
    this.#remaining = length;
  }

  /** Begins to write. The head was sent, and waits for trailers. */
  start(): void {
    this.#isStarted = true;
    this.#stream.once('wantTrailers', () => this.#sendTrailers());
    this.#writeNext();
    if (this.#isOver && this.#queue.length === 0 && !this.isHandedOver) this.#endStream();
  }

  /** Whether bytes wait for the peer. */
  get isWaiting(): boolean {
    return this.#unsentBytes > 0;
  }

  write(chunk: Buffer, release?: Release): boolean {
    if (this.#isOver || chunk.length === 0) {
      release?.();
      return true;
    }
    if (this.#remaining !== undefined) {
      if (chunk.length > this.#remaining) {
        release?.();
        this.abort(new ProxyError('internal_error', 'a body is longer than it said'));
        return true;
      }
      this.#remaining -= chunk.length;
    }
    this.contentBytes += chunk.length;
    this.#enqueue(chunk, release);
    if (this.#isStarted && !this.#isWriting) this.#writeNext();
    this.#isBlocked = this.#unsentBytes >= PIECE_BYTES;
    return !this.#isBlocked;
  }

  end(trailers?: ReadonlyHeaderList): void {
    if (this.#isOver) return;
    if (this.#remaining !== undefined && this.#remaining > 0) {
      this.abort(new ProxyError('internal_error', 'a body is shorter than it said'));
      return;
    }
    this.#isOver = true;
    this.#trailers = forwardableTrailers(trailers);
    if (this.#isStarted && this.#queue.length === 0) this.#endStream();
  }

  abort(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue.length = 0;
    this.#owner.bodyFailed(error);
  }

  #enqueue(chunk: Buffer, release: Release | undefined): void {
    this.#unsentBytes += chunk.length;
    for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
      const end = Math.min(start + PIECE_BYTES, chunk.length);
      const bytes = start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
      this.#queue.push({ bytes, release: end === chunk.length ? release : undefined });
    }
  }

  /** Hands over as many chunks as make one piece. One piece is under way at a time: its end is the peer's progress. */
  #writeNext(): void {
    const pieces: Piece[] = [];
    let size = 0;
    while (this.#queue.length > 0) {
      const next = this.#queue[0] as Piece;
      if (pieces.length > 0 && size + next.bytes.length > PIECE_BYTES) break;
      size += next.bytes.length;
      pieces.push(next);
      this.#queue.shift();
    }
    if (pieces.length === 0) return;
    this.#isWriting = true;
    this.#owner.bodyMoved();
    const last = pieces.length - 1;
    if (last > 0) this.#stream.cork();
    pieces.forEach(({ bytes }, index) => {
      if (index < last) this.#stream.write(bytes);
      else this.#stream.write(bytes, () => this.#written(pieces, size));
    });
    if (last > 0) this.#stream.uncork();
    if (this.#isOver && this.#queue.length === 0) this.#endStream();
  }

  /** Without trailers an empty DATA frame ends the stream. Asked of a broken body too, where a reset is on its way. */
  #sendTrailers(): void {
    if (!this.isHandedOver || this.#stream.closed) return;
    this.#stream.sendTrailers(this.#trailers === undefined ? {} : trailerFields(this.#trailers));
  }

  #endStream(): void {
    this.isHandedOver = true;
    this.#stream.end();
  }

  #written(pieces: readonly Piece[], size: number): void {
    for (const { release } of pieces) release?.();
    this.#isWriting = false;
    this.#unsentBytes -= size;
    if (this.#stream.destroyed) return;
    this.#writeNext();
    this.#owner.bodyMoved();
    if (!this.#isBlocked || this.#unsentBytes >= PIECE_BYTES) return;
    this.#isBlocked = false;
    this.onDrained?.();
  }
}
