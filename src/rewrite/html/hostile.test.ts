// Hostile markup: nothing may grow without bound, take time that grows faster than the input, or lose a byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logTokens } from '../../../test/kit/html-token-log.ts';
import { exampleMap, rewriteWhole } from '../../../test/kit/rewrite-text.ts';
import { runTransform } from '../../../test/kit/transform.ts';
import { EditList } from '../edit-list.ts';
import { rewriteTransform } from '../languages.ts';
import type { ScanTally } from '../scan-sink.ts';
import { Window } from '../window.ts';
import { type HtmlOptions, HtmlScanner } from './html-scanner.ts';

// Each input is so long that work quadratic in its length would not end within the timeout.
const TIMEOUT = { timeout: 300_000 };
const MEGABYTE = 1024 * 1024;
const LINK = '<a href="/x">';
const MAPPED = '<a href="/app/x">';

interface Outcome {
  readonly text: string;
  readonly heldBytes: number;
}

function rewritePieces(text: string, pieceBytes: number, options: HtmlOptions = {}): Outcome {
  const tally: ScanTally = { edits: 0, heldBytes: 0 };
  const bytes = Buffer.from(text, 'latin1');
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  const transform = rewriteTransform(exampleMap, { language: 'html', charset: 'utf-8' }, options, tally);
  return { text: runTransform(transform, pieces).bytes.toString('latin1'), heldBytes: tally.heldBytes };
}

/** Long inputs that never end what they begin, behind a link that must still be mapped. */
const ENDLESS: Readonly<Record<string, string>> = {
  'tag name': `<${'a'.repeat(2 * MEGABYTE)}`,
  'attribute name': `<a ${'b'.repeat(2 * MEGABYTE)}`,
  'white space in a tag': `<a ${' '.repeat(2 * MEGABYTE)}`,
  'white space before a value': `<a b=${' '.repeat(2 * MEGABYTE)}`,
  'double-quoted value': `<a b="${'c'.repeat(2 * MEGABYTE)}`,
  'single-quoted value': `<a b='${'"'.repeat(2 * MEGABYTE)}`,
  'unquoted value': `<a b=${'c'.repeat(2 * MEGABYTE)}`,
  'many attributes': `<a ${'b=c '.repeat(MEGABYTE / 2)}`,
  'many empty attributes': `<a ${'b '.repeat(MEGABYTE)}`,
  'slashes in a tag': `<a ${'/'.repeat(2 * MEGABYTE)}`,
  'end tag': `</a ${'b="c" '.repeat(MEGABYTE / 4)}`,
  comment: `<!--${'- '.repeat(MEGABYTE)}`,
  'dashes in a comment': `<!--${'-'.repeat(2 * MEGABYTE)}`,
  'bogus comment': `<!${'a'.repeat(2 * MEGABYTE)}`,
  CDATA: `<svg><![CDATA[${']]'.repeat(MEGABYTE)}`,
  'script with comment openings': `<script>${'<!--'.repeat(MEGABYTE / 2)}`,
  'script with script openings': `<script><!--${'<script>'.repeat(MEGABYTE / 4)}`,
  'script with almost end tags': `<script>${'</scrip'.repeat(MEGABYTE / 4)}`,
  'style with comments': `<style>${'/*'.repeat(MEGABYTE)}`,
  'style with URLs': `<style>${'url('.repeat(MEGABYTE / 2)}`,
  'style with an endless URL': `<style>a{b:url(/${'x'.repeat(2 * MEGABYTE)}`,
  'style with escapes': `<style>${'\\'.repeat(2 * MEGABYTE)}`,
  'style with open parentheses': `<style>${'('.repeat(2 * MEGABYTE)}`,
  'style with image sets': `<style>${'image-set('.repeat(MEGABYTE / 5)}`,
  'text area': `<textarea>${'</text'.repeat(MEGABYTE / 4)}`,
  'left angles': '<'.repeat(2 * MEGABYTE),
  NULs: '\0'.repeat(2 * MEGABYTE),
  'depth of SVG': '<svg><g>'.repeat(MEGABYTE / 4),
  'depth of mixed content': '<svg><foreignObject><p>'.repeat(MEGABYTE / 12),
  'end tags in SVG': `<svg>${'<g>'.repeat(600)}${'</desc>'.repeat(MEGABYTE / 16)}`,
  'paragraphs in foreign objects': `<svg><foreignObject>${'<p><li>'.repeat(MEGABYTE / 4)}`,
  authorities: 'http://127.0.0.1:8080'.repeat(MEGABYTE / 16),
  'bare authorities': '127.0.0.1:8080 '.repeat(MEGABYTE / 16),
  references: `<a href="${'&#x2f;'.repeat(MEGABYTE / 4)}`,
  candidates: `<img srcset="${'/a,'.repeat(MEGABYTE / 2)}`,
};

