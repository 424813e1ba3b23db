// The options of `files`: short forms, defaults, and how mistakes read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { filesOptions } from './options.ts';

test('filesOptions: defaults', () => {
  assert.deepEqual(filesOptions.parse({ root: 'public' }), {
    root: 'public',
    index: ['index.html'],
    list: false,
    hidden: false,
    exclude: [],
    precompressed: ['br', 'zstd', 'gzip'],
    cache: [],
    types: new Map(),
    memory: 32 * 1024 * 1024,
  });
});

test('filesOptions: short forms and their long ones', () => {
  const parse = (options: object) => filesOptions.parse({ root: '.', ...options });
  assert.deepEqual(parse({ index: 'a.html' }).index, ['a.html']);
  assert.deepEqual(parse({ index: ['a.html', 'b.html'] }).index, ['a.html', 'b.html']);
  assert.deepEqual(parse({ index: false }).index, []);
  assert.deepEqual(parse({ fallback: 'app/index.html' }).fallback, { file: 'app/index.html', extensions: false });
  assert.deepEqual(parse({ fallback: { file: 'a.html', extensions: true } }).fallback, {
    file: 'a.html',
    extensions: true,
  });
  assert.deepEqual(parse({ precompressed: false }).precompressed, []);
  assert.deepEqual(parse({ precompressed: ['gzip', 'br'] }).precompressed, ['br', 'gzip']);
  assert.deepEqual(parse({ cache: '1h' }).cache, [{ pattern: '*', value: 'max-age=3600' }]);
  assert.deepEqual(parse({ cache: { 'assets/': 'immutable', '*.html': 'revalidate' } }).cache, [
    { pattern: 'assets/', value: 'max-age=31536000, immutable' },
    { pattern: '*.html', value: 'no-cache' },
  ]);
  assert.equal(parse({ memory: false }).memory, 0);
  assert.equal(parse({ memory: '1MB' }).memory, 1e6);
  assert.deepEqual(
    parse({ types: { '.MD': 'text/plain; charset=utf-8', foo: 'application/x-foo' } }).types,
    new Map([
      ['md', 'text/plain; charset=utf-8'],
      ['foo', 'application/x-foo'],
    ]),
  );
});

test('filesOptions: one readable message per mistake', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ root: 5 }, /^root: expected a path/m],
    [{ root: '' }, /^root: expected a path/m],
    [{ index: 'a/b' }, /^index: expected the name of a file, without slashes/m],
    [{ index: ['a', '..'] }, /^index.1: expected the name of a file/m],
    [{ fallback: '../secret' }, /^fallback: expected a path below the root, such as index.html/m],
    [{ fallback: '/index.html' }, /^fallback: expected a path below the root/m],
    [{ fallback: { file: 'a', extension: true } }, /^fallback: .*"extension"/m],
    [{ list: 'yes' }, /^list: /m],
    [{ hidden: 1 }, /^hidden: /m],
    [{ precompressed: ['deflate'] }, /^precompressed.0: .*br/m],
    [{ cache: 'forever' }, /^cache: expected "immutable", "revalidate", "never" or a duration such as 1h/m],
    [{ cache: { '/abs': '1h' } }, /^cache.\/abs: expected "\*", an ending such as "\*.css", a folder/m],
    [{ cache: { '*.js': '1' } }, /^cache.\*.js: expected "immutable"/m],
    [{ memory: '5' }, /^memory: expected a size such as 10MB/m],
    [{ types: { md: 'plain' } }, /^types.md: expected a media type such as/m],
    [{ types: { md: 'text/plain\r\nX: y' } }, /^types.md: expected a media type/m],
    [{ types: { 'a/b': 'text/plain' } }, /^types.a\/b: expected an extension such as "md"/m],
    [{ indx: 'a' }, /^: .*"indx"/m],
  ];
  for (const [options, expected] of cases)
    assert.match(mistakesOf(filesOptions, { root: '.', ...options }).join('\n'), expected, JSON.stringify(options));
});
