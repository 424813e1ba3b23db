// For backends on node:http, node:https or node:http2, and for anything that is a request listener: the public address, first of all.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type BackendOptions, createConsumer } from './_consumer.ts';
import { type NodeRequest, REFUSAL_HEADERS, REFUSALS, receiveNodeRequest } from './_node-request.ts';
import { type AnyRequest, publicRequestOf } from './_public-url.ts';
import { compileVirtualHosts, type VirtualHosts } from './_virtual-hosts.ts';

export type { AddressSource, BackendOptions, PublicRequest } from './_consumer.ts';
export type { ForwardedHeader, ForwardedHeaders } from './_forwarded-address.ts';
export { type AnyRequest, type PublicUrl, publicRequestOf, publicUrl, type StepOptions } from './_public-url.ts';
export type { SharedSecret } from './_trust.ts';
export type { VirtualHosts } from './_virtual-hosts.ts';

/** What a server calls for each request: node:http's RequestListener, an Express or Connect application, `koa.callback()`. */
export type Listener<Request, Response> = (request: Request, response: Response) => unknown;

/** The part of a response that a refusal needs. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body: string): unknown;
}

/**
 * A listener for a server behind a front: takes the public address off the path (or out of forwarded headers), writes
 * it into the request and calls `listener`; refuses forms from anybody who is not trusted, and malformed ones.
 * Put it around everything: sessions, authentication, access log, routing. A session guard that redirects inside it
 * redirects to public URLs; around it, it would leak the form.
 * Throws a RangeError or SyntaxError for options that make no sense.
 */
export function behindFront<Request extends NodeRequest, Response extends NodeResponse>(
  listener: Listener<Request, Response>,
  options: BackendOptions = {},
): Listener<Request, Response> {
  const consume = createConsumer(options);
  return function listenBehindFront(request, response) {
    const reception = receiveNodeRequest(consume, request);
    if (reception.kind === 'accepted') return listener(request, response);
    refuse(response, reception.status);
    return undefined;
  };
}

/** {@link behindFront} for the server's `upgrade` event (WebSocket): a refused client gets its answer and the end. */
export function upgradeBehindFront(
  listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown,
  options: BackendOptions = {},
): (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown {
  const consume = createConsumer(options);
  return function upgradeListener(request, socket, head) {
    const reception = receiveNodeRequest(consume, request);
    if (reception.kind === 'accepted') return listener(request, socket, head);
    const { statusMessage } = REFUSALS[reception.status];
    // Whoever upgrades has to expect errors of the socket: nobody else listens for them.
    socket.on('error', () => socket.destroy());
    socket.end(`HTTP/1.1 ${reception.status} ${statusMessage}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return undefined;
  };
}

/**
 * A listener that hands each request to the application of its public host; 404 for a host that has none.
 * Goes inside {@link behindFront}, which decides what the public host is.
 */
export function virtualHosts<Request extends AnyRequest, Response extends NodeResponse>(
  hosts: VirtualHosts<Listener<Request, Response>>,
): Listener<Request, Response> {
  const pick = compileVirtualHosts(hosts);
  return function listenByHost(request, response) {
    const app = pick(publicRequestOf(request).address);
    if (app !== undefined) return app(request, response);
    refuse(response, 404);
    return undefined;
  };
}

function refuse(response: NodeResponse, status: 400 | 404): void {
  const { body } = REFUSALS[status];
  response.writeHead(status, { ...REFUSAL_HEADERS, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
