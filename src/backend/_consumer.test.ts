// The consumer without any framework: who is believed, what is refused, where the address comes from.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printOrigin } from '../vhost-path/public-address.ts';
import { type Arrival, type BackendOptions, createConsumer } from './_consumer.ts';
import type { Peer } from './_trust.ts';

interface Case {
  readonly name: string;
  readonly options?: BackendOptions;
  /** An IP address, `unix` or `unknown`. */
  readonly peer?: string;
  readonly target?: string;
  readonly host?: string | readonly string[];
  readonly isEncrypted?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Source, origin, public target and (where it differs) the target to route; or the status of the refusal. */
  readonly result: string;
}

const form = '/vhost/https/www.example.com:443/a/b?x=1?y=2';
const secret = { header: 'X-Front-Secret', value: 'sixteen letters.' };
const forwarded: BackendOptions = { headers: 'forwarded' };
const older: BackendOptions = { headers: 'x-forwarded' };

const CASES: readonly Case[] = [
  { name: 'a form from loopback', target: form, result: 'vhost https://www.example.com /a/b?x=1?y=2' },
  {
    name: 'a form from loopback, IPv6',
    peer: '::1',
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  {
    name: 'a form from loopback, mapped',
    peer: '::ffff:127.0.0.1',
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  {
    name: 'a form from a unix socket',
    peer: 'unix',
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  { name: 'a form from elsewhere', peer: '203.0.113.9', target: form, result: '404' },
  { name: 'a form from a connection that is gone', peer: 'unknown', target: form, result: '404' },
  { name: 'a disguised form from elsewhere', peer: '203.0.113.9', target: '/%76HOST', result: '404' },
  {
    name: 'a disguised form from elsewhere in compat mode',
    options: { compat: true },
    peer: '203.0.113.9',
    target: '//vhost/http/h/',
    result: '404',
  },
  {
    name: 'a form in an absolute target from elsewhere',
    peer: '203.0.113.9',
    target: 'http://h/vhost/http/h/',
    result: '404',
  },
  { name: 'a form in an absolute target', target: 'http://h/vhost/http/h/', result: '400' },
  { name: 'a malformed form', target: '/vhost/ftp/h/', result: '400' },
  {
    name: 'a form beats the headers',
    options: older,
    target: form,
    headers: { 'x-forwarded-host': 'other', 'x-forwarded-prefix': '/p' },
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  {
    name: 'a form beats a broken Host',
    host: 'a b',
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  {
    name: 'a listed network',
    options: { trust: ['10.0.0.0/8'] },
    peer: '10.1.2.3',
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  { name: 'loopback where only others are listed', options: { trust: ['10.0.0.0/8'] }, target: form, result: '404' },
  {
    name: 'a unix socket where only others are listed',
    options: { trust: ['10.0.0.0/8'] },
    peer: 'unix',
    target: form,
    result: '404',
  },
  {
    name: 'a unix socket that is listed',
    options: { trust: ['unix'] },
    peer: 'unix',
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  { name: 'an empty list', options: { trust: [] }, target: form, result: '404' },
  {
    name: 'the secret from anywhere',
    options: { secret },
    peer: '203.0.113.9',
    headers: { 'x-front-secret': secret.value },
    target: form,
    result: 'vhost https://www.example.com /a/b?x=1?y=2',
  },
  {
    name: 'the secret from a connection that is gone',
    options: { secret },
    peer: 'unknown',
    headers: { 'x-front-secret': secret.value },
    target: form,
    result: '404',
  },
  {
    name: 'a wrong secret',
    options: { secret },
    headers: { 'x-front-secret': 'sixteen letters!' },
    target: form,
    result: '404',
  },
  { name: 'no secret', options: { secret }, target: form, result: '404' },
  {
    name: 'the secret from outside the list',
    options: { secret, trust: ['loopback'] },
    peer: '203.0.113.9',
    headers: { 'x-front-secret': secret.value },
    target: form,
    result: '404',
  },
  {
    name: 'zope',
    options: { dialect: 'zope' },
    target: '/VirtualHostBase/https/h:443/root/VirtualHostRoot/_vh_app/a/b',
    result: 'vhost https://h /app/a/b /root/a/b',
  },
  {
    name: 'zope, a prefix only',
    options: { dialect: 'zope' },
    host: 'own.example:8080',
    target: '/VirtualHostRoot/_vh_app/a',
    result: 'vhost http://own.example:8080 /app/a /a',
  },
  {
    name: 'compat keeps the scheme',
    options: { compat: true },
    isEncrypted: true,
    target: '/vhost/ftp/h:443/a',
    result: 'vhost https://h /a',
  },

  { name: 'no form', target: '/a?b', result: 'request http://own.example:8081 /a?b' },
  {
    name: 'no form from elsewhere',
    peer: '203.0.113.9',
    target: '/a?b',
    result: 'request http://own.example:8081 /a?b',
  },
  { name: 'no form over TLS', isEncrypted: true, host: 'h:443', target: '/', result: 'request https://h /' },
  { name: 'no form and no Host', host: [], target: '/', result: 'request http://127.0.0.1:8081 /' },
  { name: 'an empty port', host: 'h:', target: '/', result: 'request http://h /' },
  { name: 'two Hosts', host: ['a', 'a'], target: '/', result: '400' },
  { name: 'userinfo in Host', host: 'u@h', target: '/', result: '400' },
  { name: 'a path in Host', host: 'h/evil', target: '/', result: '400' },
  {
    name: 'an absolute target',
    host: 'other',
    target: 'http://h:1/a?b',
    result: 'request http://h:1 /a?b http://h:1/a?b',
  },
  { name: 'OPTIONS *', target: '*', result: 'request http://own.example:8081 *' },

  {
    name: 'X-Forwarded-* without being asked to',
    headers: { 'x-forwarded-proto': 'https' },
    target: '/',
    result: 'request http://own.example:8081 /',
  },
  {
    name: 'X-Forwarded-* from elsewhere',
    options: older,
    peer: '203.0.113.9',
    headers: { 'x-forwarded-host': 'evil' },
    target: '/',
    result: 'request http://own.example:8081 /',
  },
  {
    name: 'X-Forwarded-*',
    options: older,
    headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'WWW.example.com' },
    target: '/a',
    result: 'headers https://www.example.com /a',
  },
  {
    name: 'X-Forwarded-* with a port of its own',
    options: older,
    headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'h', 'x-forwarded-port': '8443' },
    target: '/',
    result: 'headers https://h:8443 /',
  },
  {
    name: 'X-Forwarded-Host with a port',
    options: older,
    headers: { 'x-forwarded-host': 'h:8080', 'x-forwarded-port': '80' },
    target: '/',
    result: 'headers http://h:8080 /',
  },
  {
    name: 'X-Forwarded-Proto alone',
    options: older,
    host: 'h',
    headers: { 'x-forwarded-proto': 'https' },
    target: '/',
    result: 'headers https://h /',
  },
  {
    name: 'X-Forwarded-Prefix',
    options: older,
    headers: { 'x-forwarded-host': 'h', 'x-forwarded-prefix': '/app/' },
    target: '/a?b',
    result: 'headers http://h /app/a?b /a?b',
  },
  {
    name: 'the last of several values',
    options: older,
    headers: { 'x-forwarded-host': 'spoof, www.example.com' },
    target: '/',
    result: 'headers http://www.example.com /',
  },
  {
    name: 'wss',
    options: older,
    headers: { 'x-forwarded-proto': 'wss', 'x-forwarded-host': 'h' },
    target: '/',
    result: 'headers https://h /',
  },
  {
    name: 'one header of them',
    options: { headers: ['x-forwarded-host'] },
    headers: { 'x-forwarded-host': 'h', 'x-forwarded-proto': 'https' },
    target: '/',
    result: 'headers http://h /',
  },
  {
    name: 'a broken X-Forwarded-Host',
    options: older,
    headers: { 'x-forwarded-host': 'u@h' },
    target: '/',
    result: '400',
  },
  {
    name: 'a broken X-Forwarded-Proto',
    options: older,
    headers: { 'x-forwarded-proto': 'javascript' },
    target: '/',
    result: '400',
  },
  {
    name: 'a broken X-Forwarded-Port',
    options: older,
    headers: { 'x-forwarded-port': '0' },
    target: '/',
    result: '400',
  },
  {
    name: 'a broken X-Forwarded-Prefix',
    options: older,
    headers: { 'x-forwarded-prefix': '//evil' },
    target: '/',
    result: '400',
  },

  {
    name: 'Forwarded',
    options: forwarded,
    headers: { forwarded: 'for=9.9.9.9;proto=https;host="h:8443"' },
    target: '/',
    result: 'headers https://h:8443 /',
  },
  {
    name: 'Forwarded, what the client sent before',
    options: forwarded,
    headers: { forwarded: 'host=evil;proto=https, for=9.9.9.9;host=h' },
    target: '/',
    result: 'headers http://h /',
  },
  {
    name: 'Forwarded over two trusted hops',
    options: forwarded,
    headers: { forwarded: 'for=9.9.9.9;host=h;proto=https, for=127.0.0.1;host=inner;proto=http' },
    target: '/',
    result: 'headers https://h /',
  },
  {
    name: 'Forwarded over two hops, one trusted',
    options: forwarded,
    headers: { forwarded: 'for=9.9.9.9;host=evil;proto=https, for=10.0.0.1;host=h;proto=http' },
    target: '/',
    result: 'headers http://h /',
  },
  {
    name: 'Forwarded, the far hop says nothing of the host',
    options: forwarded,
    headers: { forwarded: 'for=9.9.9.9;proto=https, for="[::1]:80";host=h' },
    target: '/',
    result: 'headers https://h /',
  },
  {
    name: 'Forwarded without anything of use',
    options: forwarded,
    headers: { forwarded: 'for=unknown' },
    target: '/',
    result: 'headers http://own.example:8081 /',
  },
  { name: 'a broken Forwarded', options: forwarded, headers: { forwarded: 'for=a;for=b' }, target: '/', result: '400' },
  {
    name: 'a broken host in Forwarded',
    options: forwarded,
    headers: { forwarded: 'host="a b"' },
    target: '/',
    result: '400',
  },
];

for (const {
  name,
  options = {},
  peer = '127.0.0.1',
  target = '/',
  host = 'own.example:8081',
  headers = {},
  ...rest
} of CASES) {
  test(`consumer: ${name}`, () => {
    const lines: string[] = [];
    const reception = createConsumer({ ...options, log: (line) => lines.push(line) })({
      peer: peerOf(peer),
      isEncrypted: rest.isEncrypted ?? false,
      target,
      hosts: typeof host === 'string' ? [host] : host,
      localAuthority: '127.0.0.1:8081',
      header: (headerName) => headers[headerName],
    });
    if (reception.kind === 'refused') {
      assert.equal(String(reception.status), rest.result);
      assert.equal(lines.length, 1);
      return;
    }
    const { publicRequest } = reception;
    const shown = [publicRequest.source, printOrigin(publicRequest.address), publicRequest.target];
    if (reception.target !== publicRequest.target) shown.push(reception.target);
    assert.equal(shown.join(' '), rest.result);
    assert.deepEqual(publicRequest.received, { target, host: typeof host === 'string' ? host : host[0] });
    assert.deepEqual(lines, []);
  });
}

test('the log line of a refusal is one line of bounded length', () => {
  const lines: string[] = [];
  const consume = createConsumer({ log: (line) => lines.push(line) });
  consume(arrivalOf(`/vhost/http/h\r\nrefused "/x"/${'x'.repeat(10_000)}`));
  const [line = ''] = lines;
  assert.match(
    line,
    /^refused "\/vhost\/http\/h\\r\\nrefused \\"\/x\\"\/x+" from 127\.0\.0\.1 with 400: what follows the scheme/,
  );
  assert.ok(line.length < 400);
});

const MISTAKES: readonly [options: BackendOptions, name: string, message: RegExp][] = [
  [{ mount: '/a/b' }, 'RangeError', /one segment/],
  [{ trust: ['10.0.0.1/8'] }, 'SyntaxError', /write 10\.0\.0\.0\/8/],
  [{ trust: ['localhost'] }, 'SyntaxError', /write an IP address/],
  [{ secret: { header: 'x y', value: secret.value } }, 'RangeError', /no header name/],
  [{ secret: { header: 'x', value: 'short' } }, 'RangeError', /16 characters/],
];

for (const [options, name, message] of MISTAKES) {
  test(`createConsumer refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => createConsumer(options), { name, message });
  });
}

function arrivalOf(target: string): Arrival {
  const peer: Peer = { kind: 'ip', address: '127.0.0.1' };
  return { peer, isEncrypted: false, target, hosts: ['h'], localAuthority: undefined, header: () => undefined };
}

function peerOf(text: string): Peer {
  return text === 'unix' || text === 'unknown' ? { kind: text } : { kind: 'ip', address: text };
}
