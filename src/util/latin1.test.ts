import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLatin1, writeLatin1 } from './latin1.ts';

test('writeLatin1 writes one octet for each character and nothing beyond', () => {
  const target = Buffer.alloc(6, '-');
  assert.equal(writeLatin1(target, 'a\u00ffz', 2), 3);
  assert.deepEqual(target, Buffer.from('--a\u00ffz-', 'latin1'));
  assert.equal(writeLatin1(target, '', 6), 0);
});

test('readLatin1 reads one character for each octet of the range', () => {
  const bytes = Buffer.from('--a\u00ffz-', 'latin1');
  assert.equal(readLatin1(bytes, 2, 5), 'a\u00ffz');
  assert.equal(readLatin1(bytes, 6, 6), '');
});
