// The document of an import: sites with their names grouped, features said once, short forms, and where all of it comes from.
import type { SourcePosition } from '../../exchange/route.ts';
import { parseSize, printSize } from '../../util/size.ts';
import type { ImportedConfig } from './importer.ts';
import type { RenderedMount } from './language.ts';
import type { ImportSettings } from './site.ts';

/** The access log of a site. */
export type SiteLog = 'off' | { readonly format: 'combined' | 'common'; readonly path: string };

/** One name with what is served under it on one port. */
export interface NamedSite {
  /** A key of our language without port. */
  readonly name: string;
  /** The port that requests arrive on. */
  readonly port: number;
  readonly mounts: readonly RenderedMount[];
  /** `tls` of the site; undefined without. */
  readonly tls: Readonly<Record<string, unknown>> | undefined;
  /** `log` of the site; undefined where the original says nothing that can be said. */
  readonly log?: SiteLog | undefined;
  /** Whether the original has the name on this port; otherwise it is what all names without a server get. */
  readonly isNamed: boolean;
  /** What the site as such comes from. */
  readonly sources: readonly SourcePosition[];
}

/** The top of the document. */
export interface DocumentSettings {
  readonly listen: readonly string[];
  /** Further keys, such as `trust`, `limits`, `timeouts`. */
  readonly root: Readonly<Record<string, unknown>>;
}

interface SiteDraft {
  readonly names: string[];
  readonly mounts: readonly RenderedMount[];
  readonly tls: Readonly<Record<string, unknown>> | undefined;
  readonly log: SiteLog | undefined;
  readonly sources: SourcePosition[];
}

/** A finished document with the places that its parts come from. */
export interface FinishedDocument {
  readonly config: ImportedConfig;
  readonly origins: Map<string, readonly SourcePosition[]>;
}

/**
 * Stands for `${` where a text shall name a variable of the environment; a plain `${` of the original is escaped.
 * From the private use area, so that no configuration holds it by accident.
 */
export const ENVIRONMENT_MARK = '\ue000{';

/** Features that every kind of mount takes, so that they may stand in `defaults`. */
const SHAREABLE = new Set(['headers', 'auth', 'compress', 'limits', 'errors']);
/** Of these, those that do no harm to a fixed answer or a redirect that did not have them. */
const HARMLESS = new Set(['headers', 'compress', 'limits', 'errors']);

/** Builds the document. Names with the same content become one site. */
export function buildDocument(
  { supports }: ImportSettings,
  named: readonly NamedSite[],
  settings: DocumentSettings,
): FinishedDocument {
  const origins = new Map<string, readonly SourcePosition[]>();
  const { sites, body } = supports('limits') ? { sites: named, body: undefined } : takeBodyLimits(named);
  const drafts = groupNames(joinPorts(sites));
  const siteMap: Record<string, unknown> = {};
  for (const draft of drafts) {
    const key = draft.names.join(', ');
    siteMap[key] = finishSite(draft, key, origins);
    const sources =
      draft.sources.length > 0 ? draft.sources : (draft.mounts[0]?.directives ?? []).map(({ source }) => source);
    origins.set(JSON.stringify(['sites', key]), sources);
  }
  const { listen } = settings;
  const limits = { ...(settings.root['limits'] as Record<string, unknown> | undefined), ...(body && { body }) };
  const root = { ...settings.root, ...(Object.keys(limits).length > 0 && { limits }) };
  const addresses = listen.map((address) => withScheme(address, named));
  const listenKey = addresses.length === 0 ? {} : { listen: addresses.length === 1 ? addresses[0] : addresses };
  return { config: finishTexts({ ...listenKey, ...root, sites: siteMap }), origins };
}

/** A port says by itself whether it speaks TLS if it is 443, or none of the sites on it has a certificate. */
function withScheme(address: string, sites: readonly NamedSite[]): string {
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  const isSecure = sites.some((site) => site.port === port && site.tls !== undefined);
  if (isSecure === (port === 443)) return address;
  return `${isSecure ? 'https' : 'http'}://${address}`;
}

/** Our language reads `${NAME}` in texts, other than in keys; `$${` is how it spells the characters themselves. */
function finishTexts<Value>(value: Value): Value {
  const finish = (part: unknown): unknown => {
    if (typeof part === 'string') return part.replaceAll('${', '$${').replaceAll(ENVIRONMENT_MARK, '${');
    if (Array.isArray(part)) return part.map(finish);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, finish(inner)]));
  };
  // The shape is that of the argument: only texts change.
  return finish(value) as Value;
}

/**
 * Without a limit of the mount's own, that of the whole program is the largest one that is asked for, and none if a
 * backend has none.
 */
function takeBodyLimits(named: readonly NamedSite[]): { sites: NamedSite[]; body: string | undefined } {
  const texts = new Set<string>();
  const sites = named.map((site) => {
    const mounts = site.mounts.map((mount) => {
      const { limits, ...keys } = mount.keys;
      if ('proxy' in keys) texts.add((limits as { body?: string } | undefined)?.body ?? 'none');
      return { ...mount, keys };
    });
    return { ...site, mounts };
  });
  const sizes = [...texts].map((text) => (text === 'none' ? Number.POSITIVE_INFINITY : parseSize(text)));
  const largest = Math.max(0, ...sizes);
  return { sites, body: Number.isFinite(largest) && largest > 0 ? printSize(largest) : undefined };
}

