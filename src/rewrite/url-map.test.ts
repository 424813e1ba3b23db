import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type BaseUrl, parseBaseUrl } from './base-url.ts';
import { type PrefixPolicy, UrlMap, type UrlMapOptions } from './url-map.ts';

function mapOf(publicUrl: string, backendUrl: string, options: Partial<UrlMapOptions> = {}): UrlMap {
  return new UrlMap({ public: parseBaseUrl(publicUrl), backend: parseBaseUrl(backendUrl), ...options });
}

const map = mapOf('https://example.com/app', 'http://127.0.0.1:8080');

describe('toPublic: the table of states', () => {
  const rows: [string, string, string?][] = [
    // backend-absolute
    ['http://127.0.0.1:8080/x', 'https://example.com/app/x'],
    ['https://127.0.0.1:8080/x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    ['ws://127.0.0.1:8080/s', 'wss://example.com/app/s'],
    ['wss://127.0.0.1:8080/s', 'wss://example.com/app/s', 'ws://127.0.0.1:8080/s'],
    ['//127.0.0.1:8080/x', '//example.com/app/x'],
    ['http://127.0.0.1:8080', 'https://example.com/app/', 'http://127.0.0.1:8080/'],
    ['http://127.0.0.1:8080?q#f', 'https://example.com/app/?q#f', 'http://127.0.0.1:8080/?q#f'],
    ['HTTP://127.0.0.1:08080/X', 'https://example.com/app/X', 'http://127.0.0.1:8080/X'],
    ['http://user:pw@127.0.0.1:8080/x', 'https://user:pw@example.com/app/x'],
    ['http://127.0.0.1:8080/app/x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    ['http:\\\\127.0.0.1:8080\\x', 'https:\\\\example.com/app\\x'],
    ['http:////127.0.0.1:8080/x', 'https:////example.com/app/x'],
    ['http://127.0.0.1.:8080/x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    ['http://0x7f.1:8080/x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    ['http://2130706433:8080/x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    ['http://%3127.0.0.1:8080/x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    ['http://127.0.0.1:8080/../x', 'https://example.com/app/x', 'http://127.0.0.1:8080/x'],
    // root-relative
    ['/x', '/app/x'],
    ['/', '/app/'],
    ['/application/x', '/app/application/x'],
    ['/x?u=/y', '/app/x?u=/y'],
    ['/\xe9', '/app/\xe9'],
    ['/lib/../x', '/app/lib/../x'],
    // white space and controls, as a URL parser treats them
    ['  /x ', '  /app/x '],
    ['\n\t/x\n', '\n\t/app/x\n'],
    ['ht\ntp://127.0.\t0.1:8080/x\ty', 'https://example.com/app/x\ty', 'http://127.0.0.1:8080/x\ty'],
    // nested in a query
    ['https://idp/?r=http%3A%2F%2F127.0.0.1%3A8080%2Fcb&s', 'https://idp/?r=https%3A%2F%2Fexample.com%2Fapp%2Fcb&s'],
    ['https://idp/?r=http://127.0.0.1:8080/cb', 'https://idp/?r=https://example.com/app/cb'],
    ['/login?next=http%3A%2F%2F127.0.0.1%3A8080%2F', '/app/login?next=https%3A%2F%2Fexample.com%2Fapp%2F'],
    ['x?n=http%253A%252F%252F127.0.0.1%253A8080%252F', 'x?n=https%253A%252F%252Fexample.com%252Fapp%252F'],
  ];
  for (const [url, expected, back = url] of rows)
    test(JSON.stringify(url), () => {
      assert.equal(map.toPublic(url), expected);
      assert.equal(map.toPublic(expected), expected, 'a second time');
      assert.equal(map.toBackend(expected), back, 'and back');
    });
});

describe('toPublic leaves alone', () => {
  const urls = [
    ...['', ' ', 'x', 'x/y', './x', '../x', '?p=2', '#top', '#/x', '&', '.', '..'],
    ...['https://example.com/app/x', '/app/x', '/app', '/%61pp/x', '//example.com/app/'],
    ...['data:text/plain,http://127.0.0.1:8080/x', 'mailto:root@127.0.0.1:8080', 'tel:+1', 'javascript:a="/x"'],
    ...[
      'blob:http://127.0.0.1:8080/6f',
      'redis://127.0.0.1:8080/0',
      'about:blank',
      'view-source:http://127.0.0.1:8080/',
    ],
    ...['http://other.example/x', '//other.example/x', '/\\other.example/x', '\\\\other', '/\t/other.example/'],
    ...['http://127.0.0.1:80801/x', 'http://127.0.0.1:808/x', 'http://127.0.0.11:8080/x', 'http://127.0.0.1/x'],
    ...['http://127.0.0.1:8080@evil.example/', 'http://127.0.0.1:8080.evil.example/', 'http://x127.0.0.1:8080/'],
    ...['http://a.127.0.0.1:8080/', 'http:127.0.0.1:8080/x', 'http:/127.0.0.1:8080/x', 'http://', '//', 'http:///'],
    'https://cdn.example/f?src=http%3A%2F%2F127.0.0.1%3A8080%2Fi.png&sig=9f86d0',
    'https://cdn.example/f?X-Amz-Signature=ab&src=http%3A%2F%2F127.0.0.1%3A8080%2Fi.png',
  ];
  for (const url of urls) test(JSON.stringify(url), () => assert.equal(map.toPublic(url), url));
});

describe('toBackend leaves alone', () => {
  const urls = [
    '',
    'x',
    '/x',
    '/apparel',
    'https://example.com/',
    'https://example.com/application',
    'http://other/app/x',
  ];
  for (const url of [...urls, 'https://example.com.evil/app/x', 'https://example.com@evil/app/x', '/app/../x'])
    test(JSON.stringify(url), () => assert.equal(map.toBackend(url), url));
});

describe('mounts of other shapes', () => {
  const rows: [string, UrlMap, string, string][] = [
    ['public root, root-relative', mapOf('https://example.com', 'http://127.0.0.1:8080'), '/x', '/x'],
    ['public root, absolute', mapOf('https://example.com', 'http://h:1'), 'http://h:1/x', 'https://example.com/x'],
    ['public port', mapOf('https://example.com:8443/app', 'http://h:1'), '//h:1/y', '//example.com:8443/app/y'],
    ['backend base', mapOf('https://e/app', 'http://h:1/base'), 'http://h:1/base/x', 'https://e/app/x'],
    ['backend base, bare', mapOf('https://e/app', 'http://h:1/base'), 'http://h:1/base', 'https://e/app'],
    ['outside the backend base', mapOf('https://e/app', 'http://h:1/base'), 'http://h:1/other', 'http://h:1/other'],
    ['outside, root-relative', mapOf('https://e/app', 'http://h:1/base'), '/other', '/other'],
    ['same path on both sides', mapOf('https://e/app', 'http://h:1/app'), '/app/x', '/app/x'],
    ['same path, absolute', mapOf('https://e/app', 'http://h:1/app'), 'http://h:1/app/x', 'https://e/app/x'],
    ['same path, bare authority', mapOf('https://e/app', 'http://h:1/app'), 'http://h:1', 'https://e'],
    ['IPv6', mapOf('https://e/app', 'http://[::1]:8080'), 'http://[0:0::1]:8080/x', 'https://e/app/x'],
    ['http site', mapOf('http://e/app', 'https://h:8443'), 'wss://h:8443/x', 'ws://e/app/x'],
    ['keep', mapOf('https://e/app', 'http://h:1', { prefix: 'keep' }), 'http://h:1/x', 'https://e/x'],
    ['keep, root-relative', mapOf('https://e/app', 'http://h:1', { prefix: 'keep' }), '/x', '/x'],
    ['add', mapOf('https://e/app', 'http://h:1', { prefix: 'add' }), '/app/x', '/app/app/x'],
    ['except', mapOf('https://e/app', 'http://h:1', { except: ['/sso/'] }), '/sso/login', '/sso/login'],
    [
      'except, absolute',
      mapOf('https://e/app', 'http://h:1', { except: ['/sso/'] }),
      'http://h:1/sso/',
      'https://e/sso/',
    ],
    [
      'nested off',
      mapOf('https://e/app', 'http://h:1', { nested: false }),
      'https://i/?u=http%3A%2F%2Fh%3A1',
      'https://i/?u=http%3A%2F%2Fh%3A1',
    ],
  ];
  for (const [name, of, url, expected] of rows) test(`${name}: ${url}`, () => assert.equal(of.toPublic(url), expected));

  test('other spellings of the backend, each with a base of its own', () => {
    const also = [parseBaseUrl('http://localhost:8080'), parseBaseUrl('http://old.internal/base')];
    const many = mapOf('https://e/app', 'http://127.0.0.1:8080', { also });
    assert.equal(many.toPublic('http://localhost:8080/x'), 'https://e/app/x');
    assert.equal(many.toPublic('http://old.internal/base/x'), 'https://e/app/x');
    assert.equal(many.toPublic('http://old.internal/x'), 'http://old.internal/x');
    assert.equal(many.toBackend('https://e/app/x'), 'http://127.0.0.1:8080/x');
  });

  test('links to the backend of another mount lead to that mount', () => {
    const crossLinks = [{ backend: parseBaseUrl('http://127.0.0.1:9090'), public: parseBaseUrl('https://e/other') }];
    const linked = mapOf('https://e/app', 'http://127.0.0.1:8080', { crossLinks });
    assert.equal(linked.toPublic('http://127.0.0.1:9090/x'), 'https://e/other/x');
    assert.equal(linked.toPublic('http://127.0.0.1:8080/x'), 'https://e/app/x');
    assert.equal(linked.toPublic('/x'), '/app/x');
  });

  test('a backend that is sent the public Host writes it without the mount', () => {
    const own = mapOf('https://e/app', 'http://h:1', { sendsPublicHost: true });
    assert.equal(own.toPublic('http://e/x'), 'https://e/app/x');
    assert.equal(own.toPublic('https://e/x'), 'https://e/app/x');
    assert.equal(own.toPublic('https://e/app/x'), 'https://e/app/x');
    assert.equal(own.matcher.replaceIn('"https://e/x" "https://e/app/x"'), '"https://e/app/x" "https://e/app/x"');
    assert.equal(map.toPublic('https://example.com/x'), 'https://example.com/x', 'not otherwise');
  });
});

describe('toPublicEscaped keeps escapes', () => {
  const rows: ['html' | 'css' | 'json', string, string][] = [
    ['html', '&#x2F;x', '&#x2F;app&#x2F;x'],
    ['html', '&#47;x', '&#47;app&#47;x'],
    ['html', '&sol;x', '&sol;app&sol;x'],
    ['html', 'http&#58;//127.0.0.1:8080/x', 'https&#58;//example.com/app/x'],
    ['html', 'http&colon;&sol;&#47;127&period;0.0.1&#x3a;8080', 'https&colon;&sol;&#47;example.com&#47;app&#47;'],
    ['html', '/x?a&amp;b', '/app/x?a&amp;b'],
    ['html', '&#32;/x', '&#32;/app/x'],
    ['html', 'ht&Tab;tp://127.0.0.1:8080/', 'https://example.com/app/'],
    ['html', '&eacute;/x', '&eacute;/x'],
    ['css', '\\2f x', '\\2f app\\2f x'],
    ['css', '/a\\).png', '/app/a\\).png'],
    ['css', 'http\\3a //127.0.0.1:8080/x', 'https\\3a //example.com/app/x'],
    ['json', '\\/x', '\\/app\\/x'],
    ['json', '\\u002fx', '\\u002fapp\\u002fx'],
    ['json', '\\x2fx', '\\x2fapp\\x2fx'],
    ['json', 'http:\\/\\/127.0.0.1:8080\\/x', 'https:\\/\\/example.com\\/app\\/x'],
    ['json', '/x\\u00e9', '/app/x\\u00e9'],
    ['json', '\\/\\/other\\/x', '\\/\\/other\\/x'],
  ];
  for (const [language, raw, expected] of rows)
    test(`${language}: ${raw}`, () => assert.equal(map.toPublicEscaped(raw, language), expected));
});

describe('rootRelativeEdit', () => {
  const apply = (raw: string, language: 'html' | 'json' = 'json') => {
    const edit = map.rootRelativeEdit(raw, language);
    return edit === undefined ? raw : raw.slice(0, edit.start) + edit.text + raw.slice(edit.end);
  };
  test('changes root-relative URLs only', () => {
    assert.equal(apply('/x'), '/app/x');
    assert.equal(apply(' /x'), ' /app/x');
    assert.equal(apply('\\/x'), '\\/app\\/x');
    assert.equal(apply('&#47;x', 'html'), '&#47;app&#47;x');
    for (const same of ['', 'x', '//h/x', '/app/x', 'http://127.0.0.1:8080/x', '\\/\\/h', '/\\\\h'])
      assert.equal(apply(same), same);
  });
});

describe('origins, paths and targets', () => {
  test('an origin has no path', () => {
    assert.equal(map.originToPublic('http://127.0.0.1:8080'), 'https://example.com');
    assert.equal(map.originToPublic('ws://127.0.0.1:8080'), 'wss://example.com');
    assert.equal(map.originToBackend('https://example.com'), 'http://127.0.0.1:8080');
    for (const same of ['null', '*', 'https://evil.example', 'http://127.0.0.1:8080/', 'https://example.com.evil', ''])
      assert.equal(map.originToPublic(same), same);
  });

  test('paths', () => {
    assert.equal(map.pathToPublic('/x'), '/app/x');
    assert.equal(map.pathToBackend('/app/x'), '/x');
    assert.equal(map.pathToBackend('/x'), '/x');
    assert.equal(map.pathToPublic('//h/x'), '//h/x');
  });

  test('a request target keeps its octets', () => {
    assert.equal(map.targetToBackend('/app/x?a=%2f&b'), '/x?a=%2f&b');
    assert.equal(map.targetToBackend('/%61pp//x'), '//x');
    assert.equal(map.targetToBackend('/app'), '/');
    assert.equal(map.targetToBackend('/app?q'), '/?q');
    assert.equal(map.targetToBackend('/other'), undefined);
  });

  test('what is left of a path never becomes a host', () => {
    const based = mapOf('https://e/', 'http://h:1/base');
    assert.equal(based.toPublic('/base//evil.example/x'), '/.//evil.example/x');
    assert.equal(based.toPublic('/base/\\evil.example'), '/./\\evil.example');
    assert.equal(based.rootRelativeEdit('/base//evil.example', 'html')?.text, '/.');
    assert.equal(map.toBackend('/app//evil.example'), '/.//evil.example');
    assert.equal(map.targetToBackend('/app//x'), '//x', 'a target has no host, its octets stay');
  });

  test('a request target may undo what happened to nested URLs', () => {
    const target = '/app/login?next=https%3A%2F%2Fexample.com%2Fapp%2Fx';
    assert.equal(map.targetToBackend(target), '/login?next=https%3A%2F%2Fexample.com%2Fapp%2Fx');
    assert.equal(map.targetToBackend(target, true), '/login?next=http%3A%2F%2F127.0.0.1%3A8080%2Fx');
  });

  test('cookie domains', () => {
    const named = mapOf('https://www.example.com/app', 'http://app.backend.internal:8080');
    for (const domain of ['app.backend.internal', '.backend.internal', 'INTERNAL'])
      assert.ok(named.coversBackendHost(domain));
    for (const domain of ['', 'example.com', 'other.internal', 'p.backend.internal'])
      assert.ok(!named.coversBackendHost(domain));
  });

  test('the fingerprint follows the configuration', () => {
    assert.equal(map.fingerprint, mapOf('https://example.com/app/', 'http://127.0.0.1:8080/').fingerprint);
    assert.match(map.fingerprint, /^[0-9a-f]{8}$/);
    const others = [
      mapOf('https://example.com/app', 'http://127.0.0.1:8081'),
      mapOf('https://example.com/app', 'http://127.0.0.1:8080', { prefix: 'add' }),
      mapOf('https://example.com/app', 'http://127.0.0.1:8080', { nested: false }),
      mapOf('https://example.com/app', 'http://127.0.0.1:8080', { except: ['/x/'] }),
    ];
    assert.equal(new Set([map, ...others].map((each) => each.fingerprint)).size, 5);
  });
});

describe('laws', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
  const host = fc.oneof(
    label.map((name) => `${name}.example`),
    fc.ipV4(),
    fc.constant('[::1]'),
    fc.constant('localhost'),
  );
  const path = fc
    .array(fc.stringMatching(/^[a-z0-9_~-]{1,4}$/), { maxLength: 2 })
    .map((all) => `/${all.map((segment) => `${segment}/`).join('')}`);
  const base = fc.record({
    scheme: fc.constantFrom<'http' | 'https'>('http', 'https'),
    host,
    port: fc.constantFrom(80, 443, 8080, 8081, 65_535),
    path,
  });
  const segment = fc
    .stringMatching(/^(?:[A-Za-z0-9._~!$'()*+,;=:@\xe9-]|%[0-9A-F]{2}){0,6}$/)
    .filter((text) => !/^(?:\.|%2e)+$/i.test(text));
  const rest = fc.tuple(
    fc.array(segment, { maxLength: 3 }),
    fc.option(fc.stringMatching(/^[?][a-z0-9=&/?-]{0,8}$/), { nil: '' }),
  );
  const restText = rest.map(([segments, query]) => segments.join('/') + query);
  const distinct = (a: BaseUrl, b: BaseUrl) => a.host !== b.host;

  const withMap = (prefix: PrefixPolicy) =>
    fc
      .tuple(base, base, restText)
      .filter(([a, b]) => distinct(a, b))
      .map(([a, b, tail]) => {
        const made = new UrlMap({ public: a, backend: b, prefix });
        return { made, tail, a, b };
      });

  const isBelow = (url: string, prefix: string) => prefix !== '/' && `${url}/`.replace(/\/+/g, '/').startsWith(prefix);

  test('toBackend(toPublic(u)) = u for URLs of the backend', () => {
    fc.assert(
      fc.property(withMap('auto'), fc.constantFrom('abs', 'network', 'path'), ({ made, tail, a, b }, form) => {
        const pathText = b.path + tail;
        // The documented exception: a route of the backend that is named like the mount.
        const decoded = pathText.replace(/%[0-9A-F]{2}/g, (text) =>
          /%(?:[46][1-9A-F]|[57][0-9A]|3[0-9]|2D|5F|7E)/.test(text) ? decodeURIComponent(text) : text,
        );
        fc.pre(!isBelow(decoded.split('?')[0] ?? '', a.path));
        // An empty first segment behind a base that goes away gets a dot segment; see the case below.
        fc.pre(form !== 'path' || !tail.startsWith('/'));
        const origin = made.originToBackend(`${a.scheme}://${a.host}:${a.port}`);
        const url =
          form === 'path'
            ? pathText
            : form === 'abs'
              ? origin + pathText
              : origin.slice(origin.indexOf('/')) + pathText;
        assert.equal(made.toBackend(made.toPublic(url)), url);
      }),
      { numRuns: 2000 },
    );
  });

  test('add: toBackend(toPublic(u)) = u even for routes named like the mount', () => {
    fc.assert(
      fc.property(withMap('add'), ({ made, tail, a, b }) => {
        const pathText = b.path + a.path.slice(1) + tail;
        fc.pre(!tail.startsWith('/'));
        assert.equal(made.toBackend(made.toPublic(pathText)), pathText);
      }),
      { numRuns: 1000 },
    );
  });

  test('toPublic(toPublic(u)) = toPublic(u), whatever u is', () => {
    const piece = fc.constantFrom(
      'http:',
      '//',
      '/',
      '\\',
      '127.0.0.1',
      ':8080',
      'example.com',
      '/app',
      '..',
      '.',
      '?u=',
      '#',
      '%2F',
      '%3A',
      '@',
      ' ',
      '\t',
      'x',
    );
    const soup = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''));
    fc.assert(
      fc.property(
        fc.oneof(soup, fc.string(), fc.webUrl()),
        fc.constantFrom('auto' as const, 'keep' as const),
        (url, prefix) => {
          const latin1 = Buffer.from(url).toString('latin1');
          const made = mapOf('https://example.com/app', 'http://127.0.0.1:8080', { prefix });
          const once = made.toPublic(latin1);
          assert.equal(made.toPublic(once), once);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('what a browser resolves goes to the same place of the backend', () => {
    const front = fc.constantFrom(
      '',
      ' ',
      'http://127.0.0.1:8080',
      '//127.0.0.1:8080',
      'HTTP:\\\\127.1:8080',
      '/',
      '\\',
    );
    const piece = fc.constantFrom(
      '/',
      'a',
      'app',
      '..',
      '.',
      '%2e',
      '?q',
      '#f',
      '\\',
      '//',
      'é',
      ' ',
      '\n',
      '@',
      ':',
      'b',
    );
    const soup = fc.tuple(front, fc.array(piece, { maxLength: 8 })).map(([start, rest]) => start + rest.join(''));
    fc.assert(
      fc.property(soup, (url) => {
        const base = 'http://127.0.0.1:8080/dir/page';
        const direct = URL.canParse(url, base) ? new URL(url, base) : undefined;
        fc.pre(direct !== undefined && direct.origin === 'http://127.0.0.1:8080' && direct.username === '');
        // Node 20 forgets to resolve "..", where a name in front begins with a dot.
        fc.pre(!/\.[^./\\?#]/.test(url.replace('127.0.0.1', '').replace('127.1', '')));
        // A relative path that climbs above the root, and a route named like the mount, are documented limits.
        fc.pre(/^\s*(?:https?:|[/\\])/i.test(url) && !/^\/app(?:\/|$)/.test(direct?.pathname ?? ''));
        const mapped = new URL(map.toPublic(url), 'https://example.com/app/dir/page');
        assert.equal(mapped.href, `https://example.com/app${direct?.pathname}${direct?.search}${direct?.hash}`);
      }),
      { numRuns: 5000 },
    );
  });
});
