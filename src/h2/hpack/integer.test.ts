// Integers: the examples of RFC 7541 §C.1, the edges of each form, and what is no integer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInteger, writeInteger } from './integer.ts';

const read = (hex: string, mask: number) => {
  const bytes = Buffer.from(hex, 'hex');
  const cursor = { bytes, at: 0, end: bytes.length };
  return { value: readInteger(cursor, mask), at: cursor.at };
};

const write = (value: number, mask: number, pattern = 0) => {
  const target = Buffer.alloc(8);
  return target.subarray(0, writeInteger(target, 0, pattern, mask, value)).toString('hex');
};

const FORMS = [
  { hex: '0a', mask: 0x1f, value: 10 }, // §C.1.1
  { hex: '1f9a0a', mask: 0x1f, value: 1337 }, // §C.1.2
  { hex: '2a', mask: 0xff, value: 42 }, // §C.1.3
  { hex: '1e', mask: 0x1f, value: 30 },
  { hex: '1f00', mask: 0x1f, value: 31 },
  { hex: '7f7f', mask: 0x7f, value: 254 },
  { hex: '7f8001', mask: 0x7f, value: 255 },
  { hex: '0ff0ffffff07', mask: 0x0f, value: 2 ** 31 - 1 },
];

for (const { hex, mask, value } of FORMS)
  test(`an integer ${value} with mask ${mask} is ${hex}, both ways`, () => {
    assert.deepEqual(read(hex, mask), { value, at: hex.length / 2 });
    assert.equal(write(value, mask), hex);
  });

test('an integer keeps the bits beside its prefix', () => {
  assert.equal(write(5, 0x0f, 0x10), '15');
  assert.equal(write(20, 0x0f, 0x10), '1f05');
  assert.equal(read('f5', 0x0f).value, 5);
});

test('an integer may be longer than it need be, within the limit of five octets', () => {
  assert.equal(read('1f8080808000', 0x1f).value, 31);
});

for (const [what, hex] of [
  ['nothing', ''],
  ['a cut one', '1f'],
  ['one cut later', '1f9a'],
  ['one above 2^31 - 1', '1fe1ffffff07'],
  ['one of all the bits that five octets have', '1fffffffff7f'],
  ['one of six octets behind the prefix', '1f808080808000'],
  ['one without an end', '1fffffffffffffffffffff'],
] as const)
  test(`no integer: ${what}`, () => assert.equal(read(hex, 0x1f).value, -1));
