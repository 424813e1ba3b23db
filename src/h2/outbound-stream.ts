// One request to an endpoint and its answer on an HTTP/2 stream: owns the body that goes out and the body that comes in.
import { type Body, emptyBody } from '../exchange/body.ts';
import { ProxyError, toProxyError } from '../exchange/errors.ts';
import type { OutboundRequest } from '../exchange/head.ts';
import type { OutboundCarrier, ResponseReceiver } from '../exchange/outbound.ts';
import { isGrpc } from '../http/grpc.ts';
import { HeaderList, type ReadonlyHeaderList } from '../http/header-list.ts';
import { isIdempotent } from '../http/method.ts';
import { isBodylessStatus, isInterimStatus } from '../http/status.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { invariant } from '../util/invariant.ts';
import { switchedHead, WEBSOCKET } from './extended-connect.ts';
import { type HeadFault, RESPONSE_FAULTS } from './field-lines.ts';
import { CODE } from './frames.ts';
import type { BlockFault } from './hpack/decoder.ts';
import type { LentBytes } from './lent-bytes.ts';
import type { OutboundSessionLimits } from './limits.ts';
import { MessageBody, type MessageBodyOwner } from './message-body.ts';
import { MessageSink, type MessageSinkOwner } from './message-sink.ts';
import type { ReadResponse } from './read-response.ts';
import { connectLines, requestLines } from './request-lines.ts';
import type { Stream, StreamUser } from './stream.ts';

/** What a stream needs of the session it is on. */
export interface OutboundStreamContext {
  readonly scheme: 'http' | 'https';
  readonly limits: OutboundSessionLimits;
  readonly deadlines: Deadlines;
  /** Whether the connection is gone, or about to be. */
  readonly isOver: boolean;
  /** Why; empty where nobody knows. */
  readonly endDetail: string;
  /** Makes a stream, or undefined if none may begin any more. */
  begin(user: StreamUser): Stream | undefined;
  readHead(lines: readonly string[]): ReadResponse | HeadFault;
  /** Whether the connection ended because the endpoint wants HTTP/1.1, and may have it. */
  readonly endsForHttp1: boolean;
  /** The endpoint wants HTTP/1.1 for the request (RFC 9113 §7). Answers whether it will be had. */
  http1Required(): boolean;
  /** The endpoint was silent for too long. */
  checkAlive(): void;
  /** The place is free again; the last call. */
  streamGone(stream: OutboundStream): void;
}

/**
 *     idle       nothing was sent
 *     awaiting   the request is going out, the head of the answer is not here yet
 *     body       the answer is coming in
 *     tunnel     a WebSocket
 *     closed     the answer is whole, though perhaps nobody has taken it yet, or it never will be
 */
type Phase = 'idle' | 'awaiting' | 'body' | 'tunnel' | 'closed';

const NO_HEADERS = new HeaderList();
const HEAD_TOO_LARGE: HeadFault = { code: RESPONSE_FAULTS.headTooLarge, detail: 'header block' };

/** The client role of one stream. */
export class OutboundStream implements OutboundCarrier, StreamUser, MessageBodyOwner, MessageSinkOwner, Expiring {
  readonly protocol = 'h2';
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #context: OutboundStreamContext;
  #phase: Phase = 'idle';
  #stream: Stream | undefined = undefined;
  #receiver: ResponseReceiver | undefined = undefined;
  #method = '';
  #requestHeaders: ReadonlyHeaderList = NO_HEADERS;
  #isHandshake = false;
  #isGrpc = false;
  #requestBody: Body = emptyBody;
  #sink: MessageSink | undefined = undefined;
  /** Whether the request body waits for 100. */
  #isBodyHeld = false;
  #body: MessageBody | undefined = undefined;
  #interimCount = 0;

  constructor(context: OutboundStreamContext) {
    this.#context = context;
  }

