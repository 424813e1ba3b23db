// Short forms to the one long form: every site a map of paths, every mount a map of features, every feature a map.
import { nearestWord } from '../util/nearest-word.ts';
import type { Steps } from '../util/slices.ts';
import { suggestUrl } from './_suggestions.ts';
import { describeValue, joinWords } from './check-options.ts';
import type { MistakeList } from './diagnostics.ts';
import type { KeyPath } from './document.ts';
import { isPlainObject } from './environment.ts';
import type { FeatureDeclaration, FeatureTable } from './feature-table.ts';
import { isPathKey } from './mount-path.ts';
import { ROOT_KEYS } from './schema.ts';
import { SITE_SCHEMAS } from './tls-schema.ts';

/** One feature of a mount (or of `defaults`) in its long form. */
export interface LongFeature {
  readonly feature: FeatureDeclaration;
  /** The options in their long form. */
  readonly value: unknown;
  /** Whether a mount switches off here what a default brings. */
  readonly isOff: boolean;
  readonly path: KeyPath;
  /** Where options stand that were written beside the key. */
  readonly besides: ReadonlyMap<string, KeyPath>;
}

/** A mount in its long form. */
export interface LongMount {
  /** The path as written. */
  readonly key: string;
  readonly path: KeyPath;
  /** Undefined if nothing serves it, which has been reported. */
  readonly serve: LongFeature | undefined;
  readonly features: readonly LongFeature[];
}

/** A site in its long form. */
export interface LongSite {
  readonly key: string;
  readonly path: KeyPath;
  readonly defaults: readonly LongFeature[];
  readonly mounts: readonly LongMount[];
  /** What belongs to the site as a whole: `tls`, `https`. */
  readonly settings: ReadonlyMap<string, SiteSetting>;
}

/** A key of a site that is neither a path nor a feature, as written. */
export interface SiteSetting {
  readonly value: unknown;
  readonly path: KeyPath;
}

/** Expands all short forms of `sites:`, a site a step. What has no long form is a mistake. */
export function* expandSites(sites: unknown, features: FeatureTable, mistakes: MistakeList): Steps<LongSite[]> {
  if (!isPlainObject(sites) || Object.keys(sites).length === 0) {
    const message = `expected a map of host names, got ${isPlainObject(sites) ? 'an empty one' : describeValue(sites)}`;
    mistakes.atValue(['sites'], message, 'write a line such as www.example.com: http://127.0.0.1:8081 below sites:');
    return [];
  }
  const expander = new Expander(features, mistakes);
  const long: LongSite[] = [];
  for (const [key, value] of entriesOf(sites)) {
    long.push(expander.expandSite(key, value, ['sites', key]));
    yield;
  }
  return long;
}

/** Expands a `defaults:` map, at the top of the document or in a site. */
export function expandDefaults(
  value: unknown,
  path: KeyPath,
  features: FeatureTable,
  mistakes: MistakeList,
): LongFeature[] {
  return value === undefined ? [] : new Expander(features, mistakes).expandDefaults(value, path);
}

class Expander {
  readonly #features: FeatureTable;
  readonly #mistakes: MistakeList;

  constructor(features: FeatureTable, mistakes: MistakeList) {
    this.#features = features;
    this.#mistakes = mistakes;
  }

