import assert from 'node:assert/strict';
import test from 'node:test';
import { similarity } from './similarity.ts';

const ROWS: readonly (readonly [first: string, second: string, value: number])[] = [
  ['', '', 1],
  ['a', '', 0],
  ['a b', 'b a', 1],
  ['a a', 'a', 2 / 3],
  ['home about', 'home about Home items 3', 4 / 7],
];

for (const [first, second, value] of ROWS)
  test(`"${first}" and "${second}"`, () => assert.equal(similarity(first, second), value));
