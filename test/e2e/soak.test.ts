// Many requests, some given up half-way: descriptors and memory are flat afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLoad } from '../kit/load.ts';
import { connectClient, getRequest } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { readUsage, startProxy } from './_proxy.ts';

const BIG = Buffer.alloc(1024 * 1024, 'x');

test('100 000 requests with aborts among them leave descriptors and memory flat', { timeout: 300_000 }, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(async (request, connection) => {
      if (request.target !== '/big') return okResponse('small');
      await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n`);
      return BIG;
    }),
  );
  const portico = await startProxy(t, upstream.origin);
  const { port } = portico;
  const round = async () => {
    const { failures } = await runLoad({ port, requests: 25_000, connections: 16, isKept: true, expected: 'small' });
    assert.deepEqual([...failures], []);
    for (let turn = 0; turn < 50; turn++) await abandon();
  };
  /** One client leaves in its download, one in its upload, one in its head. */
  const abandon = async () => {
    const [down, up, head] = await Promise.all([1, 2, 3].map(() => connectClient(t, { port })));
    await down?.send(getRequest('/big'));
    await up?.send('POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 100\r\n\r\nhalf');
    await head?.send('GET / HT');
    await down?.untilText('200 OK');
    for (const client of [down, up, head]) client?.reset();
  };
  await round();
  await round();
  const before = readUsage(portico.process.pid);
  await round();
  await round();
  const after = readUsage(portico.process.pid);
  assert.ok(
    after.descriptors <= before.descriptors + 5,
    `${before.descriptors} descriptors, then ${after.descriptors}`,
  );
  const grownBytes = after.residentBytes - before.residentBytes;
  assert.ok(grownBytes < 16 * 1024 * 1024, `grew by ${Math.round(grownBytes / 1e6)} MB`);
});
