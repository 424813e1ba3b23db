// Reads nginx.conf: asks for each server block, name and path what nginx would do there, and writes that down.

import { dirname } from 'node:path';
import { printDuration } from '../../../util/duration.ts';
import type { Candidate } from '../derive.ts';
import { accountByTable, type DirectiveTable, makeTable } from '../directive-table.ts';
import { buildDocument, type NamedSite } from '../document.ts';
import type { Importer, ImportResult, ImportSeverity } from '../importer.ts';
import { escapeRegExp } from '../pattern/glob.ts';
import { endingsOfPattern, isAboutDotFiles, regionsOfPattern, sampleHost } from '../pattern/regions.ts';
import { encodePath } from '../percent.ts';
import type { ImportReport } from '../report.ts';
import { type ImportSettings, importCertificate, importLog, importMounts, openSettings } from '../site.ts';
import { answer } from './answer.ts';
import { conditionWords } from './conditions.ts';
import { FILES_ROWS, isGuard } from './directives/files.ts';
import { PROXY_ROWS } from './directives/proxy.ts';
import { familyRow, SERVER_ROWS } from './directives/server.ts';
import { TRAIT_ROWS } from './directives/traits.ts';
import { findServer, joinAddresses, type Listen, listensOf, parseServerName, type ServerName } from './listeners.ts';
import { allLocations, readLocations } from './locations.ts';
import { type Directive, parseNginx, wordsOf } from './parser.ts';
import { compileRewrite } from './rewrite-phase.ts';
import { openScope, Scope } from './scopes.ts';
import type { NginxHttp, NginxServer } from './server.ts';
import { parseTime } from './units.ts';

/** Every directive of nginx that is known, with what becomes of it. */
export const NGINX_DIRECTIVES: DirectiveTable = makeTable(PROXY_ROWS, FILES_ROWS, TRAIT_ROWS, SERVER_ROWS);

/** A server block at one of its listens. */
interface Bound {
  readonly server: NginxServer;
  readonly listen: Listen;
  readonly names: readonly ServerName[];
}

/** The importer for nginx. Takes a whole nginx.conf, or a file of server blocks as in sites-available. */
export const importNginx: Importer = (text, file, readInclude, options = {}): ImportResult => {
  const settings = openSettings(options);
  const { report } = settings;
  const directives = parseNginx(text, file, readInclude, report);
  const http = openHttp(directives, dirname(file), settings);
  const servers = http.scope.own('server').map((directive) => openServer(directive, http));
  const bound = servers.flatMap((server) => bind(server, report));
  const names = namesOf(bound);
  const sites = [...groupByPort(bound)].flatMap(([port, group]) => importPort(settings, names, port, group));
  // Behind the sites: a pattern that some site has taken in is no mistake.
  for (const server of servers) checkServer(server, report);
  const listen = joinAddresses(servers.flatMap(listensOf));
  const root = importRoot(new Scope(directives, undefined, undefined), http, report);
  const { config, origins } = buildDocument(settings, sites, { listen, root });
  account(directives, report);
  return { config, diagnostics: report.list(), origins };
};

function openHttp(directives: readonly Directive[], baseDir: string, { report, compat }: ImportSettings): NginxHttp {
  const main = new Scope(directives, undefined, undefined);
  const blocks = main.own('http');
  const isFragment = blocks.length === 0;
  const inner = isFragment ? directives : blocks.flatMap((block) => block.block ?? []);
  const scope = new Scope(inner, blocks[0], isFragment ? undefined : main);
  report.contribute(...blocks, ...main.own('events'));
  const upstreams = new Map(scope.own('upstream').map((block) => [(wordsOf(block)[0] ?? '').toLowerCase(), block]));
  const maps = new Map(
    scope.own('map').map((block) => {
      const [source = '', target = ''] = wordsOf(block);
      const entries = (block.block ?? []).filter((line) => line.name !== 'hostnames' && line.name !== 'volatile');
      report.contribute(block, ...(block.block ?? []));
      return [
        target.replace(/^\$/, ''),
        { source, entries: entries.map((line) => [line.name, wordsOf(line)[0] ?? ''] as const) },
      ];
    }),
  );
  return { scope, upstreams, maps, report, compat, baseDir };
}

