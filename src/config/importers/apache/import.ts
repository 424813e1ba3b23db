// Reads httpd.conf: asks for each virtual host, name and path what Apache would do there, and writes that down.

import { printDuration } from '../../../util/duration.ts';
import { printSize } from '../../../util/size.ts';
import type { Candidate } from '../derive.ts';
import { accountByTable, type DirectiveRow, type DirectiveTable, makeTable } from '../directive-table.ts';
import { buildDocument, ENVIRONMENT_MARK, type NamedSite } from '../document.ts';
import type { Importer, ImportResult } from '../importer.ts';
import { isAboutDotFiles, regionsOfPattern, sampleHost } from '../pattern/regions.ts';
import { encodePath } from '../percent.ts';
import type { ImportReport } from '../report.ts';
import { type ImportSettings, importCertificate, importLog, importMounts, openSettings } from '../site.ts';
import { answer } from './answer.ts';
import { ACCESS_ROWS } from './directives/access.ts';
import { guardedNames } from './directives/excluded.ts';
import { aliasesOf, FILES_ROWS, STATUS_HANDLERS } from './directives/files.ts';
import { isOn, PROXY_ROWS, regionsOfProxyPass } from './directives/proxy.ts';
import { SERVER_ROWS } from './directives/server.ts';
import { TRAIT_ROWS } from './directives/traits.ts';
import {
  type ApacheListener,
  findVirtualHost,
  hostsOnPort,
  parseServerName,
  readListeners,
  readVirtualHosts,
  type VirtualHost,
} from './hosts.ts';
import { type Directive, parseApache } from './parser.ts';
import { readRules } from './rewrite.ts';
import { Section, scopeOf } from './sections.ts';
import { type ApacheServer, documentRootOf } from './server.ts';

/** Every directive of Apache httpd that is known, with what becomes of it. */
export const APACHE_DIRECTIVES: DirectiveTable = makeTable(
  PROXY_ROWS,
  FILES_ROWS,
  ACCESS_ROWS,
  TRAIT_ROWS,
  SERVER_ROWS,
);

/** The same by names in lower case, as Apache compares them. */
const ROWS_BY_KEY: ReadonlyMap<string, DirectiveRow> = new Map(
  [...APACHE_DIRECTIVES].map(([name, row]) => [name.toLowerCase(), row]),
);

/** What an import works on. */
interface ImportContext {
  readonly main: Section;
  readonly hosts: readonly VirtualHost[];
  readonly balancers: ReadonlyMap<string, Directive>;
  readonly settings: ImportSettings;
}

/** The importer for Apache httpd. Takes a whole httpd.conf or apache2.conf, or a file of virtual hosts. */
export const importApache: Importer = (text, file, readInclude, options = {}): ImportResult => {
  const settings = openSettings(options);
  const { report } = settings;
  const directives = parseApache(text, file, readInclude, report);
  const main = new Section(directives, undefined);
  const hosts = readVirtualHosts(directives, report);
  const listeners = readListeners(directives, hosts, report);
  const context = { main, hosts, balancers: findBalancers(directives), settings };
  checkServers(context);
  const sites = uniquePorts(listeners).flatMap((listener) => importPort(context, listener));
  const listen = listeners.map(({ address }) => address);
  const root = { ...importRoot(main, report), ...(settings.compat && { compat: 'apache' }) };
  const { config, origins } = buildDocument(settings, sites, { listen, root });
  account(directives, report);
  return { config, diagnostics: report.list(), origins };
};

function uniquePorts(listeners: readonly ApacheListener[]): ApacheListener[] {
  return [...new Map(listeners.map((listener) => [listener.port, listener])).values()];
}

/** `<Proxy "balancer://name">`, in the main server and in virtual hosts. */
function findBalancers(directives: readonly Directive[]): Map<string, Directive> {
  const found = new Map<string, Directive>();
  for (const directive of directives) {
    const [, name] = /^balancer:\/\/([^/]+)/i.exec(directive.args[0] ?? '') ?? [];
    if (directive.key === 'proxy' && name !== undefined) found.set(name.toLowerCase(), directive);
    if (directive.key === 'virtualhost')
      for (const [key, block] of findBalancers(directive.block ?? [])) found.set(key, block);
  }
  return found;
}

