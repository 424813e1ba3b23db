// Bytes that wait: the same ones come out whatever they lie in, and a slab goes back to its pool.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { giveSlab, SLAB_BYTES, takeSlab } from '../util/slab-pool.ts';
import { HeldBytes } from './held-bytes.ts';

for (const sizes of [[1], [100, 70_000], [70_000, 1, SLAB_BYTES - 70_001], [200_000, 200_000, 5], [SLAB_BYTES + 1]]) {
  test(`pieces of ${sizes.join(' and ')} bytes`, () => {
    const pieces = sizes.map((size) => randomBytes(size));
    const wanted = Buffer.concat(pieces);
    const held = new HeldBytes();
    for (let round = 0; round < 2; round++) {
      for (const piece of pieces) held.append(piece);
      assert.equal(held.length, wanted.length);
      const { bytes, release } = held.takeAll();
      assert.ok(bytes.equals(wanted));
      assert.equal(held.length, 0);
      assert.equal(release !== undefined, wanted.length > 64 * 1024 && wanted.length <= SLAB_BYTES);
      release?.();
    }
  });
}

test('what is dropped gives its slab back', () => {
  const slab = takeSlab();
  giveSlab(slab);
  const held = new HeldBytes();
  held.append(randomBytes(100_000));
  held.clear();
  assert.equal(held.length, 0);
  assert.equal(takeSlab(), slab);
});
