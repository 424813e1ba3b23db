// The front's half of the public address in the path: writes it, and refuses what a reader could take for another one.
import { defaultPort } from '../http/target.ts';
import { firstSegments, isVhostPath, type VhostForm, ZOPE_KEYWORDS } from './dialects.ts';
import { isPublicPrefix, type PublicAddress, parsePublicHost } from './public-address.ts';

/**
 * Why a form cannot be written: the address has no host that the reader understands; it has a prefix that the
 * dialect has no place for; the path would be read as a second form, or would climb out of the first.
 */
export type VhostRefusal = 'host' | 'prefix' | 'nested' | 'climbs';

/** A target that carries its public address, or why there is none. */
export type VhostEncoding = { readonly target: string } | { readonly refusal: VhostRefusal };

/**
 * Puts `address` in front of `target`, a path with an optional query that goes through byte for byte.
 * `target` is the path behind the prefix and the inner path; `innerPath` (zope only; empty or `/root`) says where the
 * application looks it up. There is always a slash behind the authority: without one the original hangs.
 */
export function encodeVhostTarget(
  form: VhostForm,
  address: PublicAddress,
  target: string,
  innerPath = '',
): VhostEncoding {
  const base = encodeVhostBase(form, address, innerPath);
  if (typeof base !== 'string') return base;
  const refusal = findAmbiguity(form, target);
  return refusal === undefined ? { target: `${base}${target.startsWith('/') ? '' : '/'}${target}` } : { refusal };
}

/** What stands in front of the path: the same for every request with this address, so that callers may keep it. */
export function encodeVhostBase(
  form: VhostForm,
  address: PublicAddress,
  innerPath = '',
): string | { readonly refusal: VhostRefusal } {
  if (!isPublicPrefix(address.prefix) || !isPublicPrefix(innerPath)) return { refusal: 'prefix' };
  const authority = printExplicitAuthority(form, address);
  if (authority === undefined) return { refusal: 'host' };
  const base = `${form.mount}/${address.scheme}/${authority}`;
  if (form.dialect === 'nevow') return address.prefix === '' && innerPath === '' ? base : { refusal: 'prefix' };
  if (innerPath.split('/').includes(ZOPE_KEYWORDS.root)) return { refusal: 'prefix' };
  return `${base}${innerPath}/${ZOPE_KEYWORDS.root}${address.prefix.replaceAll('/', `/${ZOPE_KEYWORDS.prefixMark}`)}`;
}

const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;?]|%2f|%5c|$)/i;

/**
 * Why `target` must not stand behind a form, or undefined. A second form would win over the first in the original
 * reader; dot segments, which some reader on the way resolves, could eat the first; a `_vh_` segment would lengthen the prefix.
 */
export function findAmbiguity(form: VhostForm, target: string): VhostRefusal | undefined {
  if (isVhostPath(target, [form])) return 'nested';
  if (form.dialect === 'zope' && firstSegments(target).some((name) => name.startsWith(ZOPE_KEYWORDS.prefixMark)))
    return 'nested';
  const query = target.indexOf('?');
  return DOT_SEGMENT.test(query < 0 ? target : target.slice(0, query)) ? 'climbs' : undefined;
}

/**
 * The port is written unless the scheme implies it, and always for https: the original takes a missing one for 80.
 * Zope takes a missing one for the backend's own, so there it is always written.
 */
function printExplicitAuthority(form: VhostForm, address: PublicAddress): string | undefined {
  const host = parsePublicHost(address.host);
  if (host === undefined) return undefined;
  // The original splits at the first colon, so that it cannot be told an IPv6 address.
  if (form.dialect === 'nevow' && form.compat && host.startsWith('[')) return undefined;
  if (!Number.isInteger(address.port) || address.port < 1 || address.port > 65_535) return undefined;
  const mayOmit = form.dialect === 'nevow' && address.scheme === 'http' && address.port === defaultPort('http');
  return mayOmit ? host : `${host}:${address.port}`;
}
