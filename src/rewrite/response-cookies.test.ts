import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appMap, urlMap } from '../../test/kit/rewriting.ts';
import { cookiePolicyFor, cookiesToBackend, cookieToPublic, PLAIN_COOKIES } from './response-cookies.ts';
import type { UrlMap } from './url-map.ts';

describe('cookieToPublic', () => {
  const named = urlMap('https://www.example.com/app', 'http://app.backend.internal:8080');
  const based = urlMap('https://example.com/app', 'http://127.0.0.1:8080/base/dir');
  const plain = urlMap('http://example.com/app', 'https://127.0.0.1:8443');
  const root = urlMap('https://example.com', 'http://127.0.0.1:8080');
  const rows: [string, UrlMap, string, string?][] = [
    ['Path', appMap, 'a=b; Path=/', 'a=b; Path=/app'],
    ['Path below', appMap, 'a=b; Path=/x/', 'a=b; Path=/app/x/'],
    ['Path of an application that knows its prefix', appMap, 'a=b; Path=/app'],
    ['its prefix with a slash', appMap, 'a=b; Path=/app/'],
    ['below its prefix', appMap, 'a=b; path=/app/x'],
    ['spelling and white space', appMap, 'a=b ;PATH= /x ;httponly', 'a=b ;PATH= /app/x;httponly'],
    ['no path: the directory of the request', appMap, 'a=b; Path=; Path=x; HttpOnly'],
    ['the value is not an attribute', appMap, 'a=Path=/x/y; Path=/', 'a=Path=/x/y; Path=/app'],
    ['a value that is a URL', appMap, 'next=http%3A%2F%2F127.0.0.1%3A8080%2Fx'],
    ['Domain', appMap, 'a=b; Domain=127.0.0.1; Path=/', 'a=b; Path=/app'],
    ['Domain above the backend', named, 'a=b; Domain=.backend.internal; HttpOnly', 'a=b; HttpOnly'],
    ['Domain of the public host', named, 'a=b; Domain=example.com'],
    ['Domain of nobody', named, 'a=b; Domain=other.example'],
    ['__Host-', appMap, '__Host-a=b; Path=/; Secure'],
    ['__host-, any case', appMap, '__host-a=b; Path=/; Secure'],
    ['__Secure-', appMap, '__Secure-a=b; Path=/; Secure', '__Secure-a=b; Path=/app; Secure'],
    ['public root', root, 'a=b; Domain=127.0.0.1; Path=/', 'a=b; Path=/'],
    ['backend base', based, 'a=b; Path=/base/dir/x', 'a=b; Path=/app/x'],
    ['a path that covers the backend base', based, 'a=b; Path=/base', 'a=b; Path=/app'],
    ['all of the backend covers the mount', based, 'a=b; Path=/', 'a=b; Path=/app'],
    ['a path beside the backend base', based, 'a=b; Path=/other'],
    [
      'Secure on an http site',
      plain,
      'a=b; Path=/; Secure; SameSite=None; Partitioned; HttpOnly',
      'a=b; Path=/app; HttpOnly',
    ],
    ['SameSite that needs no Secure', plain, 'a=b; Secure; SameSite=Lax', 'a=b; SameSite=Lax'],
    ['SameSite alone', plain, 'a=b; SameSite=None', 'a=b; SameSite=None'],
    ['a promise on an http site', plain, '__Secure-a=b; Secure', '__Secure-a=b; Secure'],
    ['no attributes', appMap, 'a=b'],
    ['no name', appMap, 'b; Path=/', 'b; Path=/app'],
    ['prefix: keep', urlMap('https://e/app', 'http://h', { prefix: 'keep' }), 'a=b; Path=/x'],
  ];
  for (const [name, map, line, expected = line] of rows)
    test(`${name}: ${line}`, () => assert.equal(cookieToPublic(line, map, PLAIN_COOKIES), expected));

  test('beside neighbours, __Host- cookies that no script reads carry the mark of their mount', () => {
    const policy = cookiePolicyFor('/app/', ['/other/']);
    const { mark } = policy;
    assert.match(mark, /^p[0-9a-f]{8}-$/);
    const rows: [string, string][] = [
      ['__Host-a=b; Path=/; Secure; HttpOnly', `__Host-${mark}a=b; Path=/; Secure; HttpOnly`],
      [' __host-a = b; path=/; secure; httponly', ` __host-${mark}a = b; path=/; secure; httponly`],
      ['__Host-Http-a=b; Path=/; Secure; HttpOnly', `__Host-Http-${mark}a=b; Path=/; Secure; HttpOnly`],
      ['__Host-csrf=b; Path=/; Secure', '__Host-csrf=b; Path=/; Secure'],
      ['a=b; Path=/; HttpOnly', 'a=b; Path=/app; HttpOnly'],
      ['__Secure-a=b; Path=/; Secure; HttpOnly', '__Secure-a=b; Path=/app; Secure; HttpOnly'],
    ];
    for (const [line, expected] of rows) assert.equal(cookieToPublic(line, appMap, policy), expected);
  });
});

describe('cookiesToBackend', () => {
  const beside = cookiePolicyFor('/app/', ['/other/']);
  const other = cookiePolicyFor('/other/', ['/app/']);
  const root = cookiePolicyFor('/', ['/app/']);
  const inRoot = cookiePolicyFor('/app/', ['/']);
  const own = beside.mark;
  const rows: [string, typeof beside, string, string | undefined][] = [
    ['alone on the origin', PLAIN_COOKIES, `a=1; a=2; __Host-${own}x=3`, `a=1; a=2; __Host-${own}x=3`],
    ['the own mark comes off', beside, `a=1; __Host-${own}x=3`, 'a=1; __Host-x=3'],
    ['__Host-Http-', beside, `__Host-Http-${own}x = 3`, '__Host-Http-x = 3'],
    ['marks of others are theirs', beside, `__Host-${other.mark}x=1; a=2`, 'a=2'],
    ['for the root too', root, `__Host-${own}x=1; __Host-x=2`, '__Host-x=2'],
    ['nothing is left', other, `__Host-${own}x=1`, undefined],
    ['a plain namesake of a marked one', beside, `__Host-x=1; __Host-${own}x=2; a=3`, '__Host-x=2; a=3'],
    ['a plain one alone', beside, '__Host-x=1', '__Host-x=1'],
    ['a name that only looks marked', beside, `p12345678-x=1; __Secure-${own}x=1`, `p12345678-x=1; __Secure-${own}x=1`],
    ['two of one name beside', beside, 'a=1; a=2', 'a=1; a=2'],
    ['two of one name below the root', inRoot, 'a=1; b=2; a=3', 'a=1; b=2'],
    ['no change keeps the bytes', inRoot, 'a=1;b = 2', 'a=1;b = 2'],
  ];
  for (const [name, policy, value, expected] of rows)
    test(name, () => assert.equal(cookiesToBackend(value, policy), expected));
});
