// Paths as lighttpd and Apache httpd read them: decoded, merged and resolved before routing, for configurations made for those.
import type { TargetFault } from './target.ts';

/** A server whose reading of requests can be chosen instead of our strict one: the key `compat` of a document. */
export type CompatServer = 'lighttpd' | 'apache';

/** The path to route and to send on, and its query without the `?`. */
export interface CanonicalTarget {
  readonly path: string;
  readonly query: string | undefined;
}

/**
 * What `server`, with its default settings, makes of a path that starts with a slash and a query. No path that comes
 * out has a dot segment, a run of slashes, a backslash or a bad escape in it.
 */
export function canonicalTarget(
  server: CompatServer,
  path: string,
  query: string | undefined,
): CanonicalTarget | TargetFault {
  return server === 'lighttpd' ? readAsLighttpd(path, query) : readAsApache(path, query);
}

/** All but the octets that lighttpd leaves as they are: what RFC 3986 §3.3 and §3.4 let stand in a path or query. */
const LIGHTTPD_REWRITTEN = /%(?:[0-9A-Fa-f]{2})?|[^!$&'()*+,\-./0-9:;=?@A-Z_a-z~]/g;
const CONTROL = /%(?:[01][0-9A-F]|7F)/;
/** Octets that no UTF-8 text has in it. */
const NEVER_UTF8 = /%(?:C[01]|F[5-9A-F])/;

/** `server.http-parseopts` as it is by default. A bad escape is taken for a percent sign, an escaped slash for a slash. */
function readAsLighttpd(path: string, query: string | undefined): CanonicalTarget | TargetFault {
  const normalPath = path.replace(LIGHTTPD_REWRITTEN, normalizeOctet);
  const normalQuery = query?.replace(LIGHTTPD_REWRITTEN, normalizeOctet);
  const both = `${normalPath}?${normalQuery ?? ''}`;
  if (CONTROL.test(both) || NEVER_UTF8.test(both)) return 'malformed';
  return { path: resolveDots(normalPath.replaceAll('%2F', '/'), 'stay').path, query: normalQuery };
}

function normalizeOctet(text: string): string {
  if (text === '%') return '%25';
  const code = text.length === 3 ? Number.parseInt(text.slice(1), 16) : text.charCodeAt(0);
  return isUnreserved(code) ? String.fromCharCode(code) : printOctet(code);
}

const APACHE_ESCAPE = /%(?:[0-9A-Fa-f]{2})?/g;
const APACHE_REWRITTEN = /[^A-Za-z0-9~$\-_.+!*'(),;:@&=/]/g;

/**
 * `AllowEncodedSlashes Off` and `MergeSlashes On`, as by default. The query is not looked at. What is escaped in the path is
 * decoded, and what mod_proxy does not leave as it is is escaped again: CR and LF too.
 */
function readAsApache(path: string, query: string | undefined): CanonicalTarget | TargetFault {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return 'malformed';
  const unreserved = path.replace(APACHE_ESCAPE, (text) => {
    const code = Number.parseInt(text.slice(1), 16);
    return isUnreserved(code) ? String.fromCharCode(code) : text;
  });
  const resolved = resolveDots(unreserved, 'fail');
  if (resolved.isAboveRoot) return 'malformed';
  if (/%(?:2F|00)/i.test(resolved.path)) return 'unmapped';
  const decoded = resolved.path.replace(APACHE_ESCAPE, (text) =>
    String.fromCharCode(Number.parseInt(text.slice(1), 16)),
  );
  return { path: decoded.replace(APACHE_REWRITTEN, (text) => printOctet(text.charCodeAt(0))), query };
}

/** RFC 3986 §5.2.4 with runs of slashes merged first. A `..` at the root stays there, and may be told. */
function resolveDots(path: string, above: 'stay' | 'fail'): { path: string; isAboveRoot: boolean } {
  const segments = path.split('/');
  const kept: string[] = [];
  let isAboveRoot = false;
  for (const segment of segments) {
    if (segment === '..') {
      if (kept.pop() === undefined && above === 'fail') isAboveRoot = true;
    } else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const isFolder = /(?:^|\/)\.{0,2}$/.test(path);
  return { path: `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}`, isAboveRoot };
}

/** RFC 3986 §2.3. */
function isUnreserved(code: number): boolean {
  return /[A-Za-z0-9\-._~]/.test(String.fromCharCode(code));
}

function printOctet(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}
