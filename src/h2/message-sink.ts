// The Sink of one stream: a body goes out as DATA, its trailers behind it, and it must have the length it said.
import type { Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { forwardableTrailers } from '../http/hop-by-hop.ts';
import type { Stream } from './stream.ts';
import { wireLines } from './wire-lines.ts';

/** What the one who carries the body wants to hear. */
export interface MessageSinkOwner {
  /** Bytes were handed over. */
  bodyMoved(): void;
  /** The body broke, or does not have the length it said. */
  bodyFailed(error: ProxyError): void;
}

/** Stands before a stream whose head was sent. */
export class MessageSink implements Sink {
  onDrained: (() => void) | undefined = undefined;
  /** Content bytes taken so far. */
  contentBytes = 0;
  readonly #stream: Stream;
  readonly #owner: MessageSinkOwner;
  #remaining: number;
  readonly #hasLength: boolean;
  #isOver = false;

  /** `length` is the announced one, or undefined. */
  constructor(stream: Stream, owner: MessageSinkOwner, length: number | undefined) {
    this.#stream = stream;
    this.#owner = owner;
    this.#hasLength = length !== undefined;
    this.#remaining = length ?? 0;
  }

  write(chunk: Buffer, release?: Release): boolean {
    if (this.#isOver || chunk.length === 0) {
      release?.();
      return true;
    }
    if (this.#hasLength) {
      if (chunk.length > this.#remaining) {
        release?.();
        this.abort(new ProxyError('internal_error', 'a body is longer than it said'));
        return true;
      }
      this.#remaining -= chunk.length;
    }
    this.contentBytes += chunk.length;
    this.#owner.bodyMoved();
    return this.#stream.sendData(chunk, release);
  }

  end(trailers?: ReadonlyHeaderList): void {
    if (this.#isOver) return;
    if (this.#remaining > 0) {
      this.abort(new ProxyError('internal_error', 'a body is shorter than it said'));
      return;
    }
    this.#isOver = true;
    const kept = forwardableTrailers(trailers);
    if (kept === undefined) this.#stream.sendEnd();
    else this.#stream.sendHead(wireLines(kept), true);
  }

  abort(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.bodyFailed(error);
  }
}
