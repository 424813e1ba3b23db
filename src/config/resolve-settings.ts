// The settings at the top of a document: checked, defaults applied, listeners and networks parsed.
import { createHash } from 'node:crypto';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { NAMED_NETWORKS, parseCidr } from '../util/cidr.ts';
import { nearestWord } from '../util/nearest-word.ts';
import { mapMarked } from './_option-marks.ts';
import type { Acme } from './acme-schema.ts';
import { checkOptions } from './check-options.ts';
import type { MistakeList } from './diagnostics.ts';
import type { Document, KeyPath } from './document.ts';
import type { Environment } from './environment.ts';
import type { FeatureTable } from './feature-table.ts';
import { parseListenAddress, printListenAddress } from './listen-address.ts';
import type { ResolvedConfig, ResolvedLimits, ResolvedListener, ResolvedTimeouts } from './resolved-config.ts';
import { ROOT_KEYS, type Settings, settingsSchema } from './schema.ts';
import type { RootTls } from './tls-schema.ts';

/** What every step of resolving needs. */
export interface ResolveContext {
  readonly features: FeatureTable;
  readonly baseDir: string;
  readonly environment: Environment;
  readonly mistakes: MistakeList;
}

/** A listener and where the document has it. */
export interface PlacedListener {
  readonly resolved: ResolvedListener;
  readonly path: KeyPath;
}

/** Everything of a configuration but its sites; `tls` is what they start from. */
export interface ResolvedSettings
  extends Omit<ResolvedConfig, 'file' | 'baseDir' | 'sites' | 'listeners' | 'tls' | 'acme'> {
  readonly listeners: readonly PlacedListener[];
  readonly tls: RootTls | undefined;
  readonly acme: Acme | undefined;
}

/** Where a program listens if the document does not say: without TLS, and with it. */
const DEFAULT_LISTEN = [':8080'];
const DEFAULT_TLS_LISTEN = [':80', ':443'];
/** Speaks TLS if nothing else is said (RFC 9110 §4.2.2). */
const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/** Resolves the top of a document, `sites` and `defaults` already taken off. Undefined if something is wrong. */
export function resolveSettings(
  root: Record<string, unknown>,
  hasTls: boolean,
  context: ResolveContext,
): ResolvedSettings | undefined {
  const { baseDir, environment, mistakes } = context;
  const known = withoutUnknownKeys(root, context);
  const trust = resolveTrust(checkTexts('trust', known, context), ['trust'], mistakes);
  const listeners = resolveListeners(checkTexts('listen', known, context), hasTls, trust, context);
  const absolute = mapMarked(settingsSchema, known, 'path', (path) => absolutePath(baseDir, path));
  const checked = checkOptions(settingsSchema, absolute, mistakes, (path) => path);
  if (!checked.isValid) return undefined;
  const settings = checked.options;
  return {
    listeners,
    trust,
    tls: settings.tls,
    compat: settings.compat,
    acme: settings.acme,
    log: { level: settings.log.level, format: settings.log.format, file: settings.log.file },
    admin: { socketPath: resolveSocketPath(settings, mistakes.document.file, environment) },
    storage: { dir: settings.storage ?? defaultStorageDir(environment) },
    limits: resolveLimits(settings),
    timeouts: resolveTimeouts(settings),
  };
}

/** Checks one list by itself, so that what its texts mean is looked at whatever is wrong elsewhere. */
function checkTexts<Key extends 'listen' | 'trust'>(
  key: Key,
  known: Record<string, unknown>,
  { mistakes }: ResolveContext,
): Settings[Key] | undefined {
  // The schema at a key of the settings makes what the settings have there.
  const schema = settingsSchema.shape[key] as unknown as z.ZodType<Settings[Key]>;
  const checked = checkOptions(schema, known[key], mistakes, (path) => [key, ...path]);
  return checked.isValid ? checked.options : undefined;
}

