import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseBaseUrl } from './base-url.ts';
import { UrlMap, type UrlMapOptions } from './url-map.ts';

function matcherOf(publicUrl: string, backendUrl: string, options: Partial<UrlMapOptions> = {}) {
  return new UrlMap({ public: parseBaseUrl(publicUrl), backend: parseBaseUrl(backendUrl), ...options }).matcher;
}

const matcher = matcherOf('https://example.com/app', 'http://127.0.0.1:8080');
const withPort = matcherOf('https://example.com:8443/a/b', 'http://127.0.0.1:8080');

describe('every escape style is written back as it was found', () => {
  const rows: [string, string, string?][] = [
    ['http://127.0.0.1:8080/x', 'https://example.com/app/x', 'https://example.com:8443/a/b/x'],
    ['http:\\/\\/127.0.0.1:8080\\/x', 'https:\\/\\/example.com\\/app\\/x', 'https:\\/\\/example.com:8443\\/a\\/b\\/x'],
    [
      'http:\\\\\\/\\\\\\/127.0.0.1:8080\\\\\\/x',
      'https:\\\\\\/\\\\\\/example.com\\\\\\/app\\\\\\/x',
      'https:\\\\\\/\\\\\\/example.com:8443\\\\\\/a\\\\\\/b\\\\\\/x',
    ],
    [
      'http\\u003a\\u002f\\u002f127.0.0.1\\u003a8080\\u002fx',
      'https\\u003a\\u002f\\u002fexample.com\\u002fapp\\u002fx',
      'https\\u003a\\u002f\\u002fexample.com\\u003a8443\\u002fa\\u002fb\\u002fx',
    ],
    ['http:\\u002F\\u002F127.0.0.1:8080\\u002Fx', 'https:\\u002F\\u002Fexample.com\\u002Fapp\\u002Fx'],
    ['http:\\u{2f}\\u{2f}127.0.0.1:8080/x', 'https:\\u{2f}\\u{2f}example.com\\u{2f}app/x'],
    ['http\\x3a\\x2f\\x2f127.0.0.1\\x3a8080\\x2f', 'https\\x3a\\x2f\\x2fexample.com\\x2fapp\\x2f'],
    ['http\\x3A\\x2F\\x2F127.0.0.1:8080', 'https\\x3A\\x2F\\x2Fexample.com\\x2Fapp'],
    [
      'http%3A%2F%2F127.0.0.1%3A8080%2Fx',
      'https%3A%2F%2Fexample.com%2Fapp%2Fx',
      'https%3A%2F%2Fexample.com%3A8443%2Fa%2Fb%2Fx',
    ],
    ['http%3a%2f%2f127.0.0.1%3a8080%2fx', 'https%3a%2f%2fexample.com%2fapp%2fx'],
    ['http%253A%252F%252F127.0.0.1%253A8080%252Fx', 'https%253A%252F%252Fexample.com%252Fapp%252Fx'],
    ['http%25253A%25252F%25252F127.0.0.1%25253A8080', 'https%25253A%25252F%25252Fexample.com%25252Fapp'],
    ['%2F%2F127.0.0.1%3A8080%2Fx', '%2F%2Fexample.com%2Fapp%2Fx', '%2F%2Fexample.com%3A8443%2Fa%2Fb%2Fx'],
    ['http%3A%5C%2F%5C%2F127.0.0.1%3A8080%5C%2Fx', 'https%3A%5C%2F%5C%2Fexample.com%5C%2Fapp%5C%2Fx'],
    ['http&#58;&#47;&#47;127.0.0.1&#58;8080&#47;x', 'https&#58;&#47;&#47;example.com&#47;app&#47;x'],
    ['http&#x3A;&#x2F;&#x2F;127.0.0.1:8080/x', 'https&#x3A;&#x2F;&#x2F;example.com&#x2F;app/x'],
    ['http&colon;&sol;&sol;127.0.0.1:8080&sol;x', 'https&colon;&sol;&sol;example.com&sol;app&sol;x'],
    ['http&amp;#58;//127.0.0.1:8080/x', 'https&amp;#58;//example.com/app/x'],
    ['http\\3a \\2f \\2f 127.0.0.1:8080/x', 'https\\3a \\2f \\2f example.com\\2f app/x'],
    ['http\\00003a\\00002f\\00002f127.0.0.1:8080/x', 'https\\00003a\\00002f\\00002fexample.com\\00002fapp/x'],
    ['HTTPS://127.0.0.1:8080/x', 'https://example.com/app/x'],
    ['ws://127.0.0.1:8080/s', 'wss://example.com/app/s'],
    ['http://127.0.0.1:08080/x', 'https://example.com/app/x'],
    ['http://user:pw@127.0.0.1:8080/x', 'https://user:pw@example.com/app/x'],
    ['//127.0.0.1:8080', '//example.com/app'],
  ];
  for (const [text, expected, deep] of rows)
    test(text, () => {
      assert.equal(matcher.replaceIn(text), expected);
      assert.equal(matcher.replaceIn(`"${text}"`), `"${expected}"`);
      assert.equal(matcher.replaceIn(expected), expected, 'a second time');
      if (deep !== undefined) assert.equal(withPort.replaceIn(text), deep);
    });
});

