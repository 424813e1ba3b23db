// A table of names that is searched by the bytes of a name, in any case, without making a string.
import { LOWER } from './bytes.ts';

/** Longest name a table can hold: lengths are bits of one integer. */
const MAX_NAME_LENGTH = 31;

/** Finds a name by its bytes. Most lookups end at the first octet and the length. Immutable once made. */
export class NameTable {
  /** By first octet: bit n is set if a name of length n begins with it. */
  readonly #lengths = new Int32Array(256);
  /** By length and first letter: the names to compare. */
  readonly #buckets: (readonly Entry[] | undefined)[] = new Array(1024).fill(undefined);

  /** The names and their numbers. */
  readonly names: readonly (readonly [string, number])[];

  /** @param ids name in lower-case ASCII, at most 31 octets, and its number, which is not 0. */
  constructor(ids: ReadonlyMap<string, number>) {
    this.names = [...ids];
    for (const [name, id] of ids) {
      if (name.length === 0 || name.length > MAX_NAME_LENGTH) throw new RangeError(`Cannot hold the name "${name}"`);
      const bytes = Uint8Array.from(Buffer.from(name, 'latin1'));
      const first = bytes[0] ?? 0;
      for (const octet of [first, name.toUpperCase().charCodeAt(0)]) {
        this.#lengths[octet] = (this.#lengths[octet] ?? 0) | (1 << name.length);
      }
      const bucket = (name.length << 5) | (first & 31);
      this.#buckets[bucket] = [...(this.#buckets[bucket] ?? []), { bytes, id }];
    }
  }

  /** The number of the name that stands from `start` to `end`, or 0. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > MAX_NAME_LENGTH || length === 0) return 0;
    const first = bytes[start] ?? 0;
    if (((this.#lengths[first] ?? 0) & (1 << length)) === 0) return 0;
    const bucket = this.#buckets[(length << 5) | (first & 31)];
    if (bucket === undefined) return 0;
    for (const entry of bucket) {
      const name = entry.bytes;
      let index = 1;
      while (index < length && LOWER[bytes[start + index] ?? 0] === name[index]) index++;
      if (index === length) return entry.id;
    }
    return 0;
  }
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly id: number;
}
