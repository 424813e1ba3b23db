// mod_proxy: which endpoints a request goes to, with which target and Host.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { Outcome, ProxyOutcome } from '../../outcome.ts';
import type { ForeignDirective, ImportReport } from '../../report.ts';
import { type BalanceRule, backendNames, type Traits, type UpstreamTimeouts } from '../../traits.ts';
import type { Situation } from '../conditions.ts';
import { type ArrayEntry, entriesOf, entryOf, isOn, numberOf, type Setting, textOf, type Value } from '../values.ts';
import type { SettingsView } from '../view.ts';

/** The directives of this file. */
export const PROXY_ROWS: readonly DirectiveRow[] = [
  ...translated('proxy.server', 'proxy', 'keys are subtrees; keys that are endings of paths are reported'),
  ...translated('proxy.header', 'the base of proxy, rewrite.also', 'responses are mapped back by the mount itself'),
  ...translated('proxy.balance', 'balance', 'where there is that feature; endpoints take turns otherwise'),
  ...translated('proxy.forwarded', 'nothing', 'Forwarded is always sent; remote_user is reported'),
  ...translated('proxy.replace-http-host', 'host'),
  ...missing(
    'proxy.map-extensions',
    'warning',
    'endings of paths do not choose an endpoint here',
    'mount the paths in question by themselves',
  ),
  ...unneeded('proxy.debug', 'portico explain and the log show where a request goes'),
];

/** Settings that take a request before any file is looked for, and that we have nothing for. */
const OTHER_GATEWAYS = ['fastcgi.server', 'scgi.server', 'ajp13.server', 'sockproxy.server', 'wstunnel.server'];

/** A request that is proxied. */
export interface FoundProxy {
  readonly serve: Outcome['serve'];
  readonly traits: Traits;
  readonly directives: readonly ForeignDirective[];
}

/** Who takes the request; undefined for the disk. `sent` is what it became by rewriting, if that is not the view's own. */
export function findProxy(
  view: SettingsView,
  report: ImportReport,
  sent: Situation = view.situation,
): FoundProxy | undefined {
  for (const name of OTHER_GATEWAYS) {
    const other = view.find(name)?.setting;
    if (other !== undefined && chooseKey(other, view.situation.path) !== undefined) {
      report.error(
        other,
        'FastCGI, SCGI, AJP and the like are not spoken here',
        'put an HTTP server before the application',
      );
      return { serve: { kind: 'unsupported' }, traits: {}, directives: [other] };
    }
  }
  const setting = view.find('proxy.server')?.setting;
  const entry = setting && chooseKey(setting, sent.path);
  if (setting === undefined || entry === undefined) return undefined;
  const hosts = entriesOf(entry.value);
  const endpoints = hosts.flatMap(({ value }) => endpointOf(value) ?? []);
  if (endpoints.length === 0) {
    report.error(setting, 'names no endpoint: there is no "host"', 'write ( "host" => "127.0.0.1", "port" => 8080 )');
    return { serve: { kind: 'unsupported' }, traits: {}, directives: [setting] };
  }
  noteHostOptions(setting, hosts, report);
  const header = view.find('proxy.header')?.setting;
  const host = hostFor(view, hosts, header);
  const target = mapTarget(sent, header);
  const serve: ProxyOutcome = { kind: 'proxy', endpoints, target, host };
  const timeouts = timeoutsOf(hosts[0]?.value);
  const balance = balanceOf(view, report);
  const names = entriesOf(entryOf(header?.value, 'map-host-response')).map(({ key = '' }) =>
    key === '-' ? '' : `http://${key}`,
  );
  const traits: Traits = {
    ...backendNames(names),
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(balance === undefined || endpoints.length < 2 ? {} : { balance }),
  };
  const others = ['proxy.balance', 'proxy.replace-http-host', 'proxy.forwarded'].flatMap(
    (name) => view.find(name)?.setting ?? [],
  );
  noteForwarded(view.find('proxy.forwarded')?.setting, report);
  return { serve, traits, directives: [setting, ...(header === undefined ? [] : [header]), ...others] };
}

