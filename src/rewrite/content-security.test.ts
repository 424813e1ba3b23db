import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appMap, urlMap } from '../../test/kit/rewriting.ts';
import { policyToPublic } from './content-security.ts';

describe('policyToPublic', () => {
  const rows: [string, string?][] = [
    [
      "default-src 'self'; connect-src http://127.0.0.1:8080 ws://127.0.0.1:8080",
      "default-src 'self'; connect-src https://example.com wss://example.com",
    ],
    ['script-src http://127.0.0.1:8080/static/', 'script-src https://example.com/app/static/'],
    ['img-src 127.0.0.1:8080 127.0.0.1:8080/i/', 'img-src example.com example.com/app/i/'],
    ['img-src http://127.0.0.1:8080/', 'img-src https://example.com/app/'],
    [
      'frame-ancestors http://127.0.0.1:*; form-action 127.0.0.1:*',
      'frame-ancestors https://example.com; form-action example.com',
    ],
    ['report-uri /csp http://127.0.0.1:8080/r', 'report-uri /app/csp https://example.com/app/r'],
    ["default-src 'self' 'nonce-abc/8080' 'sha256-//x'; img-src data: https: *"],
    ['img-src http://127.0.0.1:80801 http://127.0.0.1 http://other.example *.internal:8080'],
    ['report-to 127.0.0.1:8080; sandbox allow-scripts; trusted-types 127.0.0.1:8080; upgrade-insecure-requests'],
    ['  IMG-SRC\thttp://127.0.0.1:8080 ;;', '  IMG-SRC\thttps://example.com ;;'],
    ["default-src 'none', img-src http://127.0.0.1:8080", "default-src 'none', img-src https://example.com"],
    [''],
    [';'],
  ];
  for (const [policy, expected = policy] of rows)
    test(policy, () => assert.equal(policyToPublic(policy, appMap), expected));

  test('a default port', () => {
    const map = urlMap('https://example.com:8443/app', 'http://backend.internal');
    assert.equal(
      policyToPublic('img-src backend.internal http://backend.internal:80', map),
      'img-src example.com:8443 https://example.com:8443',
    );
  });
});
