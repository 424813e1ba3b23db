// What is true of a head when the body behind it is rewritten: length, validators, digests, ranges (RFC 9110, RFC 9530).
import { parseHttpDate, printHttpDate } from '../http/date.ts';
import { matchesWeakly } from '../http/etag.ts';
import type { HeaderList, ReadonlyHeaderList } from '../http/header-list.ts';
import { splitList } from '../http/token.ts';

/*
 * A rewritten body depends on the backend's body and on the map. Its entity tag therefore says both: the backend's tag
 * and the fingerprint of the map (`UrlMap.fingerprint`). A response that has only a date gets a weak tag made of it,
 * because a date cannot say under which configuration the body was rewritten.
 *
 *     "abc"                         "abc;rw=1f2e3d4c"
 *     W/"abc"                       W/"abc;rw=1f2e3d4c"
 *     Last-Modified: (784111777)    W/"lm.2ebc98a1;rw=1f2e3d4c"
 *     "abc", sent in gzip          "abc;rw=1f2e3d4c.gzip"
 *
 * Conditions of a request are turned back. A tag with another fingerprint belongs to a body of another configuration:
 * it is left out, so that the condition fails and the client gets the body of today.
 */
const TAGGED = /^((?:W\/)?")(.*);rw=([0-9a-f]{8})(?:\.[a-z]{1,8})?(")$/;
const DATED = /^W\/"lm\.([0-9a-f]{1,12})"$/;
const ENTITY_TAG = /(?:W\/)?"[^"]*"/g;

/**
 * The entity tag of the rewritten body, sent in the content coding `coding` (RFC 9110 §8.8.3: each coding has its own);
 * empty for none. A tag that is malformed is returned as it is.
 */
export function tagToPublic(tag: string, fingerprint: string, coding = ''): string {
  if (!/^(?:W\/)?"[^"]*"$/.test(tag)) return tag;
  return `${tag.slice(0, -1)};rw=${fingerprint}${coding === '' ? '' : `.${coding}`}"`;
}

/**
 * The backend's entity tag in a client's; undefined for the tag of a body that was rewritten under another
 * configuration. A tag without our suffix, of a body that was not rewritten, stays as it is.
 */
export function tagToBackend(tag: string, fingerprint: string): string | undefined {
  const match = TAGGED.exec(tag);
  if (match === null) return tag;
  const [, open = '', own = '', found, close = ''] = match;
  return found === fingerprint ? open + own + close : undefined;
}

/** Fields that describe the bytes of the backend's body and are false of any other (RFC 9530, RFC 9110 §14.3). */
const FALSE_OF_OTHER_BYTES = new Set([
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'unencoded-digest',
  'accept-ranges',
  'signature',
  'signature-input',
]);

/** The same of trailers. */
export function trailersOfRewritten(trailers: ReadonlyHeaderList): ReadonlyHeaderList {
  const changed = trailers.toMutable();
  changed.deleteAll(FALSE_OF_OTHER_BYTES);
  return changed.length === trailers.length ? trailers : changed;
}

/** How a body differs from the backend's. */
export interface RewrittenBody {
  /** Read only where a tag is made or compared, so that it can be computed then. */
  readonly fingerprint: string;
  /** Whether content codings are undone and the Content-Encoding no longer holds. */
  readonly isDecoded: boolean;
  /** The content coding that the rewritten body is sent in; left out for none. */
  readonly coding?: string;
  /**
   * Request headers that had a say in whether or how the body is rewritten; they join Vary (RFC 9110 §12.5.5). Empty
   * where the response alone decided.
   */
  readonly decidedBy: readonly string[];
}

/** Changes a response head in place so that it is true of the rewritten body: also for HEAD. */
export function headOfRewritten(headers: HeaderList, body: RewrittenBody): void {
  headers.deleteAll(FALSE_OF_OTHER_BYTES);
  const { coding = '' } = body;
  if (body.isDecoded) headers.delete('content-encoding');
  if (coding !== '') headers.set('Content-Encoding', coding);
  headers.mapValues('etag', (tag) => tagToPublic(tag.trim(), body.fingerprint, coding));
  if (!headers.has('etag')) addDatedTag(headers, body);
  addVary(headers, body.decidedBy);
}

function addDatedTag(headers: HeaderList, body: RewrittenBody): void {
  const epochMs = parseHttpDate(headers.get('last-modified') ?? '');
  if (epochMs === undefined || epochMs < 0) return;
  headers.append('ETag', tagToPublic(`W/"lm.${Math.floor(epochMs / 1000).toString(16)}"`, body.fingerprint));
}

function addVary(headers: HeaderList, names: readonly string[]): void {
  if (names.length === 0) return;
  const listed = splitList(headers.getJoined('vary') ?? '');
  if (listed.includes('*')) return;
  const known = new Set(listed.map((name) => name.toLowerCase()));
  const missing = names.filter((name) => !known.has(name.toLowerCase()));
  if (missing.length > 0) headers.set('Vary', [...listed, ...missing].join(', '));
}

