// From a document to a ResolvedConfig: environment, short forms, checks, defaults. All mistakes at once, or a configuration.
import { dirname } from 'node:path';
import { nearestWord } from '../util/nearest-word.ts';
import type { Steps } from '../util/slices.ts';
import { describeValue } from './check-options.ts';
import { type Diagnostic, MistakeList } from './diagnostics.ts';
import type { Document } from './document.ts';
import { type Environment, expandEnvironment, isPlainObject } from './environment.ts';
import { expandDefaults, expandSites } from './expand.ts';
import type { FeatureTable } from './feature-table.ts';
import { type LongForm, longFormOf } from './long-form.ts';
import { resolveAcme } from './resolve-acme.ts';
import { resolveSettings } from './resolve-settings.ts';
import { resolveSites, type SiteWithLongForm } from './resolve-sites.ts';
import { checkListeners, resolveRootTls, wantsTls } from './resolve-tls.ts';
import type { ResolvedConfig, ResolvedSite } from './resolved-config.ts';
import { ROOT_KEYS } from './schema.ts';

/** What a document is resolved with. */
export interface ResolveOptions {
  readonly features: FeatureTable;
  readonly environment: Environment;
  /** Where relative paths start in a document without a file. */
  readonly cwd: string;
}

/** A configuration with its long form, or at least one diagnostic. */
export type Resolution =
  | { readonly isValid: true; readonly config: ResolvedConfig; longForm(): LongForm }
  | { readonly isValid: false; readonly diagnostics: readonly Diagnostic[] };

const FIRST_LINES = 'write sites: and below it a line such as www.example.com: http://127.0.0.1:8081';

/**
 * Resolves a document, a site a step. Pure but for looking up the folders of the user; touches no file and no network.
 * `document` must not change between the steps.
 */
export function* resolveDocument(
  document: Document,
  { features, environment, cwd }: ResolveOptions,
): Steps<Resolution> {
  const mistakes = new MistakeList(document);
  const root = yield* expandEnvironment(document.value, environment, mistakes);
  if (!isPlainObject(root)) {
    const isEmpty = root === undefined || root === null;
    mistakes.atValue([], isEmpty ? 'the document is empty' : `expected a map, got ${describeValue(root)}`, FIRST_LINES);
    return { isValid: false, diagnostics: mistakes.list() };
  }
  const { sites: siteMap, defaults: defaultMap, ...rest } = root;
  const baseDir = document.file === undefined ? cwd : dirname(document.file);
  const context = { features, baseDir, environment, mistakes };
  const defaults = expandDefaults(withStandingDefaults(defaultMap, features), ['defaults'], features, mistakes);
  const isMisspelt = Object.keys(rest).some((key) => nearestWord(key, ROOT_KEYS) === 'sites');
  if (siteMap === undefined && !isMisspelt) mistakes.atKey([], '"sites" is missing', FIRST_LINES);
  const longSites = siteMap === undefined ? [] : yield* expandSites(siteMap, features, mistakes);
  const settings = resolveSettings(rest, wantsTls(longSites, rest['tls']), context);
  const sites = yield* resolveSites(longSites, defaults, settings, context);
  if (settings !== undefined) checkListeners(sites, longSites, settings.listeners, context);
  const isAuto = sites.some(({ resolved }) => resolved.tls?.auto !== undefined);
  const acme = settings && resolveAcme(settings.acme, isAuto, settings.listeners, context);
  if (settings === undefined || !mistakes.isEmpty) return { isValid: false, diagnostics: mistakes.list() };
  const { tls, acme: _written, listeners, ...others } = settings;
  const config: ResolvedConfig = deepFreeze({
    file: document.file,
    baseDir,
    sites: yield* freezeSites(sites),
    tls: resolveRootTls(tls, document),
    acme,
    listeners: listeners.map(({ resolved }) => resolved),
    ...others,
  });
  return { isValid: true, config, longForm: () => longFormOf(config, sites) };
}

/** The `defaults` of a document with those of the features that are on unless it says otherwise. */
function withStandingDefaults(defaultMap: unknown, features: FeatureTable): unknown {
  const standing = features.list.filter(({ byDefault }) => byDefault !== undefined);
  if (standing.length === 0 || (defaultMap !== undefined && !isPlainObject(defaultMap))) return defaultMap;
  return { ...Object.fromEntries(standing.map(({ name, byDefault }) => [name, byDefault])), ...defaultMap };
}

function* freezeSites(sites: readonly SiteWithLongForm[]): Steps<ResolvedSite[]> {
  const frozen: ResolvedSite[] = [];
  for (const { resolved } of sites) {
    frozen.push(deepFreeze(resolved));
    yield;
  }
  return frozen;
}

/** Freezes maps and lists all the way down; functions and instances of classes belong to somebody else. */
function deepFreeze<Value>(value: Value): Value {
  if (Array.isArray(value) || isPlainObject(value)) {
    if (Object.isFrozen(value)) return value;
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
