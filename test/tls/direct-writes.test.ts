// What is written past the stream of a TLS socket: in order whatever the way of each write, and safe at every end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { Connection } from '../../src/net/connection.ts';
import { systemClock } from '../../src/util/clock.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { TestAuthority } from '../kit/certificates.ts';
import { Waiting } from '../kit/waiting.ts';

const LIMIT = { timeout: 60_000 };
const { cert, key } = await (await TestAuthority.create()).issue({ names: ['localhost'] });

/** A server whose accepted sockets are connections of ours; each call of `open` gives one, with its peer. */
async function startPairs(t: TestContext) {
  const accepted: TLSSocket[] = [];
  const server = createServer({ cert, key, allowHalfOpen: true }, (socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  return async () => {
    const peer = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    t.after(() => peer.destroy());
    peer.on('error', () => {});
    const before = accepted.length;
    await once(peer, 'secureConnect');
    while (accepted.length === before) await once(server, 'secureConnection');
    const connection = Connection.overEvents(accepted[before] as TLSSocket, new Deadlines(systemClock));
    return { connection, peer, events: use(connection) };
  };
}

interface Events {
  drains: number;
  isClosed: boolean;
  error: NodeJS.ErrnoException | undefined;
  readonly waiting: Waiting;
}

function use(connection: Connection): Events {
  const events: Events = { drains: 0, isClosed: false, error: undefined, waiting: new Waiting(() => '') };
  connection.use({
    onBytes() {},
    onEnd() {},
    onDrain() {
      events.drains++;
      events.waiting.changed();
    },
    onDeadline() {},
    onClose(error) {
      events.isClosed = true;
      events.error = error;
      events.waiting.changed();
    },
  });
  return events;
}

async function readAll(peer: TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  peer.on('data', (bytes: Buffer) => chunks.push(bytes));
  peer.resume();
  await once(peer, 'end');
  return Buffer.concat(chunks);
}

type Step = readonly [way: 'text' | 'bytes' | 'lent' | 'joined' | 'corked' | 'turn', size: number];

/** Does the step, and gives what the peer is to read of it. */
async function take(connection: Connection, [way, size]: Step, mark: number, releases: number[]): Promise<Buffer> {
  const bytes = Buffer.alloc(size, 97 + (mark % 26));
  switch (way) {
    case 'text':
      connection.writeText(bytes.toString('latin1'));
      return bytes;
    case 'bytes':
      connection.write(Buffer.from(bytes));
      return bytes;
    case 'lent':
      connection.write(Buffer.from(bytes), () => releases.push(mark));
      return bytes;
    case 'joined':
      connection.writeJoined('<', bytes, '>');
      return Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]);
    case 'corked':
      connection.cork();
      connection.writeText('[');
      connection.write(Buffer.from(bytes), () => releases.push(mark));
      connection.writeText(']');
      connection.uncork();
      return Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]);
    case 'turn':
      await new Promise(setImmediate);
      return Buffer.alloc(0);
  }
}

const sizes = fc.oneof(fc.nat(40), fc.nat(5_000), fc.nat(300_000));
const ways = fc.constantFrom('text', 'bytes', 'lent', 'joined', 'corked', 'turn') as fc.Arbitrary<Step[0]>;
const steps = fc.array(fc.tuple(ways, sizes), { minLength: 1, maxLength: 12 });

test('every order of every way of writing arrives as it was written, and the end behind it', LIMIT, async (t) => {
  const open = await startPairs(t);
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { connection, peer } = await open();
      const received = readAll(peer);
      const releases: number[] = [];
      const wanted: Buffer[] = [];
      for (const [mark, step] of list.entries()) wanted.push(await take(connection, step, mark, releases));
      connection.end();
      assert.equal(connection.isWritable, false);
      assert.ok((await received).equals(Buffer.concat(wanted)));
      const lent = list.flatMap(([way], mark) => (way === 'lent' || way === 'corked' ? [mark] : []));
      assert.deepEqual(releases, lent);
      peer.destroy();
      connection.destroy();
    }),
    { numRuns: 60 },
  );
});

test('small writes to many in one turn, all through one buffer, are not mixed up', LIMIT, async (t) => {
  const open = await startPairs(t);
  const pairs = [await open(), await open(), await open()];
  const received = pairs.map(({ peer }) => readAll(peer));
  for (let round = 0; round < 20; round++) {
    for (const [index, { connection }] of pairs.entries())
      for (let count = 0; count < 3; count++) connection.writeJoined(`${index}`, Buffer.alloc(50, `${index}`), '\n');
    if (round % 2 === 1) await new Promise(setImmediate);
  }
  for (const { connection } of pairs) connection.end();
  for (const [index, text] of (await Promise.all(received)).entries())
    assert.equal(text.toString(), `${`${index}`.repeat(51)}\n`.repeat(60));
});

test('a peer that reads nothing is waited for, and then gets all of it', LIMIT, async (t) => {
  const open = await startPairs(t);
  const { connection, peer, events } = await open();
  peer.pause();
  const piece = Buffer.alloc(64 * 1024, 'p');
  let count = 0;
  while (connection.write(piece)) {
    count++;
    await new Promise(setImmediate);
  }
  count++;
  assert.ok(connection.bytesWaiting > 0);
  assert.equal(events.drains, 0);
  const received = readAll(peer);
  await events.waiting.until('a drain', () => events.drains > 0);
  assert.equal(connection.bytesWaiting, 0);
  connection.end();
  assert.equal((await received).length, count * piece.length);
});

for (const [what, leave] of [
  ['is destroyed', ({ connection }) => connection.destroy()],
  ['is reset', ({ connection }) => connection.reset()],
  ['loses its peer', ({ peer }) => peer.destroy()],
] as [string, (pair: { connection: Connection; peer: TLSSocket }) => void][])
  test(
    `a connection that ${what} while it writes is closed once, and gives back what it was lent`,
    LIMIT,
    async (t) => {
      const open = await startPairs(t);
      const pair = await open();
      const { connection, peer, events } = pair;
      peer.pause();
      let released = 0;
      connection.writeText('direct');
      connection.write(Buffer.alloc(8 * 1024 * 1024), () => released++);
      connection.writeText('behind it');
      connection.end();
      leave(pair);
      await events.waiting.until('the close', () => events.isClosed);
      assert.equal(released, 1);
      assert.equal(connection.writeText('too late'), true);
    },
  );
