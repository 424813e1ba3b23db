// Writing forms: the targets of both dialects, and what must not be written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vhostForm } from './dialects.ts';
import { encodeVhostTarget, type VhostRefusal } from './encode.ts';
import type { PublicAddress } from './public-address.ts';

const strict = vhostForm();
const original = vhostForm({ compat: true });
const zope = vhostForm({ dialect: 'zope' });

const NEVOW: readonly [address: string, target: string, result: string][] = [
  ['http www.example.com 80', '/a/b?x=1&y=2', '/vhost/http/www.example.com/a/b?x=1&y=2'],
  ['http www.example.com 80', '/', '/vhost/http/www.example.com/'],
  ['http www.example.com 80', '/?', '/vhost/http/www.example.com/?'],
  ['http www.example.com 80', '', '/vhost/http/www.example.com/'],
  ['http www.example.com 80', '?x', '/vhost/http/www.example.com/?x'],
  ['http www.example.com 18080', '/x', '/vhost/http/www.example.com:18080/x'],
  ['http www.example.com 443', '/x', '/vhost/http/www.example.com:443/x'],
  ['https www.example.com 443', '/x', '/vhost/https/www.example.com:443/x'],
  ['https www.example.com 8443', '/x', '/vhost/https/www.example.com:8443/x'],
  ['https www.example.com 80', '/x', '/vhost/https/www.example.com:80/x'],
  ['http WWW.Example.COM. 80', '/x', '/vhost/http/www.example.com/x'],
  ['http h 80', '/a%2Fb//c;d/%zz~?u=/x?y', '/vhost/http/h/a%2Fb//c;d/%zz~?u=/x?y'],
  ['http h 80', '/vhostess', '/vhost/http/h/vhostess'],
  ['http h 80', '/x?/vhost/../', '/vhost/http/h/x?/vhost/../'],
];

for (const [address, target, result] of NEVOW) {
  test(`nevow ${address} ${target} is ${result}`, () => {
    for (const form of [strict, original])
      assert.deepEqual(encodeVhostTarget(form, parse(address), target), { target: result });
  });
}

test('nevow brackets IPv6 for our own reader and refuses it for the original, which cannot read it', () => {
  const address = parse('http [2001:DB8::1] 8080');
  assert.deepEqual(encodeVhostTarget(strict, address, '/'), { target: '/vhost/http/[2001:db8::1]:8080/' });
  assert.deepEqual(encodeVhostTarget(original, address, '/'), { refusal: 'host' });
});

const ZOPE: readonly [address: string, innerPath: string, target: string, result: string][] = [
  ['https h 443 /app', '/root', '/a/b', '/VirtualHostBase/https/h:443/root/VirtualHostRoot/_vh_app/a/b'],
  ['http h 80', '', '/a/?q', '/VirtualHostBase/http/h:80/VirtualHostRoot/a/?q'],
  ['http [::1] 80 /a/b', '', '/', '/VirtualHostBase/http/[::1]:80/VirtualHostRoot/_vh_a/_vh_b/'],
];

for (const [address, innerPath, target, result] of ZOPE) {
  test(`zope ${address} ${innerPath}${target} is ${result}`, () => {
    assert.deepEqual(encodeVhostTarget(zope, parse(address), target, innerPath), { target: result });
  });
}

const REFUSED: readonly [dialect: 'nevow' | 'zope', address: string, target: string, refusal: VhostRefusal][] = [
  ['nevow', 'http  80', '/', 'host'],
  ['nevow', 'http user@h 80', '/', 'host'],
  ['nevow', 'http h/x 80', '/', 'host'],
  ['nevow', 'http h%2Fx 80', '/', 'host'],
  ['nevow', 'http a\r\nb 80', '/', 'host'],
  ['nevow', 'http h:1 80', '/', 'host'],
  ['nevow', 'http 1.2.3.256 80', '/', 'host'],
  ['nevow', 'http h 0', '/', 'host'],
  ['nevow', 'http h 65536', '/', 'host'],
  ['nevow', 'http h 80 /app', '/', 'prefix'],
  ['zope', 'http h 80 /app/', '/', 'prefix'],
  ['zope', 'http h 80 /a/../b', '/', 'prefix'],
  ['zope', 'http h 80 /a%2Fb', '/', 'prefix'],
  ['nevow', 'http h 80', '/vhost', 'nested'],
  ['nevow', 'http h 80', '//VHOST/x', 'nested'],
  ['nevow', 'http h 80', '/%76host/https/evil:443/', 'nested'],
  ['zope', 'http h 80', '/VirtualHostBase/http/evil:80/', 'nested'],
  ['zope', 'http h 80', '/VirtualHostRoot/_vh_evil/', 'nested'],
  ['zope', 'http h 80', '/_vh_evil/x', 'nested'],
  ['zope', 'http h 80', '//%5fvh_evil/x', 'nested'],
  ['nevow', 'http h 80', '/a/../b', 'climbs'],
  ['nevow', 'http h 80', '/..', 'climbs'],
  ['nevow', 'http h 80', '/a/%2e./b', 'climbs'],
  ['nevow', 'http h 80', '/a%2f..%2f..', 'climbs'],
];

for (const [dialect, address, target, refusal] of REFUSED) {
  test(`${dialect} ${JSON.stringify(address)} ${target} is refused: ${refusal}`, () => {
    assert.deepEqual(encodeVhostTarget(vhostForm({ dialect }), parse(address), target), { refusal });
  });
}

test('zope refuses an inner path that holds its keyword', () => {
  assert.deepEqual(encodeVhostTarget(zope, parse('http h 80'), '/', '/VirtualHostRoot'), { refusal: 'prefix' });
});

function parse(text: string): PublicAddress {
  const [scheme, host = '', port, prefix = ''] = text.split(' ');
  return { scheme: scheme === 'https' ? 'https' : 'http', host, port: Number(port), prefix };
}
