// The dynamic table of HPACK: the lines that a connection has learnt, the newest first, bounded in size (RFC 7541 §2.3.2, §4).

/** RFC 9113 §6.5.2: the size of a table before anybody has said anything, octets. */
export const DEFAULT_TABLE_BYTES = 4096;
/** RFC 7541 §4.1: what an entry counts besides its octets. */
const ENTRY_OVERHEAD_BYTES = 32;
/** Slots of a new table: a power of two, as every count of slots. */
const FIRST_SLOTS = 16;

/** What an entry counts (RFC 7541 §4.1). A character is an octet. */
export function entryBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/** Told which entry left: its serial number is how many entries the table had taken before it. */
export type OnEvict = (name: string, value: string, serial: number) => void;

/**
 * A ring of entries. The entry with serial number s is in slot s modulo the count of slots, and the living ones have the
 * numbers from `inserted - count` to `inserted - 1`. There are never more of them than 32 go into the size limit.
 */
export class DynamicTable {
  #names: string[] = new Array<string>(FIRST_SLOTS).fill('');
  #values: string[] = new Array<string>(FIRST_SLOTS).fill('');
  #inserted = 0;
  #count = 0;
  #bytes = 0;
  #limitBytes: number;
  readonly #onEvict: OnEvict | undefined;

  constructor(limitBytes: number, onEvict?: OnEvict) {
    this.#limitBytes = limitBytes;
    this.#onEvict = onEvict;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** How many entries it holds. */
  get count(): number {
    return this.#count;
  }

  /** How many entries it has taken in its life: the serial number of the next one. */
  get inserted(): number {
    return this.#inserted;
  }

  /** The name of the entry at `place`, 1 for the newest, up to {@link count}. */
  nameAt(place: number): string {
    return this.#names[(this.#inserted - place) & (this.#names.length - 1)] ?? '';
  }

  /** The value of the entry at `place`. */
  valueAt(place: number): string {
    return this.#values[(this.#inserted - place) & (this.#names.length - 1)] ?? '';
  }

  /** Takes an entry. RFC 7541 §4.4: others make room; one that is larger than the table leaves it empty. */
  insert(name: string, value: string): void {
    const bytes = entryBytes(name, value);
    this.#evictDownTo(this.#limitBytes - bytes);
    if (bytes > this.#limitBytes) return;
    if (this.#count === this.#names.length) this.#grow();
    const slot = this.#inserted & (this.#names.length - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#inserted++;
    this.#count++;
    this.#bytes += bytes;
  }

  /** RFC 7541 §4.3: a lower limit evicts at once. */
  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evictDownTo(limitBytes);
  }

  #evictDownTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const serial = this.#inserted - this.#count;
      const slot = serial & (this.#names.length - 1);
      const name = this.#names[slot] ?? '';
      const value = this.#values[slot] ?? '';
      this.#names[slot] = '';
      this.#values[slot] = '';
      this.#count--;
      this.#bytes -= entryBytes(name, value);
      this.#onEvict?.(name, value, serial);
    }
  }

  #grow(): void {
    const slots = this.#names.length * 2;
    const names = new Array<string>(slots).fill('');
    const values = new Array<string>(slots).fill('');
    for (let place = 1; place <= this.#count; place++) {
      const slot = (this.#inserted - place) & (slots - 1);
      names[slot] = this.nameAt(place);
      values[slot] = this.valueAt(place);
    }
    this.#names = names;
    this.#values = values;
  }
}
