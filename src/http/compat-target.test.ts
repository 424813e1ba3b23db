// Paths read as lighttpd and Apache read them; test/interop/compat-paths.test.ts asks the real servers.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { canonicalTarget } from './compat-target.ts';
import { parseTarget } from './target.ts';

/** Target; lighttpd; Apache. */
const ROWS = [
  ['/a%2Fb/', '/a/b/', 'unmapped'],
  ['/a%zz/', '/a%25zz/', 'malformed'],
  ['/%', '/%25', 'malformed'],
  ['/a%00b', 'malformed', 'unmapped'],
  ['/a%0d%0aX', 'malformed', '/a%0D%0AX'],
  ['/a?x=%0d', 'malformed', '/a?x=%0d'],
  ['//a//b/', '/a/b/', '/a/b/'],
  ['/a/../b/.', '/b/', '/b/'],
  ['/../b', '/b', 'malformed'],
  ['/a/..', '/', '/'],
  ['/a%2f..%2fb', '/b', 'unmapped'],
  ['/%2e%2e/b', '/b', 'malformed'],
  ['/a%7e%e2?%7e%e2', '/a~%E2?~%E2', '/a~%E2?%7e%e2'],
  ['/a\\..\\b', '/a%5C..%5Cb', '/a%5C..%5Cb'],
  ['/?', '/?', '/?'],
] as const;

for (const [target, ...expected] of ROWS) {
  test(`${target} as lighttpd and Apache read it`, () => {
    for (const [index, server] of (['lighttpd', 'apache'] as const).entries()) {
      const parsed = parseTarget('GET', target, server);
      assert.equal(typeof parsed === 'string' ? parsed : parsed.text, expected[index], server);
    }
  });
}

test('what comes out is read the same again, and has no dot segments, doubled slashes or bad escapes', () => {
  const part = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2F',
    '%5c',
    '\\',
    '%',
    '%zz',
    '%25',
    'a',
    ';',
    '~',
    '%0d',
    '%C3',
  );
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom('lighttpd' as const, 'apache' as const), (parts, server) => {
      const once = canonicalTarget(server, `/${parts.join('')}`, undefined);
      if (typeof once === 'string') return;
      assert.match(once.path, /^\//);
      assert.doesNotMatch(once.path, /\/\/|\/\.{1,2}(?:\/|$)|%(?![0-9A-F]{2})|\\/);
      assert.deepEqual(canonicalTarget(server, once.path, undefined), once);
    }),
  );
});
