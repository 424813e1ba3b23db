// From a request to a route: host table, then path table, then the redirect to a subtree's slash.
import type { RequestHead } from '../exchange/head.ts';
import type { Route } from '../exchange/route.ts';
import { type HostName, HostTable } from './host-table.ts';
import { PathTable } from './path-table.ts';

/** One site as the router needs it. */
export interface Site {
  readonly key: string;
  readonly names: readonly HostName[];
  readonly routes: readonly Route[];
}

/** What a request was found to ask for. */
export type RouteMatch =
  | { readonly kind: 'route'; readonly route: Route }
  /** A subtree without its slash: `/app` where `/app/` is mounted. */
  | { readonly kind: 'add-slash'; readonly route: Route }
  | { readonly kind: 'no-site' }
  | { readonly kind: 'no-mount'; readonly site: string };

interface SiteEntry {
  readonly key: string;
  readonly paths: PathTable<RouteMatch & { kind: 'route' }>;
}

const NO_SITE: RouteMatch = { kind: 'no-site' };

/** Immutable: one router per generation. */
export class Router {
  readonly #hosts: HostTable<SiteEntry>;

  constructor(sites: readonly Site[]) {
    this.#hosts = new HostTable(sites.flatMap(nameEntries));
  }

  /**
   * Finds the route for a request that asked for `host` on `port`. `host` is empty for an HTTP/1.0 request without
   * Host, which only the default site serves.
   */
  find(request: RequestHead, host: string, port: number): RouteMatch {
    const site = this.#hosts.find(host, port);
    if (site === undefined) return NO_SITE;
    // `OPTIONS *` is about the whole site (RFC 9110 §9.3.7), so what serves exactly `/` is not asked.
    if (request.target.form === 'asterisk') return site.paths.findUnslashed('') ?? { kind: 'no-mount', site: site.key };
    const path = request.target.routingPath;
    const match = site.paths.find(path);
    // `/app` lies in the subtree `/` too: a deeper mount that only lacks its slash goes first.
    if (match !== undefined && (path.endsWith('/') || match.route.mount.path === path)) return match;
    const unslashed = site.paths.findUnslashed(path);
    if (unslashed !== undefined)
      return unslashed.route.keepsBarePath ? unslashed : { kind: 'add-slash', route: unslashed.route };
    return match ?? { kind: 'no-mount', site: site.key };
  }
}

function nameEntries(site: Site): (readonly [HostName, SiteEntry])[] {
  const paths = new PathTable(
    site.routes.map((route) => [route.mount.path, { kind: 'route', route } as const] as const),
  );
  const entry = { key: site.key, paths };
  return site.names.map((name) => [name, entry] as const);
}
