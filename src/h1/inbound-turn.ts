// One request and its answer on a client's connection: carries the exchange, owns its body in and its body out.
import { type Body, emptyBody, type Release } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import type { Reply } from '../exchange/handler.ts';
import type { ResponseHead } from '../exchange/head.ts';
import type { Carrier, ExchangeHost } from '../exchange/host.ts';
import { isBodylessStatus } from '../http/status.ts';
import type { Connection } from '../net/connection.ts';
import { createBodyDecoder } from './body-decoder.ts';
import { BodyEncoder, type BodyFraming, type EncoderOwner } from './body-encoder.ts';
import { BodyReader, type BodyReaderOwner } from './body-reader.ts';
import { type OutFraming, printInterimHead, printResponseHead } from './head-writer.ts';
import type { InboundConnection } from './inbound-connection.ts';
import type { ConnectionLimits } from './limits.ts';
import type { ParsedRequest } from './request-parser.ts';

/** A body of at most this many unread bytes is read and dropped to keep the connection; a longer one ends it. */
const SKIP_BYTES_LIMIT = 64 * 1024;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** One request and its answer on a connection: carrier of the exchange, owner of its body in and its body out. */
export class InboundTurn implements Carrier, EncoderOwner, BodyReaderOwner {
  readonly reader: BodyReader | undefined;
  readonly #inbound: InboundConnection;
  readonly #connection: Connection;
  readonly #host: ExchangeHost;
  readonly #limits: ConnectionLimits;
  readonly #parsed: ParsedRequest;
  #exchange: Exchange | undefined = undefined;
  #reply: Reply | undefined = undefined;
  #encoder: BodyEncoder | undefined = undefined;
  #owesContinue: boolean;
  #keepsAlive: boolean;
  #isUntilClose = false;
  #isOver = false;
  #isAnswered = false;

  constructor(
    inbound: InboundConnection,
    connection: Connection,
    host: ExchangeHost,
    limits: ConnectionLimits,
    parsed: ParsedRequest,
  ) {
    this.#inbound = inbound;
    this.#connection = connection;
    this.#host = host;
    this.#limits = limits;
    this.#parsed = parsed;
    this.#keepsAlive = parsed.keepsAlive;
    this.#owesContinue = parsed.head.expectsContinue;
    const { framing } = parsed;
    const hasBody = framing.kind !== 'none' && !(framing.kind === 'length' && framing.length === 0);
    this.reader = hasBody
      ? new BodyReader(connection, createBodyDecoder(framing, limits), this, limits.bodyBytes)
      : undefined;
  }

  open(facts: ConnectionFacts): void {
    const body: Body = this.reader ?? emptyBody;
    const exchange = this.#host.open(facts, this.#parsed.head, body, this);
    this.#exchange = exchange;
    if (this.reader !== undefined) exchange.bytesReceived = this.reader.contentBytes;
    this.#host.run(exchange, this);
  }

