// Self-URLs: nothing of the query is lost, nothing of the path is encoded anew, and no text leads away from the site.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublicRequest } from './_consumer.ts';
import { attachPublicRequest, PublicUrl, publicUrl } from './_public-url.ts';

const ROWS: readonly (readonly [
  target: string,
  prefix: string,
  here: string,
  hereWithQuery: string,
  withSlash: string,
])[] = [
  ['/', '', '/', '/', '/'],
  ['/a/b', '', '/a/b', '/a/b', '/a/b/'],
  ['/a/b/?x=1&y=2', '', '/a/b/', '/a/b/?x=1&y=2', '/a/b/?x=1&y=2'],
  ['/a?u=/x?y=1&z=2', '', '/a', '/a?u=/x?y=1&z=2', '/a/?u=/x?y=1&z=2'],
  ['/a?', '', '/a', '/a?', '/a/?'],
  ['/a;p=1/b~%7e%2F:@', '', '/a;p=1/b~%7e%2F:@', '/a;p=1/b~%7e%2F:@', '/a;p=1/b~%7e%2F:@/'],
  ['//evil.example//', '', '//evil.example//', '//evil.example//', '//evil.example//'],
  ['/app/x', '/app', '/app/x', '/app/x', '/app/x/'],
  ['/<script>"\\', '', '/%3Cscript%3E%22%5C', '/%3Cscript%3E%22%5C', '/%3Cscript%3E%22%5C/'],
  ['/\u00e2\u0082\u00ac#x?\u00e9', '', '/%E2%82%AC%23x', '/%E2%82%AC%23x?%E9', '/%E2%82%AC%23x/?%E9'],
  ['*', '', '/', '/', '/'],
];

for (const [target, prefix, here, hereWithQuery, withSlash] of ROWS) {
  test(`publicUrl of ${JSON.stringify(target)}`, () => {
    const url = new PublicUrl(requestOf(target, prefix));
    assert.equal(url.here, `https://h${here}`);
    assert.equal(url.hereWithQuery, `https://h${hereWithQuery}`);
    assert.equal(String(url), `https://h${hereWithQuery}`);
    assert.equal(url.withSlash, `https://h${withSlash}`);
    assert.equal(url.root, `https://h${prefix}/`);
  });
}

test('child goes down, sibling goes beside, and both encode their segment', () => {
  const leaf = new PublicUrl(requestOf('/a%20/b?q', ''));
  const folder = new PublicUrl(requestOf('/a%20/b/?q', ''));
  assert.equal(leaf.child('c'), 'https://h/a%20/b/c');
  assert.equal(folder.child('c'), 'https://h/a%20/b/c');
  assert.equal(leaf.sibling('c'), 'https://h/a%20/c');
  assert.equal(folder.sibling('c'), 'https://h/a%20/b/c');
  assert.equal(leaf.sibling('c', { keepQuery: true }), 'https://h/a%20/c?q');
  assert.equal(leaf.child('a/b?c#d%20\u20ac ;=@:&+,$'), 'https://h/a%20/b/a%2Fb%3Fc%23d%2520%E2%82%AC%20;=@:&+,$');
  for (const dots of ['.', '..']) assert.throws(() => leaf.child(dots), RangeError);
  assert.equal(leaf.child('...'), 'https://h/a%20/b/...');
});

test('publicUrl finds the request in what frameworks wrap it in', () => {
  const raw = {};
  attachPublicRequest(raw, requestOf('/x', ''));
  for (const wrapped of [raw, { raw }, { req: raw }, { req: { raw } }])
    assert.equal(publicUrl(wrapped).here, 'https://h/x');
  assert.deepEqual(Object.keys(raw), []);
  for (const stranger of [{}, { raw: {} }, { req: null }]) assert.throws(() => publicUrl(stranger), TypeError);
});

function requestOf(target: string, prefix: string): PublicRequest {
  const address = { scheme: 'https' as const, host: 'h', port: 443, prefix };
  return { address, target, source: 'vhost', received: { target: '/vhost', host: 'inner' } };
}
