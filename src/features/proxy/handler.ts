// The proxy: forwards an exchange to an upstream and its answer back.
import { createHash } from 'node:crypto';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext, FeatureInstance, PreviewedRequest } from '../../exchange/feature.ts';
import type { Answer } from '../../exchange/handler.ts';
import { plainPath } from '../../exchange/public-path.ts';
import { TARGET_WRAPPER } from '../../exchange/target-wrapper.ts';
import { DEFAULT_OUTBOUND_LIMITS } from '../../h1/limits.ts';
import { DEFAULT_OUTBOUND_SESSION_LIMITS } from '../../h2/limits.ts';
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import { defaultPort, parseAuthority } from '../../http/target.ts';
import { printAddress } from '../../net/address.ts';
import { type ProxiedEnds, printProxyHeader1, printProxyHeader2 } from '../../net/proxy-protocol.ts';
import type { CreateMountRewriter, MountRewriter, PublicView } from '../../rewrite/mount-rewriter.ts';
import { createRoundRobin } from '../../upstream/balancers/round-robin.ts';
import type { ProtocolChoice } from '../../upstream/dialler.ts';
import { type Endpoint, type EndpointUrl, parseEndpointUrl } from '../../upstream/endpoint.ts';
import { DEFAULT_POOL_LIMITS, Pool } from '../../upstream/pool.ts';
import { pooledTransport } from '../../upstream/transport.ts';
import { type RequestFor, Upstream } from '../../upstream/upstream.ts';
import { invariant } from '../../util/invariant.ts';
import { normalHost } from './compat-headers.ts';
import { type EndpointFiles, endpointTls, readEndpointFiles } from './endpoint-tls.ts';
import type { HostPolicy, ProxyOptions, ProxyTimeouts } from './options.ts';
import { type PreparePolicy, prepareHeaders } from './prepare-request.ts';

/** Makes the proxy for one mount. Endpoints are shared with other mounts and generations that use the same. */
export async function createProxy(
  options: ProxyOptions,
  context: FeatureContext,
  createRewriter: CreateMountRewriter,
): Promise<FeatureInstance> {
  const files = await readEndpointFiles(options);
  const urls = options.to.map(toEndpointUrl);
  const [first] = urls;
  invariant(first !== undefined, 'a proxy without an endpoint');
  const endpoints = urls.map((url) => shareEndpoint(url, options, files, context));
  const upstream = new Upstream(options.to.join(', '), endpoints, createRoundRobin(), pooledTransport);
  const path = plainPath(context.mount.path);
  const basePath = keepsPublicPath(context) && first.path === '/' ? path : first.path;
  const host = (context.mountOptions['host'] ?? 'public') as HostPolicy;
  const mount = { path: context.mount.path, backendPath: basePath, endpoints: urls.map(toBase), host };
  const rewriter = createRewriter(mount, context);
  const forwarder = new Forwarder(upstream, rewriter, basePath, host, {
    // A backend that has the path itself must not be told to add it.
    prefix: basePath === path ? '' : path.replace(/\/$/, ''),
    allowedUpgrades: new Set(options.upgrade),
    compat: context.compat && { server: context.compat, serverName: firstName(context.mount.site) },
  });
  return {
    handle: function proxy(exchange) {
      return forwarder.forward(exchange);
    },
    keepsBarePath: path !== '/' && basePath === path,
    preview: (exchange) => forwarder.preview(exchange),
    rewriting: rewriter.work,
    explain: () => [
      ...rewriter.explain(),
      `forwards to ${endpoints.map((endpoint, index) => printDestination(endpoint, options.to[index] ?? '')).join(', ')}`,
    ],
  };
}

class Forwarder {
  readonly #upstream: Upstream;
  readonly #rewriter: MountRewriter;
  readonly #basePath: string;
  readonly #hostPolicy: HostPolicy;
  readonly #policy: PreparePolicy;

