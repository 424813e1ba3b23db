// Transport: sends one request to one endpoint; here on pooled connections, whatever protocol they speak.
import type { Body } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Cancellable, Exchange } from '../exchange/exchange.ts';
import type { Reply } from '../exchange/handler.ts';
import type { OutboundRequest, ResponseHead } from '../exchange/head.ts';
import type { OutboundCarrier, ResponseReceiver } from '../exchange/outbound.ts';
import { isIdempotent } from '../http/method.ts';
import { monotonicNow } from '../util/clock.ts';
import type { Endpoint } from './endpoint.ts';
import type { Borrower, CancelLease } from './lease.ts';

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

/**
 * Informational heads ahead of one answer, together. They must be forwarded (RFC 9110 §15.2), have no flow control in HTTP/2
 * (RFC 9113 §5.2), and wait in memory for a client that reads nothing.
 */
const INTERIM_LIMIT_BYTES = 128 * 1024;
/** What each of them counts besides its names and values: what it costs here while it waits. */
const INTERIM_COST_BYTES = 256;

/** On a connection of the endpoint's pool, in the protocol that the endpoint speaks. */
export const pooledTransport: Transport = {
  send(exchange, request, body, endpoint, fresh, result) {
    const attempt = new PooledAttempt(exchange, request, body, endpoint, result);
    attempt.start(fresh);
    return attempt;
  },
};

class PooledAttempt implements Borrower, ResponseReceiver, Cancellable {
  readonly #exchange: Exchange;
  readonly #request: OutboundRequest;
  readonly #body: Body;
  readonly #endpoint: Endpoint;
  readonly #result: AttemptResult;
  #carrier: OutboundCarrier | undefined = undefined;
  #stopLease: CancelLease = undefined;
  #wasReused = false;
  #isOver = false;
  #interimBytes = 0;

  constructor(exchange: Exchange, request: OutboundRequest, body: Body, endpoint: Endpoint, result: AttemptResult) {
    this.#exchange = exchange;
    this.#request = request;
    this.#body = body;
    this.#endpoint = endpoint;
    this.#result = result;
  }

  start(fresh: boolean): void {
    const isRepeatable = this.#body.isEmpty && isIdempotent(this.#request.method);
    const { upgrade } = this.#exchange.request;
    const preface = this.#endpoint.preface?.(this.#exchange);
    const cancel = this.#endpoint.pool.lease(this, { isRepeatable, fresh, preface, upgrade });
    if (!this.#isOver) this.#stopLease = cancel;
  }

  leased(carrier: OutboundCarrier, wasReused: boolean): void {
    if (this.#isOver) {
      carrier.destroy();
      return;
    }
    this.#carrier = carrier;
    this.#wasReused = wasReused;
    const { timeline, upstream, request } = this.#exchange;
    timeline.upstreamReady = monotonicNow();
    timeline.upstreamSent = timeline.upstreamReady;
    if (upstream !== undefined) {
      upstream.wasReused = wasReused;
      upstream.protocol = carrier.protocol;
    }
    carrier.send(this.#request, this.#body, request.expectsContinue, this);
  }

  leaseFailed(error: ProxyError): void {
    this.#fail(error);
  }

  interim(head: ResponseHead): void {
    if (this.#isOver) return;
    this.#interimBytes += INTERIM_COST_BYTES;
    for (const [name, value] of head.headers) this.#interimBytes += name.length + value.length;
    if (this.#interimBytes <= INTERIM_LIMIT_BYTES) {
      this.#exchange.sendInterim(head);
      return;
    }
    const detail = `informational heads of more than ${INTERIM_LIMIT_BYTES} bytes`;
    this.cancel(new ProxyError('response_head_too_large', detail));
  }

  reply(reply: Reply): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange.timeline.upstreamHead = monotonicNow();
    if (this.#exchange.upstream !== undefined) this.#exchange.upstream.status = reply.head.status;
    this.#result.answered(reply);
  }

  failed(error: ProxyError): void {
    if (this.#wasReused && error.code === 'upstream_closed' && this.#carrier !== undefined) {
      this.#endpoint.pool.noteStale(this.#carrier);
    }
    this.#fail(error);
  }

  cancel(reason: ProxyError): void {
    if (this.#isOver) return;
    this.#stopLease?.();
    this.#carrier?.cancel(reason);
    this.#fail(reason);
  }

  #fail(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    error.endpoint ??= this.#endpoint.name;
    this.#result.attemptFailed(error, this.#wasReused);
  }
}
