// Globs of include directives.
import assert from 'node:assert/strict';
import test from 'node:test';
import { expandBraces, isGlob, matchesGlob } from './glob.ts';

test('a name fits a glob', () => {
  const cases = [
    ['*.conf', 'a.conf', true],
    ['*.conf', '.conf', false],
    ['*.conf', 'a.conf.bak', false],
    ['?-*', '1-x', true],
    ['[0-9]*', '10-a', true],
    ['[!0-9]*', '10-a', false],
    ['[a', '[a', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['.*', '.hidden', true],
    ['a.c', 'abc', false],
    ['**', 'x', true],
  ] as const;
  for (const [glob, name, expected] of cases) assert.equal(matchesGlob(glob, name), expected, `${glob} ${name}`);
});

test('braces are alternatives, in their order', () => {
  assert.deepEqual(expandBraces('/a/{b,c}/*.conf'), ['/a/b/*.conf', '/a/c/*.conf']);
  assert.deepEqual(expandBraces('{a,b}{1,2}'), ['a1', 'a2', 'b1', 'b2']);
  assert.deepEqual(expandBraces('{a}'), ['{a}']);
  assert.deepEqual(expandBraces('{a,b'), ['{a,b']);
  assert.ok(expandBraces('{a,b}'.repeat(20)).length <= 256);
});

test('a plain path is no glob', () => {
  assert.equal(isGlob('/etc/nginx/nginx.conf'), false);
  assert.equal(isGlob('/etc/nginx/*.conf'), true);
});
