// An HTTP/2 connection to an endpoint: requests to streams, with limits, deadlines and GOAWAY.
import type { Connection } from '../net/connection.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import type { HeadFault } from './field-lines.ts';
import { CODE } from './frames.ts';
import type { OutboundSessionLimits, Rate } from './limits.ts';
import { OutboundStream, type OutboundStreamContext } from './outbound-stream.ts';
import type { PeerSettings } from './peer-settings.ts';
import { type ReadResponse, ResponseReader } from './read-response.ts';
import { Session, type SessionUser } from './session.ts';
import type { Stream, StreamUser } from './stream.ts';

/** Whoever lends streams out. */
export interface SessionOwner {
  /** SETTINGS of the endpoint came, perhaps new ones. */
  settled(session: OutboundSession): void;
  /** There may be room for another request now, or none any more. */
  roomChanged(session: OutboundSession): void;
  /** The endpoint wants HTTP/1.1 instead (RFC 9113 §7). Answers whether it will be had: it is the endpoint's to choose. */
  http1Required(): boolean;
  /** The session is gone; the last call. */
  gone(session: OutboundSession): void;
}

/**
 *     open       requests go out
 *     closing    GOAWAY of the endpoint, or enough of it: no more requests, those under way finish
 *     closed     our FIN is out, or about to be; the endpoint is waited for, but not long
 */
type Phase = 'open' | 'closing' | 'closed';

/** RFC 9113 §6.5.2 lets requests go out before the SETTINGS of the endpoint: one does, the others learn how many may. */
const STREAMS_BEFORE_SETTINGS = 1;
/** Servers of gRPC end connections on which PING comes often without data. */
const PING_INTERVAL_MS = 60_000;
/** Streams are begun by us, and what an endpoint breaks off it was asked for. */
const NO_BOUND: Rate = { burst: Number.POSITIVE_INFINITY, perSecond: 0 };

/** The client role of HTTP/2 on one connection. */
export class OutboundSession implements OutboundStreamContext, SessionUser, Expiring {
  readonly scheme: 'http' | 'https';
  readonly limits: OutboundSessionLimits;
  readonly deadlines: Deadlines;
  deadlineMs: number;
  /** How many requests it has been asked to carry. */
  useCount = 0;
  /** Why it ended, for the log. */
  endDetail = '';
  readonly #session: Session;
  readonly #owner: SessionOwner;
  readonly #streams = new Set<OutboundStream>();
  readonly #heads: ResponseReader;
  #phase: Phase = 'open';
  #settings: PeerSettings | undefined = undefined;
  #pingedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether an answer to PING is awaited, and no request goes out before it. */
  #isSuspect = false;
  /** Whether its end sends requests to HTTP/1.1. */
  #endsForHttp1 = false;

  /** Takes over an open connection from which nothing was read: plain, or TLS with `h2` agreed. */
  constructor(connection: Connection, scheme: 'http' | 'https', owner: SessionOwner, limits: OutboundSessionLimits) {
    this.scheme = scheme;
    this.#owner = owner;
    this.limits = limits;
    this.deadlines = connection.deadlines;
    this.#heads = new ResponseReader(limits);
    this.#session = new Session(connection, this, { ...limits, brokenStreams: NO_BOUND, role: 'client' });
    this.deadlines.add(this);
    this.deadlineMs = this.deadlines.in(limits.answerTimeoutMs);
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#streams.size > 0;
  }

  /** Whether it may carry another request now. */
  get hasRoom(): boolean {
    const isOpen = this.#phase === 'open' && !this.#isSuspect && this.#session.mayOpen;
    return isOpen && this.#streams.size < this.#streamLimit;
  }

  get hasSettings(): boolean {
    return this.#settings !== undefined;
  }

  /** Whether there will be more room: it has not said yet how much, or said that there is none for now. */
  get isSettling(): boolean {
    return this.#phase === 'open' && (!this.hasSettings || this.#settings?.maxConcurrentStreams === 0);
  }

  /** Whether the endpoint takes WebSockets as streams (RFC 8441 §3). */
  get hasConnectProtocol(): boolean {
    return this.#settings?.enableConnectProtocol === true;
  }

  /** Whether nothing can be sent or received on it any more. */
  get isOver(): boolean {
    return this.#session.isOver;
  }

