// mod_proxy: which rule takes a request, which endpoints it goes to, with which path and Host.

import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import type { Outcome, ProxyOutcome } from '../../outcome.ts';
import { compilePcre } from '../../pattern/pcre.ts';
import { type PathRegion, regionsOfPattern } from '../../pattern/regions.ts';
import { encodePath } from '../../percent.ts';
import type { ForeignDirective } from '../../report.ts';
import { type BalanceRule, backendNames, type Traits } from '../../traits.ts';
import type { Directive } from '../parser.ts';
import { allInSections, findInSections, type Section } from '../sections.ts';
import { type ApacheServer, matchPrefix, sectionsFor, serverDirectives, type Turn } from '../server.ts';

/** The directives of this file. */
export const PROXY_ROWS: readonly DirectiveRow[] = [
  ...translated('ProxyPass ProxyPassMatch', 'proxy', 'patterns that are no subtrees or exact paths are reported'),
  ...translated(
    '<Proxy> BalancerMember ProxySet',
    'proxy.to, balance',
    'weights, routes and spare members are reported',
  ),
  ...translated('ProxyPreserveHost', 'host', 'without it the backend gets its own address as Host'),
  ...translated('ProxyTimeout', 'timeouts'),
  ...translated('RequestHeader', 'headers.request'),
  ...translated(
    'SSLProxyVerify SSLProxyCheckPeerName SSLProxyCheckPeerCN SSLProxyCheckPeerExpire',
    'proxy.verify',
    'certificates are checked unless --compat',
  ),
  ...translated(
    'ProxyPassReverse ProxyPassReverseCookieDomain ProxyPassReverseCookiePath ProxyHTMLEnable ProxyHTMLURLMap ProxyHTMLLinks ProxyHTMLEvents ProxyHTMLExtended Substitute',
    'rewrite.also',
    'names of the backend besides its address; the mount maps every URL both ways; texts that are no URLs are reported',
  ),
  ...unneeded(
    'ProxyHTMLInterp ProxyHTMLMeta ProxyHTMLDocType ProxyHTMLFixups ProxyHTMLStripComments ProxyHTMLBufSize ProxyHTMLCharsetOut ProxyHTMLCharsetAlias SubstituteMaxLineLength SubstituteInheritBefore xml2EncDefault xml2EncAlias xml2StartParse',
    'pages are rewritten as they pass, byte by byte',
  ),
  ...unneeded(
    'ProxyVia ProxyStatus ProxyBadHeader ProxyIOBufferSize ProxyReceiveBufferSize ProxyMaxForwards ProxyPassInterpolateEnv ProxyPassInherit ProxySourceAddress BalancerInherit BalancerGrowth BalancerPersist SSLProxyEngine SSLProxyProtocol SSLProxyCipherSuite SSLProxyVerifyDepth ProxyWebsocketFallbackToProxyHttp ProxyWebsocketIdleTimeout ProxyFCGIBackendType ProxyFCGISetEnvIf Proxy100Continue ProxyHCExpr ProxyHCTemplate',
    'the defaults here do the right thing',
  ),
  ...unneeded('ProxyRequests', 'there is no forward proxy here; On is reported'),
  ...missing('ProxyAddHeaders', 'warning', 'forwarding headers are always sent', 'let the backend ignore them'),
  ...missing(
    'ProxyErrorOverride',
    'warning',
    'error pages of a backend are passed on',
    'see error-pages in the manual',
  ),
  ...missing(
    'ProxyRemote ProxyRemoteMatch NoProxy ProxyBlock ProxyDomain',
    'error',
    'there is no forward proxy here',
    'use a program made for that',
  ),
  ...missing(
    'SSLProxyMachineCertificateFile SSLProxyMachineCertificatePath SSLProxyMachineCertificateChainFile SSLProxyCACertificateFile SSLProxyCACertificatePath SSLProxyCARevocationFile SSLProxyCARevocationPath SSLProxyCARevocationCheck',
    'error',
    'backends are checked against the authorities of the system, and get no certificate',
    'set NODE_EXTRA_CA_CERTS for an authority of your own',
  ),
  ...missing(
    'CacheEnable CacheRoot CacheDisable CacheLock CacheDefaultExpire CacheMaxExpire CacheIgnoreHeaders CacheQuickHandler CacheDetailHeader CacheHeader CacheIgnoreCacheControl CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers CacheKeyBaseURL CacheLastModifiedFactor CacheLockMaxAge CacheLockPath CacheMinExpire CacheStaleOnError CacheStoreExpired CacheStoreNoStore CacheStorePrivate',
    'warning',
    'responses are not kept',
    'see cache in the manual',
  ),
];

