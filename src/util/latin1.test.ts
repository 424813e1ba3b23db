import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeLatin1 } from './latin1.ts';

test('writeLatin1 writes one octet for each character and nothing beyond', () => {
  const target = Buffer.alloc(6, '-');
  assert.equal(writeLatin1(target, 'a\u00ffz', 2), 3);
  assert.deepEqual(target, Buffer.from('--a\u00ffz-', 'latin1'));
  assert.equal(writeLatin1(target, '', 6), 0);
});
