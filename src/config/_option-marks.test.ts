// mapMarked: finds marked texts through every kind of schema, and changes nothing else.
import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from 'zod';
import { pathOption } from '../exchange/option-types.ts';
import { mapMarked } from './_option-marks.ts';

const path = pathOption();
const CASES: readonly [name: string, schema: z.ZodType, value: unknown, mapped: unknown][] = [
  ['a marked text', path, 'a', '<a>'],
  ['described, optional, with a default', path.describe('x').optional().default('y'), 'a', '<a>'],
  ['before a transform', path.transform((text) => text.length), 'a', '<a>'],
  ['an unmarked text', z.string(), 'a', 'a'],
  ['maps', z.strictObject({ a: path, b: z.string() }), { a: 'a', b: 'b', c: 'c' }, { a: '<a>', b: 'b', c: 'c' }],
  ['records', z.record(z.string(), path), { x: 'a' }, { x: '<a>' }],
  ['lists', z.array(path), ['a', 'b'], ['<a>', '<b>']],
  ['tuples', z.tuple([path, z.string()]).rest(path), ['a', 'b', 'c'], ['<a>', 'b', '<c>']],
  ['unions, the option that takes the value', z.union([z.literal('off'), path]), 'off', '<off>'],
  ['unions of shapes', z.union([z.string(), z.strictObject({ root: path })]), { root: 'a' }, { root: '<a>' }],
  [
    'unions where no option takes the value',
    z.union([z.number(), z.strictObject({ root: path })]),
    { root: 'a', x: 1 },
    { root: '<a>', x: 1 },
  ],
  ['values of another kind', z.strictObject({ a: path }), 5, 5],
];

for (const [name, schema, value, mapped] of CASES) {
  test(`mapMarked: ${name}`, () => {
    const before = structuredClone(value);
    assert.deepEqual(
      mapMarked(schema, value, 'path', (text) => `<${text}>`),
      mapped,
    );
    assert.deepEqual(value, before);
  });
}

test('mapMarked passes on functions and instances as they are', () => {
  const [instance, handler] = [new Date(0), () => 1];
  const mapped = mapMarked(z.record(z.string(), z.any()), { instance, handler }, 'path', String);
  assert.deepEqual(mapped, { instance, handler });
});
