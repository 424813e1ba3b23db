// Once: a request that came in one read with the body before it was lost when that body was answered at its last byte.
import assert from 'node:assert/strict';
import test from 'node:test';
import { porticoSide } from '../conformance/llhttp/portico-side.ts';
import { startReading } from '../conformance/llhttp/reading-server.ts';

const BODIES = {
  'a length': 'Content-Length: 5\r\n\r\nhello',
  chunks: 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
};

for (const [name, body] of Object.entries(BODIES)) {
  test(`requests behind a body with ${name} are served in order`, { timeout: 120_000 }, async (t) => {
    const read = await startReading(t, porticoSide());
    const get = 'GET /next HTTP/1.1\r\nHost: test.example\r\n\r\n';
    const reading = await read(Buffer.from(`POST /first HTTP/1.1\r\nHost: test.example\r\n${body}${get}${get}`));
    const [first, ...next] = reading.split('; ');
    assert.match(first ?? '', /^POST \/first, 2 headers, .*: 5 bytes$/);
    assert.deepEqual(next, ['GET /next, 1 headers, no body', 'GET /next, 1 headers, no body']);
  });
}
