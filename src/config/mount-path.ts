// The paths that are keys of a site: spelled one way, so that the router can compare them byte by byte.
import { routingPath } from '../http/target.ts';

/** A path as routing spells it, or what is wrong with its text. */
export type ParsedPath = { readonly path: string } | { readonly message: string; readonly suggestion?: string };

const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
const BAD_PERCENT = /%(?![0-9A-Fa-f]{2})/;

/** Whether a key of a site is a path, be it a wrong one. */
export function isPathKey(key: string): boolean {
  return /^=?\//.test(key);
}

/**
 * Parses the key of a mount. A path that ends in `/` is a subtree, behind `=` exactly itself, as any other. Characters that a request
 * target escapes are escaped here too (`/müller/` is `/m%C3%BCller/`), runs of slashes count as one.
 */
export function parseMountPath(text: string): ParsedPath {
  if (text.includes('?'))
    return refuse(text, 'a query in it, and mounts are chosen by path', text.replace(/\?.*/s, ''));
  if (text.includes('#')) return refuse(text, 'a fragment in it, which servers never see', text.replace(/#.*/s, ''));
  if (text.includes('*')) return refuse(text, 'a * in it; a path with / at its end has all below it', starless(text));
  if (text.includes('\\')) return refuse(text, 'a backslash in it', text.replaceAll('\\', '/'));
  if (DOT_SEGMENT.test(text)) return refuse(text, 'a dot segment in it, which clients resolve before they ask');
  if (BAD_PERCENT.test(text)) return refuse(text, 'a % that two hexadecimal digits must follow', undefined);
  const path = routingPath(escapePath(text));
  if (text.startsWith('=') && !path.endsWith('/'))
    return refuse(text, 'a = before it, but without a slash at its end it is exact by itself', text.slice(1));
  return { path };
}

/** RFC 3986 §3.3: what may stand in a path stays, everything else is percent-encoded as UTF-8, in capitals (§6.2.2.1). */
function escapePath(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+/g, encodeURIComponent)
    .replace(/%[0-9a-f]{2}/gi, (triplet) => triplet.toUpperCase());
}

function starless(text: string): string {
  return text.replace(/^=|\*.*$/gs, '').replace(/\/*$/, '/');
}

function refuse(text: string, what: string, better?: string): ParsedPath {
  const message = `the path ${text} has ${what}`;
  return better === undefined ? { message } : { message, suggestion: `write ${better}` };
}
