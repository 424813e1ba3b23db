// The Huffman code: known texts, every octet, and codes that no text has (RFC 7541 §5.2, Appendix B).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHuffman, encodeHuffman, huffmanLength } from './huffman.ts';

function encode(text: string): string {
  const target = Buffer.alloc(text.length * 4 + 1);
  return target.subarray(0, encodeHuffman(text, target, 0)).toString('hex');
}

function decode(hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex');
  return decodeHuffman(bytes, 0, bytes.length);
}

/** Texts of RFC 7541 §C.4 and §C.6. */
const TEXTS = [
  ['', ''],
  ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
  ['no-cache', 'a8eb10649cbf'],
  ['custom-value', '25a849e95bb8e8b4bf'],
  ['302', '6402'],
  ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
  [
    'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
  ],
] as const;

for (const [text, hex] of TEXTS)
  test(`the code of "${text}", both ways`, () => {
    assert.equal(encode(text), hex);
    assert.equal(decode(hex), text);
    assert.equal(huffmanLength(text), hex.length / 2);
  });

/** Codes of Appendix B at the corners of the table: octet, code, bits. */
const CODES = [
  [0x00, 0x1ff8, 13],
  [0x0a, 0x3ffffffc, 30],
  [0x16, 0x3ffffffe, 30],
  [0x30, 0x0, 5],
  [0x5c, 0x7fff0, 19],
  [0x7f, 0xffffffc, 28],
  [0xd0, 0x7fff2, 19],
  [0xff, 0x3ffffee, 26],
] as const;

for (const [octet, code, bits] of CODES)
  test(`octet ${octet} has the code of Appendix B`, () => {
    const padding = (8 - (bits % 8)) % 8;
    const padded = code * 2 ** padding + (2 ** padding - 1);
    const hex = padded.toString(16).padStart(((bits + padding) / 8) * 2, '0');
    assert.equal(encode(String.fromCharCode(octet)), hex);
    assert.equal(decode(hex), String.fromCharCode(octet));
  });

test('every pair of octets comes back', () => {
  for (let first = 0; first < 256; first++)
    for (let second = 0; second < 256; second++) {
      const text = String.fromCharCode(first, second);
      assert.equal(decode(encode(text)), text);
    }
});

test('any octets come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = Buffer.from(octets).toString('latin1');
      const hex = encode(text);
      assert.equal(decode(hex), text);
      assert.equal(huffmanLength(text), hex.length / 2);
    }),
  );
});

test('a text longer than the scratch space comes back', () => {
  const text = '0z\u00ff'.repeat(20_000);
  assert.equal(decode(encode(text)), text);
});

for (const [what, hex] of [
  ['padding of eight ones', 'ff'],
  ['padding of eight ones behind a text', '6402ff'],
  ['padding with a zero', '18'], // "a" and 000
  ['padding of zeros', '00'],
  ['padding with a zero at its end', '1e'],
  ['EOS alone', 'ffffffff'],
  ['EOS in the middle of a text', '1ffffffff8ff'],
  ['a code that is cut off', 'fffffe'],
] as const)
  test(`no text: ${what}`, () => assert.equal(decode(hex), undefined));

test('padding may be from nought to seven ones', () => {
  for (const text of ['&', ':', ' ', '0', '#', "'", '!', '000']) assert.equal(decode(encode(text)), text);
});
