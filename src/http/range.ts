// Byte ranges: the Range header against a length, and what Content-Range says (RFC 9110 §14). Pure.
import type { ReadonlyHeaderList } from './header-list.ts';

/** A range of bytes that exists: both ends inclusive, `first` <= `last` < length. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The ranges to send, `whole` to answer as if there was no Range, or `unsatisfiable` for 416. */
export type RangeSelection = readonly ByteRange[] | 'whole' | 'unsatisfiable';

/** How far one request may split a representation. */
export interface RangeLimits {
  /** More range-specs than this are answered with the whole. */
  readonly maxRanges: number;
  /** Ranges with fewer bytes than this between them become one; about what the head of another part costs. */
  readonly maxGapBytes: number;
}

/** Enough for any reader of PDF or of archives; the gap is a typical part head (RFC 9110 §15.3.7.2). */
export const DEFAULT_RANGE_LIMITS: RangeLimits = { maxRanges: 32, maxGapBytes: 80 };

const BYTES_UNIT = /^bytes=/i;
/** RFC 9110 §14.1.2: `first-pos "-" [ last-pos ]` or `"-" suffix-length`. */
const RANGE_SPEC = /^(?:(\d+)-(\d*)|-(\d+))$/;

/**
 * What the Range header of a GET selects from a representation of `length` bytes. Overlapping and close ranges are
 * joined, so the result is disjoint, never longer than the whole, and at most `limits.maxRanges` long; the parts keep
 * the order in which they were asked for. Ask `isRangeWanted` of conditional.ts first whether If-Range allows it.
 *
 * RFC 9110 §14.2: a Range with an unknown unit or another method is ignored; one that breaks the grammar, or splits
 * the representation beyond the limits (RFC 9110 §17.15), may be, and is.
 */
export function selectRanges(
  headers: ReadonlyHeaderList,
  length: number,
  limits: RangeLimits = DEFAULT_RANGE_LIMITS,
): RangeSelection {
  if (headers.count('range') !== 1) return 'whole';
  const value = headers.get('range') ?? '';
  if (!BYTES_UNIT.test(value)) return 'whole';
  const specs = value.slice('bytes='.length).split(',', limits.maxRanges + 1);
  if (specs.length > limits.maxRanges) return 'whole';
  const ranges: ByteRange[] = [];
  let isAnySpec = false;
  for (const spec of specs) {
    const text = spec.trim();
    if (text === '') continue; // RFC 9110 §5.6.1.2: empty list elements are nothing.
    isAnySpec = true;
    const range = parseSpec(text, length);
    if (range === 'invalid') return 'whole';
    if (range !== undefined) ranges.push(range);
  }
  if (!isAnySpec) return 'whole';
  if (ranges.length > 0) return joinRanges(ranges, limits.maxGapBytes);
  // A suffix of nothing is all of nothing, for which Content-Range has no form (RFC 9110 §14.4).
  return length === 0 && specs.some(isSuffix) ? 'whole' : 'unsatisfiable';
}

/** The Content-Range of a part, such as `bytes 0-99/1234` (RFC 9110 §14.4). */
export function printContentRange({ first, last }: ByteRange, length: number): string {
  return `bytes ${first}-${last}/${length}`;
}

/** The Content-Range of a 416: an asterisk in place of the range (RFC 9110 §14.4). */
export function printUnsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}

/** The bytes that a spec names, undefined if there are none of them, or `invalid` if it is no spec. */
function parseSpec(text: string, length: number): ByteRange | undefined | 'invalid' {
  const match = RANGE_SPEC.exec(text);
  if (match === null) return 'invalid';
  const [, firstText, lastText, suffixText] = match;
  if (firstText === undefined) {
    const suffix = Math.min(Number(suffixText), length);
    return suffix === 0 ? undefined : { first: length - suffix, last: length - 1 };
  }
  const first = Number(firstText);
  if (lastText === undefined || lastText === '') return first >= length ? undefined : { first, last: length - 1 };
  // RFC 9110 §14.1.1: an int-range whose last position is less than its first is invalid.
  if (isLess(lastText, firstText)) return 'invalid';
  return first >= length ? undefined : { first, last: Math.min(Number(lastText), length - 1) };
}

/** Compares two runs of digits by value. They may be longer than a number can tell apart (RFC 9110 §14.1.1). */
function isLess(a: string, b: string): boolean {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length === right.length ? left < right : left.length < right.length;
}

function isSuffix(spec: string): boolean {
  return /^\s*-0*[1-9]/.test(spec);
}

/** RFC 9110 §15.3.7.2: joins ranges that overlap or nearly touch; the rest stay in the order of the request. */
function joinRanges(ranges: readonly ByteRange[], maxGapBytes: number): ByteRange[] {
  const byPosition = ranges.map((range, order) => ({ ...range, order })).sort((a, b) => a.first - b.first);
  const joined: { first: number; last: number; order: number }[] = [];
  for (const range of byPosition) {
    const previous = joined.at(-1);
    if (previous !== undefined && range.first - previous.last - 1 < Math.max(maxGapBytes, 1)) {
      previous.last = Math.max(previous.last, range.last);
      previous.order = Math.min(previous.order, range.order);
    } else {
      joined.push(range);
    }
  }
  return joined.sort((a, b) => a.order - b.order).map(({ first, last }) => ({ first, last }));
}
