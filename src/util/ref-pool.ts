// Reference-counted shared values, kept by content key: what survives from one configuration to the next.

interface Entry {
  readonly value: object;
  readonly close: ((value: never) => void) | undefined;
  holders: number;
}

/** Values that several holders share. A value is closed when its last holder lets go. */
export class RefPool {
  readonly #entries = new Map<string, Entry>();

  /** The value under `key`, made now if nobody holds one. The caller counts as a holder until it calls `release`. */
  hold<T extends object>(key: string, make: () => T, close?: (value: T) => void): T {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      found.holders++;
      return found.value as T;
    }
    const value = make();
    this.#entries.set(key, { value, close, holders: 1 });
    return value;
  }

  /** Whether somebody holds a value under `key`. */
  isHeld(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Lets go of the value under `key`; the last holder closes it. */
  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || --entry.holders > 0) return;
    this.#entries.delete(key);
    entry.close?.(entry.value as never);
  }

  get size(): number {
    return this.#entries.size;
  }
}
