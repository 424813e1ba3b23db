// A client's HTTP/2 connection: streams to exchanges, through node:http2, with limits, deadlines and GOAWAY.
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { ProxyError } from '../exchange/errors.ts';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { ExchangeHost } from '../exchange/host.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { endSession } from './end-session.ts';
import { InboundStream, type StreamContext } from './inbound-stream.ts';
import { FloodGauge, type SessionLimits } from './limits.ts';
import { HeadReader } from './pseudo-headers.ts';

/** RFC 9113 §6.8: the first GOAWAY of a graceful end names the highest stream there can be. */
const LAST_STREAM_ID = 2 ** 31 - 1;
/** How long the client may take to show that it saw the first GOAWAY. */
const NOTICE_TIMEOUT_MS = 1_000;

/**
 *     open       streams come
 *     noticed    the first GOAWAY is out; streams that crossed it are still served
 *     closing    the last GOAWAY is out; streams under way finish
 *     closed     gone
 */
type Phase = 'open' | 'noticed' | 'closing' | 'closed';

/** Told when the connection is over, to forget it. */
export type OnGone = (session: InboundSession) => void;

/** The server role of HTTP/2 on one connection. */
export class InboundSession implements StreamContext, Expiring {
  readonly facts: ConnectionFacts;
  readonly host: ExchangeHost;
  readonly limits: SessionLimits;
  readonly deadlines: Deadlines;
  deadlineMs: number;
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #onGone: OnGone;
  readonly #streams = new Set<InboundStream>();
  readonly #heads: HeadReader;
  readonly #brokenStreams: FloodGauge;
  readonly #controlFrames: FloodGauge;
  #phase: Phase = 'open';
  /** Whether the FIN of the client was seen. */
  #hasEnded = false;
  #isGone = false;

  /**
   * Takes over a socket that nobody reads: plain, or TLS with `h2` agreed. Bytes that came already stand in its buffer
   * (`socket.unshift`); the client's preface (RFC 9113 §3.4) is among them or comes next.
   */
  constructor(
    socket: Socket,
    facts: ConnectionFacts,
    host: ExchangeHost,
    limits: SessionLimits,
    deadlines: Deadlines,
    onGone: OnGone,
  ) {
    this.#socket = socket;
    this.facts = facts;
    this.host = host;
    this.limits = limits;
    this.deadlines = deadlines;
    this.#onGone = onGone;
    this.#heads = new HeadReader(limits);
    this.#brokenStreams = new FloodGauge(limits.brokenStreams, deadlines);
    this.#controlFrames = new FloodGauge(limits.controlFrames, deadlines);
    this.#session = openSession(socket, limits);
    this.#listen();
    deadlines.add(this);
    this.deadlineMs = deadlines.in(limits.headTimeoutMs);
  }

  /** Whether an exchange is under way. */
  get isBusy(): boolean {
    return this.#streams.size > 0;
  }

