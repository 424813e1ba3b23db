// Sites and mounts: names and paths parsed, conflicts found, defaults merged, every feature's options checked.
import type { Steps } from '../util/slices.ts';
import { mapMarked } from './_option-marks.ts';
import { checkOptions, joinWords } from './check-options.ts';
import type { KeyPath } from './document.ts';
import type { LongFeature, LongMount, LongSite } from './expand.ts';
import { doesApply } from './feature-table.ts';
import { parseMountPath } from './mount-path.ts';
import { absolutePath, lineOf, type ResolveContext } from './resolve-settings.ts';
import { resolveHttps, resolveTls, type SiteBase } from './resolve-tls.ts';
import type { ResolvedFeature, ResolvedMount, ResolvedSite, SiteName } from './resolved-config.ts';
import { parseSiteNames, printSiteName } from './site-names.ts';

/** A site with the long form of what each of its mounts uses, defaults included. */
export interface SiteWithLongForm {
  readonly resolved: ResolvedSite;
  readonly long: readonly (readonly LongFeature[])[];
}

interface CheckedFeature {
  readonly long: LongFeature;
  /** Undefined where the options are wrong. */
  readonly resolved: ResolvedFeature | undefined;
}

/** Resolves all sites, one a step. Where there are mistakes, the result is incomplete and must not be used. */
export function* resolveSites(
  sites: readonly LongSite[],
  defaults: readonly LongFeature[],
  base: SiteBase | undefined,
  context: ResolveContext,
): Steps<SiteWithLongForm[]> {
  const resolver = new SiteResolver(context, base);
  const checked = defaults.map((feature) => resolver.check(feature));
  const resolved: SiteWithLongForm[] = [];
  for (const site of sites) {
    resolved.push(resolver.resolve(site, checked));
    yield;
  }
  resolver.refuseIdleDefaults(checked, sites);
  return resolved;
}

class SiteResolver {
  readonly #context: ResolveContext;
  readonly #base: SiteBase | undefined;
  /** Where each name was first used. */
  readonly #nameOwners = new Map<string, { site: LongSite }>();

  constructor(context: ResolveContext, base: SiteBase | undefined) {
    this.#context = context;
    this.#base = base;
  }

