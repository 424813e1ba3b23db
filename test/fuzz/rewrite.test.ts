// Properties of all scanners on generated text: the same at every split, a second pass changes nothing, no leak is left.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseBaseUrl } from '../../src/rewrite/base-url.ts';
import { makeScanner, rewriteTransform } from '../../src/rewrite/languages.ts';
import { LeakDetector } from '../../src/rewrite/leaks.ts';
import { rewriteText } from '../../src/rewrite/scanner.ts';
import type { Language } from '../../src/rewrite/select.ts';
import { seededRandom } from '../kit/every-split.ts';
import { urlMap } from '../kit/rewriting.ts';
import { runTransform } from '../kit/transform.ts';

const spellings = ['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080', 'http://backend.internal'];
const also = spellings.slice(1).map(parseBaseUrl);
const map = urlMap('https://example.com:8443/a/b', 'http://127.0.0.1:8080', { also });
/** Adds no path: what cannot change is not scanned. One needle is a name, the other is a port. */
const rootMaps = [
  urlMap('https://example.com:8443', 'http://127.0.0.1:8080', { also }),
  urlMap('https://example.com:8443', 'http://127.0.0.1:8080', { also: also.slice(0, 2) }),
];

/** Pieces of URLs in every escape style, and of what stands around them. */
const PIECES =
  'http https ws wss HTTP h t s : / // \\/ \\\\/ \\u002f \\u003a \\x2f %2F %3A %252F %253A &#47; &#x2F; &#58; &sol; &colon; 127.0.0.1 localhost [::1] %5B%3A%3A1%5D backend.internal :8080 8080 %3A8080 \\u003a8080 80801 . @ user:pw " \' < > = ? # & &amp; \\ \\n \\" /x /a/b/ /a/bc path q=1 sig=1 { } [ ] ( ) , ; ` ${ blob: filesystem: 0 x \\2f \\3a u % %2 &# \xe9'.split(
    ' ',
  );

const OWN_PIECES: Readonly<Partial<Record<Language, readonly string[]>>> = {
  text: [' ', '\n'],
  javascript: [
    ...' import |from |location=|location.href="|/*|*/|//|\n|/re/|/[/]/|`|${|}|return |if(|"/x"|\'/y\'|import("/z")|//# sourceMappingURL=|/m.map|importScripts(|new Worker('.split(
      '|',
    ),
  ],
  json: '{"|":"|"openapi":"3"|"servers":[{"url":"/x"}]|null|,|\\u0041|{"openapi":"3",'.split('|'),
  manifest: '{"|":"|"src":"/x"|"url":"http://127.0.0.1:8080/y"|"id":"/"|[{|}]|,|{"start_url":"\\/x"}'.split('|'),
  importmap: '{"imports":{"|":"/x"|"scopes":{"/a":{|}}|,'.split('|'),
  xml: '<a |<!--|-->|<![CDATA[|]]>|<?xml-stylesheet href="/s.xsl"?>|<?|?>|<!DOCTYPE x>|</a>|<rss>|<link>|</link>|<svg>|<style>|</style>|href="/x"|xmlns="http://127.0.0.1:8080/n"|<multistatus>|<href>/x</href>|<guid isPermaLink="false">|</guid>|<feed>|/>|>'.split(
    '|',
  ),
  playlist: '#EXTM3U\n|/seg.ts\n|URI="/k"|#EXT-X-KEY:METHOD=A,|\r\n'.split('|'),
  css: 'url(|url("/x")|url(/y)|@import "/z";|/*|*/|a{b:|}|image-set("/i" 1x)|\\|)|"'.split('|'),
  html: '<a href="/x">|<a href=/y |<script>|</script>|<style>|</style>|<!--|-->|<textarea>|</textarea>|<img srcset="/a 1x, /b 2x">|<base href="/q/">|<meta http-equiv=refresh content="0;url=/r">|style="|onclick="|<svg>|</svg>|<![CDATA[|]]>|<iframe srcdoc="<a href=\'/x\'>">|<p>|>|/>'.split(
    '|',
  ),
};

const LANGUAGES = Object.keys(OWN_PIECES) as Language[];
const ROUNDS = 120;

/** Text put together from pieces, the same for the same seed. */
function generate(language: Language, seed: number): string {
  const random = seededRandom(seed);
  const own = OWN_PIECES[language] ?? [];
  const pieces = [...PIECES, ...own, ...own, ...own];
  const pick = () => {
    if (random() < 0.15) return random() < 0.5 ? 'http://127.0.0.1:8080' : '"//localhost:8080/';
    return pieces[Math.floor(random() * pieces.length)] ?? '';
  };
  return Array.from({ length: 3 + Math.floor(random() * 30) }, pick).join('');
}

describe('every split gives the same', { timeout: 600_000 }, () => {
  for (const language of LANGUAGES)
    test(language, () => {
      for (let seed = 1; seed <= ROUNDS; seed++) checkSplits(language, generate(language, seed), seed);
    });
});