  /** Takes one place, for one request. */
  open(): OutboundStream {
    this.useCount++;
    const stream = new OutboundStream(this);
    this.#streams.add(stream);
    this.#watch();
    return stream;
  }

  /** Takes no more requests; ends when those under way are over. */
  close(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#closeIfIdle();
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#phase === 'closed') this.#session.destroy();
    else if (this.#isSuspect) this.#session.end(CODE.none, 'no answer to PING');
    else if (!this.hasSettings) this.#session.end(CODE.settingsTimeout, 'no SETTINGS');
    else this.close();
  }

  // What its streams ask for and tell.

  begin(user: StreamUser): Stream | undefined {
    return this.#session.open(user);
  }

  readHead(lines: readonly string[]): ReadResponse | HeadFault {
    return this.#heads.read(lines);
  }

  /** A request had no answer for long: PING tells whether anybody is there (RFC 9113 §6.7). */
  checkAlive(): void {
    const { nowMs } = this.deadlines;
    if (this.#isSuspect || this.isOver || nowMs - this.#pingedAtMs < PING_INTERVAL_MS) return;
    this.#pingedAtMs = nowMs;
    this.#isSuspect = this.#session.askAlive(() => {
      this.#isSuspect = false;
      this.#watch();
      this.#owner.roomChanged(this);
    });
    this.#watch();
  }

  get endsForHttp1(): boolean {
    return this.#endsForHttp1;
  }

  http1Required(): boolean {
    return this.#owner.http1Required();
  }

  streamGone(stream: OutboundStream): void {
    if (!this.#streams.delete(stream) || this.#phase === 'closed') return;
    this.#closeIfIdle();
    this.#owner.roomChanged(this);
  }

  // What the endpoint does.

  onHttp1Required(): void {
    this.#endsForHttp1 = this.#owner.http1Required();
  }

  /** Never: it was told not to push, and nothing else opens a stream from its side. */
  onStream(): void {}

  onSettings(settings: PeerSettings): void {
    this.#settings = settings;
    this.#watch();
    this.#owner.settled(this);
    this.#owner.roomChanged(this);
  }

  /** RFC 9113 §6.8: what it took may still be answered, unless it ends because of an error (§5.4.1). */
  onGoaway(_lastStream: number, code: number): void {
    if (code !== CODE.none) {
      this.#session.end(CODE.none, `GOAWAY ${code}`);
      return;
    }
    if (this.#phase === 'open') this.#phase = 'closing';
    this.#closeIfIdle();
    this.#owner.roomChanged(this);
  }

  /** The FIN of the endpoint. Answers that are whole have left their streams; the others never will be. */
  onEnd(): void {
    this.#session.end(CODE.none, '');
  }

  onStalled(): void {
    this.#phase = 'closed';
    for (const stream of [...this.#streams]) stream.writeTimedOut();
    this.#session.destroy();
  }

  onFailure(_code: number, detail: string): void {
    this.endDetail = detail;
    this.#close();
    // Whoever waits for room must not wait for the end of this connection. Without SETTINGS that end fails one of them.
    if (this.hasSettings) this.#owner.roomChanged(this);
  }

  onClosed(): void {
    this.#phase = 'closed';
    this.deadlines.remove(this);
    this.#owner.gone(this);
  }

  get #streamLimit(): number {
    const allowed = this.#settings === undefined ? STREAMS_BEFORE_SETTINGS : this.#settings.maxConcurrentStreams;
    return Math.min(this.limits.concurrentStreams, allowed);
  }

  #closeIfIdle(): void {
    if (this.#phase !== 'closing' || this.#streams.size > 0) {
      this.#watch();
      return;
    }
    this.#close();
    this.#session.sendGoaway(0, CODE.none);
    this.#session.finish();
  }

  #close(): void {
    this.#phase = 'closed';
    this.deadlineMs = this.deadlines.in(this.limits.lingerTimeoutMs);
  }

  /** One deadline: for SETTINGS or an answer to PING, or for idling. */
  #watch(): void {
    if (this.#phase === 'closed') return;
    if (this.#isSuspect) this.deadlineMs = this.deadlines.in(this.limits.answerTimeoutMs);
    else if (!this.hasSettings) return;
    else if (this.#streams.size > 0) this.deadlineMs = Number.POSITIVE_INFINITY;
    else this.deadlineMs = this.deadlines.in(this.limits.idleTimeoutMs);
  }
}
