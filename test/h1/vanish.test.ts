// Clients that vanish from a WebSocket over HTTP/1.1, however and whenever they do: its endpoint is told, and nothing is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Server } from '../../src/server/server.ts';
import { serve } from '../h2/_serve.ts';
import type { Owner } from '../kit/at-end.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { CODE, FRAME, headers, settings, startFrames } from '../kit/h2-frames.ts';
import { connectClient, type RawClient } from '../kit/raw-client.ts';
import { startUpstream, type UpstreamConnection } from '../kit/scripted-upstream.ts';

const LIMIT = { timeout: 120_000 };
const PIECE = Buffer.alloc(64 * 1024, 'x');
const TUNNEL_MS = 3_601_000;
const UPGRADE = [
  'GET /socket HTTP/1.1',
  'Host: a.test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

type Way = 'a FIN' | 'a reset';

function leave(client: RawClient, way: Way): void {
  if (way === 'a FIN') client.halfClose();
  else client.reset();
}

/** An endpoint that does what the test says, the server in front of it, and a client. */
async function start(owner: Owner, clock?: FakeClock) {
  const upstream = await startUpstream(owner, (connection) => connection.hang());
  const sites = { '*': { proxy: upstream.origin, rewrite: 'off' } };
  const { server, port } = await serve(owner, upstream.origin, { sites }, clock === undefined ? {} : { clock });
  return { upstream, server, client: await connectClient(owner, { port }) };
}

/** Waits, a turn of the event loop at a time, until the server is through with every exchange. */
async function noneUnderWay(server: Server): Promise<void> {
  while (server.status().exchanges > 0) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How far the WebSocket has come when its client leaves. */
interface Moment {
  readonly name: string;
  reach(client: RawClient, connection: UpstreamConnection): Promise<void>;
}

const open = async (client: RawClient, connection: UpstreamConnection) => {
  await connection.request();
  await connection.send(SWITCHED);
  await client.untilText('\r\n\r\n');
};

const MOMENTS: readonly Moment[] = [
  {
    // Both are there when the event loop looks: which one is read first is not for the test to say.
    name: 'when the answer is on its way',
    reach: async (_client, connection) => {
      await connection.request();
      void connection.send(SWITCHED);
    },
  },
  { name: 'when it is open', reach: open },
  {
    name: 'with bytes that are not read yet',
    reach: async (client, connection) => {
      await open(client, connection);
      void client.send('the last');
    },
  },
];

for (const moment of MOMENTS) {
  for (const way of ['a FIN', 'a reset'] as const) {
    test(`a client that leaves by ${way} ${moment.name}`, LIMIT, async (t) => {
      const { upstream, server, client } = await start(t);
      await client.send(UPGRADE);
      const connection = await upstream.connection(1);
      await moment.reach(client, connection);
      leave(client, way);
      await connection.until('the end', () => connection.isEnded);
      // A FIN ends one half: the other one is the endpoint's to end.
      connection.close();
      await noneUnderWay(server);
    });
  }
}

test('a client that is cut off while the endpoint is dialled', LIMIT, async (t) => {
  const { upstream, server, client } = await startSilentTls(t);
  await client.send(UPGRADE);
  const connection = await upstream.connection(1);
  await connection.until('a ClientHello', () => connection.received.length > 0);
  client.reset();
  await connection.until('the end', () => connection.isEnded);
  await noneUnderWay(server);
});

/** The endpoint is one of TLS that never says a word. */
async function startSilentTls(owner: Owner) {
  const upstream = await startUpstream(owner, (connection) => connection.hang());
  const sites = { '*': { proxy: { to: upstream.origin.replace('http', 'https'), protocol: 'h1' }, rewrite: 'off' } };
  const { server, port } = await serve(owner, upstream.origin, { sites });
  return { upstream, server, client: await connectClient(owner, { port }) };
}

test('a client that is cut off before the handshake is answered', LIMIT, async (t) => {
  const { upstream, server, client } = await start(t);
  await client.send(UPGRADE);
  const connection = await upstream.connection(1);
  await connection.request();
  client.reset();
  await connection.until('the end', () => connection.isEnded);
  await noneUnderWay(server);
});

test(
  'a client that ended its half before the handshake is answered: the endpoint hears it behind its 101',
  LIMIT,
  async (t) => {
    const { upstream, server, client } = await start(t);
    await client.send(`${UPGRADE}early`);
    client.halfClose();
    const connection = await upstream.connection(1);
    await connection.requestHead();
    await connection.send(SWITCHED);
    await connection.until('the end', () => connection.isEnded);
    assert.equal(connection.received.subarray(-5).toString(), 'early');
    // The half that is left can still be used.
    await connection.send('late');
    await client.untilText('late');
    connection.close();
    await client.until('the end', () => client.isEnded);
    await noneUnderWay(server);
  },
);

test('a client that takes nothing and is cut off, with bytes that wait for it', LIMIT, async (t) => {
  const { upstream, server, client } = await start(t);
  await client.send(UPGRADE);
  const connection = await upstream.connection(1);
  await open(client, connection);
  client.pause();
  while (connection.socket.writableLength < 8 * PIECE.length) {
    connection.socket.write(PIECE);
    await turn();
  }
  client.reset();
  await connection.until('the end', () => connection.socket.destroyed || connection.isEnded);
  await noneUnderWay(server);
});

test(
  'a client that is gone behind bytes that its endpoint does not read is noticed when a silent tunnel is',
  LIMIT,
  async (t) => {
    const clock = new FakeClock();
    const { upstream, server, client } = await start(t, clock);
    await client.send(UPGRADE);
    const connection = await upstream.connection(1);
    await open(client, connection);
    connection.pause();
    while (client.socket.writableLength < 8 * PIECE.length) {
      client.socket.write(PIECE);
      await turn();
    }
    client.reset();
    clock.advance(TUNNEL_MS);
    await noneUnderWay(server);
  },
);

test('a half that is silent behind the end of the other one ends like a silent tunnel', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { upstream, server, client } = await start(t, clock);
  await client.send(UPGRADE);
  const connection = await upstream.connection(1);
  await open(client, connection);
  client.halfClose();
  await connection.until('the end of the half', () => connection.isEnded);
  clock.advance(TUNNEL_MS);
  await client.until('the end', () => client.isEnded);
  await noneUnderWay(server);
});

for (const moment of ['before the handshake is answered', 'when it is open'] as const) {
  test(`HTTP/2 to the endpoint: a client that is cut off ${moment}`, LIMIT, async (t) => {
    const endpoint = await startFrames(t, [settings([8, 1])]);
    const { server, port } = await serve(t, `h2c://127.0.0.1:${endpoint.port}`);
    const client = await connectClient(t, { port });
    await client.send(UPGRADE);
    const peer = await endpoint.peer();
    await peer.frame(FRAME.headers, 1);
    if (moment === 'when it is open') {
      await peer.send(headers(1, [[':status', '200']], 0));
      await client.untilText('\r\n\r\n');
    }
    client.reset();
    const { payload } = await peer.frame(FRAME.reset, 1);
    assert.equal(payload.readUInt32BE(0), CODE.cancel);
    await noneUnderWay(server);
  });
}
