// Walks over the places in a window where a backend's authority can be, so that everything between them costs nothing.

/**
 * Finds the next of some octet strings at or behind a position that only grows. Each string is searched for once over
 * the whole window, however many hits the others have. Begin every window with {@link start}.
 */
export class NeedleCursor {
  readonly #needles: readonly Buffer[];
  readonly #places: number[];
  #bytes: Buffer = Buffer.alloc(0);
  #next = 0;

  constructor(needles: readonly Buffer[]) {
    this.#needles = needles;
    this.#places = needles.map(() => 0);
  }

  /** Begins a window: looks in `[from, to)` of `bytes`. */
  start(bytes: Buffer, from: number, to: number): void {
    this.#bytes = to === bytes.length ? bytes : bytes.subarray(0, to);
    this.#next = from;
    for (let index = 0; index < this.#places.length; index++) this.#places[index] = this.#find(index, from);
    this.#settle();
  }

  /** Where the first needle at or behind the latest {@link skipTo} begins; `Infinity` if there is none. */
  get next(): number {
    return this.#next;
  }

  /** Whether a needle begins in `[from, to)`. `from` must not be smaller than in an earlier call. */
  isIn(from: number, to: number): boolean {
    if (this.#next < from) this.skipTo(from);
    return this.#next < to;
  }

  /** Passes over what begins before `position`. */
  skipTo(position: number): void {
    if (this.#next >= position) return;
    for (let index = 0; index < this.#places.length; index++) {
      if ((this.#places[index] ?? 0) < position) this.#places[index] = this.#find(index, position);
    }
    this.#settle();
  }

  #find(index: number, from: number): number {
    const needle = this.#needles[index];
    const place = needle === undefined ? -1 : this.#bytes.indexOf(needle, from);
    return place < 0 ? Number.POSITIVE_INFINITY : place;
  }

  #settle(): void {
    this.#next = Math.min(...this.#places);
  }
}
