import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appMap, urlMap } from '../../test/kit/rewriting.ts';
import { HeaderList } from '../http/header-list.ts';
import {
  defaultHeaderPolicy,
  type HeaderPolicy,
  headersToBackend,
  headersToPublic,
  type RequestPolicy,
} from './headers.ts';
import { cookiePolicyFor, PLAIN_COOKIES } from './response-cookies.ts';
import type { UrlMap } from './url-map.ts';

function response(lines: [string, string][], map: UrlMap = appMap, policy?: HeaderPolicy): [string, string][] {
  const result = headersToPublic(HeaderList.from(lines), map, policy ?? defaultHeaderPolicy(map.public.path));
  return [...result] as [string, string][];
}

describe('response headers', () => {
  const rows: [string, string, string][] = [
    ['Location', 'http://127.0.0.1:8080/x', 'https://example.com/app/x'],
    ['Location', '/x?next=/y', '/app/x?next=/y'],
    ['Location', 'relative', 'relative'],
    [
      'Location',
      'https://idp.example/?redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fcb',
      'https://idp.example/?redirect_uri=https%3A%2F%2Fexample.com%2Fapp%2Fcb',
    ],
    ['Content-Location', '/x', '/app/x'],
    ['SourceMap', '/x.map', '/app/x.map'],
    ['X-SourceMap', '/x.map', '/app/x.map'],
    ['Refresh', '5; url=/x', '5; url=/app/x'],
    [
      'Link',
      '</s.css>; rel=preload, <x>; rel="http://127.0.0.1:8080/rel"',
      '</app/s.css>; rel=preload, <x>; rel="http://127.0.0.1:8080/rel"',
    ],
    ['Access-Control-Allow-Origin', 'http://127.0.0.1:8080', 'https://example.com'],
    ['Access-Control-Allow-Origin', 'null', 'null'],
    ['Timing-Allow-Origin', '*, http://127.0.0.1:8080', '*, https://example.com'],
    ['X-Frame-Options', 'ALLOW-FROM http://127.0.0.1:8080', 'ALLOW-FROM https://example.com'],
    ['X-Frame-Options', 'DENY', 'DENY'],
    [
      'Permissions-Policy',
      'camera=(self "http://127.0.0.1:8080"), fullscreen=*',
      'camera=(self "https://example.com"), fullscreen=*',
    ],
    ['Reporting-Endpoints', 'a="/r", b="https://r.example/"', 'a="/app/r", b="https://r.example/"'],
    [
      'Report-To',
      '{"group":"/g","endpoints":[{"url":"/r"}]}, {"endpoints":[{"url":"/s"}]}',
      '{"group":"/g","endpoints":[{"url":"/app/r"}]}, {"endpoints":[{"url":"/app/s"}]}',
    ],
    ['Speculation-Rules', '"/rules.json", "/b.json"', '"/app/rules.json", "/app/b.json"'],
    ['Service-Worker-Allowed', '/', '/app/'],
    [
      'WWW-Authenticate',
      'Bearer realm="http://127.0.0.1:8080/t",service="/x"',
      'Bearer realm="https://example.com/app/t",service="/x"',
    ],
    ['WWW-Authenticate', 'Bearer realm="/x", resource_metadata="/m"', 'Bearer realm="/x", resource_metadata="/app/m"'],
    [
      'WWW-Authenticate',
      'Digest realm="http://127.0.0.1:8080/", domain="/a /b"',
      'Digest realm="http://127.0.0.1:8080/", domain="/app/a /app/b"',
    ],
    ['WWW-Authenticate', 'Basic realm="http://127.0.0.1:8080/x"', 'Basic realm="http://127.0.0.1:8080/x"'],
    ['HX-Redirect', '/x', '/app/x'],
    ['HX-Push-Url', 'false', 'false'],
    ['HX-Location', '/x', '/app/x'],
    ['HX-Location', '{"path":"/x", "values":{"path":"/y"}}', '{"path":"/app/x", "values":{"path":"/y"}}'],
    ['X-Inertia-Location', 'http://127.0.0.1:8080/x', 'https://example.com/app/x'],
    ['Turbolinks-Location', '/x', '/app/x'],
    ['X-Pingback', 'http://127.0.0.1:8080/xmlrpc.php', 'https://example.com/app/xmlrpc.php'],
    ['ETag', '"http://127.0.0.1:8080"', '"http://127.0.0.1:8080"'],
    ['X-Unknown', 'http://127.0.0.1:8080/ /x', 'http://127.0.0.1:8080/ /x'],
    ['Content-Disposition', 'attachment; filename="/x"', 'attachment; filename="/x"'],
    [
      'Content-Security-Policy',
      "default-src 'self' http://127.0.0.1:8080; report-uri /r",
      "default-src 'self' https://example.com; report-uri /app/r",
    ],
  ];
  for (const [name, value, expected] of rows)
    test(`${name}: ${value}`, () => assert.deepEqual(response([[name, value]]), [[name, expected]]));

  test('every line of a name, in its place and spelling', () => {
    assert.deepEqual(
      response([
        ['LINK', '</a>'],
        ['X', '1'],
        ['link', '</b>'],
        ['Location', '/app/x'],
      ]),
      [
        ['LINK', '</app/a>'],
        ['X', '1'],
        ['link', '</app/b>'],
        ['Location', '/app/x'],
      ],
    );
  });

  test('the same list if nothing changes', () => {
    const headers = HeaderList.from({ Location: 'https://other.example/', 'Content-Type': 'text/html' });
    assert.equal(headersToPublic(headers, appMap, defaultHeaderPolicy('/app/')), headers);
    assert.equal(headersToPublic(new HeaderList(), appMap, defaultHeaderPolicy('/app/')).length, 0);
  });

  test('alternatives of the backend are not ours', () => {
    assert.deepEqual(response([['Alt-Svc', 'h3=":8080"']]), []);
  });

  test('what concerns the whole origin is the business of who owns it', () => {
    const lines: [string, string][] = [
      ['Strict-Transport-Security', 'max-age=1'],
      ['Clear-Site-Data', '"cache", "cookies"'],
    ];
    assert.deepEqual(response(lines), [['Clear-Site-Data', '"cache"']]);
    assert.deepEqual(response([['Clear-Site-Data', '"cookies", "storage"']]), []);
    assert.deepEqual(response([['Clear-Site-Data', '"*"']]), [['Clear-Site-Data', '"cache"']]);
    const root = urlMap('https://example.com', 'http://127.0.0.1:8080');
    assert.deepEqual(response(lines, root), lines);
  });
});

