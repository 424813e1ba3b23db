// The admin socket's HTTP face: one small table of orders, answered in JSON, served by our own engine.
import { type Body, bytesBody, collectBody, emptyBody } from '../../exchange/body.ts';
import { renderError } from '../../exchange/error-reply.ts';
import { ProxyError, toProxyError } from '../../exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import type { RequestHead } from '../../exchange/head.ts';
import type { Carrier, ExchangeHost } from '../../exchange/host.ts';
import type { Route } from '../../exchange/route.ts';
import { HeaderList } from '../../http/header-list.ts';
import { reasonPhrase } from '../../http/status.ts';
import type { CertificateAction } from './certificates.ts';

/** The answer to an order: a status, and what is printed as JSON; a string goes out as text. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The orders: name to what carries them out. `GET /NAME` reads, `POST /NAME` changes something. */
export interface AdminOrders {
  status(): Promise<AdminAnswer>;
  reload(): Promise<AdminAnswer>;
  /** Everything that can be scraped, in the text format of Prometheus. */
  metrics(): Promise<AdminAnswer>;
  /** What rewriting did at each mount, leaks and rescues with it. */
  rewriting(): Promise<AdminAnswer>;
  /** The same, and sets it back to nothing. */
  resetRewriting(): Promise<AdminAnswer>;
  certificate(action: CertificateAction, question: URLSearchParams): Promise<AdminAnswer>;
}

type Order = (body: Buffer, query: URLSearchParams) => Promise<AdminAnswer>;

/** Bodies of orders are small. */
const BODY_BYTES_LIMIT = 1024 * 1024;

/** A host for the connections of the admin socket: reached only by who may open the socket file (mode 0600). */
export function createAdminHost(orders: AdminOrders): ExchangeHost {
  const table: Readonly<Record<string, Order>> = {
    'GET /status': () => orders.status(),
    'GET /metrics': () => orders.metrics(),
    'GET /rewriting': () => orders.rewriting(),
    'POST /rewriting/reset': () => orders.resetRewriting(),
    'POST /reload': () => orders.reload(),
    'GET /certificate': (_body, query) => orders.certificate('explain', query),
    'POST /certificate/renew': (_body, query) => orders.certificate('renew', query),
    'POST /certificate/revoke': (_body, query) => orders.certificate('revoke', query),
  };
  return new AdminHost(table);
}

class AdminHost implements ExchangeHost {
  readonly #table: Readonly<Record<string, Order>>;
  readonly isDraining = false;

  constructor(table: Readonly<Record<string, Order>>) {
    this.#table = table;
  }

  open(connection: ConnectionFacts, request: RequestHead, body: Body, carrier: Carrier): Exchange {
    const client = {
      address: '',
      scheme: 'http',
      authority: request.authority,
      prefix: '',
      isForwarded: false,
    } as const;
    return new Exchange(connection, client, request, body, ADMIN_ROUTE, carrier);
  }

  run(exchange: Exchange, carrier: Carrier): void {
    this.#answer(exchange).then(
      (reply) => carrier.respond(reply),
      (error: unknown) => carrier.respond(failure(error)),
    );
  }

  headSent(): void {}

  close(): void {}

  refuse(_connection: ConnectionFacts, error: ProxyError): Reply {
    return failure(error);
  }

  async #answer({ request, body }: Exchange): Promise<Reply> {
    const order = this.#table[`${request.method} ${request.target.path}`];
    if (order === undefined) throw new ProxyError('not_found', request.target.path);
    const { bytes } = await collectBody(body, BODY_BYTES_LIMIT, () => new ProxyError('request_body_too_large'));
    return toReply(await order(bytes, new URLSearchParams(request.target.query)));
  }
}

const ADMIN_ROUTE: Route = {
  mount: { site: 'admin', path: '/', source: undefined },
  handler: () => ({ head: { status: 404, reason: '', headers: new HeaderList() }, body: emptyBody }),
  observers: [],
  keepsBarePath: false,
};

function toReply({ status, body }: AdminAnswer): Reply {
  const isText = typeof body === 'string';
  const headers = HeaderList.from({ 'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json' });
  return {
    head: { status, reason: reasonPhrase(status), headers },
    body: bytesBody(isText ? body : `${JSON.stringify(body, undefined, 2)}\n`),
  };
}

function failure(thrown: unknown): Reply {
  return renderError(toProxyError(thrown), { method: 'GET', accept: 'application/json', id: undefined });
}
