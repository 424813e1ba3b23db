// The trace of a rewriting: complete at every split, with a place and a rule for each edit; and what headers became.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { appMap } from '../../../test/kit/rewriting.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { HeaderList } from '../../http/header-list.ts';
import { MAPPED_RESPONSE_HEADERS } from '../headers.ts';
import { rewriteTransform } from '../languages.ts';
import type { Language } from '../select.ts';
import { compareHeaders, compareValues, nameHeaderRule } from './header-changes.ts';
import { namePlaces } from './places.ts';
import { RewriteTrace } from './rewrite-trace.ts';
import { nameRule } from './rules.ts';

const B = 'http://127.0.0.1:8080';

function traced(language: Language, text: string, cuts: readonly number[] = []): { trace: RewriteTrace; out: string } {
  const watch = new RewriteTrace();
  const facts = { language, charset: 'utf-8' };
  const transform = rewriteTransform(appMap, facts, {}, { edits: 0, heldBytes: 0, watch });
  const bytes = Buffer.from(text, 'latin1');
  const pieces = [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index] ?? bytes.length));
  return { trace: watch, out: runTransform(transform, pieces).bytes.toString('latin1') };
}

/** [language, text, place of each edit]. */
const PLACES: readonly (readonly [Language, string, ...string[]])[] = [
  ['html', '<A HREF=/x>', 'href of <a>'],
  ['html', `<img srcset="/a 1x, ${B}/b 2x">`, 'srcset of <img>', 'srcset of <img>'],
  ['html', `<p data-x="${B}">${B}</p>`, 'data-x of <p>', 'text of the page'],
  ['html', '<meta property=og:url content=/x>', 'content of <meta property=og:url>'],
  ['html', '<meta content="0;/x" http-equiv=refresh>', 'content of <meta http-equiv=refresh>'],
  ['html', '<style>a{b:url(/x)}</style><p style="c:url(/y)">', 'url() in <style>', 'style of <p>'],
  ['html', '<script>location="/x"</script>', 'string behind location= in <script>'],
  [
    'html',
    `<script type=module>import"/m";f("${B}")</script>`,
    'string behind import in <script type=module>',
    'script in <script type=module>',
  ],
  ['html', `<script type=importmap>{"imports":{"a":"/x"}}</script>`, 'member imports.a in <script type=importmap>'],
  ['html', '<p onclick="location=\'/x\'">', 'onclick of <p>'],
  ['html', '<title>/x</title><textarea>/x</textarea><a href=/y>', 'href of <a>'],
  ['xhtml', '<a href="/x"/>', 'href of <a>'],
  [
    'css',
    `@import "/a"; b{c:src("/d")} e{f:image-set("/g" 1x)} h::after{content:"${B}"}`,
    '@import',
    'src()',
    'image-set()',
    'text of the style sheet',
  ],
  ['css', 'a{}\n/*# sourceMappingURL=/x.map */', 'source map comment'],
  [
    'javascript',
    'new Worker("/w"); importScripts("/a", "/b")',
    'string behind new Worker(',
    'string behind importScripts(',
    'string behind code',
  ],
  ['javascript', 'f()\n//# sourceMappingURL=/x.map', 'source map comment'],
  ['json', `{"a":[{"b":"${B}/x"}],"${B}":1}`, 'member a[].b', 'name of a member of the document'],
  ['manifest', '{"icons":[{"src":"/x"}]}', 'member icons[].src'],
  ['xml', `<feed><link href="${B}/x"/><comments>${B}/y</comments></feed>`, 'href of <link>', 'text in <comments>'],
  ['playlist', `#EXT-X-KEY:URI="/k"\n/seg.ts`, 'attribute of a playlist tag', 'line of the playlist'],
  ['text', `data: ${B}/x\n\n`, 'text'],
];

describe('places', () => {
  for (const [language, text, ...places] of PLACES)
    test(`${language}: ${text}`, () => {
      const { trace } = traced(language, text);
      assert.deepEqual(namePlaces(language, trace.original, trace.edits), places);
    });
});