test('hostile: what never ends goes out whole, and memory stays bounded', TIMEOUT, () => {
  for (const [name, tail] of Object.entries(ENDLESS)) {
    const { text, heldBytes } = rewritePieces(LINK + tail, 65536);
    assert.ok(text.startsWith(MAPPED), name);
    assert.ok(heldBytes <= 400 * 1024, `${name}: ${heldBytes} bytes held`);
    if (!tail.includes('127.0.0.1')) assert.ok(text === MAPPED + tail, name);
  }
});

/** Whole elements that invite quadratic work. */
const LONG: Readonly<Record<string, string>> = {
  candidates: `<img srcset="${'x,, (,) '.repeat(20_000)}">`,
  refresh: `<meta http-equiv=refresh content="${'1'.repeat(200_000)}">`,
  'refresh with spaces': `<meta http-equiv=refresh content="1${' '.repeat(200_000)}">`,
  policy: `<meta http-equiv=content-security-policy content="${'a '.repeat(100_000)}">`,
  'URI parameters': `<meta name=msapplication-task content="${'uri;uri='.repeat(20_000)}">`,
  'style attributes': '<p style="a:url(/*">'.repeat(20_000),
  'event handlers': '<p onclick="a/b">'.repeat(20_000),
  'script URLs': '<a href="javascript:a">'.repeat(20_000),
  'odd URLs': `<a href="${'%2e/'.repeat(60_000)}">`,
  dots: `<a href="${'../'.repeat(60_000)}">`,
  'rooted dots': `<a href="/${'../'.repeat(60_000)}x">`,
  srcdoc: `<iframe srcdoc="${'&lt;p>'.repeat(30_000)}"></iframe>`,
  scripts: '<script>a</script>'.repeat(20_000),
  'data scripts': '<script type=a>127.0.0.1:8080</script>'.repeat(10_000),
  styles: '<style>a</style>'.repeat(20_000),
  metas: '<meta property="og:image" content="x" name="y">'.repeat(20_000),
  integrity: '<script src=/x integrity=y></script>'.repeat(10_000),
};

test('hostile: long input takes time in proportion', TIMEOUT, () => {
  for (const markup of Object.values(LONG)) {
    const { text } = rewritePieces(`${markup}${LINK}`, 65536);
    assert.ok(text.endsWith(MAPPED), markup.slice(0, 40));
  }
});

test('hostile: a tag that overflows byte by byte', TIMEOUT, () => {
  const options = { maxHeldBytes: 4096 };
  const tail = `<a b="${'c'.repeat(20_000)}" href="/x">${LINK}`;
  const { text, heldBytes } = rewritePieces(tail, 1, options);
  assert.equal(shorten(text), shorten(tail.replaceAll('"/x"', '"/app/x"')));
  assert.ok(heldBytes < 80 * 1024);
});

