// Reads lighttpd.conf: asks for each name and path that it mentions what lighttpd would do there, and writes that down.
import { printSize } from '../../../util/size.ts';
import { accountByTable, type DirectiveTable, makeTable } from '../directive-table.ts';
import { buildDocument, type NamedSite } from '../document.ts';
import type { Importer, ImportResult } from '../importer.ts';
import { type NamePattern, sampleHost } from '../pattern/regions.ts';
import type { ImportReport } from '../report.ts';
import { type ImportSettings, importCertificate, importLog, importMounts, openSettings } from '../site.ts';
import { answer } from './answer.ts';
import { candidatePaths } from './candidates.ts';
import { checkContexts } from './check.ts';
import { meaningOf, type Situation } from './conditions.ts';
import { type Context, loadContexts } from './contexts.ts';
import { FILES_ROWS } from './directives/files.ts';
import { PROXY_ROWS } from './directives/proxy.ts';
import { REWRITE_ROWS } from './directives/rewrite.ts';
import { SERVER_ROWS } from './directives/server.ts';
import { TRAIT_ROWS } from './directives/traits.ts';
import { findListeners, type LighttpdListener } from './listeners.ts';
import { entriesOf, isOn, numberOf, type Setting, textOf } from './values.ts';
import { SettingsView } from './view.ts';

/** Every directive of lighttpd that is known, with what becomes of it. */
export const LIGHTTPD_DIRECTIVES: DirectiveTable = makeTable(
  PROXY_ROWS,
  REWRITE_ROWS,
  FILES_ROWS,
  TRAIT_ROWS,
  SERVER_ROWS,
);

/** The importer for lighttpd. */
export const importLighttpd: Importer = (text, file, readInclude, options = {}): ImportResult => {
  const settings = openSettings(options);
  const { report, compat } = settings;
  const contexts = loadContexts(text, file, readInclude, report);
  const listeners = findListeners(contexts);
  checkContexts(contexts, listeners, report, compat);
  for (const listener of listeners) report.contribute(...listener.settings);
  const sites = siteNames(contexts).flatMap((name) =>
    whereAsked(listeners, compat)
      .filter(({ port }) => name.port === undefined || name.port === port)
      .map((listener) => importSite(settings, contexts, name.host, listener)),
  );
  const listen = listeners.map(({ address }) => address);
  const root = { ...importRoot(contexts, report), ...(compat && { compat: 'lighttpd' }) };
  if (compat) checkPathReading(contexts, report);
  const { config, origins } = buildDocument(settings, sites, { listen, root });
  account(contexts, report);
  return { config, diagnostics: report.list(), origins };
};

/**
 * Where each name is asked for. To lighttpd a name without a port is another one than with an odd one, which only matters
 * where patterns are taken literally.
 */
function whereAsked(listeners: readonly LighttpdListener[], compat: boolean): LighttpdListener[] {
  if (!compat) return [...listeners];
  const ports = new Set(listeners.map(({ port }) => port));
  const unnamed = listeners.map((listener) => ({ ...listener, port: listener.isSecure ? 443 : 80 }));
  return [...listeners, ...unnamed.filter(({ port }) => !ports.has(port)).slice(0, 1)];
}

/** Every name that a condition mentions, and `*` for all others. */
function siteNames(contexts: readonly Context[]): NamePattern[] {
  const names = new Map<string, NamePattern>();
  for (const { condition } of contexts) {
    const meaning = condition && meaningOf(condition);
    if (meaning?.about !== 'host') continue;
    for (const name of meaning.names) names.set(`${name.host}:${name.port ?? ''}`, name);
  }
  names.delete('*:');
  return [...names.values(), { host: '*', port: undefined }];
}

function importSite(
  settings: ImportSettings,
  contexts: readonly Context[],
  name: string,
  { socket, port, isSecure }: LighttpdListener,
): NamedSite {
  const { report, compat } = settings;
  const scheme = isSecure ? 'https' : 'http';
  const situation: Situation = {
    host: sampleHost(name),
    port,
    scheme,
    socket,
    path: '/',
    query: undefined,
    isLiteral: compat,
  };
  const mounts = importMounts(settings, {
    name,
    port,
    isSecure,
    candidates: candidatePaths(contexts, situation),
    answer: (probe) => answer({ contexts, report, compat }, { ...probe, socket, isLiteral: compat }),
  });
  const view = new SettingsView(contexts, situation);
  const sources = contexts
    .filter((context) => context.condition !== undefined && meaningOf(context.condition).about === 'host')
    .filter((context) => view.applies(context))
    .map(({ source }) => source);
  const log = importAccessLog(settings, view);
  return { name, port, log, mounts, tls: isSecure ? importTls(settings, view) : undefined, isNamed: true, sources };
}

