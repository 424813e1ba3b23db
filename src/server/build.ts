// ResolvedConfig to Generation, all or nothing: every feature of every mount is created before anything is live.
import type { ResolvedConfig, ResolvedMount, ResolvedSite } from '../config/resolved-config.ts';
import { compose } from '../exchange/compose.ts';
import type { Feature, FeatureBounds, FeatureContext, FeatureInstance, FeatureLog } from '../exchange/feature.ts';
import type { Handler } from '../exchange/handler.ts';
import type { Observer } from '../exchange/observer.ts';
import type { Strays } from '../exchange/rewrite-figures.ts';
import type { Mount, Route, SourcePosition } from '../exchange/route.ts';
import type { CompatServer } from '../http/compat-target.ts';
import { Router } from '../site/router.ts';
import { CidrList } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import type { Deadlines } from '../util/deadlines.ts';
import { invariant } from '../util/invariant.ts';
import type { RefPool } from '../util/ref-pool.ts';
import { Slices } from '../util/slices.ts';
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

/**
 * Builds a generation, with the event loop turning every few sites. Rejects with {@link BuildError}; then everything made
 * so far is closed again.
 */
export async function buildGeneration(
  config: ResolvedConfig,
  features: readonly Feature[],
  services: Services,
  number: number,
): Promise<Generation> {
  const builder = new Builder(config, features, services);
  const slices = new Slices();
  try {
    const sites = [];
    for (const site of config.sites) {
      const routes = [];
      const guard = createHttpsGuard(site, services.findHttpsPort, services.log);
      for (const mount of site.mounts) routes.push(await builder.buildRoute(site, mount, guard));
      sites.push({ key: site.key, names: site.names, routes });
      if (slices.isOver) await slices.giveWay();
    }
    const tls = await builder.buildTls();
    builder.forgetShared();
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
  readonly #common: CommonContext;
  readonly #closing: FeatureInstance[] = [];
  /** Of features that say so: by their options. */
  readonly #sharedInstances = new Map<Feature, Map<unknown, FeatureInstance>>();
  readonly #heldKeys: string[] = [];
  #tls: TlsSites | undefined = undefined;
  readonly details = new Map<Route, RouteDetails>();
  readonly refusedForms: VhostForm[] = [];

  constructor(config: ResolvedConfig, features: readonly Feature[], services: Services) {
    this.#config = config;
    this.#features = new Map(features.map((feature) => [feature.name, feature]));
    this.#services = services;
    const { clock, deadlines, log, shared } = services;
    const { baseDir, compat, timeouts, limits } = config;
    const share: FeatureContext['share'] = (key, make, close) => {
      const value = shared.hold(key, make, close);
      this.#heldKeys.push(key);
      return value;
    };
    this.#common = {
      baseDir,
      clock,
      deadlines,
      bounds: { ...timeouts, maxHeadBytes: limits.maxHeadBytes },
      compat,
      log,
      share,
      isHeld: (key) => shared.isHeld(key),
    };
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
    const context = new MountContext(this.#common, mount, site, resolved);
    const made: (FeatureInstance | undefined)[] = [];
    for (const { name, options } of resolved.features) made.push(await this.#create(name, options, context));
    const { name, options } = resolved.serve;
    const serving = await this.#create(name, options, context);
    invariant(serving?.handle !== undefined, `${name} serves nothing`);
    const details = new MountDetails(site, resolved, guard, made, serving);
    const route = new MountRoute(mount, compose([...details.wraps, serving.handle]), observersAmong(made), serving);
    this.details.set(route, details);
    return route;
  }

  /** Nothing is made any more: what could have been used again is known by who uses it. */
  forgetShared(): void {
    this.#sharedInstances.clear();
  }

  async close(): Promise<void> {
    this.#tls?.close();
    for (const instance of this.#closing.splice(0)) await instance.close?.();
    for (const key of this.#heldKeys.splice(0)) this.#services.shared.release(key);
  }

  async #create(name: string, options: unknown, context: FeatureContext): Promise<FeatureInstance | undefined> {
    const feature = this.#features.get(name);
    invariant(feature !== undefined, `no feature is called ${name}`);
    if (feature.create === undefined) return undefined;
    const known = feature.isShared ? this.#sharedInstances.get(feature)?.get(options) : undefined;
    if (known !== undefined) return known;
    try {
      const created = feature.create(options, context);
      const instance = created instanceof Promise ? await created : created;
      this.#note(instance);
      if (feature.isShared) this.#share(feature, options, instance);
      return instance;
    } catch (error) {
      const { site, path, source } = context.mount;
      throw new BuildError(source, ['sites', site, path], `${name} of ${site} ${path}`, error);
    }
  }

  #note(instance: FeatureInstance): void {
    if (instance.close !== undefined) this.#closing.push(instance);
    const { refusedForm } = instance;
    if (refusedForm !== undefined && !this.refusedForms.some(({ mount }) => mount === refusedForm.mount))
      this.refusedForms.push(refusedForm);
  }

  #share(feature: Feature, options: unknown, instance: FeatureInstance): void {
    const instances = this.#sharedInstances.get(feature) ?? new Map<unknown, FeatureInstance>();
    instances.set(options, instance);
    this.#sharedInstances.set(feature, instances);
  }
}

/** What the contexts of all mounts have in common. */
type CommonContext = Omit<FeatureContext, 'mount' | 'neighbours' | 'mountOptions'>;

/** Small, because features may keep it for what they make later, and there may be a hundred thousand of them. */
class MountContext implements FeatureContext {
  readonly mount: Mount;
  readonly baseDir: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly bounds: FeatureBounds;
  readonly compat: CompatServer | undefined;
  readonly log: FeatureLog;
  readonly share: FeatureContext['share'];
  readonly isHeld: FeatureContext['isHeld'];
  readonly #site: ResolvedSite;
  readonly #resolved: ResolvedMount;

  constructor(common: CommonContext, mount: Mount, site: ResolvedSite, resolved: ResolvedMount) {
    this.mount = mount;
    this.baseDir = common.baseDir;
    this.clock = common.clock;
    this.deadlines = common.deadlines;
    this.bounds = common.bounds;
    this.compat = common.compat;
    this.log = common.log;
    this.share = common.share;
    this.isHeld = common.isHeld;
    this.#site = site;
    this.#resolved = resolved;
  }

  get neighbours(): string[] {
    const proxied = this.#site.mounts.filter(({ serve }) => serve.name === 'proxy');
    return proxied.map(({ path }) => path).filter((path) => path !== this.mount.path);
  }

  get mountOptions(): Record<string, unknown> {
    return Object.fromEntries(this.#resolved.features.map(({ name, options }) => [name, options]));
  }
}

class MountRoute implements Route {
  readonly mount: Mount;
  readonly handler: Handler;
  readonly observers: readonly Observer[];
  readonly #serving: FeatureInstance;

  constructor(mount: Mount, handler: Handler, observers: readonly Observer[], serving: FeatureInstance) {
    this.mount = mount;
    this.handler = handler;
    this.observers = observers;
    this.#serving = serving;
  }

  get keepsBarePath(): boolean {
    return this.#serving.keepsBarePath ?? false;
  }

  get strays(): Strays | undefined {
    return this.#serving.rewriting?.strays;
  }
}

class MountDetails implements RouteDetails {
  readonly serving: FeatureInstance;
  readonly #site: ResolvedSite;
  readonly #resolved: ResolvedMount;
  readonly #guard: HttpsGuard | undefined;
  readonly #made: readonly (FeatureInstance | undefined)[];

  /** `made`: of the features of the mount, in their order; undefined for settings. */
  constructor(
    site: ResolvedSite,
    resolved: ResolvedMount,
    guard: HttpsGuard | undefined,
    made: readonly (FeatureInstance | undefined)[],
    serving: FeatureInstance,
  ) {
    this.#site = site;
    this.#resolved = resolved;
    this.#guard = guard;
    this.#made = made;
    this.serving = serving;
  }

  get wraps(): Handler[] {
    return [this.#guard, ...this.#made].flatMap((instance) => instance?.handle ?? []);
  }

  get instances(): RouteDetails['instances'] {
    const { features, serve } = this.#resolved;
    const guard = this.#guard;
    const { tls, source } = this.#site;
    return [
      ...(guard === undefined ? [] : [{ feature: 'https', instance: guard, source: tls?.source ?? source }]),
      ...features.flatMap((feature, index) => {
        const instance = this.#made[index];
        return instance === undefined ? [] : [{ feature: feature.name, instance, source: feature.source }];
      }),
      { feature: serve.name, instance: this.serving, source: serve.source },
    ];
  }
}

const NO_OBSERVERS: readonly Observer[] = [];

function observersAmong(made: readonly (FeatureInstance | undefined)[]): readonly Observer[] {
  const observers = made.flatMap((instance) => instance?.observe ?? []);
  return observers.length === 0 ? NO_OBSERVERS : observers;
}
