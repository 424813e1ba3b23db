// Request targets in their four forms (RFC 9112 §3.2) and authorities (RFC 3986 §3.2): strict, octets kept as received.
import { type CompatServer, canonicalTarget } from './compat-target.ts';

/** Host and port of a URL. */
export interface Authority {
  /** Lower-case host without trailing dot; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** The port as written, or undefined. */
  readonly port: number | undefined;
  /** `host` with `:port` where one was written: what a canonical Host header says. */
  readonly text: string;
}

/** Which of the four forms of RFC 9112 §3.2 a target came in. */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/** A parsed request target. `text` is the origin-form (or `*`, or the authority) with its octets as received. */
export interface Target {
  readonly form: TargetForm;
  readonly text: string;
  /** The path as received, starting with `/`; empty for the authority form, `*` for the asterisk form. */
  readonly path: string;
  /** What stands behind the first `?`; undefined without one, empty for a bare `?`. */
  readonly query: string | undefined;
  /** `path` as routing sees it: see {@link routingPath}. */
  readonly routingPath: string;
  /** The authority of the absolute or authority form, undefined otherwise. */
  readonly authority: Authority | undefined;
}

/** Why there is no target: `malformed` is refused with 400; `unmapped`, as only another server's reading has it, with 404. */
export type TargetFault = 'malformed' | 'unmapped';

/** Octets that RFC 3986 has no place for, in any part of a target. Browsers escape them; smugglers do not. */
const FORBIDDEN_IN_TARGET = /[^\x21-\x7e]|#/;
/** Escapes that are none, and those of NUL, CR and LF, which end strings and header lines in what decodes them carelessly. */
const BAD_PERCENT = /%(?:00|0[aAdD]|(?![0-9A-Fa-f]{2}))/;
/** A segment that is `.` or `..`, each dot possibly percent-encoded, and possibly with parameters behind it. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/i;

/**
 * Parses a request target. `malformed` is what must be refused with 400: another form than the method allows,
 * controls, spaces, octets above 7E, a fragment; in the path a backslash, a bad escape or one of NUL, CR or LF, and a dot
 * segment in any spelling. With `compat` the path is first made what that server makes of it.
 * (RFC 9112 §3.2: an invalid request-line is refused, not corrected. A dot segment never comes from a browser, which
 * resolves it first; every proxy that passed one on gave some backend a path it had not routed.)
 */
export function parseTarget(method: string, text: string, compat?: CompatServer): Target | TargetFault {
  if (FORBIDDEN_IN_TARGET.test(text)) return 'malformed';
  if (method === 'CONNECT') return parseAuthorityForm(text);
  if (text.charCodeAt(0) === 0x2f) return parseOriginForm(text, undefined, 'origin', compat);
  if (text === '*') return method === 'OPTIONS' ? asteriskTarget(undefined) : 'malformed';
  return parseAbsoluteForm(method, text, compat);
}

/** Path and query of a target that {@link parseTarget} refuses, as far as they can be told. */
export function pathOfTarget(text: string): string {
  return ABSOLUTE.exec(text)?.[3] ?? text;
}

function parseOriginForm(
  text: string,
  authority: Authority | undefined,
  form: TargetForm,
  compat: CompatServer | undefined,
): Target | TargetFault {
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? undefined : text.slice(mark + 1);
  if (compat !== undefined) {
    const canonical = canonicalTarget(compat, path, query);
    if (typeof canonical === 'string') return canonical;
    const whole = canonical.query === undefined ? canonical.path : `${canonical.path}?${canonical.query}`;
    return { form, text: whole, ...canonical, routingPath: routingPath(canonical.path), authority };
  }
  if (path.includes('\\')) return 'malformed';
  if (path.includes('.') || path.includes('%')) {
    if (DOT_SEGMENT.test(path) || BAD_PERCENT.test(path)) return 'malformed';
  }
  return { form, text, path, query, routingPath: routingPath(path), authority };
}

