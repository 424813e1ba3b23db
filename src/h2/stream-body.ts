// The DATA frames of one message as a Body: while nobody takes them, the window of the stream stays shut.
import type { Http2Stream } from 'node:http2';
import type { Body, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { type FaultCodes, readFieldLines } from './field-lines.ts';

/** What the stream that carries the body wants to hear. */
export interface StreamBodyOwner {
  /** The sink is there: 100 Continue may be due. */
  bodyWanted(): void;
  /** Bytes came. */
  bodyArrived(size: number): void;
  /** The sink takes bytes again after it said "wait". */
  bodyUnblocked(): void;
  /** END_STREAM came and everything before it was handed on. */
  bodyRead(): void;
  /** There is too much, or the trailers are malformed. The sink hears `abort` afterwards. */
  bodyBroken(error: ProxyError): void;
  /** Nobody wants the rest. */
  bodyCancelled(reason: ProxyError): void;
  /** Whether the end that was reached is that of the message: node:http2 ends a stream alike that was reset with NO_ERROR. */
  isEndOfMessage(): boolean;
}

/** Bounds on one body. */
export interface StreamBodyLimits {
  readonly bodyBytes: number;
  readonly headerCount: number;
  readonly faults: FaultCodes;
}

/**
 * Body of one stream. Its last bytes are handed on when END_STREAM has come: with more DATA than Content-Length says the
 * message is malformed (RFC 9113 §8.1.1), and must not have reached anybody whole. node:http2 returns credit to the peer
 * for what was read (RFC 9113 §5.2), so a paused stream holds one window at most.
 */
export class StreamBody implements Body {
  readonly length: number | undefined;
  readonly isEmpty = false;
  readonly #stream: Http2Stream;
  readonly #owner: StreamBodyOwner;
  readonly #limits: StreamBodyLimits;
  #sink: Sink | undefined = undefined;
  #trailers: ReadonlyHeaderList | undefined = undefined;
  #error: ProxyError | undefined = undefined;
  #size = 0;
  #held: Buffer | undefined = undefined;
  #isBlocked = false;
  #isCancelled = false;
  #isComplete = false;

  constructor(stream: Http2Stream, length: number | undefined, owner: StreamBodyOwner, limits: StreamBodyLimits) {
    this.#stream = stream;
    this.length = length;
    this.#owner = owner;
    this.#limits = limits;
    stream.on('trailers', (_headers, _flags, lines?: string[]) => this.#onTrailers(lines ?? []));
    stream.on('end', () => this.#onEnd());
  }

  /** Whether everything up to END_STREAM was handed on. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the peer is the one that is waited for. */
  get isWaiting(): boolean {
    return this.#sink !== undefined && !this.#isBlocked && !this.#isComplete && this.#error === undefined;
  }

  sendTo(sink: Sink): void {
    if (this.#isCancelled) return;
    if (this.#error !== undefined) {
      sink.abort(this.#error);
      return;
    }
    this.#sink = sink;
    sink.onDrained = () => this.#onDrained();
    this.#owner.bodyWanted();
    this.#stream.on('data', (chunk: Buffer) => this.#onData(chunk));
  }

  cancel(reason: ProxyError): void {
    if (this.#isCancelled || this.#isComplete || this.#error !== undefined) return;
    this.#isCancelled = true;
    this.#sink = undefined;
    this.#stream.pause();
    this.#owner.bodyCancelled(reason);
  }

  /** Ends the body with an error, unless it is over. */
  fail(error: ProxyError): void {
    if (this.#error !== undefined || this.#isComplete) return;
    this.#error = error;
    this.#stream.pause();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.abort(error);
  }

  #onData(chunk: Buffer): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#size += chunk.length;
    this.#owner.bodyArrived(chunk.length);
    if (this.#size > this.#limits.bodyBytes) {
      this.#break(new ProxyError(this.#limits.faults.bodyTooLarge, `more than ${this.#limits.bodyBytes} bytes`));
      return;
    }
    if (this.#size === this.length) this.#held = chunk;
    else if (!sink.write(chunk) && this.#sink !== undefined) this.#block();
  }

  #block(): void {
    this.#isBlocked = true;
    this.#stream.pause();
  }

  #onDrained(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    if (this.#sink === undefined) return;
    this.#owner.bodyUnblocked();
    this.#stream.resume();
  }

  #onTrailers(lines: readonly string[]): void {
    const trailers = readFieldLines(lines, this.#limits.headerCount, this.#limits.faults);
    if ('code' in trailers) this.#break(new ProxyError(trailers.code, `trailers: ${trailers.detail}`));
    else this.#trailers = trailers;
  }

  /** Comes also when a stream is torn down, after {@link fail}. */
  #onEnd(): void {
    if (this.#error !== undefined || this.#isComplete || this.#stream.rstCode !== 0) return;
    if (!this.#owner.isEndOfMessage()) return;
    this.#isComplete = true;
    this.#owner.bodyRead();
    if (this.#held !== undefined) this.#sink?.write(this.#held);
    this.#sink?.end(this.#trailers);
  }

  #break(error: ProxyError): void {
    this.#owner.bodyBroken(error);
    this.fail(error);
  }
}
