import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renameCookies } from './cookie.ts';

test('renameCookies', () => {
  const rename = (name: string) => (name === 'drop' ? undefined : name === 'a' ? 'b' : name);
  const rows: [string, string | undefined][] = [
    ['a=1; c=2', 'b=1; c=2'],
    ['a=1;drop=2;c=x=y', 'b=1; c=x=y'],
    ['drop=1', undefined],
    [' ; ', undefined],
    ['novalue; a="1"', 'novalue; b="1"'],
  ];
  for (const [value, expected] of rows) assert.equal(renameCookies(value, rename), expected, value);
});
