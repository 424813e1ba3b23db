// One request to an endpoint and its answer on an HTTP/2 stream: owns the body that goes out and the body that comes in.
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from 'node:http2';
import { type Body, emptyBody } from '../exchange/body.ts';
import { ProxyError, toProxyError } from '../exchange/errors.ts';
import type { OutboundRequest } from '../exchange/head.ts';
import type { OutboundCarrier, ResponseReceiver } from '../exchange/outbound.ts';
import { isGrpc } from '../http/grpc.ts';
import { HeaderList, type ReadonlyHeaderList } from '../http/header-list.ts';
import { isBodylessStatus, isInterimStatus } from '../http/status.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { invariant } from '../util/invariant.ts';
import { switchedHead, WEBSOCKET } from './extended-connect.ts';
import { RESPONSE_FAULTS } from './field-lines.ts';
import type { OutboundSessionLimits } from './limits.ts';
import { type ReadResponse, readResponse } from './read-response.ts';
import { connectFields, requestFields } from './request-headers.ts';
import { StreamBody, type StreamBodyOwner } from './stream-body.ts';
import { StreamSink, type StreamSinkOwner } from './stream-sink.ts';

/** What a stream needs of the session it is on. */
export interface OutboundStreamContext {
  readonly scheme: 'http' | 'https';
  readonly limits: OutboundSessionLimits;
  readonly deadlines: Deadlines;
  /** Whether the connection is gone. */
  readonly isOver: boolean;
  /** Begins a stream, or undefined if none may begin any more. */
  request(fields: OutgoingHttpHeaders, isWhole: boolean): ClientHttp2Stream | undefined;
  /** Whether the endpoint said that it did nothing for a stream. */
  wasIgnored(streamId: number | undefined): boolean;
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
 *     closed     over for the receiver; the place is free when node:http2 says `close`
 */
type Phase = 'idle' | 'awaiting' | 'body' | 'tunnel' | 'closed';

const NO_HEADERS = new HeaderList();

/** The client role of one stream. */
export class OutboundStream implements OutboundCarrier, StreamBodyOwner, StreamSinkOwner, Expiring {
  readonly protocol = 'h2';
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #context: OutboundStreamContext;
  #phase: Phase = 'idle';
  #stream: ClientHttp2Stream | undefined = undefined;
  #receiver: ResponseReceiver | undefined = undefined;
  #method = '';
  #requestHeaders: ReadonlyHeaderList = NO_HEADERS;
  #isHandshake = false;
  #isGrpc = false;
  #requestBody: Body = emptyBody;
  #sink: StreamSink | undefined = undefined;
  #isBodyHeld = false;
  #body: StreamBody | undefined = undefined;
  #interimCount = 0;
  /** Whether END_STREAM came. */
  #isAnswerWhole = false;

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
    if (!this.#begin(request, body)) return;
    this.#context.deadlines.add(this);
    this.#isBodyHeld = expectsContinue && !body.isEmpty;
    this.#requestBody = body;
    if (this.#isBodyHeld) this.deadlineMs = this.#context.deadlines.in(this.#context.limits.continueTimeoutMs);
    else this.#sendBody();
  }

  cancel(reason: ProxyError): void {
    if (this.#phase === 'idle') this.destroy();
    else if (this.#phase !== 'closed') this.#giveUp(reason, constants.NGHTTP2_CANCEL);
  }

  destroy(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'closed';
    this.#context.streamGone(this);
  }

  /** The endpoint sends nothing more. What has come whole is still read. */
  connectionEnded(error: ProxyError): void {
    if (!this.#isAnswerWhole || this.#phase === 'awaiting') this.abandon(error);
  }

  /** The session is over. */
  abandon(error: ProxyError): void {
    const stream = this.#stream;
    this.#fail(this.#context.wasIgnored(stream?.id) ? refused('GOAWAY') : error);
    this.#close(constants.NGHTTP2_CANCEL);
    if (stream === undefined) this.#context.streamGone(this);
  }

  // The request body goes out.

  bodyMoved(): void {
    this.#watch();
  }

  /** The client's side broke: the request cannot be finished. */
  bodyFailed(error: ProxyError): void {
    this.#giveUp(error, constants.NGHTTP2_CANCEL, true);
  }

  // The response body comes in.

  bodyWanted(): void {
    this.#restart();
  }

  bodyArrived(): void {
    this.#watch();
  }

  bodyUnblocked(): void {
    this.#restart();
  }

  /** RFC 9113 §8.1: an answer may be whole before the request is; the rest of that is of no use. */
  bodyRead(): void {
    if (this.#phase === 'tunnel') return;
    this.#phase = 'closed';
    this.#linger();
    this.#cancelRequestBody(new ProxyError('upstream_closed', 'answered before the request was whole'));
  }

  bodyBroken(error: ProxyError): void {
    this.#giveUp(error, constants.NGHTTP2_PROTOCOL_ERROR, true);
  }

  bodyCancelled(reason: ProxyError): void {
    this.#giveUp(reason, constants.NGHTTP2_CANCEL);
  }

  isEndOfMessage(): boolean {
    return this.#isAnswerWhole;
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#phase === 'closed') this.#endLingering();
    else if (this.#phase === 'awaiting' && this.#isBodyHeld) this.#sendBody();
    else if (this.#sink?.isWaiting) this.#timeOut(new ProxyError('upstream_write_timeout'));
    else if (this.#phase === 'awaiting') this.#timeOut(new ProxyError('upstream_timeout'));
    else if (this.#phase === 'tunnel') this.#giveUp(new ProxyError('upstream_closed', 'silent tunnel'), CANCEL, true);
    else if (this.#body?.isWaiting) this.#timeOut(new ProxyError('upstream_read_timeout'));
  }

  #endLingering(): void {
    if (this.#stream?.closed) this.#stream.destroy();
    else this.#close(CANCEL);
  }

  /** Begins the stream, or tells the receiver that there is none. */
  #begin(request: OutboundRequest, body: Body): boolean {
    const { scheme } = this.#context;
    try {
      const fields = this.#isHandshake ? connectFields(request, scheme) : requestFields(request, body, scheme);
      const stream = this.#context.request(fields, body.isEmpty && !this.#isHandshake);
      if (stream !== undefined) {
        this.#listen(stream);
        return true;
      }
      this.#fail(refused('the session is over'));
    } catch (error) {
      this.#fail(toProxyError(error));
    }
    this.#context.streamGone(this);
    return false;
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    watchEndStream(stream, () => {
      this.#isAnswerWhole = true;
    });
    stream.on('headers', (_headers, _flags, lines?: string[]) => this.#onInterim(lines ?? []));
    stream.on('response', (_headers, flags, lines?: string[]) =>
      this.#onResponse(lines ?? [], (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0),
    );
    stream.on('finish', () => this.#watch());
    stream.on('error', nothing);
    stream.on('close', () => this.#onClose(stream));
  }

  #sendBody(): void {
    this.#isBodyHeld = false;
    const stream = this.#stream;
    if (stream !== undefined && !this.#requestBody.isEmpty) {
      const sink = new StreamSink(stream, this, this.#requestBody.length);
      this.#sink = sink;
      sink.start();
      this.#requestBody.sendTo(sink);
    }
    this.#watch();
  }

  /** RFC 9110 §15.2: 1xx are forwarded, except 100, which answers our own expectation. */
  #onInterim(lines: readonly string[]): void {
    if (this.#phase !== 'awaiting') return;
    const read = readResponse(lines, this.#context.limits);
    if ('code' in read) this.#giveUp(new ProxyError(read.code, read.detail), PROTOCOL_ERROR, true);
    else if (++this.#interimCount > this.#context.limits.interimCount)
      this.#giveUp(new ProxyError('response_malformed', 'too many informational heads'), CALM, true);
    else if (read.head.status !== 100) this.#receiver?.interim(read.head);
    else if (this.#isBodyHeld) this.#sendBody();
  }

  #onResponse(lines: readonly string[], isWhole: boolean): void {
    if (this.#phase === 'closed') return;
    const read = readResponse(lines, this.#context.limits);
    if ('code' in read) this.#giveUp(new ProxyError(read.code, read.detail), PROTOCOL_ERROR, true);
    else if (this.#phase !== 'awaiting' || isInterimStatus(read.head.status))
      this.#giveUp(new ProxyError('response_malformed', 'a head where none can be'), PROTOCOL_ERROR, true);
    else if (this.#isHandshake && read.head.status < 300) this.#switch(read);
    else this.#answer(read, isWhole);
  }

  #answer({ head, length }: ReadResponse, isWhole: boolean): void {
    const stream = this.#stream;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (stream === undefined) return;
    this.#phase = 'body';
    if (isWhole || length === 0 || this.#method === 'HEAD' || isBodylessStatus(head.status)) {
      this.bodyRead();
      // Nobody else reads its end, and it does not close before; an endpoint that never sends it is not waited for.
      stream.resume();
      receiver?.reply({ head, body: emptyBody });
      return;
    }
    this.#body = new StreamBody(stream, length, this, this.#bodyLimits);
    this.#watch();
    receiver?.reply({ head, body: this.#body });
  }

  /** RFC 8441 §5: the stream is the WebSocket now, in both directions. */
  #switch({ head }: ReadResponse): void {
    const stream = this.#stream;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (stream === undefined) return;
    this.#phase = 'tunnel';
    const sink = new StreamSink(stream, this, undefined);
    this.#sink = sink;
    sink.start();
    this.#body = new StreamBody(stream, undefined, this, this.#bodyLimits);
    this.#restart();
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
    else if (this.#sink?.isWaiting) this.deadlineMs = deadlines.in(limits.writeTimeoutMs);
    else if (this.#phase === 'awaiting') {
      const isSent = this.#sink === undefined || this.#sink.isHandedOver;
      // While the client still sends its body, its own deadline counts.
      if (!isSent) this.deadlineMs = Number.POSITIVE_INFINITY;
      else this.deadlineMs = deadlines.in(this.#isGrpc ? limits.tunnelIdleTimeoutMs : limits.responseTimeoutMs);
    } else if (this.#body?.isWaiting) this.deadlineMs = deadlines.in(this.#readTimeoutMs);
    else this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  #timeOut(error: ProxyError): void {
    this.#giveUp(error, CANCEL, true);
    this.#context.checkAlive();
  }

  #onClose(stream: ClientHttp2Stream): void {
    this.#context.deadlines.remove(this);
    this.#fail(this.#closeError(stream));
    this.#context.streamGone(this);
  }

  #closeError({ id, rstCode }: ClientHttp2Stream): ProxyError {
    if (this.#phase !== 'awaiting')
      return new ProxyError('response_truncated', this.#context.isOver ? '' : `reset ${rstCode}`);
    if (this.#context.wasIgnored(id) || rstCode === constants.NGHTTP2_REFUSED_STREAM)
      return refused(`reset ${rstCode}`);
    if (this.#context.isOver) return new ProxyError('upstream_closed');
    return new ProxyError('stream_reset', `code ${rstCode}`);
  }

  /** Ends the stream from our side. `tells`: the receiver, or the sink of the answer, hears why. */
  #giveUp(reason: ProxyError, code: number, tells = false): void {
    if (!tells) {
      this.#receiver = undefined;
      this.#phase = 'closed';
      this.#cancelRequestBody(reason);
    }
    this.#fail(reason);
    this.#close(code);
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

  /** Nobody is interested any more; the place must come free all the same. */
  #linger(): void {
    this.deadlineMs = this.#context.deadlines.in(this.#context.limits.lingerTimeoutMs);
  }

  #close(code: number): void {
    this.#linger();
    if (this.#stream !== undefined && !this.#stream.destroyed) this.#stream.close(code);
  }

  #cancelRequestBody(reason: ProxyError): void {
    const body = this.#requestBody;
    this.#requestBody = emptyBody;
    const isSent = body.isEmpty || this.#sink?.isHandedOver === true;
    if (isSent) return;
    body.cancel(reason);
    // The answer is whole: NO_ERROR says that nothing is wrong with it (RFC 9113 §8.1).
    if (this.#isAnswerWhole) this.#close(constants.NGHTTP2_NO_ERROR);
  }
}

const CANCEL = constants.NGHTTP2_CANCEL;
const PROTOCOL_ERROR = constants.NGHTTP2_PROTOCOL_ERROR;
const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;

function refused(detail: string): ProxyError {
  return new ProxyError('stream_refused', detail);
}

/**
 * Tells when END_STREAM comes. Exception: `push` is overridden, because node:http2 pushes the end of a stream alike that
 * the endpoint reset with NO_ERROR, and has no other sign of the difference than `closed` at that instant.
 */
function watchEndStream(stream: ClientHttp2Stream, onEndStream: () => void): void {
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !stream.closed) onEndStream();
    return push(chunk, encoding);
  };
}

function nothing(): void {}
