// For backends on Hono with @hono/node-server, and for other fetch handlers: the public address before routing.

import { parseUrl } from '../util/parse-url.ts';
import { printOrigin } from '../vhost-path/public-address.ts';
import { type Arrival, type BackendOptions, createConsumer, type PublicRequest } from './_consumer.ts';
import { arrivalOf, type NodeRequest, publicHeaders, REFUSAL_HEADERS, REFUSALS } from './_node-request.ts';
import { attachPublicRequest, publicRequestOf } from './_public-url.ts';
import type { Peer } from './_trust.ts';
import { compileVirtualHosts, type VirtualHosts } from './_virtual-hosts.ts';

export type { BackendOptions, PublicRequest } from './_consumer.ts';
export { type PublicUrl, publicRequestOf, publicUrl } from './_public-url.ts';

/** A fetch handler: `app.fetch` of Hono, or any function of a web-standard request. */
export type FetchHandler<Rest extends unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>;

/** {@link BackendOptions}, and who asks where no Node request tells. */
export interface FetchOptions<Rest extends unknown[]> extends BackendOptions {
  /** The IP address of the peer, for runtimes other than @hono/node-server. Without one no form is believed. */
  readonly peerAddress?: ((request: Request, ...rest: Rest) => string | undefined) | undefined;
}

/**
 * A fetch handler for a server behind a front: `serve({ fetch: behindFront(app.fetch) })`. The handler gets a request whose
 * URL is the public one (with the path that is to be routed, where a prefix makes a difference), Host and `X-Forwarded-*`
 * headers likewise. A middleware would come too late: Hono has routed by then.
 * Throws a RangeError or SyntaxError for options that make no sense.
 */
export function behindFront<Rest extends unknown[]>(
  handler: FetchHandler<Rest>,
  options: FetchOptions<Rest> = {},
): FetchHandler<Rest> {
  const consume = createConsumer(options);
  return function fetchBehindFront(request, ...rest) {
    const incoming = incomingOf(rest[0]);
    const arrival =
      incoming === undefined ? webArrival(request, options.peerAddress?.(request, ...rest)) : arrivalOf(incoming);
    const reception = consume(arrival);
    if (reception.kind === 'refused') return refuse(reception.status);
    const { publicRequest, target } = reception;
    if (publicRequest.source === 'request') {
      attachPublicRequest(request, publicRequest);
      return handler(request, ...rest);
    }
    const changed = changeRequest(request, publicRequest, target);
    return changed === undefined ? refuse(400) : handler(changed, ...rest);
  };
}

/**
 * A fetch handler that hands each request to the application of its public host; 404 for a host that has none.
 * Goes inside {@link behindFront}, which decides what the public host is.
 */
export function virtualHosts<Rest extends unknown[]>(hosts: VirtualHosts<FetchHandler<Rest>>): FetchHandler<Rest> {
  const pick = compileVirtualHosts(hosts);
  return function fetchByHost(request, ...rest) {
    const app = pick(publicRequestOf(request).address);
    return app === undefined ? refuse(404) : app(request, ...rest);
  };
}

/** @hono/node-server hands its handler `{ incoming, outgoing }` as environment. */
function incomingOf(env: unknown): NodeRequest | undefined {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return undefined;
  const { incoming } = env;
  const isNodeRequest = typeof incoming === 'object' && incoming !== null && 'rawHeaders' in incoming;
  return isNodeRequest ? (incoming as NodeRequest) : undefined;
}

function webArrival(request: Request, peerAddress: string | undefined): Arrival {
  const url = new URL(request.url);
  const peer: Peer = peerAddress === undefined ? { kind: 'unknown' } : { kind: 'ip', address: peerAddress };
  return {
    peer,
    isEncrypted: url.protocol === 'https:',
    target: url.pathname + url.search,
    hosts: [request.headers.get('host') ?? url.host],
    localAuthority: url.host,
    header: (name) => request.headers.get(name) ?? undefined,
  };
}

/** Undefined where compat mode let an address through that no URL can hold. */
function changeRequest(request: Request, publicRequest: PublicRequest, target: string): Request | undefined {
  const { address } = publicRequest;
  const text = printOrigin(address) + target;
  // A URL parser repairs what it can, such as an empty host; what it makes of it is not what the front said.
  if (parseUrl(text)?.hostname !== address.host.toLowerCase()) return undefined;
  const headers = new Headers(request.headers);
  for (const [name, value] of publicHeaders(publicRequest)) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  const { method, body, signal } = request;
  const changed = new Request(text, { method, headers, body, signal, redirect: 'manual', duplex: 'half' });
  attachPublicRequest(changed, publicRequest);
  return changed;
}

function refuse(status: 400 | 404): Response {
  const { body, statusMessage } = REFUSALS[status];
  return new Response(body, { status, statusText: statusMessage, headers: REFUSAL_HEADERS });
}
