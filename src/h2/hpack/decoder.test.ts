// The decoder: what it refuses, the limit of a block, and the memory of the last one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './decoder.ts';

const LIMIT_BYTES = 64 * 1024;

function decode(decoder: HpackDecoder, hex: string, limitBytes = LIMIT_BYTES) {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(bytes, 0, bytes.length, limitBytes);
}

const text = (value: string) => Buffer.from(value, 'latin1').toString('hex');
/** A literal, `form` being its first octet, with strings shorter than 127 octets that are not Huffman-coded. */
const literal = (form: string, name: string, value: string) =>
  `${form} ${length(name)} ${text(name)} ${length(value)} ${text(value)}`;
const length = (value: string) => value.length.toString(16).padStart(2, '0');

describe('a block is malformed', () => {
  for (const [what, ...blocks] of [
    ['index 0', '80'],
    ['an index behind the static table, the dynamic one empty', 'be'],
    ['an index behind the dynamic table', literal('40', 'a', 'b'), 'bf'],
    ['an index of an entry that was evicted', literal('40', 'a', 'b'), '20', 'be'],
    ['an index far away', 'ff ffffff07'],
    ['an index cut off', 'ff'],
    ['an index of too many octets', 'ff 80808080 8000'],
    ['the index of a name behind the table, indexed', '7f 00 01 61'],
    ['the index of a name behind the table, not indexed', '0f 2f 01 61'],
    ['the index of a name behind the table, never indexed', '1f 2f 01 61'],
    ['a literal without a name', '40'],
    ['a literal without a value', '40 01 61'],
    ['a literal with the index of its name, without a value', '41'],
    ['a name longer than the block', '00 05 61'],
    ['a value longer than the block', '00 01 61 02 61'],
    ['a value longer than any block', '00 01 61 7f ffffff07'],
    ['the length of a value cut off', '00 01 61 7f'],
    ['a name whose padding is a whole octet', '00 81 ff 01 61'],
    ['a value whose padding is a whole octet', '00 01 61 82 1fff'],
    ['a value whose padding is not of ones', '00 01 61 81 18'],
    ['a value with EOS in it', '00 01 61 85 1ffffffff8'],
    ['a value that is not indexed and broken', '00 01 61 81 00'],
    ['a size update behind a line', '82 20'],
    ['a size update where a literal would go on', '82 20 01 61 01 62'],
    ['a size update where an indexed name would go on', '82 24 01 62'],
    ['three size updates', '20 3f01 20'],
    ['a size update above what was announced', '3f e2 1f'],
    ['a size update far above', '3f ffffff07'],
    ['a size update cut off', '3f'],
  ] as const)
    test(what, () => {
      const decoder = new HpackDecoder();
      for (const block of blocks.slice(0, -1)) assert.ok(Array.isArray(decode(decoder, block)));
      assert.equal(decode(decoder, blocks.at(-1) ?? ''), 'malformed');
    });
});

describe('a block is read', () => {
  for (const [what, block, ...lines] of [
    ['nothing', ''],
    ['the last line of the static table', 'bd', 'www-authenticate', ''],
    ['two size updates, the second up to what was announced', '20 3f e1 1f 82', ':method', 'GET'],
    ['a size update alone', '20'],
    ['an empty name and an empty value', '00 00 00', '', ''],
    ['an empty Huffman string', '00 80 80', '', ''],
    ['a name of the static table in each form', '44 01 78 04 01 79 14 01 7a', ':path', 'x', ':path', 'y', ':path', 'z'],
    ['an index that needs more octets', '1f 1f 01 61', 'location', 'a'],
    ['octets above 127', '00 01 61 02 80ff', 'a', '\u0080\u00ff'],
    ['an entry named by a line of the same block', `${literal('40', 'a', 'b')} be`, 'a', 'b', 'a', 'b'],
  ] as const)
    test(what, () => assert.deepEqual(decode(new HpackDecoder(), block), lines));

  test('out of the middle of a buffer', () => {
    const decoder = new HpackDecoder();
    const bytes = Buffer.from('ff8286ff8286ff', 'hex');
    const expected = [':method', 'GET', ':scheme', 'http'];
    assert.deepEqual(decoder.decode(bytes, 1, 3, LIMIT_BYTES), expected);
    assert.deepEqual(decoder.decode(bytes, 4, 6, LIMIT_BYTES), expected);
    assert.equal(decoder.decode(bytes, 1, 4, LIMIT_BYTES), 'malformed', 'an octet beyond');
  });
});

