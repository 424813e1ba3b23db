// The rescue route: where a request goes that nothing serves, and that a page of a mount below a path made.
import { emptyBody } from '../exchange/body.ts';
import type { ClientFacts } from '../exchange/exchange.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Reply } from '../exchange/handler.ts';
import type { RequestHead } from '../exchange/head.ts';
import type { Route } from '../exchange/route.ts';
import { HeaderList } from '../http/header-list.ts';
import { parseTarget, type Target } from '../http/target.ts';
import { parseUrl } from '../util/parse-url.ts';
import type { Generation } from './generation.ts';

/** The host that was asked for, as the router wants it. */
export interface AskedHost {
  readonly host: string;
  readonly port: number;
}

/** A request that is to go into a mount. */
export interface Rescue {
  readonly route: Route;
  /** The target below the mount: the path as the map of the mount has it, the query as it came. */
  readonly target: Target;
  /** The path of the Referer; empty for a request that has none. */
  readonly referrer: string;
}

/** Paths are kept for as long as the process runs, and come from clients. */
const LONGEST_PATH = 200;

/**
 * Where a request belongs that no mount serves: into the mount below a path that its Referer lies in, if that is of the
 * very origin that was asked for, and the browser says nothing else (Fetch Metadata §2.4, Fetch §3.2). Undefined for every
 * other request. A mount's answer is final, so that no request is rescued twice.
 */
export function findRescue(
  generation: Generation,
  request: RequestHead,
  client: ClientFacts,
  asked: AskedHost,
): Rescue | undefined {
  if (request.method === 'TRACE' || request.target.form === 'asterisk') return undefined;
  const origin = publicOrigin(client);
  if (origin === undefined || !isFromOrigin(request, origin)) return undefined;
  const [referer, ...more] = request.headers.getAll('referer');
  if (referer === undefined || more.length > 0) return undefined;
  const referrer = pathOfReferer(referer, origin, client.prefix);
  const target = referrer === undefined ? undefined : parseTarget('GET', referrer, generation.compat);
  if (referrer === undefined || target === undefined || typeof target === 'string') return undefined;
  const match = generation.find({ ...request, target }, asked.host, asked.port);
  return match.kind === 'route' ? into(match.route, referrer, generation, request, asked) : undefined;
}

/**
 * The same for a WebSocket, which has no Referer and follows no redirect: where exactly one mount of the site takes
 * strays, a request of its own origin can only be for that one.
 */
export function findTunnelRescue(
  generation: Generation,
  request: RequestHead,
  client: ClientFacts,
  asked: AskedHost,
): Rescue | undefined {
  const origin = publicOrigin(client);
  if (origin === undefined || !request.headers.has('origin') || !isFromOrigin(request, origin)) return undefined;
  const match = generation.find(request, asked.host, asked.port);
  if (match.kind !== 'no-mount') return undefined;
  const takers = generation.routesOf(match.site).filter(({ strays }) => strays !== undefined);
  const [route] = takers;
  return route === undefined || takers.length > 1 ? undefined : into(route, '', generation, request, asked);
}

/** Sends the client to the mount. 307 keeps method and body (RFC 9110 §15.4.8); the next request may have a route. */
export function redirectInto({ target }: Rescue, { prefix }: ClientFacts): Reply {
  const headers = HeaderList.from({ Location: prefix + target.text, 'Cache-Control': 'no-store' });
  return { head: { status: 307, reason: 'Temporary Redirect', headers }, body: emptyBody };
}

/** Counts a rescue at its mount and logs it. */
export function noteRescue({ route, referrer }: Rescue, { method, target }: RequestHead, log: FeatureLog): void {
  const path = target.path.slice(0, LONGEST_PATH);
  const from = referrer.slice(0, LONGEST_PATH);
  route.strays?.note({ method, path, referrer: from });
  const { site, path: mount } = route.mount;
  log.info({ site, mount, method, path, referrer: from }, 'a request that missed its mount was sent into it');
}

function into(
  route: Route,
  referrer: string,
  generation: Generation,
  request: RequestHead,
  { host, port }: AskedHost,
): Rescue | undefined {
  const { path, query } = request.target;
  const mapped = route.strays?.toPublic(path);
  if (mapped === undefined) return undefined;
  const text = query === undefined ? mapped : `${mapped}?${query}`;
  const target = parseTarget(request.method, text, generation.compat);
  if (typeof target === 'string') return undefined;
  const match = generation.find({ ...request, target }, host, port);
  // A deeper mount may cover what would be asked for there: then it is not this application that misses it.
  return match.kind === 'route' && match.route === route ? { route, target, referrer } : undefined;
}

/** The origin that the client asked for, as the URL standard prints it. */
function publicOrigin({ scheme, authority }: ClientFacts): string | undefined {
  return authority === undefined ? undefined : parseUrl(`${scheme}://${authority.text}`)?.origin;
}

/** Whether what a browser says of where a request comes from names `origin`, or says nothing. */
function isFromOrigin({ headers }: RequestHead, origin: string): boolean {
  const site = headers.getJoined('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return false;
  const said = headers.getJoined('origin');
  return said === undefined || said === origin;
}

/** The path of a Referer of `origin`, without what a proxy in front cut off. */
function pathOfReferer(referer: string, origin: string, prefix: string): string | undefined {
  const url = parseUrl(referer);
  if (url === undefined) return undefined;
  const isOurs = url.origin === origin && url.username === '' && url.password === '';
  return isOurs && url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : undefined;
}
