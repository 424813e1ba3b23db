// Upstream: a named group of endpoints; sends a request to one of them, and to another where that is allowed.
import type { Body } from '../exchange/body.ts';
import { ProxyError, toProxyError } from '../exchange/errors.ts';
import type { Cancellable, Exchange, UpstreamRecord } from '../exchange/exchange.ts';
import type { Answer, Reply } from '../exchange/handler.ts';
import type { OutboundRequest } from '../exchange/head.ts';
import { LaterReply } from '../exchange/later-reply.ts';
import type { Balancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { KeptBody } from './kept-body.ts';
import { nextAttempt } from './retry.ts';
import type { AttemptResult, Transport } from './transport.ts';

/** Attempts at one request at most, the first one included. */
const ATTEMPTS_LIMIT = 4;

/** A group of endpoints behind one name. */
export class Upstream {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly #balancer: Balancer;
  readonly #transport: Transport;
  /** Whether a body must be kept while it is sent: only HTTP/1.1 never asks for it again. */
  readonly keepsBodies: boolean;

  constructor(name: string, endpoints: readonly Endpoint[], balancer: Balancer, transport: Transport) {
    this.name = name;
    this.endpoints = endpoints;
    this.#balancer = balancer;
    this.#transport = transport;
    this.keepsBodies = endpoints.some(({ protocol }) => protocol !== 'h1');
  }

  /**
   * Sends a request. Answers with what `finish` makes of the answer, or fails with what it throws, or with the ProxyError
   * of the last attempt.
   */
  send(exchange: Exchange, requestFor: RequestFor, body: Body, finish: FinishReply = asItIs): LaterReply {
    const delivery = new Delivery(this, this.#transport, exchange, requestFor, body, finish);
    delivery.start();
    return delivery;
  }

  /** An endpoint that was not tried yet, or undefined. */
  pick(exchange: Exchange, tried: readonly Endpoint[]): Endpoint | undefined {
    if (this.endpoints.length === 1) return tried.length === 0 ? this.endpoints[0] : undefined;
    const candidates =
      tried.length === 0 ? this.endpoints : this.endpoints.filter((endpoint) => !tried.includes(endpoint));
    return candidates.length === 0 ? undefined : this.#balancer.pick(candidates, exchange);
  }
}

/** The request as one endpoint is to receive it: Host may depend on the endpoint. */
export type RequestFor = (endpoint: Endpoint) => OutboundRequest;

/** What becomes of the answer before anybody else sees it. */
export type FinishReply = (reply: Reply) => Answer;

const asItIs: FinishReply = (reply) => reply;

const NONE: readonly Endpoint[] = [];

/** One request on its way: the attempts, one after the other. */
class Delivery extends LaterReply implements AttemptResult, Cancellable {
  readonly #upstream: Upstream;
  readonly #transport: Transport;
  readonly #exchange: Exchange;
  readonly #requestFor: RequestFor;
  readonly #body: Body;
  readonly #kept: KeptBody | undefined;
  readonly #finish: FinishReply;
  readonly #record: UpstreamRecord;
  #tried: readonly Endpoint[] = NONE;
  #endpoint: Endpoint | undefined = undefined;
  #attempt: Cancellable | undefined = undefined;
  #isOver = false;

  constructor(
    upstream: Upstream,
    transport: Transport,
    exchange: Exchange,
    requestFor: RequestFor,
    body: Body,
    finish: FinishReply,
  ) {
    super();
    this.#upstream = upstream;
    this.#transport = transport;
    this.#exchange = exchange;
    this.#requestFor = requestFor;
    this.#kept = body.isEmpty ? undefined : new KeptBody(body, upstream.keepsBodies);
    this.#body = this.#kept ?? body;
    this.#finish = finish;
    this.#record = {
      upstream: upstream.name,
      endpoint: '',
      attempts: 0,
      wasReused: false,
      protocol: undefined,
      status: 0,
    };
  }

  start(): void {
    this.#exchange.upstream = this.#record;
    this.#exchange.running = this;
    this.#try(this.#upstream.pick(this.#exchange, this.#tried), false);
  }

  answered(reply: Reply): void {
    this.#isOver = true;
    this.#kept?.settle();
    this.#exchange.running = undefined;
    let answer: Answer;
    try {
      answer = this.#finish(reply);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.settle(answer);
  }

  attemptFailed(error: ProxyError, wasReused: boolean): void {
    if (this.#isOver) return;
    const next =
      this.#exchange.aborted !== undefined || this.#record.attempts >= ATTEMPTS_LIMIT
        ? 'none'
        : nextAttempt(error, this.#exchange.request.method, this.#body, this.#kept?.canBeSent ?? true, wasReused);
    if (next === 'again') {
      this.#try(this.#endpoint, true);
      return;
    }
    if (this.#endpoint !== undefined) this.#tried = [...this.#tried, this.#endpoint];
    const other = next === 'another' ? this.#upstream.pick(this.#exchange, this.#tried) : undefined;
    if (other === undefined) this.#fail(error);
    else this.#try(other, false);
  }

  cancel(reason: ProxyError): void {
    this.#attempt?.cancel(reason);
    this.#fail(reason);
  }

  #try(endpoint: Endpoint | undefined, fresh: boolean): void {
    if (endpoint === undefined) {
      this.#fail(new ProxyError('no_endpoint', this.#upstream.name));
      return;
    }
    this.#endpoint = endpoint;
    this.#record.endpoint = endpoint.name;
    this.#record.attempts++;
    let request: OutboundRequest;
    try {
      request = this.#requestFor(endpoint);
    } catch (error) {
      this.#fail(toProxyError(error));
      return;
    }
    const attempt = this.#transport.send(this.#exchange, request, this.#body, endpoint, fresh, this);
    if (!this.#isOver) this.#attempt = attempt;
  }

  #fail(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#kept?.settle();
    this.#exchange.running = undefined;
    this.fail(error);
  }
}
