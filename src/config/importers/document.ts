// The document of an import: sites with their names grouped, features said once, short forms, and where all of it comes from.
import type { SourcePosition } from '../../exchange/route.ts';
import type { ImportedConfig } from './importer.ts';
import type { RenderedMount } from './language.ts';

/** One name with what is served under it on one port. */
export interface NamedSite {
  /** A key of our language without port. */
  readonly name: string;
  /** The port that requests arrive on. */
  readonly port: number;
  readonly mounts: readonly RenderedMount[];
  /** `tls` of the site; undefined without. */
  readonly tls: Readonly<Record<string, unknown>> | undefined;
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
  readonly paths: Readonly<Record<string, unknown>>;
  readonly mounts: readonly RenderedMount[];
  readonly tls: Readonly<Record<string, unknown>> | undefined;
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
const SHAREABLE = new Set(['headers', 'auth', 'compress', 'limits', 'error-pages']);

/** Builds the document. Names with the same content become one site. */
export function buildDocument(sites: readonly NamedSite[], settings: DocumentSettings): FinishedDocument {
  const origins = new Map<string, readonly SourcePosition[]>();
  const drafts = groupNames(joinPorts(sites));
  const siteMap: Record<string, unknown> = {};
  for (const draft of drafts) {
    const key = draft.names.join(', ');
    siteMap[key] = finishSite(draft, key, origins);
    const sources =
      draft.sources.length > 0 ? draft.sources : (draft.mounts[0]?.directives ?? []).map(({ source }) => source);
    origins.set(JSON.stringify(['sites', key]), sources);
  }
  const { listen, root } = settings;
  const listenKey = listen.length === 0 ? {} : { listen: listen.length === 1 ? listen[0] : [...listen] };
  return { config: finishTexts({ ...listenKey, ...root, sites: siteMap }), origins };
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

interface KeyedSite extends NamedSite {
  readonly key: string;
  readonly content: string;
}

/** A name that is the same on all ports needs no port in its key. */
function joinPorts(sites: readonly NamedSite[]): KeyedSite[] {
  const byName = new Map<string, NamedSite[]>();
  for (const site of sites) byName.set(site.name, [...(byName.get(site.name) ?? []), site]);
  const joined: KeyedSite[] = [];
  for (const [name, same] of byName) {
    const keyed = same.map((site) => ({ ...site, content: contentOf(site), key: `${name}:${site.port}` }));
    const [first] = keyed;
    if (first === undefined) continue;
    if (keyed.every((site) => site.content === first.content)) joined.push({ ...first, key: name });
    else joined.push(...keyed);
  }
  return joined;
}

function contentOf({ mounts, tls }: NamedSite): string {
  return JSON.stringify([mounts.map(({ path, keys }) => [path, keys]), tls]);
}

function groupNames(sites: readonly KeyedSite[]): SiteDraft[] {
  const byContent = new Map<string, SiteDraft>();
  for (const { key, content, mounts, tls, sources } of sites) {
    const draft = byContent.get(content);
    if (draft !== undefined) {
      draft.names.push(key);
      draft.sources.push(...sources);
      continue;
    }
    byContent.set(content, { names: [key], paths: {}, mounts, tls, sources: [...sources] });
  }
  return [...byContent.values()];
}

function finishSite({ mounts, tls }: SiteDraft, key: string, origins: FinishedDocument['origins']): unknown {
  const shared = sharedFeatures(mounts);
  const defaults = { ...shared, ...(tls !== undefined && { tls }) };
  const finished = mounts.map(({ path, keys, directives }) => {
    const own = Object.entries(keys).filter(([name]) => !(name in shared));
    return { path, value: shorten(Object.fromEntries(own)), sources: directives.map(({ source }) => source) };
  });
  const [only] = finished;
  if (finished.length === 1 && only !== undefined && Object.keys(defaults).length === 0 && only.path === '/') {
    return only.value;
  }
  const site: Record<string, unknown> = {};
  if (Object.keys(defaults).length > 0) site['defaults'] = defaults;
  for (const { path, value, sources } of finished) {
    site[path] = value;
    origins.set(JSON.stringify(['sites', key, path]), sources);
  }
  return site;
}

/** Features with the same value on all of several mounts. */
function sharedFeatures(mounts: readonly RenderedMount[]): Record<string, unknown> {
  const [first, ...others] = mounts;
  if (first === undefined || others.length === 0) return {};
  const shared = Object.entries(first.keys).filter(([name, value]) => {
    const text = JSON.stringify(value);
    return SHAREABLE.has(name) && others.every(({ keys }) => JSON.stringify(keys[name]) === text);
  });
  return Object.fromEntries(shared);
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
