// The corpus cases in which Portico is SAFE rather than PASS, each with the argument for it.

/** Case id to argument. The conformance test fails on a SAFE case that is not here, and on one here that is not SAFE. */
export const SAFE_CASES: Readonly<Record<string, string>> = {};

/** However good the arguments, no more than this many. */
export const SAFE_CASES_LIMIT = 6;