  feed(bytes: Buffer, start: number, release: Release | undefined): number {
    const reader = this.reader;
    if (reader === undefined || reader.isComplete) return start;
    if (reader.isFlowing && this.#encoder === undefined) this.#connection.expireIn(this.#limits.bodyTimeoutMs);
    this.#owesContinue = false;
    const before = reader.contentBytes;
    const end = reader.feed(bytes, start, release);
    if (this.#exchange !== undefined) this.#exchange.bytesReceived += reader.contentBytes - before;
    return end;
  }

  respond(reply: Reply): void {
    if (this.#isOver || this.#reply !== undefined) {
      reply.body.cancel(new ProxyError('client_gone'));
      return;
    }
    this.#reply = reply;
    if (reply.tunnel !== undefined) this.#switch(reply);
    else this.#write(reply);
  }

  sendInterim(head: ResponseHead): void {
    // RFC 9110 §15.2: no 1xx to an HTTP/1.0 client. 100 is ours to send, when the body is wanted.
    if (this.#isOver || this.#reply !== undefined || this.#parsed.head.version === 'HTTP/1.0' || head.status === 100)
      return;
    this.#connection.writeText(printInterimHead(head));
  }

  bodyWanted(): void {
    if (this.#owesContinue && this.#reply === undefined) this.#connection.writeText(CONTINUE);
    this.#owesContinue = false;
    if (this.reader !== undefined && (this.reader.length ?? Number.POSITIVE_INFINITY) > SKIP_BYTES_LIMIT) {
      this.#connection.wantsSlabs = true;
    }
    this.#watchBody();
  }

  bodyRead(): void {
    this.#connection.wantsSlabs = false;
    if (!this.#isAnswered) this.#connection.deadlineMs = Number.POSITIVE_INFINITY;
    queueMicrotask(() => this.#finishIfDone());
  }

  bodyBroken(): void {
    this.#keepsAlive = false;
  }

  bodyCancelled(): void {
    if (this.#reply === undefined) this.#connection.pause();
  }

  framingError(detail: string): ProxyError {
    return new ProxyError('request_malformed', detail);
  }

  bodyWritten(): void {
    this.#isAnswered = true;
    this.#countSent();
    this.#finishIfDone();
  }

  bodyFailed(error: ProxyError): void {
    this.#fail(error);
  }

  drained(): void {
    this.#countSent();
    this.#encoder?.drained();
    if (!this.#isAnswered && this.#encoder !== undefined && !this.#encoder.isBlocked) {
      this.#connection.deadlineMs = Number.POSITIVE_INFINITY;
    }
  }

  /** The client's FIN. A whole request is still answered; half a request is not one. */
  clientEnded(): void {
    if (this.#inbound.isLastRequest) this.#keepsAlive = false;
    if (this.reader === undefined || this.reader.isComplete) return;
    this.#keepsAlive = false;
    this.reader.ended(false, new ProxyError('request_truncated', 'end of connection in the body'));
  }

  clientGone(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#exchange !== undefined) this.#exchange.error ??= error;
    this.reader?.fail(error);
    this.#exchange?.abort(error);
    this.#reply?.body.cancel(error);
    this.#closeExchange();
  }

  /** Gives the client up: it takes nothing of its answer. */
  giveUp(error: ProxyError): void {
    this.clientGone(error);
    this.#connection.reset();
  }

  /** The client sends nothing of its body for too long. */
  bodyTimedOut(): void {
    const reader = this.reader;
    if (reader === undefined || reader.isComplete || !reader.isFlowing || reader.isBlocked) return;
    this.#keepsAlive = false;
    reader.fail(new ProxyError('request_body_timeout'));
  }

  #watchBody(): void {
    const reader = this.reader;
    if (reader === undefined || reader.isComplete || !reader.isFlowing) return;
    this.#connection.expireIn(this.#limits.bodyTimeoutMs);
  }

  #write(reply: Reply): void {
    const { head, body } = reply;
    const isHead = this.#parsed.head.method === 'HEAD';
    const out = this.#frame(reply, isHead);
    if (!this.#mayKeepAlive(head.status)) this.#keepsAlive = false;
    const text = printResponseHead(head, out.line, body.length ?? 0, this.#connectionLine());
    const encoder = new BodyEncoder(this.#connection, this, out.framing, body.length ?? 0, text);
    this.#encoder = encoder;
    this.#tellHead(head);
    if (out.framing === 'drop') {
      body.cancel(new ProxyError('client_gone', 'the answer has no body'));
      encoder.end();
      return;
    }
    body.sendTo(encoder);
    if (encoder.isOver) return;
    encoder.flushHead();
    this.#watchWrites();
  }

  #tellHead(head: ResponseHead): void {
    const exchange = this.#exchange;
    if (exchange !== undefined) this.#host.headSent(exchange, head);
  }

  /** RFC 9112 §6.3 and §7: the framing of an answer, by method, status, version and what is known of the body. */
  #frame({ head, body }: Reply, isHead: boolean): { line: OutFraming; framing: BodyFraming } {
    if (isBodylessStatus(head.status)) return { line: head.status === 304 ? 'keep' : 'none', framing: 'drop' };
    if (isHead) {
      const line =
        head.headers.has('content-length') || body.isEmpty ? 'keep' : body.length === undefined ? 'none' : 'length';
      return { line, framing: 'drop' };
    }
    if (body.length !== undefined) return { line: 'length', framing: 'length' };
    if (this.#parsed.head.version !== 'HTTP/1.0') return { line: 'chunked', framing: 'chunked' };
    this.#keepsAlive = false;
    this.#isUntilClose = true;
    return { line: 'none', framing: 'until-close' };
  }

  /**
   * Whether the connection can carry another exchange: not if a body that nobody will read stands before it.
   * (RFC 9112 §9.3: read the whole request, or close.)
   */
  #mayKeepAlive(status: number): boolean {
    if (this.#inbound.isEnding) return false;
    const reader = this.reader;
    if (reader === undefined || reader.isComplete) return true;
    if (this.#owesContinue) return false;
    if (reader.isFlowing) return status < 300;
    const { length } = reader;
    return length !== undefined && length - reader.contentBytes <= SKIP_BYTES_LIMIT;
  }

  /** RFC 9112 §9.3: silence means keep-alive in 1.1 and close in 1.0. */
  #connectionLine(): string {
    if (!this.#keepsAlive) return 'close';
    return this.#parsed.head.version === 'HTTP/1.0' ? 'keep-alive' : '';
  }

  #watchWrites(): void {
    if (this.#encoder?.isBlocked) this.#connection.expireIn(this.#limits.writeTimeoutMs);
  }

  #countSent(): void {
    if (this.#exchange !== undefined && this.#encoder !== undefined)
      this.#exchange.bytesSent = this.#encoder.contentBytes;
  }

  #finishIfDone(): void {
    if (this.#isOver || !this.#isAnswered) return;
    const reader = this.reader;
    if (reader !== undefined && !reader.isComplete && this.#keepsAlive) {
      this.#skipRest(reader);
      if (!reader.isComplete) return;
    }
    this.#isOver = true;
    if (reader !== undefined && !reader.isComplete)
      reader.cancel(new ProxyError('client_gone', 'answered before the body'));
    this.#closeExchange();
    const leftover = reader?.takeLeftover();
    if (leftover !== undefined && leftover.length > 0) this.#inbound.requeue(leftover);
    this.#inbound.turnOver(this, this.#keepsAlive && (reader === undefined || reader.isComplete));
  }

  /** Reads a short rest of the body and drops it, to keep the connection. */
  #skipRest(reader: BodyReader): void {
    if (!reader.isCancelled) {
      reader.cancel(new ProxyError('client_gone', 'answered before the body'));
      this.#connection.expireIn(this.#limits.lingerTimeoutMs);
    }
    reader.skipWaiting();
    this.#connection.resume();
  }

  /** The answer broke. Behind the head it can only be cut; before it, another answer can be given. */
  #fail(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#exchange !== undefined) this.#exchange.error ??= error;
    this.#countSent();
    this.#exchange?.abort(error);
    this.reader?.fail(error);
    this.#closeExchange();
    this.#inbound.cut(this.#isUntilClose);
  }

  #switch(reply: Reply): void {
    const upgrade = reply.head.headers.get('upgrade');
    const text = printResponseHead(reply.head, 'none', 0, upgrade === undefined ? '' : 'Upgrade');
    this.#connection.writeText(text);
    this.#tellHead(reply.head);
    const client = this.#inbound.switchProtocol(() => {
      reply.body.cancel(new ProxyError('client_gone', 'tunnel'));
      this.#isOver = true;
      this.#closeExchange();
    });
    reply.body.sendTo(client);
    if (reply.tunnel !== undefined) client.sendTo(reply.tunnel);
  }

  #closeExchange(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    this.#host.close(exchange, this.#reply?.head.status ?? 499);
  }
}
