// Maps the sources of a content security policy: an origin stays an origin, a URL with a path moves below the mount.
import type { UrlMap } from '../url-map.ts';
import type { Span } from './url-spans.ts';

/** Directives whose values are URL references, not sources (CSP 3 §6.5.1). */
const URL_DIRECTIVES = new Set(['report-uri']);
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HAS_PATH = /^[a-z][a-z0-9+.-]*:\/\/[^/]+\//i;

/** A span of a policy and what takes its place. */
export interface PolicyEdit extends Span {
  readonly text: string;
}

/** The changes that make a serialized policy of the backend (CSP 3 §2.2) a public one, in ascending order. */
export function mapPolicy(policy: string, map: UrlMap): PolicyEdit[] {
  const edits: PolicyEdit[] = [];
  let directive = '';
  for (const match of policy.matchAll(/[^\t\n\f\r ;,]+|[;,]/g)) {
    const [token] = match;
    if (token === ';' || token === ',') directive = '';
    else if (directive === '') directive = token.toLowerCase();
    else {
      const text = URL_DIRECTIVES.has(directive) ? map.toPublic(token) : mapSource(token, map);
      if (text !== token) edits.push({ start: match.index, end: match.index + token.length, text });
    }
  }
  return edits;
}

/**
 * A source without a path matches every path of its origin; with the mount's path but no slash behind it, it would match
 * one URL alone (CSP 3 §6.7.2.12), so it stays without. `frame-ancestors` is compared with origins anyway.
 */
function mapSource(source: string, map: UrlMap): string {
  if (source.startsWith("'") || source === '*' || source.endsWith(':')) return source;
  if (SCHEME.test(source)) return HAS_PATH.test(source) ? map.toPublic(source) : map.originToPublic(source);
  const mapped = mapSource(`http://${source}`, map);
  return mapped.replace(SCHEME, '');
}
