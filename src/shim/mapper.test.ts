// The shim's map and the server's give the same answers: as modules, and as the file that browsers get.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { urlMap } from '../../test/kit/rewriting.ts';
import { SHIM_SOURCE } from '../features/rewrite-urls/shim-source.ts';
import { parseBaseUrl, printOrigin } from '../rewrite/base-url.ts';
import type { UrlMap, UrlMapOptions } from '../rewrite/url-map.ts';
import { keysOfServer } from './authority-keys.ts';
import type { ShimConfig } from './config.ts';
import { createMapper } from './mapper.ts';

interface Mount {
  readonly public: string;
  readonly backend: string;
  readonly also?: readonly string[];
  readonly prefix?: 'auto' | 'add' | 'keep';
  readonly except?: readonly string[];
}

const MOUNTS: readonly Mount[] = [
  { public: 'https://example.com/app/', backend: 'http://127.0.0.1:8080/' },
  { public: 'http://example.com:8000/app/', backend: 'http://backend.internal/', also: ['https://10.0.0.7:8443/'] },
  { public: 'https://example.com/a/b/', backend: 'https://backend/base/', also: ['http://other:81/else/'] },
  { public: 'https://example.com/', backend: 'http://127.0.0.1:8080/base/' },
  { public: 'https://example.com/app/', backend: 'http://127.0.0.1:8080/', except: ['/static/'] },
  { public: 'https://example.com/app/', backend: 'http://127.0.0.1:8080/', prefix: 'add' },
  { public: 'https://example.com/app/', backend: 'http://127.0.0.1:8080/', prefix: 'keep' },
];

/** `B` is the backend's authority, `P` the public one. */
const URLS = [
  ...['', '#a', '?q', 'x', './x', '../x', 'x/y?z#f', 'data:text/plain,/x', 'blob:https://P/1', 'mailto:a@B'],
  ...['/', '/x', '/x/y?z=/w#f', '/application/x', '/app', '/app/', '/app/x', '/app?x', '/app#x', '/apple', '/a/b/x'],
  ...['/base/', '/base/x', '/base', '/static/x', '/static', '/staticx', '/app/base/x', '/else/x'],
  ...['//B/x', '//P/x', '//P/app/x', '//evil.example/x', '/\\evil.example/x', '\\x', '/x\\y', '\\\\B\\x'],
  ...['http://B', 'http://B/', 'http://B/x', 'https://B/x', 'ws://B/x', 'wss://B/x', 'HTTP://B/x', 'http://B?x'],
  ...['http://B/base/x', 'http://B/base', 'http://B/app/x', 'http://B/static/x', 'http://user@B/x', 'http://B1/x'],
  ...['http://P/x', 'https://P/x', 'https://P/app/x', 'https://P/static/x', 'wss://P/x', 'wss://P/app/x', 'https://P'],
  ...['http://P1/x', 'http://xP/x', 'http://P.evil.example/x', 'http://P@evil.example/x', 'ftp://B/x', 'http:/x'],
  ...['http:x', ' /x ', '\t/x\n', '/\tx', 'ht\ntp://B/x', '/app/../x', '/app/./x', '/app/%2e%2e/x', '/x/../../y'],
  ...['//app/x', '/app//x', '/./x', '/..', '/../x', '/app/..', 'javascript:alert(1)', '/.//x', '/base//x'],
  ...[
    'http://backend.internal./x',
    'http://0x7f.1:8080/x',
    'http://127.1:8080/x',
    'http://10.0.0.7:8443/x',
    'ws://other:81/else/x',
  ],
  ...[
    'https://backend:443/base/x',
    'http://backend.internal:80/x',
    'https://backend.internal/x',
    'https://example.com:443/x',
  ],
  ...['http://example.com:8000/x', '/x?next=/y'],
];

function mapOf({ public: publicUrl, backend, also = [], ...options }: Mount): UrlMap {
  const more: Partial<UrlMapOptions> = { ...options, also: also.map(parseBaseUrl) };
  return urlMap(publicUrl, backend, { ...more, nested: false, sendsPublicHost: true });
}

function configOf({ also = [], backend, prefix = 'auto', except = [], ...mount }: Mount): ShimConfig {
  const backends = [backend, ...also].map(parseBaseUrl);
  return {
    path: parseBaseUrl(mount.public).path,
    base: parseBaseUrl(backend).path,
    prefix,
    except,
    backends: backends.flatMap((base) =>
      keysOfServer(base.scheme, base.host, base.port).map((key) => [key, base.path] as const),
    ),
  };
}

/** The map inside the file: what `fetch` is called with. */
function mapperInFile(config: ShimConfig, origin: string): (url: string) => string {
  const realm = { URL, location: new URL(origin), fetch: (url: string) => url };
  vm.runInNewContext(`(${SHIM_SOURCE})(${JSON.stringify(config)})`, realm);
  return realm.fetch;
}

for (const mount of MOUNTS) {
  const name = `${mount.backend} at ${mount.public} ${mount.prefix ?? ''} ${mount.except ?? ''}`.trim();
  test(`the shim maps like the server: ${name}`, () => {
    const map = mapOf(mount);
    const origin = printOrigin(map.public);
    const own = createMapper(configOf(mount), origin);
    const inFile = mapperInFile(configOf(mount), origin);
    const authority = (base: string) => base.slice(base.indexOf('//') + 2, base.indexOf('/', 9));
    for (const pattern of URLS) {
      const url = pattern.replace('B', authority(mount.backend)).replace('P', authority(mount.public));
      const expected = clean(map.toPublic(url));
      assert.equal(clean(own(url)), expected, `${url} by the module`);
      assert.equal(clean(inFile(url)), expected, `${url} in the file`);
    }
  });
}

/** As URL parsers read it. */
function clean(url: string): string {
  return URL.canParse(url, 'https://example.com/app/page') ? new URL(url, 'https://example.com/app/page').href : url;
}
