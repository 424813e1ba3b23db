// Generation: one built configuration, immutable; counts the exchanges it still carries and closes behind the last.
import type { FeatureInstance } from '../exchange/feature.ts';
import type { Handler } from '../exchange/handler.ts';
import type { RequestHead } from '../exchange/head.ts';
import type { Route, SourcePosition } from '../exchange/route.ts';
import type { CompatServer } from '../http/compat-target.ts';
import type { RouteMatch, Router } from '../site/router.ts';
import type { CidrList } from '../util/cidr.ts';
import { invariant } from '../util/invariant.ts';
import { isVhostPath, type VhostForm } from '../vhost-path/dialects.ts';
import type { TlsSites } from './tls-sites.ts';

/** How a route was made, for `explain`. */
export interface RouteDetails {
  readonly wraps: readonly Handler[];
  readonly serving: FeatureInstance;
  /** All features of the mount in the order they act, the serving one last. */
  readonly instances: readonly {
    readonly feature: string;
    readonly instance: FeatureInstance;
    readonly source: SourcePosition | undefined;
  }[];
}

/** What a generation is made of. */
export interface GenerationParts {
  readonly number: number;
  readonly router: Router;
  readonly details: ReadonlyMap<Route, RouteDetails>;
  readonly trust: CidrList;
  /** The server whose reading of paths is used; undefined for our own. */
  readonly compat: CompatServer | undefined;
  /** Undefined for a configuration without certificates. */
  readonly tls: TlsSites | undefined;
  /** Forms of public addresses that no client may send, on any site: any mount may lead to the backend that believes them. */
  readonly refusedForms: readonly VhostForm[];
  /** Ends everything the generation made or holds. */
  close(): void | Promise<void>;
}

const REFUSED = { kind: 'refused' } as const;

/** Exactly one generation is current. A retired one lives until its last exchange is over. */
export class Generation {
  readonly number: number;
  readonly trust: CidrList;
  readonly compat: CompatServer | undefined;
  readonly tls: TlsSites | undefined;
  readonly #details: ReadonlyMap<Route, RouteDetails>;
  readonly #router: Router;
  readonly #refusedForms: readonly VhostForm[];
  readonly #close: () => void | Promise<void>;
  /** Made when first asked for. */
  #routesBySite: ReadonlyMap<string, readonly Route[]> | undefined = undefined;
  #active = 0;
  #isRetired = false;
  #isClosed = false;

  constructor(parts: GenerationParts) {
    this.number = parts.number;
    this.trust = parts.trust;
    this.compat = parts.compat;
    this.tls = parts.tls;
    this.#details = parts.details;
    this.#router = parts.router;
    this.#refusedForms = parts.refusedForms;
    this.#close = () => parts.close();
  }

  /** Exchanges under way. */
  get activeCount(): number {
    return this.#active;
  }

  /** Every route there is. */
  get routes(): Route[] {
    return [...this.#details.keys()];
  }

  /** The routes of the site with this key. */
  routesOf(site: string): readonly Route[] {
    this.#routesBySite ??= groupBySite(this.#details.keys());
    return this.#routesBySite.get(site) ?? [];
  }

  detailsOf(route: Route): RouteDetails {
    const details = this.#details.get(route);
    invariant(details !== undefined, 'a route of another generation');
    return details;
  }

  /** The route for a request, or why it has none; `refused` for a path that would forge a public address. */
  find(request: RequestHead, host: string, port: number): RouteMatch | { readonly kind: 'refused' } {
    if (this.refusesPath(request.target.path)) return REFUSED;
    return this.#router.find(request, host, port);
  }

  /** Whether a path, well-formed or not, would forge a public address. */
  refusesPath(path: string): boolean {
    return isVhostPath(path, this.#refusedForms);
  }

  enter(): void {
    this.#active++;
  }

  leave(): void {
    this.#active--;
    if (this.#isRetired && this.#active === 0) this.#end();
  }

  /** Another generation is current: nothing new comes in. */
  retire(): void {
    this.#isRetired = true;
    if (this.#active === 0) this.#end();
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#close();
  }
}

function groupBySite(routes: Iterable<Route>): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    const group = groups.get(route.mount.site);
    if (group === undefined) groups.set(route.mount.site, [route]);
    else group.push(route);
  }
  return groups;
}
