// Methods and what RFC 9110 §9 says of them.

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const CONTENT_UNUSUAL = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** RFC 9110 §9.2.1: the client asks for no change of state. Methods are case-sensitive (RFC 9110 §9.1). */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** RFC 9110 §9.2.2: sending it twice is meant to have the effect of sending it once. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Whether requests mean "no content" by silence; others say Content-Length: 0 (RFC 9110 §8.6). */
export function meansNoContent(method: string): boolean {
  return CONTENT_UNUSUAL.has(method);
}
