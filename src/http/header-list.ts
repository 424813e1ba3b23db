// Ordered header lines of one message section, with the spelling and the duplicates they arrived with.

import { lowerHeaderName } from './header-names.ts';

/** The reading half of a {@link HeaderList}; heads hand out this one. */
export interface ReadonlyHeaderList extends Iterable<readonly [name: string, value: string]> {
  /** How many lines there are. */
  readonly length: number;
  /** The first value of `name` (lower case), or undefined. */
  get(name: string): string | undefined;
  /** Every value of `name` (lower case), in order. */
  getAll(name: string): string[];
  /** Every value of `name` (lower case) joined by `, ` as RFC 9110 §5.3 allows for list headers, or undefined. */
  getJoined(name: string): string | undefined;
  /** Whether a line called `name` (lower case) exists. */
  has(name: string): boolean;
  /** How many lines are called `name` (lower case). */
  count(name: string): number;
  /** The name of line `index` as it was spelled. */
  nameAt(index: number): string;
  /** The name of line `index` in lower case. */
  lowerNameAt(index: number): string;
  /** The value of line `index`. */
  valueAt(index: number): string;
  /** A copy that may be changed. */
  toMutable(): HeaderList;
  /**
   * One value computed from this list and kept with it, such as the header block to send for it.
   * Two slots: a third `key` takes the place of the one asked for longest ago. Valid only because nobody changes a list
   * that was handed out.
   */
  derive<T>(key: object, make: (list: ReadonlyHeaderList) => T): T;
}

/**
 * Ordered list of header lines. Names for lookup are always lower case; the spelling is kept for sending.
 * Never folds or joins lines by itself (RFC 9110 §5.3). Owned by one head; copy it with `toMutable` before changing it.
 */
export class HeaderList implements ReadonlyHeaderList {
  readonly #names: string[];
  readonly #lowerNames: string[];
  readonly #values: string[];
  #derivedKey: object | undefined = undefined;
  #derived: unknown = undefined;
  #olderKey: object | undefined = undefined;
  #older: unknown = undefined;

  /** Takes over three arrays of equal length; the caller gives them up. `lowerNames` is `names` in lower case. */
  constructor(names: string[] = [], lowerNames: string[] = [], values: string[] = []) {
    this.#names = names;
    this.#lowerNames = lowerNames;
    this.#values = values;
  }

  /** Builds a list from name and value pairs, or from an object. */
  static from(lines: Iterable<readonly [string, string]> | Record<string, string>): HeaderList {
    const list = new HeaderList();
    const pairs = Symbol.iterator in lines ? lines : Object.entries(lines);
    for (const [name, value] of pairs as Iterable<readonly [string, string]>) list.append(name, value);
    return list;
  }

  get length(): number {
    return this.#names.length;
  }

  get(name: string): string | undefined {
    const index = this.#lowerNames.indexOf(name);
    return index < 0 ? undefined : this.#values[index];
  }

  getAll(name: string): string[] {
    return this.#values.filter((_, index) => this.#lowerNames[index] === name);
  }

  getJoined(name: string): string | undefined {
    const first = this.#lowerNames.indexOf(name);
    if (first < 0) return undefined;
    if (this.#lowerNames.indexOf(name, first + 1) < 0) return this.#values[first];
    return this.getAll(name).join(', ');
  }

  has(name: string): boolean {
    return this.#lowerNames.includes(name);
  }

  count(name: string): number {
    let count = 0;
    for (const lowerName of this.#lowerNames) if (lowerName === name) count++;
    return count;
  }

  nameAt(index: number): string {
    return this.#names[index] as string;
  }

  lowerNameAt(index: number): string {
    return this.#lowerNames[index] as string;
  }

  valueAt(index: number): string {
    return this.#values[index] as string;
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (let index = 0; index < this.#names.length; index++) yield [this.nameAt(index), this.valueAt(index)];
  }

  /** Adds a line at the end. */
  append(name: string, value: string): void {
    this.#names.push(name);
    this.#lowerNames.push(lowerHeaderName(name) ?? name.toLowerCase());
    this.#values.push(value);
  }

  /** Adds line `index` of `other` at the end. */
  appendFrom(other: ReadonlyHeaderList, index: number): void {
    this.#names.push(other.nameAt(index));
    this.#lowerNames.push(other.lowerNameAt(index));
    this.#values.push(other.valueAt(index));
  }

  /** Replaces every line called `name` by one with `value`, where the first stood, or at the end. */
  set(name: string, value: string): void {
    const lowerName = name.toLowerCase();
    const index = this.#lowerNames.indexOf(lowerName);
    if (index < 0) {
      this.append(name, value);
      return;
    }
    this.#values[index] = value;
    this.#removeFrom(index + 1, (candidate) => candidate === lowerName);
  }

  /** Removes every line called `name` (any case) and says whether there was one. */
  delete(name: string): boolean {
    const lowerName = name.toLowerCase();
    return this.#removeFrom(0, (candidate) => candidate === lowerName);
  }

  /** Removes every line whose lower-case name is in `names`. */
  deleteAll(names: ReadonlySet<string>): void {
    this.#removeFrom(0, (candidate) => names.has(candidate));
  }

  /** Replaces the value of each line called `name` (lower case) by `map(value)`; `undefined` removes the line. */
  mapValues(name: string, map: (value: string) => string | undefined): void {
    for (let index = this.#names.length - 1; index >= 0; index--) {
      if (this.#lowerNames[index] !== name) continue;
      const value = map(this.valueAt(index));
      if (value === undefined) this.#removeAt(index);
      else this.#values[index] = value;
    }
  }

  toMutable(): HeaderList {
    return new HeaderList(this.#names.slice(), this.#lowerNames.slice(), this.#values.slice());
  }

  derive<T>(key: object, make: (list: ReadonlyHeaderList) => T): T {
    if (this.#derivedKey !== key) {
      const derived = this.#olderKey === key ? this.#older : make(this);
      this.#olderKey = this.#derivedKey;
      this.#older = this.#derived;
      this.#derivedKey = key;
      this.#derived = derived;
    }
    return this.#derived as T;
  }

  #removeFrom(start: number, isUnwanted: (lowerName: string) => boolean): boolean {
    let found = false;
    for (let index = this.#names.length - 1; index >= start; index--) {
      if (!isUnwanted(this.lowerNameAt(index))) continue;
      this.#removeAt(index);
      found = true;
    }
    return found;
  }

  #removeAt(index: number): void {
    this.#names.splice(index, 1);
    this.#lowerNames.splice(index, 1);
    this.#values.splice(index, 1);
  }
}