  expandSite(key: string, whole: unknown, path: KeyPath): LongSite {
    const [value, settings] = takeSettings(whole, path);
    return { ...this.#expandContent(key, value, path), settings };
  }

  #expandContent(key: string, value: unknown, path: KeyPath): Omit<LongSite, 'settings'> {
    const keys = isPlainObject(value) ? entriesOf(value).map(([name]) => name) : [];
    if (isPlainObject(value) && keys.some(isPathKey)) return this.#expandMap(key, value, path);
    if (keys.includes('defaults')) {
      const message = '"defaults" has no effect in a site without paths';
      this.#mistakes.atKey([...path, 'defaults'], message, 'put what it holds beside the other keys, or add paths');
    }
    const rest = isPlainObject(value) ? { ...value, defaults: undefined } : value;
    return { key, path, defaults: [], mounts: [this.#expandMount('/', rest, path)] };
  }

  /** A site as a map of paths, possibly with `defaults`. */
  #expandMap(key: string, value: Record<string, unknown>, path: KeyPath): Omit<LongSite, 'settings'> {
    const mounts: LongMount[] = [];
    let defaults: LongFeature[] = [];
    for (const [name, inner] of entriesOf(value)) {
      const innerPath = [...path, name];
      if (isPathKey(name)) mounts.push(this.#expandMount(name, inner, innerPath));
      else if (name === 'defaults') defaults = this.expandDefaults(inner, innerPath);
      else this.#refuseBesidePaths(name, innerPath);
    }
    return { key, path, defaults, mounts };
  }

  expandDefaults(value: unknown, path: KeyPath): LongFeature[] {
    if (!isPlainObject(value)) {
      this.#mistakes.atValue(path, `expected a map of features, got ${describeValue(value)}`);
      return [];
    }
    const { known } = this.#expandFeatures(value, path);
    return known.filter(({ feature, isOff, path: featurePath }) => {
      if (feature.role === 'serve')
        this.#mistakes.atKey(featurePath, `"${feature.name}" serves one mount and cannot be a default`);
      if (isOff) this.#mistakes.atKey(featurePath, `"${feature.name}" is off unless something switches it on`);
      return feature.role !== 'serve' && !isOff;
    });
  }

  #expandMount(key: string, value: unknown, path: KeyPath): LongMount {
    const nothing = { key, path, serve: undefined, features: [] };
    const map = typeof value === 'string' ? this.#expandText(value, path) : value;
    if (map === undefined) return nothing;
    if (map === null) this.#refuseNothing(key, path);
    else if (!isPlainObject(map))
      this.#mistakes.atValue(
        path,
        `expected a URL, a folder or a map, got ${describeValue(map)}`,
        suggestMountValue(map),
      );
    if (!isPlainObject(map)) return nothing;
    const { known, mayHideServing } = this.#expandFeatures(map, path);
    const serving = known.filter(({ feature }) => feature.role === 'serve');
    const features = known.filter(({ feature }) => feature.role !== 'serve');
    if (serving.length === 0 && !mayHideServing) this.#refuseNothing(key, path);
    for (const { feature, path: secondPath } of serving.slice(1)) {
      const message = `"${feature.name}" and "${serving[0]?.feature.name}" cannot both serve ${key}`;
      this.#mistakes.atKey(secondPath, message);
    }
    return { key, path, serve: serving[0], features };
  }

  #refuseNothing(key: string, path: KeyPath): void {
    const missing = `one of ${joinWords(this.#features.serving)} is missing`;
    this.#mistakes.atKey(path, `nothing serves ${key === '/' ? 'this' : key}: ${missing}`);
  }

  /** A bare text is the URL of an endpoint or a folder. */
  #expandText(text: string, path: KeyPath): Record<string, unknown> | undefined {
    if (/^(?:https?|h2c|unix):/i.test(text)) return { proxy: text };
    if (isFolder(text)) return { files: text };
    const message = `expected a URL such as http://127.0.0.1:8081 or a folder such as ./public, got ${describeValue(text)}`;
    this.#mistakes.atValue(path, message, suggestUrl(text) ?? suggestFolder(text));
    return undefined;
  }

  /** `mayHideServing`: an unknown key may be a serving feature misspelt, so "nothing serves" would be a second guess. */
  #expandFeatures(map: Record<string, unknown>, path: KeyPath): { known: LongFeature[]; mayHideServing: boolean } {
    const known: LongFeature[] = [];
    let mayHideServing = false;
    const present = new Set(Object.keys(map));
    for (const [key, value] of entriesOf(map)) {
      const keyPath = [...path, key];
      const feature = this.#features.get(key);
      if (feature !== undefined) known.push(this.#expandFeature(feature, map, value, keyPath));
      else if (!this.#features.ownersOf(key).some((owner) => present.has(owner.name))) {
        const near = this.#refuseUnknown(key, keyPath);
        mayHideServing ||= near !== undefined && this.#features.serving.includes(near);
      }
    }
    return { known, mayHideServing };
  }

  #expandFeature(
    feature: FeatureDeclaration,
    map: Record<string, unknown>,
    value: unknown,
    path: KeyPath,
  ): LongFeature {
    const besides = new Map<string, KeyPath>();
    const isOff = isSwitch(feature, value) && value === false;
    let long = longValue(feature, value);
    for (const option of feature.besides ?? []) {
      if (map[option] === undefined || this.#features.get(option) !== undefined) continue;
      const optionPath = [...path.slice(0, -1), option];
      besides.set(option, optionPath);
      if (!isPlainObject(long)) continue;
      if (long[option] !== undefined)
        this.#mistakes.atKey(optionPath, `"${option}" is given twice: here and in "${feature.name}"`);
      long = { ...long, [option]: map[option] };
    }
    return { feature, value: long, isOff, path, besides };
  }

  #refuseUnknown(key: string, path: KeyPath): string | undefined {
    const owners = this.#features.ownersOf(key).map((owner) => `"${owner.name}"`);
    if (owners.length > 0) {
      this.#mistakes.atKey(path, `"${key}" has no effect without ${joinWords(owners)}`);
      return undefined;
    }
    const near = nearestWord(key, this.#features.names);
    let suggestion = near === undefined ? undefined : `did you mean "${near}"?`;
    if (ROOT_KEYS.includes(key)) suggestion = `"${key}" belongs to the top of the document`;
    if (SITE_KEYS.includes(key)) suggestion = `"${key}" belongs to a site as a whole: put it beside its paths`;
    if (isPathKey(key)) suggestion = 'a mount holds no paths: write the whole path as a key of the site';
    if (looksLikePath(key))
      suggestion = `a path starts with a slash: write ${key.startsWith('=') ? `=${key.replace(/^=\s*\/?/, '/')}` : `/${key}`}`;
    this.#mistakes.atKey(path, `unknown key "${key}"`, suggestion);
    return near;
  }

  #refuseBesidePaths(key: string, path: KeyPath): void {
    if (this.#features.get(key) === undefined) {
      const isDefaults = nearestWord(key, ['defaults']) !== undefined;
      if (isDefaults) this.#mistakes.atKey(path, `unknown key "${key}"`, 'did you mean "defaults"?');
      else this.#refuseUnknown(key, path);
      return;
    }
    const isServing = this.#features.serving.includes(key);
    const suggestion = isServing
      ? `put it below a path: /: { ${key}: ... }`
      : 'put it below "defaults" or below a path';
    this.#mistakes.atKey(path, `"${key}" cannot stand beside paths`, suggestion);
  }
}

