// Hosts, ports and prefixes of public addresses: one spelling each, everything else refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicPrefix, parsePublicAuthority, printHost, printOrigin } from './public-address.ts';

const AUTHORITIES: readonly [text: string, result: string | undefined][] = [
  ['www.example.com', 'www.example.com -'],
  ['WWW.Example.com.', 'www.example.com -'],
  ['h:1', 'h 1'],
  ['h:65535', 'h 65535'],
  ['under_score.a-b', 'under_score.a-b -'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example -'],
  ['3com.com', '3com.com -'],
  ['127.0.0.1:80', '127.0.0.1 80'],
  ['[::1]', '[::1] -'],
  ['[2001:DB8::1]:8080', '[2001:db8::1] 8080'],
  ['[2001:db8:0:0::00a]', '[2001:db8::a] -'],
  ['[::ffff:192.0.2.1]', '[::ffff:c000:201] -'],
  ['', undefined],
  ['.', undefined],
  [':80', undefined],
  ['h:', undefined],
  ['h:0', undefined],
  ['h:080', undefined],
  ['h:65536', undefined],
  ['h:-1', undefined],
  ['h:+1', undefined],
  ['h: 1', undefined],
  ['h:80:90', undefined],
  ['h:abc', undefined],
  ['a..b', undefined],
  ['.a', undefined],
  ['-a', undefined],
  ['a b', undefined],
  ['a%20b', undefined],
  ['a/b', undefined],
  ['a\\b', undefined],
  ['u@h', undefined],
  ['a;b', undefined],
  ['a\r\nb', undefined],
  ['b\u00fccher', undefined],
  ['1.2.3.4.', '1.2.3.4 -'],
  ['1.2.3', undefined],
  ['256.1.1.1', undefined],
  ['a.1', undefined],
  ['0x7f', undefined],
  ['[::1', undefined],
  ['[]', undefined],
  ['[1.2.3.4]', undefined],
  ['[fe80::1%25eth0]', undefined],
  ['[::1]x', undefined],
  ['[::1]:', undefined],
  [`${'a'.repeat(63)}.b`, `${'a'.repeat(63)}.b -`],
  [`${'a'.repeat(64)}.b`, undefined],
  ['a.'.repeat(127), `${'a.'.repeat(126)}a -`],
  [`${'a.'.repeat(127)}a`, undefined],
];

for (const [text, result] of AUTHORITIES) {
  test(`parsePublicAuthority ${JSON.stringify(text)} is ${result ?? 'refused'}`, () => {
    const authority = parsePublicAuthority(text);
    assert.equal(authority && `${authority.host} ${authority.port ?? '-'}`, result);
  });
}

test('printHost and printOrigin leave out the port that the scheme implies', () => {
  assert.equal(printOrigin({ scheme: 'https', host: 'h', port: 443 }), 'https://h');
  assert.equal(printOrigin({ scheme: 'https', host: 'h', port: 80 }), 'https://h:80');
  assert.equal(printHost({ scheme: 'http', host: '[::1]', port: 8080 }), '[::1]:8080');
});

for (const prefix of ['', '/app', '/a/b', '/caf%C3%A9', '/a.b', '/...', '/a:b@c']) {
  test(`isPublicPrefix ${prefix} holds`, () => assert.ok(isPublicPrefix(prefix)));
}

for (const prefix of [
  '/',
  'app',
  '/app/',
  '//app',
  '/a//b',
  '/a/../b',
  '/%2e%2E',
  '/a%2Fb',
  '/a%5cb',
  '/a%0d',
  '/a%7F',
  '/a?b',
  '/a#b',
  '/a b',
  '/%zz',
  '/é',
]) {
  test(`isPublicPrefix ${prefix} does not hold`, () => assert.ok(!isPublicPrefix(prefix)));
}
