import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { everySplit } from '../../test/kit/every-split.ts';
import { runTransform } from '../../test/kit/transform.ts';
import type { Transform } from '../exchange/body.ts';
import { decodeUtf16, encodeUtf16 } from './utf-16.ts';

describe('UTF-16', () => {
  test('ASCII becomes itself', () => {
    assert.equal(
      runTransform(decodeUtf16(false), [Buffer.from('<a>é€😀', 'utf16le')]).bytes.toString('latin1', 0, 3),
      '<a>',
    );
    assert.equal(runTransform(decodeUtf16(true), [Buffer.from('\0<\0a', 'latin1')]).bytes.toString(), '<a');
  });

  for (const isBigEndian of [false, true]) {
    const there: Transform = (next) => decodeUtf16(isBigEndian)(encodeUtf16(isBigEndian)(next));
    test(`there and back, any bytes, ${isBigEndian ? 'big' : 'little'} end first`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
          const bytes = Buffer.from(array);
          assert.ok(runTransform(there, [bytes]).bytes.equals(bytes));
        }),
        { numRuns: 2000 },
      );
    });
    test(`at every split, ${isBigEndian ? 'big' : 'little'} end first`, () => {
      const bytes = Buffer.concat([Buffer.from('aé€😀\ud800', 'utf16le'), Buffer.of(0xfe)]);
      everySplit(bytes, (pieces) => assert.ok(runTransform(there, pieces).bytes.equals(bytes)));
    });
  }
});
