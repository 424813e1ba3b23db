// Maps URLs that are made while a page runs, by the states and laws of `rewrite/url-map.ts`.
import { keysOfUrl } from './authority-keys.ts';
import type { ShimConfig } from './config.ts';
import { movePath, type PathRule } from './path.ts';

/** A URL as the application writes it to the one that the browser is to use; the same string where nothing changes. */
export type MapUrl = (url: string) => string;

const PARTS = /^(?:(https?|wss?):)?([/\\]{2,})([^/\\?#]*)(.*)$/is;
/** What a URL parser removes first (URL standard, §4.4). */
const REMOVED = /^[\0- ]+|[\0- ]+$|[\t\n\r]+/g;

/** Makes the map of a page: its own origin is the public one, whatever name it was asked for. */
export function createMapper({ path, base, prefix, except, backends }: ShimConfig, origin: string): MapUrl {
  const { protocol, host, hostname, port } = new URL(origin);
  const isSecure = protocol === 'https:';
  const own: PathRule = { from: base, to: path, prefix, except };
  const rules = backends.map(([key, from]) => ({ ...own, key, from }));
  // What is built from `location.origin` is meant for the backend, unless it lies in the mount already.
  for (const key of keysOfUrl(protocol.slice(0, -1), hostname, port))
    rules.push({ ...own, key, prefix: prefix === 'keep' ? prefix : 'auto' });

  const mapAbsolute = (scheme: string, slashes: string, authority: string, rest: string) => {
    // A scheme whose port nobody writes keeps every port.
    const named = new URL(`${scheme || 'ftp'}://${authority}`);
    const keys = keysOfUrl(scheme, named.hostname.replace(/(.)\.$/, '$1'), named.port);
    for (const rule of rules) {
      const moved = keys.includes(rule.key) ? moveBehindAuthority(rest, rule) : undefined;
      if (moved === undefined) continue;
      const front = scheme && `${scheme[0] === 'w' ? 'ws' : 'http'}${isSecure ? 's' : ''}:`;
      return front + slashes + authority.replace(/[^@]*$/, host) + moved;
    }
    return undefined;
  };

  return (url) => {
    const text = url.replace(REMOVED, '');
    const [, scheme = '', slashes = '', authority = '', rest = ''] = PARTS.exec(text) ?? [];
    try {
      if (slashes) return mapAbsolute(scheme.toLowerCase(), slashes, authority, rest) ?? url;
      const moved = /^[/\\]/.test(text) && movePath(text, own);
      return moved && moved !== text ? moved : url;
    } catch {
      // No URL at all.
      return url;
    }
  };
}

/** The path behind an authority of ours; undefined if the mount does not cover it. */
function moveBehindAuthority(path: string, rule: PathRule): string | undefined {
  if (/^[/\\]/.test(path)) return movePath(path, rule);
  if (rule.prefix === 'keep') return path;
  // An empty path is "/" (RFC 9110 §4.2.3).
  if (rule.from === '/') return rule.to + path;
  return rule.from === rule.to ? path : undefined;
}
