// One request and its answer on an HTTP/2 stream: carries the exchange, owns its body in and its body out.
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
import { CODE } from './frames.ts';
import type { BlockFault } from './hpack/decoder.ts';
import type { LentBytes } from './lent-bytes.ts';
import type { SessionLimits } from './limits.ts';
import { MessageBody, type MessageBodyOwner } from './message-body.ts';
import { MessageSink, type MessageSinkOwner } from './message-sink.ts';
import type { ReadRequest } from './pseudo-headers.ts';
import { finalLines, interimLines, type SentLength, tunnelLines } from './response-lines.ts';
import type { Stream, StreamUser } from './stream.ts';

/** An unread body of at most this many bytes is read and dropped behind the answer; a longer one is cut off. */
const SKIP_BYTES_LIMIT = 64 * 1024;
const CONTINUE: readonly string[] = [':status', '100'];

/** What a stream needs of the connection it is on. */
export interface StreamContext {
  readonly facts: ConnectionFacts;
  readonly host: ExchangeHost;
  readonly limits: SessionLimits;
  readonly deadlines: Deadlines;
  /** A request was malformed. */
  requestMalformed(): void;
  /** The stream is gone; the last call. */
  streamGone(stream: InboundStream): void;
}

/**
 * One stream. It is over twice: for the exchange when the answer was handed over or given up, for the connection when
 * both sides ended it, or one of them reset it.
 */
export class InboundStream implements Carrier, StreamUser, MessageBodyOwner, MessageSinkOwner, Expiring {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #context: StreamContext;
  readonly #stream: Stream;
  readonly #body: MessageBody | undefined;
  readonly #read: ReadRequest | HeadFault;
  readonly #handshakeKey: string | undefined;
  readonly #isGrpc: boolean;
  #exchange: Exchange | undefined = undefined;
  #reply: Reply | undefined = undefined;
  #sink: MessageSink | undefined = undefined;
  #owesContinue = false;
  #isTunnel = false;
  #isAnswered = false;
  #isGivenUp = false;
  #isClosed = false;
  /** Bytes of a body that nobody wants; undefined while somebody may. */
  #skippedBytes: number | undefined = undefined;

  /** `read` is the head, or what is wrong with it. `isWhole`: END_STREAM came with it. */
  constructor(context: StreamContext, stream: Stream, read: ReadRequest | HeadFault, isWhole: boolean) {
    this.#context = context;
    this.#stream = stream;
    stream.user = this;
    const handshake = 'head' in read && read.protocol === WEBSOCKET ? beginHandshake(read) : undefined;
    this.#read = handshake?.read ?? read;
    this.#handshakeKey = handshake?.key;
    this.#isGrpc = 'head' in read && isGrpc(read.head.headers.get('content-type'));
    this.#body = isWhole
      ? undefined
      : new MessageBody(stream, 'head' in read ? read.length : undefined, this, {
          headerCount: context.limits.headerCount,
          bodyBytes: handshake === undefined ? context.limits.bodyBytes : Number.POSITIVE_INFINITY,
          faults: REQUEST_FAULTS,
        });
    context.deadlines.add(this);
  }

