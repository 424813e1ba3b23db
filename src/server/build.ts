// ResolvedConfig to Generation, all or nothing: every feature of every mount is created before anything is live.
import type { ResolvedConfig, ResolvedMount, ResolvedSite } from '../config/resolved-config.ts';
import { compose } from '../exchange/compose.ts';
import type { Feature, FeatureContext, FeatureInstance, FeatureLog } from '../exchange/feature.ts';
import type { Handler } from '../exchange/handler.ts';
import type { Observer } from '../exchange/observer.ts';
import type { Mount, Route, SourcePosition } from '../exchange/route.ts';
import { Router } from '../site/router.ts';
import { CidrList } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import type { Deadlines } from '../util/deadlines.ts';
import { invariant } from '../util/invariant.ts';
import type { RefPool } from '../util/ref-pool.ts';
import type { VhostForm } from '../vhost-path/dialects.ts';
import { Generation, type RouteDetails } from './generation.ts';
import { createHttpsGuard, type FindHttpsPort, type HttpsGuard } from './https-guard.ts';
import type { TlsServices } from './tls-services.ts';
import { buildTlsSites, TlsBuildFailure, type TlsSites } from './tls-sites.ts';

/** What outlives generations and is handed to each. */
export interface Services {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: FeatureLog;
  readonly shared: RefPool;
  /** Undefined where nothing will listen, so that no certificates are read. */
  readonly tls: Pick<TlsServices, 'tickets' | 'sources' | 'board'> | undefined;
  readonly findHttpsPort: FindHttpsPort;
}

/** Something could not be made: the operator's fault or the environment's, with the place in the document. */
export class BuildError extends Error {
  override name = 'BuildError';
  /** Where in the document. */
  readonly source: SourcePosition | undefined;
  /** The keys that lead there. */
  readonly path: readonly string[];
  /** The message without the place. */
  readonly reason: string;

  /** `subject`: what could not be made, such as `files of www.example.org /`. */
  constructor(source: SourcePosition | undefined, path: readonly string[], subject: string, cause: unknown) {
    const place = source === undefined ? '' : `${source.file}:${source.line}: `;
    const reason = `${subject}: ${cause instanceof Error ? cause.message : String(cause)}`;
    super(`${place}${reason}`, { cause });
    this.source = source;
    this.path = path;
    this.reason = reason;
  }
}

/** Builds a generation. Rejects with {@link BuildError}; then everything made so far is closed again. */
export async function buildGeneration(
  config: ResolvedConfig,
  features: readonly Feature[],
  services: Services,
  number: number,
): Promise<Generation> {
  const builder = new Builder(config, features, services);
  try {
    const sites = [];
    for (const site of config.sites) {
      const routes = [];
      const guard = createHttpsGuard(site, services.findHttpsPort, services.log);
      for (const mount of site.mounts) routes.push(await builder.buildRoute(site, mount, guard));
      sites.push({ key: site.key, names: site.names, routes });
    }
    const tls = await builder.buildTls();
    return new Generation({
      tls,
      number,
      router: new Router(sites),
      details: builder.details,
      trust: new CidrList(config.trust),
      compat: config.compat,
      refusedForms: builder.refusedForms,
      close: () => builder.close(),
    });
  } catch (error) {
    await builder.close();
    throw error;
  }
}

class Builder {
  readonly #config: ResolvedConfig;
  readonly #features: ReadonlyMap<string, Feature>;
  readonly #services: Services;
  readonly #instances: FeatureInstance[] = [];
  readonly #heldKeys: string[] = [];
  #tls: TlsSites | undefined = undefined;
  readonly details = new Map<Route, RouteDetails>();
  readonly refusedForms: VhostForm[] = [];

  constructor(config: ResolvedConfig, features: readonly Feature[], services: Services) {
    this.#config = config;
    this.#features = new Map(features.map((feature) => [feature.name, feature]));
    this.#services = services;
  }