function openServer(directive: Directive, http: NginxHttp): NginxServer {
  const scope = openScope(directive, http.scope);
  const names = scope.own('server_name').flatMap(wordsOf);
  http.report.contribute(directive, ...scope.own('server_name'), ...scope.own('listen'));
  // Clients get HTTP/2 where they take it, so that nothing is left to say.
  http.report.contribute(...scope.own('http2'), ...(scope.parent?.own('http2') ?? []));
  return { scope, directive, locations: readLocations(scope), names, http };
}

function bind(server: NginxServer, report: ImportReport): Bound[] {
  const names = server.names.map(parseServerName);
  const [directive = server.directive] = server.scope.own('server_name');
  for (const { text, problem, remarks } of names) {
    if (problem !== undefined)
      report.error(directive, `the name ${text} cannot be said: ${problem}`, 'write the names out');
    if (remarks.includes('loose-dot'))
      report.warn(
        directive,
        `in ${text} a dot without backslash matches any character; here it is a dot`,
        'write \\. for each dot',
      );
    if (remarks.includes('open-end') || remarks.includes('open-start'))
      report.warn(
        directive,
        `${text} also matches longer names, such as one of a stranger; here it does not`,
        'write ^ before and $ behind it',
      );
  }
  // The same port in both address families is one listener of ours.
  const byPort = new Map<number, Listen>();
  for (const listen of listensOf(server)) {
    const known = byPort.get(listen.port);
    byPort.set(
      listen.port,
      known === undefined ? listen : { ...known, isDefault: known.isDefault || listen.isDefault },
    );
  }
  return [...byPort.values()].map((listen) => ({ server, listen, names }));
}

function groupByPort(bound: readonly Bound[]): Map<number, Bound[]> {
  const groups = new Map<number, Bound[]>();
  for (const one of bound) groups.set(one.listen.port, [...(groups.get(one.listen.port) ?? []), one]);
  return groups;
}

/** Every name that some server has, on whichever port. */
function namesOf(bound: readonly Bound[]): Set<string> {
  const names = new Set(bound.flatMap((one) => one.names.flatMap((name) => name.names.map(({ host }) => host))));
  names.delete('*');
  return names;
}

/** One site for each name on a port, and `*` for the server that takes all others. */
function importPort(
  settings: ImportSettings,
  names: ReadonlySet<string>,
  port: number,
  group: readonly Bound[],
): NamedSite[] {
  const isSecure = group.some(({ listen }) => listen.isSecure);
  const own = namesOf(group);
  const sites: NamedSite[] = [];
  for (const name of names) {
    const server = findServer(group, sampleHost(name));
    if (server !== undefined)
      sites.push({ ...importSite(settings, server, name, port, isSecure), isNamed: own.has(name) });
  }
  const fallback = findServer(group, sampleHost('*'));
  if (fallback !== undefined) sites.push(importSite(settings, fallback, '*', port, isSecure));
  noteImplicitDefault(group, fallback);
  return sites;
}

/** The first server block also takes names that nobody has; ours would not. */
function noteImplicitDefault(group: readonly Bound[], fallback: NginxServer | undefined): void {
  if (fallback === undefined || fallback.names.length === 0 || group.some(({ listen }) => listen.isDefault)) return;
  if (fallback.names.every((name) => parseServerName(name).names.length === 0)) return;
  const [directive = fallback.directive] = fallback.scope.own('server_name');
  const message = 'being the first of its port, this server also answers names that no server has; so does "*" here';
  fallback.http.report.info(directive, message, 'take "*" out of the key to answer 404 to them');
}

function importSite(
  settings: ImportSettings,
  server: NginxServer,
  name: string,
  port: number,
  isSecure: boolean,
): NamedSite {
  const mounts = importMounts(settings, {
    name,
    port,
    isSecure,
    candidates: candidatesOf(server),
    answer: (probe) => answer(server, probe),
  });
  const tls = isSecure ? importTls(settings, server) : undefined;
  const log = importAccessLog(settings, server);
  return { name, port, log, mounts, tls, isNamed: true, sources: [server.directive.source] };
}

