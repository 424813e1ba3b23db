// One request and its answer on an HTTP/2 stream: carries the exchange, owns its body in and its body out.
import { constants, type ServerHttp2Stream } from 'node:http2';
import { type Body, emptyBody } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import type { Reply } from '../exchange/handler.ts';
import type { ResponseHead } from '../exchange/head.ts';
import type { Carrier, ExchangeHost } from '../exchange/host.ts';
import { isGrpc } from '../http/grpc.ts';
import { isBodylessStatus } from '../http/status.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { beginHandshake, HANDSHAKE_FIELDS, isAccepted, WEBSOCKET } from './extended-connect.ts';
import { type HeadFault, REQUEST_FAULTS } from './field-lines.ts';
import type { SessionLimits } from './limits.ts';
import type { ReadRequest } from './pseudo-headers.ts';
import { finalFields, interimFields } from './response-headers.ts';
import { StreamBody, type StreamBodyOwner } from './stream-body.ts';
import { StreamSink, type StreamSinkOwner } from './stream-sink.ts';

/** An unread body of at most this many bytes is read and dropped behind the answer; a longer one is cut off. */
const SKIP_BYTES_LIMIT = 64 * 1024;

/** What a stream needs of the connection it is on. */
export interface StreamContext {
  readonly facts: ConnectionFacts;
  readonly host: ExchangeHost;
  readonly limits: SessionLimits;
  readonly deadlines: Deadlines;
  /** The stream is gone; the last call. `isBroken`: the client ended it before it had its answer. */
  streamGone(stream: InboundStream, isBroken: boolean): void;
}

/**
 * One stream. It is over twice: for the exchange when the answer was handed over or given up, for the connection when
 * node:http2 says `close`.
 */
export class InboundStream implements Carrier, StreamBodyOwner, StreamSinkOwner, Expiring {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #context: StreamContext;
  readonly #stream: ServerHttp2Stream;
  readonly #body: StreamBody | undefined;
  readonly #read: ReadRequest | HeadFault;
  readonly #handshakeKey: string | undefined;
  readonly #isGrpc: boolean;
  #exchange: Exchange | undefined = undefined;
  #reply: Reply | undefined = undefined;
  #sink: StreamSink | undefined = undefined;
  #owesContinue = false;
  #isTunnel = false;
  #isAnswered = false;
  #isGivenUp = false;
  #isClosed = false;

