// Ranges: the grammar, what is satisfiable, joining, and the bounds against range bombs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeaderList } from './header-list.ts';
import {
  type ByteRange,
  DEFAULT_RANGE_LIMITS,
  printContentRange,
  printUnsatisfiedRange,
  type RangeSelection,
  selectRanges,
} from './range.ts';

const HUGE = '9'.repeat(400);

test('selectRanges: one table over a length of 1000', () => {
  const cases: [value: string, expected: RangeSelection | string][] = [
    ['bytes=0-499', '0-499'],
    ['bytes=500-999', '500-999'],
    ['bytes=500-', '500-999'],
    ['bytes=-500', '500-999'],
    ['bytes=0-0', '0-0'],
    ['bytes=-1', '999-999'],
    ['bytes=0-', '0-999'],
    ['Bytes=0-1', '0-1'],
    ['bytes=0-9999', '0-999'],
    ['bytes=-9999', '0-999'],
    [`bytes=0-${HUGE}`, '0-999'],
    [`bytes=-${HUGE}`, '0-999'],
    ['bytes=000-0001', '0-1'],
    ['bytes= 0-1 , 200-201 ', '0-1 200-201'],
    ['bytes=,0-1,,', '0-1'],
    // Unsatisfiable: RFC 9110 §14.1.2 and §15.5.17.
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=1000-1001', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    [`bytes=${HUGE}-`, 'unsatisfiable'],
    [`bytes=${HUGE}-${HUGE}`, 'unsatisfiable'],
    ['bytes=1000-,2000-', 'unsatisfiable'],
    // One satisfiable range is enough.
    ['bytes=1000-,0-1', '0-1'],
    // Broken or unknown: ignored.
    ['bytes=5-4', 'whole'],
    [`bytes=${HUGE}-5`, 'whole'],
    ['bytes=0-1,5-4', 'whole'],
    ['bytes=', 'whole'],
    ['bytes=,', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=1', 'whole'],
    ['bytes=--1', 'whole'],
    ['bytes=+1-2', 'whole'],
    ['bytes=0-1-2', 'whole'],
    ['bytes=0 -1', 'whole'],
    ['bytes 0-1', 'whole'],
    ['lines=0-1', 'whole'],
    ['', 'whole'],
    // Joining: overlap, touch, a gap of less than a part head; the order of the request otherwise.
    ['bytes=0-99,50-149', '0-149'],
    ['bytes=0-99,100-199', '0-199'],
    ['bytes=0-99,179-199', '0-199'],
    ['bytes=0-99,180-199', '0-99 180-199'],
    ['bytes=900-999,0-99', '900-999 0-99'],
    ['bytes=900-999,0-99,500-599,850-910', '850-999 0-99 500-599'],
    ['bytes=0-99,500-599,50-149', '0-149 500-599'],
    ['bytes=0-,0-,0-,0-', '0-999'],
    ['bytes=-1,0-0', '999-999 0-0'],
  ];
  for (const [value, expected] of cases) assert.deepEqual(select(value, 1000), expected, value);
});

test('selectRanges: an empty representation', () => {
  assert.equal(select('bytes=0-', 0), 'unsatisfiable');
  assert.equal(select('bytes=-5', 0), 'whole');
  assert.equal(select('bytes=-0', 0), 'unsatisfiable');
});

test('selectRanges: no header or two of them mean the whole', () => {
  assert.equal(selectRanges(HeaderList.from({}), 10), 'whole');
  const twice = HeaderList.from([
    ['Range', 'bytes=0-1'],
    ['Range', 'bytes=0-1'],
  ]);
  assert.equal(selectRanges(twice, 10), 'whole');
});

test('selectRanges: more ranges than the limit mean the whole', () => {
  const list = (count: number) => `bytes=${Array.from({ length: count }, (_, index) => `${index * 200}-`).join(',')}`;
  const spread = (count: number) =>
    `bytes=${Array.from({ length: count }, (_, index) => `${index * 200}-${index * 200}`).join(',')}`;
  assert.equal((selectRanges(header(spread(32)), 1e6) as ByteRange[]).length, 32);
  assert.equal(select(list(33), 1e6), 'whole');
  assert.equal(select(`bytes=${'0-,'.repeat(30_000)}`, 1e6), 'whole');
});

test('printContentRange and printUnsatisfiedRange', () => {
  assert.equal(printContentRange({ first: 0, last: 99 }, 1234), 'bytes 0-99/1234');
  assert.equal(printUnsatisfiedRange(1234), 'bytes */1234');
});

test('laws: ranges exist, are apart, cover what was asked for, and selecting them again changes nothing', () => {
  const spec = fc.tuple(fc.nat(3000), fc.nat(3000)).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 32 }), fc.integer({ min: 1, max: 3000 }), (specs, length) => {
      const selection = selectRanges(header(printSpecs(specs)), length);
      if (typeof selection === 'string') {
        assert.equal(selection, 'unsatisfiable');
        assert.ok(specs.every(({ first }) => first >= length));
        return;
      }
      for (const { first, last } of selection) assert.ok(0 <= first && first <= last && last < length);
      const sorted = [...selection].sort((a, b) => a.first - b.first);
      for (let index = 1; index < sorted.length; index++) {
        const gap = (sorted[index]?.first ?? 0) - (sorted[index - 1]?.last ?? 0) - 1;
        assert.ok(gap >= DEFAULT_RANGE_LIMITS.maxGapBytes);
      }
      for (const { first, last } of specs) {
        if (first >= length) continue;
        const end = Math.min(last, length - 1);
        assert.ok(selection.some((range) => range.first <= first && end <= range.last));
      }
      assert.deepEqual(selectRanges(header(printSpecs(selection)), length), selection);
    }),
  );
});

function printSpecs(ranges: readonly ByteRange[]): string {
  return `bytes=${ranges.map(({ first, last }) => `${first}-${last}`).join(',')}`;
}

function header(value: string): HeaderList {
  return HeaderList.from({ Range: value });
}

function select(value: string, length: number): string {
  const selection = selectRanges(header(value), length);
  if (typeof selection === 'string') return selection;
  return selection.map(({ first, last }) => `${first}-${last}`).join(' ');
}
