// Set-Cookie through the map: Path and Domain follow the mount, promises in the name are kept, nothing else changes.
import { createHash } from 'node:crypto';
import { isSubtree, plainPath } from '../exchange/public-path.ts';
import { type CookiePair, readCookiePairs } from '../http/headers/cookie.ts';
import { namePrefix, parseSetCookie, printSetCookie, type SetCookie, withValue } from '../http/headers/set-cookie.ts';
import type { UrlMap } from './url-map.ts';

/** How cookies of a mount are kept apart from those of its neighbours on the same origin. */
export interface CookiePolicy {
  /**
   * Put into the names of cookies with `__Host-` that no script reads (HttpOnly), and taken out again in requests: browsers
   * send such a cookie to the whole origin, whatever the path of its mount is. Empty for none.
   */
  readonly mark: string;
  /** Whether cookies with another mount's mark are left out of requests. */
  readonly hidesMarked: boolean;
  /**
   * Whether of several cookies with one name only the first is kept in requests. The cookies of a mount around this one
   * come here too: browsers send those with the longest path first (RFC 6265bis §5.8.3), servers differ in which they take.
   */
  readonly keepsFirstOnly: boolean;
}

/** Every cookie keeps its name, and none is left out. */
export const PLAIN_COOKIES: CookiePolicy = { mark: '', hidesMarked: false, keepsFirstOnly: false };

/** What a mark looks like: eight hexadecimal digits name the mount. */
const MARK = /^p[0-9a-f]{8}-/;

/** The policy of a mount at `path` that shares its origin with mounts at `neighbours`. */
export function cookiePolicyFor(path: string, neighbours: readonly string[]): CookiePolicy {
  if (neighbours.length === 0) return PLAIN_COOKIES;
  const digest = createHash('sha256').update(path).digest('hex');
  return {
    // The mount at the root was there first: its cookies keep their names.
    mark: path === '/' ? '' : `p${digest.slice(0, 8)}-`,
    hidesMarked: true,
    keepsFirstOnly: neighbours.some((other) => isSubtree(other) && plainPath(path).startsWith(other)),
  };
}

/** The public form of one Set-Cookie line. */
export function cookieToPublic(line: string, map: UrlMap, policy: CookiePolicy): string {
  const cookie = parseSetCookie(line);
  const promise = namePrefix(cookie.name);
  const named = promise === 'host' && isHidden(cookie) ? marked(cookie, policy.mark) : cookie;
  // RFC 6265bis §4.1.3.2: a __Host- cookie has Path=/ and no Domain, or browsers refuse it.
  if (promise === 'host') return printSetCookie(named);
  const attributes = named.attributes.flatMap((attribute) => {
    if (attribute.name === 'path' && attribute.value !== undefined) {
      const path = cookiePathToPublic(attribute.value, map);
      return path === attribute.value ? [attribute] : [withValue(attribute, path)];
    }
    if (attribute.name === 'domain' && map.coversBackendHost(attribute.value ?? '')) return [];
    return [attribute];
  });
  const isPlain = map.public.scheme === 'http' && promise === undefined;
  return printSetCookie({ ...named, attributes: isPlain ? withoutSecure(attributes) : attributes });
}

/**
 * A cookie path has no slash at its end, so that the bare mount path matches it (RFC 6265bis §5.1.4). A path that
 * covers all of the backend base covers the mount. Anything that is no path means the directory of the request.
 */
export function cookiePathToPublic(path: string, map: UrlMap): string {
  if (!path.startsWith('/') || path === map.public.path || map.public.path === map.backend.path) return path;
  const covers = path === '/' || `${map.backend.path}`.startsWith(path.endsWith('/') ? path : `${path}/`);
  if (covers && map.addsPrefix) return bare(map.public.path);
  const mapped = map.pathToPublic(path);
  return mapped === map.public.path ? bare(mapped) : mapped;
}

function bare(path: string): string {
  return path === '/' ? path : path.slice(0, -1);
}

/** A Secure cookie is refused on an http site, and so are its companions that only go with it. */
function withoutSecure(attributes: SetCookie['attributes']): SetCookie['attributes'] {
  if (!attributes.some(({ name }) => name === 'secure')) return attributes;
  return attributes.filter(
    ({ name, value }) =>
      name !== 'secure' && name !== 'partitioned' && !(name === 'samesite' && value?.toLowerCase() === 'none'),
  );
}

const PROMISES = /^(?:__Host-Http-|__Host-|__Secure-|__Http-)?/i;

/** Whether scripts cannot see the cookie: one that they read must keep the name that they know. */
function isHidden({ attributes }: SetCookie): boolean {
  return attributes.some(({ name }) => name === 'httponly');
}

function marked(cookie: SetCookie, mark: string): SetCookie {
  const at = cookie.pair.indexOf(cookie.name) + (PROMISES.exec(cookie.name)?.[0].length ?? 0);
  return { ...cookie, pair: cookie.pair.slice(0, at) + mark + cookie.pair.slice(at) };
}

/** The Cookie header as the backend is to see it; undefined where nothing is left. The same string if nothing changes. */
export function cookiesToBackend(value: string, policy: CookiePolicy): string | undefined {
  if (policy === PLAIN_COOKIES) return value;
  const received = readCookiePairs(value);
  const named = received.flatMap((pair) => unmarked(pair, policy));
  const own = new Set(named.filter(({ isOwn }) => isOwn).map(({ name }) => name));
  // A plain namesake is another mount's, or from before this one had a neighbour.
  const known = named.filter(({ name, isOwn }) => isOwn || !own.has(name));
  const kept = policy.keepsFirstOnly ? firstOfEach(known) : known;
  if (kept.length === received.length && own.size === 0) return value;
  return kept.length === 0 ? undefined : kept.map(({ text }) => text).join('; ');
}

interface NamedPair extends CookiePair {
  /** Whether it had the mark of this mount. */
  readonly isOwn: boolean;
}

/** A cookie under the name that its backend knows; nothing for one of another mount. */
function unmarked({ name, text }: CookiePair, { mark, hidesMarked }: CookiePolicy): NamedPair[] {
  const plain = [{ name, text, isOwn: false }];
  if (namePrefix(name) !== 'host') return plain;
  const promise = PROMISES.exec(name)?.[0] ?? '';
  const rest = name.slice(promise.length);
  if (mark === '' || !rest.startsWith(mark)) return hidesMarked && MARK.test(rest) ? [] : plain;
  const restored = promise + rest.slice(mark.length);
  return [{ name: restored, text: restored + text.slice(name.length), isOwn: true }];
}

function firstOfEach(pairs: readonly NamedPair[]): NamedPair[] {
  const seen = new Set<string>();
  return pairs.filter(({ name }) => {
    const isFirst = !seen.has(name);
    seen.add(name);
    return isFirst;
  });
}
