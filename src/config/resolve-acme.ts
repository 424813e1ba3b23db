// `acme`: which CAs and challenges, and for every name of a site how it gets a certificate that is fetched.
import { isIP } from 'node:net';
import { isLocalName } from '../http/local-name.ts';
import { type Acme, acmeSchema, KNOWN_DIRECTORIES } from './acme-schema.ts';
import type { KeyPath } from './document.ts';
import { absolutePath, type PlacedListener, type ResolveContext } from './resolve-settings.ts';
import type { ResolvedAcme, ResolvedAuthority, ResolvedAutoName, SiteName } from './resolved-config.ts';

/** How the names of a site get certificates. What cannot get one is a mistake at `path`, where the site says `auto`. */
export function resolveAutoNames(
  names: readonly SiteName[],
  acme: Acme | undefined,
  path: KeyPath,
  { mistakes }: ResolveContext,
): ResolvedAutoName[] {
  const resolved: ResolvedAutoName[] = [];
  for (const { host } of names) {
    const from = waysOf(host, acme);
    if ('message' in from) mistakes.atValue(path, from.message, from.suggestion);
    else resolved.push({ host, from: from.way });
  }
  return resolved;
}

/** `acme` as it holds for a configuration with these listeners; undefined where no site needs it. */
export function resolveAcme(
  acme: Acme | undefined,
  isNeeded: boolean,
  listeners: readonly PlacedListener[],
  { mistakes, baseDir }: ResolveContext,
): ResolvedAcme | undefined {
  if (!isNeeded) {
    if (acme !== undefined) mistakes.atKey(['acme'], '"acme" has no effect: no site has tls: auto');
    return undefined;
  }
  const options = acme ?? acmeSchema.parse({});
  const possible = possibleChallenges(options, listeners);
  for (const [index, type] of (options.challenges ?? []).entries()) {
    const [message, suggestion] = NEEDS[type];
    if (!possible.includes(type)) mistakes.atValue(['acme', 'challenges', index], message, suggestion);
  }
  if (options.dns !== undefined && options.challenges?.includes('dns-01') === false)
    mistakes.atKey(['acme', 'dns'], '"dns" has no effect: dns-01 is not among the challenges');
  const { email, ask, key, preflight, dns } = options;
  return {
    email,
    authorities: [options.directory].flat().map(resolveAuthority),
    challenges: options.challenges ?? possible,
    dns: dns && { command: placeProgram(dns.command, baseDir), timeoutMs: dns.timeout, waitMs: dns.wait },
    ask,
    key,
    preflight,
  };
}

type Way = { readonly way: ResolvedAutoName['from'] } | { readonly message: string; readonly suggestion: string };

function waysOf(host: string, acme: Acme | undefined): Way {
  if (isLocalName(host)) return { way: 'local' };
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0)
    return {
      message: `no certificate can be fetched for the address ${host}`,
      suggestion: 'write { cert: ./cert.pem, key: ./key.pem }',
    };
  if (!host.startsWith('*')) return { way: 'order' };
  if (host !== '*' && acme?.dns !== undefined) return { way: 'order' };
  if (acme?.ask !== undefined) return { way: 'demand' };
  if (host === '*')
    return {
      message: 'certificates for any name are fetched only if somebody says which names are allowed',
      suggestion: 'acme: { ask: "http://127.0.0.1:9000/allowed" } at the top names who does',
    };
  return {
    message: `a certificate for ${host} is given only to whoever can write to its DNS`,
    suggestion:
      'set acme: { dns: { command: [...] } } at the top, or "ask" there for a certificate of each name below it',
  };
}

const NEEDS = {
  'http-01': ['no listener speaks http', 'http-01 is answered on one, which the CA reaches as port 80'],
  'tls-alpn-01': ['no listener speaks TLS', 'tls-alpn-01 is answered on one, which the CA reaches as port 443'],
  'dns-01': ['"dns" is missing', 'dns: { command: [...] } says how a TXT record is written'],
} as const;

/** A program without a slash is looked for in the PATH, as everywhere. */
function placeProgram([program = '', ...args]: readonly string[], baseDir: string): string[] {
  return [program.includes('/') ? absolutePath(baseDir, program) : program, ...args];
}

function possibleChallenges({ dns }: Acme, listeners: readonly PlacedListener[]): ResolvedAcme['challenges'] {
  const has = (isSecure: boolean) => listeners.some(({ resolved }) => resolved.isSecure === isSecure);
  return [
    ...(has(false) ? (['http-01'] as const) : []),
    ...(has(true) ? (['tls-alpn-01'] as const) : []),
    ...(dns === undefined ? [] : (['dns-01'] as const)),
  ];
}

function resolveAuthority(entry: Exclude<Acme['directory'], readonly unknown[]>): ResolvedAuthority {
  const { directory, ...others } = typeof entry === 'string' ? { directory: entry } : entry;
  const { ca, eab, profile } = { ca: undefined, eab: undefined, profile: undefined, ...others };
  const known: Readonly<Record<string, string>> = KNOWN_DIRECTORIES;
  return { directory: known[directory] ?? directory, ca, eab, profile };
}