/** A rule that takes the request. */
interface FoundRule {
  readonly directive: Directive;
  /** The whole URL that the request becomes, without its query. */
  readonly url: string;
  readonly parameters: readonly string[];
}

/** A request that is forwarded. */
export interface FoundProxy {
  readonly serve: Outcome['serve'];
  readonly traits: Traits;
  readonly directives: readonly ForeignDirective[];
}

/** The ProxyPass that takes the request; undefined if none does. */
export function findProxyPass(turn: Turn): FoundProxy | undefined {
  const sections = sectionsFor(turn, undefined);
  const rule = findInLocations(sections, turn) ?? findInServer(turn);
  if (rule === undefined || rule === 'excluded') return undefined;
  return forward(turn, rule.directive, rule.url, rule.parameters);
}

function findInLocations(sections: readonly Section[], turn: Turn): FoundRule | 'excluded' | undefined {
  for (const section of [...sections].reverse()) {
    const directive = section.find('proxypass');
    if (directive === undefined || section.directive?.key !== 'location') continue;
    const [url = '', ...parameters] = directive.args;
    const rest = matchPrefix(section.directive.args[0] ?? '', turn.path);
    if (url === '!') return exclude(turn, directive);
    if (rest !== undefined) return { directive, url: url + encodePath(rest), parameters };
  }
  return undefined;
}

/** `ProxyPass /x !`: the request is none of the proxy's business. */
function exclude({ server }: Turn, directive: Directive): 'excluded' {
  server.report.contribute(directive);
  return 'excluded';
}

function findInServer(turn: Turn): FoundRule | 'excluded' | undefined {
  const { server, path } = turn;
  for (const level of [...server.levels].reverse()) {
    for (const directive of level.list) {
      const [first = '', url = '', ...parameters] = directive.args;
      if (directive.key === 'proxypass') {
        const rest = matchPrefix(first, path);
        if (rest === undefined) continue;
        return url === '!' ? exclude(turn, directive) : { directive, url: url + encodePath(rest), parameters };
      }
      if (directive.key !== 'proxypassmatch') continue;
      const match = matchPattern(first, path);
      if (match === undefined) continue;
      if (url === '!') return exclude(turn, directive);
      // Without a reference in it the whole path is put behind.
      const filled = /\$\d/.test(url)
        ? url.replace(/\$(\d)/g, (_, index: string) => encodePath(match[Number(index)] ?? ''))
        : url + encodePath(path);
      return { directive, url: filled, parameters };
    }
  }
  return undefined;
}

/** The match of a pattern that our language has paths for. */
function matchPattern(pattern: string, path: string): readonly string[] | undefined {
  const compiled = compilePcre(pattern);
  if ('problem' in compiled || regionsOfPattern(pattern, 'path') === undefined) return undefined;
  const match = compiled.regExp.exec(path);
  return match === null ? undefined : [...match];
}

/** The paths that a ProxyPass or ProxyPassMatch is about; undefined if they cannot be said. */
export function regionsOfProxyPass(directive: Directive): readonly PathRegion[] | undefined {
  const [first = ''] = directive.args;
  if (directive.key === 'proxypassmatch') return regionsOfPattern(first, 'path')?.regions;
  return [{ path: first.endsWith('/') ? first : `${first}/`, kind: 'subtree' }];
}

