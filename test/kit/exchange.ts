// Exchanges without a socket: builds one for a handler under test, and reads the reply that comes back.
import assert from 'node:assert/strict';
import { type Body, bytesBody, collectBody, emptyBody } from '../../src/exchange/body.ts';
import { ProxyError } from '../../src/exchange/errors.ts';
import { type ClientFacts, type ConnectionFacts, Exchange } from '../../src/exchange/exchange.ts';
import type { Feature, FeatureBounds, FeatureContext, FeatureLog } from '../../src/exchange/feature.ts';
import type { Answer, Handler, Next, Reply } from '../../src/exchange/handler.ts';
import type { HttpVersion, RequestHead, ResponseHead } from '../../src/exchange/head.ts';
import type { Mount, Route } from '../../src/exchange/route.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../src/http/header-list.ts';
import { reasonPhrase } from '../../src/http/status.ts';
import { parseAuthority, parseTarget } from '../../src/http/target.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { invariant } from '../../src/util/invariant.ts';
import { FakeClock } from './fake-clock.ts';

/** The bounds a feature sees where a test does not care. */
const BOUNDS: FeatureBounds = {
  maxHeadBytes: 32_768,
  connectMs: 5000,
  upstreamHeadMs: 60_000,
  upstreamBodyMs: 60_000,
  upstreamIdleMs: 60_000,
  tunnelMs: 60_000,
};

/** What a test says about its exchange; everything has a default. */
export interface TestExchangeOptions {
  /** Default `GET`. */
  readonly method?: string;
  /** The request target as received; default `/`. Must parse. */
  readonly target?: string;
  readonly version?: HttpVersion;
  readonly headers?: Record<string, string> | Iterable<readonly [string, string]>;
  readonly body?: string | Buffer | Body;
  /** The path of the mount, default `/`; or the whole mount. */
  readonly mount?: string | Mount;
  /** The public host; default `www.example.org`. Null for a request without Host. */
  readonly host?: string | null;
  readonly isSecure?: boolean;
  /** What a trusted proxy in front cut off the path; default nothing. */
  readonly prefix?: string;
  readonly address?: string;
  /** Hears the informational responses that are sent ahead of the final one. */
  readonly sendInterim?: (head: ResponseHead) => void;
}

/** An exchange as `server/serve.ts` would make it for a request over HTTP/1.1. */
export function testExchange(options: TestExchangeOptions = {}): Exchange {
  const method = options.method ?? 'GET';
  const target = parseTarget(method, options.target ?? '/');
  invariant(typeof target !== 'string', `test target does not parse: ${options.target}`);
  const host = options.host === undefined ? 'www.example.org' : options.host;
  const headers = HeaderList.from(options.headers ?? {});
  if (host !== null && !headers.has('host')) headers.append('Host', host);
  const connection = testConnection(options);
  const authority = target.authority ?? (host === null ? undefined : parseAuthority(host));
  const scheme = connection.isSecure ? 'https' : 'http';
  const client: ClientFacts = {
    address: connection.address,
    scheme,
    authority,
    prefix: options.prefix ?? '',
    isForwarded: false,
  };
  const request: RequestHead = {
    method,
    target,
    authority,
    upgrade: headers.get('upgrade')?.toLowerCase(),
    expectsContinue: headers.get('expect')?.toLowerCase() === '100-continue',
    version: options.version ?? 'HTTP/1.1',
    headers,
  };
  const route: Route = { mount: testMount(options.mount), handler: noNext, observers: [], keepsBarePath: false };
  const { sendInterim } = options;
  const carrier = sendInterim === undefined ? undefined : { sendInterim };
  return new Exchange(connection, client, request, toBody(options.body), route, carrier);
}

/** A mount at `path` of the site `www.example.org`. */
export function testMount(mount: string | Mount = '/'): Mount {
  return typeof mount === 'string' ? { site: 'www.example.org', path: mount, source: undefined } : mount;
}