describe('the table', () => {
  test('a table begins with 4096 octets even if more was announced, until the peer says so', () => {
    const big = new HpackDecoder(65_536);
    // 4096 octets and one: with their overhead they are 32 larger than the table.
    const entry = `40 01 61 7f 81 1f ${'62'.repeat(4096)}`;
    decode(big, entry);
    assert.equal(decode(big, 'be'), 'malformed');
    const raised = new HpackDecoder(65_536);
    decode(raised, `3f e1 ff 03 ${entry}`);
    assert.deepEqual(decode(raised, 'be'), ['a', 'b'.repeat(4096)]);
  });

  test('an entry fits to the octet, with 32 for itself (RFC 7541 §4.1)', () => {
    const decoder = new HpackDecoder(66);
    decode(decoder, literal('40', 'a', 'b'));
    assert.deepEqual(decode(decoder, 'be'), ['a', 'b']);
    const narrow = new HpackDecoder(33);
    assert.deepEqual(decode(narrow, literal('40', 'a', 'b')), ['a', 'b']);
    assert.equal(decode(narrow, 'be'), 'malformed');
  });

  test('a second entry evicts the first only if both do not fit', () => {
    for (const [bytes, isThere] of [
      [68, true],
      [67, false],
    ] as const) {
      const decoder = new HpackDecoder(bytes);
      decode(decoder, literal('40', 'a', 'b') + literal('40', 'c', 'd'));
      assert.deepEqual(decode(decoder, 'be'), ['c', 'd']);
      assert.deepEqual(decode(decoder, 'bf'), isThere ? ['a', 'b'] : 'malformed');
    }
  });

  test('an entry larger than the table empties it, and is no error (RFC 7541 §4.4)', () => {
    const decoder = new HpackDecoder(70);
    decode(decoder, literal('40', 'a', 'b'));
    const value = 'x'.repeat(40);
    assert.deepEqual(decode(decoder, literal('40', 'c', value)), ['c', value]);
    assert.equal(decode(decoder, 'be'), 'malformed');
  });

  test('a name may be that of the entry that its line evicts', () => {
    const decoder = new HpackDecoder(40);
    decode(decoder, literal('40', 'name', 'v'));
    assert.deepEqual(decode(decoder, '7e 01 77'), ['name', 'w']);
    assert.deepEqual(decode(decoder, 'be'), ['name', 'w']);
  });

  test('without a size nothing is kept', () => {
    const decoder = new HpackDecoder(0);
    assert.deepEqual(decode(decoder, literal('40', '', '')), ['', '']);
    assert.equal(decode(decoder, 'be'), 'malformed');
  });

  test('many short entries are all there', () => {
    const decoder = new HpackDecoder();
    const entries = Array.from({ length: 200 }, (_, index) => String.fromCharCode(0x21 + (index % 90)));
    for (const value of entries) decode(decoder, literal('40', '', value));
    // 4096 octets of 33 each.
    const kept = entries.slice(-124).reverse();
    kept.forEach((value, place) => {
      const index = 62 + place;
      const block = index < 127 ? (0x80 + index).toString(16) : `ff${(index - 127).toString(16).padStart(2, '0')}`;
      assert.deepEqual(decode(decoder, block), ['', value], `entry ${index}`);
    });
    assert.equal(decode(decoder, `ff${(62 + 124 - 127).toString(16)}`), 'malformed');
  });
});

describe('the limit of a block', () => {
  test('counts names and values alone, to the octet', () => {
    assert.deepEqual(decode(new HpackDecoder(), '82', 10), [':method', 'GET']);
    assert.equal(decode(new HpackDecoder(), '82', 9), 'too-large');
    assert.equal(decode(new HpackDecoder(), '8286', 20), 'too-large');
  });

  test('leaves the table in step', () => {
    const decoder = new HpackDecoder();
    const block = `${literal('40', 'a', 'b')} ${literal('00', 'long', 'x'.repeat(100))} ${literal('40', 'c', 'd')}`;
    assert.equal(decode(decoder, block, 20), 'too-large');
    assert.deepEqual(decode(decoder, 'be bf', 20), ['c', 'd', 'a', 'b']);
  });

  test('does not hide that a block is malformed behind it', () => {
    assert.equal(decode(new HpackDecoder(), '82 80', 5), 'malformed');
  });

  test('holds for a block that names one long entry again and again', () => {
    const decoder = new HpackDecoder();
    decode(decoder, `40 01 61 7f 81 1e ${'62'.repeat(3968)}`);
    assert.equal(decode(decoder, 'be'.repeat(16_000)), 'too-large');
    assert.deepEqual(decode(decoder, 'be'), ['a', 'b'.repeat(3968)]);
  });

  test('holds for a block that is remembered', () => {
    const decoder = new HpackDecoder();
    assert.deepEqual(decode(decoder, '82', 10), [':method', 'GET']);
    assert.equal(decode(decoder, '82', 9), 'too-large');
  });
});

