// Back-off: when to try again after a failure, so that neither a CA nor its limits are used up.

const MINUTE_MS = 60_000;
/** Public CAs bear five failed validations of a name in an hour (the first four of these waits lie within one). */
const FACTOR = 3;
const LONGEST_MS = 12 * 3600_000;
/** Waits differ by up to this part, so that many names do not come back at once. */
const JITTER = 0.2;

/**
 * The wait after `failures` attempts in a row came to nothing: 1, 3, 9, 27 ... minutes, at most twelve hours; never less
 * than `retryAfterMs`. `random` gives numbers from 0 to 1.
 */
export function backOffMs(failures: number, retryAfterMs: number | undefined, random: () => number): number {
  const plainMs = Math.min(LONGEST_MS, MINUTE_MS * FACTOR ** Math.max(0, failures - 1));
  return Math.max(retryAfterMs ?? 0, plainMs * (1 + JITTER * random()));
}
