// What the contract of transports needs: one peer in both protocols, an endpoint of each, and bodies under control.
import { once } from 'node:events';
import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Body, Sink } from '../../src/exchange/body.ts';
import { bytesBody, emptyBody } from '../../src/exchange/body.ts';
import type { ProxyError } from '../../src/exchange/errors.ts';
import type { Reply } from '../../src/exchange/handler.ts';
import type { OutboundProtocol } from '../../src/exchange/outbound.ts';
import { DEFAULT_OUTBOUND_LIMITS } from '../../src/h1/limits.ts';
import { DEFAULT_OUTBOUND_SESSION_LIMITS, type OutboundSessionLimits } from '../../src/h2/limits.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../src/http/header-list.ts';
import { createRoundRobin } from '../../src/upstream/balancers/round-robin.ts';
import type { Endpoint } from '../../src/upstream/endpoint.ts';
import { DEFAULT_POOL_LIMITS, Pool, type PoolOptions } from '../../src/upstream/pool.ts';
import { pooledTransport } from '../../src/upstream/transport.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { atEnd, type Owner } from './at-end.ts';
import { testExchange } from './exchange.ts';
import { Waiting } from './waiting.ts';

/** What the compatibility interface of node:http2 has in common with node:http. */
export type PeerRequest = IncomingMessage | Http2ServerRequest;
/** What is used of it exists in both. */
export type PeerResponse = ServerResponse;
export type PeerHandler = (request: PeerRequest, response: PeerResponse) => void;

