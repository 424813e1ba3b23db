// WebSockets through a real Portico to a backend of `ws`, over HTTP/1.1 and HTTP/2: messages, endings, 100 MB each way.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectNet, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { WebSocket } from 'ws';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority } from '../kit/certificates.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import { connectClient } from '../kit/raw-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import {
  type BackendSocket,
  type Closing,
  closing,
  MESSAGE_BYTES,
  NEEDS_PROC,
  nextMessage,
  openSocket,
  peakBytes,
  type SocketBackend,
  sendMany,
  startSocketBackend,
  within,
} from './_websockets.ts';

const LIMIT = { timeout: 300_000 };
const LARGE_BYTES = 100 * MESSAGE_BYTES;
/** Above what the process had before: buffers of two connections, and what the collector has not taken yet. */
const MEMORY_BYTES = 100 * MESSAGE_BYTES;
const LARGE_LIMIT_MS = 240_000;

const WAYS = ['HTTP/1.1', 'HTTP/1.1 over TLS', 'HTTP/2', 'HTTP/2 over TLS'] as const;

/** Both ends of one WebSocket. */
interface Pair {
  readonly socket: WebSocket;
  readonly theirs: WebSocket;
  readonly via: string;
  readonly theirsClosed: Promise<Closing>;
}

function renamed({ socket, via, closed }: BackendSocket): Omit<Pair, 'socket'> {
  return { theirs: socket, via, theirsClosed: closed };
}

let lastId = 0;

