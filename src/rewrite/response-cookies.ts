// Set-Cookie through the map: Path and Domain follow the mount, promises in the name are kept, nothing else changes.
import { namePrefix, parseSetCookie, printSetCookie, type SetCookie, withValue } from '../http/headers/set-cookie.ts';
import type { UrlMap } from './url-map.ts';

/** How cookies of a mount are kept apart from those of its neighbours. */
export interface CookiePolicy {
  /**
   * Put before every cookie name (behind `__Host-` and `__Secure-`) and taken off again in requests, whose other cookies
   * are then left out. For mounts whose cookies would clash although their paths differ. Empty for none.
   */
  readonly namePrefix: string;
}

/** The public form of one Set-Cookie line. */
export function cookieToPublic(line: string, map: UrlMap, policy: CookiePolicy): string {
  const cookie = parseSetCookie(line);
  const promise = namePrefix(cookie.name);
  const named = policy.namePrefix === '' ? cookie : renamed(cookie, policy.namePrefix);
  // RFC 6265bis §4.1.3.2: a __Host- cookie has Path=/ and no Domain, or browsers refuse it.
  if (promise === 'host') return named === cookie ? line : printSetCookie(named);
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

function renamed(cookie: SetCookie, prefix: string): SetCookie {
  if (cookie.name === '') return cookie;
  const start = cookie.pair.indexOf(cookie.name);
  const at = start + (PROMISES.exec(cookie.name)?.[0].length ?? 0);
  return { ...cookie, pair: cookie.pair.slice(0, at) + prefix + cookie.pair.slice(at) };
}

/** The name under which the backend knows a cookie; undefined for one of another mount. */
export function cookieNameToBackend(name: string, policy: CookiePolicy): string | undefined {
  if (policy.namePrefix === '') return name;
  const promise = PROMISES.exec(name)?.[0] ?? '';
  const rest = name.slice(promise.length);
  return rest.startsWith(policy.namePrefix) ? promise + rest.slice(policy.namePrefix.length) : undefined;
}