  /** Opens the exchange, or answers that there is none. */
  open(): void {
    const { limits } = this.#context;
    const read = this.#read;
    if ('code' in read) {
      if (read.code === REQUEST_FAULTS.malformed) this.#context.requestMalformed();
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
  #openBehindEnd(read: ReadRequest, body: MessageBody): void {
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
    this.#stream.sendHead(interimLines(head), false);
  }

  bodyWanted(): void {
    if (this.#owesContinue && this.#mayStillSendHeads) this.#stream.sendHead(CONTINUE, false);
    this.#owesContinue = false;
    // Told from within sendTo, before the body counts as flowing.
    this.deadlineMs = this.#context.deadlines.in(this.#bodyTimeoutMs);
  }

  bodyArrived(size: number): void {
    this.#owesContinue = false;
    if (this.#exchange !== undefined && !this.#isTunnel) this.#exchange.bytesReceived += size;
    this.#watch();
  }

  bodyUnblocked(): void {
    this.deadlineMs = this.#context.deadlines.in(this.#bodyTimeoutMs);
  }

  bodyRead(): void {
    this.#watch();
  }

  /** RFC 9113 §8.1.1: what is malformed is reset. What is too large is answered, while an answer can be given. */
  bodyBroken(error: ProxyError): void {
    const isTooLarge = error.code === 'request_body_too_large';
    const isRefused = this.#exchange === undefined;
    if (isTooLarge && (isRefused || this.#reply === undefined)) return;
    if (error.code === REQUEST_FAULTS.malformed) this.#context.requestMalformed();
    this.#giveUp(error, CODE.protocol);
  }

  /** What is not read stays behind a closed window until the answer is out. */
  bodyCancelled(): void {}

  /** A tunnel lives as long as bytes go either way. */
  bodyMoved(): void {
    if (this.#isTunnel) this.#watch();
  }

  /** The answer broke: behind its head only a reset tells (RFC 9113 §8.1). */
  bodyFailed(error: ProxyError): void {
    this.#giveUp(error, error.side === 'client' ? CODE.cancel : CODE.internal);
  }

  // What the client does.

  onHeaders(lines: readonly string[] | BlockFault, isEnd: boolean): void {
    this.#body?.trailersArrived(lines, isEnd);
  }

  onData(bytes: Buffer, lent: LentBytes | undefined): void {
    if (this.#skippedBytes === undefined) this.#body?.arrived(bytes, lent);
    else this.#skip(bytes.length);
  }

  onEnd(): void {
    this.#body?.ended();
  }

  onMoved(): void {
    this.#watch();
  }

  onDrained(): void {
    this.#sink?.onDrained?.();
  }

  onEndSent(): void {
    if (!this.#isGivenUp) this.#finish();
  }

  onClosed(code: number): void {
    if (this.#isClosed) return;
    if ((!this.#isAnswered && !this.#isGivenUp) || (this.#isTunnel && code !== CODE.none))
      this.#abort(new ProxyError('client_gone', `stream reset: ${code}`));
    this.#isClosed = true;
    this.#context.deadlines.remove(this);
    this.#closeExchange();
    this.#context.streamGone(this);
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#isTunnel && !this.#isAnswered) this.#giveUp(new ProxyError('client_gone', 'silent tunnel'), CODE.cancel);
    else if (this.#stream.isWaiting && this.#stream.isBehindOthers) this.#watch();
    else if (this.#stream.isWaiting) this.#giveUp(new ProxyError('response_write_timeout'), CODE.cancel);
    else if (this.#isAnswered) this.#stream.reset(CODE.none);
    else if (this.#body?.isWaiting) this.#body.fail(new ProxyError('request_body_timeout'));
  }

  /**
   * The client's FIN, perhaps without a frame that says so: browsers close the connection with RST_STREAM still in their
   * queue. A whole request is still answered, as in HTTP/1.1; another cannot become it, and a tunnel is over.
   */
  clientEnded(): void {
    if (!this.#stream.hasPeerEnded || this.#handshakeKey !== undefined)
      this.#giveUp(new ProxyError('client_gone', 'connection ended by the client'), CODE.cancel);
  }

  /** The connection is being ended from our side. */
  abandon(error: ProxyError): void {
    this.#giveUp(error, CODE.cancel);
  }

  #requestBody(read: ReadRequest): Body {
    return this.#body === undefined || read.protocol !== undefined ? emptyBody : this.#body;
  }

  get #mayStillSendHeads(): boolean {
    return this.#reply === undefined && !this.#isClosed && !this.#isGivenUp;
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
    else if (this.#stream.isWaiting) {
      this.#stream.watchTurns();
      this.deadlineMs = deadlines.in(limits.writeTimeoutMs);
    } else if (this.#body?.isWaiting) this.deadlineMs = deadlines.in(this.#bodyTimeoutMs);
    else this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** RFC 9113 §8.1.1 lets a server answer a malformed request before it resets the stream. */
  #refuse(error: ProxyError, target?: string): void {
    if (!this.#isClosed) this.#write(this.#context.host.refuse(this.#context.facts, error, target));
  }

  #write(reply: Reply): void {
    this.#reply = reply;
    const { head, body } = reply;
    const isHead = 'head' in this.#read ? this.#read.head.method === 'HEAD' : this.#read.isHead === true;
    if (isHead || isBodylessStatus(head.status) || body.isEmpty) {
      this.#tellHead(head);
      body.cancel(new ProxyError('client_gone', 'the answer has no body'));
      this.#stream.sendHead(finalLines(head, bodylessLength(reply, isHead)), true);
      return;
    }
    this.#stream.sendHead(finalLines(head, body.length ?? 'none'), false);
    this.#tellHead(head);
    const sink = new MessageSink(this.#stream, this, body.length);
    this.#sink = sink;
    body.sendTo(sink);
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
    this.#stream.sendHead(tunnelLines(reply.head, HANDSHAKE_FIELDS), false);
    this.#tellHead(reply.head);
    const sink = new MessageSink(this.#stream, this, undefined);
    this.#sink = sink;
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

  #finish(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    if (!this.#isTunnel) this.#closeExchange();
    const isRead = this.#body === undefined || this.#body.isComplete;
    if (isRead || this.#stream.hasPeerEnded) return;
    this.#skipRest();
    // What the other side closes is closed on both sides (RFC 9110 §9.3.6, RFC 6455 §7.1.1). The client is not waited for:
    // Chromium answers END_STREAM with nothing, neither its own nor a reset.
    this.#reply?.tunnel?.end();
  }

  /** RFC 9113 §8.1: behind a whole answer the rest of the request may be cut off with NO_ERROR. */
  #skipRest(): void {
    const { deadlines, limits } = this.#context;
    this.#body?.cancel(new ProxyError('client_gone', 'answered before the body'));
    this.#skippedBytes = 0;
    this.#body?.skip();
    this.deadlineMs = deadlines.in(limits.lingerTimeoutMs);
  }

  #skip(size: number): void {
    this.#skippedBytes = (this.#skippedBytes ?? 0) + size;
    if (this.#skippedBytes > SKIP_BYTES_LIMIT) this.#stream.reset(CODE.none);
    else this.#stream.consumed(size);
  }

  #giveUp(error: ProxyError, code: number): void {
    if (this.#isGivenUp || this.#isClosed) return;
    this.#isGivenUp = true;
    this.#abort(error);
    this.#stream.reset(code);
  }

  /** Everything that still works for this stream hears that it is over. */
  #abort(error: ProxyError): void {
    if (this.#exchange !== undefined) this.#exchange.error ??= error;
    this.#body?.fail(error);
    this.#exchange?.abort(error);
    this.#reply?.body.cancel(error);
    this.#closeExchange();
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
function bodylessLength({ head, body }: Reply, isHead: boolean): SentLength {
  if (isBodylessStatus(head.status)) return head.status === 304 ? 'keep' : 'none';
  // Trailers-Only of gRPC is a head that ends the stream, and nothing else.
  if (!isHead) return isGrpc(head.headers.get('content-type')) ? 'none' : 0;
  if (head.headers.has('content-length') || body.isEmpty) return 'keep';
  return body.length ?? 'none';
}