describe('what stands right of the authority', () => {
  const rows: [string, string][] = [
    ['"http://127.0.0.1:8080"+"/x"', '"https://example.com/app"+"/x"'],
    ['http://127.0.0.1:8080?q=1', 'https://example.com/app/?q=1'],
    ['http://127.0.0.1:8080#f', 'https://example.com/app/#f'],
    ['http%3A%2F%2F127.0.0.1%3A8080%3Fq', 'https%3A%2F%2Fexample.com%2Fapp%2F%3Fq'],
    ['see http://127.0.0.1:8080. Or', 'see https://example.com/app. Or'],
    ['(http://127.0.0.1:8080)', '(https://example.com/app)'],
    ['http://127.0.0.1:8080, http://127.0.0.1:8080;', 'https://example.com/app, https://example.com/app;'],
    ['`http://127.0.0.1:8080${path}`', '`https://example.com/app${path}`'],
    ['http://127.0.0.1:8080\\nnext', 'https://example.com/app\\nnext'],
    ['http://127.0.0.1:8080\\"', 'https://example.com/app\\"'],
    ['http%3A%2F%2F127.0.0.1%3A8080%26a', 'https%3A%2F%2Fexample.com%2Fapp%26a'],
    ['http://127.0.0.1:8080/app/x', 'https://example.com/app/x'],
    ['http://127.0.0.1:8080/app', 'https://example.com/app'],
    ['http://127.0.0.1:8080/apparel', 'https://example.com/app/apparel'],
    ['http:\\/\\/127.0.0.1:8080\\/app\\/x', 'https:\\/\\/example.com\\/app\\/x'],
    ['http%3A%2F%2F127.0.0.1%3A8080%2Fapp%2Fx', 'https%3A%2F%2Fexample.com%2Fapp%2Fx'],
    ['http://127.0.0.1:8080/x/http://127.0.0.1:8080/y', 'https://example.com/app/x/https://example.com/app/y'],
  ];
  for (const [text, expected] of rows) test(text, () => assert.equal(matcher.replaceIn(text), expected));

  const foreign = [
    ...['http://127.0.0.1:80801/x', 'http://127.0.0.1:808/x', 'http://127.0.0.1:8080a', 'http://127.0.0.1:8080-x'],
    ...['http://127.0.0.1:8080.evil.example', 'http://127.0.0.1:8080_', 'http://127.0.0.1/x', 'http://127.0.0.1x:8080'],
    ...['http://127.0.0.1:8080@evil/', 'http://127.0.0.1:8080:pw@evil/', 'http://127.0.0.1:8080&#64;evil'],
    ...['http://127.0.0.1:8080\\u0040evil/', 'http%3A%2F%2F127.0.0.1%3A8080%40evil', 'http://127.0.0.1:8080;@evil/'],
    ...['http://127.0.0.1:${port}/x', 'http://127.0.0.1:99999999999/'],
  ];
  for (const text of foreign) test(`foreign: ${text}`, () => assert.equal(matcher.replaceIn(text), text));
});

