// Styles, markup, image candidates and cookies as applications write them at run time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMapper } from './mapper.ts';
import { createTextMaps, kindOfAttribute, type TextMaps } from './texts.ts';

const CONFIG = { path: '/app/', base: '/', prefix: 'auto', except: [], backends: [] } as const;
const maps = createTextMaps(createMapper(CONFIG, 'https://example.com'), CONFIG);

const CASES: readonly (readonly [kind: keyof TextMaps, input: string, expected: string])[] = [
  ['c', 'a{b:url(/x)}', 'a{b:url(/app/x)}'],
  ['c', `a{b:url( "/x" ) url('y') url(/app/z)}`, `a{b:url( "/app/x" ) url('y') url(/app/z)}`],
  ['c', '@import "/x.css";@import url(/y.css);', '@import "/app/x.css";@import url(/app/y.css);'],
  ['c', 'a{content:"/x";b:url(data:,/x)}', 'a{content:"/x";b:url(data:,/x)}'],
  ['h', '<a href="/x">/x</a>', '<a href="/app/x">/x</a>'],
  ['h', "<A HREF='/x' title=\"href='/y'\">", "<A HREF='/app/x' title=\"href='/y'\">"],
  ['h', '<img src=/x srcset="/a 1x, /b 2x">', '<img src=/app/x srcset="/app/a 1x, /app/b 2x">'],
  [
    'h',
    '<p title=">" style="background:url(&quot;/x&quot;)">',
    '<p title=">" style="background:url(&quot;/app/x&quot;)">',
  ],
  [
    'h',
    '<!-- <a href="/x"> --><textarea><a href="/x"></textarea>',
    '<!-- <a href="/x"> --><textarea><a href="/x"></textarea>',
  ],
  [
    'h',
    '<style>a{b:url(/x)}</style><script src="/x">"<a href=/x>"</script>',
    '<style>a{b:url(/app/x)}</style><script src="/app/x">"<a href=/x>"</script>',
  ],
  [
    'h',
    '<object data="/x"></object><div data="/x" data-href="/x">',
    '<object data="/app/x"></object><div data="/x" data-href="/x">',
  ],
  ['h', '3 < 4 and <b', '3 < 4 and <b'],
  ['s', '/a, /b 2x,/c 3x', '/app/a, /app/b 2x,/app/c 3x'],
  ['s', ' /a,b 100w , /c,', ' /app/a,b 100w , /app/c,'],
  ['l', '/a  /b', '/app/a  /app/b'],
  ['k', 'a=/; path=/', 'a=/; path=/app'],
  ['k', 'a=1; Path=/x; Secure', 'a=1; Path=/app/x; Secure'],
  ['k', 'a=1; path=/app/x', 'a=1; path=/app/x'],
  ['k', 'a=1', 'a=1'],
  ['k', '__Host-a=1; path=/; secure', '__Host-a=1; path=/; secure'],
];

for (const [kind, input, expected] of CASES) {
  test(`${kind}: ${input}`, () => {
    assert.equal(maps[kind](input), expected);
    assert.equal(maps[kind](expected), expected, 'a second time');
  });
}

test('kindOfAttribute', () => {
  assert.equal(kindOfAttribute('HREF', 'a'), 'u');
  assert.equal(kindOfAttribute('data', 'object'), 'u');
  assert.equal(kindOfAttribute('data', 'div'), undefined);
  assert.equal(kindOfAttribute('title', 'a'), undefined);
});
