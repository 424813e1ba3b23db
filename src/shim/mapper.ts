// Maps URLs that are made while a page runs, by the states and laws of `rewrite/url-map.ts`.
import { keysOfUrl } from './authority-keys.ts';
import type { ShimConfig } from './config.ts';
import { isRooted, movePath, type PathRule } from './path.ts';

/** A URL as the application writes it to the one that the browser is to use; the same string where nothing changes. */
export type MapUrl = (url: string) => string;

const PARTS = /^(?:(https?|wss?):)?([/\\]{2,})([^/\\?#]*)(.*)$/is;
/** What the pattern finds: only the scheme may be missing. */
type Parts = [whole: string, scheme: string | undefined, slashes: string, authority: string, rest: string];
/** What a URL parser removes first (URL standard, §4.4). */
const REMOVED = /^[\0- ]+|[\0- ]+$|[\t\n\r]+/g;

/** Makes the map of a page: its own origin is the public one, whatever name it was asked for. */
export function createMapper(config: ShimConfig, origin: string): MapUrl {
  const { protocol, host, hostname, port } = new URL(origin);
  // What is built from `location.origin` is meant for the backend, unless it lies in the mount already.
  const prefix = config.prefix === 'keep' ? 'keep' : 'auto';
  const rules = [
    ...config.backends.map(([key, base]) => ({ ...config, key, base })),
    ...keysOfUrl(protocol.slice(0, -1), hostname, port).map((key) => ({ ...config, key, prefix }) as const),
  ];

  const mapAbsolute = ([, written = '', slashes, authority, rest]: Parts) => {
    const scheme = written.toLowerCase();
    // A scheme whose port nobody writes keeps every port.
    const named = new URL(`${scheme || 'ftp'}://${authority}`);
    const keys = keysOfUrl(scheme, named.hostname.replace(/(.)\.$/, '$1'), named.port);
    for (const rule of rules) {
      const moved = keys.includes(rule.key) ? moveBehindAuthority(rest, rule) : undefined;
      if (moved === undefined) continue;
      // The page's own scheme ends in what makes a socket's secure.
      const front = scheme && (scheme[0] === 'w' ? 'ws' : 'http') + protocol.slice(4);
      return front + slashes + authority.replace(/[^@]*$/, host) + moved;
    }
    return undefined;
  };

  return (url) => {
    const text = url.replace(REMOVED, '');
    const parts = PARTS.exec(text) as Parts | null;
    try {
      if (parts) return mapAbsolute(parts) ?? url;
      const moved = isRooted(text) && movePath(text, config);
      return moved && moved !== text ? moved : url;
    } catch {
      // No URL at all.
      return url;
    }
  };
}

/** The path behind an authority of ours; undefined if the mount does not cover it. */
function moveBehindAuthority(path: string, rule: PathRule): string | undefined {
  if (isRooted(path)) return movePath(path, rule);
  if (rule.prefix === 'keep') return path;
  // An empty path is "/" (RFC 9110 §4.2.3).
  if (rule.base === '/') return rule.path + path;
  return rule.base === rule.path ? path : undefined;
}
