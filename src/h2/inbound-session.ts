// A client's HTTP/2 connection: streams to exchanges, with limits, deadlines and GOAWAY.
import type { Release } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { ExchangeHost } from '../exchange/host.ts';
import type { Connection } from '../net/connection.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { CODE, LARGEST_31_BITS } from './frames.ts';
import type { BlockFault } from './hpack/decoder.ts';
import { InboundStream, type StreamContext } from './inbound-stream.ts';
import type { SessionLimits } from './limits.ts';
import { HeadReader } from './pseudo-headers.ts';
import { Session, type SessionUser } from './session.ts';
import type { Stream } from './stream.ts';

/** How long the client may take to show that it saw the first GOAWAY. */
const NOTICE_TIMEOUT_MS = 1_000;

/**
 *     open       streams come
 *     noticed    the first GOAWAY is out; streams that crossed it are still served
 *     closing    the last GOAWAY is out; streams under way finish
 *     closed     our FIN is out, or about to be; the client is waited for, but not long
 */
type Phase = 'open' | 'noticed' | 'closing' | 'closed';

/** Told when the connection is over, to forget it. */
export type OnGone = (session: InboundSession) => void;

/** The server role of HTTP/2 on one connection. */
export class InboundSession implements StreamContext, SessionUser, Expiring {
  readonly facts: ConnectionFacts;
  readonly host: ExchangeHost;
  readonly limits: SessionLimits;
  readonly deadlines: Deadlines;
  deadlineMs: number;
  readonly #session: Session;
  readonly #onGone: OnGone;
  readonly #streams = new Set<InboundStream>();
  readonly #heads: HeadReader;
  #phase: Phase = 'open';
  /** Whether it ended with everything handed over. What of it waits has the deadline of the connection. */
  #hasFinished = false;

  /** Takes a connection over; the client's preface (RFC 9113 §3.4) is handed to {@link onBytes} or comes next. */
  constructor(
    connection: Connection,
    facts: ConnectionFacts,
    host: ExchangeHost,
    limits: SessionLimits,
    onGone: OnGone,
  ) {
    this.facts = facts;
    this.host = host;
    this.limits = limits;
    this.deadlines = connection.deadlines;
    this.#onGone = onGone;
    this.#heads = new HeadReader(limits);
    this.#session = new Session(connection, this, { ...limits, role: 'server' });
    this.deadlines.add(this);
    this.deadlineMs = this.deadlines.in(limits.headTimeoutMs);
  }

  /** Whether an exchange is under way. */
  get isBusy(): boolean {
    return this.#streams.size > 0;
  }

  /** Reads bytes that came before the connection was taken over. */
  onBytes(bytes: Buffer, release?: Release): void {
    this.#session.onBytes(bytes, release);
  }

  /**
   * Finishes what is under way, then closes. In two steps (RFC 9113 §6.8): requests that are on their way when the first
   * GOAWAY goes out are still served; the answer to a PING tells that no more of them come.
   */
  drain(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'noticed';
    this.#session.sendGoaway(LARGEST_31_BITS, CODE.none);
    this.deadlineMs = this.deadlines.in(NOTICE_TIMEOUT_MS);
    this.#session.askAlive(() => this.#close());
  }

  /** Ends the connection at once. */
  destroy(): void {
    if (this.#phase === 'closed') this.#session.destroy();
    else this.#session.end(CODE.none, 'stopped');
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#phase === 'open' || this.#phase === 'noticed') this.#close();
    else if (this.#hasFinished && this.#session.isBlocked) this.#linger();
    else this.#session.destroy();
  }

  requestMalformed(): void {
    this.#session.noteBroken();
  }

  streamGone(stream: InboundStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#nothingUnderWay();
  }

  onStream(stream: Stream, lines: readonly string[] | BlockFault, isEnd: boolean): void {
    const read =
      typeof lines === 'string'
        ? ({ code: 'request_head_too_large', detail: 'header block' } as const)
        : this.#heads.read(lines, isEnd);
    const inbound = new InboundStream(this, stream, read, isEnd);
    this.#streams.add(inbound);
    if (this.#phase === 'open') this.deadlineMs = Number.POSITIVE_INFINITY;
    inbound.open();
    if (this.host.isDraining) this.drain();
  }

  onSettings(): void {}

  /** Whoever asks for HTTP/2 and wants none of it may come again. */
  onHttp1Required(): void {}

  /** The client asks for nothing more, or, with an error, is through with the connection (RFC 9113 §6.8, §5.4.1). */
  onGoaway(_lastStream: number, code: number): void {
    if (code === CODE.none) this.#close();
    else this.#session.end(CODE.none, `GOAWAY of the client: ${code}`);
  }

  /** The FIN of the client. Whole requests are still answered, as far as their windows allow. */
  onEnd(): void {
    for (const stream of [...this.#streams]) stream.clientEnded();
    this.#close();
  }

  onStalled(): void {
    for (const stream of [...this.#streams]) stream.abandon(new ProxyError('response_write_timeout'));
    this.#session.destroy();
  }

  onFailure(): void {
    this.#phase = 'closed';
    this.#linger();
  }

  onClosed(): void {
    this.#phase = 'closed';
    this.deadlines.remove(this);
    this.#onGone(this);
  }

  #nothingUnderWay(): void {
    if (this.#phase === 'open') this.deadlineMs = this.deadlines.in(this.limits.idleTimeoutMs);
    else if (this.#phase === 'closing') this.#finish();
  }

  /** The last GOAWAY; the connection ends behind the last stream. */
  #close(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#session.sendGoaway(this.#session.lastPeerStream, CODE.none);
    if (this.#streams.size === 0) this.#finish();
  }

  #finish(): void {
    this.#phase = 'closed';
    this.#hasFinished = true;
    this.#linger();
    this.#session.finish();
  }

  #linger(): void {
    this.deadlineMs = this.deadlines.in(this.limits.lingerTimeoutMs);
  }
}
