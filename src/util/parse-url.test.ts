// parseUrl against the constructor.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseUrl } from './parse-url.ts';

const cases: readonly (readonly [text: string, base: string | undefined, expected: string | undefined])[] = [
  ['http://a/b', undefined, 'http://a/b'],
  ['/b?c', 'http://a/x', 'http://a/b?c'],
  ['//b', 'https://a/', 'https://b/'],
  ['b', undefined, undefined],
  ['http://[', undefined, undefined],
  ['http://a:99999/', undefined, undefined],
  ['', undefined, undefined],
];

for (const [text, base, expected] of cases)
  test(`parseUrl ${JSON.stringify(text)} at ${base}`, () => assert.equal(parseUrl(text, base)?.href, expected));