  /** `read` is the head, or what is wrong with it. */
  constructor(context: StreamContext, stream: ServerHttp2Stream, read: ReadRequest | HeadFault) {
    this.#context = context;
    this.#stream = stream;
    const handshake = 'head' in read && read.protocol === WEBSOCKET ? beginHandshake(read) : undefined;
    this.#read = handshake?.read ?? read;
    this.#handshakeKey = handshake?.key;
    this.#isGrpc = 'head' in read && isGrpc(read.head.headers.get('content-type'));
    stream.on('error', nothing);
    stream.on('aborted', () => this.#onAborted());
    stream.on('close', () => this.#onClose());
    stream.on('finish', () => this.#onFinish());
    this.#body = stream.endAfterHeaders
      ? undefined
      : new StreamBody(stream, 'head' in read ? read.length : undefined, this, {
          headerCount: context.limits.headerCount,
          bodyBytes: handshake === undefined ? context.limits.bodyBytes : Number.POSITIVE_INFINITY,
          faults: REQUEST_FAULTS,
        });
    // Nobody else reads the end of a stream without a body, and it does not close before.
    if (this.#body === undefined) stream.resume();
    stream.on('end', () => this.#onEnd());
    context.deadlines.add(this);
  }

  /** Whether nothing more is expected of the client: END_STREAM came, and not for a tunnel. */
  get isWhole(): boolean {
    if (this.#handshakeKey !== undefined) return false;
    return this.#body === undefined || this.#body.isComplete || this.#stream.state.remoteClose === 1;
  }

  /** Opens the exchange, or answers that there is none. */
  open(): void {
    const { limits } = this.#context;
    const read = this.#read;
    if ('code' in read) {
      this.#refuse(new ProxyError(read.code, read.detail), read.target);
    } else if (read.protocol !== undefined && read.protocol !== WEBSOCKET) {
      this.#refuse(new ProxyError('method_unsupported', `CONNECT for ${read.protocol}`));
    } else if ((read.length ?? 0) > limits.bodyBytes) {
      this.#refuse(new ProxyError('request_body_too_large', `${read.length} bytes announced`));
    } else if (read.length === 0 && this.#body !== undefined) {
      this.#openBehindEnd(read, this.#body);
    } else {
      this.#owesContinue = read.head.expectsContinue;
      this.#run(read, this.#requestBody(read));
    }
  }

  /**
   * Content-Length 0 without END_STREAM: whole upstream with its head, so that waits until nothing comes that would make
   * the request malformed (RFC 9113 §8.1.1).
   */
  #openBehindEnd(read: ReadRequest, body: StreamBody): void {
    this.#owesContinue = read.head.expectsContinue;
    body.sendTo({
      onDrained: undefined,
      write: () => true,
      end: () => this.#run(read, emptyBody),
      abort: (error) => {
        if (this.#mayStillSendHeads) this.#refuse(error);
      },
    });
  }

  #run(read: ReadRequest, body: Body): void {
    const { host, facts } = this.#context;
    const exchange = host.open(facts, read.head, body, this);
    this.#exchange = exchange;
    host.run(exchange, this);
  }

  respond(reply: Reply): void {
    if (this.#isClosed || this.#isGivenUp || this.#reply !== undefined) {
      reply.body.cancel(new ProxyError('client_gone'));
      reply.tunnel?.abort(new ProxyError('client_gone'));
      return;
    }
    const isSuccess = reply.head.status < 300;
    if (reply.tunnel !== undefined) this.#switch(reply, reply.tunnel);
    else if (this.#handshakeKey !== undefined && isSuccess) this.#refuseSwitch(reply, 'no switch');
    else this.#write(reply);
  }

  sendInterim(head: ResponseHead): void {
    // RFC 9113 §8.6: no 101. 100 is ours to send, when the body is wanted.
    if (head.status === 100 || head.status === 101 || !this.#mayStillSendHeads) return;
    this.#stream.additionalHeaders(interimFields(head));
  }

  bodyWanted(): void {
    if (this.#owesContinue && this.#mayStillSendHeads) this.#stream.additionalHeaders({ ':status': 100 });
    this.#owesContinue = false;
    // Told from within sendTo, before the body counts as flowing.
    this.deadlineMs = this.#context.deadlines.in(this.#bodyTimeoutMs);
  }

  bodyArrived(size: number): void {
    if (this.#exchange !== undefined && !this.#isTunnel) this.#exchange.bytesReceived += size;
    this.#watch();
  }

  bodyUnblocked(): void {
    this.deadlineMs = this.#context.deadlines.in(this.#bodyTimeoutMs);
  }

  bodyRead(): void {
    this.#watch();
  }

  bodyBroken(error: ProxyError): void {
    if (this.#exchange !== undefined && this.#reply === undefined) return;
    this.#giveUp(error, constants.NGHTTP2_PROTOCOL_ERROR);
  }

  /** What is not read stays behind a closed window until the answer is out. */
  bodyCancelled(): void {}

  isEndOfMessage(): boolean {
    return !this.#stream.aborted;
  }

  bodyMoved(): void {
    this.#watch();
  }

  /** The answer broke: behind its head only a reset tells (RFC 9113 §8.1). */
  bodyFailed(error: ProxyError): void {
    const isOurs = error.side !== 'client';
    this.#giveUp(error, isOurs ? constants.NGHTTP2_INTERNAL_ERROR : constants.NGHTTP2_CANCEL);
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#isTunnel && !this.#isAnswered)
      this.#giveUp(new ProxyError('client_gone', 'silent tunnel'), constants.NGHTTP2_CANCEL);
    else if (this.#sink?.isWaiting) this.#giveUp(new ProxyError('response_write_timeout'), constants.NGHTTP2_CANCEL);
    else if (this.#isAnswered) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    else if (this.#body?.isWaiting) this.#body.fail(new ProxyError('request_body_timeout'));
  }

  /** The connection is being ended from our side. */
  abandon(error: ProxyError): void {
    this.#giveUp(error, constants.NGHTTP2_CANCEL);
  }

  #requestBody(read: ReadRequest): Body {
    return this.#body === undefined || read.protocol !== undefined ? emptyBody : this.#body;
  }

  get #mayStillSendHeads(): boolean {
    return this.#reply === undefined && !this.#isClosed && !this.#stream.closed && !this.#stream.destroyed;
  }

  /** Calls of gRPC are silent for as long as nothing happens, as tunnels are. */
  get #bodyTimeoutMs(): number {
    const { bodyTimeoutMs, tunnelIdleTimeoutMs } = this.#context.limits;
    return this.#isTunnel || this.#isGrpc ? tunnelIdleTimeoutMs : bodyTimeoutMs;
  }

  /** The deadline of whoever is waited for: the client, for what it takes or for what it sends, or nobody. */
  #watch(): void {
    const { deadlines, limits } = this.#context;
    if (this.#isTunnel) this.deadlineMs = deadlines.in(limits.tunnelIdleTimeoutMs);
    else if (this.#sink?.isWaiting) this.deadlineMs = deadlines.in(limits.writeTimeoutMs);
    else if (this.#body?.isWaiting) this.deadlineMs = deadlines.in(this.#bodyTimeoutMs);
    else this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** RFC 9113 §8.1.1 lets a server answer a malformed request before it resets the stream. */
  #refuse(error: ProxyError, target?: string): void {
    this.#write(this.#context.host.refuse(this.#context.facts, error, target));
  }

  #write(reply: Reply): void {
    this.#reply = reply;
    const { head, body } = reply;
    const isHead = 'head' in this.#read && this.#read.head.method === 'HEAD';
    if (isHead || isBodylessStatus(head.status) || body.isEmpty) {
      this.#stream.respond(finalFields(head, bodylessLength(reply, isHead)), { endStream: true });
      this.#tellHead(head);
      body.cancel(new ProxyError('client_gone', 'the answer has no body'));
      this.#finish();
      return;
    }
    const sink = new StreamSink(this.#stream, this, body.length);
    this.#sink = sink;
    this.#tellHead(head);
    body.sendTo(sink);
    if (this.#isGivenUp) return;
    // For trailers or none: a body may still break, which only a stream that waits can tell, for of any other node:http2
    // sends END_STREAM ahead of the reset. Nor does it close before its last write is told, which costs an Error.
    this.#stream.respond(finalFields(head, body.length ?? 'none'), { waitForTrailers: true });
    sink.start();
  }

  #tellHead(head: ResponseHead): void {
    if (this.#exchange !== undefined) this.#context.host.headSent(this.#exchange, head);
  }

  /** RFC 8441 §5: what HTTP/1.1 answers with 101 is 200 here, and the stream becomes the tunnel. */
  #switch(reply: Reply, tunnel: NonNullable<Reply['tunnel']>): void {
    if (this.#handshakeKey === undefined || !isAccepted(reply.head, this.#handshakeKey)) {
      this.#refuseSwitch(reply, 'Sec-WebSocket-Accept');
      return;
    }
    this.#reply = reply;
    this.#isTunnel = true;
    const head: ResponseHead = { ...reply.head, status: 200 };
    this.#stream.respond(finalFields(head, 'none', HANDSHAKE_FIELDS), { waitForTrailers: true });
    this.#tellHead(reply.head);
    const sink = new StreamSink(this.#stream, this, undefined);
    this.#sink = sink;
    sink.start();
    this.#watch();
    reply.body.sendTo(sink);
    (this.#body ?? emptyBody).sendTo(tunnel);
  }

  #refuseSwitch(reply: Reply, detail: string): void {
    const error = new ProxyError('upgrade_failed', detail);
    reply.body.cancel(error);
    reply.tunnel?.abort(error);
    if (this.#exchange !== undefined) this.#exchange.error ??= error;
    this.#refuse(error);
  }

  /** END_STREAM of ours is on its way. For HEAD, node:http2 finishes the stream before there is an answer. */
  #onFinish(): void {
    if (this.#sink !== undefined && !this.#isGivenUp && this.#stream.rstCode === 0) this.#finish();
  }

  #finish(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    if (!this.#isTunnel) this.#closeExchange();
    const isRead = this.#body === undefined || this.#body.isComplete;
    if (isRead) return;
    this.#skipRest();
    // What the other side closes is closed on both sides (RFC 9110 §9.3.6, RFC 6455 §7.1.1). The client is not waited for:
    // Chromium answers END_STREAM with nothing, neither its own nor a reset.
    this.#reply?.tunnel?.end();
  }

  /** RFC 9113 §8.1: behind a whole answer the rest of the request may be cut off with NO_ERROR. */
  #skipRest(): void {
    const { deadlines, limits } = this.#context;
    this.#body?.cancel(new ProxyError('client_gone', 'answered before the body'));
    let size = 0;
    this.#stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > SKIP_BYTES_LIMIT) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    });
    this.#stream.resume();
    this.deadlineMs = deadlines.in(limits.lingerTimeoutMs);
  }

  #giveUp(error: ProxyError, code: number): void {
    if (this.#isGivenUp || this.#isClosed) return;
    this.#isGivenUp = true;
    this.#abort(error);
    // One that was reset with NO_ERROR is closed already, and does not go before everything was read and written.
    if (this.#stream.closed) this.#stream.destroy();
    else this.#stream.close(code);
  }

  /** Everything that still works for this stream hears that it is over. */
  #abort(error: ProxyError): void {
    if (this.#exchange !== undefined) this.#exchange.error ??= error;
    this.#body?.fail(error);
    this.#exchange?.abort(error);
    this.#reply?.body.cancel(error);
    this.#closeExchange();
  }

  /**
   * The client reset the stream before it had its answer. Said with NO_ERROR, node:http2 tells it as an end of the request,
   * behind what was not read of it, and tells no `close` before that is read.
   */
  #onAborted(): void {
    if (this.#stream.rstCode === constants.NGHTTP2_NO_ERROR) this.#stream.destroy();
  }

  /** Nor is there `aborted` behind the end of an answer, nor `close` before that was taken, which nobody does any more. */
  #onEnd(): void {
    if (this.#isTunnel && this.#stream.closed) this.#stream.destroy();
  }

  #onClose(): void {
    if (this.#isClosed) return;
    // The last frames of both sides close a stream, perhaps before it could tell that it finished.
    if (this.#sink?.isHandedOver && !this.#isGivenUp && this.#stream.rstCode === 0) this.#finish();
    const isBroken = !this.#isAnswered && !this.#isGivenUp;
    const isCut = isBroken || (this.#isTunnel && this.#stream.rstCode !== 0);
    if (isCut) this.#abort(new ProxyError('client_gone', `stream reset: ${this.#stream.rstCode}`));
    this.#isClosed = true;
    this.#context.deadlines.remove(this);
    this.#closeExchange();
    this.#context.streamGone(this, isBroken);
  }

  #closeExchange(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    if (this.#sink !== undefined) exchange.bytesSent = this.#sink.contentBytes;
    this.#context.host.close(exchange, this.#reply?.head.status ?? 499);
  }
}

/** The Content-Length of an answer without content: that of what a GET would give (RFC 9110 §8.6). */
function bodylessLength({ head, body }: Reply, isHead: boolean): number | 'keep' | 'none' {
  if (isBodylessStatus(head.status)) return head.status === 304 ? 'keep' : 'none';
  // Trailers-Only of gRPC is a head that ends the stream, and nothing else.
  if (!isHead) return isGrpc(head.headers.get('content-type')) ? 'none' : 0;
  if (head.headers.has('content-length') || body.isEmpty) return 'keep';
  return body.length ?? 'none';
}

function nothing(): void {}