test('hostile: what an overflowing tag keeps', TIMEOUT, () => {
  const long = 'y'.repeat(5000);
  const options = { maxHeldBytes: 1024 };
  const cases: readonly (readonly [input: string, expected: string])[] = [
    // Attributes before and behind the long one, and authorities in it where it is text.
    [
      `<img src="/a" data-x="${long} http://127.0.0.1:8080/z" longdesc=/b>`,
      `<img src="/app/a" data-x="${long} https://example.com/app/z" longdesc=/app/b>`,
    ],
    [`<img src="data:${long}" srcset="/a 1x">`, `<img src="data:${long}" srcset="/app/a 1x">`],
    [`<a ${long}=/x href=/y>`, `<a ${long}=/x href=/app/y>`],
    [`<a ${long} href=/y>`, `<a ${long} href=/app/y>`],
    [`<a${' '.repeat(5000)}href=/y>`, `<a${' '.repeat(5000)}href=/app/y>`],
    [`<a b${' '.repeat(5000)}href=/y>`, `<a b${' '.repeat(5000)}href=/app/y>`],
    [`<a b${' '.repeat(5000)}=/c href=/y>`, `<a b${' '.repeat(5000)}=/c href=/app/y>`],
    [`<style media="${long}">a{b:url(/x)}</style>`, `<style media="${long}">a{b:url(/app/x)}</style>`],
    [`<script x="${long}">location="/x"</script>`, `<script x="${long}">location="/app/x"</script>`],
    [
      `<div data-no-rewrite x="${long}" y=/z><a href=/b></div>${LINK}`,
      `<div data-no-rewrite x="${long}" y=/z><a href=/b></div>${MAPPED}`,
    ],
    [`</a b="${long}">${LINK}`, `</a b="${long}">${MAPPED}`],
    [`<svg x="${long}"><style><a href="/x"></svg>`, `<svg x="${long}"><style><a href="/app/x"></svg>`],
  ];
  for (const [input, expected] of cases) {
    for (const pieceBytes of [1, 7, 100, 1023, 2000]) {
      const { text } = rewritePieces(input, pieceBytes, options);
      assert.equal(shorten(text), shorten(expected), `in pieces of ${pieceBytes}`);
    }
  }
});

/** A text with its long runs told by their length, so that a failure can be read. */
function shorten(text: string): string {
  return text.replace(/(.)\1{99,}/g, (run, character: string) => `[${run.length} ${character}]`);
}

test('hostile: bytes that went out unexamined are counted', TIMEOUT, () => {
  const scanner = new HtmlScanner(exampleMap, { maxHeldBytes: 1024 });
  const first = `<a href="/${'x'.repeat(3000)}`;
  const settled = scanner.scan(Window.ofText(first), 0, first.length, false, new EditList());
  assert.equal(settled, first.length);
  scanner.scan(Window.ofText('xx">'), 0, 4, true, new EditList());
  assert.equal(scanner.findings.unexaminedBytes, 3003);
});

test('hostile: the tokenizer holds back what it says, and gives up in parts', TIMEOUT, () => {
  const document = Buffer.from(`<a b="1" c="${'x'.repeat(10_000)}" d=2>`);
  const cuts = Array.from({ length: 100 }, (_, index) => (index + 1) * 100);
  const { tokens, maxHeldBytes } = logTokens(document, cuts, { maxHeldBytes: 1000 });
  assert.ok(maxHeldBytes <= 1000, `${maxHeldBytes}`);
  assert.deepEqual(
    tokens.map((token) => [token.kind, token.isRest, token.attributes?.length]),
    [
      ['start', false, 1],
      ['oversized', undefined, undefined],
      ['start', true, 1],
    ],
  );
});

test('hostile: documents in documents end somewhere', TIMEOUT, () => {
  let html = '<a href=/x>';
  for (let depth = 0; depth < 7; depth++)
    html = `<iframe srcdoc="${html.replace(/[&"]/g, (c) => (c === '&' ? '&amp;' : '&quot;'))}">`;
  const output = rewriteWhole(html, 'html');
  assert.ok(output === html, 'deeper than four documents nothing is mapped');
});
