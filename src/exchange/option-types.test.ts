// The shared option schemas: what each takes, what it makes of it, and what it says otherwise.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { z } from 'zod';
import { countOption, durationOption, pathOption, secretOption, sizeOption } from './option-types.ts';

const CASES: readonly [name: string, schema: z.ZodType, input: unknown, output: unknown][] = [
  ['durationOption', durationOption(), '1m30s', 90_000],
  ['durationOption', durationOption(), '250ms', 250],
  ['durationOption', durationOption(), '5q', 'expected a duration such as 30s'],
  ['durationOption', durationOption(), 30, 'expected a duration such as 30s'],
  ['durationOption with a default', durationOption().prefault('2s'), undefined, 2000],
  ['sizeOption', sizeOption(), '64KiB', 65_536],
  ['sizeOption', sizeOption(), '64', 'expected a size such as 10MB'],
  ['countOption', countOption(1), 7, 7],
  ['countOption', countOption(1), '7', 7],
  ['countOption', countOption(1), 0, 'expected a whole number from 1'],
  ['countOption', countOption(0), '0', 0],
  ['countOption', countOption(1), 1.5, 'expected a whole number from 1'],
  ['countOption', countOption(1), '-1', 'expected a whole number from 1'],
  ['countOption', countOption(1), '1e3', 'expected a whole number from 1'],
  ['pathOption', pathOption(), './x', './x'],
  ['pathOption', pathOption(), '', 'expected a path'],
  ['secretOption', secretOption(), 'x', 'x'],
];

for (const [name, schema, input, output] of CASES) {
  test(`${name} makes ${JSON.stringify(output)} of ${JSON.stringify(input)}`, () => {
    const result = schema.safeParse(input);
    assert.deepEqual(result.success ? result.data : result.error.issues[0]?.message, output);
  });
}
