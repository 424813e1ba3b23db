// Escapes: tables, and the promise that nothing but printable ASCII comes out and nothing gets lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EscapeCache, escapeJson, escapeJsonOctets, escapeQuoted, escapeWord, truncate } from './escape.ts';

const CASES: readonly (readonly [text: string, json: string, quoted: string, word: string])[] = [
  ['plain/text?a=b', 'plain/text?a=b', 'plain/text?a=b', 'plain/text?a=b'],
  ['', '', '', '-'],
  ['two words', 'two words', 'two words', String.raw`two\x20words`],
  ['say "hi"', String.raw`say \"hi\"`, String.raw`say \x22hi\x22`, String.raw`say\x20\x22hi\x22`],
  ['a\\b', String.raw`a\\b`, String.raw`a\x5Cb`, String.raw`a\x5Cb`],
  ['a\r\nb', String.raw`a\u000d\u000ab`, String.raw`a\x0D\x0Ab`, String.raw`a\x0D\x0Ab`],
  [
    '\0\t\x1b[31m\x7f',
    String.raw`\u0000\u0009\u001b[31m\u007f`,
    String.raw`\x00\x09\x1B[31m\x7F`,
    String.raw`\x00\x09\x1B[31m\x7F`,
  ],
  ['\x9b2J', String.raw`\u009b2J`, String.raw`\x9B2J`, String.raw`\x9B2J`],
  [
    '\u2028\u202e',
    String.raw`\u2028\u202e`,
    String.raw`\xE2\x80\xA8\xE2\x80\xAE`,
    String.raw`\xE2\x80\xA8\xE2\x80\xAE`,
  ],
  ['\u{1f600}', String.raw`\ud83d\ude00`, String.raw`\xF0\x9F\x98\x80`, String.raw`\xF0\x9F\x98\x80`],
  ['\ud800', String.raw`\ud800`, String.raw`\xEF\xBF\xBD`, String.raw`\xEF\xBF\xBD`],
];

test('escapes by kind', () => {
  for (const [text, json, quoted, word] of CASES) {
    assert.equal(escapeJson(text), json);
    assert.equal(escapeQuoted(text), quoted);
    assert.equal(escapeWord(text), word);
  }
});

test('octets: UTF-8 is decoded, what is none stays octets', () => {
  const octets = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  assert.equal(escapeJsonOctets(octets('ä€')), String.raw`\u00e4\u20ac`);
  assert.equal(escapeJsonOctets('\xe4'), String.raw`\u00e4`);
  assert.equal(escapeJsonOctets('\xc3\x28'), String.raw`\u00c3(`);
  assert.equal(escapeJsonOctets('\xc0\xaf'), String.raw`\u00c0\u00af`);
  assert.equal(escapeJsonOctets(octets('\ufeffx')), String.raw`\ufeffx`);
  assert.equal(escapeJsonOctets('€'), String.raw`\u20ac`);
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }),
);

test('whatever comes in, printable ASCII without a free quote comes out, and JSON gives the text back', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const escaped of [escapeJson(text), escapeJsonOctets(text), escapeQuoted(text), escapeWord(text)])
        assert.match(escaped, /^[\x20-\x7e]*$/);
      assert.match(escapeQuoted(text), /^(?:[^"\\]|\\x[0-9A-F]{2})*$/);
      assert.match(escapeWord(text), /^(?:[^"\\ ]|\\x[0-9A-F]{2})+$/);
      assert.equal(JSON.parse(`"${escapeJson(text)}"`), text);
      JSON.parse(`"${escapeJsonOctets(text)}"`);
    }),
  );
});

test('octets come back out of the text escapes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }), (octets) => {
      const back = escapeQuoted(octets).replace(/\\x(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
      assert.equal(back, octets);
    }),
  );
});

test('truncate marks what it cut', () => {
  assert.equal(truncate('abc', 3), 'abc');
  assert.equal(truncate('abcd', 3), 'abc...');
});

test('the cache asks once for what repeats and stays small', () => {
  let asked = 0;
  const cache = new EscapeCache((text) => {
    asked++;
    return text.toUpperCase();
  });
  for (let count = 0; count < 10; count++) assert.equal(cache.get('a'), 'A');
  assert.equal(asked, 1);
  const long = 'x'.repeat(513);
  assert.equal(cache.get(long), long.toUpperCase());
  assert.equal(cache.size, 1);
  for (let count = 0; count < 10_000; count++) cache.get(`agent ${count}`);
  assert.ok(cache.size <= 512);
  assert.equal(cache.get('a'), 'A');
});