const SITE_KEYS: readonly string[] = Object.keys(SITE_SCHEMAS);

/** A site without the keys that concern all of it, and those. */
function takeSettings(value: unknown, path: KeyPath): [rest: unknown, settings: LongSite['settings']] {
  const settings = new Map<string, SiteSetting>();
  if (!isPlainObject(value)) return [value, settings];
  const rest = { ...value };
  for (const key of SITE_KEYS) {
    if (value[key] !== undefined) settings.set(key, { value: value[key], path: [...path, key] });
    delete rest[key];
  }
  return [rest, settings];
}

/** `shorthand`, and `true` for a feature with nothing but defaults. */
function longValue(feature: FeatureDeclaration, value: unknown): unknown {
  if (isPlainObject(value)) return value;
  if (isSwitch(feature, value)) return {};
  return feature.shorthand === undefined ? value : { [feature.shorthand]: value };
}

/** `true` and `false` switch what does not serve, unless its own options have a meaning for them. Settings are never on. */
function isSwitch(feature: FeatureDeclaration, value: unknown): boolean {
  if (typeof value !== 'boolean' || feature.role === 'serve') return false;
  return (value === false || feature.role !== 'setting') && !feature.options.safeParse(value).success;
}

/** The entries of a map; a key whose value is undefined, as scripts have them, counts as left out. */
function entriesOf(map: Record<string, unknown>): [string, unknown][] {
  return Object.entries(map).filter(([, value]) => value !== undefined);
}

function isFolder(text: string): boolean {
  return /^(?:\.{1,2}(?:[/\\]|$)|\/|[A-Za-z]:[\\/])/.test(text);
}

function suggestFolder(text: string): string | undefined {
  if (text.startsWith('~')) return 'a folder is relative to this file or absolute; ~ is not expanded';
  return /^[\w.-]+(?:\/[\w.-]+)*\/?$/.test(text) ? `write ./${text} for a folder` : undefined;
}

function suggestMountValue(value: unknown): string | undefined {
  if (Array.isArray(value)) return 'write several URLs as { proxy: [ ... ] }';
  const isPort = Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
  return isPort ? `write http://127.0.0.1:${value} for a port of this machine` : undefined;
}

function looksLikePath(key: string): boolean {
  return !isPathKey(key) && key.includes('/');
}
