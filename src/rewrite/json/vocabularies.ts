// Which members of known JSON formats hold URLs, where the format says so and root-relative ones are therefore mapped.
import type { JsonPlace } from './json-walker.ts';

/** What a string is: a URL, an origin, a Swagger host, a Swagger base path, or nothing that concerns us. */
export type JsonMeaning = 'url' | 'origin' | 'host' | 'base-path' | undefined;

/** Says what the string at a place means. */
export type JsonVocabulary = (place: JsonPlace, value: string) => JsonMeaning;

const MANIFEST_URLS = new Set(['src', 'url', 'action', 'start_url', 'scope', 'new_note_url', 'ms_ac_template', 'data']);

/** Web application manifests: the URL members wherever they stand; `id` of the application only. */
export function manifestMeaning({ path, isName }: JsonPlace): JsonMeaning {
  if (isName) return undefined;
  const name = path[path.length - 1] ?? '';
  if (name === 'id') return path.length === 1 ? 'url' : undefined;
  if (name === 'origin') return path[0] === 'scope_extensions' ? 'origin' : undefined;
  return MANIFEST_URLS.has(name) ? 'url' : undefined;
}

const IS_URL_LIKE = /^(?:\/|https?:)/i;

/**
 * Import maps (HTML standard, import maps): addresses, scope prefixes and the URLs of `integrity`; specifiers where
 * they are URLs, because imports in scripts change in the same way.
 */
export function importMapMeaning({ path, isName }: JsonPlace, value: string): JsonMeaning {
  const [section] = path;
  if (section === 'integrity') return isName && path.length === 1 ? 'url' : undefined;
  if (section !== 'imports' && section !== 'scopes') return undefined;
  if (!isName) return 'url';
  const isScope = section === 'scopes' && path.length === 1;
  return isScope || IS_URL_LIKE.test(value) ? 'url' : undefined;
}

const PATTERN_URLS = new Set(['pathname', 'baseURL']);

/** Speculation rules: lists of URLs, and URL patterns as strings or as objects. */
export function speculationMeaning({ path, isName }: JsonPlace): JsonMeaning {
  if (isName) return undefined;
  const pattern = path.indexOf('href_matches');
  if (pattern < 0) return path.includes('urls') ? 'url' : undefined;
  const component = path.slice(pattern + 1).find((name) => name !== '[]');
  return component === undefined || PATTERN_URLS.has(component) ? 'url' : undefined;
}

const OAUTH_URLS = new Set(['authorizationUrl', 'tokenUrl', 'refreshUrl', 'openIdConnectUrl']);

/** OpenAPI 3 servers, Swagger 2 host and base path, and the OAuth URLs of both. */
export function openApiMeaning({ path, isName }: JsonPlace): JsonMeaning {
  if (isName) return undefined;
  const name = path[path.length - 1] ?? '';
  if (path.length === 1) return name === 'host' ? 'host' : name === 'basePath' ? 'base-path' : undefined;
  if (name === 'url' && path[path.length - 2] === '[]') return path[path.length - 3] === 'servers' ? 'url' : undefined;
  return OAUTH_URLS.has(name) ? 'url' : undefined;
}

/** The Report-To header: the endpoints of a group. */
export function reportToMeaning({ path, isName }: JsonPlace): JsonMeaning {
  return !isName && path[path.length - 1] === 'url' ? 'url' : undefined;
}

/** The HX-Location header: the path to load and the one to push. */
export function hxLocationMeaning({ path, isName }: JsonPlace): JsonMeaning {
  const name = path.length === 1 ? path[0] : '';
  return !isName && (name === 'path' || name === 'push' || name === 'replace') ? 'url' : undefined;
}
