// proxy_pass and what belongs to it: endpoints, the path that they get, Host and other request headers, time limits.

import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import { CLIENT_HOST_MARK, type Outcome, type ProxyOutcome } from '../../outcome.ts';
import { encodePath } from '../../percent.ts';
import type { ForeignDirective } from '../../report.ts';
import { type BalanceRule, backendNames, type Traits } from '../../traits.ts';
import { type Directive, wordsOf } from '../parser.ts';
import { findHandler, type Turn } from '../server.ts';
import { parseTime } from '../units.ts';
import { expandVariables, hasVariables } from '../variables.ts';

/** The directives of this file. */
export const PROXY_ROWS: readonly DirectiveRow[] = [
  ...translated('proxy_pass', 'proxy'),
  ...translated('grpc_pass', 'proxy', 'h2c:// for grpc://, https:// for grpcs://'),
  ...translated('proxy_http_version', 'proxy', '2 becomes h2c://; 1.0 and 1.1 need no line'),
  ...translated('upstream server', 'proxy.to', 'weights and spare servers are reported'),
  ...translated(
    'least_conn ip_hash hash random',
    'balance',
    'where there is that feature; endpoints take turns otherwise',
  ),
  ...translated(
    'proxy_set_header grpc_set_header',
    'host, headers.request',
    'forwarding headers are always sent and need no line',
  ),
  ...translated('proxy_hide_header grpc_hide_header', 'headers.response.remove'),
  ...translated('proxy_connect_timeout proxy_read_timeout grpc_connect_timeout grpc_read_timeout', 'timeouts'),
  ...translated(
    'proxy_ssl_verify proxy_ssl_name grpc_ssl_verify grpc_ssl_name',
    'proxy.verify, proxy.serverName',
    'certificates are checked unless --compat',
  ),
  ...translated(
    'proxy_redirect proxy_cookie_domain proxy_cookie_path sub_filter sub_filter_once sub_filter_types',
    'rewrite.also',
    'names of the backend besides its address; the mount maps every URL both ways; texts that are no URLs are reported',
  ),
  ...unneeded(
    'proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_request_buffering proxy_max_temp_file_size proxy_temp_path proxy_temp_file_write_size proxy_headers_hash_max_size proxy_headers_hash_bucket_size proxy_socket_keepalive proxy_force_ranges proxy_ignore_client_abort proxy_send_lowat proxy_limit_rate proxy_socket_rcvbuf proxy_socket_sndbuf proxy_pass_trailers proxy_ssl_conf_command proxy_ssl_certificate_cache keepalive keepalive_requests keepalive_time zone sub_filter_last_modified grpc_buffer_size grpc_socket_keepalive grpc_headers_hash_max_size grpc_headers_hash_bucket_size',
    'bodies are passed on as they come, over kept connections',
  ),
  ...unneeded(
    'proxy_send_timeout proxy_pass_header proxy_ignore_headers grpc_send_timeout grpc_pass_header grpc_ignore_headers proxy_pass_request_headers proxy_pass_request_body',
    'the defaults here do the right thing',
  ),
  ...unneeded(
    'proxy_next_upstream proxy_next_upstream_tries proxy_next_upstream_timeout grpc_next_upstream grpc_next_upstream_tries grpc_next_upstream_timeout',
    'what can be sent again safely is',
  ),
  ...unneeded(
    'proxy_ssl_server_name proxy_ssl_session_reuse proxy_ssl_protocols proxy_ssl_ciphers proxy_ssl_verify_depth grpc_ssl_server_name grpc_ssl_session_reuse grpc_ssl_protocols grpc_ssl_ciphers grpc_ssl_verify_depth grpc_ssl_conf_command',
    'TLS to backends always names the host and is safe',
  ),
  ...missing(
    'proxy_ssl_trusted_certificate proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_crl proxy_ssl_password_file grpc_ssl_trusted_certificate grpc_ssl_certificate grpc_ssl_certificate_key grpc_ssl_crl grpc_ssl_password_file',
    'error',
    'backends are checked against the authorities of the system, and get no certificate',
    'set NODE_EXTRA_CA_CERTS for an authority of your own',
  ),
  ...missing(
    'proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_key proxy_cache_bypass proxy_no_cache proxy_cache_use_stale proxy_cache_lock proxy_cache_methods proxy_cache_min_uses proxy_cache_background_update proxy_cache_revalidate proxy_cache_convert_head proxy_cache_lock_age proxy_cache_lock_timeout proxy_cache_max_range_offset proxy_cache_purge proxy_store proxy_store_access',
    'warning',
    'responses are not kept',
    'see cache in the manual',
  ),
  ...missing(
    'proxy_intercept_errors proxy_method proxy_bind proxy_set_body proxy_cookie_flags grpc_intercept_errors grpc_bind',
    'warning',
    'requests and responses of a backend are not changed like that',
    'let the backend do it',
  ),
  ...missing('mirror mirror_request_body', 'warning', 'requests go to one backend only', 'leave the copy out'),
];