interface KeyedSite extends NamedSite {
  readonly key: string;
  readonly content: string;
}

/**
 * A name that is the same on all ports needs no port in its key. Otherwise the first port goes without: so its content is
 * also for requests whose Host names a port that nobody listens on, as behind a forwarded port.
 */
function joinPorts(sites: readonly NamedSite[]): KeyedSite[] {
  const byName = new Map<string, NamedSite[]>();
  for (const site of sites) byName.set(site.name, [...(byName.get(site.name) ?? []), site]);
  const firstPort = sites[0]?.port;
  const joined: KeyedSite[] = [];
  for (const [name, same] of byName) {
    const keyed = same.map((site) => {
      const key = site.port === firstPort ? name : `${name}:${site.port}`;
      return { ...site, content: contentOf(site), key };
    });
    const [first] = keyed;
    if (first === undefined) continue;
    if (keyed.every((site) => site.content === first.content)) joined.push({ ...first, key: name });
    else joined.push(...keyed);
  }
  return joined.filter((site) => site.isNamed || !isCovered(site, joined));
}

/** Whether `*` says the same about a name that the original does not have on this port, and nothing else covers it. */
function isCovered({ name, port, key, content }: KeyedSite, sites: readonly KeyedSite[]): boolean {
  const others = sites.filter((site) => site.key !== key && (site.key === site.name || site.port === port));
  const isWildcardOf = (wildcard: string) =>
    wildcard.startsWith('*.') && name.endsWith(wildcard.slice(1)) && wildcard !== name;
  if (others.some((site) => site.name === name || isWildcardOf(site.name))) return false;
  return others.some((site) => site.name === '*' && site.content === content);
}

function contentOf({ mounts, tls, log }: NamedSite): string {
  return JSON.stringify([mounts.map(({ path, keys }) => [path, keys]), tls, log]);
}

function groupNames(sites: readonly KeyedSite[]): SiteDraft[] {
  const byContent = new Map<string, SiteDraft>();
  for (const { key, content, mounts, tls, log, sources } of sites) {
    const draft = byContent.get(content);
    if (draft !== undefined) {
      draft.names.push(key);
      draft.sources.push(...sources);
      continue;
    }
    byContent.set(content, { names: [key], mounts, tls, log, sources: [...sources] });
  }
  return [...byContent.values()];
}

function finishSite({ mounts, tls, log }: SiteDraft, key: string, origins: FinishedDocument['origins']): unknown {
  const shared = sharedFeatures(mounts);
  const defaults = { ...shared, ...(log !== undefined && { log }) };
  const finished = mounts.map(({ path, keys, directives }) => {
    const own = Object.entries(keys).filter(([name]) => !(name in shared));
    return { path, value: shorten(Object.fromEntries(own)), sources: directives.map(({ source }) => source) };
  });
  const [only] = mounts;
  // A site with nothing but its root is the long form of that mount.
  if (only !== undefined && mounts.length === 1 && only.path === '/' && tls === undefined) {
    return shorten({ ...only.keys, ...defaults });
  }
  const site: Record<string, unknown> = tls === undefined ? {} : { tls };
  if (Object.keys(defaults).length > 0) site['defaults'] = defaults;
  for (const { path, value, sources } of finished) {
    site[path] = value;
    origins.set(JSON.stringify(['sites', key, path]), sources);
  }
  return site;
}

/** Features with the same value on all of several mounts. Fixed answers and redirects need not have the harmless ones. */
function sharedFeatures(mounts: readonly RenderedMount[]): Record<string, unknown> {
  const [first, ...others] = mounts.filter(({ keys }) => !isAnswer(keys));
  if (first === undefined || mounts.length < 2) return {};
  const isLike = (name: string, text: string) => (mount: RenderedMount) => JSON.stringify(mount.keys[name]) === text;
  const shared = Object.entries(first.keys).filter(([name, value]) => {
    if (!SHAREABLE.has(name)) return false;
    const isAlike = isLike(name, JSON.stringify(value));
    const answers = mounts.filter(({ keys }) => isAnswer(keys));
    return (
      others.every(isAlike) && answers.every((mount) => isAlike(mount) || (HARMLESS.has(name) && !(name in mount.keys)))
    );
  });
  return Object.fromEntries(shared);
}

function isAnswer(keys: Readonly<Record<string, unknown>>): boolean {
  return 'redirect' in keys || 'respond' in keys;
}

/** `{ proxy: URL }` is the URL, `{ files: ./folder }` the folder. */
function shorten(keys: Record<string, unknown>): unknown {
  const names = Object.keys(keys);
  const [only = ''] = names;
  const value = keys[only];
  if (names.length !== 1 || typeof value !== 'string') return keys;
  if (only === 'proxy') return value;
  return only === 'files' && /^\.{0,2}\//.test(value) ? value : keys;
}