describe('WebSockets', () => {
  let backend: SocketBackend;
  let portico: Portico;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    backend = await startSocketBackend(owner);
    const folder = tempFolder(owner);
    const authority = await TestAuthority.create();
    const tls = saveCertificate(folder, 'proxy', await authority.issue({ names: ['127.0.0.1', 'localhost'] }));
    portico = await startPortico(owner, {
      listeners: 2,
      config: {
        listen: ['http://127.0.0.1:0', 'https://127.0.0.1:0'],
        tls,
        log: { level: 'error' },
        sites: { '*': { proxy: backend.origin, https: 'optional' } },
      },
    });
  });

  test.after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const way of WAYS) {
    const open = async (t: Owner, path: string, more: object = {}): Promise<Pair> => {
      const origin = portico.origins[way.endsWith('TLS') ? 1 : 0] ?? '';
      const session = way.startsWith('HTTP/2') ? { session: await connectSession(t, origin) } : {};
      const id = String(++lastId);
      const target = `${path}${path.includes('?') ? '&' : '?'}id=${id}`;
      const socket = await openSocket(t, origin, target, { ...session, ...more });
      return { socket, ...renamed(await backend.socket(id)) };
    };

    test(`${way}: text, bytes, fragments, pings and subprotocols pass`, LIMIT, async (t) => {
      const { socket, theirs, via } = await open(t, '/echo', { protocols: ['other', 'chat'] });
      assert.match(via, way.startsWith('HTTP/2') ? /^2\.0 / : /^1\.1 /);
      assert.equal(socket.protocol, 'chat');
      socket.send('grüß dich');
      assert.deepEqual(await nextMessage(socket), { data: Buffer.from('grüß dich'), isBinary: false });
      const bytes = randomBytes(70_000);
      socket.send(bytes);
      assert.deepEqual(await nextMessage(socket), { data: bytes, isBinary: true });
      for (const [index, piece] of ['one ', 'two ', '', 'three'].entries()) socket.send(piece, { fin: index === 3 });
      assert.equal((await nextMessage(socket)).data.toString(), 'one two three');
      socket.ping('are you there');
      assert.equal(String((await within('pong', once(socket, 'pong')))[0]), 'are you there');
      theirs.ping('and you');
      assert.equal(String((await within('pong', once(theirs, 'pong')))[0]), 'and you');
      socket.send('');
      assert.equal((await nextMessage(socket)).data.length, 0);
    });

    test(`${way}: compressed messages pass`, LIMIT, async (t) => {
      const { socket } = await open(t, '/echo', { compress: true });
      assert.match(socket.extensions, /permessage-deflate/);
      const text = 'again and again '.repeat(10_000);
      socket.send(text);
      assert.equal((await nextMessage(socket)).data.toString(), text);
    });

    test(`${way}: close codes and reasons go both ways`, LIMIT, async (t) => {
      const ours = await open(t, '/idle');
      const oursClosed = closing(ours.socket);
      ours.socket.close(4001, 'we are done');
      assert.deepEqual(await within('close', ours.theirsClosed), { code: 4001, reason: 'we are done' });
      assert.deepEqual(await within('close', oursClosed), { code: 4001, reason: 'we are done' });
      const other = await open(t, '/idle');
      const otherClosed = closing(other.socket);
      other.theirs.close(4002, 'they are done');
      assert.deepEqual(await within('close', otherClosed), { code: 4002, reason: 'they are done' });
      assert.deepEqual(await within('close', other.theirsClosed), { code: 4002, reason: 'they are done' });
    });

    test(`${way}: a side that vanishes takes the other with it`, LIMIT, async (t) => {
      const ours = await open(t, '/idle');
      ours.socket.terminate();
      assert.equal((await within('close', ours.theirsClosed)).code, 1006);
      const other = await open(t, '/idle');
      const gone = closing(other.socket);
      other.theirs.terminate();
      assert.equal((await within('close', gone)).code, 1006);
    });

    test(`${way}: 100 MB up, and 100 MB down, in bounded memory`, { ...LIMIT, skip: NEEDS_PROC }, async (t) => {
      const before = peakBytes(portico.process.pid);
      const { socket: up } = await open(t, '/sink');
      const counted = untilCounted(up, LARGE_BYTES);
      await within('upload', sendMany(up, LARGE_BYTES), LARGE_LIMIT_MS);
      await within('count', counted, LARGE_LIMIT_MS);
      up.close();
      const { socket: down, theirs } = await open(t, '/idle');
      const received = untilReceived(down, LARGE_BYTES);
      await within('sending', sendMany(theirs, LARGE_BYTES), LARGE_LIMIT_MS);
      await within('download', received, LARGE_LIMIT_MS);
      down.close();
      const grown = peakBytes(portico.process.pid) - before;
      t.diagnostic(`${way}: the peak grew by ${Math.round(grown / MESSAGE_BYTES)} MB`);
      assert.ok(grown < MEMORY_BYTES, `the peak grew by ${grown} bytes`);
    });

    test(`${way}: a client that does not read pauses the backend`, LIMIT, async (t) => {
      const { socket, theirs } = await open(t, '/idle');
      let size = 0;
      let sent = 0;
      let isWhole = () => {};
      const whole = new Promise<void>((resolve) => {
        isWhole = resolve;
      });
      socket.on('message', (data: Buffer) => {
        size += data.length;
        if (size === sent * MESSAGE_BYTES) isWhole();
      });
      socket.pause();
      const message = Buffer.alloc(MESSAGE_BYTES);
      // What the backend still holds after a message was handed on shows that nobody takes it any more.
      while (theirs.bufferedAmount < 8 * MESSAGE_BYTES) {
        assert.ok(sent < 200, `${sent} MB were taken`);
        theirs.send(message, { compress: false });
        sent++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.resume();
      await within('the rest', whole);
    });
  }

  test('HTTP/1.1: a half that ends is ended on the other side, which may still say something', LIMIT, async (t) => {
    const raw = await connectClient(t, { port: portico.port });
    const key = randomBytes(16).toString('base64');
    await raw.send(
      `GET /idle?id=half HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    const { closed } = await backend.socket('half');
    await raw.until('the switch', () => raw.received.includes('\r\n\r\n'));
    raw.close();
    // `ws` hears the end of the half, and ends its own, as a WebSocket is over without both (RFC 6455 §7.1.4).
    await within('close', closed);
    await raw.until('the other half', () => raw.isEnded);
  });

  for (const isSecure of [false, true]) {
    const way = isSecure ? 'HTTP/2 over TLS' : 'HTTP/2';
    test(`${way}: a connection that ends takes its WebSockets with it`, LIMIT, async (t) => {
      const { port, origin } = new URL(portico.origins[isSecure ? 1 : 0] ?? '');
      const carrier = connectNet({ port: Number(port), host: '127.0.0.1' });
      const secure = () => connectTls({ socket: carrier, ALPNProtocols: ['h2'], rejectUnauthorized: false });
      const session = await connectSession(t, origin, isSecure ? secure() : carrier);
      const id = `ended-${way}`;
      await openSocket(t, origin, `/idle?id=${encodeURIComponent(id)}`, { session });
      const { closed } = await backend.socket(id);
      // The FIN and nothing else: no RST_STREAM, no GOAWAY, no close_notify. Chromium leaves like that.
      carrier.end();
      assert.equal((await within('close', closed)).code, 1006);
    });
  }

  test('many WebSockets on one HTTP/2 connection do not mix', LIMIT, async (t) => {
    const origin = portico.origins[1] ?? '';
    const session = await connectSession(t, origin);
    const sockets = await Promise.all(Array.from({ length: 50 }, () => openSocket(t, origin, '/echo', { session })));
    const answers = sockets.map(nextMessage);
    for (const [index, socket] of sockets.entries()) socket.send(`message ${index}`);
    assert.deepEqual(
      (await Promise.all(answers)).map(({ data }) => data.toString()),
      sockets.map((_, index) => `message ${index}`),
    );
    for (const socket of sockets) socket.close();
  });
});

async function connectSession(owner: Owner, origin: string, socket?: Socket): Promise<ClientHttp2Session> {
  const over = socket === undefined ? {} : { createConnection: () => socket };
  const session = connect(origin, { rejectUnauthorized: false, ...over });
  session.on('error', () => {});
  atEnd(owner, () => session.destroy());
  await within('settings', once(session, 'remoteSettings'));
  return session;
}

/** The other side says that it has counted so many bytes. */
function untilCounted(socket: WebSocket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      if (Number(data.toString()) === bytes) resolve();
    });
  });
}

function untilReceived(socket: WebSocket, bytes: number): Promise<void> {
  let size = 0;
  return new Promise((resolve) => {
    socket.on('message', (data: Buffer) => {
      size += data.length;
      if (size === bytes) resolve();
    });
  });
}