  /**
   * Finishes what is under way, then closes. In two steps (RFC 9113 §6.8): requests that are on their way when the first
   * GOAWAY goes out are still served; the answer to a PING tells that no more of them come.
   */
  drain(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'noticed';
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_ID);
    this.deadlineMs = this.deadlines.in(NOTICE_TIMEOUT_MS);
    this.#session.ping(() => this.#close());
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#end(constants.NGHTTP2_NO_ERROR);
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#hasEnded && this.isBusy && this.#phase !== 'closed') this.#giveUpUnfinished();
    else if (this.#phase === 'closing') this.#end(constants.NGHTTP2_NO_ERROR);
    else if (this.#phase === 'closed') this.#socket.destroy();
    else this.#close();
  }

  streamGone(stream: InboundStream, isBroken: boolean): void {
    this.#streams.delete(stream);
    if (this.#phase === 'closed') return;
    if (isBroken) this.#noteBroken();
    if (this.#streams.size === 0) this.#expireIdle();
  }

  #listen(): void {
    const session = this.#session;
    session.on('stream', (stream, _headers, _flags, lines?: string[]) => this.#onStream(stream, lines ?? []));
    session.on('remoteSettings', () => this.#onControlFrame());
    session.on('ping', () => this.#onControlFrame());
    // node:http2 ends the connection after any of them; what matters is that it is over.
    session.on('error', nothing);
    session.on('close', () => this.#onClose());
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('close', () => this.#onClose());
  }

  #onStream(stream: ServerHttp2Stream, lines: readonly string[]): void {
    if (this.#phase === 'closed') return;
    if (stream.destroyed || stream.closed) {
      // Reset by the next frame already: nothing was done for it, but it was read (CVE-2023-44487).
      stream.on('error', nothing);
      this.#noteBroken();
      return;
    }
    const inbound = new InboundStream(this, stream, this.#heads.read(lines, stream.endAfterHeaders));
    this.#streams.add(inbound);
    if (this.#phase === 'open' && !this.#hasEnded) this.deadlineMs = Number.POSITIVE_INFINITY;
    inbound.open();
    if (this.host.isDraining) this.drain();
  }

  #onControlFrame(): void {
    if (this.#controlFrames.isOverflowing()) this.#end(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #noteBroken(): void {
    if (this.#brokenStreams.isOverflowing()) this.#end(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /**
   * The FIN of the client, perhaps without a frame that says so: browsers close the connection with RST_STREAM still in
   * their queue. Frames before it may still be on their way: node:http2 holds them back while a write is under way.
   */
  #onEnd(): void {
    if (this.#phase === 'closed') return;
    this.#hasEnded = true;
    this.deadlineMs = this.deadlines.in(0);
  }

  /** Nothing comes any more: requests that are whole are still answered, as in HTTP/1.1; the others cannot become it. */
  #giveUpUnfinished(): void {
    for (const stream of [...this.#streams])
      if (!stream.isWhole) stream.abandon(new ProxyError('client_gone', 'connection ended by the client'));
    this.#close();
  }

  #expireIdle(): void {
    if (this.#hasEnded && this.#phase !== 'closing') this.deadlineMs = this.deadlines.in(0);
    else if (this.#phase === 'open') this.deadlineMs = this.deadlines.in(this.limits.idleTimeoutMs);
    else if (this.#phase === 'closing') this.deadlineMs = this.deadlines.in(this.limits.lingerTimeoutMs);
  }

  /** The last GOAWAY; node:http2 ends the connection behind the last stream. */
  #close(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed' || this.#session.destroyed) return;
    this.#phase = 'closing';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#session.close();
    if (this.#streams.size === 0) this.#expireIdle();
  }

  /** GOAWAY with `code`, everything under way given up. A client that does not take the GOAWAY is not waited for long. */
  #end(code: number): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.deadlineMs = this.deadlines.in(this.limits.lingerTimeoutMs);
    for (const stream of [...this.#streams]) stream.abandon(new ProxyError('client_gone', `connection ended: ${code}`));
    endSession(this.#session, code);
  }

  #onClose(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#phase = 'closed';
    this.deadlines.remove(this);
    for (const stream of [...this.#streams]) stream.abandon(new ProxyError('client_gone', 'connection closed'));
    this.#socket.destroy();
    this.#onGone(this);
  }
}

function openSession(socket: Socket, limits: SessionLimits): ServerHttp2Session {
  const session = performServerHandshake(socket, {
    settings: {
      // RFC 8441 §3.
      enableConnectProtocol: true,
      maxConcurrentStreams: limits.concurrentStreams,
      initialWindowSize: limits.streamWindowBytes,
      // Twice of what is accepted: a head that is a little too large gets an answer that says so.
      maxHeaderListSize: limits.headBytes * 2,
    },
    // Twice, because browsers send each cookie as a line of its own.
    maxHeaderListPairs: limits.headerCount * 2,
    maxSessionMemory: limits.sessionMemoryMiB,
    maxSessionInvalidFrames: limits.invalidFrames,
    maxSessionRejectedStreams: limits.invalidFrames,
    maxOutstandingPings: 1,
  });
  session.setLocalWindowSize(limits.connectionWindowBytes);
  return session;
}

function nothing(): void {}
