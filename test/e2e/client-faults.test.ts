// Clients that vanish, stall, drip and flood: the endpoint is told at once, and others are served as before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryProbe } from '../kit/memory-probe.ts';
import { askOnce, connectClient, getRequest, type RawClient } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { startProxy } from './_proxy.ts';

const LIMIT = { timeout: 120_000 };

for (const end of ['a FIN', 'a reset'] as const) {
  test(`a client gone by ${end} in the middle of its upload: the endpoint is told at once`, LIMIT, async (t) => {
    const upstream = await startUpstream(t, async (connection) => {
      const head = await connection.requestHead();
      if (head === undefined) return;
      await connection.until('the upload to break', () => connection.isEnded);
    });
    const portico = await startProxy(t, upstream.origin);
    const client = await connectClient(t, { port: portico.port });
    await client.send('POST /up HTTP/1.1\r\nHost: test.example\r\nContent-Length: 100000\r\n\r\npart of it');
    const connection = await upstream.connection(1);
    await connection.until('the part', () => connection.received.includes('part of it'));
    if (end === 'a FIN') client.halfClose();
    else client.reset();
    await connection.until('the end', () => connection.isEnded);
    if (end === 'a FIN') assert.equal((await client.response('POST')).status, 400);
  });
}

test('a client gone in the middle of its download: the endpoint is told at once', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    while (!connection.isEnded) await connection.send(chunk);
  });
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send(getRequest('/down'));
  await client.until('some bytes', () => client.received.length > 100_000);
  client.reset();
  const connection = await upstream.connection(1);
  await connection.until('the end', () => connection.isEnded);
});

test('a client that ends its half behind its request is still answered', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('answer')),
  );
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send(getRequest('/'));
  client.halfClose();
  assert.equal((await client.response()).body.toString(), 'answer');
  await client.silentEnd();
});

test('a head that does not arrive in time: 408 and the end', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const portico = await startProxy(t, upstream.origin, { root: { timeouts: { head: '1s' } } });
  const client = await connectClient(t, { port: portico.port });
  await client.send('GET / HTTP/1.1\r\nHost: test');
  assert.equal((await client.response()).status, 408);
  await client.silentEnd();
});

test('a body that stops arriving: 408, and the endpoint is told', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.requestHead();
    await connection.until('the upload to break', () => connection.isEnded);
  });
  const portico = await startProxy(t, upstream.origin, { root: { timeouts: { body: '1s' } } });
  const client = await connectClient(t, { port: portico.port });
  await client.send('POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 10\r\n\r\nhello');
  assert.equal((await client.response('POST')).status, 408);
});

test('1 000 slow heads do not slow down anybody else', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('fast')),
  );
  const portico = await startProxy(t, upstream.origin, { root: { limits: { connectionsPerAddress: 5_000 } } });
  const slow: RawClient[] = [];
  for (let index = 0; index < 1_000; index++) {
    const client = await connectClient(t, { port: portico.port });
    await client.send('GET / HTTP/1.1\r\nHos');
    slow.push(client);
  }
  for (let turn = 0; turn < 200; turn++) {
    assert.equal((await askOnce({ port: portico.port }, getRequest('/'))).body.toString(), 'fast');
    await slow[turn]?.send('t');
  }
});

for (const [what, type, line, limitKiB] of [
  ['bytes', 'application/octet-stream', 'x'.repeat(64), 256],
  ['a page without a URL of the upstream', 'text/html', '<p class="a">some words and more</p>\n', 336],
] as const)
  test(`100 readers of ${what} that stall hold a bounded memory, and everybody else is served`, LIMIT, async (t) => {
    const big = Buffer.from(line.repeat(Math.ceil((16 * 1024 * 1024) / line.length)));
    const upstream = await startUpstream(
      t,
      answering(async (request, connection) => {
        if (request.target !== '/big') return okResponse('small');
        await connection.send(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${big.length}\r\n\r\n`);
        return big;
      }),
    );
    const probe = createMemoryProbe(t);
    const portico = await startProxy(t, upstream.origin, { process: probe.options });
    await askOnce({ port: portico.port }, getRequest('/'));
    const before = await probe.liveBytes();
    const stalled: RawClient[] = [];
    for (let index = 0; index < 100; index++) {
      const client = await connectClient(t, { port: portico.port });
      client.pause();
      await client.send(getRequest('/big'));
      stalled.push(client);
    }
    await upstream.request(101);
    for (let turn = 0; turn < 100; turn++) {
      assert.equal((await askOnce({ port: portico.port }, getRequest('/'))).body.toString(), 'small');
    }
    // What only a short pause would be worth keeping is let go a moment later.
    const endMs = Date.now() + 20_000;
    let grown = Number.POSITIVE_INFINITY;
    while (grown >= 100 * limitKiB * 1024 && Date.now() < endMs) grown = (await probe.liveBytes()) - before;
    t.diagnostic(`${Math.round(grown / 100 / 1024)} KiB a reader`);
    assert.ok(grown < 100 * limitKiB * 1024, `grew by ${grown} bytes`);
    for (const client of stalled) client.destroy();
  });

test('3 000 idle connections cost little memory, and everybody else is served', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('small')),
  );
  const limits = { connections: 5000, connectionsPerAddress: 5000 };
  const probe = createMemoryProbe(t);
  const portico = await startProxy(t, upstream.origin, { root: { limits }, process: probe.options });
  const idle: RawClient[] = [];
  const openSome = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const client = await connectClient(t, { port: portico.port });
      await client.send(getRequest('/'));
      assert.equal((await client.response()).status, 200);
      idle.push(client);
    }
  };
  // The first ones warm everything up that is there once.
  await openSome(300);
  const before = await probe.liveBytes();
  await openSome(3000);
  const grown = (await probe.liveBytes()) - before;
  t.diagnostic(`${Math.round(grown / 3000)} bytes a connection`);
  assert.ok(grown < 3000 * 10 * 1024, `grew by ${grown} bytes`);
  assert.equal((await askOnce({ port: portico.port }, getRequest('/'))).status, 200);
  for (const client of idle) client.destroy();
});

test('pipelined requests are all answered after the client ended its half', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering((request) => okResponse(request.target)),
  );
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send(getRequest('/1') + getRequest('/2') + getRequest('/3'));
  client.halfClose();
  for (const target of ['/1', '/2', '/3']) assert.equal((await client.response()).body.toString(), target);
  await client.silentEnd();
});