/** What is known about the response that a request will get. */
export interface Expectation {
  /** Read only where the request has a tag. */
  readonly fingerprint: string;
  /** Whether a body of a rewritable type is expected: then half of it is of no use, and its date says too little. */
  readonly isRewritable: boolean;
  /** What Accept-Encoding the backend is sent; undefined leaves the client's. */
  readonly acceptEncoding: string | undefined;
}

/**
 * Changes a request's headers in place so that its answer can be rewritten and its conditions mean to the backend what
 * they mean to the client.
 *
 * If-None-Match, If-Match and If-Range lose our suffix. Tags of another configuration are left out; If-Match must not be
 * (that would let a write through), so a tag that matches nothing takes their place. If-Range without its tag means the
 * whole body, so the Range goes with it (RFC 9110 §13.1.5). If-Modified-Since goes where it could bring a 304 for a body
 * of another configuration.
 */
export function prepareForRewriting(headers: HeaderList, expected: Expectation): void {
  unpackNoneMatch(headers, expected);
  headers.mapValues('if-match', (value) => ownTags(value, expected.fingerprint).kept.join(', ') || NO_TAG);
  const range = headers.get('if-range')?.trim();
  const rangeTag = range === undefined ? undefined : tagToBackend(range, expected.fingerprint);
  if (expected.isRewritable || (range !== undefined && rangeTag === undefined)) {
    headers.delete('range');
    headers.delete('if-range');
  } else if (rangeTag !== undefined && rangeTag !== range) headers.set('If-Range', rangeTag);
  if (expected.acceptEncoding !== undefined) headers.set('Accept-Encoding', expected.acceptEncoding);
}

/** A tag that no body has: `If-Match` with it fails, as it must. */
const NO_TAG = '"portico-no-such-configuration"';

function unpackNoneMatch(headers: HeaderList, expected: Expectation): void {
  const value = headers.getJoined('if-none-match');
  if (value === undefined) {
    if (expected.isRewritable) headers.delete('if-modified-since');
    return;
  }
  const { kept, hasOwn, hasForeign } = ownTags(value, expected.fingerprint);
  const dates = kept.map((tag) => DATED.exec(tag)?.[1]).filter((date) => date !== undefined);
  const tags = kept.filter((tag) => !DATED.test(tag));
  if (hasForeign || dates.length > 0 || hasOwn) headers.delete('if-modified-since');
  if (tags.length > 0) headers.set('If-None-Match', tags.join(', '));
  else headers.delete('if-none-match');
  const [date] = dates;
  // RFC 9110 §13.1.3: If-Modified-Since counts only without If-None-Match.
  if (date !== undefined && tags.length === 0)
    headers.set('If-Modified-Since', printHttpDate(Number.parseInt(date, 16) * 1000));
}

interface OwnTags {
  /** The tags as the backend knows them. */
  readonly kept: readonly string[];
  readonly hasOwn: boolean;
  readonly hasForeign: boolean;
}

/** Takes our suffix off the tags of a list; `*` and what is no tag is kept as it is. */
function ownTags(value: string, fingerprint: string): OwnTags {
  const tags = value.match(ENTITY_TAG);
  if (tags === null) return { kept: [value], hasOwn: false, hasForeign: false };
  const mapped = tags.map((tag) => tagToBackend(tag, fingerprint));
  const kept = mapped.filter((tag) => tag !== undefined);
  const hasOwn = mapped.some((tag, index) => tag !== undefined && tag !== tags[index]);
  return { kept, hasOwn, hasForeign: kept.length < tags.length };
}

/**
 * Changes the head of a 304 in place: it stands for the body that the client holds (RFC 9110 §15.4.5). Where that is one
 * of ours, the tag is the one that the client knows it by, and what is said of the backend's bytes goes. `noneMatch` is
 * what the client sent.
 */
export function headOfNotModified(headers: HeaderList, noneMatch: string | undefined, body: RewrittenBody): void {
  const tag = headers.get('etag')?.trim();
  const known = (noneMatch?.match(ENTITY_TAG) ?? []).find((own) => isOwnTagOf(own, tag, body.fingerprint));
  if (known === undefined) return;
  headers.deleteAll(FALSE_OF_OTHER_BYTES);
  headers.delete('content-encoding');
  headers.set('ETag', known);
  addVary(headers, body.decidedBy);
}

/** Whether `own` is a tag of ours, for the body that the backend calls `tag`, or only knows by its date. */
function isOwnTagOf(own: string, tag: string | undefined, fingerprint: string): boolean {
  const backendTag = tagToBackend(own, fingerprint);
  if (backendTag === undefined || backendTag === own) return false;
  return tag === undefined || matchesWeakly(backendTag, tag);
}