describe('what stands left of it', () => {
  const same = [
    ...['xhttp://127.0.0.1:8080/x', 'redis://127.0.0.1:8080/x', 'blob:http://127.0.0.1:8080/x', ':// 127.0.0.1:8080'],
    ...['filesystem:http://127.0.0.1:8080/x', 'blob\\u003ahttp://127.0.0.1:8080/x', 'http:///127.0.0.1:8080/x'],
    ...[
      'a//127.0.0.1:8080/x',
      '127.0.0.1:8080',
      'host=127.0.0.1:8080',
      '/127.0.0.1:8080/x',
      '\\\\127.0.0.1:8080\\share',
    ],
    ...[
      'http://x.127.0.0.1:8080/',
      'http://127\\.0\\.0\\.1:8080',
      'mailto:root@127.0.0.1:8080',
      'http: //127.0.0.1:8081/',
    ],
  ];
  for (const text of same) test(`foreign: ${text}`, () => assert.equal(matcher.replaceIn(text), text));

  const rows: [string, string][] = [
    ['\\nhttp://127.0.0.1:8080/', '\\nhttps://example.com/app/'],
    ['\\u0022http://127.0.0.1:8080/', '\\u0022https://example.com/app/'],
    ['%22http://127.0.0.1:8080/', '%22https://example.com/app/'],
    ['u=http://127.0.0.1:8080/', 'u=https://example.com/app/'],
    ['"//127.0.0.1:8080/"', '"//example.com/app/"'],
    ['\\"//127.0.0.1:8080/', '\\"//example.com/app/'],
    ['&quot;//127.0.0.1:8080/', '&quot;//example.com/app/'],
    ['%22%2F%2F127.0.0.1%3A8080%2F', '%22%2F%2Fexample.com%2Fapp%2F'],
    ['url(//127.0.0.1:8080/)', 'url(//example.com/app/)'],
    ['git+http://127.0.0.1:8080/r', 'git+https://example.com/app/r'],
  ];
  for (const [text, expected] of rows) test(text, () => assert.equal(matcher.replaceIn(text), expected));

  test('what stands before the text counts', () => {
    assert.equal(matcher.replaceIn('http://127.0.0.1:8080/x', 'x'), 'http://127.0.0.1:8080/x');
    assert.equal(matcher.replaceIn('http://127.0.0.1:8080/x', 'blob:'), 'http://127.0.0.1:8080/x');
    assert.equal(matcher.replaceIn('http://127.0.0.1:8080/x', '\\n'), 'https://example.com/app/x');
    assert.equal(matcher.replaceIn('//127.0.0.1:8080/x', 'a'), '//127.0.0.1:8080/x');
  });
});

