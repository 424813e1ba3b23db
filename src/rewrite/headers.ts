// The headers of a mount, both ways: every one that is known to carry a URL, and no other.
import type { HeaderList, ReadonlyHeaderList } from '../http/header-list.ts';
import { mapLinks } from '../http/headers/link.ts';
import { mapRefresh } from '../http/headers/refresh.ts';
import { mapStrings } from '../http/headers/structured.ts';
import { mapResourceTags } from '../http/headers/webdav.ts';
import { mapChallenges } from '../http/headers/www-authenticate.ts';
import { parseUrl } from '../util/parse-url.ts';
import { printAuthority, printBaseUrl, printOrigin } from './base-url.ts';
import { policyToPublic } from './content-security.ts';
import { VocabularyScanner } from './json/json-scanner.ts';
import { hxLocationMeaning, type JsonVocabulary, reportToMeaning } from './json/vocabularies.ts';
import { referrerPolicyToPublic } from './referrer-policy.ts';
import { type CookiePolicy, cookiesToBackend, cookieToPublic, PLAIN_COOKIES } from './response-cookies.ts';
import { rewriteText } from './scanner.ts';
import type { UrlMap } from './url-map.ts';

/** Choices about headers that are no URLs but concern the whole origin. */
export interface HeaderPolicy {
  readonly cookies: CookiePolicy;
  /**
   * Whether the mount speaks for its whole origin. If not, what would bind its neighbours is dropped (HSTS, NEL, the scope of
   * a service worker above the mount), and Clear-Site-Data is restricted to what does not touch them.
   */
  readonly ownsOrigin: boolean;
  /**
   * Whether requests that miss the mount are told by their Referer: a policy that keeps paths from the own origin is then
   * relaxed to the one that says the same to all others.
   */
  readonly needsReferrer: boolean;
}

/** The policy of a mount at `path` without further configuration. */
export function defaultHeaderPolicy(path: string): HeaderPolicy {
  return { cookies: PLAIN_COOKIES, ownsOrigin: path === '/', needsReferrer: false };
}

/** Maps one value; undefined drops the line. */
type MapHeader = (value: string, map: UrlMap, policy: HeaderPolicy) => string | undefined;

const url: MapHeader = (value, map) => map.toPublic(value);
const origins: MapHeader = (value, map) => value.replace(/[^\s,]+/g, (origin) => map.originToPublic(origin));
const strings: MapHeader = (value, map) => mapStrings(value, (text) => map.toPublic(text));
const contentSecurity: MapHeader = (value, map) => policyToPublic(value, map);

/** Every response header that is touched. A name that is not here passes unchanged, whatever it holds. */
const RESPONSE_HEADERS: ReadonlyMap<string, MapHeader> = new Map<string, MapHeader>([
  ['location', url],
  ['content-location', url],
  ['sourcemap', url],
  ['x-sourcemap', url],
  ['refresh', (value, map) => mapRefresh(value, (target) => map.toPublic(target))],
  ['link', (value, map) => mapLinks(value, (target) => map.toPublic(target))],
  ['set-cookie', (value, map, policy) => cookieToPublic(value, map, policy.cookies)],
  ['content-security-policy', contentSecurity],
  ['content-security-policy-report-only', contentSecurity],
  ['x-frame-options', frameOptions],
  ['permissions-policy', (value, map) => mapStrings(value, (text) => map.originToPublic(text))],
  ['access-control-allow-origin', origins],
  ['timing-allow-origin', origins],
  ['reporting-endpoints', strings],
  ['report-to', (value, map) => mapJson(value, map, reportToMeaning)],
  ['speculation-rules', strings],
  ['service-worker-allowed', workerScope],
  ['www-authenticate', challenges],
  // RFC 7838: what the backend offers instead of itself is no alternative to us.
  ['alt-svc', () => undefined],
  ['referrer-policy', (value, _, policy) => (policy.needsReferrer ? referrerPolicyToPublic(value) : value)],
  // RFC 6797 and Network Error Logging §4: both are promises of a whole host.
  ['nel', (value, _, policy) => (policy.ownsOrigin ? value : undefined)],
  ['strict-transport-security', (value, _, policy) => (policy.ownsOrigin ? value : undefined)],
  ['clear-site-data', (value, _, policy) => (policy.ownsOrigin ? value : restrictClearing(value))],
  // Redirects that libraries in the page follow: htmx, Inertia, Turbolinks, pjax; and WordPress' pingback.
  ['hx-location', hxLocation],
  ['hx-redirect', url],
  ['hx-push-url', url],
  ['hx-replace-url', url],
  ['x-inertia-location', url],
  ['turbolinks-location', url],
  ['turbo-location', url],
  ['x-xhr-redirected-to', url],
  ['x-pjax-url', url],
  ['x-pingback', url],
  ['odata-entityid', url],
]);

/** The names of all response headers that are touched, in lower case. */
export const MAPPED_RESPONSE_HEADERS: readonly string[] = [...RESPONSE_HEADERS.keys()];

/**
 * The headers of a response, or of a 103 (RFC 8297), or its trailers, as the client is to see them. Returns the same
 * list if nothing changes.
 */
