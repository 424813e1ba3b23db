// Where a URL lies as seen from a mount: in it, beside it on the same origin, at its backend, or elsewhere.

/** A mount as clients see it, and what they must not see. */
export interface MountPlace {
  /** Public origin and path, the path ending in `/`: `https://example.com/app/`. */
  readonly base: string;
  /** Origins of the backend in every spelling, such as `http://127.0.0.1:8080`. */
  readonly backends: readonly string[];
}

/** `outside` is the public origin beside the mount; `elsewhere` another origin, or no http URL at all. */
export type Place = 'inside' | 'outside' | 'backend' | 'elsewhere';

/** Says where an absolute URL lies. The mount is looked for first: it may be at the backend's own address. */
export function placeOf(url: string, { base, backends }: MountPlace): Place {
  if (!URL.canParse(url)) return 'elsewhere';
  const { protocol, origin, host, pathname } = new URL(url);
  const mount = new URL(base);
  if (origin === mount.origin) {
    const isInside = pathname.startsWith(mount.pathname) || `${pathname}/` === mount.pathname;
    return isInside ? 'inside' : 'outside';
  }
  if (protocol !== 'http:' && protocol !== 'https:') return 'elsewhere';
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
