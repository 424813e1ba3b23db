// An HTTP/2 connection to an endpoint: requests to streams, through node:http2, with limits, deadlines and GOAWAY.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import { ProxyError } from '../exchange/errors.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { endSession } from './end-session.ts';
import { FloodGauge, type OutboundSessionLimits } from './limits.ts';
import { OutboundStream, type OutboundStreamContext } from './outbound-stream.ts';

/** Whoever lends streams out. */
export interface SessionOwner {
  /** SETTINGS of the endpoint came, perhaps new ones. */
  settled(session: OutboundSession): void;
  /** There may be room for another request now, or none any more. */
  roomChanged(session: OutboundSession): void;
  /** The session is gone; the last call. */
  gone(session: OutboundSession): void;
}

/**
 *     open       requests go out
 *     closing    GOAWAY of either side: no more requests, those under way finish
 *     closed     gone, or about to be
 */
type Phase = 'open' | 'closing' | 'closed';

/** RFC 9113 §6.5.2 lets requests go out before the SETTINGS of the endpoint: one does, the others learn how many may. */
const STREAMS_BEFORE_SETTINGS = 1;
/** Servers of gRPC end connections on which PING comes often without data. */
const PING_INTERVAL_MS = 60_000;

/** The client role of HTTP/2 on one connection. */
export class OutboundSession implements OutboundStreamContext, Expiring {
  readonly scheme: 'http' | 'https';
  readonly limits: OutboundSessionLimits;
  readonly deadlines: Deadlines;
  deadlineMs: number;
  /** How many requests it has been asked to carry. */
  useCount = 0;
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #owner: SessionOwner;
  readonly #streams = new Set<OutboundStream>();
  readonly #controlFrames: FloodGauge;
  #phase: Phase = 'open';
  #settings: Settings | undefined = undefined;
  /** The last stream that the endpoint will do something for (RFC 9113 §6.8). */
  #lastStreamId = Number.POSITIVE_INFINITY;
  #pingedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether an answer to PING is awaited, and no request goes out before it. */
  #isSuspect = false;
  /** Whether the FIN of the endpoint was seen. */
  #hasEnded = false;
  #isGone = false;

  /** Takes over an open socket from which nothing was read: plain, or TLS with `h2` agreed. */
  constructor(
    socket: Socket,
    scheme: 'http' | 'https',
    owner: SessionOwner,
    limits: OutboundSessionLimits,
    deadlines: Deadlines,
  ) {
    this.#socket = socket;
    this.scheme = scheme;
    this.#owner = owner;
    this.limits = limits;
    this.deadlines = deadlines;
    this.#controlFrames = new FloodGauge(limits.controlFrames, deadlines);
    this.#session = openSession(socket, scheme, limits);
    this.#listen();
    deadlines.add(this);
    this.deadlineMs = deadlines.in(limits.answerTimeoutMs);
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#streams.size > 0;
  }

