// A clock that runs, and can be put forward: for tests with real programs that must not wait for months.
import { type Cancel, type Clock, systemClock } from '../../src/util/clock.ts';

/** Timers run in real time. Only the date can be moved, which calls everything that is repeated. */
export class MovableClock implements Clock {
  #offsetMs = 0;
  readonly #repeated = new Set<() => void>();

  now(): number {
    return systemClock.now();
  }

  epochMs(): number {
    return systemClock.epochMs() + this.#offsetMs;
  }

  after(delayMs: number, fn: () => void): Cancel {
    return systemClock.after(delayMs, fn);
  }

  every(intervalMs: number, fn: () => void): Cancel {
    const stop = systemClock.every(intervalMs, fn);
    this.#repeated.add(fn);
    return () => {
      stop();
      this.#repeated.delete(fn);
    };
  }

  /** Puts the date forward, and lets everything that is repeated see it. */
  putForward(byMs: number): void {
    this.#offsetMs += byMs;
    for (const fn of [...this.#repeated]) fn();
  }
}