const OTHER_SCHEMES = /^(?:ajp|fcgi|scgi|uwsgi|ftp|fd|connect):/i;

/** Forwards to a whole URL, as ProxyPass and RewriteRule with [P] do. `url` has no query. */
export function forward(
  turn: Turn,
  directive: Directive,
  url: string,
  parameters: readonly string[],
  query = turn.query,
): FoundProxy {
  const { report } = turn.server;
  const unsupported = { serve: { kind: 'unsupported' } as const, traits: {}, directives: [directive] };
  if (OTHER_SCHEMES.test(url)) {
    report.error(
      directive,
      'this goes to something other than an HTTP server',
      'put an HTTP server before it and proxy to that',
    );
    return unsupported;
  }
  const address = parseAddress(url);
  if (address === undefined) {
    report.error(directive, `${url} is not the address of an HTTP server`, 'write http:// and a host');
    return unsupported;
  }
  if (/\$\{|\ue000|\ue001|[$%]\{/.test(address.authority)) {
    report.error(directive, 'where this goes depends on the request', 'write one mount for each backend');
    return unsupported;
  }
  const group = findEndpoints(turn.server, address, directive);
  if (group === undefined) return unsupported;
  const preserve = findInSections(sectionsFor(turn, undefined), 'proxypreservehost');
  const host: ProxyOutcome['host'] = preserve !== undefined && isOn(preserve) ? 'public' : 'upstream';
  const target =
    `${group.path}${address.path === '' ? '/' : address.path}${query === undefined ? '' : `?${query}`}`.replace(
      /^\/\//,
      '/',
    );
  const { traits, directives } = proxyTraits(turn, directive, [...group.parameters, ...parameters], address.scheme);
  const balance = group.balance !== undefined && group.endpoints.length > 1 ? { balance: group.balance } : {};
  return {
    serve: { kind: 'proxy', endpoints: group.endpoints, target, host },
    traits: { ...traits, ...balance },
    directives: [directive, ...group.used, ...(preserve === undefined ? [] : [preserve]), ...directives],
  };
}

interface Address {
  readonly scheme: 'http' | 'https' | 'balancer';
  readonly authority: string;
  /** Set for `unix:/path|http://host/`. */
  readonly socket: string | undefined;
  readonly path: string;
}

function parseAddress(url: string): Address | undefined {
  const [, socket, rest = url] = /^unix:([^|]+)\|(.*)$/i.exec(url) ?? [];
  const [, scheme = '', authority, path = ''] = /^(https?|wss?|h2c?|balancer):\/\/([^/?#]*)(.*)$/i.exec(rest) ?? [];
  if (authority === undefined || (authority === '' && socket === undefined)) return undefined;
  const lower = scheme.toLowerCase();
  const kind = lower === 'balancer' ? 'balancer' : /^(?:https|wss|h2)$/.test(lower) ? 'https' : 'http';
  return { scheme: kind, authority, socket, path: path.replace(/\?.*$/, '') };
}

interface EndpointGroup {
  readonly endpoints: readonly string[];
  /** A path that all members begin with. */
  readonly path: string;
  readonly balance: BalanceRule | undefined;
  readonly parameters: readonly string[];
  readonly used: readonly Directive[];
}

function findEndpoints(server: ApacheServer, address: Address, directive: Directive): EndpointGroup | undefined {
  const { report } = server;
  const nothing = { balance: undefined, parameters: [], used: [], path: '' };
  if (address.socket !== undefined) return { ...nothing, endpoints: [`unix:${address.socket}`] };
  if (address.scheme !== 'balancer') return { ...nothing, endpoints: [`${address.scheme}://${address.authority}`] };
  const block = server.balancers.get(address.authority.toLowerCase());
  if (block === undefined) {
    report.error(directive, `there is no <Proxy "balancer://${address.authority}">`, 'write one, with its members');
    return undefined;
  }
  const endpoints: string[] = [];
  const paths = new Set<string>();
  const parameters: string[] = [];
  const used: Directive[] = [block];
  for (const line of block.block ?? []) {
    if (line.key === 'proxyset') parameters.push(...line.args);
    if (line.key === 'balancermember') {
      const [url = '', ...options] = line.args;
      const member = parseAddress(url);
      if (member === undefined || !noteMemberOptions(server, line, options)) continue;
      endpoints.push(member.socket === undefined ? `${member.scheme}://${member.authority}` : `unix:${member.socket}`);
      paths.add(member.path.replace(/\/$/, ''));
    }
    if (line.key === 'proxyset' || line.key === 'balancermember') used.push(line);
  }
  const [path = ''] = paths;
  if (paths.size > 1)
    report.error(block, 'its members have different paths, which endpoints of ours cannot', 'give them the same path');
  if (endpoints.length === 0) {
    report.error(block, 'no member takes requests', 'name one');
    return undefined;
  }
  return { endpoints, path, balance: balanceOf(server, block, parameters), parameters, used };
}

/** Whether the member takes part. */
function noteMemberOptions({ report }: ApacheServer, line: Directive, options: readonly string[]): boolean {
  let takesPart = true;
  for (const option of options) {
    const [key = '', value = ''] = option.split('=');
    const name = key.toLowerCase();
    if (name === 'status' && /[DSEH]/i.test(value.replace(/-\w/g, ''))) {
      takesPart = false;
      const isSpare = /H/i.test(value);
      report.say(
        isSpare ? 'warning' : 'info',
        line,
        isSpare
          ? 'a spare member that only takes over is not known and was left out'
          : 'is out of service and was left out',
      );
    } else if (name === 'loadfactor' && value !== '1')
      report.warn(line, 'all endpoints get the same share of the requests', 'see balance in the manual');
    else if (name === 'route' || name === 'redirect')
      report.warn(line, 'sessions are not tied to a member by its route', 'see balance in the manual');
  }
  return takesPart;
}

const METHODS: Readonly<Record<string, BalanceRule>> = {
  byrequests: 'round-robin',
  bybusyness: 'least-busy',
  bytraffic: 'least-busy',
};

function balanceOf({ report }: ApacheServer, block: Directive, parameters: readonly string[]): BalanceRule | undefined {
  let balance: BalanceRule | undefined;
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=');
    if (key.toLowerCase() === 'lbmethod') balance = METHODS[value.toLowerCase()];
    if (key.toLowerCase() === 'lbmethod' && balance === undefined)
      report.warn(block, `${value} is not a way of balancing here`, 'see balance in the manual');
    if (key.toLowerCase() === 'stickysession')
      report.warn(
        block,
        'sessions are not tied to a member by a cookie of the application',
        'see balance in the manual',
      );
  }
  return balance;
}

function proxyTraits(
  turn: Turn,
  pass: Directive,
  parameters: readonly string[],
  scheme: Address['scheme'],
): { traits: Traits; directives: readonly Directive[] } {
  const { server } = turn;
  const sections = sectionsFor(turn, undefined);
  const used: Directive[] = [];
  const read = (key: string) => {
    const directive = findInSections(sections, key);
    if (directive !== undefined) used.push(directive);
    return directive;
  };
  const timeout = read('proxytimeout');
  const seconds = (name: string) =>
    parseSeconds(parameters.find((parameter) => parameter.toLowerCase().startsWith(`${name}=`))?.split('=')[1]);
  const readMs = seconds('timeout') ?? parseSeconds(timeout?.args[0]);
  const connectMs = seconds('connectiontimeout');
  const timeouts = { ...(connectMs !== undefined && { connectMs }), ...(readMs !== undefined && { readMs }) };
  const isVerified = /^require$/i.test(read('sslproxyverify')?.args[0] ?? '');
  for (const key of ['sslproxycheckpeername', 'sslproxycheckpeercn', 'sslproxycheckpeerexpire']) read(key);
  if (scheme === 'https' && !isVerified) {
    const kept = server.compat
      ? 'kept, as asked: anybody on the way can read and change everything'
      : 'here it is checked';
    server.report.warn(
      pass,
      `Apache does not check the certificate of this backend; ${kept}`,
      server.compat ? 'remove verify: false' : 'if it fails, give the backend a certificate for its name',
    );
  }
  noteMapped(server, sections, used);
  const traits: Traits = {
    ...namesOfBackend(turn, sections),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
    ...(scheme === 'https' && !isVerified && server.compat && { upstreamTls: { verify: false } }),
  };
  return { traits, directives: used };
}

/** `30`, `30s`, `500ms` to milliseconds. */
function parseSeconds(text: string | undefined): number | undefined {
  const [, amount, unit = 's'] = /^(\d+)(ms|s|min|h)?$/.exec(text ?? '') ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * ({ ms: 1, s: 1000, min: 60_000, h: 3_600_000 }[unit] ?? 1000);
}

const MAPPED = [
  'proxypassreverse',
  'proxypassreversecookiedomain',
  'proxypassreversecookiepath',
  'proxyhtmlenable',
  'proxyhtmlurlmap',
  'proxyhtmllinks',
  'proxyhtmlevents',
  'proxyhtmlextended',
];

/** URLs in responses are mapped by the mount; what these lines say beyond that is told. */
function noteMapped(server: ApacheServer, sections: readonly Section[], used: Directive[]): void {
  for (const key of MAPPED) used.push(...allInSections(sections, key), ...serverDirectives(server, key));
  for (const directive of allInSections(sections, 'substitute')) {
    used.push(directive);
    const [rule = ''] = directive.args;
    const [, from = rule] = /^s(.)(.*?)\1/.exec(rule)?.slice(1) ?? [];
    if (/https?:|\/\/|(?:href|src|action|url)\s*[=(:]|^["'(]?\/|\w\/$/i.test(from ?? '')) continue;
    server.report.warn(directive, 'texts that are no addresses are not replaced', 'let the backend say it');
  }
}

/** What responses are searched for besides the address of the backend. */
function namesOfBackend({ server, path }: Turn, sections: readonly Section[]): Pick<Traits, 'backendNames'> {
  const firstArgs = (...keys: readonly string[]) =>
    keys.flatMap((key) => allInSections(sections, key).map(({ args }) => args[0] ?? ''));
  // In a section the path is that of the section.
  const reverse = [...allInSections(sections, 'proxypassreverse'), ...serverDirectives(server, 'proxypassreverse')];
  const fitting = reverse.filter(({ args: [first = '', url] }) => url === undefined || path.startsWith(first));
  const depthOf = ({ args: [first = '', url] }: Directive) => (url === undefined ? path.length : first.length);
  const deepest = Math.max(...fitting.map(depthOf));
  const urls = fitting.filter((line) => depthOf(line) === deepest).map(({ args: [first = '', url = first] }) => url);
  // A backend of its own, whose responses have a mount of theirs.
  const others = serverDirectives(server, 'proxypass').map(({ args }) => originOf(args[1] ?? ''));
  return backendNames(
    [...urls, ...firstArgs('proxyhtmlurlmap', 'substitute')].filter((url) => !others.includes(originOf(url))),
    firstArgs('proxypassreversecookiedomain'),
  );
}

function originOf(url: string): string {
  return /^\w+:\/\/[^/]*/.exec(url)?.[0].toLowerCase() ?? url;
}

/** `On`. */
export function isOn(directive: Directive): boolean {
  return /^on$/i.test(directive.args[0] ?? '');
}
