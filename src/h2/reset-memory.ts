// Which streams we reset: frames for them may have been on their way, and are no error (RFC 9113 §5.4.2).

/** Ids that are kept; older ones get the benefit of the doubt. */
const REMEMBERED_RESETS = 256;

/** The ids of one connection, in bounded memory. */
export class ResetMemory {
  readonly #ids = new Set<number>();
  /** The highest id that was dropped from them. */
  #highestForgotten = 0;

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size <= REMEMBERED_RESETS) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      this.#highestForgotten = Math.max(this.#highestForgotten, oldest);
      return;
    }
  }

  /** Whether a stream that is over may be one of them. */
  mayHave(id: number): boolean {
    return this.#ids.has(id) || id <= this.#highestForgotten;
  }
}