function importPort(context: ImportContext, listener: ApacheListener): NamedSite[] {
  const hosts = hostsOnPort(context.hosts, listener.port);
  const names = new Set(context.hosts.flatMap((host) => host.names));
  names.delete('*');
  const own = new Set(hosts.flatMap((host) => host.names));
  const mainName = parseServerName(context.main.find('servername')?.args[0] ?? '');
  if (hosts.length === 0 && mainName !== '') {
    names.add(mainName);
    own.add(mainName);
  }
  const sites = [...names].map((name) => ({
    ...importSite(context, findVirtualHost(hosts, sampleHost(name)), name, listener),
    isNamed: own.has(name),
  }));
  const fallback = findVirtualHost(hosts, sampleHost('*'));
  sites.push(importSite(context, fallback, '*', listener));
  noteImplicitDefault(fallback, context);
  return sites;
}

/** The first virtual host also takes names that nobody has; ours would not. */
function noteImplicitDefault(host: VirtualHost | undefined, { settings }: ImportContext): void {
  if (host === undefined || host.names.length === 0 || host.names.includes('*')) return;
  const message =
    'being the first of its port, this virtual host also answers names that no other has; so does "*" here';
  settings.report.info(host.directive, message, 'take "*" out of the key to answer 404 to them');
}

function importSite(
  { main, balancers, settings }: ImportContext,
  virtualHost: VirtualHost | undefined,
  name: string,
  { port, isSecure }: ApacheListener,
): NamedSite {
  const { report, compat } = settings;
  const server: ApacheServer = {
    levels: virtualHost === undefined ? [main] : [main, virtualHost.section],
    directive: virtualHost?.directive,
    name: virtualHost?.name ?? parseServerName(main.find('servername')?.args[0] ?? ''),
    balancers,
    report,
    compat,
  };
  const mounts = importMounts(settings, {
    name,
    port,
    isSecure,
    candidates: candidatesOf(server),
    answer: (probe) => answer(server, probe),
  });
  const tls = isSecure ? importTls(settings, server) : undefined;
  const log = importAccessLog(settings, server);
  return {
    name,
    port,
    log,
    mounts,
    tls,
    isNamed: true,
    sources: virtualHost === undefined ? [] : [virtualHost.directive.source],
  };
}

/** The paths that the server is about. */
function candidatesOf(server: ApacheServer): Candidate[] {
  return server.levels.flatMap(({ list }) =>
    list.flatMap((directive) => candidatesOfDirective(server, list, directive)),
  );
}

function candidatesOfDirective(server: ApacheServer, list: readonly Directive[], directive: Directive): Candidate[] {
  const { key, args } = directive;
  const asCandidates = (regions: readonly { path: string; kind: Candidate['kind'] }[] | undefined) =>
    (regions ?? []).map((region) => ({ ...region, path: encodePath(region.path), directive }));
  const prefix = (text: string) =>
    text.startsWith('/') ? asCandidates([{ path: text.endsWith('/') ? text : `${text}/`, kind: 'subtree' }]) : [];
  const [first = ''] = args;
  if (key === 'proxypass' || key === 'proxypassmatch') return asCandidates(regionsOfProxyPass(directive));
  if (key === 'alias' || key === 'scriptalias') return prefix(first);
  if (key === 'aliasmatch' || key === 'redirectmatch')
    return asCandidates(args.flatMap((text) => regionsOfPattern(text, 'path')?.regions ?? []));
  if (key.startsWith('redirect')) return args.slice(0, 2).flatMap(prefix);
  if (key === 'rewriterule') return asCandidates(readRules(list).find((rule) => rule.directive === directive)?.regions);
  const scope = directive.block === undefined ? undefined : scopeOf(directive);
  if (scope?.of === 'path') return asCandidates(scope.regions);
  return scope?.of === 'folder' ? folderCandidates(server, directive).flatMap(prefix) : [];
}

/** The public paths of a folder: below the document root, and below each alias. */
function folderCandidates(server: ApacheServer, { args }: Directive): string[] {
  const folder = (args[0] ?? '').replace(/\/+$/, '');
  const roots: (readonly [path: string, folder: string])[] = [['/', documentRootOf(server)?.args[0] ?? '']];
  for (const alias of aliasesOf(server))
    roots.push([`${(alias.args[0] ?? '').replace(/\/+$/, '')}/`, alias.args[1] ?? '']);
  return roots.flatMap(([path, root]) => {
    const base = root.replace(/\/+$/, '');
    return base !== '' && folder.startsWith(`${base}/`) ? [path + folder.slice(base.length + 1)] : [];
  });
}

