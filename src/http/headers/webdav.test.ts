import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapStrings } from './structured.ts';
import { mapResourceTags } from './webdav.ts';

test('mapResourceTags maps tags, not state tokens', () => {
  const map = (url: string) => url.toUpperCase();
  const rows: [string, string][] = [
    ['<a> (<b> ["c"]) (Not <d>)', '<A> (<b> ["c"]) (Not <d>)'],
    ['(<a>)', '(<a>)'],
    ['<a>(<b>)<c>(<d>)', '<A>(<b>)<C>(<d>)'],
    ['<open', '<open'],
    ['', ''],
  ];
  for (const [value, expected] of rows) assert.equal(mapResourceTags(value, map), expected, value);
});

test('mapStrings maps every string', () => {
  assert.equal(
    mapStrings('a="x", b=("y" "z\\"");c=1, d', (text) => text.toUpperCase()),
    'a="X", b=("Y" "Z\\"");c=1, d',
  );
});
