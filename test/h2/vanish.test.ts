// Clients that vanish from a WebSocket over HTTP/2, however and whenever they do: its endpoint is told, and nothing is kept.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Server } from '../../src/server/server.ts';
import type { Owner } from '../kit/at-end.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import {
  CODE,
  connectFrames,
  type Fields,
  FLAG,
  FRAME,
  type FramePeer,
  type FrameServer,
  frame,
  getFields,
  headers,
  number32,
  requestFields,
  settings,
  startFrames,
} from '../kit/h2-frames.ts';
import { okResponse, startUpstream, type UpstreamConnection, type UpstreamScript } from '../kit/scripted-upstream.ts';
import { serve } from './_serve.ts';

const LIMIT = { timeout: 120_000 };
const BIG = Buffer.alloc(1024 * 1024, 'x');
/** The window that a client gets for one stream. */
const STREAM_WINDOW_BYTES = 128 * 1024;
/** For how long a client is waited for behind the end of its answer, and more. */
const LINGER_MS = 6_000;
/** After so many PINGs the server has surely read what an endpoint had sent before them. */
const ENOUGH_TRIPS = 5;
const TUNNEL_MS = 3_601_000;

const HANDSHAKE: Fields = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':authority', 'a.test'],
  [':path', '/socket'],
  ['sec-websocket-version', '13'],
];
/** An extended CONNECT; the stream stays open. */
const connectSocket = (stream = 1) => headers(stream, HANDSHAKE, 0);
const reset = (code: number) => frame(FRAME.reset, 0, 1, number32(code));
const goaway = (code: number) => frame(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(code)]));

/** A way to leave; those that leave the whole connection do not leave a stream of it behind. */
interface Way {
  readonly name: string;
  readonly isOfConnection: boolean;
  leave(client: FramePeer): void;
}

const fin =
  (...parts: readonly Buffer[]) =>
  (client: FramePeer) =>
    void client.socket.end(Buffer.concat(parts));

const WAYS: readonly Way[] = [
  { name: 'CANCEL', isOfConnection: false, leave: (client) => void client.send(reset(CODE.cancel)) },
  { name: 'NO_ERROR', isOfConnection: false, leave: (client) => void client.send(reset(CODE.none)) },
  { name: 'a FIN alone', isOfConnection: true, leave: fin() },
  { name: 'CANCEL and a FIN', isOfConnection: true, leave: fin(reset(CODE.cancel)) },
  { name: 'GOAWAY and a FIN', isOfConnection: true, leave: fin(goaway(CODE.none)) },
  { name: 'GOAWAY with an error', isOfConnection: true, leave: (client) => void client.send(goaway(CODE.internal)) },
  { name: 'a TCP reset', isOfConnection: true, leave: (client) => void client.socket.resetAndDestroy() },
];

