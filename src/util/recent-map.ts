// A map that holds the latest used entries only: a memory that what comes from outside cannot fill.

/** Bounded: a new entry takes the place of the one that was asked for longest ago. */
export class RecentMap<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value for `key`; made, and remembered, where there is none. */
  getOrMake(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    const value = known ?? make();
    if (known !== undefined) this.#entries.delete(key);
    else if (this.#entries.size >= this.#limit) this.#forgetOldest();
    this.#entries.set(key, value);
    return value;
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
