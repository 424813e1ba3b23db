// Tests of the CSS scanner: tables, each case at every split, and properties.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertRewritten, exampleMap, rewriteWhole } from '../../../test/kit/rewrite-text.ts';
import { parseBaseUrl } from '../base-url.ts';
import { leadBytesOf } from '../charset.ts';
import { UrlMap } from '../url-map.ts';

const TIMEOUT = { timeout: 300_000 };

/** Input and what becomes of it; alone: it stays. */
type Case = readonly [input: string, expected?: string];

function check(cases: readonly Case[]): void {
  for (const [input, expected = input] of cases) assertRewritten('css', input, expected);
}

test('css: URLs', TIMEOUT, () => {
  check([
    ['a{b:url(/x)}', 'a{b:url(/app/x)}'],
    ['a{b:url( "/x" )}', 'a{b:url( "/app/x" )}'],
    ["a{b:URL('http://127.0.0.1:8080')}", "a{b:URL('https://example.com/app/')}"],
    ['a{b:url(\\2f x)}', 'a{b:url(\\2f app\\2f x)}'],
    ['a{b:url(/a\\)b)}', 'a{b:url(/app/a\\)b)}'],
    ['a{b:u\\72l(/x)}', 'a{b:u\\72l(/app/x)}'],
    ['@import "/x" layer(a) supports(b:url(/c));', '@import "/app/x" layer(a) supports(b:url(/app/c));'],
    ['@import url(//127.0.0.1:8080/x);', '@import url(//example.com/app/x);'],
    [
      'a{b:image-set("/x" type("image/png") 1x, url(/y) 2x)}',
      'a{b:image-set("/app/x" type("image/png") 1x, url(/app/y) 2x)}',
    ],
    ['a{b:src("/x")}', 'a{b:src("/app/x")}'],
    ['a{b:url(/x', 'a{b:url(/app/x'],
    ['/*# sourceMappingURL=/x.map */', '/*# sourceMappingURL=/app/x.map */'],
    ['a{b:url(data:a,/x),url(/y)}', 'a{b:url(data:a,/x),url(/app/y)}'],
    ['a{b:url(/x?u=http%3A%2F%2F127.0.0.1%3A8080%2Fy)}', 'a{b:url(/app/x?u=https%3A%2F%2Fexample.com%2Fapp%2Fy)}'],
  ]);
});

test('css: what stays', TIMEOUT, () => {
  check([
    ['a{b:url(x) url(../x) url(#x) url(?x) url() url("") url(https://cdn.example.net/x)}'],
    ['a{content:"/x";b:"url(/x)";c:attr(/x)}/* url(/x) @import "/y" */'],
    ['@namespace a url(http://127.0.0.1:8080/a);@namespace "http://127.0.0.1:8080/b";'],
    ['a{b:url(data:text/plain,http://127.0.0.1:8080/x)}b{c:url("data:a,http://127.0.0.1:8080/")}'],
    ['a{b:url(/x y)}a{b:url(/x"y)}'],
    ['@charset "/x";@media "/y"{}'],
    ['a{b:"/x\n;c:url-prefix(/y)}'],
  ]);
});

test('css: authorities are mapped in any other string and in comments', TIMEOUT, () => {
  check([
    ['a{content:"http://127.0.0.1:8080/x"}', 'a{content:"https://example.com/app/x"}'],
    [':root{--a:http://127.0.0.1:8080/x;--b:"/y"}', ':root{--a:https://example.com/app/x;--b:"/y"}'],
    ['/* http://127.0.0.1:8080/x */a{b:url(/x)}', '/* https://example.com/app/x */a{b:url(/app/x)}'],
  ]);
});

test('css: the second byte of a character is neither a quote nor a backslash', TIMEOUT, () => {
  const leadBytes = leadBytesOf('shift_jis');
  assert.ok(leadBytes);
  // 表 is 95 5C in Shift_JIS, and 5C alone is a backslash.
  const input = '.\x95\x5c{b:"\x95\x5c";c:url(/\x95\x5c),url("/\x95\x5c")}';
  const expected = '.\x95\x5c{b:"\x95\x5c";c:url(/app/\x95\x5c),url("/app/\x95\x5c")}';
  assertRewritten('css', input, expected, () => ({ leadBytes }));
});

const PARTS = [
  ...[
    'url(',
    'src(',
    'image-set(',
    '(',
    ')',
    '"',
    "'",
    '/x',
    '\\',
    '\n',
    '/*',
    '*/',
    '@import ',
    '@namespace ',
    ';',
    '{',
    '}',
  ],
  ...[
    'http://127.0.0.1:8080',
    '/y',
    ' ',
    'a',
    'data:',
    'http:\\/\\/127.0.0.1:8080\\/',
    '\\2f ',
    'sourceMappingURL=',
    '/*# ',
  ],
];
const sheets = fc.array(fc.constantFrom(...PARTS), { maxLength: 20 }).map((parts) => parts.join(''));

test('css: the same at random splits, and again the same when rewritten twice', TIMEOUT, () => {
  fc.assert(
    fc.property(sheets, (sheet) => {
      const once = rewriteWhole(sheet, 'css');
      assertRewritten('css', sheet, once);
      assert.equal(rewriteWhole(once, 'css'), once);
    }),
    { numRuns: 500 },
  );
});

test('css: a mount without a prefix changes authorities only', TIMEOUT, () => {
  const map = new UrlMap({ public: parseBaseUrl('https://example.com'), backend: exampleMap.backend });
  const input = 'a{b:url(/x),url(http://127.0.0.1:8080/y)}';
  assertRewritten('css', input, 'a{b:url(/x),url(https://example.com/y)}', () => ({}), map);
});
