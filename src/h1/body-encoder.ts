// Writes a body to a connection behind its head: by length, in chunks, or until close (RFC 9112 §6, §7).
import type { Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { forwardableTrailers } from '../http/hop-by-hop.ts';
import type { Connection } from '../net/connection.ts';
import { printTrailers } from './head-writer.ts';

/** How a body is framed on the wire. `drop` reads it and writes nothing (HEAD). */
export type BodyFraming = 'length' | 'chunked' | 'until-close' | 'drop';

/** Told how the body ended; exactly one of the two, exactly once. */
export interface EncoderOwner {
  bodyWritten(): void;
  bodyFailed(error: ProxyError): void;
}

/** Head and chunk leave as one buffer up to this size; beyond it copying costs more than a second buffer. */
const JOIN_BYTES = 16 * 1024;

/** The sink that stands before a connection: holds the head back until it can leave together with the first chunk. */
export class BodyEncoder implements Sink {
  onDrained: (() => void) | undefined = undefined;
  readonly #connection: Connection;
  readonly #owner: EncoderOwner;
  readonly #framing: BodyFraming;
  #remaining: number;
  #head: string;
  #isOver = false;
  /** Content bytes taken so far, framing not counted. */
  contentBytes = 0;

  /** `length` counts only for framing `length`. `head` is written at the latest by {@link flushHead}. */
  constructor(connection: Connection, owner: EncoderOwner, framing: BodyFraming, length: number, head: string) {
    this.#connection = connection;
    this.#owner = owner;
    this.#framing = framing;
    this.#remaining = length;
    this.#head = head;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether bytes wait for the peer, so that the source was told to wait. */
  get isBlocked(): boolean {
    return !this.#isOver && this.#connection.bytesWaiting > 0;
  }

  write(chunk: Buffer, release?: Release): boolean {
    if (this.#isOver || chunk.length === 0 || this.#framing === 'drop') {
      release?.();
      return true;
    }
    this.contentBytes += chunk.length;
    if (this.#framing === 'length') {
      if (chunk.length > this.#remaining) {
        release?.();
        this.abort(new ProxyError('internal_error', 'a body is longer than it said'));
        return true;
      }
      this.#remaining -= chunk.length;
    }
    return this.#framing === 'chunked' ? this.#writeChunk(chunk, release) : this.#writeRaw(chunk, release);
  }

  end(trailers?: ReadonlyHeaderList): void {
    if (this.#isOver) return;
    if (this.#framing === 'length' && this.#remaining > 0) {
      this.abort(new ProxyError('internal_error', 'a body is shorter than it said'));
      return;
    }
    this.#isOver = true;
    const head = this.#takeHead();
    if (this.#framing === 'chunked') this.#connection.writeText(head + lastChunk(trailers));
    else if (head !== '') this.#connection.writeText(head);
    this.#owner.bodyWritten();
  }

  abort(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.bodyFailed(error);
  }

  /** Writes the head if it still waits for a first chunk. */
  flushHead(): void {
    if (this.#head !== '' && !this.#isOver) this.#connection.writeText(this.#takeHead());
  }

  /** The connection's buffers are empty again. */
  drained(): void {
    if (!this.#isOver) this.onDrained?.();
  }

  /** Whether the head has left: after that a failure can only cut the connection. */
  get isHeadSent(): boolean {
    return this.#head === '';
  }

  #writeRaw(chunk: Buffer, release: Release | undefined): boolean {
    const head = this.#takeHead();
    if (head === '') return this.#connection.write(chunk, release);
    if (chunk.length <= JOIN_BYTES) {
      const mayGoOn = this.#connection.writeJoined(head, chunk, '');
      release?.();
      return mayGoOn;
    }
    this.#connection.cork();
    this.#connection.writeText(head);
    const mayGoOn = this.#connection.write(chunk, release);
    this.#connection.uncork();
    // While it is corked everything waits: what counts is what is left then.
    return mayGoOn || this.#connection.bytesWaiting === 0;
  }

  #writeChunk(chunk: Buffer, release: Release | undefined): boolean {
    const before = `${this.#takeHead()}${chunk.length.toString(16)}\r\n`;
    if (chunk.length <= JOIN_BYTES) {
      const mayGoOn = this.#connection.writeJoined(before, chunk, '\r\n');
      release?.();
      return mayGoOn;
    }
    this.#connection.cork();
    this.#connection.writeText(before);
    const isTaken = this.#connection.write(chunk, release);
    const mayGoOn = this.#connection.writeText('\r\n');
    this.#connection.uncork();
    // Of lent bytes not even few may wait: see Connection.write. While it is corked, everything does.
    return release === undefined ? mayGoOn : isTaken || this.#connection.bytesWaiting === 0;
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    return head;
  }
}

function lastChunk(trailers: ReadonlyHeaderList | undefined): string {
  const kept = forwardableTrailers(trailers);
  return kept === undefined ? '0\r\n\r\n' : `0\r\n${printTrailers(kept)}\r\n`;
}
