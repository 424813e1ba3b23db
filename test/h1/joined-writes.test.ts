// What is put together for one write: a slow peer gets it as it was, whatever is written to others meanwhile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Connection } from '../../src/net/connection.ts';
import { systemClock } from '../../src/util/clock.ts';
import { Deadlines } from '../../src/util/deadlines.ts';

/** More than any socket buffer of the system holds. */
const WRITES_LIMIT = 100_000;

test('bytes that wait for a slow peer are not overwritten by the next write', async (t) => {
  const accepted: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const slow = await open(t, port);
  const peer = await acceptedFor(server, accepted, 1);
  const other = await open(t, port);

  const written: Buffer[] = [];
  while (slow.bytesWaiting === 0 && written.length < WRITES_LIMIT) {
    const body = Buffer.alloc(2000, written.length % 251);
    slow.writeJoined('before', body, 'after');
    written.push(Buffer.concat([Buffer.from('before'), body, Buffer.from('after')]));
  }
  assert.ok(slow.bytesWaiting > 0, 'the system took everything');
  for (let count = 0; count < 3; count++) other.writeJoined('-', Buffer.alloc(4000, '-'), '-');
  slow.end();

  const received: Buffer[] = [];
  peer.on('data', (bytes: Buffer) => received.push(bytes));
  peer.resume();
  await once(peer, 'end');
  assert.ok(Buffer.concat(received).equals(Buffer.concat(written)));
});

async function open(t: { after(fn: () => void): void }, port: number): Promise<Connection> {
  const connection = Connection.overReads(
    (onread) => connect({ port, host: '127.0.0.1', onread } as never),
    new Deadlines(systemClock),
  );
  t.after(() => connection.destroy());
  await once(connection.socket, 'connect');
  return connection;
}

async function acceptedFor(
  server: ReturnType<typeof createServer>,
  accepted: Socket[],
  count: number,
): Promise<Socket> {
  while (accepted.length < count) await once(server, 'connection');
  const socket = accepted[count - 1];
  assert.ok(socket !== undefined);
  return socket;
}
