// Tests of the CSS tokenizer: tables, and css-tree's tokenizer as an oracle on tables and generated text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertSameUrls } from '../../../test/kit/css-oracle.ts';
import { logUrls } from '../../../test/kit/css-url-log.ts';

const TIMEOUT = { timeout: 300_000 };

const CASES = [
  'a{background:url(/b.png)}',
  'a{background:url("/b.png") no-repeat}',
  "a{background:url( '/b.png' )}",
  'a{background:URL(  /b.png  )}',
  'a{background:url(/a\\).png)}',
  'a{background:url(/a\\ b.png)}',
  'a{background:url(/a\\29 .png)}',
  'a{background:url(/a b.png)}b{background:url(/c.png)}',
  'a{background:url(/a"b.png)}b{background:url(/c.png)}',
  "a{background:url(/a'\\)b.png)}b{background:url(/c.png)}",
  'a{background:url(/a(b.png)}b{background:url(/c.png)}',
  'a{background:url(/a\x01b.png)}b{background:url(/c.png)}',
  'a{background:url(/a\\\nb.png)}b{background:url(/c.png)}',
  'a{background:url()}b{background:url("")}c{background:url( )}',
  'a{background:url(/x',
  'a{background:url("/x',
  'a{background:url("/x\n)}b{background:url(/c)}',
  'a{background:url("/x\\\ny")}b{background:url("/x\\\r\ny")}',
  'a{background:url("/x\\\ry")}',
  '@import "/s.css" screen;@import url(/t.css);@import url("/u.css") layer(x);',
  '@import/**/"/s.css";@import /* " */ \'/t.css\' supports(display:grid);',
  '@IMPORT "/s.css";@\\69mport "/t.css";@import\n"/u.css";@imports "/v.css";',
  '@import x "/s.css";@charset "utf-8";@font-face{font-family:"/x"}',
  '@namespace "http://www.w3.org/1999/xhtml";@namespace svg url(http://www.w3.org/2000/svg);a{b:url(/x)}',
  '@namespace "a;b";@import "/x";@namespace a url(b;c);@import "/y";',
  'a{background:image-set("/a.png" 1x, "/b.png" type("image/png") 2x, url(/c.png) 3x)}',
  'a{background:-webkit-image-set("/a.png" 1x)}b{content:"/x"}',
  'a{background:src("/a.png")}b{background:src("/a" mod("/b") "c")}',
  'a{background:url("/a.png" mod("/b") "c")}',
  'a{content:"url(/x)"}b{content:\'@import "/y"\'}',
  '/* url(/x) @import "/y" */a{}/**/b{c:url(/d)}/*/url(/x)*/',
  'a{}/*# sourceMappingURL=/s.css.map */',
  'a{}/*@ sourceMappingURL=/s.css.map*/b{}',
  'a{}/*# sourceMappingURL= */b{}/*#sourceMappingURL=/x*/',
  'a{b:\\75rl("/x")}a{b:#u\\72l("/x")}',
  'a{b:my-url(/x)}a{b:xurl(/x)}a{b:url-prefix(/x)}a{b:#url(/x)}',
  'a{b:"\\"url(/x)"}c{d:url(/e)}',
  "a{b:'it\\'s'}c{d:url(/e)}",
  'a{b:"x\ny"}c{d:url("/e")}',
  'a\\"b{c:url(/d)}',
  'a{b:c/d;e:url(/f)}a{b:c/ *;e:url(/f)}',
  ':root{--x:url(/a);--y:"/b"}',
  'a{b:url(data:image/png;base64,AA==),url(/c.png)}',
  'a{b:calc((1px + 2px) * 3);c:url(/d)}))){e:url("/f")}',
  'a{b:image-set("/a" 1x}c{d:"/e"}',
  '@import',
  '@url("/x")@src("/y")',
  '@import "',
  'url(',
];

test('css tokenizer: the same URLs as the oracle', TIMEOUT, () => {
  for (const sheet of CASES) assertSameUrls(sheet);
});

test('css tokenizer: a function name may be written with escapes', TIMEOUT, () => {
  // The oracle compares the letters of `url(` before it resolves escapes; CSS Syntax 3 §4.3.4 does it the other way.
  for (const name of ['u\\72l(', 'u\\72 l(', '\\75\\000072\\6c(', '\\75 \\72\n\\6C\r\n(', 'ur\\l(']) {
    const sheet = Buffer.from(`a{b:${name}/x)}c{d:"/y"}`);
    for (let cut = 1; cut < sheet.length; cut++) {
      const urls = logUrls(sheet, [cut]).map((url) => url.text);
      assert.deepEqual(urls, ['/x'], `${sheet} cut at ${cut}`);
    }
  }
});

test('css tokenizer: the same URLs at every split', TIMEOUT, () => {
  for (const sheet of CASES) {
    const bytes = Buffer.from(sheet, 'latin1');
    const whole = logUrls(bytes);
    for (let cut = 1; cut < bytes.length; cut++) assert.deepEqual(logUrls(bytes, [cut]), whole, `${sheet} at ${cut}`);
    const every = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1);
    assert.deepEqual(logUrls(bytes, every), whole, `${sheet} byte by byte`);
  }
});

const FRAGMENTS = [
  ...[
    'url(',
    'src(',
    'image-set(',
    'format(',
    '(',
    ')',
    '"',
    "'",
    '/x',
    '\\',
    '\n',
    '\r',
    '/*',
    '*/',
    '/',
    '*',
    '@import',
  ],
  ...[';', '{', '}', ' ', 'a', '-', '#', '@', ',', 'data:x', '\\)', '\\"', 'url', '\x01', '.'],
];
const sheets = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 24 }).map((parts) => parts.join(''));

test('css tokenizer: generated text has the same URLs as the oracle', TIMEOUT, () => {
  // Names with escapes are left out: see the test of those above.
  const withoutEscapedNames = sheets.filter((sheet) => !/\\[a-z]/.test(sheet));
  fc.assert(fc.property(withoutEscapedNames, assertSameUrls), { numRuns: 20000 });
});

test('css tokenizer: generated text has the same URLs at random splits', TIMEOUT, () => {
  fc.assert(
    fc.property(sheets, fc.array(fc.nat(80), { maxLength: 5 }), (sheet, wanted) => {
      const bytes = Buffer.from(sheet, 'latin1');
      const cuts = [...new Set(wanted)].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
      assert.deepEqual(logUrls(bytes, cuts), logUrls(bytes));
    }),
    { numRuns: 10000 },
  );
});

test('css tokenizer: the end of a very long name is no function', TIMEOUT, () => {
  const sheet = Buffer.from(`a{b:${'x'.repeat(300)}url(/y)}`);
  for (let cut = 1; cut < sheet.length; cut++) assert.deepEqual(logUrls(sheet, [cut]), [], `cut at ${cut}`);
});

test('css tokenizer: a URL that is too long passes unreported and does not swallow the next', TIMEOUT, () => {
  for (const [open, close] of [
    ['url(', ')'],
    ['url("', '")'],
    ['/*# sourceMappingURL=', '*/'],
    ['@import "', '";'],
  ]) {
    const sheet = Buffer.from(`${open}${'x'.repeat(200_000)}${close}a{b:url(/c)}`);
    const cuts = Array.from({ length: 20 }, (_, index) => (index + 1) * 10_000);
    assert.deepEqual(
      logUrls(sheet, cuts).map((url) => url.text),
      ['/c'],
    );
  }
});
