// The one table that answers: how long is this message's body? (RFC 9112 §6.3)
import type { ReadonlyHeaderList } from './header-list.ts';
import { isBodylessStatus } from './status.ts';

/** How the end of a body is found. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

/** Why a message cannot be framed without guessing. */
export type FramingFault = 'malformed' | 'unsupported-coding';

export const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'until-close' };
const DIGITS = /^[0-9]+$/;

/**
 * The framing of a request body, or why the request must be refused and its connection closed.
 * Stricter than RFC 9112 §6.3 where it leaves a choice: both lengths together, a repeated Content-Length (equal or
 * not), a transfer coding in HTTP/1.0 and every spelling but a plain `chunked` are refused, because two parties that
 * choose differently are how requests are smuggled.
 */
export function requestFraming(headers: ReadonlyHeaderList, isHttp10: boolean): Framing | FramingFault {
  const hasCoding = headers.has('transfer-encoding');
  const hasLength = headers.has('content-length');
  if (!hasCoding && !hasLength) return NO_BODY;
  if (hasCoding && (hasLength || isHttp10)) return 'malformed';
  return hasCoding ? codingFraming(headers) : lengthFraming(headers);
}

/**
 * The framing of a response body (RFC 9112 §6.3 rules 1 to 8), or why the response must be refused with 502.
 * `isHttp10` is the version of the response.
 */
export function responseFraming(
  headers: ReadonlyHeaderList,
  status: number,
  requestMethod: string,
  isHttp10: boolean,
): Framing | FramingFault {
  const hasCoding = headers.has('transfer-encoding');
  const hasLength = headers.has('content-length');
  if (hasCoding && (hasLength || isHttp10)) return 'malformed';
  const framing = hasCoding ? codingFraming(headers) : hasLength ? lengthFraming(headers) : UNTIL_CLOSE;
  if (typeof framing === 'string') return framing;
  return requestMethod === 'HEAD' || isBodylessStatus(status) ? NO_BODY : framing;
}

/**
 * Reads one Content-Length value: digits only, and small enough to be counted exactly (RFC 9110 §8.6).
 * Returns undefined for anything else.
 */
export function parseContentLength(value: string): number | undefined {
  if (!DIGITS.test(value)) return undefined;
  const length = Number(value);
  return Number.isSafeInteger(length) ? length : undefined;
}

function lengthFraming(headers: ReadonlyHeaderList): Framing | FramingFault {
  if (headers.count('content-length') > 1) return 'malformed';
  const length = parseContentLength(headers.get('content-length') ?? '');
  return length === undefined ? 'malformed' : { kind: 'length', length };
}

/** RFC 9112 §6.1: a coding that is not understood should get 501; what does not end in chunked has no end. */
function codingFraming(headers: ReadonlyHeaderList): Framing | FramingFault {
  if (headers.count('transfer-encoding') > 1) return 'malformed';
  const value = (headers.get('transfer-encoding') ?? '').toLowerCase();
  if (value === 'chunked') return CHUNKED;
  return /^[a-z0-9-]+[ \t]*,.*\bchunked$/.test(value) && !value.includes('"') ? 'unsupported-coding' : 'malformed';
}
