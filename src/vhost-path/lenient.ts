// The forms as the original programs read them, for fronts whose configuration cannot be changed. Only behind `compat`.
import type { VhostDecoding } from './decode.ts';
import { type VhostForm, ZOPE_KEYWORDS } from './dialects.ts';
import { isPublicPrefix, type PublicAddress, parsePublicAuthority } from './public-address.ts';

/**
 * Nevow's rules: segments are percent-decoded once; a scheme that it does not know changes nothing; no colon means port
 * 80, https included; the port is what Python's int() takes; a form behind the form is read too, so that the innermost wins.
 * What made the original fail or hang is malformed here. So are controls, spaces and non-ASCII octets in the host, which let a
 * client write headers of its own into redirects, and the target keeps its octets where the original cut them off in the wrong place.
 */
export function decodeNevowLeniently(form: VhostForm, path: string, search: string, own: PublicAddress): VhostDecoding {
  const mount = form.mount.slice(1);
  let segments = path.split('/').slice(1);
  if (decodeOnce(segments[0] ?? '') !== mount) return { kind: 'none' };
  let address = { ...own, prefix: '' };
  while (decodeOnce(segments[0] ?? '') === mount) {
    const [, scheme, authority, ...rest] = segments;
    if (scheme === undefined || authority === undefined) return INCOMPLETE;
    const next = applyNevowSegments(address, decodeOnce(scheme), decodeOnce(authority));
    // Without a slash behind an empty host there is nothing that the original would have answered.
    if (next === undefined || (next.host === '' && rest.length === 0)) return NO_AUTHORITY;
    address = next;
    segments = rest;
  }
  const target = `/${segments.join('/')}${search}`;
  return { kind: 'decoded', address, target, publicTarget: target };
}

/** What Python's int() accepts, as far as a number can hold it exactly. */
const PYTHON_INT = /^ *([+-]?[0-9]{1,15}) *$/;

function applyNevowSegments(address: PublicAddress, scheme: string, authority: string): PublicAddress | undefined {
  const colon = authority.indexOf(':');
  const host = colon < 0 ? authority : authority.slice(0, colon);
  const portText = colon < 0 ? '80' : PYTHON_INT.exec(authority.slice(colon + 1))?.[1];
  if (portText === undefined || /[^\x21-\x7e]/.test(host)) return undefined;
  const known = scheme === 'http' || scheme === 'https' ? scheme : address.scheme;
  return { scheme: known, host, port: Number(portText), prefix: '' };
}

/**
 * Zope's rules: empty and dot segments are cleaned away first; `VirtualHostBase` counts only in front,
 * `VirtualHostRoot` anywhere; a missing port is the backend's own; `*` in the inner path is the first label of the host.
 */
export function decodeZopeLeniently(path: string, search: string, own: PublicAddress): VhostDecoding {
  const cleaned = cleanSegments(path);
  const isBased = cleaned?.[0] === ZOPE_KEYWORDS.base;
  if (cleaned === undefined) return ABOVE_ROOT;
  if (!isBased && !cleaned.includes(ZOPE_KEYWORDS.root)) return { kind: 'none' };
  const address = isBased ? zopeAddress(cleaned[1], cleaned[2], own) : own;
  if (address === undefined) return NO_AUTHORITY;
  const segments = isBased ? cleaned.slice(3) : cleaned;
  const root = segments.indexOf(ZOPE_KEYWORDS.root);
  const [label = ''] = address.host.split('.', 1);
  const inner = segments.slice(0, Math.max(root, 0)).map((segment) => (segment === '*' ? label : segment));
  let start = root + 1;
  let prefix = '';
  while (root >= 0 && segments[start]?.startsWith(ZOPE_KEYWORDS.prefixMark)) {
    prefix += `/${(segments[start] ?? '').slice(ZOPE_KEYWORDS.prefixMark.length)}`;
    start++;
  }
  if (!isPublicPrefix(prefix)) return BAD_PREFIX;
  const outer = segments.slice(start);
  const tail = outer.length > 0 && path.endsWith('/') ? '/' : '';
  return {
    kind: 'decoded',
    address: { ...address, prefix },
    target: `/${[...inner, ...outer].join('/')}${tail}${search}`,
    publicTarget: `${prefix}/${outer.join('/')}${tail}${search}`,
  };
}

function zopeAddress(
  scheme: string | undefined,
  authorityText: string | undefined,
  own: PublicAddress,
): PublicAddress | undefined {
  const authority = authorityText === undefined ? undefined : parsePublicAuthority(authorityText);
  if (authority === undefined || (scheme !== 'http' && scheme !== 'https')) return undefined;
  return { scheme, host: authority.host, port: authority.port ?? own.port, prefix: '' };
}

/** Undefined where `..` would leave the root, which is "not found" for the original. */
function cleanSegments(path: string): string[] | undefined {
  const cleaned: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') cleaned.push(segment);
    else if (cleaned.pop() === undefined) return undefined;
  }
  return cleaned;
}

const ESCAPE = /%([0-9A-Fa-f]{2})/g;

function decodeOnce(segment: string): string {
  return segment.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const ABOVE_ROOT: VhostDecoding = { kind: 'malformed', reason: 'dot segments climb above the root' };
const INCOMPLETE: VhostDecoding = { kind: 'malformed', reason: 'scheme or authority is missing' };
const NO_AUTHORITY: VhostDecoding = {
  kind: 'malformed',
  reason: 'what follows the scheme is not a usable host and port',
};
const BAD_PREFIX: VhostDecoding = { kind: 'malformed', reason: 'a _vh_ segment names no plain path segment' };
