// Transport: sends one request to one endpoint over one protocol; here HTTP/1.1 on pooled connections.
import type { Body } from '../exchange/body.ts';
import type { ProxyError } from '../exchange/errors.ts';
import type { Cancellable, Exchange } from '../exchange/exchange.ts';
import type { Reply } from '../exchange/handler.ts';
import type { OutboundRequest, ResponseHead } from '../exchange/head.ts';
import type { OutboundConnection, ResponseReceiver } from '../h1/outbound-connection.ts';
import { isIdempotent } from '../http/method.ts';
import { monotonicNow } from '../util/clock.ts';
import type { Endpoint } from './endpoint.ts';
import type { Borrower } from './pool.ts';

/** Hears how one attempt ended; exactly one of the two calls. */
export interface AttemptResult {
  answered(reply: Reply): void;
  /** `wasReused`: the connection had carried an exchange before, so the endpoint may not have seen the request. */
  attemptFailed(error: ProxyError, wasReused: boolean): void;
}

/** One attempt at one endpoint. Every foreign error arrives as a ProxyError. */
export interface Transport {
  /** `fresh`: on a new connection, because a kept one was found dead. Returns how to give the attempt up. */
  send(
    exchange: Exchange,
    request: OutboundRequest,
    body: Body,
    endpoint: Endpoint,
    fresh: boolean,
    result: AttemptResult,
  ): Cancellable;
}

/** HTTP/1.1 with the endpoint's pool. */
export const h1Transport: Transport = {
  send(exchange, request, body, endpoint, fresh, result) {
    const attempt = new H1Attempt(exchange, request, body, endpoint, result);
    attempt.start(fresh);
    return attempt;
  },
};

class H1Attempt implements Borrower, ResponseReceiver, Cancellable {
  readonly #exchange: Exchange;
  readonly #request: OutboundRequest;
  readonly #body: Body;
  readonly #endpoint: Endpoint;
  readonly #result: AttemptResult;
  #connection: OutboundConnection | undefined = undefined;
  #stopLease: (() => void) | undefined = undefined;
  #wasReused = false;
  #isOver = false;

  constructor(exchange: Exchange, request: OutboundRequest, body: Body, endpoint: Endpoint, result: AttemptResult) {
    this.#exchange = exchange;
    this.#request = request;
    this.#body = body;
    this.#endpoint = endpoint;
    this.#result = result;
  }

  start(fresh: boolean): void {
    const isRepeatable = this.#body.isEmpty && isIdempotent(this.#request.method);
    this.#stopLease = this.#endpoint.pool.lease(
      this,
      isRepeatable,
      fresh || this.#exchange.request.upgrade !== undefined,
      this.#endpoint.preface?.(this.#exchange),
    );
  }

  leased(connection: OutboundConnection, wasReused: boolean): void {
    if (this.#isOver) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    this.#wasReused = wasReused;
    const { timeline, upstream, request } = this.#exchange;
    timeline.upstreamReady = monotonicNow();
    timeline.upstreamSent = timeline.upstreamReady;
    if (upstream !== undefined) upstream.wasReused = wasReused;
    connection.send(this.#request, this.#body, request.expectsContinue, this);
  }

  leaseFailed(error: ProxyError): void {
    this.#fail(error);
  }

  interim(head: ResponseHead): void {
    this.#exchange.sendInterim(head);
  }

  reply(reply: Reply): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange.timeline.upstreamHead = monotonicNow();
    if (this.#exchange.upstream !== undefined) this.#exchange.upstream.status = reply.head.status;
    this.#result.answered(reply);
  }

  failed(error: ProxyError): void {
    if (this.#wasReused && error.code === 'upstream_closed' && this.#connection !== undefined) {
      this.#endpoint.pool.noteStale(this.#connection);
    }
    this.#fail(error);
  }

  cancel(reason: ProxyError): void {
    if (this.#isOver) return;
    this.#stopLease?.();
    this.#connection?.cancel(reason);
    this.#fail(reason);
  }

  #fail(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    error.endpoint ??= this.#endpoint.name;
    this.#result.attemptFailed(error, this.#wasReused);
  }
}
