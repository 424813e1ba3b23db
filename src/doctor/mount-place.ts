// Where a URL lies as seen from a mount: in it, beside it on the same origin, at its backend, or elsewhere.
import { isSubtree, plainPath } from '../exchange/public-path.ts';
import { parseUrl } from '../util/parse-url.ts';

/** A mount as clients see it, and what they must not see. */
export interface MountPlace {
  /** Public origin and path, the path ending in `/`: `https://example.com/app/`. */
  readonly base: string;
  /** Origins of the backend in every spelling, such as `http://127.0.0.1:8080`. */
  readonly backends: readonly string[];
  /** Paths of the same origin that others serve, on purpose: other mounts, as those spell them. None if left out. */
  readonly neighbours?: readonly string[];
}

/** `outside` is the public origin beside the mount; `elsewhere` another origin, a neighbour, or no http URL at all. */
export type Place = 'inside' | 'outside' | 'backend' | 'elsewhere';

/** Says where an absolute URL lies. The mount is looked for first: it may be at the backend's own address. */
export function placeOf(url: string, { base, backends, neighbours = [] }: MountPlace): Place {
  const parsed = parseUrl(url);
  if (parsed === undefined) return 'elsewhere';
  const { protocol, origin, host, pathname } = parsed;
  if (protocol !== 'http:' && protocol !== 'https:') return 'elsewhere';
  const mount = new URL(base);
  if (origin === mount.origin) {
    // The longest path that covers it serves it; a neighbour may lie inside the mount. `=/` is longer than `/`.
    const neighbour = Math.max(0, ...neighbours.filter((path) => isBelow(pathname, path)).map((path) => path.length));
    if (isBelow(pathname, mount.pathname) && neighbour <= mount.pathname.length) return 'inside';
    return neighbour > 0 ? 'elsewhere' : 'outside';
  }
  return backends.some((backend) => new URL(backend).host === host) ? 'backend' : 'elsewhere';
}

/** The part of a URL behind the mount's base, with a leading slash; the URL itself where it does not lie in the mount. */
export function behindBase(url: string, { base }: Pick<MountPlace, 'base'>): string {
  return url.startsWith(base) ? url.slice(base.length - 1) : url;
}

/** The same server under the names that loopback has. */
export function spellingsOf(origin: string): string[] {
  const names = ['127.0.0.1', 'localhost', '[::1]'];
  const { protocol, hostname, port } = new URL(origin);
  const hosts = names.includes(hostname) ? names : [hostname];
  return hosts.map((name) => `${protocol}//${name}${port === '' ? '' : `:${port}`}`);
}

/** Whether a path lies at or below `mount`; one that is no subtree is only itself. */
function isBelow(path: string, mount: string): boolean {
  if (!isSubtree(mount)) return path === plainPath(mount);
  return path.startsWith(mount) || `${path}/` === mount;
}
