// The proxy: forwards an exchange to an upstream and its answer back.
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext, FeatureInstance, PreviewedRequest } from '../../exchange/feature.ts';
import type { Reply } from '../../exchange/handler.ts';
import { TARGET_WRAPPER } from '../../exchange/target-wrapper.ts';
import { DEFAULT_OUTBOUND_LIMITS } from '../../h1/limits.ts';
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import { printAddress } from '../../net/address.ts';
import { createRoundRobin } from '../../upstream/balancers/round-robin.ts';
import { type Endpoint, type EndpointUrl, parseEndpointUrl } from '../../upstream/endpoint.ts';
import { DEFAULT_POOL_LIMITS, Pool } from '../../upstream/pool.ts';
import { h1Transport } from '../../upstream/transport.ts';
import { type RequestFor, Upstream } from '../../upstream/upstream.ts';
import { invariant } from '../../util/invariant.ts';
import { finishHead, finishSwitchHead } from './finish-response.ts';
import type { HostPolicy, ProxyOptions, ProxyTimeouts } from './options.ts';
import { createTargetMap, type MapTarget } from './path-map.ts';
import { type PreparePolicy, prepareHeaders } from './prepare-request.ts';

/** Makes the proxy for one mount. Endpoints are shared with other mounts and generations that use the same. */
export function createProxy(options: ProxyOptions, context: FeatureContext): FeatureInstance {
  const urls = options.to.map(toEndpointUrl);
  const [first] = urls;
  invariant(first !== undefined, 'a proxy without an endpoint');
  const endpoints = urls.map((url) => shareEndpoint(url, options, context));
  const upstream = new Upstream(options.to.join(', '), endpoints, createRoundRobin(), h1Transport);
  const { path } = context.mount;
  const basePath = keepsPublicPath(context) && first.path === '/' ? path : first.path;
  const forwarder = new Forwarder(
    upstream,
    createTargetMap(path, basePath),
    basePath,
    (context.mountOptions['host'] ?? 'public') as HostPolicy,
    {
      // A backend that has the path itself must not be told to add it.
      prefix: basePath === path ? '' : path.replace(/\/$/, ''),
      allowedUpgrades: new Set(options.upgrade),
    },
  );
  return {
    handle: function proxy(exchange) {
      return forwarder.forward(exchange);
    },
    keepsBarePath: path !== '/' && basePath === path,
    preview: (exchange) => forwarder.preview(exchange),
    explain: () => [`forwards to ${options.to.join(', ')}`],
  };
}

class Forwarder {
  readonly #upstream: Upstream;
  readonly #mapTarget: MapTarget;
  readonly #basePath: string;
  readonly #hostPolicy: HostPolicy;
  readonly #policy: PreparePolicy;
  /** What prepared headers are kept under: they differ by mount and by endpoint. */
  readonly #memoKeys: ReadonlyMap<Endpoint, object>;

  constructor(
    upstream: Upstream,
    mapTarget: MapTarget,
    basePath: string,
    hostPolicy: HostPolicy,
    policy: PreparePolicy,
  ) {
    this.#upstream = upstream;
    this.#mapTarget = mapTarget;
    this.#basePath = basePath;
    this.#hostPolicy = hostPolicy;
    this.#policy = policy;
    this.#memoKeys = new Map(upstream.endpoints.map((endpoint) => [endpoint, {}]));
  }

  forward(exchange: Exchange): Promise<Reply> {
    return this.#upstream.send(exchange, this.#requestFor(exchange), exchange.body).then(finishReply);
  }

