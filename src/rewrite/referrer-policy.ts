// Referrer policies that keep paths from the page's own origin, and those that say the same to every other one.

/** Referrer Policy §3: each differs from its key only in what requests to the own origin tell. */
const RELAXED: ReadonlyMap<string, string> = new Map([
  ['no-referrer', 'same-origin'],
  ['origin', 'origin-when-cross-origin'],
  ['strict-origin', 'strict-origin-when-cross-origin'],
]);

/** A value of Referrer-Policy, or of its meta element, with full Referers within the origin and no other ones outside. */
export function referrerPolicyToPublic(value: string): string {
  return value.replace(/[^\s,]+/g, (token) => RELAXED.get(token.toLowerCase()) ?? token);
}
