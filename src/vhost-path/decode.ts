// The backend's half of the public address in the path: reads a form strictly, or as the original programs did.
import { defaultPort } from '../http/target.ts';
import { climbsAboveStart, isVhostPath, type VhostForm, ZOPE_KEYWORDS } from './dialects.ts';
import { decodeNevowLeniently, decodeZopeLeniently } from './lenient.ts';
import { isPublicPrefix, type PublicAddress, parsePublicAuthority } from './public-address.ts';

/** A target taken apart: who the public thinks it talks to, and what the application is to look up. */
export interface DecodedVhost {
  readonly kind: 'decoded';
  readonly address: PublicAddress;
  /** The target for the application's router, query included, its octets as they came. */
  readonly target: string;
  /** The target as the browser sees it: the prefix of `address` and the path behind it, query included. */
  readonly publicTarget: string;
}

/** What a target turned out to be. `reason` is a fixed text for the log and holds nothing of the request. */
export type VhostDecoding =
  | DecodedVhost
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Reads the form at the start of `target`, an origin-form request target. `own` is the address that the request has
 * without a form, for the forms that leave part of it alone (the zope dialect without `VirtualHostBase`; compat).
 * Strictly, a target whose first segment looks like the form in any disguise is a well-formed form or malformed,
 * never `none`; in compat mode `none` is what the original would have passed on as an ordinary path.
 */
export function decodeVhostTarget(form: VhostForm, target: string, own: PublicAddress): VhostDecoding {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  const search = query < 0 ? '' : target.slice(query);
  if (form.compat) {
    return form.dialect === 'zope'
      ? decodeZopeLeniently(path, search, own)
      : decodeNevowLeniently(form, path, search, own);
  }
  if (!isVhostPath(path, [form])) return { kind: 'none' };
  return form.dialect === 'zope' ? decodeZope(form, path, search, own) : decodeNevow(form, path, search);
}

const NO_SCHEME = malformed('the scheme is neither http nor https');
const NO_AUTHORITY = malformed('what follows the scheme is not host or host:port');
const DISGUISED = malformed('the first segment is not spelled exactly');
const NESTED = malformed('a form follows the form');
const CLIMBS = malformed('dot segments climb above the start of the path');
const BAD_INNER_PATH = malformed('the path in front of VirtualHostRoot has empty, dot or escaped segments');
const BAD_PREFIX = malformed('a _vh_ segment names no plain path segment');

function decodeNevow(form: VhostForm, path: string, search: string): VhostDecoding {
  const head = splitHead(form, path);
  if ('kind' in head) return head;
  const { address, rest } = head;
  if (isVhostPath(rest, [form])) return NESTED;
  if (climbsAboveStart(rest)) return CLIMBS;
  const target = rest + search;
  return { kind: 'decoded', address, target, publicTarget: target };
}

function decodeZope(form: VhostForm, path: string, search: string, own: PublicAddress): VhostDecoding {
  // VirtualHostRoot without VirtualHostBase keeps scheme, host and port and gives a prefix only.
  const isRootOnly = path === `/${ZOPE_KEYWORDS.root}` || path.startsWith(`/${ZOPE_KEYWORDS.root}/`);
  const head = isRootOnly ? { address: own, rest: path } : splitHead(form, path);
  if ('kind' in head) return head;
  const { innerPath, prefix, outerPath } = splitZopePath(head.rest);
  if (!isPublicPrefix(innerPath)) return BAD_INNER_PATH;
  if (!isPublicPrefix(prefix)) return BAD_PREFIX;
  if (isVhostPath(outerPath, [form]) || isVhostPath(innerPath, [form])) return NESTED;
  if (climbsAboveStart(outerPath)) return CLIMBS;
  return {
    kind: 'decoded',
    address: { ...head.address, prefix },
    target: innerPath + outerPath + search,
    publicTarget: prefix + outerPath + search,
  };
}

/** Takes mount, scheme and authority off; `rest` starts with a slash, also where nothing follows the authority. */
function splitHead(form: VhostForm, path: string): { address: PublicAddress; rest: string } | VhostDecoding {
  if (!path.startsWith(`${form.mount}/`)) return path === form.mount ? NO_SCHEME : DISGUISED;
  const schemeStart = form.mount.length + 1;
  const schemeEnd = path.indexOf('/', schemeStart);
  const scheme = path.slice(schemeStart, schemeEnd < 0 ? undefined : schemeEnd);
  if (scheme !== 'http' && scheme !== 'https') return NO_SCHEME;
  if (schemeEnd < 0) return NO_AUTHORITY;
  const authorityEnd = path.indexOf('/', schemeEnd + 1);
  const authority = parsePublicAuthority(path.slice(schemeEnd + 1, authorityEnd < 0 ? undefined : authorityEnd));
  if (authority === undefined) return NO_AUTHORITY;
  const port = authority.port ?? defaultPort(scheme);
  const rest = authorityEnd < 0 ? '/' : path.slice(authorityEnd);
  return { address: { scheme, host: authority.host, port, prefix: '' }, rest };
}

/** Without `VirtualHostRoot` everything is outer path. `_vh_` marks count only directly behind the keyword. */
function splitZopePath(rest: string): { innerPath: string; prefix: string; outerPath: string } {
  const segments = rest.split('/').slice(1);
  const root = segments.indexOf(ZOPE_KEYWORDS.root);
  if (root < 0) return { innerPath: '', prefix: '', outerPath: rest };
  let index = root + 1;
  let prefix = '';
  for (; segments[index]?.startsWith(ZOPE_KEYWORDS.prefixMark); index++)
    prefix += `/${(segments[index] ?? '').slice(ZOPE_KEYWORDS.prefixMark.length)}`;
  const innerPath = segments
    .slice(0, root)
    .map((segment) => `/${segment}`)
    .join('');
  return { innerPath, prefix, outerPath: `/${segments.slice(index).join('/')}` };
}

function malformed(reason: string): VhostDecoding {
  return { kind: 'malformed', reason };
}
