// The rewriter of one mount: finds the view for the public address that a request came to, and remembers it.
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext } from '../../exchange/feature.ts';
import type { RewriteFigures, RewriteWork, Strays } from '../../exchange/rewrite-figures.ts';
import { processMetrics } from '../../observe/metrics-registry.ts';
import { printOrigin } from '../../rewrite/base-url.ts';
import type { CreateMountRewriter, MountRewriter, ProxiedMount } from '../../rewrite/mount-rewriter.ts';
import { RecentMap } from '../../util/recent-map.ts';
import { IntegrityUrls } from './integrity-urls.ts';
import { checkPaths, LiveMount } from './live-mount.ts';
import { DEFAULT_REWRITE, type RewriteOptions } from './options.ts';
import { LivePublicView } from './public-view.ts';
import { RewriteRecord } from './rewrite-record.ts';

/** Makes the rewriter of a proxied mount, with the options that stand under `rewrite` beside it. */
export const createMountRewriter: CreateMountRewriter = (facts, context) => new LiveMountRewriter(facts, context);

/** More than most mounts have. What forged Host headers drive out is cheap to make again. */
const REMEMBERED_ADDRESSES = 16;
/** Of a mount that had no request yet. */
const NO_FIGURES = new RewriteRecord().figures();

/** What a mount has learned and counted, kept for as long as a generation has the mount, and read by the metrics. */
class MountMemory {
  readonly integrityUrls = new IntegrityUrls();
  readonly record = new RewriteRecord();
  readonly close: () => void;

  constructor(site: string, mount: string) {
    this.close = processMetrics.watchRewriting({ site, mount, figures: () => this.record.figures() });
  }
}

/** Only as much as every mount needs, asked for or not: everything else is {@link MountViews}, made on first use. */
class LiveMountRewriter implements MountRewriter, RewriteWork {
  readonly #facts: ProxiedMount;
  readonly #context: FeatureContext;
  #made: MountViews | undefined = undefined;

  /** Throws a SyntaxError where a path cannot be the base of a map. */
  constructor(facts: ProxiedMount, context: FeatureContext) {
    checkPaths(facts);
    this.#facts = facts;
    this.#context = context;
    // What it has learned before a reload is kept by whoever holds it.
    if (context.isHeld(memoryKey(facts, context))) this.#made = new MountViews(makeMount(facts, context));
  }

  get work(): RewriteWork {
    return this;
  }

  viewFor(exchange: Exchange): LivePublicView {
    return this.#views.find(exchange);
  }

  figures(): RewriteFigures {
    return this.#made?.mount.record.figures() ?? NO_FIGURES;
  }

  reset(): void {
    this.#made?.mount.record.reset();
  }

  get strays(): Strays | undefined {
    return this.#views.strays;
  }

  explain(): string[] {
    return explainMount(this.#views.mount);
  }

  get #views(): MountViews {
    return (this.#made ??= new MountViews(makeMount(this.#facts, this.#context)));
  }
}

function makeMount(facts: ProxiedMount, context: FeatureContext): LiveMount {
  const options = (context.mountOptions['rewrite'] ?? DEFAULT_REWRITE) as RewriteOptions;
  const { site, path } = context.mount;
  const memory = context.share(memoryKey(facts, context), () => new MountMemory(site, path), closeMemory);
  return new LiveMount(facts, options, memory, context);
}

function memoryKey({ endpoints, backendPath }: ProxiedMount, { mount }: FeatureContext): string {
  return `rewriting ${JSON.stringify([mount.site, mount.path, endpoints, backendPath])}`;
}

function closeMemory(memory: MountMemory): void {
  memory.close();
}

/** A mount and the views of it, one for each public address. */
class MountViews {
  readonly mount: LiveMount;
  readonly strays: Strays | undefined;
  readonly #views = new RecentMap<LivePublicView>(REMEMBERED_ADDRESSES);
  // One slot: nearly every request of a mount names the same address.
  #lastScheme = '';
  #lastAuthority = '';
  #lastPrefix = '';
  #lastView: LivePublicView | undefined;

  constructor(mount: LiveMount) {
    this.mount = mount;
    const { record } = mount;
    this.strays = mount.takesStrays
      ? { toPublic: strayPaths(mount), note: (rescue) => record.noteRescue(rescue) }
      : undefined;
  }

  find(exchange: Exchange): LivePublicView {
    const { scheme, authority, prefix } = exchange.client;
    const text = authority?.text ?? localAuthority(exchange);
    if (
      this.#lastView !== undefined &&
      text === this.#lastAuthority &&
      scheme === this.#lastScheme &&
      prefix === this.#lastPrefix
    )
      return this.#lastView;
    const key = `${scheme}://${text}${prefix}`;
    // A piece of a text keeps all of it in memory: of the key, not of the head that was received.
    const ownText = key.slice(scheme.length + 3, key.length - prefix.length);
    const view = this.#views.getOrMake(key, () => this.#makeView(scheme, ownText, prefix));
    this.#lastScheme = scheme;
    this.#lastAuthority = ownText;
    this.#lastPrefix = prefix;
    this.#lastView = view;
    return view;
  }

  #makeView(scheme: 'http' | 'https', authority: string, prefix: string): LivePublicView {
    const maps = this.mount.maps.map((map) => map.makeFor(scheme, authority, prefix));
    return new LivePublicView(this.mount, maps, prefix);
  }
}

function explainMount(mount: LiveMount): string[] {
  const { mode, facts, isExact, keepsPath, takesStrays } = mount;
  if (mode === 'off') return ['rewrites no URLs'];
  const where = mode === 'headers' ? 'in headers' : 'in headers and bodies';
  const backends = facts.endpoints.map((endpoint) => printOrigin({ ...endpoint, path: '/' })).join(', ');
  const paths = keepsPath || isExact ? '' : `, and puts ${facts.path} before root-relative ones`;
  const lines = [`rewrites URLs of ${backends} ${where}${paths}`, ...explainShim(mount)];
  if (takesStrays) lines.push('sends requests of its pages that miss the mount back into it');
  return lines;
}

/** Whether pages get the shim, and by which rule. */
function explainShim({ hasShim, mode, options, isExact, keepsPath }: LiveMount): string[] {
  const { shim, spa, prefix } = options;
  if (mode !== 'all') return [];
  if (hasShim) {
    const pages = 'puts the shim into pages, and before the scripts of workers';
    const windows = {
      auto: 'routers see URLs without the prefix where scripts are named from the root',
      on: 'routers see URLs without the prefix',
      off: 'routers see the URL as it is (spa: off)',
    };
    return [`${pages}; ${windows[spa]}`];
  }
  const why =
    shim === 'off'
      ? 'shim: off'
      : isExact
        ? 'the mount is one exact path'
        : prefix === 'keep' && !keepsPath
          ? 'prefix: keep'
          : 'public and backend path are the same';
  return [`puts no shim into pages: ${why}`];
}

/** Paths mean the same at every address that a mount is seen from. */
function strayPaths({ maps }: LiveMount): Strays['toPublic'] {
  const map = maps[0]?.forPublic('http', 'localhost');
  return (path) => {
    const mapped = map?.pathToPublic(path);
    return mapped === path ? undefined : mapped;
  };
}

/** A request without Host came to this very address. */
function localAuthority({ connection }: Exchange): string {
  const { localAddress, localPort } = connection;
  if (localAddress === '') return 'localhost';
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}
