// Name-based hosts: exact before wildcard before default, and tables that make no sense.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileVirtualHosts } from './_virtual-hosts.ts';

const pick = compileVirtualHosts({ 'A.example.': 1, '*.a.example': 2, '*.b.a.example': 3, '[::1]': 4, '*': 5 });

for (const [host, app] of [
  ['a.example', 1],
  ['www.a.example', 2],
  ['x.y.a.example', 2],
  ['x.b.a.example', 3],
  ['b.a.example', 2],
  ['[::1]', 4],
  ['xa.example', 5],
  ['example', 5],
] as const) {
  test(`virtual host ${host}`, () => assert.equal(pick({ scheme: 'http', host, port: 8080, prefix: '' }), app));
}

test('without a default an unknown host has no application, and prototypes are none', () => {
  const none = compileVirtualHosts({ 'a.example': 1 });
  for (const host of ['b.example', 'constructor', '__proto__', 'www.a.example'])
    assert.equal(none({ scheme: 'http', host, port: 80, prefix: '' }), undefined);
});

for (const hosts of [{ 'a b': 1 }, { 'http://a': 1 }, { 'a:80': 1 }, { '*.': 1 }, { 'a*': 1 }, { a: 1, 'A.': 2 }]) {
  test(`compileVirtualHosts refuses ${JSON.stringify(hosts)}`, () => {
    assert.throws(() => compileVirtualHosts<number>(hosts as Record<string, number>), RangeError);
  });
}