/** The paths that the server block is about. */
function candidatesOf(server: NginxServer): Candidate[] {
  const locations = allLocations(server.locations);
  const own = locations.flatMap(({ regions, directive }) =>
    regions.map((region) => ({ ...region, path: encodePath(region.path), directive })),
  );
  const blocks = [server.scope, ...locations.map(({ scope }) => scope)];
  return [...own, ...blocks.flatMap((scope) => candidatesOfBlock(scope.list))];
}

function candidatesOfBlock(list: readonly Directive[]): Candidate[] {
  return list.flatMap((directive) => {
    const words = directive.name === 'if' ? conditionWords(directive) : wordsOf(directive);
    if (directive.name === 'rewrite')
      return compileRewrite(words[0] ?? '').regions.map((region) => ({
        ...region,
        path: encodePath(region.path),
        directive,
      }));
    if (directive.name !== 'if') return [];
    const inner = candidatesOfBlock(directive.block ?? []);
    if (!/^\$\{?(?:request_uri|uri|document_uri)\}?$/.test(words[0] ?? '')) return inner;
    const value = words.slice(2).join(' ');
    const pattern = /~/.test(words[1] ?? '') ? value : `^${escapeRegExp(value)}$`;
    const regions = regionsOfPattern(pattern, 'path-and-query')?.regions ?? [];
    return [...inner, ...regions.map((region) => ({ ...region, path: encodePath(region.path), directive }))];
  });
}

/** The log of the server; those of single locations are not told apart. */
function importAccessLog(settings: ImportSettings, { scope, http }: NginxServer): NamedSite['log'] {
  const [directive, ...others] = scope.all('access_log');
  for (const other of others) http.report.info(other, 'a second log of the same requests is not written');
  if (directive === undefined) return undefined;
  const [path = '', format = 'combined'] = wordsOf(directive);
  if (path !== 'off') return importLog(settings, absolute(http.baseDir, path), format, directive);
  http.report.contribute(directive);
  return settings.supports('log') ? 'off' : undefined;
}

function importTls(settings: ImportSettings, { scope, http }: NginxServer): NamedSite['tls'] {
  const [certificates, keys] = [scope.all('ssl_certificate'), scope.all('ssl_certificate_key')];
  const [certificate, key] = [certificates, keys].map(([directive]) =>
    directive === undefined ? undefined : absolute(http.baseDir, wordsOf(directive)[0] ?? ''),
  );
  const [, second] = certificates;
  if (second !== undefined)
    http.report.warn(second, 'a second certificate for the same names is left out', 'keep the one you want');
  const files = certificate === undefined || key === undefined ? undefined : { certificate, key };
  return importCertificate(settings, files, [...certificates, ...keys]);
}

function absolute(baseDir: string, file: string): string {
  return /^(?:\/|syslog:)/.test(file) ? file : `${baseDir}/${file}`;
}

/** Patterns and certificates that cannot be said, told once for a server block. */
function checkServer(server: NginxServer, report: ImportReport): void {
  for (const { directive, kind, problem, text, regions, inner } of allLocations(server.locations)) {
    if (problem !== undefined && !report.isAccounted(directive) && !sayDotFiles(server, directive, text, report)) {
      const advice = 'write mounts for the paths in question, or let the backend do it';
      const severity = severityOfLoss(server, directive, text);
      const loss = describeLoss(directive, text);
      if (severity === 'info') report.info(directive, `files.exclude says the same: ${loss}`);
      else report.say(severity, directive, `the pattern ${text} cannot be said: ${problem}; ${loss}`, advice);
      for (const left of directive.block ?? []) if (inner.length === 0) report.contribute(left);
    } else if (kind === 'prefix' || kind === 'final-prefix') {
      const [region] = regions;
      if (region?.kind === 'open')
        report.info(
          directive,
          `also takes ${region.path}rel and the like; here it is ${region.path} and everything below ${region.path}/`,
        );
    }
  }
}