/** One call of the log of a {@link testContext}. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A context for `Feature.create`, with a fake clock, a log that is kept, and sharing within this context. */
export interface TestContext extends FeatureContext {
  readonly clock: FakeClock;
  readonly lines: readonly LogLine[];
}

/** Builds a {@link TestContext}. The fake clock starts at the real time, for files that are made during the test. */
export function testContext(
  options: { mount?: string | Mount; baseDir?: string; clock?: FakeClock; mountOptions?: Record<string, unknown> } = {},
): TestContext {
  const lines: LogLine[] = [];
  const shared = new Map<string, object>();
  const logAt =
    (level: LogLine['level']): FeatureLog['info'] =>
    (fields, message) => {
      lines.push({ level, fields, message });
    };
  const clock = options.clock ?? new FakeClock(Date.now());
  return {
    mount: testMount(options.mount),
    baseDir: options.baseDir ?? process.cwd(),
    clock,
    deadlines: new Deadlines(clock),
    bounds: BOUNDS,
    compat: undefined,
    log: { info: logAt('info'), warn: logAt('warn'), error: logAt('error') },
    share<T extends object>(key: string, make: () => T): T {
      let value = shared.get(key);
      if (value === undefined) {
        value = make();
        shared.set(key, value);
      }
      return value as T; // the contract of `share`: one type per key
    },
    isHeld: (key) => shared.has(key),
    neighbours: [],
    mountOptions: options.mountOptions ?? {},
    lines,
  };
}

/**
 * What a configuration makes of a feature with these options: parsed by its schema, created, with the handler that
 * came out. Rejects with the schema's or the feature's own error.
 */
export async function createHandler<Options>(
  feature: Feature<Options>,
  options: unknown,
  context: FeatureContext = testContext(),
): Promise<Handler> {
  const instance = await feature.create?.(feature.options.parse(options), context);
  assert.ok(instance?.handle !== undefined, `${feature.name} has no handler`);
  return instance.handle;
}

/** A reply for the inner end of a chain under test. */
export function testReply(status = 200, headers: Record<string, string> = {}, body: string | Body = ''): Reply {
  return { head: { status, reason: reasonPhrase(status), headers: HeaderList.from(headers) }, body: toBody(body) };
}

/** A reply read to its end. */
export interface CollectedReply {
  readonly status: number;
  readonly headers: ReadonlyHeaderList;
  readonly bytes: Buffer;
  readonly text: string;
  readonly trailers: ReadonlyHeaderList | undefined;
}

/** Reads a reply whole; rejects with the error of its body. Checks that a known length was true. */
export async function collectReply(reply: Answer, limitBytes = 64e6): Promise<CollectedReply> {
  const { head, body } = await reply;
  const { length } = body;
  const { bytes, trailers } = await collectBody(body, limitBytes, () => new ProxyError('response_too_large'));
  if (length !== undefined) assert.equal(bytes.length, length, 'the body is not as long as it said');
  return { status: head.status, headers: head.headers, bytes, text: bytes.toString('utf8'), trailers };
}

/** Runs a handler and reads its reply; what it throws at once becomes a rejection too. */
export async function runHandler(handler: Handler, exchange: Exchange, next: Next = noNext): Promise<CollectedReply> {
  return collectReply(handler(exchange, next));
}

function noNext(): never {
  throw new Error('the handler under test called next, which this test does not expect');
}

function toBody(body: string | Buffer | Body | undefined): Body {
  if (body === undefined) return emptyBody;
  return typeof body === 'string' || Buffer.isBuffer(body) ? bytesBody(body) : body;
}

function testConnection(options: TestExchangeOptions): ConnectionFacts {
  const isSecure = options.isSecure ?? false;
  return {
    address: options.address ?? '192.0.2.7',
    port: 50_000,
    localAddress: '192.0.2.1',
    localPort: isSecure ? 443 : 80,
    protocol: options.version === 'HTTP/2.0' ? 'h2' : 'http/1.1',
    isSecure,
    tls: undefined,
  };
}
