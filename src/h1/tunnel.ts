// One end of a tunnel: after 101 or CONNECT a connection is only bytes, a Body in one direction and a Sink in the other.
import type { Body, Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Connection, ConnectionUser } from '../net/connection.ts';

/**
 * Takes a connection over. What the peer sends is the Body; what is written to the Sink goes to the peer. A FIN is
 * passed on as a half-close; a lost connection tears the other end down. Silence in both directions ends it.
 */
export class TunnelEnd implements ConnectionUser, Body, Sink {
  readonly length = undefined;
  readonly isEmpty = false;
  onDrained: (() => void) | undefined = undefined;
  readonly #connection: Connection;
  readonly #idleTimeoutMs: number;
  readonly #onClosed: (() => void) | undefined;
  readonly #early: Buffer;
  #sink: Sink | undefined = undefined;
  #hasPeerEnded = false;
  #isClosed = false;

  /** `early` are bytes that arrived behind the head. `onClosed` is told when the connection is gone. */
  constructor(connection: Connection, early: Buffer, idleTimeoutMs: number, onClosed?: () => void) {
    this.#connection = connection;
    this.#early = early;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onClosed = onClosed;
    connection.wantsSlabs = false;
    connection.use(this);
    connection.pause();
  }

  sendTo(sink: Sink): void {
    this.#sink = sink;
    sink.onDrained = () => this.#connection.resume();
    this.#touch();
    const mayGoOn = this.#early.length === 0 || sink.write(this.#early);
    if (this.#connection.hasEnded) this.onEnd();
    else if (mayGoOn) this.#connection.resume();
  }

  cancel(): void {
    this.#connection.destroy();
  }

  write(chunk: Buffer, release?: Release): boolean {
    this.#touch();
    return this.#connection.write(chunk, release);
  }

  end(): void {
    this.#connection.end();
    if (this.#hasPeerEnded) this.#sink = undefined;
  }

  abort(): void {
    this.#connection.reset();
  }

  onBytes(bytes: Buffer, release: Release | undefined): void {
    this.#touch();
    const isLent = release !== undefined;
    const mayGoOn = this.#sink?.write(isLent ? bytes : Buffer.from(bytes), release) ?? false;
    if (!mayGoOn) this.#connection.pause();
  }

  onEnd(): void {
    if (this.#hasPeerEnded) return;
    this.#hasPeerEnded = true;
    this.#sink?.end();
  }

  onDrain(): void {
    this.onDrained?.();
  }

  onDeadline(): void {
    this.#connection.destroy();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#hasPeerEnded)
      this.#sink?.abort(new ProxyError('upstream_closed', 'tunnel', { cause: error, errno: error?.code }));
    this.#onClosed?.();
  }

  #touch(): void {
    this.#connection.expireIn(this.#idleTimeoutMs);
  }
}
