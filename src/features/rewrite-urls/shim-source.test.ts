// The size of the shim, which every page of a mount pays once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { SHIM_SOURCE } from './shim-source.ts';

test('the shim is no larger than 8000 bytes', () => {
  assert.ok(SHIM_SOURCE.length <= 8000, `${SHIM_SOURCE.length} bytes`);
});
