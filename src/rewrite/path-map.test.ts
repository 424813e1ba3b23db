import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endOfBase, type PathRule, translatePath } from './path-map.ts';

describe('endOfBase', () => {
  const rows: [string, string, number][] = [
    ['/app/x', '/app/', 4],
    ['/app', '/app/', 4],
    ['/app?q', '/app/', 4],
    ['/app#f', '/app/', 4],
    ['/application', '/app/', -1],
    ['/App/x', '/app/', -1],
    ['/x', '/app/', -1],
    ['/x', '/', 0],
    ['/a/b/c', '/a/b/', 4],
    ['/a/bc', '/a/b/', -1],
    ['/%61pp/x', '/app/', 6],
    ['/app%2Fx', '/app/', -1],
    ['//app//x', '/app/', 5],
    ['/a//b/x', '/a/b/', 5],
    ['/app\\x', '/app/', 4],
    ['/app/../x', '/app/', -1],
    ['/app/a/../x', '/app/', 4],
    ['/app/a/../../x', '/app/', -1],
    ['/app/%2e%2E/x', '/app/', -1],
    ['/app/.../x', '/app/', 4],
    ['/app/x?u=/../../', '/app/', 4],
  ];
  for (const [path, base, expected] of rows)
    test(`${path} in ${base}`, () => assert.equal(endOfBase(path, base), expected));
});

describe('translatePath', () => {
  const out: PathRule = { from: '/', to: '/app/', prefix: 'auto', except: [] };
  const rows: [string, PathRule, string, string][] = [
    ['a path', out, '/x', '/app/x'],
    ['the root', out, '/', '/app/'],
    ['a path below the mount', out, '/app/x', '/app/x'],
    ['the mount itself', out, '/app', '/app'],
    ['a path that begins like it', out, '/apparel', '/app/apparel'],
    ['dot segments above the root', out, '/../../x', '/app/x'],
    ['dot segments that stay', out, '/a/../x', '/app/a/../x'],
    ['dot segments through the root', out, '/a/../../b', '/app/b'],
    ['a climb out of the mount', out, '/app/../x', '/app/app/../x'],
    ['add: a path below the mount', { ...out, prefix: 'add' }, '/app/x', '/app/app/x'],
    ['keep', { ...out, prefix: 'keep' }, '/x', '/x'],
    ['except', { ...out, except: ['/static/'] }, '/static/x', '/static/x'],
    ['except is a segment', { ...out, except: ['/static/'] }, '/statics', '/app/statics'],
    ['back', { ...out, from: '/app/', to: '/', prefix: 'add' }, '/app/x?q', '/x?q'],
    ['back, bare', { ...out, from: '/app/', to: '/', prefix: 'add' }, '/app', '/'],
    ['back, bare with a query', { ...out, from: '/app/', to: '/', prefix: 'add' }, '/app?q', '/?q'],
    ['base to base', { ...out, from: '/base/', to: '/app/' }, '/base/x', '/app/x'],
    ['base to base, bare', { ...out, from: '/base/', to: '/app/' }, '/base', '/app'],
    ['base to root', { ...out, from: '/base/', to: '/' }, '/base/x', '/x'],
    ['longer base wins over the public one', { ...out, from: '/app/sub/', to: '/app/' }, '/app/sub/x', '/app/x'],
    ['merged slashes', { ...out, from: '/app/', to: '/', prefix: 'add' }, '/app//x', '//x'],
  ];
  for (const [name, rule, path, expected] of rows)
    test(`${name}: ${path}`, () => {
      const answer = translatePath(path, rule);
      assert.equal(typeof answer === 'string' ? path : answer.text + path.slice(answer.end), expected);
    });

  test('outside of the backend base', () => {
    assert.equal(translatePath('/other/x', { ...out, from: '/base/' }), 'outside');
    assert.equal(translatePath('/basement', { ...out, from: '/base/' }), 'outside');
  });
});
