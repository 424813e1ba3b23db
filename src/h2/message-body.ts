// The DATA frames of one message as a Body: what nobody takes is not paid back, so the window of the stream shuts.
import type { Body, Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { type FaultCodes, readFieldLines } from './field-lines.ts';
import { HeldBytes } from './held-bytes.ts';
import type { BlockFault } from './hpack/decoder.ts';
import type { LentBytes } from './lent-bytes.ts';
import type { Stream } from './stream.ts';

/** What the one who carries the body wants to hear. */
export interface MessageBodyOwner {
  /** The sink is there: 100 Continue may be due. */
  bodyWanted(): void;
  /** Bytes came. */
  bodyArrived(size: number): void;
  /** The sink takes bytes again after it said "wait". */
  bodyUnblocked(): void;
  /** END_STREAM came and everything before it was handed on. */
  bodyRead(): void;
  /** There is too much, or it does not add up, or the trailers are malformed. The sink hears `abort` afterwards. */
  bodyBroken(error: ProxyError): void;
  /** Nobody wants the rest. */
  bodyCancelled(reason: ProxyError): void;
}

/** Bounds on one body, and what breaking them is called. */
export interface MessageBodyLimits {
  readonly bodyBytes: number;
  readonly headerCount: number;
  readonly faults: FaultCodes;
}

/**
 * Body of one stream. Its last bytes are handed on when END_STREAM has come: with more DATA than Content-Length says the
 * message is malformed (RFC 9113 §8.1.1), and must not have reached anybody whole. Holds one window at most.
 */
export class MessageBody implements Body {
  readonly length: number | undefined;
  readonly isEmpty = false;
  readonly #stream: Stream;
  readonly #owner: MessageBodyOwner;
  readonly #limits: MessageBodyLimits;
  /** What waits for the sink. */
  readonly #held = new HeldBytes();
  #sink: Sink | undefined = undefined;
  #trailers: ReadonlyHeaderList | undefined = undefined;
  #error: ProxyError | undefined = undefined;
  #size = 0;
  /** What was taken and is not paid back yet: the sink had no room for more, or nobody wants it. */
  #unpaid = 0;
  #isBlocked = false;
  #hasEnded = false;
  #isCancelled = false;
  #isComplete = false;

  constructor(stream: Stream, length: number | undefined, owner: MessageBodyOwner, limits: MessageBodyLimits) {
    this.#stream = stream;
    this.length = length;
    this.#owner = owner;
    this.#limits = limits;
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
    this.#pass();
  }

  cancel(reason: ProxyError): void {
    if (this.#isCancelled || this.#isComplete || this.#error !== undefined) return;
    this.#isCancelled = true;
    this.#sink = undefined;
    this.#drop();
    this.#owner.bodyCancelled(reason);
  }

  /** Ends the body with an error, unless it is over. */
  fail(error: ProxyError): void {
    if (this.#error !== undefined || this.#isComplete) return;
    this.#error = error;
    this.#drop();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.abort(error);
  }

  /** Drops what waits and what comes, and pays it back: for a short rest that nobody wants. */
  skip(): void {
    this.#drop();
    const size = this.#unpaid;
    this.#unpaid = 0;
    this.#stream.consumed(size);
  }

  /** Content came. The bytes are copied, or kept as a part of `lent`. */
  arrived(bytes: Buffer, lent: LentBytes | undefined): void {
    const { length } = bytes;
    this.#size += length;
    this.#owner.bodyArrived(length);
    if (this.#error !== undefined || this.#isCancelled) {
      this.#unpaid += length;
    } else if (this.#size > (this.length ?? Number.POSITIVE_INFINITY)) {
      this.#unpaid += length;
      this.#break(this.#limits.faults.malformed, 'more DATA than Content-Length');
    } else if (this.#size > this.#limits.bodyBytes) {
      this.#unpaid += length;
      this.#break(this.#limits.faults.bodyTooLarge, `more than ${this.#limits.bodyBytes} bytes`);
    } else if (this.#sink !== undefined && this.#mayPass && this.#held.length === 0) {
      const release = lent?.keep(length);
      this.#give(this.#sink, release === undefined ? Buffer.from(bytes) : bytes, release);
    } else {
      this.#held.append(bytes);
    }
  }

  /** The lines behind the content. `isEnd`: END_STREAM came with them, as it must (RFC 9113 §8.1). */
  trailersArrived(lines: readonly string[] | BlockFault, isEnd: boolean): void {
    const { faults, headerCount } = this.#limits;
    const trailers =
      typeof lines === 'string'
        ? { code: faults.headTooLarge, detail: 'header block' }
        : readFieldLines(lines, headerCount, faults);
    if (!isEnd) this.#break(faults.malformed, 'a second head');
    else if ('code' in trailers) this.#break(trailers.code, `trailers: ${trailers.detail}`);
    else this.#trailers = trailers;
  }

  /** END_STREAM came. */
  ended(): void {
    if (this.#error !== undefined || this.#isCancelled) return;
    if (this.length !== undefined && this.#size !== this.length) {
      this.#break(this.#limits.faults.malformed, 'less DATA than Content-Length');
      return;
    }
    this.#hasEnded = true;
    this.#pass();
  }

  /** Whether the sink takes bytes, and none that are to be held until END_STREAM has come. */
  get #mayPass(): boolean {
    return !this.#isBlocked && (this.#hasEnded || this.#size !== this.length);
  }

  /** Hands on what may go. */
  #pass(): void {
    if (this.#sink !== undefined && this.#mayPass && this.#held.length > 0) {
      const { bytes, release } = this.#held.takeAll();
      this.#give(this.#sink, bytes, release);
    }
    if (this.#sink !== undefined && this.#hasEnded && !this.#isBlocked) this.#complete(this.#sink);
  }

  #give(sink: Sink, chunk: Buffer, release: Release | undefined): void {
    const { length } = chunk;
    if (sink.write(chunk, release)) {
      this.#stream.consumed(length);
    } else {
      this.#unpaid += length;
      this.#isBlocked = this.#sink !== undefined;
    }
  }

  /** Nobody gets what waits. */
  #drop(): void {
    this.#unpaid += this.#held.length;
    this.#held.clear();
  }

  #complete(sink: Sink): void {
    this.#isComplete = true;
    this.#sink = undefined;
    this.#owner.bodyRead();
    sink.end(this.#trailers);
  }

  #onDrained(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#stream.consumed(this.#unpaid);
    this.#unpaid = 0;
    if (this.#sink === undefined) return;
    this.#owner.bodyUnblocked();
    this.#pass();
  }

  #break(code: ProxyError['code'], detail: string): void {
    const error = new ProxyError(code, detail);
    this.#owner.bodyBroken(error);
    this.fail(error);
  }
}
