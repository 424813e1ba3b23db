// One coarse tick that watches many deadlines: no timer per connection or request.
import type { Cancel, Clock } from './clock.ts';

/** Something that may run out of time. */
export interface Expiring {
  /** The instant (monotonic ms of the same clock) after which `onDeadline` is called; Infinity for never. */
  deadlineMs: number;
  /** Called at most once per tick while the deadline is past; sets a later one, or ends what it belongs to. */
  onDeadline(): void;
}

/** Deadlines are met with this granularity: up to one interval late, never early. */
const INTERVAL_MS = 250;

/** Walks its members every 250 ms. `nowMs` is the time of the last tick: exact enough for deadlines, free to read. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #members = new Set<Expiring>();
  #cancel: Cancel | undefined = undefined;
  nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.nowMs = clock.now();
  }

  /** Starts watching. The tick runs only while there is something to watch. */
  add(member: Expiring): void {
    this.#members.add(member);
    if (this.#cancel !== undefined) return;
    this.nowMs = this.#clock.now();
    this.#cancel = this.#clock.every(INTERVAL_MS, () => this.#tick());
  }

  remove(member: Expiring): void {
    this.#members.delete(member);
  }

  /** The instant `delayMs` from now, never earlier than asked: the last tick may be an interval old. */
  in(delayMs: number): number {
    return this.nowMs + delayMs + INTERVAL_MS;
  }

  #tick(): void {
    this.nowMs = this.#clock.now();
    for (const member of this.#members) if (member.deadlineMs <= this.nowMs) member.onDeadline();
    if (this.#members.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
