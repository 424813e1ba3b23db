// Reloads under load, with tunnels open, with broken documents: nothing is lost, nothing half-changed.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLoad } from '../kit/load.ts';
import type { Portico } from '../kit/portico.ts';
import { askOnce, connectClient, getRequest, type RawClient } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream, type UpstreamScript } from '../kit/scripted-upstream.ts';
import { startProxy } from './_proxy.ts';

const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: test.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Writes a new document and has it loaded; resolves when the process said so. */
async function reload(portico: Portico, sites: object, root: object = {}): Promise<void> {
  const before = countReloads(portico);
  writeFileSync(join(portico.folder, 'portico.yaml'), JSON.stringify({ listen: '127.0.0.1:0', sites, ...root }));
  portico.process.signal('SIGHUP');
  await portico.process.until('the reload', () => countReloads(portico) > before);
}

function countReloads(portico: Portico): number {
  return portico.process.output.split('reloaded').length - 1;
}

const echoing: UpstreamScript = async (connection) => {
  const head = await connection.requestHead();
  if (head === undefined) return;
  await connection.send(SWITCHED);
  await connection.echo();
};

test('2 000 tunnels stay open across three reloads', { timeout: 300_000 }, async (t) => {
  const upstream = await startUpstream(t, echoing);
  const root = { limits: { connectionsPerAddress: 10_000 } };
  const portico = await startProxy(t, upstream.origin, {
    root,
    mount: { proxy: { to: upstream.origin, connections: 5_000 } },
  });
  const clients: RawClient[] = [];
  for (let index = 0; index < 2_000; index++) {
    const client = await connectClient(t, { port: portico.port });
    await client.send(UPGRADE);
    assert.equal((await client.response()).status, 101);
    clients.push(client);
  }
  for (let turn = 0; turn < 3; turn++) {
    await reload(
      portico,
      { '*': { proxy: { to: upstream.origin, connections: 5_000 } }, [`extra${turn}.example`]: { respond: 204 } },
      root,
    );
    for (const client of clients) {
      await client.send(`ping${turn}`);
      assert.equal((await client.bytes(5)).toString(), `ping${turn}`);
    }
  }
});

for (const isKept of [true, false]) {
  test(`25 000 requests over ${isKept ? 'kept' : 'new'} connections across ten reloads: none fails`, {
    timeout: 300_000,
  }, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => okResponse('always the same')),
    );
    const portico = await startProxy(t, upstream.origin);
    const load = runLoad({
      port: portico.port,
      requests: 25_000,
      connections: 32,
      isKept,
      expected: 'always the same',
    });
    for (let turn = 0; turn < 10; turn++) {
      await reload(portico, { '*': upstream.origin, [`extra${turn}.example`]: { respond: 204 } });
    }
    const { answered, failures } = await load;
    assert.deepEqual([...failures], []);
    assert.equal(answered, 25_000);
  });
}

test('a broken document changes nothing and is told; the next good one is taken', { timeout: 300_000 }, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('old')),
  );
  const portico = await startProxy(t, upstream.origin);
  writeFileSync(join(portico.folder, 'portico.yaml'), 'listen: 127.0.0.1:0\nsites: { "*": { respnd: 204 } }\n');
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput('respnd');
  assert.equal((await askOnce({ port: portico.port }, getRequest('/'))).body.toString(), 'old');
  await reload(portico, { '*': { respond: 204 } });
  assert.equal((await askOnce({ port: portico.port }, getRequest('/'))).status, 204);
});

test('SIGTERM lets the exchange under way finish, refuses new connections, and ends', {
  timeout: 300_000,
}, async (t) => {
  let finish = () => {};
  const mayFinish = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const upstream = await startUpstream(
    t,
    answering(async () => {
      await mayFinish;
      return okResponse('late');
    }),
  );
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  const idle = await connectClient(t, { port: portico.port });
  const waiting = client.ask(getRequest('/'));
  await upstream.connection(1);
  portico.process.signal('SIGTERM');
  await portico.process.untilOutput('draining');
  await assert.rejects(askOnce({ port: portico.port }, getRequest('/')), /ECONNREFUSED/);
  finish();
  const response = await waiting;
  assert.equal(response.body.toString(), 'late');
  assert.equal(response.headers.get('connection'), 'close');
  idle.destroy();
  const end = await portico.process.ended();
  assert.equal(end.status, 0);
});
