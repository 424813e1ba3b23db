// What dies at this hop: connection options and the headers that belong to one connection only (RFC 9110 §7.6.1).
import { HeaderList, type ReadonlyHeaderList } from './header-list.ts';
import { splitList } from './token.ts';

/** Headers that are never forwarded, whether Connection names them or not. TE, Upgrade and lengths are set anew. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Options of Connection that name no header to remove, and headers that must not be removed by naming them. */
const NOT_REMOVABLE: ReadonlySet<string> = new Set([
  'close',
  'keep-alive',
  'host',
  'content-length',
  'cookie',
  'set-cookie',
]);

/** The options of all Connection lines, in lower case. */
export function connectionOptions(headers: ReadonlyHeaderList): string[] {
  const value = headers.getJoined('connection');
  return value === undefined ? [] : splitList(value.toLowerCase());
}

/** Whether a header ends at this hop: by itself, or because the Connection options `options` name it. */
export function isHopByHop(lowerName: string, options: readonly string[]): boolean {
  if (HOP_BY_HOP.has(lowerName)) return true;
  return options.length > 0 && options.includes(lowerName) && !NOT_REMOVABLE.has(lowerName);
}

/**
 * Appends to `target` what of `headers` goes on at this hop and `isDropped` does not hold back; returns `target`.
 * `options` are those of Connection.
 */
export function copyEndToEnd(
  headers: ReadonlyHeaderList,
  target: HeaderList,
  isDropped?: (lowerName: string) => boolean,
  options: readonly string[] = connectionOptions(headers),
): HeaderList {
  for (let index = 0; index < headers.length; index++) {
    const lowerName = headers.lowerNameAt(index);
    if (!isHopByHop(lowerName, options) && !isDropped?.(lowerName)) target.appendFrom(headers, index);
  }
  return target;
}

/**
 * Fields that never travel in trailers: framing, routing, authentication, request modifiers, and what describes the
 * content before it is read (RFC 9110 §6.5.1).
 */
const FORBIDDEN_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'trailer',
  'via',
  'forwarded',
  'max-forwards',
  'expect',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'authorization',
  'cookie',
  'set-cookie',
  'www-authenticate',
  'content-encoding',
  'content-type',
  'content-range',
  'content-location',
  'location',
  'age',
  'cache-control',
  'expires',
  'date',
  'retry-after',
  'vary',
  'warning',
  'pragma',
  'origin',
  'referer',
  'alt-svc',
]);

/** `trailers` without the fields that must not stand there, or undefined if nothing is left. */
export function forwardableTrailers(trailers: ReadonlyHeaderList | undefined): ReadonlyHeaderList | undefined {
  if (trailers === undefined || trailers.length === 0) return undefined;
  const kept = HeaderList.from([...trailers].filter(([name]) => mayTravelInTrailers(name.toLowerCase())));
  return kept.length === 0 ? undefined : kept;
}

function mayTravelInTrailers(lowerName: string): boolean {
  return !FORBIDDEN_IN_TRAILERS.has(lowerName) && !lowerName.startsWith('x-forwarded-') && lowerName !== 'x-real-ip';
}
