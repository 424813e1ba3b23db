// Deferred scanning: the same as scanning at once, at every split; and nothing is scanned that cannot change.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../test/kit/every-split.ts';
import { urlMap } from '../../test/kit/rewriting.ts';
import { runTransform } from '../../test/kit/transform.ts';
import { piecesOf } from '../../test/kit/wire.ts';
import { parseBaseUrl } from './base-url.ts';
import { CssScanner } from './css/css-scanner.ts';
import { DeferredScanner } from './deferred-scanner.ts';
import { HtmlScanner } from './html/html-scanner.ts';
import { makeScanner } from './languages.ts';
import { scanTransform } from './scan-sink.ts';
import { rewriteText, type Scanner } from './scanner.ts';
import type { Language } from './select.ts';
import type { UrlMap } from './url-map.ts';
import { XmlScanner } from './xml/xml-scanner.ts';

const maps = {
  'an address': urlMap('https://example.com:8443/', 'http://127.0.0.1:8080'),
  'a port': urlMap('https://example.com:8443/', 'http://127.0.0.1:8080', {
    also: [parseBaseUrl('http://localhost:8080')],
  }),
  'a name': urlMap('https://example.com/', 'http://backend.internal'),
};

/** Whole values, so that most documents are well formed where a hit stands. */
function pieces(origin: string): readonly string[] {
  const nested = encodeURIComponent(`${origin}/n`);
  return [
    ...[
      '<p>text ',
      'words and words ',
      '</p>\n',
      '<b class="x">',
      '<!-- a > b ',
      ' -->',
      '<svg>',
      '</svg>',
      '> ',
      '"',
      "'",
    ],
    ...[
      '<textarea>',
      '</textarea>',
      '<title>',
      '</title>',
      '<script>',
      '</script>',
      '<style>',
      '</style>',
      '<pre>\n1 ',
    ],
    ...['<a title="a > b" href="/x">', "<a href='/login?next=", nested, "'>", '<img alt=x src=', ' >', '<a data-x="'],
    ...[
      `${origin}/y`,
      `${origin}/y`,
      ` ${origin} `,
      `<a href="${origin}/z?u=${nested}">`,
      `//${origin.split('//')[1]}/q `,
    ],
    ...[
      `<p style="background:url(${origin}/i.png) url('/j')">`,
      `<a onclick="go('${origin}/c')">`,
      'url(/k) ',
      '@import "',
    ],
    ...[`<iframe srcdoc="&lt;a href='${origin}/s'&gt;"></iframe>`, `<i data-no-rewrite title="${origin}/t">`, '</i>'],
    ...[`<script src="/l.js" integrity="sha384-x"></script>`, '<link rel=stylesheet INTEGRITY=x href="', '/m.css">'],
    ...[`<meta http-equiv="Content-Security-Policy" content="script-src ${origin}">`, '<meta content="0;url=', '" '],
    ...['http-equiv=refresh>', `<meta content="img-src 127.0.0.1:* ${origin}" http-equiv=content-security-policy>`],
    ...[
      `{"a":"${origin.replaceAll('/', '\\/')}\\/b"}`,
      '<![CDATA[',
      ']]>',
      `xmlns="${origin}/ns" `,
      'http:',
      '//',
      ':80',
      '80',
    ],
  ];
}

function generate(origin: string, seed: number): string {
  const random = seededRandom(seed);
  const all = pieces(origin);
  // Mostly few hits: long stretches without any are what is put off.
  const isSparse = random() < 0.6;
  const pick = () => {
    const piece = all[Math.floor(random() * all.length)] ?? '';
    return isSparse && piece.includes(origin) && random() < 0.8 ? 'plain text ' : piece;
  };
  return Array.from({ length: 2 + Math.floor(random() * 28) }, pick).join('');
}

const EAGER: Readonly<Partial<Record<Language, (map: UrlMap, onIntegrityUrl: (url: string) => void) => Scanner>>> = {
  html: (map, onIntegrityUrl) => new HtmlScanner(map, { onIntegrityUrl }),
  xhtml: (map, onIntegrityUrl) => new HtmlScanner(map, { onIntegrityUrl, isXml: true }),
  css: (map) => new CssScanner(map),
  xml: (map) => new XmlScanner(map, { css: new CssScanner(map) }),
};

describe('deferred is the same as at once, at every split', { timeout: 600_000 }, () => {
  for (const [what, map] of Object.entries(maps))
    for (const language of Object.keys(EAGER) as Language[])
      test(`${language}, the needle is ${what}`, () => {
        for (let seed = 1; seed <= 60; seed++) check(map, language, generate(origin(map), seed), seed);
      });
});

function origin(map: UrlMap): string {
  return map.backend.port === 80 ? `http://${map.backend.host}` : `http://${map.backend.host}:${map.backend.port}`;
}

function check(map: UrlMap, language: Language, text: string, seed: number): void {
  const eagerUrls: string[] = [];
  const eager = EAGER[language]?.(map, (url) => eagerUrls.push(url));
  assert.ok(eager);
  const expected = rewriteText(eager, text);
  const bytes = Buffer.from(text, 'latin1');
  const run = (parts: readonly Buffer[], how: string) => {
    const urls: string[] = [];
    const options = { onIntegrityUrl: (url: string) => urls.push(url) };
    const out = runTransform(
      scanTransform(() => makeScanner(language, map, options) as Scanner),
      parts,
    ).bytes;
    assert.equal(out.toString('latin1'), expected, `seed ${seed}, ${how}: ${JSON.stringify(text)}`);
    assert.deepEqual(urls, eagerUrls, `seed ${seed}, ${how}: ${JSON.stringify(text)}`);
  };
  for (let cut = 0; cut <= bytes.length; cut++) run([bytes.subarray(0, cut), bytes.subarray(cut)], `cut at ${cut}`);
  run(
    Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)),
    'byte by byte',
  );
}