/** CustomLog of the virtual host, else of the main server. Debian names its folder in the environment. */
function importAccessLog(settings: ImportSettings, { levels, report }: ApacheServer): NamedSite['log'] {
  const level = [...levels].reverse().find((candidate) => candidate.find('customlog') !== undefined);
  const [directive, ...others] = level?.all('customlog') ?? [];
  for (const other of others) report.info(other, 'a second log of the same requests is not written');
  const [path = '', format = 'common'] = directive?.args ?? [];
  const file = path.replace(
    `${ENVIRONMENT_MARK}APACHE_LOG_DIR}`,
    `${ENVIRONMENT_MARK}APACHE_LOG_DIR:-/var/log/apache2}`,
  );
  return importLog(settings, file, format.replace(/^vhost_/, ''), directive);
}

function importTls(settings: ImportSettings, { levels }: ApacheServer): NamedSite['tls'] {
  const find = (key: string) => [...levels].reverse().flatMap((level) => level.all(key))[0];
  const [certificate, key, engine] = ['sslcertificatefile', 'sslcertificatekeyfile', 'sslengine'].map(find);
  const used = [certificate, key, engine].flatMap((directive) => directive ?? []);
  const file = certificate?.args[0];
  return importCertificate(
    settings,
    file === undefined ? undefined : { certificate: file, key: key?.args[0] ?? file },
    used,
  );
}

/** What is told once for a server, whatever is asked of it. */
function checkServers({ main, hosts, settings }: ImportContext): void {
  for (const section of [main, ...hosts.map((host) => host.section)])
    checkList(section.list, settings, isRewriting(section));
}

function isRewriting(section: Section): boolean {
  const engine = section.find('rewriteengine');
  return engine !== undefined && isOn(engine);
}

function checkList(
  list: readonly Directive[],
  { report, compat }: Pick<ImportSettings, 'report' | 'compat'>,
  isRewritingOn: boolean,
): void {
  for (const { directive, conditions, problem, pattern } of readRules(list)) {
    // Conditions are spoken of with their rule.
    report.contribute(...conditions, ...list.filter(({ key }) => key === 'rewriteengine'));
    if (!isRewritingOn) report.info(directive, 'RewriteEngine is off, so this rule does nothing');
    else if (problem !== '') {
      const advice = 'let the backend do it, or write mounts for the paths in question';
      report.error(directive, `the pattern ${pattern} cannot be said: ${problem}`, advice);
    }
  }
  for (const directive of list) {
    if (compat) checkPathReading(directive, report);
    checkPattern(directive, report);
    checkSlashes(directive, report);
    checkSpecial(directive, report);
    if (directive.key === 'proxyrequests' && isOn(directive))
      report.error(
        directive,
        'a forward proxy that anybody can use',
        'turn it off: it is not needed to forward to a backend',
      );
    if (directive.block !== undefined && directive.key !== 'virtualhost')
      checkList(directive.block, { report, compat }, isRewriting(new Section(directive.block, directive)));
  }
}

/** The key `compat` stands for the default settings. */
function checkPathReading(directive: Directive, report: ImportReport): void {
  const { key, args } = directive;
  const isOther =
    (key === 'allowencodedslashes' && !/^off$/i.test(args[0] ?? '')) ||
    (key === 'mergeslashes' && /^off$/i.test(args[0] ?? ''));
  if (!isOther) return;
  const message = 'with compat: apache paths are read as with the default of this directive';
  report.warn(
    directive,
    message,
    'import without --compat: encoded and doubled slashes go to the backend as they came',
  );
}

