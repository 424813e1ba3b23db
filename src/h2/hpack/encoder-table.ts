// Both tables as an encoder sees them: from a line to its index, without searching (RFC 7541 §2.3).
import { DynamicTable } from './dynamic-table.ts';
import { findStatic, STATIC_BY_NAME, STATIC_COUNT } from './static-table.ts';

/** The entries of one name in the dynamic table, by serial number. */
interface DynamicName {
  newest: number;
  readonly values: Map<string, number>;
}

/** The static table and a dynamic one with an index of names and values. */
export class EncoderTable {
  readonly #byName = new Map<string, DynamicName>();
  readonly #table: DynamicTable;

  constructor(limitBytes: number) {
    this.#table = new DynamicTable(limitBytes, (name, value, serial) => this.#forget(name, value, serial));
  }

  get limitBytes(): number {
    return this.#table.limitBytes;
  }

  /** How many entries it has taken: as long as this is the same, and the size, so is the table. */
  get inserted(): number {
    return this.#table.inserted;
  }

  /** The index of the line; the index of its name, negated, if the line is in no table; 0 if neither is. */
  find(name: string, value: string): number {
    const fixed = STATIC_BY_NAME.get(name);
    const index = fixed === undefined ? 0 : findStatic(fixed, value);
    if (index > 0) return index;
    const learnt = this.#byName.get(name);
    const serial = learnt?.values.get(value);
    if (serial !== undefined) return this.#indexOf(serial);
    if (fixed !== undefined) return -fixed.index;
    return learnt === undefined ? 0 : -this.#indexOf(learnt.newest);
  }

  /** How many values of this name the dynamic table has. */
  countValues(name: string): number {
    return this.#byName.get(name)?.values.size ?? 0;
  }

  /** Takes a line that {@link find} did not find and that fits. */
  insert(name: string, value: string): void {
    const serial = this.#table.inserted;
    this.#table.insert(name, value);
    const learnt = this.#byName.get(name);
    if (learnt === undefined) {
      this.#byName.set(name, { newest: serial, values: new Map([[value, serial]]) });
      return;
    }
    learnt.newest = serial;
    learnt.values.set(value, serial);
  }

  resize(limitBytes: number): void {
    this.#table.resize(limitBytes);
  }

  #indexOf(serial: number): number {
    return STATIC_COUNT + this.#table.inserted - serial;
  }

  #forget(name: string, value: string, serial: number): void {
    const learnt = this.#byName.get(name);
    if (learnt?.values.get(value) === serial) learnt.values.delete(value);
    // The oldest entry leaves first, so the newest of a name leaves last.
    if (learnt?.newest === serial) this.#byName.delete(name);
  }
}
