// Cache-Control: the words, the patterns, and which rule wins.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheControlFor, isCachePattern, parseCacheWord } from './cache-control.ts';

test('parseCacheWord', () => {
  assert.equal(parseCacheWord('immutable'), 'max-age=31536000, immutable');
  assert.equal(parseCacheWord('revalidate'), 'no-cache');
  assert.equal(parseCacheWord('never'), 'no-store');
  assert.equal(parseCacheWord('1h30m'), 'max-age=5400');
  assert.equal(parseCacheWord('1500ms'), 'max-age=1');
  for (const word of ['', 'forever', '60', 'no-cache', '1h\r\nX: y'])
    assert.throws(() => parseCacheWord(word), SyntaxError);
});

test('isCachePattern', () => {
  for (const pattern of ['*', '*.css', '*.min.js', 'assets/', 'a/b.js', 'index.html', '.well-known/'])
    assert.ok(isCachePattern(pattern), pattern);
  for (const pattern of ['', '/', '/a', '**', 'a*', '*css', '*.', '*.a/b', 'a/*.js'])
    assert.ok(!isCachePattern(pattern), pattern);
});

test('cacheControlFor: the closest rule wins, whatever the order', () => {
  const patterns = ['*', '*.js', '*.min.js', 'a/', 'a/b/', 'a/b/c.js', 'z'];
  const cases: [string, string | undefined][] = [
    ['x.css', '*'],
    ['x.js', '*.js'],
    ['x.min.js', '*.min.js'],
    ['a/x.min.js', 'a/'],
    ['a/b/x.js', 'a/b/'],
    ['a/b/c.js', 'a/b/c.js'],
    ['z', 'z'],
    ['zz', '*'],
  ];
  for (const order of [patterns, [...patterns].reverse()]) {
    const rules = order.map((pattern) => ({ pattern, value: pattern }));
    for (const [name, expected] of cases) assert.equal(cacheControlFor(name, rules), expected, name);
  }
  assert.equal(cacheControlFor('x', []), undefined);
  assert.equal(cacheControlFor('x', [{ pattern: '*.js', value: '' }]), undefined);
});