describe('the memory of the last block', () => {
  const long = `82 ${literal('00', 'a', 'x'.repeat(100))}`;
  for (const [what, block] of [
    ['a short block', '8286'],
    ['a long block', long],
  ] as const)
    test(`${what} that changes nothing gives the same array again`, () => {
      const decoder = new HpackDecoder();
      const first = decode(decoder, block);
      assert.equal(decode(decoder, block), first);
      assert.equal(decode(decoder, block), first);
    });

  test('a block of more than 4096 octets is not kept', () => {
    const decoder = new HpackDecoder();
    const huge = `00 01 61 7f 81 1f ${'78'.repeat(4096)}`;
    assert.notEqual(decode(decoder, huge), decode(decoder, huge));
  });

  test('a block that differs in its last octet does not', () => {
    const decoder = new HpackDecoder();
    assert.deepEqual(decode(decoder, '8286'), [':method', 'GET', ':scheme', 'http']);
    assert.deepEqual(decode(decoder, '8287'), [':method', 'GET', ':scheme', 'https']);
    const first = decode(decoder, long);
    const other = decode(decoder, `${long.slice(0, -2)}79`);
    assert.equal(other[3], `${'x'.repeat(99)}y`);
    assert.notEqual(other, first);
  });

  test('a block that is the beginning of the last one does not', () => {
    const decoder = new HpackDecoder();
    decode(decoder, '8286');
    assert.deepEqual(decode(decoder, '82'), [':method', 'GET']);
    assert.deepEqual(decode(decoder, ''), []);
  });

  test('a block that adds to the table adds each time', () => {
    const decoder = new HpackDecoder();
    const block = `${literal('40', 'a', 'b')}`;
    decode(decoder, block);
    decode(decoder, block);
    assert.deepEqual(decode(decoder, 'bf'), ['a', 'b']);
  });

  test('an entry between makes the same octets another block', () => {
    const decoder = new HpackDecoder();
    decode(decoder, literal('40', 'a', 'b'));
    assert.deepEqual(decode(decoder, 'be'), ['a', 'b']);
    decode(decoder, literal('40', 'c', 'd'));
    assert.deepEqual(decode(decoder, 'be'), ['c', 'd']);
  });

  test('a size update between makes the same octets another block', () => {
    const decoder = new HpackDecoder();
    decode(decoder, literal('40', 'a', 'b'));
    assert.deepEqual(decode(decoder, 'be'), ['a', 'b']);
    decode(decoder, '20');
    assert.equal(decode(decoder, 'be'), 'malformed');
  });

  test('a block that was too large between does, if it added to the table', () => {
    const decoder = new HpackDecoder();
    decode(decoder, literal('40', 'a', 'b'));
    assert.deepEqual(decode(decoder, 'be'), ['a', 'b']);
    assert.equal(decode(decoder, literal('40', 'c', 'd'), 1), 'too-large');
    assert.deepEqual(decode(decoder, 'be'), ['c', 'd']);
  });

  test('the octets may be written over afterwards', () => {
    const decoder = new HpackDecoder();
    const bytes = Buffer.from('8286', 'hex');
    decoder.decode(bytes, 0, 2, LIMIT_BYTES);
    bytes[1] = 0x87;
    assert.deepEqual(decoder.decode(bytes, 0, 2, LIMIT_BYTES), [':method', 'GET', ':scheme', 'https']);
  });
});

test('any octets give lines or a fault, and nothing is thrown', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .constantFrom('82', 'be', '20', '3f01', literal('40', 'a', 'b'), literal('00', 'x-y', 'z'), '00 81 ff', '7e0178')
      .map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex')),
  );
  const blocks = fc.array(
    fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces)),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(blocks, fc.nat(300), (all, limitBytes) => {
      const decoder = new HpackDecoder(128);
      for (const block of all) {
        const result = decoder.decode(block, 0, block.length, limitBytes);
        if (result === 'malformed') return;
        if (result === 'too-large') continue;
        assert.equal(result.length % 2, 0);
        assert.ok(result.join('').length <= limitBytes);
      }
    }),
    { numRuns: 2000 },
  );
});
