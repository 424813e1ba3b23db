// Perl patterns in JavaScript: what is spelled differently means the same, what there is not is refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import { compilePcre } from './pcre.ts';

/** Pattern, a text that it matches, one that it does not. */
const CASES: readonly (readonly [pattern: string, yes: string, no: string])[] = [
  ['^a$', 'a', 'A'],
  ['(?i)^a$', 'A', 'b'],
  ['\\Aabc\\z', 'abc', 'abcd'],
  ['^[[:alpha:]]+$', 'abc', 'a1'],
  ['^[[:digit:]x]+$', '12x', 'y'],
  ['^[^[:space:]]+$', 'ab', 'a b'],
  ['^(?P<name>a)\\k<name>$', 'aa', 'ab'],
  ['^a++b$', 'aab', 'ac'],
  ['^(?>a|ab)c', 'ac', 'b'],
  ['^[]a]+$', ']a', 'b'],
  ['^[^]a]+$', 'b', ']'],
  ['^a(?#comment)b$', 'ab', 'a'],
  ['^\\h+$', ' \t', 'x'],
  ['^a\\+b$', 'a+b', 'aab'],
  ['[[]', '[', 'a'],
];

test('patterns match as in Perl', () => {
  for (const [pattern, yes, no] of CASES) {
    const compiled = compilePcre(pattern);
    assert.ok('regExp' in compiled, `${pattern}: ${JSON.stringify(compiled)}`);
    assert.ok(compiled.regExp.test(yes), `${pattern} matches ${yes}`);
    assert.ok(!compiled.regExp.test(no), `${pattern} does not match ${no}`);
  }
});

test('what is no pattern is a problem, not an exception', () => {
  for (const pattern of ['(', '[a', '*', '(?x) a', 'a{2,1}', 'x'.repeat(5000)])
    assert.ok('problem' in compilePcre(pattern), pattern);
});
