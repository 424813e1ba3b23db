// The proxy: forwards an exchange to an upstream and its answer back.
import { createHash } from 'node:crypto';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext, FeatureInstance, PreviewedRequest } from '../../exchange/feature.ts';
import type { Answer, Handler } from '../../exchange/handler.ts';
import { plainPath } from '../../exchange/public-path.ts';
import type { RewriteWork } from '../../exchange/rewrite-figures.ts';
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
import { type EndpointFiles, endpointTls, NO_FILES, readEndpointFiles } from './endpoint-tls.ts';
import type { HostPolicy, ProxyOptions, ProxyTimeouts } from './options.ts';
import { type PreparePolicy, prepareHeaders } from './prepare-request.ts';

/** Makes the proxy for one mount. Rejects where files of it cannot be read, or its path cannot be the base of URLs. */
export async function createProxy(
  options: ProxyOptions,
  context: FeatureContext,
  createRewriter: CreateMountRewriter,
): Promise<FeatureInstance> {
  return new ProxyMount(options, await readEndpointFiles(options), context, createRewriter);
}

/**
 * One mount. Whatever can be wrong with it is found when it is made; what requests need is made when the first one comes,
 * because most mounts of many have none for long. A mount that had requests before a reload has everything made with it, so
 * that its endpoints keep their connections and its rewriter its memory.
 */
class ProxyMount implements FeatureInstance {
  readonly handle: Handler;
  readonly keepsBarePath: boolean;
  readonly #options: ProxyOptions;
  readonly #files: EndpointFiles;
  readonly #context: FeatureContext;
  readonly #basePath: string;
  readonly #rewriter: MountRewriter;
  #forwarder: Forwarder | undefined = undefined;

  constructor(
    options: ProxyOptions,
    files: EndpointFiles,
    context: FeatureContext,
    createRewriter: CreateMountRewriter,
  ) {
    this.#options = options;
    this.#files = files;
    this.#context = context;
    const urls = options.to.map(toEndpointUrl);
    const path = plainPath(context.mount.path);
    const [first] = urls;
    invariant(first !== undefined, 'a proxy without an endpoint');
    this.#basePath = keepsPublicPath(context) && first.path === '/' ? path : first.path;
    this.keepsBarePath = path !== '/' && this.#basePath === path;
    const facts = {
      path: context.mount.path,
      backendPath: this.#basePath,
      endpoints: urls.map(toBase),
      host: hostPolicyOf(context),
    };
    this.#rewriter = createRewriter(facts, context);
    this.handle = (exchange) => this.#ready().forward(exchange);
    if (files !== NO_FILES || context.isHeld(this.#mark)) this.#ready();
  }

  get rewriting(): RewriteWork {
    return this.#rewriter.work;
  }

  preview(exchange: Exchange): PreviewedRequest {
    return this.#ready().preview(exchange);
  }

  explain(): string[] {
    const { to } = this.#options;
    const { endpoints } = this.#ready();
    const destinations = endpoints.map((endpoint, index) => printDestination(endpoint, to[index] ?? ''));
    return [...this.#rewriter.explain(), `forwards to ${destinations.join(', ')}`];
  }

  /** What is held under it tells the next generation that the mount had requests. */
  get #mark(): string {
    const { site, path } = this.#context.mount;
    return `in use ${JSON.stringify([site, path])}`;
  }

  #ready(): Forwarder {
    return (this.#forwarder ??= this.#makeForwarder());
  }

  #makeForwarder(): Forwarder {
    const options = this.#options;
    const context = this.#context;
    context.share(this.#mark, () => ({}));
    const endpoints = options.to.map((text) => shareEndpoint(toEndpointUrl(text), options, this.#files, context));
    const upstream = new Upstream(options.to.join(', '), endpoints, createRoundRobin(), pooledTransport);
    const path = plainPath(context.mount.path);
    return new Forwarder(upstream, this.#rewriter, this.#basePath, hostPolicyOf(context), {
      // A backend that has the path itself must not be told to add it.
      prefix: this.#basePath === path ? '' : path.replace(/\/$/, ''),
      allowedUpgrades: new Set(options.upgrade),
      compat: context.compat && { server: context.compat, serverName: firstName(context.mount.site) },
    });
  }
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

  get endpoints(): readonly Endpoint[] {
    return this.#upstream.endpoints;
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

function hostPolicyOf({ mountOptions }: FeatureContext): HostPolicy {
  return (mountOptions['host'] ?? 'public') as HostPolicy;
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
  const makeEndpoint = (): Endpoint => {
    const tls = url.scheme === 'https' ? endpointTls(url, options, files) : undefined;
    return {
      name,
      address: url.address,
      scheme: url.scheme,
      protocol: poolOptions.protocol,
      authority: url.authority,
      pool: new Pool({ ...poolOptions, tls }, context.clock, context.deadlines),
      ...(proxyProtocol === undefined ? {} : { preface: PREFACES[proxyProtocol] }),
    };
  };
  // Hashed, because a private key may be in it.
  const key = `endpoint ${createHash('sha256').update(identity).digest('hex')}`;
  return context.share(key, makeEndpoint, closeEndpoint);
}

/** It stays for as long as the endpoint, so it must know nothing of the mount that came first. */
function closeEndpoint({ pool }: Endpoint): void {
  pool.close();
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
