// What stands before proxy and files alike: headers, expiry, passwords, addresses, compression, limits.
import { type DirectiveRow, missing, translated, unneeded } from '../../directive-table.ts';
import { endingsOfPattern } from '../../pattern/regions.ts';
import type { AddressRule, Traits } from '../../traits.ts';
import { type Directive, wordsOf } from '../parser.ts';
import type { Scope } from '../scopes.ts';
import { findHandler, type NginxServer, type Turn } from '../server.ts';
import { parseBytes, parseTime } from '../units.ts';
import { hasVariables } from '../variables.ts';
import { errorPageTraits } from './files.ts';

/** The directives of this file. */
export const TRAIT_ROWS: readonly DirectiveRow[] = [
  ...translated('add_header', 'headers.response'),
  ...translated('expires', 'files.cache, else headers.response'),
  ...translated('auth_basic auth_basic_user_file', 'auth', 'where there is that feature; closed otherwise'),
  ...translated('client_max_body_size', 'limits.body'),
  ...translated('gzip gzip_types', 'compress', 'where there is that feature'),
  ...unneeded(
    'gzip_comp_level gzip_min_length gzip_proxied gzip_vary gzip_disable gzip_http_version gzip_buffers gzip_hash gzip_no_buffer gzip_window postpone_gzipping gunzip gunzip_buffers',
    'the coding is chosen by what the client takes',
  ),
  ...missing(
    'allow deny',
    'error',
    'only some addresses may ask, which our language cannot say',
    'put the rule into a firewall, or leave this mount out',
  ),
  ...missing('satisfy', 'error', 'password and address are not alternatives here', 'decide for one of them'),
  ...missing(
    'auth_request auth_request_set auth_jwt',
    'error',
    'nobody else is asked who may come in, so the mount would be open',
    'let the backend check it, or put the login in front',
  ),
  ...missing(
    'limit_req limit_conn limit_rate limit_rate_after limit_req_zone limit_conn_zone limit_req_status limit_conn_status limit_req_log_level limit_conn_log_level limit_req_dry_run limit_conn_dry_run',
    'warning',
    'the rate of requests is not limited',
    'see limits in the manual',
  ),
  ...missing('limit_except', 'error', 'methods do not decide who may come in', 'let the backend refuse them'),
  ...missing(
    'add_trailer secure_link secure_link_md5 secure_link_secret valid_referers userid',
    'error',
    'our language has nothing for this',
    'let the backend do it',
  ),
];

const YEARS_10_SECONDS = 315_360_000;

/** The traits of a request, and what they come from. */
export function collectTraits(turn: Turn): { traits: Traits; directives: readonly Directive[] } {
  const used: Directive[] = [];
  const responseHeaders = responseEdits(turn, used);
  const freshSeconds = findFreshness(turn, used);
  const freshByEnding = findEndings(turn, used);
  const password = findPassword(turn, used);
  const addresses = findAddresses(turn, used);
  const maxBodyBytes = findBodyLimit(turn, used);
  const compress = findCompression(turn, used);
  const pages = errorPageTraits(turn);
  const traits: Traits = {
    ...(responseHeaders && { responseHeaders }),
    ...(freshSeconds !== undefined && { freshSeconds }),
    ...(freshByEnding && { freshByEnding }),
    ...(password && { password }),
    ...(addresses.length > 0 && { addresses }),
    ...(isGuarded(turn) && { isClosed: true }),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    ...(compress && { compress }),
    ...pages.traits,
  };
  return { traits, directives: [...used, ...pages.directives] };
}

/** Those of an answer that the rewrite phase gives. */
export function collectAnswerTraits(
  scope: Scope,
  server: NginxServer,
): { traits: Traits; directives: readonly Directive[] } {
  const used: Directive[] = [];
  const responseHeaders = responseEdits({ scope, server }, used);
  return { traits: responseHeaders === undefined ? {} : { responseHeaders }, directives: used };
}

function responseEdits(
  { scope, server }: Pick<Turn, 'scope' | 'server'>,
  used: Directive[],
): Traits['responseHeaders'] {
  const add: Record<string, string> = {};
  for (const directive of scope.all('add_header')) {
    const [name = '', text = ''] = wordsOf(directive);
    used.push(directive);
    if (hasVariables(text))
      server.http.report.warn(
        directive,
        `${name} is not added: its value differs from request to request`,
        'let the backend send it',
      );
    else if (text !== '') add[name] = add[name] === undefined ? text : `${add[name]}, ${text}`;
  }
  return Object.keys(add).length === 0 ? undefined : { add };
}

/** What may stand in a location that only says how long files with some endings may be kept. */
const ABOUT_FRESHNESS = new Set([
  'expires',
  'add_header',
  'access_log',
  'log_not_found',
  'etag',
  'gzip_static',
  'tcp_nodelay',
  'open_file_cache',
  'try_files',
]);

/**
 * Locations for endings that only say how long files may be kept: `location ~* \.(css|js)$ { expires 30d; }`. They
 * win over plain prefixes, and so count wherever files are served from one.
 */