  send(request: OutboundRequest, body: Body, expectsContinue: boolean, receiver: ResponseReceiver): void {
    invariant(this.#phase === 'idle', 'a stream carries one request');
    this.#phase = 'awaiting';
    this.#receiver = receiver;
    this.#method = request.method;
    this.#requestHeaders = request.headers;
    this.#isHandshake = request.headers.get('upgrade')?.toLowerCase() === WEBSOCKET;
    this.#isGrpc = isGrpc(request.headers.get('content-type'));
    const begun = this.#begin(request, body);
    if (begun instanceof ProxyError) {
      this.#fail(begun);
      this.#context.streamGone(this);
      return;
    }
    this.#stream = begun.stream;
    this.#context.deadlines.add(this);
    this.#isBodyHeld = expectsContinue && !body.isEmpty;
    this.#requestBody = body;
    begun.stream.sendHead(begun.lines, body.isEmpty && !this.#isHandshake);
    if (this.#isBodyHeld) this.deadlineMs = this.#context.deadlines.in(this.#context.limits.continueTimeoutMs);
    else this.#sendBody();
  }

  cancel(reason: ProxyError): void {
    if (this.#phase === 'idle') this.destroy();
    else if (this.#phase !== 'closed') this.#giveUpUnheard(reason);
  }

  destroy(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'closed';
    this.#context.streamGone(this);
  }

  /** The endpoint takes nothing of what waits for it, of whatever stream. */
  writeTimedOut(): void {
    this.#giveUp(new ProxyError('upstream_write_timeout'), CODE.cancel);
  }

  // The request body goes out.

  onMoved(): void {
    this.#watch();
  }

  onDrained(): void {
    this.#sink?.onDrained?.();
  }

  onEndSent(): void {
    this.#watch();
  }

  /** A tunnel lives as long as bytes go either way. */
  bodyMoved(): void {
    if (this.#phase === 'tunnel') this.#watch();
  }

  /** The client's side broke: the request cannot be finished. */
  bodyFailed(error: ProxyError): void {
    this.#giveUp(error, CODE.cancel);
  }

  // The response comes in.

  onHeaders(lines: readonly string[] | BlockFault, isEnd: boolean): void {
    if (this.#phase === 'awaiting') this.#headArrived(lines, isEnd);
    else this.#body?.trailersArrived(lines, isEnd);
  }

  onData(bytes: Buffer, lent: LentBytes | undefined): void {
    if (this.#body === undefined) this.#refuse('response_malformed', 'DATA where none can be');
    else this.#body.arrived(bytes, lent);
  }

  /** RFC 9113 §8.1: an answer may be whole before the request is; the rest of that is of no use. */
  onEnd(): void {
    if (this.#phase === 'awaiting') this.#refuse('response_malformed', 'an end without a final head');
    this.#body?.ended();
    if (this.#phase === 'tunnel') return;
    this.#phase = 'closed';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#dropRequestRest();
    // NO_ERROR says that nothing is wrong with the answer.
    if (this.#stream?.hasEnded === false) this.#stream.reset(CODE.none);
  }

  onClosed(code: number): void {
    this.#context.deadlines.remove(this);
    if (this.#stream?.hasPeerEnded) this.#phase = 'closed';
    else this.#fail(this.#closeError(code));
    this.#context.streamGone(this);
  }

  bodyWanted(): void {
    this.#restart();
  }

  bodyArrived(): void {
    this.#watch();
  }

  bodyUnblocked(): void {
    this.#restart();
  }

  bodyRead(): void {}

  bodyBroken(error: ProxyError): void {
    this.#giveUp(error, CODE.protocol);
  }

  bodyCancelled(reason: ProxyError): void {
    this.#giveUpUnheard(reason);
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#phase === 'closed') this.#stream?.reset(CODE.cancel);
    else if (this.#isBodyHeld) this.#sendBody();
    else if (this.#phase === 'tunnel') this.#giveUp(new ProxyError('upstream_closed', 'silent tunnel'), CODE.cancel);
    else if (this.#stream?.isWaiting && this.#stream.isBehindOthers) this.#watch();
    else if (this.#stream?.isWaiting) this.#timeOut(new ProxyError('upstream_write_timeout'));
    else if (this.#phase === 'awaiting') this.#timeOut(new ProxyError('upstream_timeout'));
    else if (this.#body?.isWaiting) this.#timeOut(new ProxyError('upstream_read_timeout'));
  }

  /** The stream and the head to send on it, or why there is none. */
  #begin(request: OutboundRequest, body: Body): { stream: Stream; lines: readonly string[] } | ProxyError {
    const { scheme } = this.#context;
    try {
      const lines = this.#isHandshake ? connectLines(request, scheme) : requestLines(request, body, scheme);
      const stream = this.#context.begin(this);
      return stream === undefined ? refused('the session is over') : { stream, lines };
    } catch (error) {
      return toProxyError(error);
    }
  }

  #sendBody(): void {
    this.#isBodyHeld = false;
    const stream = this.#stream;
    if (stream !== undefined && !this.#requestBody.isEmpty) {
      const sink = new MessageSink(stream, this, this.#requestBody.length);
      this.#sink = sink;
      this.#requestBody.sendTo(sink);
    }
    this.#watch();
  }

  #headArrived(lines: readonly string[] | BlockFault, isEnd: boolean): void {
    const read = typeof lines === 'string' ? HEAD_TOO_LARGE : this.#context.readHead(lines);
    if ('code' in read) this.#refuse(read.code, read.detail);
    else if (isInterimStatus(read.head.status)) this.#interim(read);
    else if (this.#isHandshake && read.head.status < 300) this.#switch(read);
    else this.#answer(read, isEnd);
  }

  /** RFC 9110 §15.2: 1xx are forwarded, except 100, which answers our own expectation. */
  #interim({ head }: ReadResponse): void {
    if (++this.#interimCount > this.#context.limits.interimCount)
      this.#giveUp(new ProxyError('response_malformed', 'too many informational heads'), CODE.enhanceYourCalm);
    else if (head.status !== 100) this.#receiver?.interim(head);
    else if (this.#isBodyHeld) this.#sendBody();
  }

  #answer({ head, length }: ReadResponse, isEnd: boolean): void {
    const stream = this.#stream;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#isBodyHeld = false;
    if (stream === undefined) return;
    this.#phase = 'body';
    if (isEnd || length === 0 || this.#method === 'HEAD' || isBodylessStatus(head.status)) {
      if (!isEnd) this.#awaitEnd();
      receiver?.reply({ head, body: emptyBody });
      return;
    }
    this.#body = new MessageBody(stream, length, this, this.#bodyLimits);
    this.#watch();
    receiver?.reply({ head, body: this.#body });
  }

  /** The answer is whole with its head, but its stream is not over yet; an endpoint that never ends it is not waited for. */
  #awaitEnd(): void {
    this.#phase = 'closed';
    this.deadlineMs = this.#context.deadlines.in(this.#context.limits.lingerTimeoutMs);
    this.#dropRequestRest();
  }

  /** RFC 8441 §5: the stream is the WebSocket now, in both directions. */
  #switch({ head }: ReadResponse): void {
    const stream = this.#stream;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (stream === undefined) return;
    this.#phase = 'tunnel';
    const sink = new MessageSink(stream, this, undefined);
    this.#sink = sink;
    this.#body = new MessageBody(stream, undefined, this, this.#bodyLimits);
    this.#watch();
    receiver?.reply({ head: switchedHead(head, this.#requestHeaders), body: this.#body, tunnel: sink });
  }

  get #bodyLimits() {
    const { headerCount } = this.#context.limits;
    return { bodyBytes: Number.POSITIVE_INFINITY, headerCount, faults: RESPONSE_FAULTS };
  }

  /** A deadline for the answer to go on, told from within, before the body counts as flowing. */
  #restart(): void {
    if (this.#phase !== 'closed') this.deadlineMs = this.#context.deadlines.in(this.#readTimeoutMs);
  }

  /** Calls of gRPC are silent for as long as nothing happens, as tunnels are. */
  get #readTimeoutMs(): number {
    const { readTimeoutMs, tunnelIdleTimeoutMs } = this.#context.limits;
    return this.#phase === 'tunnel' || this.#isGrpc ? tunnelIdleTimeoutMs : readTimeoutMs;
  }

  /** The deadline of whoever is waited for: the endpoint, for what it takes or for what it sends, or nobody. */
  #watch(): void {
    const { deadlines, limits } = this.#context;
    if (this.#phase === 'closed' || this.#isBodyHeld) return;
    if (this.#phase === 'tunnel') this.deadlineMs = deadlines.in(limits.tunnelIdleTimeoutMs);
    else if (this.#stream?.isWaiting) {
      this.#stream.watchTurns();
      this.deadlineMs = deadlines.in(limits.writeTimeoutMs);
    } else if (this.#phase === 'awaiting') {
      // While the client still sends its body, its own deadline counts.
      if (this.#stream?.hasEnded !== true) this.deadlineMs = Number.POSITIVE_INFINITY;
      else this.deadlineMs = deadlines.in(this.#isGrpc ? limits.tunnelIdleTimeoutMs : limits.responseTimeoutMs);
    } else if (this.#body?.isWaiting) this.deadlineMs = deadlines.in(this.#readTimeoutMs);
    else this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  #timeOut(error: ProxyError): void {
    this.#giveUp(error, CODE.cancel);
    this.#context.checkAlive();
  }

  /** Why there is no answer, or no whole one, on a stream that was closed with `code`. */
  #closeError(code: number): ProxyError {
    const { isOver, endDetail } = this.#context;
    if (this.#phase !== 'awaiting') return new ProxyError('response_truncated', isOver ? endDetail : `reset ${code}`);
    if (this.#isForHttp1(code)) return new ProxyError('http1_required');
    if (code === CODE.refusedStream) return refused(isOver ? 'the session is over' : 'by REFUSED_STREAM or GOAWAY');
    return isOver ? new ProxyError('upstream_closed', endDetail) : new ProxyError('stream_reset', `code ${code}`);
  }

  /**
   * Whether the request, to which there was no answer, is one for HTTP/1.1 (RFC 9113 §7). Said of the stream, nothing was done
   * with it; said of the connection, what had begun is sent again only where twice is the same as once (RFC 9110 §9.2.2).
   */
  #isForHttp1(code: number): boolean {
    const { isOver, endsForHttp1 } = this.#context;
    if (isOver) return endsForHttp1 && code !== CODE.refusedStream && isIdempotent(this.#method);
    return code === CODE.http11Required && this.#context.http1Required();
  }

  #refuse(code: ProxyError['code'], detail: string): void {
    this.#giveUp(new ProxyError(code, detail), CODE.protocol);
  }

  /** Ends the stream from our side; the receiver, or the sink of the answer, hears why. */
  #giveUp(error: ProxyError, code: number): void {
    this.#fail(error);
    this.#stream?.reset(code);
  }

  /** Ends it for whoever does not want the answer any more. */
  #giveUpUnheard(reason: ProxyError): void {
    this.#receiver = undefined;
    this.#phase = 'closed';
    this.#cancelRequestBody(reason);
    this.#stream?.reset(CODE.cancel);
  }

  /** Everybody who still works for this stream hears that it is over. */
  #fail(error: ProxyError): void {
    if (this.#phase === 'closed') return;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#phase = 'closed';
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#body?.fail(error);
    this.#cancelRequestBody(error);
    receiver?.failed(error);
  }

  #dropRequestRest(): void {
    // Seldom needed, and an error costs more than all else here: it notes where it was made.
    if (this.#stream?.hasEnded !== false) return;
    this.#cancelRequestBody(new ProxyError('upstream_closed', 'answered before the request was whole'));
  }

  #cancelRequestBody(reason: ProxyError): void {
    const body = this.#requestBody;
    this.#requestBody = emptyBody;
    if (!body.isEmpty && this.#stream?.hasEnded === false) body.cancel(reason);
  }
}

function refused(detail: string): ProxyError {
  return new ProxyError('stream_refused', detail);
}
