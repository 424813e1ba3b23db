// What all public views of one mount share: its maps, its choices, and what is remembered and counted.
import { isIPv4 } from 'node:net';
import { DECODABLE_CODINGS } from '../../content-coding/codings.ts';
import type { FeatureContext, FeatureLog } from '../../exchange/feature.ts';
import { isSubtree, plainPath } from '../../exchange/public-path.ts';
import { type BaseUrl, parseBasePath, parseBaseUrl } from '../../rewrite/base-url.ts';
import { defaultHeaderPolicy, type HeaderPolicy } from '../../rewrite/headers.ts';
import { LeakDetector } from '../../rewrite/leaks.ts';
import { MountMap } from '../../rewrite/mount-map.ts';
import type { ProxiedMount } from '../../rewrite/mount-rewriter.ts';
import { cookiePolicyFor } from '../../rewrite/response-cookies.ts';
import type { SelectOptions } from '../../rewrite/select.ts';
import { RecentMap } from '../../util/recent-map.ts';
import type { IntegrityUrls } from './integrity-urls.ts';
import { DEFAULT_REWRITE, type RewriteMap, type RewriteOptions } from './options.ts';
import type { RewriteRecord } from './rewrite-record.ts';
import type { ShimScript } from './shim-script.ts';

/** How much of an answer is rewritten. */
export type RewriteMode = 'off' | 'headers' | 'all';

/** One mount. Immutable but for its memory of integrity URLs and its counters. */
export class LiveMount {
  readonly facts: ProxiedMount;
  readonly mode: RewriteMode;
  readonly options: RewriteMap;
  readonly isExact: boolean;
  /** Whether requests keep their path. */
  readonly keepsPath: boolean;
  /** One for each endpoint: the same URLs outward, its own name inward. */
  readonly maps: readonly MountMap[];
  readonly headerPolicy: HeaderPolicy;
  /** Whether requests of its pages that miss the mount are sent back into it: the application thinks it is at the root. */
  readonly takesStrays: boolean;
  readonly selectOptions: SelectOptions;
  readonly strings: ReadonlySet<string>;
  /** Whether the backend is on this machine, so that it is asked for plain bytes and the client's coding is ours. */
  readonly isLocal: boolean;
  readonly leaks: LeakDetector;
  /** Whether pages get the shim. */
  readonly hasShim: boolean;
  /** By what proxies in front cut off the path. */
  readonly shimScripts = new RecentMap<ShimScript>(4);
  readonly integrityUrls: IntegrityUrls;
  readonly record: RewriteRecord;
  readonly log: FeatureLog;

  /** For a mount that {@link checkPaths} lets pass. */
  constructor(
    facts: ProxiedMount,
    options: RewriteOptions,
    memory: { readonly integrityUrls: IntegrityUrls; readonly record: RewriteRecord },
    { log, neighbours }: Pick<FeatureContext, 'log' | 'neighbours'>,
  ) {
    this.facts = facts;
    this.mode = typeof options === 'string' ? options : 'all';
    this.options = typeof options === 'string' ? DEFAULT_REWRITE : options;
    this.isExact = !isSubtree(facts.path);
    // An exact path is a window on one resource: what it links to lies where the backend says.
    const path = this.isExact ? '/' : facts.path;
    const backendPath = parseBasePath(this.isExact ? '/' : facts.backendPath);
    this.keepsPath = this.isExact ? plainPath(facts.path) === facts.backendPath : parseBasePath(path) === backendPath;
    const backends = facts.endpoints.map((endpoint): BaseUrl => ({ ...endpoint, path: backendPath }));
    const also = this.options.also.map(parseBaseUrl);
    this.maps = backends.map((own) => this.#makeMap(path, [own, ...backends.filter((other) => other !== own)], also));
    this.takesStrays =
      this.mode === 'all' &&
      this.options.rescue &&
      this.options.prefix !== 'keep' &&
      !this.isExact &&
      !this.keepsPath &&
      facts.path !== '/';
    this.headerPolicy = {
      ...defaultHeaderPolicy(facts.path),
      cookies: cookiePolicyFor(facts.path, neighbours),
      needsReferrer: this.takesStrays,
    };
    this.selectOptions = { codings: DECODABLE_CODINGS, types: new Map(Object.entries(this.options.types)) };
    this.strings = new Set(this.options.strings);
    this.isLocal = facts.endpoints.every(({ host }) => isLoopback(host));
    this.leaks = new LeakDetector([...backends, ...also]);
    this.hasShim = this.mode === 'all' && this.#wantsShim();
    this.integrityUrls = memory.integrityUrls;
    this.record = memory.record;
    this.log = log;
  }

  #wantsShim(): boolean {
    const { shim, prefix } = this.options;
    if (shim !== 'auto') return shim === 'on';
    return !this.isExact && !this.keepsPath && prefix !== 'keep';
  }

  #makeMap(path: string, backends: readonly BaseUrl[], also: readonly BaseUrl[]): MountMap {
    const { prefix, except, nested } = this.options;
    return new MountMap({
      path,
      backends,
      also,
      prefix,
      except,
      nested,
      sendsPublicHost: this.facts.host === 'public',
    });
  }
}

/** Throws a SyntaxError where a path of a mount cannot be the base of a map. */
export function checkPaths({ path, backendPath }: ProxiedMount): void {
  if (!isSubtree(path)) return;
  parseBasePath(path);
  parseBasePath(backendPath);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}
