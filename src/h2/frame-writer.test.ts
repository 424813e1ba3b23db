// The frame writer: order, one write for many frames, congestion, where END_STREAM goes, and buffers that are used again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeConnection, turn } from '../../test/kit/fake-connection.ts';
import { FLAG, FRAME, readFrames } from '../../test/kit/h2-frames.ts';
import { FrameWriter } from './frame-writer.ts';
import { FRAME_BYTES, PREFACE } from './frames.ts';

const TIMEOUT_MS = 1_000;
const CONTENT = Buffer.alloc(FRAME_BYTES, 'c');

function makeWriter(isBlocking = false): { readonly connection: FakeConnection; readonly writer: FrameWriter } {
  const connection = new FakeConnection();
  connection.isBlocking = isBlocking;
  const writer = new FrameWriter(connection.asConnection, TIMEOUT_MS);
  const drains = { onBytes() {}, onEnd() {}, onDrain: () => writer.drained(), onDeadline() {}, onClose() {} };
  connection.use(drains);
  return { connection, writer };
}

/** Frames as `type stream flags length`. */
function printed(connection: FakeConnection): readonly string[] {
  return connection.frames.map(({ type, stream, flags, payload }) => `${type} ${stream} ${flags} ${payload.length}`);
}

/** Writes content until the writer is congested; answers how many frames that took. */
function fill(writer: FrameWriter, stream: number): number {
  let count = 0;
  for (; !writer.isCongested && count < 100; count++) writer.writeData(stream, CONTENT, 0, CONTENT.length);
  return count;
}

test('frames of a turn are one write, in the order in which they were handed over', async () => {
  const { connection, writer } = makeWriter();
  writer.writePreface(PREFACE);
  writer.writeSettings([
    [3, 100],
    [4, 2 ** 31 - 1],
  ]);
  writer.writeSettingsAck();
  writer.writePing(Buffer.from('12345678'), true);
  writer.writeHead(1, Buffer.from('block'), false);
  writer.writeData(1, Buffer.from('xabcx'), 1, 4);
  writer.writeReset(3, 8);
  writer.writeWindowUpdate(0, 2 ** 31 - 1);
  writer.writeGoaway(7, 0xff_ff_ff_ff);
  assert.equal(connection.writes, 0);
  await turn();
  assert.equal(connection.writes, 1);
  const { sent } = connection;
  assert.ok(sent.subarray(0, PREFACE.length).equals(PREFACE));
  assert.deepEqual(
    readFrames(sent.subarray(PREFACE.length)).map(
      ({ type, stream, flags, payload }) => `${type} ${stream} ${flags} ${payload.toString('hex')}`,
    ),
    [
      '4 0 0 00030000006400047fffffff',
      '4 0 1 ',
      '6 0 1 3132333435363738',
      '1 1 4 626c6f636b',
      '0 1 0 616263',
      '3 3 0 00000008',
      '8 0 0 7fffffff',
      '7 0 0 00000007ffffffff',
    ],
  );
});

test('a block of more than a frame goes out in CONTINUATION, with nothing in between (RFC 9113 §6.10)', async () => {
  for (const size of [0, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 5 * FRAME_BYTES + 1]) {
    const { connection, writer } = makeWriter();
    const block = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
    writer.writeHead(1, block, true);
    writer.writePing(Buffer.from('12345678'), false);
    await turn();
    const frames = connection.frames.slice(0, -1);
    assert.equal(connection.frames.at(-1)?.type, FRAME.ping);
    assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), block);
    assert.deepEqual(
      frames.map(({ type, flags }) => [type, flags]),
      frames.map((_, index) => [
        index === 0 ? FRAME.headers : FRAME.continuation,
        (index === 0 ? FLAG.endStream : 0) | (index === frames.length - 1 ? FLAG.endHeaders : 0),
      ]),
    );
    assert.ok(frames.every(({ payload }) => payload.length <= FRAME_BYTES));
  }
});

test('END_STREAM is set on the last DATA frame of this stream, or goes out on an empty one', async () => {
  const { connection, writer } = makeWriter();
  const data = (stream: number) => writer.writeData(stream, CONTENT, 0, 10);
  data(1);
  writer.writeEnd(1);
  data(3);
  data(5);
  writer.writeEnd(3);
  writer.writeEnd(5);
  data(7);
  writer.writeReset(9, 0);
  writer.writeEnd(7);
  data(11);
  await turn();
  writer.writeEnd(11);
  writer.writeHead(13, CONTENT.subarray(0, 10), false);
  writer.writeEnd(13);
  await turn();
  assert.deepEqual(printed(connection), [
    '0 1 1 10',
    '0 3 0 10',
    '0 5 0 10',
    '0 3 1 0',
    '0 5 1 0',
    '0 7 0 10',
    '3 9 0 4',
    '0 7 1 0',
    '0 11 0 10',
    '0 11 1 0',
    '1 13 4 10',
    '0 13 1 0',
  ]);
});