  preview(exchange: Exchange): PreviewedRequest {
    const endpoint = this.#upstream.pick(exchange, []);
    invariant(endpoint !== undefined, 'an upstream without endpoints');
    return { endpoint: endpoint.name, request: this.#requestFor(exchange)(endpoint) };
  }

  #requestFor(exchange: Exchange): RequestFor {
    const { request } = exchange;
    const method = exchange.hasOutbound ? exchange.outbound.method : request.method;
    const mapped = this.#mapTarget(request.target);
    const wrap = exchange.get(TARGET_WRAPPER);
    const target = wrap === undefined ? mapped : wrap(exchange, mapped, this.#basePath);
    return (endpoint) => ({ method, target, headers: this.#headersFor(exchange, endpoint) });
  }

  /** Kept with the received headers while nobody asked for changes: they repeat on a kept-alive connection. */
  #headersFor(exchange: Exchange, endpoint: Endpoint): HeaderList {
    if (exchange.hasOutbound) return this.#prepare(exchange, exchange.outbound.headers, endpoint);
    const { headers } = exchange.request;
    const key = this.#memoKeys.get(endpoint);
    invariant(key !== undefined, 'an endpoint of another upstream');
    return headers.derive(key, () => this.#prepare(exchange, headers, endpoint));
  }

  #prepare(exchange: Exchange, headers: ReadonlyHeaderList, endpoint: Endpoint): HeaderList {
    const publicHost = exchange.client.authority?.text;
    const host = this.#hostPolicy === 'public' && publicHost !== undefined ? publicHost : endpoint.authority;
    return prepareHeaders(exchange, headers, host, this.#policy);
  }
}

/** The nevow form has no place for a prefix: the path behind it is the public one, whole. */
function keepsPublicPath({ mountOptions }: FeatureContext): boolean {
  const vhost = mountOptions['vhost'];
  return typeof vhost === 'object' && vhost !== null && 'dialect' in vhost && vhost.dialect === 'nevow';
}

function finishReply(reply: Reply): Reply {
  if (reply.tunnel !== undefined) return { head: finishSwitchHead(reply.head), body: reply.body, tunnel: reply.tunnel };
  return { head: finishHead(reply.head), body: reply.body };
}

function toEndpointUrl(text: string): EndpointUrl {
  const url = parseEndpointUrl(text);
  invariant(typeof url !== 'string', 'the schema lets no broken address through');
  return url;
}

function shareEndpoint(url: EndpointUrl, options: ProxyOptions, context: FeatureContext): Endpoint {
  const timeouts = (context.mountOptions['timeouts'] ?? {}) as ProxyTimeouts;
  const { bounds } = context;
  const poolOptions = {
    address: url.address,
    tls: url.scheme === 'https' ? tlsOptions(url, options) : undefined,
    limits: {
      ...DEFAULT_POOL_LIMITS,
      connections: options.connections,
      idleTimeoutMs: bounds.upstreamIdleMs,
      connectTimeoutMs: timeouts.connect ?? bounds.connectMs,
    },
    outboundLimits: {
      ...DEFAULT_OUTBOUND_LIMITS,
      headBytes: Math.max(bounds.maxHeadBytes, DEFAULT_OUTBOUND_LIMITS.headBytes),
      responseTimeoutMs: timeouts.upstreamHead ?? bounds.upstreamHeadMs,
      readTimeoutMs: timeouts.upstreamBody ?? bounds.upstreamBodyMs,
      writeTimeoutMs: timeouts.upstreamBody ?? bounds.upstreamBodyMs,
      tunnelIdleTimeoutMs: timeouts.tunnel ?? bounds.tunnelMs,
    },
  };
  const name = printAddress(url.address);
  return context.share(
    `endpoint ${JSON.stringify([url.scheme, url.authority, poolOptions])}`,
    (): Endpoint => ({
      name,
      address: url.address,
      scheme: url.scheme,
      authority: url.authority,
      pool: new Pool(poolOptions, context.clock, context.deadlines),
    }),
    (endpoint) => endpoint.pool.close(),
  );
}

/** RFC 6066 §3: SNI carries names, never IP addresses; those are checked against the certificate all the same. */
function tlsOptions(url: EndpointUrl, options: ProxyOptions): ConnectionOptions {
  const host = 'host' in url.address ? url.address.host : 'localhost';
  const serverName = options.serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: options.verify,
    ALPNProtocols: ['http/1.1'],
  };
}
