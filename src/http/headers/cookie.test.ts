import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCookiePairs } from './cookie.ts';

test('readCookiePairs', () => {
  const rows: [string, ...[string, string][]][] = [
    ['a=1; c=2', ['a', 'a=1'], ['c', 'c=2']],
    ['a=1;drop = 2;c=x=y', ['a', 'a=1'], ['drop', 'drop = 2'], ['c', 'c=x=y']],
    [' ; '],
    ['novalue; a="1"', ['', 'novalue'], ['a', 'a="1"']],
  ];
  for (const [value, ...expected] of rows)
    assert.deepEqual(
      readCookiePairs(value).map(({ name, text }) => [name, text]),
      expected,
      value,
    );
});