test('END_STREAM behind a buffer that is full and with the system goes out on an empty frame', async () => {
  const { connection, writer } = makeWriter(true);
  for (let count = 0; count < 4; count++) writer.writeData(1, CONTENT, 0, CONTENT.length);
  writer.flush();
  writer.writeEnd(1);
  connection.isBlocking = false;
  connection.take();
  await turn();
  assert.deepEqual(printed(connection), [...Array.from({ length: 4 }, () => '0 1 0 16384'), '0 1 1 0']);
});

test('four of the largest frames go into one buffer', async () => {
  const { connection, writer } = makeWriter();
  for (let count = 0; count < 4; count++) writer.writeData(1, CONTENT, 0, CONTENT.length);
  writer.writeEnd(1);
  await turn();
  assert.equal(connection.writes, 1);
});

test('one buffer with the system and one that is full: content waits, frames without content do not', async () => {
  const { connection, writer } = makeWriter(true);
  writer.writePing(Buffer.from('12345678'), false);
  assert.equal(writer.isBlocked, false);
  await turn();
  assert.equal(writer.isBlocked, true);
  assert.equal(writer.isCongested, false);
  assert.notEqual(connection.deadlineMs, Number.POSITIVE_INFINITY);
  assert.equal(fill(writer, 1), 4);
  writer.writeReset(3, 8);
  writer.writePing(Buffer.from('12345678'), true);
  assert.equal(writer.isOverfull, false);
  connection.take();
  assert.equal(writer.isBlocked, true, 'the second buffer went out at once');
  assert.equal(writer.isCongested, false);
  connection.take();
  assert.equal(writer.isBlocked, false);
  assert.equal(connection.deadlineMs, Number.POSITIVE_INFINITY);
  assert.deepEqual(printed(connection), [
    '6 0 0 8',
    ...Array.from({ length: 4 }, () => '0 1 0 16384'),
    '3 3 0 4',
    '6 0 1 8',
  ]);
});

test('a head that is larger than all buffers is no flood; answers without end are', async () => {
  const { connection, writer } = makeWriter(true);
  writer.writePing(Buffer.from('12345678'), false);
  await turn();
  for (let count = 0; count < 2; count++) writer.writeData(1, CONTENT, 0, CONTENT.length);
  writer.writeHead(3, Buffer.alloc(140_000, 'h'), false);
  assert.equal(writer.isCongested, true);
  assert.equal(writer.isOverfull, false);
  for (let count = 0; count < 40_000; count++) writer.writePing(Buffer.from('12345678'), true);
  assert.equal(writer.isOverfull, true);
  connection.isBlocking = false;
  connection.take();
  await turn();
  assert.equal(connection.frames.length, 1 + 2 + 9 + 40_000);
});

test('a buffer is written into again only when the system is through with it', async () => {
  // Two connections share the buffers; what waits on one must not change when the other goes on.
  const [one, two] = [makeWriter(true), makeWriter(true)];
  for (let round = 0; round < 30; round++) {
    for (const { writer } of [one, two]) {
      const bytes = Buffer.alloc(FRAME_BYTES, round);
      while (!writer.isCongested) writer.writeData(1, bytes, 0, bytes.length);
    }
    await turn();
    // The fake connection checks that what it is handed does not change until it is taken.
    (round % 3 === 0 ? two : one).connection.take();
  }
  for (const { connection } of [one, two]) {
    while (connection.bytesWaiting > 0) connection.take();
    const rounds = connection.frames.map(({ payload }) => payload[0] ?? -1);
    assert.deepEqual(
      rounds,
      [...rounds].sort((a, b) => a - b),
    );
    assert.ok(connection.frames.every(({ payload }) => payload.every((octet) => octet === payload[0])));
  }
});

test('behind close nothing is written', async () => {
  const { connection, writer } = makeWriter();
  writer.writePing(Buffer.from('12345678'), false);
  writer.close();
  writer.writeData(1, CONTENT, 0, 10);
  writer.writeEnd(1);
  writer.writeHead(3, CONTENT, true);
  writer.flush();
  writer.drained();
  await turn();
  assert.equal(connection.writes, 0);
});
