// The encoder: what it puts into the table, what it tells of sizes, what it remembers, and that all of it comes back.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';

const LIMIT_BYTES = 1024 * 1024;

const hex = (encoder: HpackEncoder, ...lines: string[]) => encoder.encode(lines).toString('hex');

function decode(decoder: HpackDecoder, block: Buffer) {
  return decoder.decode(block, 0, block.length, LIMIT_BYTES);
}

describe('which form a line has', () => {
  test('a line that comes again is one octet', () => {
    const encoder = new HpackEncoder();
    assert.match(hex(encoder, 'x-a', 'value'), /^40/);
    assert.equal(hex(encoder, 'x-a', 'value'), 'be');
    assert.equal(hex(encoder, 'x-a', 'value', ':status', '200', 'x-a', 'value'), 'be88be');
  });

  test('a name that comes again is an index', () => {
    const encoder = new HpackEncoder();
    hex(encoder, 'x-a', '1', 'x-b', '1');
    assert.equal(hex(encoder, 'x-a', '2'), '7f000132');
    assert.equal(hex(encoder, 'x-b', '1', 'x-a', '1', 'x-a', '2'), 'bfc0be');
    assert.equal(hex(encoder, 'x-a', '3'), '7e0133', 'the newest entry with the name');
  });

  for (const name of ['set-cookie', 'cookie', 'authorization', 'proxy-authorization'])
    test(`${name} is never indexed (RFC 7541 §6.2.3, §7.1.3)`, () => {
      const encoder = new HpackEncoder();
      const first = hex(encoder, name, 'secret');
      assert.match(first, /^1/);
      assert.equal(hex(encoder, name, 'secret'), first);
    });

  for (const name of ['content-length', 'content-range', 'etag', 'last-modified', 'age', 'expires', 'location'])
    test(`${name} is not indexed`, () => {
      const encoder = new HpackEncoder();
      const first = hex(encoder, name, '123');
      assert.match(first, /^0/);
      assert.equal(hex(encoder, name, '123'), first);
    });

  test('an empty value of the static table is an index', () => {
    assert.equal(hex(new HpackEncoder(), 'etag', ''), 'a2');
  });

  test('an entry of more than three quarters of the table is not indexed', () => {
    const encoder = new HpackEncoder(100);
    assert.match(hex(encoder, 'a', 'x'.repeat(42)), /^40/);
    assert.match(hex(encoder, 'a', 'y'.repeat(43)), /^0/);
  });

  test('without a table nothing is indexed', () => {
    assert.match(hex(new HpackEncoder(0), 'x-a', 'b', 'content-type', 'text/html'), /^00/);
  });

  test('a header that differs each time stops changing the table', () => {
    const encoder = new HpackEncoder();
    const repeated = ['content-type', 'text/html'];
    encoder.encode(repeated);
    const blocks = Array.from({ length: 40 }, (_, index) => hex(encoder, 'x-request-id', `${index}`));
    assert.equal(blocks.filter((block) => (Number.parseInt(block.slice(0, 2), 16) & 0x40) !== 0).length, 8);
    encoder.encode(repeated);
    const kept = encoder.encode(repeated);
    hex(encoder, 'x-request-id', 'another');
    assert.equal(encoder.encode(repeated), kept);
  });

  test('the date of each second goes into the table', () => {
    const encoder = new HpackEncoder();
    for (let second = 10; second < 60; second++) {
      assert.match(hex(encoder, 'date', `Mon, 21 Oct 2013 20:13:${second} GMT`), /^61/);
      assert.equal(hex(encoder, 'date', `Mon, 21 Oct 2013 20:13:${second} GMT`), 'be');
    }
  });

  test('the Huffman code is used where it is shorter', () => {
    const encoder = new HpackEncoder();
    assert.equal(hex(encoder, 'etag', '000'), '0f13820001');
    assert.equal(hex(encoder, 'etag', '~~~'), '0f13037e7e7e');
    assert.equal(hex(encoder, 'etag', '&'), '0f130126');
  });
});

describe('the size of the table', () => {
  test('a change is told once, at the beginning of the next block (RFC 7541 §4.2)', () => {
    const encoder = new HpackEncoder();
    encoder.resize(64);
    assert.equal(hex(encoder, ':status', '200'), '3f2188');
    assert.equal(hex(encoder, ':status', '200'), '88');
  });

  test('several changes are told as the lowest and the last', () => {
    const encoder = new HpackEncoder();
    for (const bytes of [1000, 0, 64, 10, 100]) encoder.resize(bytes);
    assert.equal(hex(encoder, ':status', '200'), '203f4588');
  });

  test('down and up again is told, for the table is empty', () => {
    const encoder = new HpackEncoder();
    hex(encoder, 'x-a', 'b');
    encoder.resize(0);
    encoder.resize(4096);
    assert.match(hex(encoder, 'x-a', 'b'), /^203fe11f40/);
  });

  test('what changes nothing is not told', () => {
    const encoder = new HpackEncoder();
    encoder.resize(4096);
    encoder.resize(2 ** 32 - 1);
    assert.equal(hex(encoder, ':status', '200'), '88');
  });

  test('a block that is remembered does not come before a change is told', () => {
    const encoder = new HpackEncoder();
    const lines = [':status', '200'];
    for (let time = 0; time < 4; time++) encoder.encode(lines);
    encoder.resize(0);
    assert.equal(encoder.encode(lines).toString('hex'), '2088');
    for (let time = 0; time < 4; time++) assert.equal(encoder.encode(lines).toString('hex'), '88');
  });
});

