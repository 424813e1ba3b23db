// A body that came with its head was read as the answer to the request that waited for the connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUpstream, drain, send, startPeer } from '../kit/endpoints.ts';

const FORGED = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged';

test('a body is not read as the answer to whoever gets the connection next', { timeout: 120_000 }, async (t) => {
  const port = await startPeer(t, 'h1', (request, response) => {
    const body = request.url === '/first' ? FORGED : 'second';
    response.setHeader('Content-Length', body.length);
    response.end(body);
  });
  const { upstream, endpoint } = createUpstream(t, 'h1', port, { connections: 1 });
  const first = send(upstream, { target: '/first' });
  const second = send(upstream, { target: '/second' });
  assert.equal((await drain(await first.reply)).text, FORGED);
  assert.equal((await drain(await second.reply)).text, 'second');
  assert.equal(second.exchange.upstream?.wasReused, true);
  assert.equal(endpoint.pool.size.open, 1);
});
