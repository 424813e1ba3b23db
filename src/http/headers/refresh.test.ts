import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findRefreshUrl, mapRefresh } from './refresh.ts';

describe('findRefreshUrl', () => {
  const rows: [string, string | undefined][] = [
    ['5; url=/x', '/x'],
    ['0;URL="/x y"', '/x y'],
    ["0,url='/x' trailing", '/x'],
    ['0;url="/x', '/x'],
    ['5 ; /x', '/x'],
    ['5 /x', '/x'],
    ['5.5; url = /x', '/x'],
    ['.5;url=/x', '/x'],
    ['5;urlx', 'urlx'],
    ['60', undefined],
    ['60;', undefined],
    ['60; url=', undefined],
    ['url=/x', undefined],
    ['5x; url=/x', undefined],
    ['', undefined],
  ];
  for (const [value, expected] of rows)
    test(JSON.stringify(value), () => {
      const found = findRefreshUrl(value);
      assert.equal(found === undefined ? undefined : value.slice(found.start, found.end), expected);
    });
});

test('mapRefresh keeps everything else', () => {
  const map = (url: string) => `<${url}>`;
  assert.equal(mapRefresh("0; URL = '/x' ;", map), "0; URL = '</x>' ;");
  assert.equal(mapRefresh('60', map), '60');
});