/** lighttpd writes combined lines unless told otherwise. */
function importAccessLog(settings: ImportSettings, view: SettingsView): NamedSite['log'] {
  const [file, format] = [view.find('accesslog.filename')?.setting, view.find('accesslog.format')?.setting];
  return importLog(settings, textOf(file?.value), format === undefined ? 'combined' : 'other', file);
}

function importTls(settings: ImportSettings, view: SettingsView): NamedSite['tls'] {
  const [pem, key, engine] = ['ssl.pemfile', 'ssl.privkey', 'ssl.engine'].map((name) => view.find(name)?.setting);
  const used = [pem, key, engine].flatMap((setting) => setting ?? []);
  const certificate = textOf(pem?.value);
  const files = certificate === undefined ? undefined : { certificate, key: textOf(key?.value) ?? certificate };
  return importCertificate(settings, files, used);
}

const SECONDS: Readonly<Record<string, string>> = {
  'server.max-keep-alive-idle': 'idle',
  'server.max-read-idle': 'body',
  'server.max-write-idle': 'response',
};

/** What our language says at the top, from the global block. */
function importRoot(contexts: readonly Context[], report: ImportReport): Record<string, unknown> {
  const settings = contexts[0]?.settings ?? new Map<string, Setting>();
  const take = (name: string): number | undefined => {
    const setting = settings.get(name);
    const value = numberOf(setting?.value);
    if (setting !== undefined && value !== undefined) report.contribute(setting);
    return value;
  };
  const timeouts: Record<string, string> = {};
  for (const [name, key] of Object.entries(SECONDS)) {
    const seconds = take(name);
    if (seconds !== undefined && seconds > 0) timeouts[key] = `${seconds}s`;
  }
  const kilobytes = take('server.max-request-size');
  const connections = take('server.max-connections');
  const headBytes = take('server.max-request-field-size');
  const limits = {
    ...(headBytes ? { head: printSize(headBytes) } : {}),
    ...(kilobytes ? { body: printSize(kilobytes * 1024) } : {}),
    ...(connections ? { connections } : {}),
  };
  const trust = importTrust(settings.get('extforward.forwarder'), report);
  const modules = settings.get('server.modules');
  if (modules !== undefined) report.contribute(modules);
  return {
    ...(trust.length > 0 && { trust }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
  };
}

/** The key `compat` stands for the default settings. */
function checkPathReading(contexts: readonly Context[], report: ImportReport): void {
  const setting = contexts[0]?.settings.get('server.http-parseopts');
  if (setting === undefined) return;
  const message = 'with compat: lighttpd paths are read as with the default of this directive';
  report.warn(setting, message, 'import without --compat: encoded and doubled slashes go to the backend as they came');
}

/** `"10.0.0.232" => "trust"`; `all` would believe every client. */
function importTrust(setting: Setting | undefined, report: ImportReport): string[] {
  if (setting === undefined) return [];
  report.contribute(setting);
  const trust: string[] = [];
  for (const { key = '', value } of entriesOf(setting.value)) {
    if (key !== 'all') {
      if (isOn(value) || textOf(value) === 'trust') trust.push(key);
    } else if (isOn(value) || textOf(value) === 'trust') {
      report.error(setting, 'every client is believed about its own address', 'name the proxies in front one by one');
    }
  }
  return trust;
}

/** The last word on every setting. */
function account(contexts: readonly Context[], report: ImportReport): void {
  for (const { settings } of contexts) {
    for (const setting of settings.values()) {
      if (!setting.name.startsWith('var.')) accountByTable(setting, LIGHTTPD_DIRECTIVES.get(setting.name), report);
      else if (!report.isAccounted(setting)) report.info(setting, 'this variable is not used');
    }
  }
}
