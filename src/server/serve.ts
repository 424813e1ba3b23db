// Where an exchange meets a generation: opens it, finds its route, runs the chain, turns failures into answers.
import type { ChallengeBoard } from '../acme/challenges.ts';
import { type Body, emptyBody } from '../exchange/body.ts';
import { failedRequest, renderError } from '../exchange/error-reply.ts';
import { type ErrorCode, ProxyError } from '../exchange/errors.ts';
import { type ClientFacts, type ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import { noteFailure } from '../exchange/failure.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import { type Answer, type Handler, isReply, type Reply } from '../exchange/handler.ts';
import type { RequestHead, ResponseHead } from '../exchange/head.ts';
import type { Carrier, ExchangeHost } from '../exchange/host.ts';
import { LaterReply, type ReplyListener } from '../exchange/later-reply.ts';
import type { Observer } from '../exchange/observer.ts';
import type { Mount, Route } from '../exchange/route.ts';
import { HeaderList } from '../http/header-list.ts';
import { defaultPort, pathOfTarget } from '../http/target.ts';
import { monotonicNow } from '../util/clock.ts';
import { invariant } from '../util/invariant.ts';
import { readClientFacts } from './client-facts.ts';
import type { Generation } from './generation.ts';
import { isHttpChallenge, withChallenges } from './http-challenges.ts';
import { type AskedHost, findRescue, findTunnelRescue, noteRescue, redirectInto } from './rescue.ts';
import type { TlsSites } from './tls-sites.ts';

/** What an OPTIONS request for the server itself, or one that may go no further, is told (RFC 9110 §9.3.7, §7.6.2). */
const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** An exchange that knows which generation it began in. */
class ServedExchange extends Exchange {
  generation: Generation | undefined = undefined;
}

/** Serves the exchanges of all listeners with the generation that is current when they open. */
export class ExchangeServer implements ExchangeHost {
  #generation: Generation;
  readonly #log: FeatureLog;
  /** Observers of every exchange, whatever its mount. */
  readonly #observers: readonly Observer[];
  /** Undefined where no authority asks: an exchange that is only explained. */
  readonly #challenges: ChallengeBoard | undefined;
  isDraining = false;

  constructor(
    generation: Generation,
    log: FeatureLog,
    observers: readonly Observer[],
    challenges: ChallengeBoard | undefined,
  ) {
    this.#challenges = challenges;
    this.#generation = generation;
    this.#log = log;
    this.#observers = observers;
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** Makes `next` current. Exchanges under way stay with the generation they began in. */
  swap(next: Generation): void {
    const last = this.#generation;
    this.#generation = next;
    last.retire();
  }

  open(connection: ConnectionFacts, received: RequestHead, body: Body, carrier: Carrier): Exchange {
    const generation = this.#generation;
    const client = readClientFacts(connection, received, generation.trust);
    const { host, port } = askedHost(generation, client, connection);
    const isMisdirected =
      connection.tls !== undefined &&
      generation.tls !== undefined &&
      isElsewhere(generation.tls, connection, client, received, port);
    const request =
      received.upgrade === undefined || isMisdirected
        ? received
        : this.#orTunnelRescue(generation, received, client, { host, port });
    const found = isMisdirected ? MISDIRECTED_ROUTE : findRoute(generation, request, host, port);
    const challenges = this.#challenges;
    const route =
      challenges !== undefined && isHttpChallenge(request.target.path) ? withChallenges(found, challenges) : found;
    const exchange = new ServedExchange(connection, client, request, body, route, carrier);
    exchange.timeline.requestStart = monotonicNow();
    exchange.generation = generation;
    generation.enter();
    for (const observer of this.#observers) this.#tellOpen(observer, exchange);
    for (const observer of route.observers) this.#tellOpen(observer, exchange);
    return exchange;
  }

  run(exchange: Exchange, carrier: Carrier): void {
    let answer: Answer;
    try {
      answer = exchange.route.handler(exchange, nothingBehind);
    } catch (error) {
      this.respondToFailure(exchange, carrier, error);
      return;
    }
    if (isReply(answer)) this.respond(exchange, carrier, answer);
    else if (answer instanceof LaterReply) answer.listen(new Responder(this, exchange, carrier));
    else
      answer.then(
        (reply) => this.respond(exchange, carrier, reply),
        (error: unknown) => this.respondToFailure(exchange, carrier, error),
      );
  }

  respond(exchange: Exchange, carrier: Carrier, reply: Reply): void {
    carrier.respond(exchange.error === undefined ? reply : this.#orRescue(exchange, reply));
  }

  respondToFailure(exchange: Exchange, carrier: Carrier, thrown: unknown): void {
    const reply = renderError(noteFailure(exchange, thrown, this.#log), failedRequest(exchange));
    carrier.respond(this.#orRescue(exchange, reply));
  }

  headSent(exchange: Exchange, head: ResponseHead): void {
    exchange.timeline.responseHead = monotonicNow();
    for (const observer of this.#observers) this.#tellHead(observer, exchange, head);
    for (const observer of exchange.route.observers) this.#tellHead(observer, exchange, head);
  }

  close(exchange: Exchange, status: number): void {
    exchange.timeline.end = monotonicNow();
    for (const observer of this.#observers) this.#tellEnd(observer, exchange, status);
    for (const observer of exchange.route.observers) this.#tellEnd(observer, exchange, status);
    if (exchange instanceof ServedExchange) exchange.generation?.leave();
  }

  refuse(connection: ConnectionFacts, error: ProxyError, target?: string): Reply {
    const isForged = target !== undefined && this.#generation.refusesPath(pathOfTarget(target));
    const told = isForged ? new ProxyError('request_denied', error.detail) : error;
    this.#log.info({ client: connection.address, code: told.code, detail: told.detail }, 'request refused');
    return renderError(told, { method: 'GET', accept: undefined, id: undefined });
  }

  /** In the place of an answer that nothing is here: the way into the mount whose page asked, if there is one. */
  #orRescue(exchange: Exchange, reply: Reply): Reply {
    const { error, request, client, connection } = exchange;
    if (error === undefined || !NOTHING_HERE.has(error.code) || !(exchange instanceof ServedExchange)) return reply;
    const { generation } = exchange;
    const rescue = generation && findRescue(generation, request, client, askedHost(generation, client, connection));
    if (rescue === undefined) return reply;
    reply.body.cancel(error);
    exchange.error = undefined;
    noteRescue(rescue, request, this.#log);
    return redirectInto(rescue, client);
  }

  /** A request to switch protocols, as the mount should get it that it missed; any other as it is. */
  #orTunnelRescue(generation: Generation, request: RequestHead, client: ClientFacts, asked: AskedHost): RequestHead {
    const rescue = findTunnelRescue(generation, request, client, asked);
    if (rescue === undefined) return request;
    noteRescue(rescue, request, this.#log);
    return { ...request, target: rescue.target };
  }

  // Observers only look: what they throw is logged and changes nothing.

  #tellOpen(observer: Observer, exchange: Exchange): void {
    try {
      observer.onOpen?.(exchange);
    } catch (error) {
      this.#observerThrew(error);
    }
  }

  #tellHead(observer: Observer, exchange: Exchange, head: ResponseHead): void {
    try {
      observer.onHead?.(exchange, head);
    } catch (error) {
      this.#observerThrew(error);
    }
  }

  #tellEnd(observer: Observer, exchange: Exchange, status: number): void {
    try {
      observer.onEnd?.(exchange, status);
    } catch (error) {
      this.#observerThrew(error);
    }
  }

  #observerThrew(error: unknown): void {
    this.#log.error({ error: String(error) }, 'an observer threw');
  }
}

/** Hears the answer to one exchange. */
class Responder implements ReplyListener {
  readonly #server: ExchangeServer;
  readonly #exchange: Exchange;
  readonly #carrier: Carrier;

  constructor(server: ExchangeServer, exchange: Exchange, carrier: Carrier) {
    this.#server = server;
    this.#exchange = exchange;
    this.#carrier = carrier;
  }

  replied(reply: Reply): void {
    this.#server.respond(this.#exchange, this.#carrier, reply);
  }

  failed(error: unknown): void {
    // Who gives an exchange up is in the middle of it, and not ready to hear that it failed.
    if (this.#exchange.aborted === undefined) this.#respondTo(error);
    else queueMicrotask(() => this.#respondTo(error));
  }

  #respondTo(error: unknown): void {
    this.#server.respondToFailure(this.#exchange, this.#carrier, error);
  }
}

/** Errors that say that nothing of the site was meant: no mount, no file, no file that takes the method. */
const NOTHING_HERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['mount_unknown', 'not_found', 'method_not_allowed']);

/** The host that is routed by. */
function askedHost({ compat }: Generation, client: ClientFacts, connection: ConnectionFacts): AskedHost {
  const { authority, isForwarded, scheme } = client;
  // A name without a port stands for that of the scheme to lighttpd, whichever port it was asked on.
  const isDefault = isForwarded || compat === 'lighttpd';
  const port = authority?.port ?? (isDefault ? defaultPort(scheme) : connection.localPort);
  return { host: authority?.host ?? '', port };
}

function nothingBehind(): never {
  invariant(false, 'the last handler of a chain called next');
}

/** Whether the request came over a connection that was made for another host; behind trusted proxies, for theirs. */
function isElsewhere(
  tls: TlsSites,
  connection: ConnectionFacts,
  client: ClientFacts,
  request: RequestHead,
  port: number,
): boolean {
  const host = client.authority?.host ?? '';
  const certified = client.isForwarded ? request.authority?.host : host;
  return !tls.mayServe(connection, host, port, certified ?? '');
}

/** The route that the generation has for a request, or one of our own that answers for it. */
function findRoute(generation: Generation, request: RequestHead, host: string, port: number): Route {
  const { method, target } = request;
  // TRACE echoes credentials to scripts; CONNECT would open tunnels to anywhere (RFC 9110 §9.3.6, §9.3.8).
  if (method === 'TRACE') return TRACE_ROUTE;
  if (method === 'CONNECT') return CONNECT_ROUTE;
  if (method === 'OPTIONS' && (target.form === 'asterisk' || request.headers.get('max-forwards') === '0'))
    return OPTIONS_ROUTE;
  const match = generation.find(request, host, port);
  switch (match.kind) {
    case 'route':
      return match.route;
    case 'add-slash':
      return { ...match.route, handler: redirectToSlash };
    case 'no-mount':
      return ownRoute(match.site, failing('mount_unknown'));
    case 'no-site':
      return NO_SITE_ROUTE;
    case 'refused':
      return REFUSED_ROUTE;
  }
}

function ownRoute(site: string, handler: Handler): Route {
  const mount: Mount = { site, path: '', source: undefined };
  return { mount, handler, observers: [], keepsBarePath: false };
}

function failing(code: ErrorCode): Handler {
  return function fail(exchange) {
    throw new ProxyError(code, exchange.client.authority?.text ?? '');
  };
}

const NO_SITE_ROUTE = ownRoute('', failing('site_unknown'));
const REFUSED_ROUTE = ownRoute('', failing('request_denied'));
const MISDIRECTED_ROUTE = ownRoute('', failing('misdirected'));
const TRACE_ROUTE = ownRoute('', failing('method_not_allowed'));
const CONNECT_ROUTE = ownRoute('', failing('method_unsupported'));
const OPTIONS_ROUTE = ownRoute('', () => ({
  head: { status: 204, reason: 'No Content', headers: HeaderList.from({ Allow: ALLOWED_METHODS }) },
  body: emptyBody,
}));

/**
 * config.md rule 2: a bare `/app` goes to `/app/`, query kept. The path stays as received (no open redirect by `//`), behind
 * what a proxy in front cut off.
 */
function redirectToSlash(exchange: Exchange): Reply {
  const { path, query } = exchange.request.target;
  const location = `${exchange.client.prefix}${path.replace(/^\/{2,}/, '/')}/${query === undefined ? '' : `?${query}`}`;
  return {
    head: { status: 308, reason: 'Permanent Redirect', headers: HeaderList.from({ Location: location }) },
    body: emptyBody,
  };
}