describe('hosts and ports', () => {
  const named = matcherOf('https://example.com/app', 'http://backend.internal');
  const rows: [string, string][] = [
    ['http://backend.internal/x', 'https://example.com/app/x'],
    ['http://backend.internal:80/x', 'https://example.com/app/x'],
    ['https://backend.internal/x', 'https://example.com/app/x'],
    ['https://backend.internal:443/x', 'https://example.com/app/x'],
    ['//backend.internal/x', '//example.com/app/x'],
    ['http://backend.internal:/x', 'https://example.com/app/x'],
    ['http://backend.internal: not there', 'https://example.com/app: not there'],
    ['http://backend.internal:8080/x', 'http://backend.internal:8080/x'],
    ['http://backend.internal.evil/x', 'http://backend.internal.evil/x'],
    ['http://backend.internal./x', 'http://backend.internal./x'],
    ['http://my-backend.internal/x', 'http://my-backend.internal/x'],
    ['http://backend.internals/x', 'http://backend.internals/x'],
    ['backend.internal is down', 'backend.internal is down'],
  ];
  for (const [text, expected] of rows) test(text, () => assert.equal(named.replaceIn(text), expected));

  test('IPv6, also in a query', () => {
    const six = matcherOf('https://example.com/app', 'http://[::1]:8080');
    assert.equal(six.replaceIn('"http://[::1]:8080/x"'), '"https://example.com/app/x"');
    assert.equal(six.replaceIn('u=http%3A%2F%2F%5B%3A%3A1%5D%3A8080%2Fx'), 'u=https%3A%2F%2Fexample.com%2Fapp%2Fx');
    const back = matcherOf('http://[2001:db8::1]:81/app', 'http://127.0.0.1:8080');
    assert.equal(back.replaceIn('http%3A%2F%2F127.0.0.1%3A8080'), 'http%3A%2F%2F%5B2001%3Adb8%3A%3A1%5D%3A81%2Fapp');
  });

  test('several spellings share a port, and one search', () => {
    const also = [parseBaseUrl('http://localhost:8080'), parseBaseUrl('http://[::1]:8080')];
    const many = matcherOf('https://e/app', 'http://127.0.0.1:8080', { also });
    assert.deepEqual(many.needles.map(String), ['8080']);
    assert.equal(many.replaceIn('http://localhost:8080/ http://[::1]:8080/'), 'https://e/app/ https://e/app/');
    assert.ok(!many.mayContain(Buffer.from('http://localhost/ 127.0.0.1')));
    assert.ok(many.mayContain(Buffer.from('x http://localhost:8080/')));
  });

  test('a default port needs the host itself', () => {
    assert.deepEqual(named.needles.map(String), ['backend.internal']);
  });

  test('backend base', () => {
    const based = matcherOf('https://example.com/app', 'http://127.0.0.1:8080/base');
    assert.equal(based.replaceIn('"http://127.0.0.1:8080/base/x"'), '"https://example.com/app/x"');
    assert.equal(based.replaceIn('"http:\\/\\/127.0.0.1:8080\\/base"'), '"https:\\/\\/example.com\\/app"');
    for (const text of ['"http://127.0.0.1:8080/basement"', '"http://127.0.0.1:8080/x"', '"http://127.0.0.1:8080"'])
      assert.equal(based.replaceIn(text), text);
  });

  test('same path on both sides: a bare authority is an origin to which a path will be added', () => {
    assert.equal(
      matcherOf('https://e/app', 'http://h:1/app').replaceIn('"http://h:1"+"/app/x"'),
      '"https://e"+"/app/x"',
    );
  });

  test('a public base with characters that a query would not take', () => {
    const odd = matcherOf('https://e/caf%C3%A9', 'http://h:1');
    assert.equal(
      odd.replaceIn('http://h:1/x u=http%3A%2F%2Fh%3A1%2Fx'),
      'https://e/caf%C3%A9/x u=https%3A%2F%2Fe%2Fcaf%25C3%25A9%2Fx',
    );
  });
});

describe('signed URLs', () => {
  const same = [
    '"https://cdn.example/f?src=http%3A%2F%2F127.0.0.1%3A8080%2Fi.png&sig=9f"',
    '"https://cdn.example/f?X-Amz-Signature=9f&src=http%3A%2F%2F127.0.0.1%3A8080%2Fi.png"',
    'https://cdn.example/f?src=http://127.0.0.1:8080/i.png&amp;hmac=9f',
  ];
  for (const text of same) test(`inside: ${text}`, () => assert.equal(matcher.replaceIn(text), text));
  test('the backend itself, and what only looks like a query', () => {
    assert.equal(matcher.replaceIn('"http://127.0.0.1:8080/f?sig=1"'), '"https://example.com/app/f?sig=1"');
    assert.equal(matcher.replaceIn('u=http://127.0.0.1:8080/f?sig=1'), 'u=https://example.com/app/f?sig=1');
  });
});

test('nested URLs are left alone on request', () => {
  const flat = matcherOf('https://e/app', 'http://h:1', { nested: false });
  assert.equal(flat.replaceIn('http://h:1/ u=http%3A%2F%2Fh%3A1%2F'), 'https://e/app/ u=http%3A%2F%2Fh%3A1%2F');
});

test('returns the same string if there is nothing to change', () => {
  const text = 'nothing here, 127.0.0.1:8080 is no URL';
  assert.equal(matcher.replaceIn(text), text);
});