/** RFC 9112 §3.2.2: a server accepts absolute-form; RFC 9112 §3.2.1: an empty path is sent on as `/`. */
function parseAbsoluteForm(method: string, text: string, compat: CompatServer | undefined): Target | TargetFault {
  const match = ABSOLUTE.exec(text);
  if (match === null) return 'malformed';
  const [, , authorityText = '', rest = ''] = match;
  const authority = parseAuthority(authorityText);
  if (authority === undefined) return 'malformed';
  // RFC 9112 §3.2.4: OPTIONS with an absolute-form without path and query means the server as a whole.
  if (rest === '' && method === 'OPTIONS') return asteriskTarget(authority);
  return parseOriginForm(rest.startsWith('/') ? rest : `/${rest}`, authority, 'absolute', compat);
}

/** RFC 9112 §3.2.3: CONNECT carries host and port, both needed. */
function parseAuthorityForm(text: string): Target | TargetFault {
  const authority = parseAuthority(text);
  if (authority?.port === undefined) return 'malformed';
  return { form: 'authority', text: authority.text, path: '', query: undefined, routingPath: '', authority };
}

function asteriskTarget(authority: Authority | undefined): Target {
  return { form: 'asterisk', text: '*', path: '*', query: undefined, routingPath: '*', authority };
}

const REG_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const IP_LITERAL = /^\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]$/;
const PORT = /^[0-9]{0,5}$/;

/**
 * Parses `host[:port]` by RFC 3986 §3.2.2 and §3.2.3, without userinfo (RFC 9110 §4.2.4 tells recipients to refuse it).
 * An empty port counts as none. Returns undefined for anything else, an empty host included.
 */
export function parseAuthority(text: string): Authority | undefined {
  const portMark = text.charCodeAt(0) === 0x5b ? text.indexOf(':', text.indexOf(']')) : text.indexOf(':');
  let host = portMark < 0 ? text : text.slice(0, portMark);
  const portText = portMark < 0 ? '' : text.slice(portMark + 1);
  if (!PORT.test(portText)) return undefined;
  const port = portText === '' ? undefined : Number(portText);
  if (port !== undefined && port > 65_535) return undefined;
  if (host.charCodeAt(0) === 0x5b ? !IP_LITERAL.test(host) : !REG_NAME.test(host)) return undefined;
  host = host.toLowerCase();
  if (host.length > 1 && host.endsWith('.')) host = host.slice(0, -1);
  return { host, port, text: port === undefined ? host : `${host}:${port}` };
}

/** The port a scheme implies (RFC 9110 §4.2.1 and §4.2.2). */
export function defaultPort(scheme: 'http' | 'https'): number {
  return scheme === 'https' ? 443 : 80;
}

const ENCODED_UNRESERVED = /%(?:2d|2e|5f|7e|3[0-9]|[46][1-9a-f]|[57][0-9a])/gi;

/**
 * The path by which sites are routed: percent-encoded unreserved characters decoded (RFC 3986 §6.2.2.2) and runs of
 * slashes merged, so that no spelling of a path escapes the mount that covers it. Other escapes stay: `%2F` is data.
 * The number of segments is that of the received path, which {@link stripSegments} relies on.
 */
export function routingPath(path: string): string {
  let result = path;
  if (result.includes('%')) result = result.replace(ENCODED_UNRESERVED, decodeEscape);
  if (result.includes('//')) result = result.replace(/\/{2,}/g, '/');
  return result;
}

function decodeEscape(triplet: string): string {
  return String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
}

/**
 * What is left of a received path behind its first `count` segments, starting with the slash that ends them; empty if
 * there are no more. Runs of slashes count as one separator, as in {@link routingPath}.
 */
export function stripSegments(path: string, count: number): string {
  let index = 0;
  for (let segment = 0; segment < count; segment++) {
    while (path.charCodeAt(index) === 0x2f) index++;
    const next = path.indexOf('/', index);
    if (next < 0) return '';
    index = next;
  }
  return path.slice(index);
}