  constructor(
    upstream: Upstream,
    rewriter: MountRewriter,
    basePath: string,
    hostPolicy: HostPolicy,
    policy: PreparePolicy,
  ) {
    this.#upstream = upstream;
    this.#rewriter = rewriter;
    this.#basePath = basePath;
    this.#hostPolicy = hostPolicy;
    this.#policy = policy;
  }

  forward(exchange: Exchange): Answer {
    const view = this.#rewriter.viewFor(exchange);
    const own = view.answerOwn(exchange);
    if (own !== undefined) return own;
    view.watchInterim(exchange);
    const requestFor = this.#requestFor(exchange, view);
    return this.#upstream.send(exchange, requestFor, exchange.body, (reply) => view.finishReply(exchange, reply));
  }

  preview(exchange: Exchange): PreviewedRequest {
    const endpoint = this.#upstream.pick(exchange, []);
    invariant(endpoint !== undefined, 'an upstream without endpoints');
    const view = this.#rewriter.viewFor(exchange);
    return {
      endpoint: endpoint.name,
      version: printVersion(endpoint),
      request: this.#requestFor(exchange, view)(endpoint),
    };
  }

  #requestFor(exchange: Exchange, view: PublicView): RequestFor {
    const { request } = exchange;
    const method = exchange.hasOutbound ? exchange.outbound.method : request.method;
    const mapped = view.mapTarget(request.target);
    const wrap = exchange.get(TARGET_WRAPPER);
    const target = wrap === undefined ? mapped : wrap(exchange, mapped, this.#basePath);
    return (endpoint) => ({ method, target, headers: this.#headersFor(exchange, view, endpoint) });
  }

  /** Kept with the received headers while nobody asked for changes: they repeat on a kept-alive connection. */
  #headersFor(exchange: Exchange, view: PublicView, endpoint: Endpoint): HeaderList {
    const { endpoints } = this.#upstream;
    const index = endpoints.length === 1 ? 0 : endpoints.indexOf(endpoint);
    const make = (headers: ReadonlyHeaderList) => {
      const prepared = this.#prepare(exchange, headers, endpoint);
      view.prepareRequest(prepared, index);
      return prepared;
    };
    if (exchange.hasOutbound) return make(exchange.outbound.headers);
    const { headers } = exchange.request;
    return headers.derive(view.memoKey(index), make);
  }

  #prepare(exchange: Exchange, headers: ReadonlyHeaderList, endpoint: Endpoint): HeaderList {
    const publicHost =
      this.#policy.compat?.server === 'lighttpd' ? normalHost(exchange) : exchange.client.authority?.text;
    const host = this.#hostPolicy === 'public' && publicHost !== undefined ? publicHost : endpoint.authority;
    return prepareHeaders(exchange, headers, host, this.#policy);
  }
}

/** The first of the names in the key of a site that is one name, without its port; empty if there is none. */
function firstName(siteKey: string): string {
  const names = siteKey.split(/\s*,\s*/).filter((name) => !name.startsWith('*'));
  return parseAuthority(names[0] ?? '')?.host ?? '';
}

/** The nevow form has no place for a prefix: the path behind it is the public one, whole. */
function keepsPublicPath({ mountOptions }: FeatureContext): boolean {
  const vhost = mountOptions['vhost'];
  return typeof vhost === 'object' && vhost !== null && 'dialect' in vhost && vhost.dialect === 'nevow';
}

/** The front of an endpoint's URLs, as the map compares them; unix sockets speak for localhost. */
function toBase({ scheme, authority }: EndpointUrl) {
  const parsed = parseAuthority(authority);
  invariant(parsed !== undefined, 'an endpoint has a host');
  return { scheme, host: parsed.host, port: parsed.port ?? defaultPort(scheme) };
}

/** An address as it was written, with what is spoken to it where that is not HTTP/1.1 alone. */
function printDestination(endpoint: Endpoint, address: string): string {
  return endpoint.protocol === 'h1' ? address : `${address} in ${printVersion(endpoint)}`;
}

function printVersion({ protocol }: Endpoint): string {
  return VERSIONS[protocol];
}

const VERSIONS: Readonly<Record<ProtocolChoice, string>> = {
  h1: 'HTTP/1.1',
  h2: 'HTTP/2',
  auto: 'HTTP/2 or HTTP/1.1',
};

function toEndpointUrl(text: string): EndpointUrl {
  const url = parseEndpointUrl(text);
  invariant(typeof url !== 'string', 'the schema lets no broken address through');
  return url;
}

function shareEndpoint(
  url: EndpointUrl,
  options: ProxyOptions,
  files: EndpointFiles,
  context: FeatureContext,
): Endpoint {
  const timeouts = (context.mountOptions['timeouts'] ?? {}) as ProxyTimeouts;
  const { bounds } = context;
  const headBytes = Math.max(bounds.maxHeadBytes, DEFAULT_OUTBOUND_LIMITS.headBytes);
  const waits = {
    responseTimeoutMs: timeouts.upstreamHead ?? bounds.upstreamHeadMs,
    readTimeoutMs: timeouts.upstreamBody ?? bounds.upstreamBodyMs,
    writeTimeoutMs: timeouts.upstreamBody ?? bounds.upstreamBodyMs,
    tunnelIdleTimeoutMs: timeouts.tunnel ?? bounds.tunnelMs,
  };
  const poolOptions = {
    address: url.address,
    scheme: url.scheme,
    protocol: protocolOf(url, options),
    limits: {
      ...DEFAULT_POOL_LIMITS,
      connections: options.connections,
      idleTimeoutMs: bounds.upstreamIdleMs,
      connectTimeoutMs: timeouts.connect ?? bounds.connectMs,
    },
    outboundLimits: { ...DEFAULT_OUTBOUND_LIMITS, ...waits, headBytes },
    sessionLimits: { ...DEFAULT_OUTBOUND_SESSION_LIMITS, ...waits, headBytes },
  };
  const name = printAddress(url.address);
  const { verify, serverName, pins, proxyProtocol } = options;
  const identity = JSON.stringify([url.authority, poolOptions, verify, serverName, pins, proxyProtocol, files]);
  const tls = url.scheme === 'https' ? endpointTls(url, options, files) : undefined;
  return context.share(
    // Hashed, because a private key may be in it.
    `endpoint ${createHash('sha256').update(identity).digest('hex')}`,
    (): Endpoint => ({
      name,
      address: url.address,
      scheme: url.scheme,
      protocol: poolOptions.protocol,
      authority: url.authority,
      pool: new Pool({ ...poolOptions, tls }, context.clock, context.deadlines),
      ...(proxyProtocol === undefined ? {} : { preface: PREFACES[proxyProtocol] }),
    }),
    (endpoint) => endpoint.pool.close(),
  );
}

/** Without TLS nobody chooses: HTTP/2 is spoken where it was asked for (RFC 9113 §3.3). */
function protocolOf({ scheme, protocol }: EndpointUrl, options: ProxyOptions): ProtocolChoice {
  if (protocol !== undefined) return protocol;
  return options.protocol === 'auto' && scheme === 'http' ? 'h1' : options.protocol;
}

/** What an endpoint is told before anything else, by version of the PROXY protocol. */
const PREFACES = {
  v1: (exchange: Exchange) => printProxyHeader1(proxiedEnds(exchange)),
  v2: (exchange: Exchange) => printProxyHeader2(proxiedEnds(exchange)),
};

/** The client behind trusted proxies, whose port nobody told. */
function proxiedEnds({ client, connection }: Exchange): ProxiedEnds {
  const { localAddress, localPort } = connection;
  const port = client.address === connection.address ? connection.port : 0;
  return { address: client.address, port, localAddress, localPort };
}
