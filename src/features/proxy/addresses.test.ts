// Backend addresses: what each form means, and what is said of the wrong ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { parseEndpointUrl } from '../../upstream/endpoint.ts';
import { proxyOptions } from './options.ts';

test('parseEndpointUrl: scheme, protocol, port and path', () => {
  const cases: [string, object][] = [
    ['http://a', { scheme: 'http', protocol: undefined, address: { host: 'a', port: 80 }, authority: 'a', path: '/' }],
    [
      'https://a/b',
      { scheme: 'https', protocol: undefined, address: { host: 'a', port: 443 }, authority: 'a', path: '/b' },
    ],
    [
      'h2c://[::1]:5/b/',
      { scheme: 'http', protocol: 'h2', address: { host: '::1', port: 5 }, authority: '[::1]:5', path: '/b/' },
    ],
    ['H2C://a', { scheme: 'http', protocol: 'h2', address: { host: 'a', port: 80 }, authority: 'a', path: '/' }],
    ['unix:/s', { scheme: 'http', protocol: undefined, address: { path: '/s' }, authority: 'localhost', path: '/' }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseEndpointUrl(text), expected, text);
  assert.match(String(parseEndpointUrl('h2://a')), /write http:\/\/HOST:PORT, https:\/\/HOST, h2c:\/\/HOST:PORT/);
  assert.match(String(parseEndpointUrl('h2c://a?b')), /query/);
});

test('proxy options: h2c and HTTP/1.1 exclude each other', () => {
  assert.deepEqual(mistakesOf(proxyOptions, { to: 'h2c://a', protocol: 'h2' }), []);
  assert.match(
    mistakesOf(proxyOptions, { to: 'h2c://a', protocol: 'h1' }).join(),
    /protocol: an h2c:\/\/ address is HTTP\/2/,
  );
  assert.match(mistakesOf(proxyOptions, { to: 'http://a', protocol: 'h3' }).join(), /protocol/);
});
