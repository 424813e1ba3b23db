// Which paths look like a form: every disguise is one, every longer name is none; and which mounts are possible.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVhostPath, type VhostFormOptions, vhostForm } from './dialects.ts';

const nevow = [vhostForm()];
const zope = [vhostForm({ dialect: 'zope' })];

const DISGUISED = [
  '/vhost',
  '/vhost/',
  '/vhost?x',
  '/vhost/https/evil.example:443/x/',
  '/%76host/https/evil.example:443/x/',
  '/%76%68%6F%73%74/x',
  '/%2576host/x',
  '//vhost/x',
  '///vhost',
  '/./vhost',
  '/a/../vhost/x',
  '/a/%2e%2e/vhost/x',
  '/a/.%2E/vhost/x',
  '/../vhost/x',
  '/%2Fvhost/x',
  '/a%2f..%2fvhost/x',
  '/\\vhost/x',
  '/a\\..\\vhost',
  '/%5Cvhost',
  '/vhost;x/y',
  '/a/..;/vhost/y',
  '/vhost%3Bx/y',
  '/VHOST/x',
  '/vHoSt/x',
  '/vhost/../x',
  '/x/../vhost/http/h/../../../y',
];

for (const path of DISGUISED) {
  test(`isVhostPath: ${path} is one`, () => {
    assert.ok(isVhostPath(path, nevow));
    assert.ok(!isVhostPath(path, []));
    assert.ok(!isVhostPath(path, zope));
  });
}

const ORDINARY = [
  '/',
  '/vhostess',
  '/vhost.html',
  '/vhost-x/y',
  '/x/vhost',
  '//x/vhost/y',
  '/a%20b/./vhost',
  '/a/b/../vhost',
  '/x?/vhost',
  '/?/../vhost',
  '/vhos%74ess',
  '/%',
];

for (const path of ORDINARY) {
  test(`isVhostPath: ${path} is none`, () => assert.ok(!isVhostPath(path, [...nevow, ...zope])));
}

for (const path of [
  '/VirtualHostBase/http/h:80/',
  '/virtualhostroot/_vh_x',
  '/%56irtualHostRoot',
  '//VirtualHostBase',
]) {
  test(`isVhostPath: ${path} is one of zope's`, () => {
    assert.ok(isVhostPath(path, zope));
    assert.ok(!isVhostPath(path, nevow));
  });
}

test('isVhostPath is quick on the longest paths', { timeout: 120_000 }, () => {
  for (const part of ['/%25', '/..', '/a/..', '%252525', ';', '\\', '/'])
    assert.ok(!isVhostPath(`/x${part.repeat(Math.floor(60_000 / part.length))}`, nevow));
});

const REFUSED: readonly VhostFormOptions[] = [
  ...['', 'vhost', '/', '/a/b', '/vhost/', '/a b', '/%76host', '/.', '/..', '/a?b', '/a#b'].map((mount) => ({ mount })),
  { dialect: 'zope', mount: '/vhost' },
];

for (const options of REFUSED) {
  test(`vhostForm refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => vhostForm(options), { name: 'RangeError', message: /^Cannot use ".*" as mount: / });
  });
}

test('vhostForm has defaults', () => {
  assert.deepEqual(vhostForm(), { dialect: 'nevow', mount: '/vhost', compat: false });
  assert.deepEqual(vhostForm({ dialect: 'zope', compat: true }), {
    dialect: 'zope',
    mount: '/VirtualHostBase',
    compat: true,
  });
  assert.equal(vhostForm({ mount: '/_vhost-1' }).mount, '/_vhost-1');
});