const map = maps['a port'];
const hit = '<a href="http://127.0.0.1:8080/x">';
const mapped = '<a href="https://example.com:8443/x">';

function runIn(text: string, size: number): { out: string; chunks: readonly Buffer[]; heldBytes: number } {
  const tally = { edits: 0, heldBytes: 0 };
  const bytes = Buffer.from(text, 'latin1');
  const { bytes: out, chunks } = runTransform(
    scanTransform(() => makeScanner('html', map) as Scanner, tally),
    [...piecesOf(bytes, size)],
  );
  return { out: out.toString('latin1'), chunks, heldBytes: tally.heldBytes };
}

describe('what went out unscanned still counts', () => {
  const filler = '<p class="a">some text &amp; more</p>\n';
  for (const [what, opening, isMapped] of [
    ['a comment', '<!--', true],
    ['a text area', '<textarea>', true],
    ['an element that opted out', '<div data-no-rewrite>', false],
    ['an open tag', '<i title="', false],
  ] as const)
    for (const size of [1000, 65_536])
      test(`${what}, in pieces of ${size}, below the bound and beyond`, () => {
        for (const count of [10, 4000, 30_000]) {
          const text = opening + filler.repeat(count) + hit;
          const atOnce = rewriteText(new HtmlScanner(map), text);
          // Beyond what the tokenizer holds back, a tag is read in parts: where it is cut matters.
          if (what === 'an open tag' && text.length > 200_000) continue;
          assert.ok(runIn(text, size).out === atOnce, `${count} lines, ${isMapped}`);
        }
      });

  test('a hit behind half a megabyte of text is mapped', () => {
    const text = filler.repeat(20_000);
    assert.ok(runIn(text + hit, 16_384).out === text + mapped);
  });
});

describe('a client that stalls', () => {
  const line = '<p class="a">some text &amp; more</p>\n';

  /** Runs `text` into a sink that says "wait" whenever `isStalled` says so, and answers what was kept behind each write. */
  function runStalled(text: string, size: number, isStalled: (write: number) => boolean) {
    const scanner = makeScanner('html', map);
    assert.ok(scanner instanceof DeferredScanner);
    const chunks: Buffer[] = [];
    const sink = scanTransform(() => scanner)({
      onDrained: undefined,
      write(chunk, release) {
        chunks.push(Buffer.from(chunk));
        release?.();
        return !isStalled(chunks.length);
      },
      end() {},
      abort() {},
    });
    const kept: { readonly bytes: number; readonly goesOn: boolean }[] = [];
    for (const piece of piecesOf(Buffer.from(text, 'latin1'), size)) {
      const goesOn = sink.write(piece);
      kept.push({ bytes: scanner.keptBytes, goesOn });
    }
    sink.end();
    return { kept, out: Buffer.concat(chunks).toString('latin1'), keptAtEnd: scanner.keptBytes };
  }

  test('has nothing kept for it but what a tag or a URL may go on in', () => {
    const { kept, keptAtEnd } = runStalled(line.repeat(3000), 16_384, () => true);
    assert.ok(kept.every(({ bytes, goesOn }) => goesOn || bytes < 1024));
    assert.ok(kept.some(({ goesOn }) => !goesOn));
    assert.equal(keptAtEnd, 0);
  });

  test('while it takes bytes, no more is kept than a slab holds', () => {
    const { kept, keptAtEnd } = runStalled(line.repeat(30_000), 16_384, () => false);
    assert.ok(Math.max(...kept.map(({ bytes }) => bytes)) > 200_000);
    assert.ok(Math.max(...kept.map(({ bytes }) => bytes)) <= 256 * 1024);
    assert.equal(keptAtEnd, 0);
  });

  test('gets the same, whenever it stalls', () => {
    const long = `<div data-no-rewrite title="${'words '.repeat(300)}">`;
    for (const opening of ['', '<!--', '<textarea>', '<div data-no-rewrite>', '<i title="', long])
      for (let at = 1; at < 12; at++) {
        const text = opening + line.repeat(100) + hit + line.repeat(100) + hit;
        const { out } = runStalled(text, 700, (write) => write % at === 0);
        assert.ok(out === rewriteText(new HtmlScanner(map), text), `${opening} stalled at every ${at}`);
      }
  });
});

test('text that ends a line goes out at once, and a plain body is never held', () => {
  const { chunks } = runIn('<pre>Step one\nStep two is done\nStep', 19);
  assert.equal(chunks[0]?.toString(), '<pre>Step one\nStep ');
  assert.ok(runIn('<p>words and words</p>\n'.repeat(5000), 4096).heldBytes < 700);
});

test('an authority that is spelled so that its needle is not there stays as it is', () => {
  const odd = '<a href="http://127.0.0.1:80&#56;0/x">';
  assert.equal(runIn(odd, 100).out, odd);
  assert.equal(runIn(odd, 1).out, odd);
});

test('an edit that would reach back across a barrier is not made, wherever the body is cut', () => {
  const long = 'u'.repeat(700);
  for (const odd of [
    'http:/g\t/127.0.0.1:8080/x',
    'http:\t//127.0.0.1:8080/x',
    'ht\ntp://127.0.0.1:8080/x',
    `http://${long}@127.0.0.1:8080/`,
  ])
    for (const text of [`<p>a</p><a href="${odd}">b</a> c`, `<p>a</p><p style="background:url(${odd})">`]) {
      const whole = runIn(text, text.length).out;
      for (let size = 1; size < 40; size++) assert.equal(runIn(text, size).out, whole, `in pieces of ${size}`);
    }
});