describe('the memory of blocks', () => {
  const answer = [':status', '200', 'content-type', 'text/html', 'content-length', '1234', 'server', 'portico'];
  const other = [':status', '404', 'content-type', 'text/plain', 'content-length', '9'];

  test('the same array gives the same buffer once the table has settled, alternating too', () => {
    const encoder = new HpackEncoder();
    for (let time = 0; time < 3; time++) [answer, other].map((lines) => encoder.encode(lines));
    const [first, second] = [encoder.encode(answer), encoder.encode(other)];
    assert.equal(encoder.encode(answer), first);
    assert.equal(encoder.encode(other), second);
  });

  test('an equal array is another one, with an equal block', () => {
    const encoder = new HpackEncoder();
    for (let time = 0; time < 4; time++) encoder.encode(answer);
    const copy = [...answer];
    assert.notEqual(encoder.encode(copy), encoder.encode(answer));
    assert.deepEqual(encoder.encode(copy), encoder.encode(answer));
  });

  test('what is kept is bounded: four arrays, and no block of more than 1024 octets', () => {
    const encoder = new HpackEncoder();
    const lists = Array.from({ length: 5 }, (_, index) => ['etag', `${index}`]);
    const encodeAll = (some: readonly string[][]) => some.map((lines) => encoder.encode(lines));
    const isKept = (some: readonly string[][]) => {
      for (let time = 0; time < 3; time++) encodeAll(some);
      const [before, after] = [encodeAll(some), encodeAll(some)];
      return before.every((block, index) => block === after[index]);
    };
    assert.equal(isKept(lists.slice(0, 4)), true);
    assert.equal(isKept(lists), false);
    assert.equal(isKept([['etag', '~'.repeat(1025)]]), false);
  });

  test('a change of the table makes it another block', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    for (let time = 0; time < 4; time++) decode(decoder, encoder.encode(answer));
    decode(decoder, encoder.encode(['x-new', 'entry']));
    assert.deepEqual(decode(decoder, encoder.encode(answer)), answer);
  });

  test('blocks keep their octets whatever is encoded later', () => {
    const encoder = new HpackEncoder();
    const lists = Array.from({ length: 300 }, (_, index) => ['x-a', `${index % 7}`, 'etag', `"${index % 11}"`]);
    const blocks = [...lists, ...lists].map((lines) => {
      const block = encoder.encode(lines);
      return { block, hex: block.toString('hex') };
    });
    for (const { block, hex } of blocks) assert.equal(block.toString('hex'), hex);
  });
});

describe('what is encoded comes back', () => {
  const octet = fc.nat(255).map((code) => String.fromCharCode(code));
  const anyText = fc.string({ unit: octet, maxLength: 40 });
  const name = fc.oneof(
    fc.constantFrom('content-type', 'etag', 'set-cookie', 'date', ':status', ':path', 'x-a', 'x-b', 'cache-control'),
    anyText,
  );
  const value = fc.oneof(fc.constantFrom('', '200', 'gzip', 'text/html; charset=utf-8'), anyText);
  const section = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((lines) => lines.flat());

  test('for any octets, sections that repeat, and sizes that change', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.nat(5) },
      { weight: 1, arbitrary: fc.constantFrom(0, 50, 64, 200, 4096, 70_000).map((bytes) => ({ bytes })) },
    );
    fc.assert(
      fc.property(
        fc.array(section, { minLength: 6, maxLength: 6 }),
        fc.array(step, { maxLength: 60 }),
        (sections, steps) => {
          const encoder = new HpackEncoder();
          const decoder = new HpackDecoder();
          for (const one of steps)
            if (typeof one !== 'number') encoder.resize(one.bytes);
            else assert.deepEqual(decode(decoder, encoder.encode(sections[one] ?? [])), sections[one]);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('for all octets at once, and for strings longer than any space prepared', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    for (const lines of [
      [all, all],
      ['x-long', 'a'.repeat(100_000)],
      ['x-long', all.repeat(1000), 'x-a', 'b'],
      ['x-a', 'b'],
    ])
      assert.deepEqual(decode(decoder, encoder.encode(lines)), lines);
  });

  test('over a long run in which entries leave the table', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    for (let round = 0; round < 3000; round++) {
      const lines = [':status', '200', `x-${round % 170}`, `value ${round % 23}`, 'date', `second ${round >> 3}`];
      assert.deepEqual(decode(decoder, encoder.encode(lines)), lines);
    }
  });
});
