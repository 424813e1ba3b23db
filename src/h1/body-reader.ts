// The body of a message on a connection, as a Body: decodes what arrives, pushes it on, pauses the connection if told to.
import type { Body, Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Connection } from '../net/connection.ts';
import { copyToKeep, type KeptBytes } from '../util/slab-pool.ts';
import type { BodyDecoder } from './body-decoder.ts';

/** What the connection that carries the body wants to hear and to say. */
export interface BodyReaderOwner {
  /** The sink is there: 100 Continue may be due. */
  bodyWanted(): void;
  /** The last byte was decoded. The sink hears `end` afterwards. */
  bodyRead(): void;
  /** The framing broke, or there is too much. The sink hears `abort` afterwards. */
  bodyBroken(error: ProxyError): void;
  /** Nobody wants the rest. */
  bodyCancelled(reason: ProxyError): void;
  /** How broken framing is reported: the two roles have different codes for it. */
  framingError(detail: string): ProxyError;
}

/** Bytes kept for a sink that has not come yet, before the connection is paused. */
const WAITING_BYTES_LIMIT = 64 * 1024;

/** Body of one message. The connection feeds it through {@link feed} and tells it about its end. */
export class BodyReader implements Body {
  readonly length: number | undefined;
  readonly isEmpty = false;
  readonly #connection: Connection;
  readonly #decoder: BodyDecoder;
  readonly #owner: BodyReaderOwner;
  readonly #limitBytes: number;
  readonly #waiting: KeptBytes[] = [];
  #waitingBytes = 0;
  #sink: Sink | undefined = undefined;
  #isCancelled = false;
  #isBlocked = false;
  #hasEnded = false;
  /** Whether the sink heard `end`. */
  #isEndTold = false;
  #error: ProxyError | undefined = undefined;
  #ending: { readonly isUntilClose: boolean; readonly error: ProxyError } | undefined = undefined;
  /** Content bytes decoded so far. */
  contentBytes = 0;

  constructor(connection: Connection, decoder: BodyDecoder, owner: BodyReaderOwner, limitBytes: number) {
    this.#connection = connection;
    this.#decoder = decoder;
    this.#owner = owner;
    this.#limitBytes = limitBytes;
    this.length = decoder.remaining;
  }

