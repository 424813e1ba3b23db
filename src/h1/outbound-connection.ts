// An HTTP/1.1 connection to an endpoint: one request at a time, its answer as a Reply, then back to its owner.
import { Buffer } from 'node:buffer';
import { type Body, bytesBody, emptyBody, type Release } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { OutboundRequest, ResponseHead } from '../exchange/head.ts';
import type { OutboundCarrier, ResponseReceiver } from '../exchange/outbound.ts';
import { meansNoContent } from '../http/method.ts';
import { isInterimStatus } from '../http/status.ts';
import type { Connection, ConnectionUser } from '../net/connection.ts';
import { ByteQueue } from '../util/byte-queue.ts';
import { invariant } from '../util/invariant.ts';
import { createBodyDecoder } from './body-decoder.ts';
import { BodyEncoder, type BodyFraming, type EncoderOwner } from './body-encoder.ts';
import { BodyReader, type BodyReaderOwner } from './body-reader.ts';
import { findHeadEnd } from './head-scan.ts';
import { asksForUpgrade, type OutFraming, printRequestHead } from './head-writer.ts';
import type { OutboundLimits } from './limits.ts';
import { type ParsedResponse, ResponseParser } from './response-parser.ts';
import { TunnelEnd } from './tunnel.ts';

/** Whoever lends the connection out. */
export interface OutboundOwner {
  /** The exchange is over and the connection may carry another one. */
  reusable(connection: OutboundConnection): void;
  /** The connection is gone; the last call. */
  gone(connection: OutboundConnection): void;
}

/**
 *     idle       lent to nobody; a byte from the upstream now belongs to no answer (RFC 9112 §9.2)
 *     awaiting   the request is going out, the head of the answer is not here yet
 *     body       the answer is coming in
 *     closed     gone, or handed to a tunnel
 */
type Phase = 'idle' | 'awaiting' | 'body' | 'closed';

/** Bodies that came whole with their head are copied up to this size, which frees the connection at once. */
const WHOLE_BODY_BYTES = 64 * 1024;

/** The client role of HTTP/1.1 on one connection. */
export class OutboundConnection implements OutboundCarrier, ConnectionUser, EncoderOwner, BodyReaderOwner {
  readonly protocol = 'h1';
  /** When it went idle, in the time of its deadlines. */
  idleSinceMs = 0;
  /** How many exchanges it has carried. */
  useCount = 0;
  /** What the endpoint announced about idle connections, in milliseconds. */
  announcedIdleMs: number | undefined = undefined;

  readonly #connection: Connection;
  readonly #owner: OutboundOwner;
  readonly #limits: OutboundLimits;
  readonly #parser: ResponseParser;
  readonly #pending = new ByteQueue();
  #phase: Phase = 'idle';
  #receiver: ResponseReceiver | undefined = undefined;
  #method = '';
  #wantsUpgrade = false;
  #requestBody: Body = emptyBody;
  #encoder: BodyEncoder | undefined = undefined;
  #isBodyHeld = false;
  #reader: BodyReader | undefined = undefined;
  #keepsAlive = false;
  #isUntilClose = false;
  #waitingAtDeadline = 0;
  #error: ProxyError | undefined = undefined;