test('the edits of a trace, applied to its original, give what went out: at every split', () => {
  const documents = PLACES.map(([language, text]) => ({ language, text }));
  fc.assert(
    fc.property(
      fc.constantFrom(...documents),
      fc.array(fc.nat(200), { maxLength: 6 }),
      ({ language, text }, offsets) => {
        const cuts = [...new Set(offsets.map((offset) => offset % (text.length + 1)))].sort((a, b) => a - b);
        const { trace, out } = traced(language, text, cuts);
        assert.equal(trace.original.toString('latin1'), text);
        assert.equal(trace.language, language);
        let applied = '';
        let at = 0;
        for (const { start, end, text: put } of trace.edits) {
          applied += text.slice(at, start) + put;
          at = end;
        }
        assert.equal(applied + text.slice(at), out);
      },
    ),
    { numRuns: 300 },
  );
});

const RULES: readonly (readonly [before: string, after: string, rule: RegExp])[] = [
  ['', '/app', /^root-relative URL: \/app\/ goes before it$/],
  ['&#47;x', '&#47;app&#47;x', /^root-relative URL/],
  [`/l?n=${encodeURIComponent(B)}`, '', /^root-relative, with a URL of the backend nested/],
  [`https://other.example/?n=${encodeURIComponent(B)}`, '', /percent-encoded/],
  [B, '', /^URL of the backend: becomes/],
  ['//127.0.0.1:8080', '', /^URL of the backend: becomes/],
  ['http:\\/\\/127.0.0.1:8080', '', /^URL of the backend: becomes/],
  ['no-referrer', 'same-origin', /^value that depends/],
  ['', '<script src="/app/x">', /^put in by Portico$/],
];

test('rules', () => {
  for (const [before, after, rule] of RULES) assert.match(nameRule(before, after, appMap), rule, before);
});

describe('headers', () => {
  test('every header that the map touches has a rule of its own', () => {
    for (const name of MAPPED_RESPONSE_HEADERS) assert.notEqual(nameHeaderRule(name), nameHeaderRule('x-other'), name);
  });

  test('lines that changed, came and went', () => {
    const received = HeaderList.from([
      ['Server', 'x'],
      ['Link', `<${B}/a>; rel=x, </b>; rel=y`],
      ['Set-Cookie', 'a=1; Path=/'],
      ['Set-Cookie', 'b=1'],
      ['Alt-Svc', 'h3=":443"'],
    ]);
    const sent = HeaderList.from([
      ['Server', 'x'],
      ['Link', '<https://example.com/app/a>; rel=x, </app/b>; rel=y'],
      ['Set-Cookie', 'a=1; Path=/app'],
      ['Set-Cookie', 'b=1'],
      ['Vary', 'Accept-Encoding'],
    ]);
    const changes = compareHeaders(received, sent).map(({ name, before, after, changes }) => [
      name,
      before === undefined,
      after === undefined,
      changes,
    ]);
    assert.deepEqual(changes, [
      [
        'link',
        false,
        false,
        [
          { start: 1, end: 24, text: 'https://example.com/app/a' },
          { start: 35, end: 37, text: '/app/b' },
        ],
      ],
      ['set-cookie', false, false, [{ start: 10, end: 11, text: '/app' }]],
      ['alt-svc', false, true, []],
      ['vary', true, false, []],
    ]);
  });

  test('the changes of a value, applied, give the other', () => {
    const value = fc
      .array(fc.constantFrom('a', 'bc', ' ', ';', '=', ',', '/x'), { maxLength: 20 })
      .map((words) => words.join(''));
    fc.assert(
      fc.property(value, value, (before, after) => {
        let applied = '';
        let at = 0;
        for (const { start, end, text } of compareValues(before, after)) {
          applied += before.slice(at, start) + text;
          at = end;
        }
        assert.equal(applied + before.slice(at), after);
      }),
      { numRuns: 500 },
    );
  });
});