  /** Whether every byte of the body was decoded (and dropped, if nobody wanted it). */
  get isComplete(): boolean {
    return this.#decoder.isDone || this.#hasEnded;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Whether somebody takes the bytes. */
  get isFlowing(): boolean {
    return this.#sink !== undefined && !this.#isCancelled;
  }

  /** Whether the source could go on but the sink said "wait". */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  sendTo(sink: Sink): void {
    if (this.#isCancelled) return;
    this.#sink = sink;
    if (this.#error !== undefined) {
      sink.abort(this.#error);
      return;
    }
    sink.onDrained = () => this.#drained();
    this.#owner.bodyWanted();
    this.#pushWaiting();
  }

  cancel(reason: ProxyError): void {
    if (this.#isCancelled || this.isComplete) return;
    this.#isCancelled = true;
    this.#isBlocked = false;
    this.#owner.bodyCancelled(reason);
  }

  /**
   * Takes bytes of the connection from `start`; returns the index behind the last one that belongs to this body.
   * If that is the end of `bytes`, their `release` is taken too; otherwise it stays with the caller.
   */
  feed(bytes: Buffer, start: number, release: Release | undefined): number {
    if (this.#error !== undefined) {
      release?.();
      return bytes.length;
    }
    const sink = this.#isCancelled ? discard : this.#sink;
    if (sink !== undefined && !this.#isBlocked && this.#waitingBytes === 0)
      return this.#decode(bytes, start, release, sink, false);
    const rest = bytes.subarray(start);
    this.#keep(release === undefined ? copyToKeep(rest) : { bytes: rest, release });
    if (this.#waitingBytes >= WAITING_BYTES_LIMIT || this.#isBlocked) this.#connection.pause();
    return bytes.length;
  }

  /** After `cancel`: drops what waits as far as it belongs to this body. */
  skipWaiting(): void {
    if (this.#isCancelled) this.#decodeWaiting(discard);
  }

  /** Bytes behind the body that were taken while it waited for its sink: the next message. */
  takeLeftover(): Buffer {
    const leftover = Buffer.concat(this.#waiting.map(({ bytes }) => bytes));
    for (const { release } of this.#waiting.splice(0)) release?.();
    this.#waitingBytes = 0;
    return leftover;
  }

  /**
   * The connection ended: a body that lasts until then is whole, any other is cut with `error`. Bytes that still wait
   * for the sink are pushed first.
   */
  ended(isUntilClose: boolean, error: ProxyError): void {
    if (this.isComplete || this.#error !== undefined || this.#ending !== undefined) return;
    this.#ending = { isUntilClose, error };
    this.#finishEnding();
  }

  /** Ends the body with an error, unless it is over. */
  fail(error: ProxyError): void {
    if (this.#error !== undefined || this.#isEndTold) return;
    this.#error = error;
    if (!this.#isCancelled) this.#sink?.abort(error);
  }

  #drained(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#pushWaiting();
  }

  #pushWaiting(): void {
    if (this.#sink !== undefined && this.#error === undefined) this.#decodeWaiting(this.#sink);
    if (this.#isBlocked || this.isComplete) return;
    if (this.#ending === undefined) this.#connection.resume();
    else this.#finishEnding();
  }

  #keep(kept: KeptBytes): void {
    this.#waiting.push(kept);
    this.#waitingBytes += kept.bytes.length;
  }

  #decodeWaiting(sink: Sink): void {
    while (this.#waiting.length > 0 && !this.#isBlocked && !this.isComplete && this.#error === undefined) {
      const { bytes, release } = this.#waiting.shift() as KeptBytes;
      this.#waitingBytes -= bytes.length;
      this.#decode(bytes, 0, release, sink, release === undefined, true);
    }
  }

  /** Before anybody hears of the end of the body: a sink that answers at once makes room for the next message. */
  #putBack(kept: KeptBytes): void {
    this.#waiting.unshift(kept);
    this.#waitingBytes += kept.bytes.length;
  }

  /** What the end of the connection means, once nothing waits any more. */
  #finishEnding(): void {
    const ending = this.#ending;
    const sink = this.#isCancelled ? discard : this.#sink;
    if (ending === undefined || this.isComplete || this.#error !== undefined) return;
    if (this.#waitingBytes > 0 && !this.#isCancelled) return;
    if (!ending.isUntilClose) this.fail(ending.error);
    else if (sink !== undefined && !this.#hasEnded) {
      this.#hasEnded = true;
      this.#isEndTold = true;
      this.#owner.bodyRead();
      sink.end();
    }
  }

  /**
   * Decodes and pushes; the end of the body is told to the owner first, then to the sink. Lent bytes with something of
   * the next message in them are copied, because the caller reads on in them. `isOwned`: nobody overwrites them.
   * `keepsRest`: what stands behind the body goes back to what waits.
   */
  #decode(
    bytes: Buffer,
    start: number,
    release: Release | undefined,
    sink: Sink,
    isOwned: boolean,
    keepsRest = false,
  ): number {
    const pieces: number[] = [];
    const end = this.#decoder.decode(bytes, start, (from, to) => pieces.push(from, to));
    if (keepsRest && end < bytes.length) this.#putBack({ bytes: bytes.subarray(end), release });
    const isAllOurs = end === bytes.length;
    this.#pushPieces(bytes, pieces, isAllOurs ? release : undefined, sink, isOwned);
    if (this.#decoder.fault !== undefined && this.#error === undefined)
      this.#break(this.#owner.framingError(this.#decoder.fault));
    if (this.#error !== undefined) {
      // Behind broken framing nobody can tell what the bytes are: none of them is the next message.
      if (!isAllOurs) release?.();
      return bytes.length;
    }
    if (this.#decoder.isDone) {
      this.#isEndTold = true;
      this.#owner.bodyRead();
      sink.end(this.#decoder.trailers);
    }
    return end;
  }

  #break(error: ProxyError): void {
    this.#owner.bodyBroken(error);
    this.fail(error);
  }

  #pushPieces(bytes: Buffer, pieces: number[], release: Release | undefined, sink: Sink, isOwned: boolean): void {
    if (pieces.length === 0) {
      release?.();
      return;
    }
    const releasePiece = release === undefined ? undefined : afterCalls(pieces.length / 2, release);
    let mayGoOn = true;
    for (let index = 0; index < pieces.length; index += 2) {
      const piece = bytes.subarray(pieces[index], pieces[index + 1]);
      this.contentBytes += piece.length;
      if (this.contentBytes > this.#limitBytes) {
        // Earlier pieces of the same memory may still wait to be written: it is left to the garbage collector.
        this.#break(new ProxyError('request_body_too_large', `more than ${this.#limitBytes} bytes`));
        return;
      }
      // Bytes of the scratch buffer are overwritten by the next read, and a sink may keep what it is given.
      if (releasePiece === undefined && !isOwned) {
        const kept = copyToKeep(piece);
        mayGoOn = sink.write(kept.bytes, kept.release) && mayGoOn;
      } else mayGoOn = sink.write(piece, releasePiece) && mayGoOn;
    }
    if (mayGoOn || this.#isCancelled) return;
    this.#isBlocked = true;
    this.#connection.pause();
  }
}

const discard: Sink = {
  onDrained: undefined,
  write(_chunk, release) {
    release?.();
    return true;
  },
  end() {},
  abort() {},
};

/** A release for memory that several pieces share: calls `release` at the last of `count` calls. */
function afterCalls(count: number, release: Release): Release {
  if (count === 1) return release;
  let left = count;
  return () => {
    if (--left === 0) release();
  };
}
