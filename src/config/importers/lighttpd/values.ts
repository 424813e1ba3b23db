// Values of lighttpd settings once variables are looked up, and how to read them.
import type { SourcePosition } from '../../../exchange/route.ts';
import type { ForeignDirective } from '../report.ts';

/** What a setting can hold. There are no booleans: `"enable"` and `"disable"`, or 1 and 0. */
export type Value = string | number | ArrayValue;

/** `( "key" => value, value )`: keys are optional, and may not come twice. */
export interface ArrayValue {
  readonly entries: readonly ArrayEntry[];
}

/** One element of an array. */
export interface ArrayEntry {
  readonly key: string | undefined;
  readonly value: Value;
  readonly source: SourcePosition;
}

/** A directive with its value, as one block of the file sets it. */
export interface Setting extends ForeignDirective {
  readonly value: Value;
}

export function isArray(value: Value | undefined): value is ArrayValue {
  return typeof value === 'object';
}

/** The elements of an array; of a single value, that one. */
export function entriesOf(value: Value | undefined): readonly ArrayEntry[] {
  return isArray(value) ? value.entries : [];
}

/** The element of that key, undefined if there is none. */
export function entryOf(value: Value | undefined, key: string): Value | undefined {
  return entriesOf(value).find((entry) => entry.key === key)?.value;
}

/** Text as it is, numbers in digits; undefined for arrays and for nothing. */
export function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

/** The texts of a list. */
export function textsOf(value: Value | undefined): string[] {
  return entriesOf(value).flatMap((entry) => textOf(entry.value) ?? []);
}

/** A whole number, also one in quotes. */
export function numberOf(value: Value | undefined): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Whether a switch is on: `"enable"`, `"true"`, 1 and other numbers, as lighttpd reads them. */
export function isOn(value: Value | undefined): boolean {
  const text = textOf(value)?.toLowerCase();
  return text === 'enable' || text === 'true' || text === 'on' || text === 'yes' || (numberOf(value) ?? 0) !== 0;
}

/** Joins two values as `+` and `+=` do; undefined where lighttpd refuses. A key that comes twice keeps its first value. */
export function mergeValues(left: Value, right: Value): Value | undefined {
  if (isArray(left) && isArray(right)) {
    const known = new Set(left.entries.flatMap((entry) => entry.key ?? []));
    const added = right.entries.filter((entry) => entry.key === undefined || !known.has(entry.key));
    return { entries: [...left.entries, ...added] };
  }
  if (isArray(left) || isArray(right)) return undefined;
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  return `${left}${right}`;
}