/** The first entry whose key fits: empty for all, a prefix (without regard to segments), or an ending. */
export function chooseKey(setting: Setting, path: string): ArrayEntry | undefined {
  return entriesOf(setting.value).find(({ key = '' }) => (key.startsWith('/') ? path.startsWith(key) : key === ''));
}

function endpointOf(value: Value): string | undefined {
  const host = textOf(entryOf(value, 'host'));
  if (host === undefined || host === '') return undefined;
  if (host.startsWith('/')) return `unix:${host}`;
  const port = numberOf(entryOf(value, 'port')) ?? 80;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `http://${bracketed}:${port}`;
}

function hostFor(view: SettingsView, hosts: readonly ArrayEntry[], header: Setting | undefined): ProxyOutcome['host'] {
  const label = hosts[0]?.key;
  if (isOn(view.value('proxy.replace-http-host')) && label !== undefined && label !== '') return { text: label };
  const map = entryOf(header?.value, 'map-host-request');
  for (const from of ['-', view.situation.host]) {
    const to = textOf(entryOf(map, from));
    if (to !== undefined && to !== '' && to !== '-') return { text: to };
  }
  return 'public';
}

/** `map-urlpath`: the first plain prefix that fits is replaced. */
function mapTarget({ path, query }: Situation, header: Setting | undefined): string {
  const suffix = query === undefined ? '' : `?${query}`;
  for (const { key = '', value } of entriesOf(entryOf(header?.value, 'map-urlpath'))) {
    if (key !== '' && path.startsWith(key)) return (textOf(value) ?? '') + path.slice(key.length) + suffix;
  }
  return path + suffix;
}

function timeoutsOf(value: Value | undefined): UpstreamTimeouts | undefined {
  const seconds = (key: string) => numberOf(entryOf(value, key));
  const [connect, read, write] = [seconds('connect-timeout'), seconds('read-timeout'), seconds('write-timeout')];
  const timeouts = {
    ...(connect ? { connectMs: connect * 1000 } : {}),
    ...(read ? { readMs: read * 1000 } : {}),
    ...(write ? { writeMs: write * 1000 } : {}),
  };
  return Object.keys(timeouts).length === 0 ? undefined : timeouts;
}

const BALANCES: Readonly<Record<string, BalanceRule>> = {
  'least-connection': 'least-busy',
  fair: 'least-busy',
  'round-robin': 'round-robin',
  hash: 'by-path',
  sticky: 'by-client-address',
};

function balanceOf(view: SettingsView, report: ImportReport): BalanceRule | undefined {
  const setting = view.find('proxy.balance')?.setting;
  // Without the directive lighttpd takes the endpoint with the fewest connections.
  if (setting === undefined) return 'least-busy';
  const balance = BALANCES[textOf(setting.value) ?? ''];
  if (balance === undefined) report.warn(setting, 'this way of balancing is not known', 'see balance in the manual');
  return balance;
}

const KNOWN_HOST_OPTIONS = new Set(['host', 'port', 'connect-timeout', 'read-timeout', 'write-timeout']);

function noteHostOptions(setting: Setting, hosts: readonly ArrayEntry[], report: ImportReport): void {
  const others = new Set(hosts.flatMap(({ value }) => entriesOf(value).flatMap(({ key }) => key ?? [])));
  for (const option of others) {
    if (!KNOWN_HOST_OPTIONS.has(option))
      report.info(setting, `the option "${option}" of an endpoint has no equal and was left out`);
  }
}

function noteForwarded(setting: Setting | undefined, report: ImportReport): void {
  if (isOn(entryOf(setting?.value, 'remote_user')) && setting !== undefined)
    report.warn(setting, 'remote_user is not put into Forwarded', 'send the name of the user in a header of its own');
}
