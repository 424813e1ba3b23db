// Media types by file name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentTypeOf, extensionOf } from './mime.ts';

test('contentTypeOf', () => {
  const cases: [string, string][] = [
    ['index.html', 'text/html; charset=utf-8'],
    ['a/b.c/STYLE.CSS', 'text/css; charset=utf-8'],
    ['app.js', 'text/javascript; charset=utf-8'],
    ['app.mjs', 'text/javascript; charset=utf-8'],
    ['app.cjs', 'text/javascript; charset=utf-8'],
    ['data.json', 'application/json'],
    ['app.webmanifest', 'application/manifest+json'],
    ['logo.svg', 'image/svg+xml'],
    ['feed.xml', 'application/xml'],
    ['mod.wasm', 'application/wasm'],
    ['font.woff2', 'font/woff2'],
    ['log.ndjson', 'application/x-ndjson'],
    ['disk.tar.zst', 'application/zstd'],
    ['README', 'application/octet-stream'],
    ['.html', 'application/octet-stream'],
    ['x.constructor', 'application/octet-stream'],
    ['x.', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ];
  for (const [name, expected] of cases) assert.equal(contentTypeOf(name), expected, name);
});

test('extensionOf', () => {
  const cases: [string, string][] = [
    ['a.TXT', 'txt'],
    ['a.b.c', 'c'],
    ['dir.d/file', ''],
    ['.profile', ''],
    ['dir/.profile', ''],
    ['file.', ''],
  ];
  for (const [name, expected] of cases) assert.equal(extensionOf(name), expected, name);
});
