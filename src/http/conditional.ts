// Conditional requests: whether a method may go ahead, given the validators of what is there now (RFC 9110 §13).
import { parseHttpDate } from './date.ts';
import { isEntityTag, matchesStrongly, matchesWeakly, parseEntityTags } from './etag.ts';
import type { ReadonlyHeaderList } from './header-list.ts';

/** What identifies the selected representation as it is now. */
export interface Validators {
  /** Its entity tag with quotes, or undefined if it has none. */
  readonly etag: string | undefined;
  /** When it was last changed, in milliseconds since 1970; only whole seconds count. Undefined if nobody knows. */
  readonly lastModifiedMs: number | undefined;
}

/** `proceed` with the method, or answer 304 (`not-modified`) or 412 (`failed`) instead. */
export type PreconditionResult = 'proceed' | 'not-modified' | 'failed';

/**
 * Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2. `current` is undefined if there is no
 * representation. Call this only where the answer would otherwise be 2xx (RFC 9110 §13.2.1); If-Range is not part of
 * it, see {@link isRangeWanted}.
 */
export function evaluatePreconditions(
  method: string,
  headers: ReadonlyHeaderList,
  current: Validators | undefined,
): PreconditionResult {
  // RFC 9110 §13.2.1: methods that neither select nor change a representation ignore preconditions.
  if (method === 'CONNECT' || method === 'OPTIONS' || method === 'TRACE') return 'proceed';
  const isRead = method === 'GET' || method === 'HEAD';

  const ifMatch = headers.getJoined('if-match');
  if (ifMatch !== undefined) {
    if (!isMatched(ifMatch, current)) return 'failed';
  } else if (!isUnmodifiedSince(headers, current)) {
    return 'failed';
  }

  const ifNoneMatch = headers.getJoined('if-none-match');
  if (ifNoneMatch !== undefined) {
    if (isNoneMatched(ifNoneMatch, current)) return 'proceed';
    return isRead ? 'not-modified' : 'failed';
  }
  return isRead && !isModifiedSince(headers, current) ? 'not-modified' : 'proceed';
}

/**
 * Whether a Range header may be honoured: no If-Range, or one that names exactly the current representation
 * (RFC 9110 §13.1.5). `nowMs` is the time in milliseconds since 1970 that the answer's Date will say.
 */
export function isRangeWanted(headers: ReadonlyHeaderList, current: Validators, nowMs: number): boolean {
  const count = headers.count('if-range');
  if (count === 0) return true;
  const value = headers.get('if-range') ?? '';
  if (count > 1) return false;
  if (isEntityTag(value)) return current.etag !== undefined && matchesStrongly(value, current.etag);
  const dateMs = parseHttpDate(value);
  if (dateMs === undefined || current.lastModifiedMs === undefined) return false;
  // RFC 9110 §8.8.2.2: a date in the second of the change is weak; the same second may have seen another version.
  const changedSecond = toSecond(current.lastModifiedMs);
  return toSecond(dateMs) === changedSecond && toSecond(nowMs) > changedSecond;
}

/** RFC 9110 §13.1.1: strong comparison. A value nobody can read matches nothing: the careful reading for a write. */
function isMatched(value: string, current: Validators | undefined): boolean {
  if (current === undefined) return false;
  const tags = parseEntityTags(value);
  if (tags === '*') return true;
  const { etag } = current;
  return tags !== undefined && etag !== undefined && tags.some((tag) => matchesStrongly(tag, etag));
}

/** RFC 9110 §13.1.2: weak comparison. A value nobody can read names nothing, so the client gets the whole answer. */
function isNoneMatched(value: string, current: Validators | undefined): boolean {
  if (current === undefined) return true;
  const tags = parseEntityTags(value);
  if (tags === '*') return false;
  const { etag } = current;
  return tags === undefined || etag === undefined || !tags.some((tag) => matchesWeakly(tag, etag));
}

/** RFC 9110 §13.1.3: true where the header is absent, no single valid date, or there is no date to compare with. */
function isModifiedSince(headers: ReadonlyHeaderList, current: Validators | undefined): boolean {
  const dateMs = singleDate(headers, 'if-modified-since');
  if (dateMs === undefined || current?.lastModifiedMs === undefined) return true;
  return toSecond(current.lastModifiedMs) > toSecond(dateMs);
}

/** RFC 9110 §13.1.4: true where the header is absent, no single valid date, or there is no date to compare with. */
function isUnmodifiedSince(headers: ReadonlyHeaderList, current: Validators | undefined): boolean {
  const dateMs = singleDate(headers, 'if-unmodified-since');
  if (dateMs === undefined || current?.lastModifiedMs === undefined) return true;
  return toSecond(current.lastModifiedMs) <= toSecond(dateMs);
}

function singleDate(headers: ReadonlyHeaderList, name: string): number | undefined {
  return headers.count(name) === 1 ? parseHttpDate(headers.get(name) ?? '') : undefined;
}

function toSecond(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}
