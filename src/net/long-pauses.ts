// Connections that are paused for long give the slab back that their next read would fill.
import { trimSlabs } from '../util/slab-pool.ts';

/** A connection that reads into slabs. */
export interface Pausing {
  /** Lets the slab go that the next read would fill. */
  releaseIdleSlab(): void;
}

/** A connection that was paused at one of these and still is at the next waits for a peer that takes nothing. */
const LONG_PAUSE_MS = 1_000;

/** The paused connections with a slab for their next read: most go on at once, and the others must not keep it. */
export class LongPauses {
  /** By whether they were paused at the last tick already. */
  readonly #paused = new Map<Pausing, boolean>();
  #timer: NodeJS.Timeout | undefined = undefined;

  add(connection: Pausing): void {
    this.#paused.set(connection, false);
    this.#timer ??= setInterval(() => this.#tick(), LONG_PAUSE_MS).unref();
  }

  delete(connection: Pausing): void {
    this.#paused.delete(connection);
  }

  #tick(): void {
    let hasReleased = false;
    for (const [connection, isLong] of this.#paused) {
      if (!isLong) {
        this.#paused.set(connection, true);
        continue;
      }
      this.#paused.delete(connection);
      connection.releaseIdleSlab();
      hasReleased = true;
    }
    if (hasReleased) trimSlabs();
    if (this.#paused.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