  resolve(site: LongSite, rootDefaults: readonly CheckedFeature[]): SiteWithLongForm {
    const { mistakes } = this.#context;
    const ownDefaults = site.defaults.map((feature) => this.check(feature));
    this.refuseIdleDefaults(ownDefaults, [site]);
    const ownNames = new Set(site.defaults.map(({ feature }) => feature.name));
    const defaults = [...ownDefaults, ...rootDefaults.filter(({ long }) => !ownNames.has(long.feature.name))];
    const names = this.#resolveNames(site);
    const seen = new Map<string, KeyPath>();
    const mounts: ResolvedMount[] = [];
    const long: LongFeature[][] = [];
    for (const mount of site.mounts) {
      const path = this.#resolvePath(mount, seen);
      const parts = this.#resolveMount(mount, defaults);
      if (path === undefined || parts === undefined) continue;
      mounts.push({ path, source: mistakes.document.keyPosition(mount.path), ...parts.resolved });
      long.push(parts.long);
    }
    const tls = resolveTls(site, names, this.#base, this.#context);
    const https = resolveHttps(site, tls, this.#context);
    const source = mistakes.document.keyPosition(site.path);
    return { resolved: { key: site.key, names, mounts, tls, https, source }, long };
  }

  check(long: LongFeature): CheckedFeature {
    const { mistakes, baseDir } = this.#context;
    const { feature, path, besides } = long;
    const value = mapMarked(feature.options, long.value, 'path', (text) => absolutePath(baseDir, text));
    const locate = (inner: KeyPath): KeyPath => {
      const [option, ...rest] = inner;
      const beside = typeof option === 'string' ? besides.get(option) : undefined;
      return beside === undefined ? [...path, ...inner] : [...beside, ...rest];
    };
    const checked = checkOptions(feature.options, value, mistakes, locate);
    if (!checked.isValid) return { long, resolved: undefined };
    const source = mistakes.document.keyPosition(path);
    return { long, resolved: { name: feature.name, options: checked.options, source } };
  }

  /** A default that works for none of the mounts below it has no effect. */
  refuseIdleDefaults(defaults: readonly CheckedFeature[], sites: readonly LongSite[]): void {
    const serving = sites.flatMap((site) => site.mounts.flatMap((mount) => mount.serve ?? []));
    if (serving.length < sites.reduce((count, site) => count + site.mounts.length, 0)) return;
    for (const { long } of defaults) {
      if (serving.length === 0 || serving.some(({ feature }) => doesApply(long.feature, feature.name))) continue;
      this.#refuseIdle(long, 'any mount here');
    }
  }

  #resolveNames(site: LongSite): SiteName[] {
    const { mistakes } = this.#context;
    const names: SiteName[] = [];
    for (const name of parseSiteNames(site.key)) {
      if ('message' in name) {
        mistakes.atKey(site.path, name.message, name.suggestion);
        continue;
      }
      const text = printSiteName(name);
      const owner = this.#nameOwners.get(text);
      if (owner?.site === site) mistakes.atKey(site.path, `the name ${text} is in this key twice`);
      else if (owner !== undefined)
        mistakes.atKey(site.path, `the name ${text} already has a site${lineOf(mistakes.document, owner.site.path)}`);
      this.#nameOwners.set(text, owner ?? { site });
      names.push(name);
    }
    return names;
  }

  #resolvePath(mount: LongMount, seen: Map<string, KeyPath>): string | undefined {
    const { mistakes } = this.#context;
    const parsed = parseMountPath(mount.key);
    if ('message' in parsed) {
      mistakes.atKey(mount.path, parsed.message, parsed.suggestion);
      return undefined;
    }
    const first = seen.get(parsed.path);
    if (first !== undefined) {
      const spelled = parsed.path === mount.key ? '' : `, which ${mount.key} is another spelling of`;
      const message = `the path ${parsed.path}${spelled} is mounted twice${lineOf(mistakes.document, first)}`;
      mistakes.atKey(mount.path, message);
    }
    seen.set(parsed.path, first ?? mount.path);
    return parsed.path;
  }

  #resolveMount(mount: LongMount, defaults: readonly CheckedFeature[]) {
    const own = mount.features.filter((feature) => !feature.isOff).map((feature) => this.check(feature));
    if (mount.serve === undefined) return undefined;
    const serving = mount.serve.feature.name;
    const inherited = defaults.filter(({ long }) => doesApply(long.feature, serving));
    this.#refuseIdleKeys(mount.features, serving, inherited);
    const ownNames = new Set(mount.features.map(({ feature }) => feature.name));
    const all = [...own, ...inherited.filter(({ long }) => !ownNames.has(long.feature.name))];
    const used = this.#context.features.list.flatMap((feature) => all.filter(({ long }) => long.feature === feature));
    const serve = this.check(mount.serve).resolved;
    if (serve === undefined) return undefined;
    const features = used.flatMap(({ resolved }) => resolved ?? []);
    return { resolved: { serve, features }, long: [mount.serve, ...used.map(({ long }) => long)] };
  }

  #refuseIdleKeys(features: readonly LongFeature[], serving: string, inherited: readonly CheckedFeature[]): void {
    for (const long of features) {
      const { feature, path, isOff } = long;
      if (!isOff && !doesApply(feature, serving)) this.#refuseIdle(long, `a mount of "${serving}"`);
      if (isOff && !inherited.some((other) => other.long.feature === feature))
        this.#context.mistakes.atKey(path, `"${feature.name}" is off already: no default switches it on here`);
    }
  }

  #refuseIdle({ feature, path }: LongFeature, where: string): void {
    const works = joinWords((feature.appliesTo ?? []).map((name) => `"${name}"`));
    this.#context.mistakes.atKey(path, `"${feature.name}" has no effect on ${where}`, `it works beside ${works}`);
  }
}