async function readHandshake(connection: UpstreamConnection): Promise<string> {
  const request = await connection.request();
  const key = request?.headers.get('sec-websocket-key') ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** How far the WebSocket has come when its client leaves. Answers the connection of the endpoint. */
interface Moment {
  readonly name: string;
  /** Whether the endpoint is one of TLS that never says a word. */
  readonly isDialled?: boolean;
  /** The window that the client gives. */
  readonly windowBytes?: number;
  reach(client: FramePeer, connection: UpstreamConnection): Promise<void>;
}

const answer = async (connection: UpstreamConnection) => {
  await connection.send(await readHandshake(connection));
};

const MOMENTS: readonly Moment[] = [
  {
    name: 'while the endpoint is dialled',
    isDialled: true,
    reach: (_client, connection) => connection.until('a ClientHello', () => connection.received.length > 0),
  },
  {
    name: 'before the handshake is answered',
    reach: async (_client, connection) => {
      await connection.requestHead();
    },
  },
  {
    // Both are there when the event loop looks: which one is read first is not for the test to say.
    name: 'when the answer is on its way',
    reach: async (_client, connection) => {
      const switched = await readHandshake(connection);
      void connection.send(switched);
    },
  },
  {
    name: 'when it is open',
    reach: async (client, connection) => {
      await answer(connection);
      assert.equal(await client.outcome(1), '200');
    },
  },
  {
    name: 'with bytes that it took and has not read',
    reach: async (client, connection) => {
      await answer(connection);
      assert.equal(await client.outcome(1), '200');
      void client.send(...Array.from({ length: 4 }, () => frame(FRAME.data, 0, 1, BIG.subarray(0, 1024))));
    },
  },
  {
    name: 'behind a window that it keeps closed',
    windowBytes: 0,
    reach: async (client, connection) => {
      await answer(connection);
      assert.equal(await client.outcome(1), '200');
      void connection.send(BIG);
    },
  },
  {
    name: 'behind a window that it keeps closed, when its endpoint has ended its half',
    windowBytes: 0,
    reach: async (client, connection) => {
      await answer(connection);
      assert.equal(await client.outcome(1), '200');
      await connection.send('the last');
      connection.halfClose();
      for (let count = 0; count < ENOUGH_TRIPS; count++) await roundTrip(client);
    },
  },
  {
    name: 'with an endpoint that does not read',
    reach: async (client, connection) => {
      await answer(connection);
      assert.equal(await client.outcome(1), '200');
      connection.pause();
      await sendUntilStuck(client);
    },
  },
];

/** Sends as much as may be sent, until no more is allowed for three round trips. */
async function sendUntilStuck(client: FramePeer): Promise<void> {
  const windows = () => client.frames.filter(({ type, stream }) => type === FRAME.window && stream === 1);
  const credit = () => windows().reduce((sum, { payload }) => sum + payload.readUInt32BE(0), STREAM_WINDOW_BYTES);
  let sent = 0;
  for (let quiet = 0; quiet < 3; ) {
    const chunk = Math.min(credit() - sent, 16_000);
    if (chunk > 0) {
      await client.send(frame(FRAME.data, 0, 1, BIG.subarray(0, chunk)));
      sent += chunk;
      quiet = 0;
    } else {
      await roundTrip(client);
      quiet++;
    }
  }
}

async function roundTrip(client: FramePeer): Promise<void> {
  const acks = () => client.frames.filter(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack).length;
  const before = acks();
  await client.send(frame(FRAME.ping, 0, 0, 'are-you?'));
  await client.until('an answer', () => acks() > before);
}

/** An endpoint of HTTP/1.1 that does what the test says, and the server in front of it. */
async function start(
  owner: Owner,
  moment: Pick<Moment, 'isDialled' | 'windowBytes'> = {},
  clock?: FakeClock,
  script: UpstreamScript = (connection) => connection.hang(),
) {
  const upstream = await startUpstream(owner, script);
  const to = moment.isDialled ? { to: upstream.origin.replace('http', 'https'), protocol: 'h1' } : upstream.origin;
  const sites = { '*': { proxy: to, rewrite: 'off' } };
  const { server, port } = await serve(owner, upstream.origin, { sites }, clock === undefined ? {} : { clock });
  const client = await connectFrames(owner, port, [settings([4, moment.windowBytes ?? 65_535])]);
  return { upstream, server, client };
}

for (const moment of MOMENTS) {
  for (const way of WAYS) {
    test(`a client that leaves by ${way.name} ${moment.name}`, LIMIT, async (t) => {
      const { upstream, server, client } = await start(t, moment);
      await client.send(connectSocket());
      const connection = await upstream.connection(1);
      await moment.reach(client, connection);
      way.leave(client);
      connection.resume();
      await connection.until('the end', () => connection.isEnded);
      if (way.isOfConnection) await client.until('the end of the connection', () => client.isClosed);
      await noneUnderWay(server);
    });
  }
}

for (const way of WAYS) {
  test(`a client that leaves by ${way.name} in the read of its handshake`, LIMIT, async (t) => {
    const { upstream, server, client } = await start(t, {}, undefined, async (connection) => {
      const request = await connection.request();
      if (request?.target === '/') await connection.send(okResponse('ok'));
      await connection.hang();
    });
    await client.frame(FRAME.settings);
    client.socket.cork();
    void client.send(connectSocket());
    way.leave(client);
    client.socket.uncork();
    if (way.isOfConnection) await client.until('the end of the connection', () => client.isClosed);
    else {
      await client.send(headers(3, getFields()));
      assert.equal(await client.outcome(3), '200');
    }
    const left = upstream.connections.filter(({ received }) => received.includes('/socket'));
    for (const connection of left) await connection.until('the end', () => connection.isEnded);
    await noneUnderWay(server);
  });

  test(`a client that ended its half and leaves by ${way.name}`, LIMIT, async (t) => {
    const { upstream, server, client } = await start(t);
    await client.send(connectSocket());
    const connection = await upstream.connection(1);
    await answer(connection);
    await client.send(frame(FRAME.data, FLAG.endStream, 1, 'the last'));
    await connection.until('the last bytes and the end of the half', () => connection.isEnded);
    assert.ok(connection.received.includes('the last'));
    // RFC 8441 §5: that was a FIN. The other half goes on.
    await connection.send('still');
    await client.until('what is still said', () => client.content(1).toString() === 'still');
    way.leave(client);
    await sendUntilGone(connection);
    await noneUnderWay(server);
  });
}

/** Waits, a turn of the event loop at a time, until the server is through with every exchange. */
async function noneUnderWay(server: Server): Promise<void> {
  while (server.status().exchanges > 0) await new Promise((resolve) => setImmediate(resolve));
}

/** A connection that is gone on the other side answers bytes with a reset. */
async function sendUntilGone(connection: UpstreamConnection): Promise<void> {
  while (!connection.socket.destroyed) {
    await connection.send('x');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const end of ['a FIN', 'NO_ERROR'] as const) {
  test(`an upload of unknown length that is cut off by ${end} does not look whole`, LIMIT, async (t) => {
    const { upstream, client } = await start(t);
    await client.send(headers(1, requestFields('POST'), 0), frame(FRAME.data, 0, 1, 'half of it'));
    const connection = await upstream.connection(1);
    await connection.untilText('half of it');
    if (end === 'a FIN') client.socket.end();
    else await client.send(reset(CODE.none));
    await connection.until('the end', () => connection.isEnded);
    assert.doesNotMatch(connection.received.toString('latin1'), /\r\n0\r\n\r\n$/);
  });
}

test('behind a FIN, whole requests are still answered, and then the connection ends', LIMIT, async (t) => {
  const { upstream, client } = await start(t);
  await client.send(headers(1, getFields('/slow')));
  const slow = await upstream.connection(1);
  await slow.requestHead();
  await client.send(connectSocket(3));
  const socket = await upstream.connection(2);
  await answer(socket);
  assert.equal(await client.outcome(3), '200');
  client.socket.end();
  await socket.until('the end', () => socket.isEnded);
  await slow.send(okResponse('answer'));
  await client.until('the answer', () => client.content(1).toString() === 'answer');
  await client.until('the end of the connection', () => client.isClosed);
});

test('GOAWAY alone ends no WebSocket', LIMIT, async (t) => {
  const { upstream, client } = await start(t);
  await client.send(connectSocket());
  const connection = await upstream.connection(1);
  await answer(connection);
  assert.equal(await client.outcome(1), '200');
  await client.send(goaway(CODE.none), frame(FRAME.data, 0, 1, 'up'));
  await connection.untilText('up');
  await connection.send('down');
  await client.until('what comes back', () => client.content(1).toString() === 'down');
});

test('a half that is silent behind the end of the other one ends like a silent tunnel', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { upstream, server, client } = await start(t, {}, clock);
  await client.send(connectSocket());
  const connection = await upstream.connection(1);
  await answer(connection);
  await client.send(frame(FRAME.data, FLAG.endStream, 1));
  await connection.until('the end of the half', () => connection.isEnded);
  clock.advance(TUNNEL_MS);
  await client.frame(FRAME.reset, 1);
  await sendUntilGone(connection);
  await noneUnderWay(server);
});

test('a WebSocket that its endpoint ended is over, even if its client says nothing', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { upstream, server, client } = await start(t, {}, clock);
  await client.send(connectSocket());
  const connection = await upstream.connection(1);
  await answer(connection);
  await connection.send('the last');
  connection.halfClose();
  // The endpoint does not wait for a client that may never say anything (RFC 9110 §9.3.6).
  await connection.until('the other half', () => connection.isEnded);
  await client.until('END_STREAM', () =>
    client.frames.some(({ type, flags, stream }) => type === FRAME.data && stream === 1 && flags === FLAG.endStream),
  );
  assert.equal(client.content(1).toString(), 'the last');
  // What the client had on its way disturbs nobody.
  await client.send(frame(FRAME.data, 0, 1, 'too late'));
  await roundTrip(client);
  clock.advance(LINGER_MS);
  const { payload } = await client.frame(FRAME.reset, 1);
  assert.equal(payload.readUInt32BE(0), CODE.none);
  await noneUnderWay(server);
});

