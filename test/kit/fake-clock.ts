// A clock that stands still until a test moves it.
import type { Cancel, Clock } from '../../src/util/clock.ts';

interface Timer {
  dueMs: number;
  readonly intervalMs: number | undefined;
  readonly fn: () => void;
}

/** Time by hand. Starts at `now() === 0`; the wall clock starts at 2026-01-01 unless told otherwise. */
export class FakeClock implements Clock {
  readonly #startEpochMs: number;
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  constructor(startEpochMs = Date.UTC(2026, 0, 1)) {
    this.#startEpochMs = startEpochMs;
  }

  now(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return this.#startEpochMs + this.#nowMs;
  }

  after(delayMs: number, fn: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + Math.max(0, delayMs), intervalMs: undefined, fn });
  }

  every(intervalMs: number, fn: () => void): Cancel {
    const atLeastMs = Math.max(1, intervalMs);
    return this.#add({ dueMs: this.#nowMs + atLeastMs, intervalMs: atLeastMs, fn });
  }

  /** How many timers are set. A test of cleaning up wants 0. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Moves time on and calls what is due, in the order of the instants, each at its own instant. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) this.#fire(timer);
    this.#nowMs = endMs;
  }

  /** Like {@link advance}, with a turn of the event loop before, behind and between, so that promises and I/O go on. */
  async advanceWithTurns(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await turn();
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
      this.#fire(timer);
      await turn();
    }
    this.#nowMs = endMs;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #fire(timer: Timer): void {
    this.#nowMs = timer.dueMs;
    if (timer.intervalMs === undefined) this.#timers.delete(timer);
    else timer.dueMs += timer.intervalMs;
    timer.fn();
  }

  /** Of timers due at the same instant the one set first. */
  #nextDue(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
