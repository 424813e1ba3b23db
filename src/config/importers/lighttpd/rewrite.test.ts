// The language of rewrite targets, with the outputs that lighttpd gave.
import assert from 'node:assert/strict';
import test from 'node:test';
import { refersToCondition, substitute } from './rewrite.ts';

const substitution = {
  match: ['/x/a%20b/c&d', 'a%20b/c&d'],
  condition: ['www.example.com', 'www'],
  url: { scheme: 'http', authority: 'www.example.com:8080', port: 8080, path: '/x/a%20b/c&d', query: 'q=1' },
} as const;

test('references', () => {
  const cases = [
    ['/$1', '/a%20b/c&d'],
    ['/$0', '//x/a%20b/c&d'],
    ['/%0/%1/%2', '/www.example.com/www/'],
    ['/$9$', '/$'],
    ['/$$1/%%0', '/$1/%0'],
    ['/%a', '/%a'],
    ['/${1}', '/a%20b/c%26d'],
    ['/${noesc:1}', '/a%20b/c&d'],
    ['/${esc:1}', '/a%2520b%2Fc%26d'],
    ['/${escape:1}', '/a%2520b%2Fc%26d'],
    ['/${escnde:1}', '/a%20b%2Fc%26d'],
    ['/%{0}', '/www.example.com'],
    ['${url.scheme}://${url.authority}${url.path}', 'http://www.example.com:8080/x/a%20b/c&d'],
    ['${url.authority.noport} ${url.port} ${url.query}', 'www.example.com 8080 q=1'],
    ['/add${qsa}', '/add?q=1'],
    ['/add?k=v${qsa}', '/add?k=v&q=1'],
    ['/x${unknown}', '/x'],
    ['', ''],
  ] as const;
  for (const [target, expected] of cases) assert.equal(substitute(target, substitution), expected, target);
});

test('a target that refers to its condition', () => {
  for (const target of ['%0', '/a/%1', '%{0}', '${esc:1}%{noesc:2}']) assert.ok(refersToCondition(target), target);
  for (const target of ['$1', '/a%20b', '%%0', '${1}', '%{url.path}'])
    assert.equal(refersToCondition(target), target === '/a%20b', target);
});