  async buildTls(): Promise<TlsSites | undefined> {
    const { clock, log, shared, tls } = this.#services;
    if (tls === undefined) return undefined;
    try {
      this.#tls = await buildTlsSites(this.#config, { clock, log, shared, ...tls });
      return this.#tls;
    } catch (error) {
      if (!(error instanceof TlsBuildFailure)) throw error;
      const { tls: named, site } = error;
      const path = named.isInherited || site === undefined ? ['tls'] : ['sites', site, 'tls'];
      throw new BuildError(named.source, path, site === undefined ? 'tls' : `tls of ${site}`, error);
    }
  }

  async buildRoute(site: ResolvedSite, resolved: ResolvedMount, guard: HttpsGuard | undefined): Promise<Route> {
    const mount: Mount = { site: site.key, path: resolved.path, source: resolved.source };
    const context = this.#contextFor(
      mount,
      resolved,
      proxiedPaths(site).filter((path) => path !== mount.path),
    );
    const wraps: Handler[] = guard === undefined ? [] : [guard.handle];
    const observers: Observer[] = [];
    const instances: { feature: string; instance: FeatureInstance; source: SourcePosition | undefined }[] =
      guard === undefined ? [] : [{ feature: 'https', instance: guard, source: site.tls?.source ?? site.source }];
    for (const { name, options, source } of resolved.features) {
      const instance = await this.#create(name, options, context);
      if (instance === undefined) continue;
      if (instance.handle !== undefined) wraps.push(instance.handle);
      if (instance.observe !== undefined) observers.push(instance.observe);
      instances.push({ feature: name, instance, source });
    }
    const { name, options, source } = resolved.serve;
    const serving = await this.#create(name, options, context);
    invariant(serving?.handle !== undefined, `${name} serves nothing`);
    instances.push({ feature: name, instance: serving, source });
    const handler = compose([...wraps, serving.handle]);
    const route: Route = {
      mount,
      handler,
      observers,
      keepsBarePath: serving.keepsBarePath ?? false,
      strays: serving.rewriting?.strays,
    };
    this.details.set(route, { wraps, serving, instances });
    return route;
  }

  async close(): Promise<void> {
    this.#tls?.close();
    for (const instance of this.#instances.splice(0)) await instance.close?.();
    for (const key of this.#heldKeys.splice(0)) this.#services.shared.release(key);
  }

  async #create(name: string, options: unknown, context: FeatureContext): Promise<FeatureInstance | undefined> {
    const feature = this.#features.get(name);
    invariant(feature !== undefined, `no feature is called ${name}`);
    if (feature.create === undefined) return undefined;
    try {
      const created = feature.create(options, context);
      const instance = created instanceof Promise ? await created : created;
      this.#instances.push(instance);
      const { refusedForm } = instance;
      if (refusedForm !== undefined && !this.refusedForms.some(({ mount }) => mount === refusedForm.mount))
        this.refusedForms.push(refusedForm);
      return instance;
    } catch (error) {
      const { site, path, source } = context.mount;
      throw new BuildError(source, ['sites', site, path], `${name} of ${site} ${path}`, error);
    }
  }

  #contextFor(mount: Mount, resolved: ResolvedMount, neighbours: readonly string[]): FeatureContext {
    const { clock, deadlines, log, shared } = this.#services;
    const { timeouts, limits, compat } = this.#config;
    return {
      mount,
      baseDir: this.#config.baseDir,
      clock,
      deadlines,
      log,
      bounds: { ...timeouts, maxHeadBytes: limits.maxHeadBytes },
      compat,
      share: (key, make, close) => {
        this.#heldKeys.push(key);
        return shared.hold(key, make, close);
      },
      neighbours,
      mountOptions: Object.fromEntries(resolved.features.map(({ name, options }) => [name, options])),
    };
  }
}

function proxiedPaths({ mounts }: ResolvedSite): string[] {
  return mounts.filter(({ serve }) => serve.name === 'proxy').map(({ path }) => path);
}
