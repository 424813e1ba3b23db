// Names in paths: what is decoded, what is refused, and that no spelling leads out.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isHiddenName, type NameRules, parseRequestedName } from './requested-name.ts';

const STRICT: NameRules = { hidden: false, isWindows: false };

test('parseRequestedName: names and folders', () => {
  const cases: [string, string, boolean][] = [
    ['', '', false],
    ['/', '', true],
    ['/a.txt', 'a.txt', false],
    ['/a/b/', 'a/b', true],
    ['//a///b', 'a/b', false],
    ['/a%20b', 'a b', false],
    ['/%C3%A4%E2%82%AC', 'ä€', false],
    ['/%F0%9F%98%80.png', '😀.png', false],
    ['/a+b', 'a+b', false],
    ['/%252e%252e/x', '%2e%2e/x', false],
    ['/.well-known/acme', '.well-known/acme', false],
    ['/a.', 'a.', false],
    ['/a:b~1', 'a:b~1', false],
    ['/con', 'con', false],
  ];
  for (const [remainder, name, isFolder] of cases)
    assert.deepEqual(parseRequestedName(remainder, STRICT), { name, isFolder }, remainder);
});

test('parseRequestedName: refused in every spelling', () => {
  const refused = [
    '/..',
    '/../etc/passwd',
    '/a/../b',
    '/%2e%2e/x',
    '/.%2E/x',
    '/%2e',
    '/./a',
    '/a%2fb',
    '/a%2F..%2Fb',
    '/..%2fx',
    '/a%5cb',
    '/..%5C..%5Cx',
    '/a%00.html',
    '/%00',
    '/%c0%ae%c0%ae/x',
    '/%e0%80%ae',
    '/%ff',
    '/%C3',
    '/%ED%A0%80',
    '/.git/config',
    '/.env',
    '/%2egit/config',
    '/a/.htpasswd',
    '/.well-known/.secret',
    '/..;/x',
    '/...',
  ];
  for (const remainder of refused) assert.equal(parseRequestedName(remainder, STRICT), undefined, remainder);
});

test('parseRequestedName: hidden names where they are allowed, dot segments never', () => {
  const rules = { ...STRICT, hidden: true };
  assert.equal(parseRequestedName('/.git/config', rules)?.name, '.git/config');
  for (const remainder of ['/..', '/%2e%2e', '/.', '/a/%2E'])
    assert.equal(parseRequestedName(remainder, rules), undefined);
});

test('parseRequestedName: names that Windows reads in its own way', () => {
  const rules = { ...STRICT, isWindows: true };
  for (const remainder of ['/a.txt::$DATA', '/GIT~1/config', '/c:', '/a.', '/a%20', '/CON', '/nul.txt', '/LPT1'])
    assert.equal(parseRequestedName(remainder, rules), undefined, remainder);
  for (const remainder of ['/console', '/a.b', '/null.txt'])
    assert.notEqual(parseRequestedName(remainder, rules), undefined, remainder);
});

test('isHiddenName', () => {
  assert.deepEqual(['.a', '..', 'a.', '.well-known', '.well-known2'].map(isHiddenName), [
    true,
    true,
    false,
    false,
    true,
  ]);
});

test('laws: whatever is let through stays below the root and has no NUL', () => {
  const piece = fc.constantFrom('/', '.', '..', '%2e', '%2F', '%5c', '%00', '\\', 'a', '%', 'c:', '~', '%c0', '%C3%A4');
  const path = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(path, fc.boolean(), (remainder, hidden) => {
      const requested = parseRequestedName(remainder, { hidden, isWindows: false });
      if (requested === undefined) return;
      const joined = posix.join('/root/folder', requested.name);
      assert.ok(joined === '/root/folder' || joined.startsWith('/root/folder/'), joined);
      assert.equal(posix.normalize(requested.name || '.'), requested.name || '.');
      assert.ok(!/[\\\0]/.test(requested.name));
      if (!hidden) assert.ok(requested.name.split('/').every((segment) => !isHiddenName(segment)));
    }),
    { numRuns: 2000 },
  );
});