/** Directives whose arguments decide whether anything is lost. */
function checkSpecial(directive: Directive, report: ImportReport): void {
  const { key, args, block } = directive;
  const [first = ''] = args;
  if (key === 'allowoverride' && /^none$/i.test(first))
    report.info(directive, 'not needed: .htaccess files are never read here');
  else if (key === 'addhandler' && /^type-map$/i.test(first))
    report.info(directive, 'not needed: languages are not negotiated by files');
  else if (key === 'sethandler' && STATUS_HANDLERS.test(first))
    report.info(directive, 'not needed: portico status shows that');
  else if (key === 'filesmatch' || key === 'files') {
    const guarded = guardedNames(directive);
    const name = first === '~' ? (args[1] ?? '') : first;
    const isAboutDots = isAboutDotFiles(name) || name.startsWith('.ht');
    if (guarded === undefined && !isAboutDots) return;
    report.contribute(...(block ?? []).filter((inner) => inner.key !== 'sethandler'));
    if (guarded?.endings !== undefined)
      report.info(directive, `files that end in ${guarded.endings.join(', ')} are not served`);
    else if (guarded !== undefined)
      report.error(
        directive,
        `files called ${name} are denied or run by the original; here no files beside them are served`,
        'keep such files out of the root',
      );
    else report.info(directive, 'not needed: files whose names start with a dot are never served here');
  }
}

const PATTERNED = new Set(['proxypassmatch', 'aliasmatch', 'redirectmatch', 'locationmatch']);

function checkPattern(directive: Directive, report: ImportReport): void {
  const { key, args } = directive;
  const isTilde = key === 'location' && args[0] === '~';
  if (!PATTERNED.has(key) && !isTilde) return;
  const pattern = isTilde
    ? (args[1] ?? '')
    : key === 'redirectmatch' && args.length > 2
      ? (args[1] ?? '')
      : (args[0] ?? '');
  if (regionsOfPattern(pattern, 'path') !== undefined) return;
  report.contribute(...(directive.block ?? []));
  const message = `the pattern ${pattern} cannot be said: it is about more than whole subtrees and exact paths`;
  report.error(directive, message, 'write mounts for the paths in question, or let the backend do it');
}

/** A slash on one side only is one of the commonest mistakes. */
function checkSlashes(directive: Directive, report: ImportReport): void {
  const [path = '', url = ''] = directive.args;
  if (directive.key !== 'proxypass' || !/^\w+:\/\/[^/]*\//.test(url)) return;
  if (path.endsWith('/') !== url.endsWith('/'))
    report.warn(
      directive,
      `one of ${path} and ${url} ends in a slash and the other does not, so that paths are joined wrong; here they are joined right`,
      'end both in a slash, or neither',
    );
}

/** What our language says at the top. */
function importRoot(main: Section, report: ImportReport): Record<string, unknown> {
  const take = (key: string): number | undefined => {
    const directive = main.find(key);
    const value = Number(directive?.args[0] ?? Number.NaN);
    if (directive === undefined || !Number.isInteger(value)) return undefined;
    report.contribute(directive);
    return value;
  };
  const [idle, timeout, line, fields] = [
    take('keepalivetimeout'),
    take('timeout'),
    take('limitrequestline'),
    take('limitrequestfields'),
  ];
  const timeouts = {
    ...(idle ? { idle: printDuration(idle * 1000) } : {}),
    ...(timeout ? { body: printDuration(timeout * 1000), response: printDuration(timeout * 1000) } : {}),
  };
  const limits = { ...(line ? { target: printSize(line) } : {}), ...(fields ? { headers: fields } : {}) };
  const proxies = ['remoteipinternalproxy', 'remoteiptrustedproxy'].flatMap((key) => main.all(key));
  report.contribute(...proxies);
  const trust = proxies.flatMap(({ args }) => args);
  return {
    ...(trust.length > 0 && { trust }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
  };
}

/** The last word on every directive. */
function account(directives: readonly Directive[], report: ImportReport): void {
  for (const directive of directives) {
    const name = directive.block === undefined ? directive.key : `<${directive.key}>`;
    const row = ROWS_BY_KEY.get(name);
    // What is left out as a whole is spoken of as a whole.
    const isLeftOut =
      directive.block !== undefined &&
      (row?.fate === 'missing' || PATTERNED.has(directive.key)) &&
      !report.isAccounted(directive);
    accountByTable(directive, row, report);
    if (isLeftOut)
      report.contribute(...directive.block.filter((inner) => ROWS_BY_KEY.get(inner.key)?.fate !== 'missing'));
    account(directive.block ?? [], report);
  }
}