/** Handlers that we have nothing for. */
const OTHER_HANDLERS = [
  'fastcgi_pass',
  'uwsgi_pass',
  'scgi_pass',
  'memcached_pass',
  'perl',
  'content_by_lua_block',
  'content_by_lua_file',
  'js_content',
  'stub_status',
  'dav_methods',
  'flv',
  'mp4',
  'empty_gif',
];

/** A request that is forwarded. */
export interface FoundProxy {
  readonly serve: Outcome['serve'];
  readonly traits: Traits;
  readonly directives: readonly ForeignDirective[];
}

/** Who takes the request; undefined for the disk. */
export function findProxy(turn: Turn): FoundProxy | undefined {
  const { report } = turn.server.http;
  const other = findHandler(turn.scope, OTHER_HANDLERS);
  if (other !== undefined) {
    report.error(
      other,
      'this is answered by something other than an HTTP server',
      'put an HTTP server before it and proxy to that',
    );
    return { serve: { kind: 'unsupported' }, traits: {}, directives: [other] };
  }
  const directive = findHandler(turn.scope, PASSES);
  if (directive === undefined) return undefined;
  const module = moduleOf(directive);
  const version = module === 'proxy' ? turn.scope.find('proxy_http_version') : undefined;
  const address = readAddress(turn, directive);
  if (address === undefined) return { serve: { kind: 'unsupported' }, traits: {}, directives: [directive] };
  const isHttp2 = module === 'grpc' || (version !== undefined && wordsOf(version)[0] === '2');
  // Over TLS the handshake finds HTTP/2 by itself.
  const scheme = isHttp2 && address.scheme === 'http' ? 'h2c' : address.scheme;
  const { endpoints, balance, used } = findEndpoints(turn, { ...address, scheme });
  const host = findHost(turn, module, address.authority);
  const serve: ProxyOutcome = {
    kind: 'proxy',
    endpoints,
    target: targetFor(turn, directive, address),
    host: host.policy,
  };
  const { traits, directives } = proxyTraits(turn, directive, address.scheme);
  return {
    serve,
    traits: {
      ...traits,
      ...(balance && endpoints.length > 1 && { balance }),
      ...(isHttp2 && endpoints.some((endpoint) => endpoint.startsWith('unix:')) && { insistsOnHttp2: true }),
    },
    directives: [directive, ...(version === undefined ? [] : [version]), ...used, ...host.used, ...directives],
  };
}

/** Who forwards, by the directive that says where to; the names of their other directives start alike. */
const PASSES = ['proxy_pass', 'grpc_pass'];

type ForwardingModule = 'proxy' | 'grpc';

function moduleOf(pass: Directive): ForwardingModule {
  return pass.name === 'grpc_pass' ? 'grpc' : 'proxy';
}

interface Address {
  readonly scheme: 'http' | 'https';
  /** Host and port, the name of an upstream, or `unix:/path`. */
  readonly authority: string;
  /** The path behind it; undefined without. */
  readonly path: string | undefined;
  readonly hasVariables: boolean;
}