/** The usual rule against `.ht*` and `.git`: files with such names are never served here. */
function sayDotFiles(server: NginxServer, directive: Directive, pattern: string, report: ImportReport): boolean {
  const block = directive.block ?? [];
  const isRefusal = block.some(
    (inner) => inner.name === 'deny' || (inner.name === 'return' && /^4/.test(wordsOf(inner)[0] ?? '')),
  );
  if (!isAboutDotFiles(pattern) || !isRefusal) return false;
  const isForwarding = [server.scope, ...allLocations(server.locations).map(({ scope }) => scope)].some(
    (scope) => scope.own('proxy_pass').length > 0,
  );
  report.contribute(...block);
  if (isForwarding)
    report.warn(
      directive,
      'files whose names start with a dot are never served here, but such paths do reach backends',
      'let them refuse it',
    );
  else report.info(directive, 'files whose names start with a dot are never served here anyway');
  return true;
}

/** Endings that are only denied are denied to files here too; backends would have to do it themselves. */
function severityOfLoss({ scope, locations }: NginxServer, directive: Directive, pattern: string): ImportSeverity {
  const block = directive.block ?? [];
  const isDenial = isGuard(directive) && !block.some(({ name }) => name.endsWith('_pass'));
  if (isDenial && endingsOfPattern(pattern) !== undefined) {
    const scopes = [scope, ...allLocations(locations).map((location) => location.scope)];
    return scopes.some((one) => one.own('proxy_pass').length > 0) ? 'warning' : 'info';
  }
  const isProtective = block.some(({ name }) => name === 'deny' || name === 'return');
  return isProtective || hasHandler(directive) ? 'error' : 'warning';
}

/** What becomes of what the block is about. */
function describeLoss(directive: Directive, pattern: string): string {
  if (!isGuard(directive)) return 'the block is left out';
  const endings = endingsOfPattern(pattern);
  return endings === undefined
    ? 'the block is left out, and no files of this server are served, because it guards some of them'
    : `files that end in ${endings.join(', ')} are not served`;
}

function hasHandler(directive: Directive): boolean {
  return (directive.block ?? []).some(({ name }) => /_pass$|^root$|^alias$|^rewrite$|^try_files$/.test(name));
}

const TIMES: readonly (readonly [name: string, key: string])[] = [
  ['keepalive_timeout', 'idle'],
  ['client_header_timeout', 'head'],
  ['client_body_timeout', 'body'],
  ['send_timeout', 'response'],
];

/** What our language says at the top. */
function importRoot(main: Scope, http: NginxHttp, report: ImportReport): Record<string, unknown> {
  const timeouts: Record<string, string> = {};
  for (const [name, key] of TIMES) {
    const [directive] = http.scope.own(name);
    const durationMs = directive && parseTime(wordsOf(directive)[0] ?? '');
    if (directive === undefined || durationMs === undefined || durationMs === 0) continue;
    report.contribute(directive);
    timeouts[key] = printDuration(durationMs);
  }
  const trusted = http.scope.own('set_real_ip_from');
  report.contribute(...trusted);
  const trust = trusted.map((directive) => wordsOf(directive)[0] ?? '');
  for (const [index, network] of trust.entries()) {
    const directive = trusted[index];
    if (directive !== undefined && /\/0$/.test(network))
      report.error(directive, 'every client is believed about its own address', 'name the proxies in front one by one');
  }
  const [events] = main.own('events');
  const connections = events?.block?.find(({ name }) => name === 'worker_connections');
  if (connections !== undefined) report.contribute(connections);
  const count = Number(connections === undefined ? Number.NaN : wordsOf(connections)[0]);
  return {
    ...(trust.length > 0 && { trust: trust.filter((network) => !network.startsWith('unix:')) }),
    ...(Number.isInteger(count) && count > 0 && { limits: { connections: count } }),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
  };
}

/** Blocks whose lines are no directives. */
const DATA_BLOCKS = new Set(['types', 'map', 'geo', 'split_clients', 'charset_map']);

/** The last word on every directive. */
function account(directives: readonly Directive[], report: ImportReport): void {
  for (const directive of directives) {
    accountByTable(directive, NGINX_DIRECTIVES.get(directive.name) ?? familyRow(directive.name), report);
    if (!DATA_BLOCKS.has(directive.name) && !isForeign(directive.name)) account(directive.block ?? [], report);
  }
}

/** Blocks of other protocols are spoken of as a whole. */
function isForeign(name: string): boolean {
  return name === 'stream' || name === 'mail' || name.endsWith('_by_lua_block');
}
