// Maps URLs that are made while a page runs, by the states and laws of `rewrite/url-map.ts`.
import { type PathRule, translatePath } from '../rewrite/path-map.ts';
import { keysOfServer, keysOfUrl } from './authority-keys.ts';
import type { ShimConfig } from './config.ts';

/** A URL as the application writes it to the one that the browser is to use; the same string where nothing changes. */
export type MapUrl = (url: string) => string;

interface Rule extends PathRule {
  readonly key: number;
}

const PARTS = /^(?:(https?|wss?):)?([/\\]{2,})([^/\\?#]*)(.*)$/is;
/** What a URL parser removes first (URL standard, §4.4). */
const REMOVED = /^[\0- ]+|[\0- ]+$|[\t\n\r]+/g;
const AUTHORITY = /^(.*@)?(.*?)(?::(\d*))?$/;

/** Makes the map of a page: its own origin is the public one, whatever name it was asked for. */
export function createMapper({ path, base, prefix, except, backends }: ShimConfig, origin: string): MapUrl {
  const { protocol, host, hostname, port } = new URL(origin);
  const isSecure = protocol === 'https:';
  const own: Rule = { key: 0, from: base, to: path, prefix, except };
  const home = { scheme: protocol.slice(0, -1), host: hostname, port: Number(port) || (isSecure ? 443 : 80) };
  const rules = backends.map(([key, from]): Rule => ({ ...own, key, from }));
  // What is built from `location.origin` is meant for the backend, unless it lies in the mount already.
  for (const key of keysOfServer(home)) rules.push({ ...own, key, prefix: prefix === 'keep' ? prefix : 'auto' });

  return (url) => {
    const text = url.replace(REMOVED, '');
    const parts = PARTS.exec(text);
    if (parts === null) return (/^[/\\]/.test(text) && movePath(text, own)) || url;
    const [, scheme = '', slashes = '', authority = '', rest = ''] = parts;
    const [, user = '', name = '', portText] = AUTHORITY.exec(authority) ?? [];
    const lower = scheme.toLowerCase();
    const keys = keysOfUrl(lower, normalizeHost(name), portText ? Number(portText) : undefined);
    for (const rule of rules) {
      const moved = keys.includes(rule.key) ? moveBehindAuthority(rest, rule) : undefined;
      if (moved === undefined) continue;
      const front = scheme && `${lower[0] === 'w' ? 'ws' : 'http'}${isSecure ? 's' : ''}:`;
      return front + slashes + user + host + moved;
    }
    return url;
  };
}

/** The path behind an authority of ours; undefined if the mount does not cover it. */
function moveBehindAuthority(path: string, rule: Rule): string | undefined {
  if (/^[/\\]/.test(path)) return translatePath(path, rule) === 'outside' ? undefined : (movePath(path, rule) ?? path);
  if (rule.prefix === 'keep') return path;
  // An empty path is "/" (RFC 9110 §4.2.3).
  if (rule.from === '/') return rule.to + path;
  return rule.from === rule.to ? path : undefined;
}

function movePath(path: string, rule: Rule): string | undefined {
  const answer = translatePath(path, rule);
  if (typeof answer === 'string') return undefined;
  const rest = path.slice(answer.end);
  // `//x` would name a host.
  return (answer.text === '' && /^[/\\]{2}/.test(rest) ? '/.' : answer.text) + rest;
}

function normalizeHost(host: string): string {
  try {
    return new URL(`http://${host}`).hostname.replace(/(.)\.$/, '$1');
  } catch {
    return host;
  }
}
