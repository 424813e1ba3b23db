// The corpus cases in which Portico is SAFE rather than PASS, each with the argument for it.

/** Case id to argument. The conformance test fails on a SAFE case that is not here, and on one here that is not SAFE. */
export const SAFE_CASES: Readonly<Record<string, string>> = {
  'rl-method-overlong':
    'RFC 9112 §3 would have 501 for a method longer than any we implement, but a proxy implements none: it carries ' +
    'any token unchanged (RFC 9110 §9.1), within the limit on heads, and the backend answers 501.',
};

/** However good the arguments, no more than this many. */
export const SAFE_CASES_LIMIT = 6;
