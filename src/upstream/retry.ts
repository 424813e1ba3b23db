// Which failed attempt may be followed by another one (RFC 9110 §9.2.2), and by which.
import type { Body } from '../exchange/body.ts';
import type { ProxyError } from '../exchange/errors.ts';
import { isIdempotent } from '../http/method.ts';

/** What to do after a failed attempt: `again` at the same endpoint on another connection, or at `another` endpoint. */
export type NextAttempt = 'again' | 'another' | 'none';

/**
 * A request goes out a second time only if the first cannot have been acted on, or if acting on it twice is the same as
 * once. `canBeSent`: the request body was not read yet, or all of it that was read is kept.
 */
export function nextAttempt(
  error: ProxyError,
  method: string,
  body: Body,
  canBeSent: boolean,
  wasReused: boolean,
): NextAttempt {
  if (!canBeSent) return 'none';
  switch (error.retry) {
    case 'always':
      return 'another';
    case 'unprocessed':
      return 'again';
    case 'if-reused':
      // RFC 9112 §9.3.1: a kept connection may be closed at any time; what was sent on it may not have been seen.
      return wasReused && body.isEmpty && isIdempotent(method) ? 'again' : 'none';
    case 'if-idempotent':
      return isIdempotent(method) ? 'another' : 'none';
    case 'never':
      return 'none';
  }
}