describe('every split gives the same at a root mount', { timeout: 600_000 }, () => {
  for (const language of ['html', 'css', 'xml'] as const)
    test(language, () => {
      for (const root of rootMaps)
        for (let seed = 1; seed <= ROUNDS; seed++) checkSplits(language, generate(language, seed), seed, root);
    });
});

function checkSplits(language: Language, text: string, seed: number, through = map): void {
  const bytes = Buffer.from(text, 'latin1');
  const run = (pieces: readonly Buffer[]) =>
    runTransform(rewriteTransform(through, { language, charset: 'utf-8' }), pieces).bytes.toString('latin1');
  const whole = run([bytes]);
  for (let cut = 1; cut < bytes.length; cut++)
    assert.equal(
      run([bytes.subarray(0, cut), bytes.subarray(cut)]),
      whole,
      `seed ${seed}, cut at ${cut}: ${JSON.stringify(text)}`,
    );
  const single = run(Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)));
  assert.equal(single, whole, `seed ${seed}, byte by byte: ${JSON.stringify(text)}`);
}

describe('no authority of the backend is left in a URL', () => {
  const detector = new LeakDetector([parseBaseUrl('http://127.0.0.1:8080'), ...also]);
  const slashes = [
    '//',
    '\\/\\/',
    '\\\\\\/\\\\\\/',
    '\\u002f\\u002f',
    '\\u002F\\u002F',
    '\\x2f\\x2f',
    '%2F%2F',
    '%2f%2f',
    '%252F%252F',
    '&#47;&#47;',
    '&#x2F;&#x2f;',
    '&sol;&sol;',
    '\\2f \\2f ',
  ];
  const hosts = ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080', 'backend.internal', 'backend.internal:80'];
  const before = ['', '"', "'", ' ', '(', '=', '>', ',', '`', '\\"', '\\n', '&quot;', '%22', '\\u0022', 'a=', 'url('];
  const after = [
    '',
    '"',
    "'",
    ' ',
    '/x',
    '?q',
    '#f',
    ')',
    '<',
    '\\"',
    '\\n',
    '.',
    ', ',
    '/a/b/c',
    '\\/x',
    '%2Fx',
    '&amp;',
  ];

  for (const language of ['text', 'json', 'javascript', 'xml', 'html', 'css'] as const)
    test(language, () => {
      const scanners = [map, ...rootMaps].map((each) => makeScanner(language, each));
      for (const slash of slashes)
        for (const host of hosts)
          for (const left of before)
            for (const right of after) {
              const text = `x ${left}http:${slash}${host}${right} y`;
              for (const [index, scanner] of scanners.entries()) {
                assert.ok(scanner);
                if (index === 2 && host.startsWith('backend')) continue;
                const rewritten = rewriteText(scanner, wrap(language, text));
                const leaks: string[] = [];
                detector.checkBytes(Buffer.from(rewritten, 'latin1'), ({ sample }) => leaks.push(sample));
                assert.deepEqual(leaks, [], `${text} became ${rewritten}`);
              }
            }
    });
});

/** Puts a text where the language has text. */
function wrap(language: Language, text: string): string {
  if (language === 'html') return `<p>${text}</p>`;
  return language === 'xml' ? `<r>${text}</r>` : text;
}

describe('a second pass changes nothing', () => {
  for (const language of LANGUAGES)
    test(language, () => {
      const scanner = makeScanner(language, map);
      assert.ok(scanner);
      for (let seed = 1; seed <= 10 * ROUNDS; seed++) {
        const once = rewriteText(scanner, generate(language, seed));
        assert.equal(rewriteText(scanner, once), once, `seed ${seed}`);
      }
    });
});

describe('hostile bodies', { timeout: 600_000 }, () => {
  const size = 1_000_000;
  const unit = [
    '"',
    "'",
    '`',
    '\\',
    '/',
    '/*',
    '<',
    '<a ',
    '<!--',
    '&',
    '&#',
    '%',
    '%25',
    '{',
    '[',
    '(',
    '${',
    '`${',
    'a="',
    'http://',
    'http:\\/\\/',
    '127.0.0.1',
    'http://127.0.0.1',
    '//localhost',
    'location=',
    'import ',
    'import "/',
    'url(',
    '@import "',
    '/*"',
    '<svg ',
    '<script>',
    '<style>',
    '\n',
    ' ',
    '\t/',
    '{"a":',
    '"src":"',
    '[{"',
    '</',
    ']]>',
    'h',
    ':',
    '0',
    '@',
    'http://a@',
    '?sig=',
    '\\u',
    '\\u002f',
  ];
  for (const language of LANGUAGES)
    test(`${language}: a megabyte of each is read in linear time and bounded memory`, () => {
      for (const piece of unit) {
        const bytes = Buffer.from(piece.repeat(Math.ceil(size / piece.length)));
        const tally = { edits: 0, heldBytes: 0 };
        const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
          bytes.subarray(index * 65_536, (index + 1) * 65_536),
        );
        runTransform(rewriteTransform(map, { language, charset: 'utf-8' }, {}, tally), pieces);
        assert.ok(tally.heldBytes <= 1_200_000, `${piece}: ${tally.heldBytes} bytes held`);
      }
    });
});