/** What nginx takes for gRPC, whose scheme may be missing and which has no path. */
const GRPC_ADDRESS = /^(?:(grpcs?):\/\/)?(unix:[^:]+|[^/?#]+)$/i;
const ADDRESS = /^(https?):\/\/(unix:[^:]+|[^/?#]+)(?::?([/?].*)?)?$/i;

function readAddress({ state, server }: Turn, directive: Directive): Address | undefined {
  const { report } = server.http;
  const [text = ''] = wordsOf(directive);
  const expanded = expandVariables(text, state);
  if (expanded.unknown.length > 0 || expanded.text.includes(CLIENT_HOST_MARK)) {
    const unknown = expanded.unknown.length > 0 ? expanded.unknown.join(', ') : 'the name that the client asked for';
    report.error(directive, `where this goes depends on ${unknown}`, 'write one mount for each backend');
    return undefined;
  }
  const isGrpc = moduleOf(directive) === 'grpc';
  const found = (isGrpc ? GRPC_ADDRESS : ADDRESS).exec(expanded.text);
  const [, scheme = 'grpc', authority, path] = found ?? [];
  if (authority === undefined) {
    const schemes = isGrpc ? 'grpc:// or grpcs://' : 'http:// or https://';
    report.error(directive, `${expanded.text} is not an address that starts with ${schemes}`, 'write one');
    return undefined;
  }
  const isHttps = scheme.toLowerCase().endsWith('s');
  return { scheme: isHttps ? 'https' : 'http', authority, path, hasVariables: hasVariables(text) };
}

/** What the endpoint is asked for: see the chapter on proxy_pass in nginx's manual, which has a case for each. */
function targetFor({ state, location, server, scope }: Turn, directive: Directive, address: Address): string {
  const { probe, uri, args, isRewritten, isBroken } = state;
  const query = args === undefined ? '' : `?${args}`;
  const original = probe.path + (probe.query === undefined ? '' : `?${probe.query}`);
  if (address.path === undefined) return isRewritten ? encodePath(uri) + query : original;
  if (address.hasVariables) return address.path;
  const isPrefix = location?.kind === 'prefix' || location?.kind === 'final-prefix' || location?.kind === 'exact';
  if (!isPrefix || scope.directive?.name === 'if') {
    const message = 'nginx refuses a path here: in a pattern, a named location or an if there is no prefix to replace';
    server.http.report.error(directive, message, 'leave the path out, or use a plain location');
    return original;
  }
  if (isBroken) return encodePath(uri) + query;
  const base = address.path.startsWith('/') ? address.path : `/${address.path}`;
  return base + encodePath(uri.slice(location.text.length)) + query;
}

const BALANCES: readonly (readonly [name: string, rule: BalanceRule])[] = [
  ['least_conn', 'least-busy'],
  ['ip_hash', 'by-client-address'],
  ['hash', 'by-path'],
  ['random', 'random'],
];

function findEndpoints({ server }: Turn, { scheme, authority }: Pick<Address, 'authority'> & { scheme: string }) {
  const { report, upstreams } = server.http;
  const block = upstreams.get(authority.toLowerCase());
  if (block === undefined) return { endpoints: [endpointOf(scheme, authority)], balance: undefined, used: [] };
  const endpoints: string[] = [];
  const used: Directive[] = [block];
  let balance: BalanceRule | undefined;
  for (const directive of block.block ?? []) {
    const [name = '', ...options] = wordsOf(directive);
    if (directive.name === 'server') {
      noteServerOptions(directive, options, report.warn.bind(report), report.info.bind(report));
      if (!options.includes('down') && !options.includes('backup')) endpoints.push(endpointOf(scheme, name));
      used.push(directive);
    }
    const found = BALANCES.find(([word]) => word === directive.name);
    if (found === undefined) continue;
    const isAddress = directive.name === 'hash' && /remote_addr|binary_remote/.test(name);
    balance = isAddress ? 'by-client-address' : found[1];
    if (directive.name === 'hash' && !isAddress && !/uri/.test(name))
      report.warn(directive, `endpoints are picked by the path, not by ${name}`, 'see balance in the manual');
    used.push(directive);
  }
  if (endpoints.length === 0) report.error(block, 'this upstream has no server that takes requests', 'name one');
  return { endpoints, balance, used };
}

type Say = (about: ForeignDirective, message: string, advice?: string) => void;

function noteServerOptions(directive: Directive, options: readonly string[], warn: Say, inform: Say): void {
  for (const option of options) {
    const [key = '', value] = option.split('=');
    if (key === 'weight' && value !== '1')
      warn(directive, 'all endpoints get the same share of the requests', 'see balance in the manual');
    else if (key === 'backup')
      warn(
        directive,
        'a spare server that only takes over is not known and was left out',
        'list it with the others, or leave it',
      );
    else if (key === 'down') inform(directive, 'is out of service and was left out');
    else if (key !== 'weight') inform(directive, `the option ${option} has no equal and was left out`);
  }
}

function endpointOf(scheme: string, authority: string): string {
  return authority.startsWith('unix:') ? authority : `${scheme}://${authority}`;
}

/** Without a line for it nginx sends the address of the backend as Host. */
function findHost(
  { scope, state, server }: Turn,
  module: ForwardingModule,
  authority: string,
): { policy: ProxyOutcome['host']; used: Directive[] } {
  const directive = scope.all(`${module}_set_header`).find((line) => wordsOf(line)[0]?.toLowerCase() === 'host');
  if (directive === undefined) {
    const group = server.http.upstreams.get(authority.toLowerCase());
    if (group !== undefined)
      server.http.report.info(
        group,
        'nginx sends the name of the upstream as Host; here it is the address of the endpoint',
      );
    return { policy: 'upstream', used: [] };
  }
  const [, value = ''] = wordsOf(directive);
  const { text, unknown } = expandVariables(value, state);
  const used = [directive];
  if (/^\$\{?proxy_host\}?$/.test(value)) return { policy: 'upstream', used };
  if (unknown.length > 0) {
    server.http.report.error(
      directive,
      `${unknown.join(', ')} is not known here; the public Host is sent`,
      'write a name',
    );
    return { policy: 'public', used };
  }
  const plain = text.replace(/:\d+$/, '');
  if (plain === CLIENT_HOST_MARK) return { policy: 'public', used };
  return { policy: text === authority ? 'upstream' : { text }, used };
}

/** Sent always, or set up by what the mount does, so that a line about them says nothing new. */
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'upgrade',
  'accept-encoding',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-scheme',
  'forwarded',
]);

function proxyTraits(
  turn: Turn,
  pass: Directive,
  scheme: 'http' | 'https',
): { traits: Traits; directives: readonly Directive[] } {
  const { scope, server } = turn;
  const module = moduleOf(pass);
  const used: Directive[] = [];
  const requestHeaders = requestEdits(turn, module, used);
  const hidden = scope.all(`${module}_hide_header`);
  used.push(...hidden);
  const connectMs = takeTime(turn, `${module}_connect_timeout`, used);
  const readMs = takeTime(turn, `${module}_read_timeout`, used);
  const timeouts = { ...(connectMs !== undefined && { connectMs }), ...(readMs !== undefined && { readMs }) };
  noteMapped(turn, used);
  const upstreamTls = scheme === 'https' ? findUpstreamTls(turn, pass, used) : undefined;
  const traits: Traits = {
    ...backendNames(textsOf(turn, 'proxy_redirect', 'sub_filter'), textsOf(turn, 'proxy_cookie_domain')),
    ...(requestHeaders && { requestHeaders }),
    ...(hidden.length > 0 && { responseHeaders: { remove: hidden.flatMap((line) => wordsOf(line)) } }),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
    ...(upstreamTls && { upstreamTls }),
  };
  server.http.report.contribute(...used);
  return { traits, directives: used };
}

function requestEdits(
  { scope, state, server }: Turn,
  module: ForwardingModule,
  used: Directive[],
): Traits['requestHeaders'] {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const directive of scope.all(`${module}_set_header`)) {
    const [name = '', value = ''] = wordsOf(directive);
    used.push(directive);
    if (OWN_HEADERS.has(name.toLowerCase())) continue;
    const { text, unknown } = expandVariables(value, state);
    if (unknown.length > 0 || hasVariables(value)) {
      const isAddress = /^\$\{?(?:remote_addr|realip_remote_addr|proxy_add_x_forwarded_for)\}?$/.test(value);
      const advice = isAddress
        ? 'let the backend read X-Forwarded-For, which has it'
        : 'let the backend find it out itself';
      server.http.report.warn(directive, `${name} is not sent: its value differs from request to request`, advice);
    } else if (text === '') remove.push(name);
    else set[name] = text;
  }
  if (Object.keys(set).length === 0 && remove.length === 0) return undefined;
  return { ...(Object.keys(set).length > 0 && { set }), ...(remove.length > 0 && { remove }) };
}

function takeTime({ scope, server }: Turn, name: string, used: Directive[]): number | undefined {
  const directive = scope.find(name);
  if (directive === undefined) return undefined;
  used.push(directive);
  const durationMs = parseTime(wordsOf(directive)[0] ?? '');
  if (durationMs === undefined)
    server.http.report.error(directive, 'this is no time', 'write a number and s, m, h or d');
  return durationMs;
}

/** URLs in responses are mapped by the mount; what these lines say beyond that is told. */
function noteMapped({ scope, server }: Turn, used: Directive[]): void {
  const { report } = server.http;
  for (const name of ['proxy_redirect', 'proxy_cookie_domain', 'proxy_cookie_path']) {
    for (const directive of scope.all(name)) {
      used.push(directive);
      const [first] = wordsOf(directive);
      if (first === 'off')
        report.info(directive, 'here the addresses of the backend in responses are always mapped to public ones');
      else if (first?.startsWith('~'))
        report.warn(
          directive,
          'patterns do not apply: addresses of the backend are mapped by the mount',
          'see whether anything is left to do',
        );
    }
  }
  for (const name of ['sub_filter', 'sub_filter_once', 'sub_filter_types', 'sub_filter_last_modified'])
    used.push(...scope.all(name));
  for (const directive of scope.all('sub_filter')) {
    const [from = ''] = wordsOf(directive);
    if (/https?:|\/\/|(?:href|src|action|url|content|data-\w+)\s*[=(:]|^["'(]?\/|\w\/$/i.test(from)) continue;
    report.warn(
      directive,
      `texts that are no addresses (${JSON.stringify(from)}) are not replaced`,
      'let the backend say it',
    );
  }
}

/** What responses are searched for by directives that replace one text by another. */
function textsOf({ scope }: Turn, ...names: readonly string[]): string[] {
  const rules = names.flatMap((name) => scope.all(name).map((directive) => wordsOf(directive)));
  return rules.flatMap(([from = '', to]) => (to === undefined || hasVariables(from) ? [] : [from]));
}

/** nginx does not check the certificate of a backend unless told to; here it is checked. */
function findUpstreamTls({ scope, server }: Turn, pass: Directive, used: Directive[]): Traits['upstreamTls'] {
  const { report, compat } = server.http;
  const module = moduleOf(pass);
  const [verify, name] = [scope.find(`${module}_ssl_verify`), scope.find(`${module}_ssl_name`)];
  used.push(...[verify, name].flatMap((directive) => directive ?? []));
  const isVerified = verify !== undefined && wordsOf(verify)[0] === 'on';
  const serverName = name === undefined ? undefined : wordsOf(name)[0];
  if (!isVerified) {
    const kept = compat ? 'kept, as asked: anybody on the way can read and change everything' : 'here it is checked';
    report.warn(
      pass,
      `nginx does not check the certificate of this backend; ${kept}`,
      compat ? 'remove verify: false' : 'if it fails, give the backend a certificate for its name',
    );
  }
  const isPlain = serverName === undefined || hasVariables(serverName);
  const verified = isVerified || !compat;
  return verified && isPlain
    ? undefined
    : { verify: verified, ...(serverName !== undefined && !isPlain && { name: serverName }) };
}
