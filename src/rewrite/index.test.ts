import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { ReadableStream } from 'node:stream/web';
import { test } from 'node:test';
import { createUrlMap, rewriteResponse, rewriteStream } from './index.ts';

const map = createUrlMap({
  public: 'https://example.com/app',
  backend: 'http://127.0.0.1:8080',
  also: ['http://localhost:8080'],
});

async function through(contentType: string | null, pieces: string[]): Promise<string> {
  const writer = rewriteStream(map, contentType);
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  return text(source.pipeThrough(writer));
}

test('rewriteStream', async () => {
  assert.equal(
    await through('application/json', ['{"u":"http://127.', '0.0.1:8080/x"}']),
    '{"u":"https://example.com/app/x"}',
  );
  assert.equal(await through('text/html; charset=utf-8', ['<a href="/', 'x">']), '<a href="/app/x">');
  assert.equal(await through(null, ['<p><a href="/x">']), '<p><a href="/app/x">');
  assert.equal(await through('image/png', ['http://127.0.0.1:8080/']), 'http://127.0.0.1:8080/');
});

test('rewriteResponse', async () => {
  const headers = {
    'Content-Type': 'text/css',
    Location: '/x',
    ETag: '"a"',
    'Content-Length': '14',
    'Content-Encoding': 'gzip',
  };
  const response = rewriteResponse(new Response('a{b:url("/c")}', { status: 201, headers }), map);
  assert.equal(response.status, 201);
  assert.deepEqual(Object.fromEntries(response.headers), { 'content-type': 'text/css', location: '/app/x' });
  assert.equal(await response.text(), 'a{b:url("/app/c")}');
});

test('rewriteResponse leaves other bodies and their headers', async () => {
  const response = rewriteResponse(new Response('/x', { headers: { 'Content-Type': 'text/plain', ETag: '"a"' } }), map);
  assert.equal(response.headers.get('etag'), '"a"');
  assert.equal(await response.text(), '/x');
  assert.equal(rewriteResponse(new Response(null, { status: 304 }), map).body, null);
});

test('the package offers all of it under its name, and a stream for each content type', async () => {
  const name = 'portico/rewrite';
  const library = (await import(name)) as typeof import('./index.ts');
  assert.equal(library.createUrlMap, createUrlMap);
  const url = 'http://127.0.0.1:8080/x';
  const mapped = 'https://example.com/app/x';
  const rows: readonly (readonly [type: string | null, body: string, expected: string])[] = [
    ['text/html; charset=utf-8', '<a href=/x>', '<a href=/app/x>'],
    [null, '<!doctype html><a href=/x>', '<!doctype html><a href=/app/x>'],
    ['text/css', 'a{b:url(/x)}', 'a{b:url(/app/x)}'],
    ['text/javascript', 'import "/x"', 'import "/app/x"'],
    ['application/json', `{"a":"${url}"}`, `{"a":"${mapped}"}`],
    ['application/manifest+json', '{"start_url":"/x"}', '{"start_url":"/app/x"}'],
    ['application/rss+xml', `<rss><link>${url}</link></rss>`, `<rss><link>${mapped}</link></rss>`],
    ['text/event-stream', `data: ${url}\n\n`, `data: ${mapped}\n\n`],
    ['application/vnd.apple.mpegurl', '#EXTM3U\n/x.ts\n', '#EXTM3U\n/app/x.ts\n'],
    ['image/png', url, url],
  ];
  for (const [type, body, expected] of rows) assert.equal(await through(type, [body]), expected, String(type));
});