describe('what would bind the neighbours on the origin', () => {
  const root = urlMap('https://example.com', 'http://127.0.0.1:8080');
  const knowing = urlMap('https://example.com/app/', 'http://127.0.0.1:8080/app/');

  test('HSTS and NEL are the site’s', () => {
    const lines: [string, string][] = [
      ['Strict-Transport-Security', 'max-age=0; includeSubDomains'],
      ['NEL', '{"report_to":"n","max_age":1}'],
    ];
    assert.deepEqual(response(lines), []);
    assert.deepEqual(response(lines, root), lines);
  });

  const scopes: [map: UrlMap, value: string, expected: string | undefined][] = [
    [appMap, '/', '/app/'],
    [appMap, '/js/', '/app/js/'],
    [appMap, 'http://127.0.0.1:8080/', 'https://example.com/app/'],
    [appMap, './', './'],
    [appMap, '../', '/app/'],
    [appMap, 'a/..%2f../', 'a/..%2f../'],
    [appMap, 'a/%2E%2e/../', '/app/'],
    [appMap, '..\\', '/app/'],
    [appMap, 'https://example.com/other/', undefined],
    [knowing, '/', undefined],
    [knowing, '/app/x', '/app/x'],
    [root, '/', '/'],
    [root, '../', '../'],
  ];
  for (const [map, value, expected] of scopes)
    test(`Service-Worker-Allowed: ${value} at ${map.public.path}`, () =>
      assert.equal(response([['Service-Worker-Allowed', value]], map)[0]?.[1], expected));

  const policies: [string, string][] = [
    ['no-referrer', 'same-origin'],
    ['strict-origin', 'strict-origin-when-cross-origin'],
    ['no-referrer, ORIGIN,unknown', 'same-origin, origin-when-cross-origin,unknown'],
    ['same-origin', 'same-origin'],
    ['unsafe-url', 'unsafe-url'],
  ];
  for (const [value, expected] of policies)
    test(`Referrer-Policy: ${value}, where Referers are needed and where not`, () => {
      const needy = { ...defaultHeaderPolicy('/app/'), needsReferrer: true };
      assert.deepEqual(response([['Referrer-Policy', value]], appMap, needy), [['Referrer-Policy', expected]]);
      assert.deepEqual(response([['Referrer-Policy', value]]), [['Referrer-Policy', value]]);
    });
});

