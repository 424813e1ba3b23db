// TLS of a site: its own keys over those at the top, short forms made long, and what fits together with the listeners.
import { parseDuration } from '../util/duration.ts';
import { mapMarked } from './_option-marks.ts';
import type { Acme } from './acme-schema.ts';
import { checkOptions } from './check-options.ts';
import type { Document } from './document.ts';
import type { LongSite } from './expand.ts';
import { resolveAutoNames } from './resolve-acme.ts';
import { absolutePath, type PlacedListener, type ResolveContext } from './resolve-settings.ts';
import type { ResolvedCertificate, ResolvedHttps, ResolvedSite, ResolvedTls, SiteName } from './resolved-config.ts';
import {
  type RootTls,
  type SiteHttps,
  type SiteTls,
  siteHttpsSchema,
  siteTlsSchema,
  type TlsMap,
} from './tls-schema.ts';

const YEAR_MS = parseDuration('365d');
const NO_CERTIFICATE = 'write { cert: ./cert.pem, key: ./key.pem }, or auto: true';

/** Whether a document gives any of its sites TLS, as far as its shape tells: that decides on the default of `listen`. */
export function wantsTls(sites: readonly LongSite[], rootTls: unknown): boolean {
  const rootHas = hasCertificates(rootTls);
  return sites.some(({ settings }) => {
    const own = settings.get('tls');
    return own === undefined ? rootHas : own.value !== false;
  });
}

/** What sites start from: settings at the top of the document. Undefined where those are wrong. */
export interface SiteBase {
  readonly tls: RootTls | undefined;
  readonly acme: Acme | undefined;
}

/** `tls` of a site; undefined for none, or where it is wrong. */
export function resolveTls(
  site: LongSite,
  names: readonly SiteName[],
  base: SiteBase | undefined,
  context: ResolveContext,
): ResolvedTls | undefined {
  const setting = site.settings.get('tls');
  const { mistakes } = context;
  const root = longTls(base?.tls);
  const path = setting?.path ?? ['tls'];
  if (setting === undefined && !hasCertificates(root)) return undefined;
  const checked = setting === undefined ? {} : (checkSetting(siteTlsSchema, setting, context) as SiteTls | undefined);
  if (checked === undefined || checked === false) return undefined;
  const own = Array.isArray(checked) ? { certificates: checked } : longTls(checked);
  const tls = merge(own ?? {}, root, mistakes.document.keyPosition(path));
  if (isAuto(own) || (isAuto(root) && tls.certificates.length === 0)) {
    const auto = base === undefined ? [] : resolveAutoNames(names, base.acme, path, context);
    return { ...tls, certificates: [], auto, isInherited: false };
  }
  if (tls.certificates.length === 0) mistakes.atKey(path, 'a certificate is missing', NO_CERTIFICATE);
  return tls;
}

/** `tls` at the top, if it has certificates of its own. */
export function resolveRootTls(root: RootTls | undefined, document: Document): ResolvedTls | undefined {
  const long = longTls(root);
  const tls = long && merge(long, undefined, document.keyPosition(['tls']));
  return tls !== undefined && tls.certificates.length > 0 ? tls : undefined;
}

/** `https` of a site; undefined where nothing is to be done. */
export function resolveHttps(
  site: LongSite,
  tls: ResolvedTls | undefined,
  context: ResolveContext,
): ResolvedHttps | undefined {
  const setting = site.settings.get('https');
  if (setting === undefined) return tls === undefined ? undefined : REDIRECT;
  const own = checkSetting(siteHttpsSchema, setting, context) as SiteHttps | undefined;
  if (own === undefined || own === 'optional') return undefined;
  if (own === 'redirect') return REDIRECT;
  if (own === 'strict') return { ...REDIRECT, hsts: YEAR };
  return { redirect: own.redirect, hsts: hstsOf(own.hsts), port: own.port };
}

/** A certificate needs a TLS listener and a TLS listener a certificate. */
export function checkListeners(
  sites: readonly { readonly resolved: ResolvedSite }[],
  long: readonly LongSite[],
  listeners: readonly PlacedListener[],
  { mistakes }: ResolveContext,
): void {
  const isListening = listeners.some(({ resolved }) => resolved.isSecure);
  const hasTls = sites.some(({ resolved }) => resolved.tls !== undefined);
  if (hasTls && !isListening && listeners.length > 0) {
    const path = long.find(({ settings }) => settings.has('tls'))?.settings.get('tls')?.path ?? ['tls'];
    mistakes.atKey(path, 'no listener speaks TLS', 'add ":443", or "https://:8443" for another port, to listen');
  }
  if (hasTls || !mistakes.isEmpty) return;
  for (const { resolved, path } of listeners) {
    const message = 'this listener speaks TLS, but no site has a certificate';
    if (resolved.isSecure)
      mistakes.atValue(path, message, 'give a site tls: { cert, key }, or write "http://..." here');
  }
}

const REDIRECT: ResolvedHttps = { redirect: true, hsts: undefined, port: undefined };
const YEAR = { maxAgeMs: YEAR_MS, subdomains: false, preload: false };

function hstsOf(hsts: Extract<SiteHttps, object>['hsts']): ResolvedHttps['hsts'] {
  if (typeof hsts === 'boolean') return hsts ? YEAR : undefined;
  return { maxAgeMs: hsts.maxAge, subdomains: hsts.subdomains, preload: hsts.preload };
}

function checkSetting(
  schema: typeof siteTlsSchema | typeof siteHttpsSchema,
  { value, path }: { readonly value: unknown; readonly path: LongSite['path'] },
  { mistakes, baseDir }: ResolveContext,
): unknown {
  const absolute = mapMarked(schema, value, 'path', (text) => absolutePath(baseDir, text));
  const checked = checkOptions<unknown>(schema, absolute, mistakes, (inner) => [...path, ...inner]);
  return checked.isValid ? checked.options : undefined;
}

function merge(own: TlsMap, root: TlsMap | undefined, source: ResolvedTls['source']): ResolvedTls {
  const ownCertificates = certificatesOf(own);
  const clients = own.clients ?? root?.clients ?? false;
  return {
    certificates: ownCertificates.length > 0 ? ownCertificates : certificatesOf(root),
    auto: undefined,
    isInherited: ownCertificates.length === 0,
    preset: own.preset ?? root?.preset ?? 'modern',
    clients: clients === false ? undefined : clients,
    source,
  };
}

function certificatesOf(tls: TlsMap | undefined): ResolvedCertificate[] {
  const { cert, key, certificates } = tls ?? {};
  const pairs = cert === undefined ? (certificates ?? []) : [{ cert, key }];
  return pairs.map((pair) => ({ cert: pair.cert, key: pair.key ?? pair.cert }));
}

/** Whether `tls`, of which only the shape is looked at, names certificates or has them fetched. */
function hasCertificates(tls: unknown): boolean {
  if (typeof tls !== 'object' || tls === null) return tls === 'auto';
  return 'cert' in tls || 'certificates' in tls || ('auto' in tls && tls.auto === true);
}

function longTls<Map>(tls: 'auto' | Map): { auto: true } | Map {
  return tls === 'auto' ? { auto: true } : tls;
}

function isAuto(tls: TlsMap | undefined): boolean {
  return tls?.auto === true;
}
