// Content-Security-Policy through the map: sources are origins unless they have a path, reports go to URLs.
import { mapPolicies, parseHostSource } from '../http/headers/content-security-policy.ts';
import type { UrlMap } from './url-map.ts';

/** The public form of a policy, from a header or a meta element. No policy, directive or source is ever dropped. */
export function policyToPublic(value: string, map: UrlMap): string {
  return mapPolicies(value, {
    source: (source) => sourceToPublic(source, map),
    url: (url) => map.toPublic(url),
  });
}

/** A source without a path matches every path; a mount path without its slash would match exactly one URL. */
function sourceToPublic(source: string, map: UrlMap): string {
  const parts = parseHostSource(source);
  if (parts === undefined) return source;
  const { scheme, host, path } = parts;
  // `host:*` names the backend whatever its port is.
  const port = parts.port === '*' ? String(map.backend.port) : parts.port;
  const origin = `${scheme || map.backend.scheme}://${host}${port === '' ? '' : `:${port}`}`;
  const mapped = map.originToPublic(origin);
  if (mapped === origin) return source;
  const bare = scheme === '' ? mapped.slice(mapped.indexOf('//') + 2) : mapped;
  return path === '' ? bare : bare + (path === '/' ? map.public.path : map.pathToPublic(path));
}
