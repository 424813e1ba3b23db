// Writes past the stream: they are possible on this Node.js, keep their order, and fail as the stream does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createDirectWriter, type DirectWriter } from './direct-writer.ts';

/** More than any socket buffer of the system holds. */
const BIG = Buffer.alloc(32 * 1024 * 1024, 'x');

const LIMIT = { timeout: 120_000 };

interface Pair {
  readonly socket: Socket;
  readonly writer: DirectWriter;
  readonly peer: Socket;
  /** Calls of `onTaken` so far. */
  taken(): number;
}

async function openPair(t: TestContext): Promise<Pair> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  // Paused, so that it is the write that finds the connection broken.
  const socket = connect({ port, host: '127.0.0.1' }).pause();
  let count = 0;
  const writer = createDirectWriter(socket, () => count++);
  assert.ok(writer !== undefined, 'this Node.js has no direct writes');
  assert.equal(writer.writeText('too early'), false);
  await once(socket, 'connect');
  const [peer] = (await accepted) as [Socket];
  t.after(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  return { socket, writer, peer, taken: () => count };
}

async function readAll(peer: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  peer.on('data', (bytes: Buffer) => chunks.push(bytes));
  peer.resume();
  await once(peer, 'end');
  return Buffer.concat(chunks);
}

test(
  'what the system does not take at once waits, and what comes behind it goes through the stream',
  LIMIT,
  async (t) => {
    const { socket, writer, peer, taken } = await openPair(t);
    assert.equal(writer.writeText('one '), true);
    assert.equal(writer.bytesWaiting, 0);
    assert.equal(writer.write(BIG), true);
    assert.equal(writer.bytesWaiting, BIG.length);
    assert.equal(writer.writeText('not now'), false);
    socket.end(' two');
    const received = await readAll(peer);
    assert.ok(received.equals(Buffer.concat([Buffer.from('one '), BIG, Buffer.from(' two')])));
    assert.equal(writer.bytesWaiting, 0);
    assert.equal(taken(), 1);
  },
);

test('nothing passes what the stream holds, or is to hold', LIMIT, async (t) => {
  const { socket, writer, peer } = await openPair(t);
  socket.cork();
  assert.equal(writer.writeText('apart from what comes'), false);
  socket.write('first');
  assert.equal(writer.writeText('not now'), false);
  socket.uncork();
  socket.end();
  assert.equal(writer.write(Buffer.from('too late')), false);
  assert.equal((await readAll(peer)).toString(), 'first');
});

test('a write that fails ends the socket with the error of the system', LIMIT, async (t) => {
  const { socket, writer, peer } = await openPair(t);
  const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
  writer.write(BIG);
  peer.resetAndDestroy();
  const [{ code, syscall }] = await failed;
  assert.match(code ?? '', /^(ECONNRESET|EPIPE)$/);
  assert.equal(syscall, 'write');
  assert.equal(socket.destroyed, true);
});
