// Time as a dependency: the only file that reads the system clock or sets timers, so that tests can hand in their own.
import { performance } from 'node:perf_hooks';

/** A handle that cancels what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

/**
 * What the rest of the program knows about time.
 * `now` is monotonic milliseconds with a fraction; `epochMs` is wall-clock milliseconds since 1970, for dates only.
 */
export interface Clock {
  now(): number;
  epochMs(): number;
  /** Calls `fn` once after at least `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, fn: () => void): Cancel;
  /** Calls `fn` every `intervalMs`. The timer does not keep the process alive. */
  every(intervalMs: number, fn: () => void): Cancel;
}

/** The instant now, in monotonic milliseconds: for what is only measured and never waited for. */
export function monotonicNow(): number {
  return performance.now();
}

/** The real clock. */
export const systemClock: Clock = {
  now: monotonicNow,
  epochMs: () => Date.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(intervalMs, fn) {
    const timer = setInterval(fn, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