export function headersToPublic(headers: ReadonlyHeaderList, map: UrlMap, policy: HeaderPolicy): ReadonlyHeaderList {
  const names = mappedNames(headers);
  if (names === undefined) return headers;
  const changed = headers.toMutable();
  let isChanged = false;
  for (const name of names) {
    changed.mapValues(name, (value) => {
      const mapped = RESPONSE_HEADERS.get(name)?.(value, map, policy);
      if (mapped !== value) isChanged = true;
      return mapped;
    });
  }
  return isChanged ? changed : headers;
}

function mappedNames(headers: ReadonlyHeaderList): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let index = 0; index < headers.length; index++) {
    const name = headers.lowerNameAt(index);
    if (RESPONSE_HEADERS.has(name)) names = (names ?? new Set()).add(name);
  }
  return names;
}

function frameOptions(value: string, map: UrlMap): string {
  return value.replace(
    /^(\s*allow-from\s+)(\S+)/i,
    (_, sign: string, origin: string) => sign + map.originToPublic(origin),
  );
}

function mapJson(value: string, map: UrlMap, vocabulary: JsonVocabulary): string {
  return rewriteText(new VocabularyScanner(map, vocabulary), value);
}

function hxLocation(value: string, map: UrlMap): string {
  return value.trimStart().startsWith('{') ? mapJson(value, map, hxLocationMeaning) : map.toPublic(value);
}

/** Parameters that a client fetches. The realm of Bearer is one where it is an absolute URL, as for Docker registries. */
const CHALLENGE_URLS = new Set(['resource_metadata', 'authorization_uri', 'as_uri', 'error_uri']);

function challenges(value: string, map: UrlMap): string {
  return mapChallenges(value, (scheme, name, text) => {
    // RFC 7616 §3.3: domain is a list of URIs.
    if (scheme === 'digest') return name === 'domain' ? text.replace(/\S+/g, (uri) => map.toPublic(uri)) : text;
    if (scheme === 'basic') return text;
    if (name === 'realm') return /^https?:\/\//i.test(text) ? map.toPublic(text) : text;
    return CHALLENGE_URLS.has(name) ? map.toPublic(text) : text;
  });
}

/**
 * Service Workers, "Service-Worker-Allowed": a worker of this mount must not stand before its neighbours. What climbs from
 * wherever the script lies may climb to the top of the mount; what names a place outside is dropped, and the scope is the
 * folder of the script.
 */
function workerScope(value: string, map: UrlMap, policy: HeaderPolicy): string | undefined {
  const mapped = map.toPublic(value);
  const { path } = map.public;
  if (policy.ownsOrigin) return mapped;
  if (CLIMBING.test(mapped)) return path;
  return parseUrl(mapped, printBaseUrl(map.public))?.pathname.startsWith(path) === true ? mapped : undefined;
}

/** A relative reference with a segment of two dots in it, in any spelling. */
const CLIMBING = /^(?![/\\]|[a-z][a-z0-9+.-]*:)(?:.*[/\\])?(?:\.|%2e){2}(?:[/\\]|$)/i;

/** Clear-Site-Data §3.1: cookies and storage are shared by all mounts of an origin, the cache can be filled again. */
function restrictClearing(value: string): string | undefined {
  const types = value.split(',').map((type) => type.trim());
  const kept = types.filter((type) => type === '"cache"' || type === '"executionContexts"');
  if (types.includes('"*"') && !kept.includes('"cache"')) kept.push('"cache"');
  return kept.length === 0 ? undefined : kept.join(', ');
}

/** Which Host the backend is sent, and with it which of its names it believes in. */
export type HostPolicy = 'public' | 'upstream';

/** What request headers are mapped by. */
export interface RequestPolicy {
  readonly host: HostPolicy;
  readonly cookies: CookiePolicy;
}

/**
 * Maps the headers of a request in place. Origin and Referer follow the Host that is sent, because applications compare
 * them with it against forged requests: with the public Host they stay as they came. A foreign Origin always does.
 */
export function headersToBackend(headers: HeaderList, map: UrlMap, policy: RequestPolicy): void {
  if (policy.host === 'upstream') {
    headers.mapValues('host', () => printAuthority(map.backend));
    headers.mapValues('origin', (value) => map.originToBackend(value));
    for (const name of ['referer', 'hx-current-url', 'turbolinks-referrer'])
      headers.mapValues(name, (value) => map.toBackend(value));
  }
  const mapPlace = (value: string) => placeToBackend(value, map, policy.host);
  headers.mapValues('destination', mapPlace);
  headers.mapValues('if', (value) => mapResourceTags(value, mapPlace));
  if (policy.cookies !== PLAIN_COOKIES) headers.mapValues('cookie', (value) => cookiesToBackend(value, policy.cookies));
}

/** WebDAV names resources of the backend (RFC 4918 §10.3): the path is the backend's, the authority like the Host. */
function placeToBackend(value: string, map: UrlMap, host: HostPolicy): string {
  const mapped = map.toBackend(value);
  if (mapped === value || host === 'upstream') return mapped;
  const origin = printOrigin(map.backend);
  return mapped.startsWith(origin) ? printOrigin(map.public) + mapped.slice(origin.length) : mapped;
}