describe('request headers', () => {
  const plain: RequestPolicy = { host: 'upstream', cookies: PLAIN_COOKIES };
  function request(lines: Record<string, string>, policy: RequestPolicy): Record<string, string> {
    const headers = HeaderList.from(lines);
    headersToBackend(headers, appMap, policy);
    return Object.fromEntries(headers);
  }

  test('with the backend Host everything that names the mount is mapped', () => {
    const lines = {
      Host: 'example.com',
      Origin: 'https://example.com',
      Referer: 'https://example.com/app/p?x=1',
      'HX-Current-URL': 'https://example.com/app/q',
      Destination: 'https://example.com/app/dav/b',
      If: '<https://example.com/app/dav/a> (<https://example.com/app/token> ["tag"]) </app/b> (<urn:x>)',
    };
    assert.deepEqual(request(lines, plain), {
      Host: '127.0.0.1:8080',
      Origin: 'http://127.0.0.1:8080',
      Referer: 'http://127.0.0.1:8080/p?x=1',
      'HX-Current-URL': 'http://127.0.0.1:8080/q',
      Destination: 'http://127.0.0.1:8080/dav/b',
      If: '<http://127.0.0.1:8080/dav/a> (<https://example.com/app/token> ["tag"]) </b> (<urn:x>)',
    });
  });

  test('with the public Host they stay, but for the paths of WebDAV', () => {
    const lines = {
      Host: 'example.com',
      Origin: 'https://example.com',
      Referer: 'https://example.com/app/p',
      Destination: 'https://example.com/app/dav/b',
      If: '<https://example.com/app/dav/a> (<urn:x>)',
    };
    assert.deepEqual(request(lines, { ...plain, host: 'public' }), {
      ...lines,
      Destination: 'https://example.com/dav/b',
      If: '<https://example.com/dav/a> (<urn:x>)',
    });
  });

  test('what names somebody else arrives as it was', () => {
    const lines = {
      Origin: 'https://evil.example',
      Referer: 'https://example.com/application/p',
      Destination: 'https://other.example/app/x',
      If: '(<urn:x>)',
      Cookie: 'a=b; c="d"',
    };
    assert.deepEqual(request(lines, plain), lines);
    assert.deepEqual(request({ Origin: 'null', Destination: '/dav/x' }, plain), {
      Origin: 'null',
      Destination: '/dav/x',
    });
  });

  test('cookies of a mount that has neighbours', () => {
    const cookies = cookiePolicyFor('/app/', ['/other/']);
    const policy: RequestPolicy = { host: 'public', cookies };
    const theirs = cookiePolicyFor('/other/', ['/app/']).mark;
    assert.deepEqual(request({ Cookie: `sid=1; __Host-${cookies.mark}x=3; __Host-${theirs}x=4` }, policy), {
      Cookie: 'sid=1; __Host-x=3',
    });
    assert.deepEqual(request({ Cookie: `__Host-${theirs}x=4` }, policy), {});
  });
});
