// Base URLs: the two ends of the map, a scheme, an authority and a path that ends in "/"; parsed, compared and printed.
import { defaultPort, parseAuthority } from '../http/target.ts';

/** One end of a mount. */
export interface BaseUrl {
  readonly scheme: 'http' | 'https';
  /** Lower case; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** Always a number: the scheme's default where none was written. */
  readonly port: number;
  /** Starts and ends with `/`; see {@link parseBasePath}. */
  readonly path: string;
}

const ABSOLUTE = /^(https?):\/\/([^/?#]+)([^?#]*)$/i;
/**
 * A base path is inserted into HTML, CSS, JavaScript, JSON, cookies and headers without further escaping, so it must
 * consist of characters that mean nothing in any of them: no quotes, `&`, `,`, `;`, parentheses or backslashes.
 */
const BASE_PATH = /^(?:\/(?:[A-Za-z0-9\-._~!$*+=:@]|%[0-9A-Fa-f]{2})+)*$/;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Parses `http://host[:port][/path]`; a missing final slash is added.
 * Throws a SyntaxError that names the text and the rule it breaks.
 */
export function parseBaseUrl(text: string): BaseUrl {
  const [, scheme, authorityText = '', path = ''] = ABSOLUTE.exec(text) ?? [];
  const authority = parseAuthority(authorityText);
  if (scheme === undefined || authority === undefined)
    throw new SyntaxError(`Cannot parse base URL "${text}": write http:// or https://, a host, and perhaps a path`);
  return baseUrl(scheme.toLowerCase() as 'http' | 'https', authority.host, authority.port, path);
}

/** Makes a base URL of its parts; `port` undefined is the scheme's default. Throws a SyntaxError for a bad path. */
export function baseUrl(scheme: 'http' | 'https', host: string, port: number | undefined, path: string): BaseUrl {
  return { scheme, host, port: port ?? defaultPort(scheme), path: parseBasePath(path) };
}

/** Whether {@link parseBasePath} takes `path`. */
export function isBasePath(path: string): boolean {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  return BASE_PATH.test(bare) && !DOT_SEGMENT.test(bare);
}

/** Checks a path for use as a base and ends it with `/`. Throws a SyntaxError that says what is wrong. */
export function parseBasePath(path: string): string {
  if (isBasePath(path)) return path.endsWith('/') ? path : `${path}/`;
  throw new SyntaxError(
    `Cannot use "${path}" as a base path: segments must not be empty, "." or "..", and hold only letters, digits, - . _ ~ ! $ * + = : @ and %XX`,
  );
}

/** `host`, with `:port` unless it is the scheme's default (the URL standard, host and port serialising). */
export function printAuthority(base: BaseUrl): string {
  return base.port === defaultPort(base.scheme) ? base.host : `${base.host}:${base.port}`;
}

/** `scheme://authority`, without a path (RFC 6454 §6.2). */
export function printOrigin(base: BaseUrl): string {
  return `${base.scheme}://${printAuthority(base)}`;
}

/** The whole base URL, ending in `/`. */
export function printBaseUrl(base: BaseUrl): string {
  return printOrigin(base) + base.path;
}

/**
 * Whether a URL of scheme `scheme` (http, https, ws, wss, or empty for `//host`) with `port` (undefined: none
 * written) names the server of `base`. The scheme itself does not count: an application that trusts
 * X-Forwarded-Proto writes `https` before an authority that speaks plain HTTP. Default ports compare as in the URL
 * standard: `http://h:80` and `https://h:443` have no port.
 */
export function isSamePort(base: BaseUrl, scheme: string, port: number | undefined): boolean {
  if (port === base.port) return true;
  const isSecure = scheme === '' ? base.scheme === 'https' : scheme === 'https' || scheme === 'wss';
  const own = isSecure ? 443 : 80;
  if (port !== undefined && port !== own) return false;
  return base.port === defaultPort(base.scheme) || base.port === own;
}

/** The scheme that stands at `base` for one that stood at the other end: sockets stay sockets. */
export function translateScheme(scheme: string, base: BaseUrl): string {
  const isSocket = scheme.charCodeAt(0) === 0x77;
  if (base.scheme === 'https') return isSocket ? 'wss' : 'https';
  return isSocket ? 'ws' : 'http';
}
