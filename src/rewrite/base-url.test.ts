import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSamePort, parseBasePath, parseBaseUrl, printAuthority, printBaseUrl, translateScheme } from './base-url.ts';

describe('parseBaseUrl', () => {
  const good: [string, string, string][] = [
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/', '127.0.0.1:8080'],
    ['HTTP://Backend.Internal./base', 'http://backend.internal/base/', 'backend.internal'],
    ['https://example.com:443/app/', 'https://example.com/app/', 'example.com'],
    ['http://example.com:443/', 'http://example.com:443/', 'example.com:443'],
    ['http://[::1]:8080/a/b', 'http://[::1]:8080/a/b/', '[::1]:8080'],
    ['http://h/caf%C3%A9', 'http://h/caf%C3%A9/', 'h'],
  ];
  for (const [text, printed, authority] of good)
    test(`reads ${text}`, () => {
      const base = parseBaseUrl(text);
      assert.equal(printBaseUrl(base), printed);
      assert.equal(printAuthority(base), authority);
      assert.deepEqual(parseBaseUrl(printed), base);
    });

  const bad = ['', '/app/', 'ftp://h/', 'http://', 'http://h:99999/', 'http://user@h/', 'http://h/?q', 'http://h/a//b'];
  for (const text of [...bad, 'http://h/../x', 'http://h/%2e%2e/', "http://h/it's", 'http://h/a&b', 'http://h/a;b'])
    test(`refuses ${text}`, () => assert.throws(() => parseBaseUrl(text), SyntaxError));
});

describe('parseBasePath', () => {
  test('ends every path with a slash', () => {
    assert.equal(parseBasePath(''), '/');
    assert.equal(parseBasePath('/'), '/');
    assert.equal(parseBasePath('/a/b'), '/a/b/');
  });
  test('says what is wrong', () => {
    assert.throws(() => parseBasePath('app'), /Cannot use "app" as a base path/);
  });
});

describe('isSamePort', () => {
  const plain = parseBaseUrl('http://backend.internal');
  const odd = parseBaseUrl('http://127.0.0.1:8080');
  const secure = parseBaseUrl('https://h');
  const rows: [string, typeof plain, string, number | undefined, boolean][] = [
    ['the same port', odd, 'http', 8080, true],
    ['another scheme on it', odd, 'https', 8080, true],
    ['a longer port', odd, 'http', 80_801, false],
    ['no port', odd, 'http', undefined, false],
    ['the default port left out', plain, 'http', undefined, true],
    ['the default port written', plain, 'http', 80, true],
    ['https with the authority as it is', plain, 'https', undefined, true],
    ['https with its own default port', plain, 'https', 443, true],
    ['https with another port', plain, 'https', 8443, false],
    ['no scheme', plain, '', undefined, true],
    ['no scheme and a port', odd, '', 8080, true],
    ['a socket', secure, 'wss', undefined, true],
    ['a socket with a port', secure, 'wss', 443, true],
    ['plain http to a secure base', secure, 'http', 80, true],
  ];
  for (const [name, base, scheme, port, expected] of rows)
    test(name, () => assert.equal(isSamePort(base, scheme, port), expected));
});

test('translateScheme keeps sockets sockets', () => {
  const secure = parseBaseUrl('https://h');
  const plain = parseBaseUrl('http://h');
  assert.deepEqual(
    ['http', 'https', 'ws', 'wss'].map((scheme) => translateScheme(scheme, secure)),
    ['https', 'https', 'wss', 'wss'],
  );
  assert.deepEqual(
    ['http', 'https', 'ws', 'wss'].map((scheme) => translateScheme(scheme, plain)),
    ['http', 'http', 'ws', 'ws'],
  );
});