/** Starts a server of either protocol on a loopback port. `checkContinue` answers requests with Expect. */
export async function startPeer(
  owner: Owner,
  protocol: OutboundProtocol,
  handler: PeerHandler,
  checkContinue?: PeerHandler,
): Promise<number> {
  const listener = (request: PeerRequest, response: ServerResponse | Http2ServerResponse) => {
    request.on('error', () => {});
    response.on('error', () => {});
    handler(request, response as ServerResponse);
  };
  const server =
    protocol === 'h1'
      ? createHttp1Server(listener)
      : createHttp2Server({ maxSendHeaderBlockLength: 1024 * 1024 }, listener);
  if (checkContinue !== undefined) server.on('checkContinue', checkContinue);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(owner, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** What a test says about its endpoint. */
export interface EndpointWishes {
  readonly clock?: Clock;
  readonly deadlines?: Deadlines;
  readonly sessionLimits?: Partial<OutboundSessionLimits>;
  readonly connections?: number;
  readonly pool?: Partial<PoolOptions>;
}

/** An upstream of one endpoint on a loopback port. */
export function createUpstream(
  owner: Owner,
  protocol: OutboundProtocol | 'auto',
  port: number,
  wishes: EndpointWishes = {},
): { readonly upstream: Upstream; readonly endpoint: Endpoint } {
  const clock = wishes.clock ?? systemClock;
  const deadlines = wishes.deadlines ?? new Deadlines(clock);
  const address = { host: '127.0.0.1', port };
  const options: PoolOptions = {
    address,
    scheme: 'http',
    tls: undefined,
    protocol,
    limits: { ...DEFAULT_POOL_LIMITS, connections: wishes.connections ?? 1024 },
    outboundLimits: DEFAULT_OUTBOUND_LIMITS,
    sessionLimits: { ...DEFAULT_OUTBOUND_SESSION_LIMITS, ...wishes.sessionLimits },
    ...wishes.pool,
  };
  const pool = new Pool(options, clock, deadlines);
  atEnd(owner, () => pool.close());
  const name = `127.0.0.1:${port}`;
  const endpoint: Endpoint = { name, address, scheme: 'http', protocol, authority: name, pool };
  return { upstream: new Upstream('test', [endpoint], createRoundRobin(), pooledTransport), endpoint };
}

/** What a test sends. */
export interface TestRequest {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Body | string | Buffer;
  readonly onInterim?: (status: number, headers: ReadonlyHeaderList) => void;
}

/** Sends a request as the proxy would, and says how to give it up. */
export function send(upstream: Upstream, request: TestRequest = {}) {
  const { method = 'GET', target = '/', headers = {}, onInterim } = request;
  const body = request.body === undefined ? emptyBody : toBody(request.body);
  const exchange = testExchange({
    method,
    target,
    headers,
    body,
    host: 'a.test',
    sendInterim: ({ status, headers: interim }) => onInterim?.(status, interim),
  });
  const outbound = { method, target, headers: HeaderList.from({ Host: 'a.test', ...headers }) };
  const reply: Promise<Reply> = Promise.resolve(upstream.send(exchange, () => outbound, exchange.body));
  return { exchange, reply };
}

function toBody(body: Body | string | Buffer): Body {
  return typeof body === 'string' || Buffer.isBuffer(body) ? bytesBody(body) : body;
}

/** A body that the test pushes by hand. */
export class HandBody implements Body {
  readonly length: number | undefined;
  readonly isEmpty = false;
  cancelled: ProxyError | undefined = undefined;
  /** Whether the sink said "wait" and has not taken it back. */
  isBlocked = false;
  #sink: Sink | undefined = undefined;
  readonly #waiting = new Waiting(() => `blocked: ${this.isBlocked}, cancelled: ${this.cancelled}`);

  constructor(length?: number) {
    this.length = length;
  }

  sendTo(sink: Sink): void {
    this.#sink = sink;
    sink.onDrained = () => {
      this.isBlocked = false;
      this.#waiting.changed();
    };
    this.#waiting.changed();
  }

  cancel(reason: ProxyError): void {
    this.cancelled = reason;
    this.#waiting.changed();
  }

  get isWanted(): boolean {
    return this.#sink !== undefined;
  }

  until(what: string, isThere: () => boolean): Promise<void> {
    return this.#waiting.until(what, isThere);
  }

  write(bytes: Buffer | string): void {
    if (this.#sink?.write(Buffer.from(bytes)) === false) this.isBlocked = true;
  }

  end(trailers?: ReadonlyHeaderList): void {
    this.#sink?.end(trailers);
  }

  abort(error: ProxyError): void {
    this.#sink?.abort(error);
  }
}

const PIECE = Buffer.alloc(65_536);
const STILL_TURNS = 300;
const STILL_MS = 200;

/**
 * Writes to a body until nobody takes any more of it, or `limit` bytes are written; answers how many bytes were taken. Then
 * every buffer on the way to an endpoint that does not read is full.
 */
export async function fillUp(body: HandBody, limit = Number.POSITIVE_INFINITY): Promise<number> {
  let sent = 0;
  for (;;) {
    while (!body.isBlocked && sent < limit) {
      body.write(PIECE);
      sent += PIECE.length;
    }
    if (sent >= limit || (await stays(() => body.isBlocked))) return sent;
  }
}

/** Resolves with a number once it does not change any more. */
export async function standstill(read: () => number): Promise<number> {
  let last = read();
  while (!(await stays(() => read() === last))) last = read();
  return last;
}

/**
 * Whether something holds for many turns of the event loop, and for long enough that the system has carried what was under
 * way: on a busy machine it lets bytes lie for thousands of turns.
 */
async function stays(isThere: () => boolean): Promise<boolean> {
  const startMs = systemClock.now();
  for (let turns = 0; turns < STILL_TURNS || systemClock.now() - startMs < STILL_MS; turns++) {
    if (!isThere()) return false;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return isThere();
}

/** A sink that takes what it is given until it is told to stop. */
export class HandSink implements Sink {
  onDrained: (() => void) | undefined = undefined;
  readonly chunks: Buffer[] = [];
  trailers: ReadonlyHeaderList | undefined = undefined;
  isEnded = false;
  error: ProxyError | undefined = undefined;
  bytes = 0;
  isStopped: boolean;
  readonly #waiting = new Waiting(() => `${this.bytes} bytes, ended: ${this.isEnded}, error: ${this.error}`);

  constructor(isStopped = false) {
    this.isStopped = isStopped;
  }

  write(chunk: Buffer, release?: () => void): boolean {
    this.chunks.push(Buffer.from(chunk));
    this.bytes += chunk.length;
    release?.();
    this.#waiting.changed();
    return !this.isStopped;
  }

  end(trailers?: ReadonlyHeaderList): void {
    this.trailers = trailers;
    this.isEnded = true;
    this.#waiting.changed();
  }

  abort(error: ProxyError): void {
    this.error = error;
    this.#waiting.changed();
  }

  go(): void {
    this.isStopped = false;
    this.onDrained?.();
  }

  until(what: string, isThere: () => boolean): Promise<void> {
    return this.#waiting.until(what, isThere);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

/** Reads a reply to its end, or to its failure. */
export async function drain(reply: Reply): Promise<HandSink> {
  const sink = new HandSink();
  reply.body.sendTo(sink);
  await sink.until('the end of the answer', () => sink.isEnded || sink.error !== undefined);
  return sink;
}
