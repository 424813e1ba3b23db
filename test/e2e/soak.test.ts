// Many requests, some given up half-way: descriptors and memory are flat afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLoad } from '../kit/load.ts';
import { createMemoryProbe } from '../kit/memory-probe.ts';
import { connectClient, getRequest } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { countDescriptors, startProxy } from './_proxy.ts';

const BIG = Buffer.alloc(1024 * 1024, 'x');

test('100 000 requests with aborts among them leave descriptors and memory flat', { timeout: 600_000 }, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(async (request, connection) => {
      if (request.target !== '/big') return okResponse('small');
      await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n`);
      return BIG;
    }),
  );
  const probe = createMemoryProbe(t);
  const portico = await startProxy(t, upstream.origin, { process: probe.options });
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
  // What is there once is there after the first two rounds.
  await round();
  await round();
  const before = { live: await probe.liveBytes(), descriptors: countDescriptors(portico.process.pid) };
  await round();
  await round();
  const after = { live: await probe.liveBytes(), descriptors: countDescriptors(portico.process.pid) };
  assert.ok(
    after.descriptors <= before.descriptors + 5,
    `${before.descriptors} descriptors, then ${after.descriptors}`,
  );
  const grownBytes = after.live - before.live;
  t.diagnostic(`${grownBytes} bytes more after 50 000 requests`);
  assert.ok(grownBytes < 3 * 1024 * 1024, `grew by ${grownBytes} bytes`);
});