function findEndings({ server, scope, location }: Turn, used: Directive[]): Traits['freshByEnding'] {
  if (location !== undefined && location.kind !== 'prefix') return undefined;
  if (findHandler(scope, ['proxy_pass']) !== undefined) return undefined;
  const found: Record<string, number> = {};
  for (const { kind, text, directive, scope: inner } of server.locations) {
    const endings = kind === 'pattern' ? endingsOfPattern(text) : undefined;
    if (endings === undefined || !inner.list.every(isAboutFreshness)) continue;
    const seconds = parseExpires(inner.own('expires')[0], server) ?? maxAgeOf(inner);
    if (seconds === undefined) continue;
    for (const ending of endings) found[ending] ??= seconds;
    used.push(directive, ...inner.list);
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

function isAboutFreshness(directive: Directive): boolean {
  const words = wordsOf(directive);
  if (directive.name === 'add_header') return /^(?:cache-control|pragma)$/i.test(words[0] ?? '');
  if (directive.name === 'try_files') return words.join(' ') === '$uri =404';
  return ABOUT_FRESHNESS.has(directive.name);
}

function maxAgeOf(scope: Scope): number | undefined {
  for (const directive of scope.own('add_header')) {
    const [, seconds] = /max-age=(\d+)/.exec(wordsOf(directive)[1] ?? '') ?? [];
    if (seconds !== undefined) return Number(seconds);
  }
  return undefined;
}

function findFreshness({ scope, server }: Turn, used: Directive[]): number | undefined {
  const directive = scope.find('expires');
  if (directive !== undefined) used.push(directive);
  return parseExpires(directive, server);
}

function parseExpires(directive: Directive | undefined, server: NginxServer): number | undefined {
  if (directive === undefined) return undefined;
  const words = wordsOf(directive);
  const word = words.at(-1) ?? '';
  if (word === 'off') return undefined;
  if (word === 'max') return YEARS_10_SECONDS;
  if (word === 'epoch' || word.startsWith('-')) return -1;
  const durationMs = parseTime(word.replace(/^\+/, ''));
  if (durationMs === undefined || words[0] === 'modified' || word.startsWith('@')) {
    server.http.report.warn(
      directive,
      'only a time from now on is known here',
      'write expires with a number and a unit',
    );
    return undefined;
  }
  return durationMs / 1000;
}

/** Guarded by what we have nothing for; the table of directives speaks of it. */
function isGuarded({ scope }: Turn): boolean {
  const [request, token, client] = ['auth_request', 'auth_jwt', 'ssl_verify_client'].map((name) => scope.word(name));
  return (request ?? 'off') !== 'off' || (token ?? 'off') !== 'off' || client === 'on';
}

function findPassword({ scope, server }: Turn, used: Directive[]): Traits['password'] {
  const [realm, file] = [scope.find('auth_basic'), scope.find('auth_basic_user_file')];
  if (realm === undefined || wordsOf(realm)[0] === 'off') {
    if (realm !== undefined) used.push(realm);
    return undefined;
  }
  used.push(realm);
  if (file === undefined) {
    server.http.report.error(
      realm,
      'there is no file with users, so nobody would be asked',
      'add auth_basic_user_file',
    );
    return undefined;
  }
  used.push(file);
  return {
    realm: wordsOf(realm)[0] ?? '',
    file: resolveFile(server.http.baseDir, wordsOf(file)[0] ?? ''),
    users: undefined,
  };
}

/** Relative names start from the folder of the main file. */
function resolveFile(baseDir: string, file: string): string {
  return file.startsWith('/') ? file : `${baseDir}/${file}`;
}

/** `allow` and `deny` in the order of the file, from the innermost block that has one of them. */
function findAddresses({ scope }: Turn, used: Directive[]): AddressRule[] {
  for (let at: typeof scope | undefined = scope; at !== undefined; at = at.parent) {
    const rules = at.list.filter(({ name }) => name === 'allow' || name === 'deny');
    if (rules.length === 0) continue;
    used.push(...rules);
    const list = rules.map(
      (rule) => ({ verdict: rule.name === 'allow' ? 'allow' : 'deny', network: wordsOf(rule)[0] ?? 'all' }) as const,
    );
    return list.every(({ verdict }) => verdict === 'allow') ? [] : list;
  }
  return [];
}

function findBodyLimit({ scope }: Turn, used: Directive[]): number | undefined {
  const directive = scope.find('client_max_body_size');
  if (directive === undefined) return undefined;
  used.push(directive);
  return parseBytes(wordsOf(directive)[0] ?? '');
}

function findCompression({ scope }: Turn, used: Directive[]): Traits['compress'] {
  const [gzip, types] = [scope.find('gzip'), scope.find('gzip_types')];
  used.push(...[gzip, types].flatMap((directive) => directive ?? []));
  if (gzip === undefined || wordsOf(gzip)[0] !== 'on') return undefined;
  return {
    types:
      types === undefined ? ['text/html'] : ['text/html', ...wordsOf(types).filter((type) => type !== 'text/html')],
  };
}