  constructor(connection: Connection, owner: OutboundOwner, limits: OutboundLimits) {
    this.#connection = connection;
    this.#owner = owner;
    this.#limits = limits;
    this.#parser = new ResponseParser(limits);
    connection.use(this);
    connection.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Whether it may carry a request now. */
  get isUsable(): boolean {
    return this.#phase === 'idle' && !this.#connection.isClosed && !this.#connection.hasEnded;
  }

  get deadlines() {
    return this.#connection.deadlines;
  }

  /** Ends it after `delayMs` of idling. */
  expireIdleIn(delayMs: number): void {
    this.#connection.expireIn(delayMs);
  }

  destroy(): void {
    this.#connection.destroy();
  }

  send(request: OutboundRequest, body: Body, expectsContinue: boolean, receiver: ResponseReceiver): void {
    invariant(this.#phase === 'idle', 'a connection carries one request at a time');
    this.#phase = 'awaiting';
    this.useCount++;
    this.#receiver = receiver;
    this.#method = request.method;
    this.#requestBody = body;
    this.#wantsUpgrade = asksForUpgrade(request.headers);
    const { line, framing } = frameRequest(request.method, body);
    const head = printRequestHead(request.method, request.target, request.headers, line, body.length ?? 0);
    if (body.isEmpty) {
      this.#encoder = undefined;
      this.#connection.writeText(head);
      this.#connection.expireIn(this.#limits.responseTimeoutMs);
      return;
    }
    this.#encoder = new BodyEncoder(this.#connection, this, framing, body.length ?? 0, head);
    this.#isBodyHeld = expectsContinue;
    if (!expectsContinue) this.#sendBody();
    else {
      this.#encoder.flushHead();
      this.#connection.expireIn(this.#limits.continueTimeoutMs);
    }
  }

  /** Gives the request up: the answer is not wanted, the connection cannot be used again. */
  cancel(reason: ProxyError): void {
    if (this.#phase === 'idle' || this.#phase === 'closed') return;
    this.#receiver = undefined;
    this.#cancelRequestBody(reason);
    this.#connection.destroy();
  }

  onBytes(bytes: Buffer, release: Release | undefined): void {
    if (this.#phase === 'body' && this.#reader !== undefined) {
      this.#connection.expireIn(this.#limits.readTimeoutMs);
      const end = this.#reader.feed(bytes, 0, release);
      if (end < bytes.length) {
        // RFC 9112 §9.2: bytes behind an answer belong to no other answer.
        release?.();
        this.#connection.destroy();
      }
      return;
    }
    if (this.#phase === 'awaiting') this.#readHeads(bytes);
    else this.#connection.destroy();
    release?.();
  }

  onEnd(): void {
    if (this.#phase === 'body') this.#bodyEnded(undefined);
    else if (this.#phase === 'awaiting')
      this.#fail(new ProxyError('upstream_closed', this.#pending.length > 0 ? 'within the head' : ''));
    this.#connection.end();
    if (this.#phase !== 'body' || this.#reader === undefined || this.#reader.isComplete) this.#connection.destroy();
  }

  onDrain(): void {
    this.#encoder?.drained();
  }

  onDeadline(): void {
    if (this.#phase === 'awaiting') this.#awaitingTooLong();
    else if (this.#phase === 'body') this.#bodyTooSlow();
    else this.#connection.destroy();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    if (this.#phase === 'awaiting')
      this.#fail(new ProxyError('upstream_closed', '', { cause: error, errno: error?.code }));
    else if (this.#phase === 'body') this.#bodyEnded(error);
    this.#phase = 'closed';
    this.#owner.gone(this);
  }

  // The request body goes out.

  bodyWritten(): void {
    if (this.#phase === 'awaiting') this.#connection.expireIn(this.#limits.responseTimeoutMs);
  }

  /** The client's side broke: the request cannot be finished, so the connection is of no more use. */
  bodyFailed(error: ProxyError): void {
    this.#fail(error);
    this.#connection.destroy();
  }

  // The response body comes in.

  bodyWanted(): void {}

  bodyRead(): void {
    this.#connection.wantsSlabs = false;
    this.#complete();
  }

  bodyBroken(error: ProxyError): void {
    this.#error = error;
    this.#keepsAlive = false;
    this.#connection.destroy();
  }

  bodyCancelled(reason: ProxyError): void {
    this.#cancelRequestBody(reason);
    this.#connection.destroy();
  }

  framingError(detail: string): ProxyError {
    return new ProxyError('response_malformed', detail);
  }

  #sendBody(): void {
    this.#isBodyHeld = false;
    this.#connection.expireIn(this.#limits.responseTimeoutMs);
    const encoder = this.#encoder;
    if (encoder === undefined) return;
    this.#requestBody.sendTo(encoder);
    encoder.flushHead();
  }

  #readHeads(bytes: Buffer): void {
    let view = bytes;
    if (this.#pending.length > 0) {
      this.#pending.append(bytes);
      view = this.#pending.takeAll();
    }
    let start = 0;
    while (this.#phase === 'awaiting' && start < view.length) {
      const again = this.#parser.again(view, start, this.#method);
      if (again !== undefined) {
        start += this.#parser.lastLength;
        if (this.#headRead(again, view, start) === 'final') return;
        continue;
      }
      const end = findHeadEnd(view, start);
      if (end < 0) {
        this.#keepPartialHead(view, start);
        return;
      }
      if (end - start > this.#limits.headBytes) {
        this.#failAndClose(new ProxyError('response_head_too_large', `${end - start} bytes`));
        return;
      }
      const parsed = this.#parser.parse(view, start, end, this.#method);
      if ('code' in parsed) {
        this.#failAndClose(new ProxyError(parsed.code, parsed.detail));
        return;
      }
      start = end;
      if (this.#headRead(parsed, view, start) === 'final') return;
    }
  }

  /** Behind a final head stands its body; by the time this returns, the connection may wait for another head. */
  #headRead(parsed: ParsedResponse, view: Buffer, end: number): 'interim' | 'final' {
    if (isInterimStatus(parsed.head.status)) {
      this.#interim(parsed.head);
      return 'interim';
    }
    this.#final(parsed, view, end);
    return 'final';
  }

  #keepPartialHead(view: Buffer, start: number): void {
    if (view.length - start > this.#limits.headBytes) {
      this.#failAndClose(new ProxyError('response_head_too_large', `more than ${this.#limits.headBytes} bytes`));
    } else {
      this.#pending.append(view, start);
    }
  }

  /** RFC 9110 §15.2: 1xx are forwarded, except 100, which answers our own expectation. */
  #interim(head: ResponseHead): void {
    if (head.status !== 100) this.#receiver?.interim(head);
    else if (this.#isBodyHeld) this.#sendBody();
  }

  #final(parsed: ParsedResponse, view: Buffer, start: number): void {
    this.announcedIdleMs = parsed.announcedIdleMs ?? this.announcedIdleMs;
    this.#keepsAlive = parsed.keepsAlive;
    if (parsed.head.status === 101) {
      this.#switch(parsed, view, start);
      return;
    }
    this.#phase = 'body';
    this.#connection.expireIn(this.#limits.readTimeoutMs);
    const receiver = this.#receiver;
    this.#receiver = undefined;
    const body = this.#readBody(parsed, view, start);
    receiver?.reply({ head: parsed.head, body });
  }

  #readBody(parsed: ParsedResponse, view: Buffer, start: number): Body {
    const { framing } = parsed;
    const available = view.length - start;
    if (
      framing.kind === 'none' ||
      (framing.kind === 'length' && framing.length <= Math.min(available, WHOLE_BODY_BYTES))
    ) {
      const length = framing.kind === 'none' ? 0 : framing.length;
      if (available > length) this.#keepsAlive = false;
      const body = length === 0 ? emptyBody : bytesBody(copyOf(view, start, length));
      this.#complete();
      return body;
    }
    this.#isUntilClose = framing.kind === 'until-close';
    this.#connection.wantsSlabs = framing.kind !== 'length' || framing.length > WHOLE_BODY_BYTES;
    const decoder = createBodyDecoder(framing, this.#limits);
    const reader = new BodyReader(this.#connection, decoder, this, Number.POSITIVE_INFINITY);
    this.#reader = reader;
    if (available > 0) reader.feed(view, start, undefined);
    return reader;
  }

  /** RFC 9110 §15.2.2: 101 answers only a request that asked for it. */
  #switch(parsed: ParsedResponse, view: Buffer, start: number): void {
    if (!this.#wantsUpgrade) {
      this.#failAndClose(new ProxyError('upgrade_failed', '101 without having been asked'));
      return;
    }
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#phase = 'closed';
    const early = Buffer.from(view.subarray(start));
    const end = new TunnelEnd(this.#connection, early, this.#limits.tunnelIdleTimeoutMs, () => this.#owner.gone(this));
    receiver?.reply({ head: parsed.head, body: end, tunnel: end });
  }

  #bodyEnded(error: NodeJS.ErrnoException | undefined): void {
    const isClean = this.#isUntilClose && error === undefined;
    this.#keepsAlive = false;
    const cut =
      this.#error ?? new ProxyError('response_truncated', error?.code ?? '', { cause: error, errno: error?.code });
    this.#reader?.ended(isClean, cut);
  }

  /** The answer is whole. The connection goes back only if the request is whole too and nothing else came. */
  #complete(): void {
    if (this.#phase !== 'body') return;
    const isSent = this.#encoder === undefined || this.#encoder.isOver;
    this.#reader = undefined;
    this.#encoder = undefined;
    this.#isUntilClose = false;
    const requestBody = this.#requestBody;
    this.#requestBody = emptyBody;
    if (isSent && this.#keepsAlive && !this.#connection.hasEnded && !this.#connection.isClosed) {
      this.#phase = 'idle';
      this.#connection.resume();
      this.#connection.deadlineMs = Number.POSITIVE_INFINITY;
      this.#owner.reusable(this);
      return;
    }
    this.#phase = 'closed';
    if (!isSent) requestBody.cancel(new ProxyError('upstream_closed', 'answered before the request was whole'));
    this.#connection.destroy();
  }

  #awaitingTooLong(): void {
    if (this.#isBodyHeld) {
      this.#sendBody();
      return;
    }
    const waiting = this.#connection.bytesWaiting;
    if (waiting > 0) {
      if (waiting === this.#waitingAtDeadline) this.#failAndClose(new ProxyError('upstream_write_timeout'));
      else {
        this.#waitingAtDeadline = waiting;
        this.#connection.expireIn(this.#limits.writeTimeoutMs);
      }
      return;
    }
    // While the client still sends its body, its own deadline counts.
    if (this.#encoder !== undefined && !this.#encoder.isOver) this.#connection.expireIn(this.#limits.responseTimeoutMs);
    else this.#failAndClose(new ProxyError('upstream_timeout'));
  }

  #bodyTooSlow(): void {
    if (this.#connection.isPaused) {
      this.#connection.expireIn(this.#limits.readTimeoutMs);
      return;
    }
    this.#error = new ProxyError('upstream_read_timeout');
    this.#reader?.fail(this.#error);
    this.#connection.destroy();
  }

  #failAndClose(error: ProxyError): void {
    this.#fail(error);
    this.#connection.destroy();
  }

  #fail(error: ProxyError): void {
    if (this.#phase === 'idle' || this.#phase === 'closed') return;
    const receiver = this.#receiver;
    const reader = this.#reader;
    this.#receiver = undefined;
    this.#error ??= error;
    if (this.#phase === 'awaiting') this.#phase = 'closed';
    reader?.fail(error);
    this.#cancelRequestBody(error);
    receiver?.failed(error);
  }

  #cancelRequestBody(reason: ProxyError): void {
    const body = this.#requestBody;
    this.#requestBody = emptyBody;
    if (this.#encoder !== undefined && !this.#encoder.isOver) body.cancel(reason);
  }
}

function copyOf(bytes: Buffer, start: number, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, start, start + length);
  return copy;
}

/** RFC 9112 §6: what is known to have a length says it, the rest is chunked. */
function frameRequest(method: string, body: Body): { line: OutFraming; framing: BodyFraming } {
  if (body.isEmpty) return { line: meansNoContent(method) ? 'none' : 'length', framing: 'length' };
  return body.length === undefined ? { line: 'chunked', framing: 'chunked' } : { line: 'length', framing: 'length' };
}
