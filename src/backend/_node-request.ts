// Node's request object as the consumer sees it, and how a decision is written back into it.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { printHost } from '../vhost-path/public-address.ts';
import type { Arrival, Consumer, PublicRequest, Reception } from './_consumer.ts';
import { attachedPublicRequest, attachPublicRequest } from './_public-url.ts';
import type { Peer } from './_trust.ts';

/** The part of node:http's IncomingMessage, and of node:http2's request, that is read and changed here. */
export interface NodeRequest {
  url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly socket: NodeSocket;
}

type NodeSocket = Partial<Pick<Socket, 'destroyed' | 'localAddress' | 'localPort' | 'remoteAddress'>>;

/**
 * Decides about a request and, if it is accepted, rewrites it so that everything that runs later sees the public address.
 * `url` is what the router is to see. Where a form or forwarded headers said something, it also sets the Host and
 * `X-Forwarded-*` headers and the properties `originalUrl`, `baseUrl`, `protocol`, `hostname`, `secure`, by the
 * meaning that Express gives them; Connect, Polka, Restify and session stores read the same ones.
 * A request that has been here before is left as it is: wrappers may be nested.
 */
export function receiveNodeRequest(consume: Consumer, request: NodeRequest): Reception {
  const earlier = attachedPublicRequest(request);
  if (earlier !== undefined) return { kind: 'accepted', target: request.url ?? '/', publicRequest: earlier };
  const reception = consume(arrivalOf(request));
  if (reception.kind === 'refused') return reception;
  const { publicRequest, target } = reception;
  attachPublicRequest(request, publicRequest);
  if (publicRequest.source === 'request') return reception;
  request.url = target;
  writeHeaders(request, publicRequest);
  writeProperties(request, publicRequest);
  return reception;
}

/** Reads what the consumer asks for out of a request. */
export function arrivalOf(request: NodeRequest): Arrival {
  const { headers, rawHeaders, socket } = request;
  const authority = headers[':authority'];
  const { localAddress, localPort } = socket;
  const localHost = localAddress?.includes(':') ? `[${localAddress}]` : localAddress;
  return {
    peer: peerOf(socket),
    isEncrypted: 'encrypted' in socket && socket.encrypted === true,
    target: request.url ?? '/',
    hosts: typeof authority === 'string' ? [authority] : hostLines(rawHeaders, headers),
    localAuthority: localHost === undefined ? undefined : `${localHost}:${localPort}`,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

/** A unix socket has no addresses on either side; a connection that is gone has none any more, and must not pass for one. */
export function peerOf(socket: NodeSocket): Peer {
  if (socket.remoteAddress !== undefined) return { kind: 'ip', address: socket.remoteAddress };
  return socket.destroyed === true || socket.localAddress !== undefined ? { kind: 'unknown' } : { kind: 'unix' };
}

/** Node keeps the first of several Host lines in `headers`; RFC 9112 §3.2 wants to know about all. */
function hostLines(rawHeaders: readonly string[], headers: IncomingHttpHeaders): string[] {
  const hosts: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'host') hosts.push(rawHeaders[index + 1] ?? '');
  }
  // Requests made up in memory (inject) have no raw headers.
  return hosts.length === 0 && headers.host !== undefined ? [headers.host] : hosts;
}

/** The headers that say the address, in the one meaning that is left: what the public asked for. */
export function publicHeaders({ address }: PublicRequest): Map<string, string | undefined> {
  const host = printHost(address);
  return new Map([
    ['host', host],
    ['x-forwarded-proto', address.scheme],
    ['x-forwarded-host', host],
    ['x-forwarded-port', String(address.port)],
    ['x-forwarded-prefix', address.prefix === '' ? undefined : address.prefix],
  ]);
}

function writeHeaders(request: NodeRequest, publicRequest: PublicRequest): void {
  const { headers, rawHeaders } = request;
  const wanted = publicHeaders(publicRequest);
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (wanted.has(rawHeaders[index]?.toLowerCase() ?? '')) rawHeaders.splice(index, 2);
  }
  for (const [name, value] of wanted) {
    if (value === undefined) {
      delete headers[name];
      continue;
    }
    headers[name] = value;
    rawHeaders.push(name === 'host' ? 'Host' : name, value);
  }
  if (headers[':authority'] !== undefined) headers[':authority'] = headers.host;
}

function writeProperties(request: NodeRequest, { address, target }: PublicRequest): void {
  const hostname = address.host;
  const properties = {
    originalUrl: target,
    baseUrl: address.prefix,
    protocol: address.scheme,
    hostname,
    secure: address.scheme === 'https',
  };
  // Own properties win over the getters that Express has on the prototype, whichever application's prototype that becomes.
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(request, name, { value, configurable: true, enumerable: true, writable: true });
  }
}

/** What a refused client gets: nothing of the request, nothing of the reason. */
export const REFUSALS = {
  400: { statusMessage: 'Bad Request', body: 'Bad Request\n' },
  404: { statusMessage: 'Not Found', body: 'Not Found\n' },
} as const;

/** The headers of a refusal. */
export const REFUSAL_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;