function withoutUnknownKeys(root: Record<string, unknown>, { features, mistakes }: ResolveContext) {
  const known: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(root)) {
    if (ROOT_KEYS.includes(key)) known[key] = value;
    else mistakes.atKey([key], `unknown key "${key}"`, suggestRootKey(key, features));
  }
  return known;
}

function suggestRootKey(key: string, features: FeatureTable): string | undefined {
  if (features.get(key) !== undefined) return `"${key}" belongs to a mount: put it below a site`;
  if (/[.*:/]/.test(key) || key === 'localhost') return 'host names stand below sites:';
  const near = nearestWord(key, ROOT_KEYS);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

function resolveListeners(
  listen: Settings['listen'],
  hasTls: boolean,
  trust: readonly string[],
  { baseDir, mistakes }: ResolveContext,
): PlacedListener[] {
  const listeners: PlacedListener[] = [];
  const seen = new Map<string, KeyPath>();
  for (const [path, entry] of entriesOf(listen ?? (hasTls ? DEFAULT_TLS_LISTEN : DEFAULT_LISTEN), ['listen'])) {
    const options = typeof entry === 'string' ? { address: entry, proxyProtocol: false } : entry;
    const [scheme, addressText] = splitScheme(options.address);
    const addressPath = typeof entry === 'string' ? path : [...path, 'address'];
    const address = parseListenAddress(addressText, baseDir);
    if ('message' in address) {
      mistakes.atValue(addressPath, address.message, address.suggestion);
      continue;
    }
    const isSecure = options.tls ?? (scheme === undefined ? isHttpsPort(address) : scheme === 'https://');
    if (options.tls !== undefined && scheme !== undefined && isSecure !== (scheme === 'https://'))
      mistakes.atValue([...path, 'tls'], `the address says ${scheme}`);
    const name = printListenAddress(address);
    const first = seen.get(name);
    if (first !== undefined && !name.endsWith(':0'))
      mistakes.atValue(addressPath, `${name} is in the list twice${lineOf(mistakes.document, first)}`);
    seen.set(name, path);
    const source = listen === undefined ? undefined : mistakes.document.valuePosition(path);
    const proxyTrust = resolveProxyTrust(options, path, trust, mistakes, 'path' in address);
    listeners.push({ resolved: { address, isSecure, proxyTrust, source }, path });
  }
  return listeners;
}

/** `https://[::]/` is the scheme and `[::]:443`: a scheme brings its port along (RFC 9110 §4.2). */
function splitScheme(text: string): [scheme: string | undefined, address: string] {
  const [, scheme, rest = ''] = /^(https?:\/\/)([^/].*?)\/?$/s.exec(text) ?? [];
  if (scheme === undefined) return [undefined, text];
  const hasPort = /:\d+$/.test(rest) && !/^\[[^\]]*$/.test(rest);
  return [
    scheme,
    hasPort || rest.startsWith('unix:') ? rest : `${rest}:${scheme === 'https://' ? HTTPS_PORT : HTTP_PORT}`,
  ];
}

function isHttpsPort(address: ResolvedListener['address']): boolean {
  return 'port' in address && address.port === HTTPS_PORT;
}

/** Who may send PROXY protocol headers. Without anybody the listener would refuse every connection. */
function resolveProxyTrust(
  { proxyProtocol, trust: own }: { readonly proxyProtocol: boolean; readonly trust?: string | string[] | undefined },
  path: KeyPath,
  trust: readonly string[],
  mistakes: MistakeList,
  isSocket: boolean,
): readonly string[] | undefined {
  if (!proxyProtocol) {
    if (own !== undefined) mistakes.atKey([...path, 'trust'], '"trust" has no effect here without proxyProtocol: true');
    return undefined;
  }
  const networks = own === undefined ? trust : resolveTrust(own, [...path, 'trust'], mistakes);
  if (networks.length === 0 && !isSocket)
    mistakes.atKey(
      [...path, 'proxyProtocol'],
      'nobody is trusted to send PROXY protocol headers',
      'name the proxies in front: trust: [10.0.0.0/8]',
    );
  return networks;
}

function resolveTrust(trust: Settings['trust'], at: KeyPath, mistakes: MistakeList): string[] {
  return entriesOf(trust ?? [], at).flatMap(([path, text]) => {
    const named = NAMED_NETWORKS[text];
    if (named !== undefined) return named;
    try {
      parseCidr(text);
      return [text];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const near = nearestWord(text, Object.keys(NAMED_NETWORKS));
      mistakes.atValue(path, uncapitalize(error.message), near === undefined ? undefined : `did you mean "${near}"?`);
      return [];
    }
  });
}

function resolveSocketPath({ admin }: Settings, file: string | undefined, environment: Environment) {
  if (admin === false) return undefined;
  if (admin !== undefined) return typeof admin === 'string' ? admin : admin.socket;
  return file === undefined ? undefined : defaultSocketPath(file, environment);
}

/**
 * The admin socket of a document that names none: one per document, in a folder of this user, so that `portico reload`
 * finds the right program. `file` is absolute.
 */
export function defaultSocketPath(file: string, environment: Environment): string {
  const { uid } = userInfo();
  const runtimeDir = environment['XDG_RUNTIME_DIR'];
  let dir = join(tmpdir(), `portico-${uid}`);
  if (uid === 0) dir = '/run/portico';
  else if (runtimeDir !== undefined && runtimeDir !== '') dir = join(runtimeDir, 'portico');
  return join(dir, `${createHash('sha256').update(file).digest('hex').slice(0, 12)}.sock`);
}

/** The folder for what must outlast the program, of a document that names none. */
export function defaultStorageDir(environment: Environment): string {
  const stateDir = environment['XDG_STATE_HOME'];
  if (stateDir !== undefined && stateDir !== '') return join(stateDir, 'portico');
  return userInfo().uid === 0 ? '/var/lib/portico' : join(homedir(), '.local', 'state', 'portico');
}

function resolveLimits({ limits }: Settings): ResolvedLimits {
  return {
    maxHeadBytes: limits.head,
    maxHeaderCount: limits.headers,
    maxTargetBytes: limits.target,
    maxBodyBytes: limits.body === 'none' ? undefined : limits.body,
    maxHandshakes: limits.handshakes,
    maxConnections: limits.connections,
    maxConnectionsPerAddress: limits.connectionsPerAddress,
  };
}

function resolveTimeouts({ timeouts }: Settings): ResolvedTimeouts {
  return {
    headMs: timeouts.head,
    bodyMs: timeouts.body,
    responseMs: timeouts.response,
    idleMs: timeouts.idle,
    connectMs: timeouts.connect,
    upstreamHeadMs: timeouts.upstreamHead,
    upstreamBodyMs: timeouts.upstreamBody,
    upstreamIdleMs: timeouts.upstreamIdle,
    tunnelMs: timeouts.tunnel,
    drainMs: timeouts.drain,
  };
}

/** `text` as a path from `baseDir`. An empty text stays: that is a mistake, not a folder. */
export function absolutePath(baseDir: string, text: string): string {
  return text === '' ? text : resolve(baseDir, text);
}

/** The entries of an option that takes one or a list, each with its place. */
function entriesOf<Entry>(option: Entry | readonly Entry[], at: KeyPath): [path: KeyPath, entry: Entry][] {
  // A list is never an entry: the schemas have none in lists.
  if (!Array.isArray(option)) return [[at, option as Entry]];
  return (option as readonly Entry[]).map((entry, index) => [[...at, index], entry]);
}

/** ` (first on line 3)`, for mistakes that name two places; nothing for a generated document. */
export function lineOf(document: Document, path: KeyPath): string {
  const position = document.keyPosition(path);
  return position === undefined ? '' : ` (first on line ${position.line})`;
}

function uncapitalize(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
