// A clock that stands still until a test moves it.
import type { Cancel, Clock } from '../../src/util/clock.ts';

interface Timer {
  dueMs: number;
  readonly intervalMs: number | undefined;
  readonly run: () => void;
}

/** A {@link Clock} under the control of a test. Time passes only in {@link FakeClock.advance}. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #startEpochMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startEpochMs: number = Date.UTC(2025, 0, 1)) {
    this.#startEpochMs = startEpochMs;
  }

  now(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return this.#startEpochMs + this.#nowMs;
  }

  after(delayMs: number, fn: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + delayMs, intervalMs: undefined, run: fn });
  }

  every(intervalMs: number, fn: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + intervalMs, intervalMs, run: fn });
  }

  /** Lets `durationMs` pass: due timers run in the order of their time, each at its own time. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
      this.#nowMs = timer.dueMs;
      if (timer.intervalMs === undefined) this.#timers.delete(timer);
      else timer.dueMs += timer.intervalMs;
      timer.run();
    }
    this.#nowMs = endMs;
  }

  /** How many timers wait: a test's check that none was forgotten. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  #nextDue(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