test('a client takes the rest of a WebSocket that its endpoint ended at its own pace', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { upstream, client } = await start(t, { windowBytes: 0 }, clock);
  await client.send(connectSocket());
  const connection = await upstream.connection(1);
  await answer(connection);
  assert.equal(await client.outcome(1), '200');
  await connection.send(BIG.subarray(0, 60_000));
  connection.halfClose();
  for (let count = 0; count < ENOUGH_TRIPS; count++) await roundTrip(client);
  clock.advance(LINGER_MS);
  await client.send(frame(FRAME.data, 0, 1, 'still here'), frame(FRAME.window, 0, 1, number32(60_000)));
  await connection.untilText('still here');
  await client.until('the rest', () => client.contentBytes(1) === 60_000);
});

/** An endpoint of raw frames that offers extended CONNECT, its connection, and the stream that came to it. */
async function startHttp2(owner: Owner): Promise<{ endpoint: FrameServer; client: FramePeer }> {
  const endpoint = await startFrames(owner, [settings([8, 1])]);
  const { port } = await serve(owner, `h2c://127.0.0.1:${endpoint.port}`);
  return { endpoint, client: await connectFrames(owner, port) };
}

for (const moment of ['before the handshake is answered', 'when it is open'] as const) {
  for (const way of WAYS) {
    test(`HTTP/2 to the endpoint: a client that leaves by ${way.name} ${moment}`, LIMIT, async (t) => {
      const { endpoint, client } = await startHttp2(t);
      await client.send(connectSocket());
      const peer = await endpoint.peer();
      await peer.frame(FRAME.headers, 1);
      if (moment === 'when it is open') {
        await peer.send(headers(1, [[':status', '200']], 0));
        assert.equal(await client.outcome(1), '200');
      }
      way.leave(client);
      const { payload } = await peer.frame(FRAME.reset, 1);
      assert.equal(payload.readUInt32BE(0), CODE.cancel);
    });
  }
}
