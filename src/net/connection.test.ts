// Bytes that a connection was lent: given back when the system has taken them, or when the socket is gone, once.
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { atEnd, type Owner } from '../../test/kit/at-end.ts';
import { Waiting } from '../../test/kit/waiting.ts';
import { systemClock } from '../util/clock.ts';
import { Deadlines } from '../util/deadlines.ts';
import { Connection } from './connection.ts';

/** More than the buffers of both ends hold. */
const BIG = Buffer.alloc(32 * 1024 * 1024, 'lent');

async function open(owner: Owner) {
  const waiting = new Waiting(() => '');
  const state = { peer: undefined as Socket | undefined, drains: 0, isClosed: false };
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    state.peer = socket.on('error', () => {});
    waiting.changed();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => server.close());
  const { port } = server.address() as { port: number };
  const deadlines = new Deadlines(systemClock);
  const connection = Connection.overReads((onread) => connect({ port, host: '127.0.0.1', onread }), deadlines);
  atEnd(owner, () => connection.destroy());
  connection.socket.once('connect', () => waiting.changed());
  await waiting.until('the connection', () => state.peer !== undefined && !connection.socket.connecting);
  atEnd(owner, () => state.peer?.destroy());
  const note = (change: () => void) => () => {
    change();
    waiting.changed();
  };
  connection.use({
    onBytes: () => {},
    onEnd: () => {},
    onDrain: note(() => state.drains++),
    onDeadline: () => {},
    onClose: note(() => {
      state.isClosed = true;
    }),
  });
  return { connection, state, waiting };
}

test('what the system takes at once is given back', async (t) => {
  const { connection, waiting } = await open(t);
  let releases = 0;
  const mayGoOn = connection.write(Buffer.from('small'), () => {
    releases++;
    waiting.changed();
  });
  await waiting.until('the release', () => releases > 0);
  assert.deepEqual([mayGoOn, releases], [true, 1]);
});

test('what waits is given back when the peer has read enough, and the call to go on comes once', async (t) => {
  const { connection, state, waiting } = await open(t);
  let releases = 0;
  const mayGoOn = connection.write(BIG, () => releases++);
  assert.deepEqual([mayGoOn, releases], [false, 0]);
  let received = 0;
  state.peer?.on('data', (bytes: Buffer) => {
    received += bytes.length;
    waiting.changed();
  });
  state.peer?.resume();
  await waiting.until('all of it', () => received === BIG.length && state.drains > 0);
  assert.deepEqual([releases, state.drains], [1, 1]);
});

test('what waits is given back when the connection is destroyed', async (t) => {
  const { connection, state, waiting } = await open(t);
  let releases = 0;
  connection.write(BIG, () => releases++);
  connection.destroy();
  await waiting.until('the end', () => state.isClosed);
  assert.equal(releases, 1);
});