  /** Whether it may carry another request now. */
  get hasRoom(): boolean {
    return this.#phase === 'open' && !this.#isSuspect && this.#streams.size < this.#streamLimit && !this.isOver;
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
    return this.#phase === 'closed' || this.#session.destroyed || this.#socket.destroyed;
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
    if (this.#phase === 'closed') this.#socket.destroy();
    else if (this.#hasEnded && this.isBusy) this.#giveUpUnfinished();
    else if (this.#isSuspect) this.#end(constants.NGHTTP2_NO_ERROR, 'no answer to PING');
    else if (!this.hasSettings) this.#end(constants.NGHTTP2_SETTINGS_TIMEOUT, 'no SETTINGS');
    else if (this.#phase === 'closing') this.#end(constants.NGHTTP2_NO_ERROR, 'closed');
    else this.close();
  }

  // What its streams ask for and tell.

  request(fields: OutgoingHttpHeaders, isWhole: boolean): ClientHttp2Stream | undefined {
    if (this.isOver || this.#session.closed) return undefined;
    return this.#session.request(fields, { endStream: isWhole, waitForTrailers: !isWhole });
  }

  wasIgnored(streamId: number | undefined): boolean {
    return streamId === undefined || streamId > this.#lastStreamId;
  }

  /** A request had no answer for long: PING tells whether anybody is there (RFC 9113 §6.7). */
  checkAlive(): void {
    const { nowMs } = this.deadlines;
    if (this.#isSuspect || this.isOver || nowMs - this.#pingedAtMs < PING_INTERVAL_MS) return;
    this.#pingedAtMs = nowMs;
    this.#isSuspect = this.#session.ping((error) => {
      if (error !== null || this.#phase === 'closed') return;
      this.#isSuspect = false;
      this.#watch();
      this.#owner.roomChanged(this);
    });
    this.#watch();
  }

  streamGone(stream: OutboundStream): void {
    if (!this.#streams.delete(stream) || this.#phase === 'closed') return;
    this.#closeIfIdle();
    this.#owner.roomChanged(this);
  }

  get #streamLimit(): number {
    const allowed = this.#settings === undefined ? STREAMS_BEFORE_SETTINGS : this.#settings.maxConcurrentStreams;
    return Math.min(this.limits.concurrentStreams, allowed ?? Number.POSITIVE_INFINITY);
  }

  #listen(): void {
    const session = this.#session;
    session.on('remoteSettings', (settings) => this.#onSettings(settings));
    session.on('ping', () => this.#onControlFrame());
    session.on('goaway', (_code, lastStreamId) => this.#onGoaway(lastStreamId));
    // node:http2 ends the connection after any of them; what matters is that it is over.
    session.on('error', nothing);
    session.on('close', () => this.#onClose());
    this.#socket.on('error', nothing);
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('close', () => this.#onClose());
  }

  #onSettings(settings: Settings): void {
    this.#onControlFrame();
    if (this.#phase === 'closed') return;
    this.#settings = { ...settings };
    this.#watch();
    this.#owner.settled(this);
    this.#owner.roomChanged(this);
  }

  #onControlFrame(): void {
    if (this.#controlFrames.isOverflowing()) this.#end(constants.NGHTTP2_ENHANCE_YOUR_CALM, 'too many control frames');
  }

  /** RFC 9113 §6.8: streams above are safe to send again; those up to it may still be answered. */
  #onGoaway(lastStreamId: number): void {
    this.#lastStreamId = lastStreamId;
    if (this.#phase === 'open') this.#phase = 'closing';
    this.#closeIfIdle();
    this.#owner.roomChanged(this);
  }

  /**
   * The FIN of the endpoint. Frames before it may still be on their way: node:http2 holds them back while a write is
   * under way.
   */
  #onEnd(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.#hasEnded = true;
    this.deadlineMs = this.deadlines.in(0);
    this.#closeIfIdle();
  }

  /** Nothing comes any more: only answers that are whole are still read. */
  #giveUpUnfinished(): void {
    for (const stream of [...this.#streams]) stream.connectionEnded(new ProxyError('upstream_closed', ''));
    this.#closeIfIdle();
  }

  /** Not before: behind a GOAWAY of ours, requests that are not on the wire yet would not go out any more. */
  #closeIfIdle(): void {
    if (this.#phase === 'closing' && this.#streams.size === 0) this.#session.close();
    this.#watch();
  }

  /** One deadline: for SETTINGS or an answer to PING, for idling, or for the end. */
  #watch(): void {
    const { answerTimeoutMs, idleTimeoutMs, lingerTimeoutMs } = this.limits;
    if (this.#phase === 'closed' || (this.#hasEnded && this.isBusy)) return;
    if (this.#isSuspect) this.deadlineMs = this.deadlines.in(answerTimeoutMs);
    else if (!this.hasSettings) return;
    else if (this.#streams.size > 0) this.deadlineMs = Number.POSITIVE_INFINITY;
    else this.deadlineMs = this.deadlines.in(this.#phase === 'open' ? idleTimeoutMs : lingerTimeoutMs);
  }

  /** GOAWAY with `code`, everything under way given up. An endpoint that does not take the GOAWAY is not waited for long. */
  #end(code: number, detail: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.deadlineMs = this.deadlines.in(this.limits.lingerTimeoutMs);
    this.#abandonStreams(new ProxyError('upstream_closed', detail));
    endSession(this.#session, code);
  }

  #onClose(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#phase = 'closed';
    this.deadlines.remove(this);
    this.#abandonStreams(new ProxyError('upstream_closed', ''));
    this.#socket.destroy();
    this.#owner.gone(this);
  }

  #abandonStreams({ code, detail }: ProxyError): void {
    for (const stream of [...this.#streams]) stream.abandon(new ProxyError(code, detail));
  }
}

function openSession(socket: Socket, scheme: string, limits: OutboundSessionLimits): ClientHttp2Session {
  const options = {
    createConnection: () => socket,
    settings: {
      enablePush: false,
      initialWindowSize: limits.streamWindowBytes,
      // Twice of what is accepted: a head that is a little too large fails for what it is.
      maxHeaderListSize: limits.headBytes * 2,
    },
    maxHeaderListPairs: limits.headerCount * 2,
    maxSendHeaderBlockLength: limits.headBytes * 2,
    maxSessionMemory: limits.sessionMemoryMiB,
    maxSessionInvalidFrames: limits.invalidFrames,
    peerMaxConcurrentStreams: limits.concurrentStreams,
  };
  const session = connect(`${scheme}://endpoint`, options);
  session.setLocalWindowSize(limits.connectionWindowBytes);
  return session;
}

function nothing(): void {}
