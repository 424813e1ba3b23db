// The long form of a resolved configuration as a document again: every default written out, nothing short, secrets hidden.
import { stringify } from 'yaml';
import { printDuration } from '../util/duration.ts';
import { printSize } from '../util/size.ts';
import { mapMarked } from './_option-marks.ts';
import { HIDDEN } from './check-options.ts';
import type { LongFeature } from './expand.ts';
import { printListenAddress } from './listen-address.ts';
import { redact } from './redact.ts';
import { absolutePath } from './resolve-settings.ts';
import type { SiteWithLongForm } from './resolve-sites.ts';
import type {
  ResolvedAcme,
  ResolvedConfig,
  ResolvedHttps,
  ResolvedListener,
  ResolvedSite,
  ResolvedTls,
} from './resolved-config.ts';

/** A document as plain data. Loading it again gives the same configuration, hidden secrets aside. */
export type LongForm = Readonly<Record<string, unknown>>;

/** The long form of `config`, whose `sites` were resolved from `sites`. */
export function longFormOf(config: ResolvedConfig, sites: readonly SiteWithLongForm[]): LongForm {
  const { limits, timeouts } = config;
  const longForm = {
    listen: config.listeners.map(longListener),
    ...(config.trust.length === 0 ? {} : { trust: config.trust }),
    log: { level: config.log.level, format: config.log.format, file: config.log.file },
    admin: config.admin.socketPath === undefined ? false : { socket: config.admin.socketPath },
    storage: config.storage.dir,
    limits: {
      head: printSize(limits.maxHeadBytes),
      headers: limits.maxHeaderCount,
      target: printSize(limits.maxTargetBytes),
      body: limits.maxBodyBytes === undefined ? 'none' : printSize(limits.maxBodyBytes),
      handshakes: limits.maxHandshakes,
      connections: limits.maxConnections,
      connectionsPerAddress: limits.maxConnectionsPerAddress,
    },
    timeouts: Object.fromEntries(
      Object.entries(timeouts).map(([name, durationMs]) => [name.replace(/Ms$/, ''), printDuration(durationMs)]),
    ),
    ...(config.tls === undefined ? {} : { tls: longTls(config.tls) }),
    ...(config.acme === undefined ? {} : { acme: longAcme(config.acme) }),
    sites: Object.fromEntries(sites.map(({ resolved, long }) => [resolved.key, longSite(config, resolved, long)])),
  };
  return escapeReferences(longForm) as LongForm;
}

/** A long form as YAML, which `portico run -c` takes. */
export function printLongForm(longForm: LongForm): string {
  return stringify(longForm, { lineWidth: 0, aliasDuplicateObjects: false, keepUndefined: false });
}

function longListener({ address, isSecure, proxyTrust }: ResolvedListener) {
  return {
    address: printListenAddress(address),
    tls: isSecure,
    proxyProtocol: proxyTrust !== undefined,
    ...(proxyTrust === undefined ? {} : { trust: proxyTrust }),
  };
}

/** A site without TLS, where none was to be had, says nothing of it. */
function longSite(
  { baseDir, tls: rootTls }: ResolvedConfig,
  { mounts, tls, https }: ResolvedSite,
  long: readonly (readonly LongFeature[])[],
): Record<string, unknown> {
  return {
    ...(tls === undefined && rootTls === undefined ? {} : { tls: tls === undefined ? false : longTls(tls) }),
    ...(tls === undefined && https === undefined ? {} : { https: https === undefined ? 'optional' : longHttps(https) }),
    ...Object.fromEntries(mounts.map(({ path }, index) => [path, longMount(baseDir, long[index] ?? [])])),
  };
}

function longTls({ certificates, auto, isInherited, preset, clients }: ResolvedTls) {
  const own = auto === undefined ? { certificates } : { auto: true };
  return { ...(isInherited ? {} : own), preset, clients: clients ?? false };
}

function longAcme({ authorities, dns, ...others }: ResolvedAcme) {
  return {
    ...others,
    directory: authorities.map(({ eab, ...authority }) => ({
      ...authority,
      ...(eab === undefined ? {} : { eab: { kid: eab.kid, secret: HIDDEN } }),
    })),
    dns: dns && { command: dns.command, timeout: printDuration(dns.timeoutMs), wait: printDuration(dns.waitMs) },
  };
}

function longHttps({ redirect, hsts, port }: ResolvedHttps) {
  const { maxAgeMs, ...others } = hsts ?? { maxAgeMs: 0 };
  return { redirect, hsts: hsts === undefined ? false : { maxAge: printDuration(maxAgeMs), ...others }, port };
}

function longMount(baseDir: string, features: readonly LongFeature[]): Record<string, unknown> {
  return Object.fromEntries(features.map(({ feature, value }) => [feature.name, longOptions(baseDir, feature, value)]));
}

/** Paths absolute, because the long form may be saved elsewhere; secrets hidden. */
function longOptions(baseDir: string, { options }: LongFeature['feature'], value: unknown): unknown {
  const absolute = mapMarked(options, value, 'path', (path) => absolutePath(baseDir, path));
  return redact(mapMarked(options, absolute, 'secret', () => HIDDEN));
}

/** What went through the environment once must come out of it the same the next time. */
function escapeReferences(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', '$$${');
  if (Array.isArray(value)) return value.map(escapeReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapeReferences(inner)]));
}
