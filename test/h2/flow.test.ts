// Flow control as back-pressure: what a slow client or a slow upstream costs, and that the streams beside it do not notice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../kit/fake-clock.ts';
import {
  connectFrames,
  FLAG,
  FRAME,
  frame,
  getFields,
  headers,
  number32,
  requestFields,
  settings,
} from '../kit/h2-frames.ts';
import { createMemoryProbe, liveBytes } from '../kit/memory-probe.ts';
import { startPortico } from '../kit/portico.ts';
import { answering, okResponse, startUpstream, type UpstreamConnection } from '../kit/scripted-upstream.ts';
import { serve } from './_serve.ts';

const LIMIT = { timeout: 120_000 };
const MEGABYTE = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');
/** What the system holds on loopback between an upstream and us that does not read. */
const SYSTEM_BYTES = 8 * MEGABYTE;
const wideConnection = frame(FRAME.window, 0, 0, number32(2 ** 30));

/** Sends an endless answer and counts what was taken. */
async function sendWithoutEnd(connection: UpstreamConnection, count: (size: number) => void, end = 64 * MEGABYTE) {
  await connection.requestHead();
  await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${end}\r\n\r\n`);
  for (let sent = 0; sent < end; sent += PIECE.length) {
    await connection.send(PIECE);
    count(PIECE.length);
  }
}

test('a stream that its client does not take holds little and pauses its upstream; others go on', LIMIT, async (t) => {
  let sent = 0;
  const upstream = await startUpstream(t, async (connection) => {
    if (connection.index === 0)
      await sendWithoutEnd(connection, (size) => {
        sent += size;
      });
    else await answering(() => okResponse('y'.repeat(60_000)))(connection);
  });
  const { port } = await serve(t, upstream.origin);
  const client = await connectFrames(t, port);
  await client.send(wideConnection, headers(1, getFields()));
  await client.until('a full window', () => client.contentBytes(1) === 65_535);
  for (let stream = 3; stream < 43; stream += 2) {
    await client.send(headers(stream, getFields()));
    await client.until('a whole answer', () => client.contentBytes(stream) === 60_000);
  }
  assert.ok(sent < SYSTEM_BYTES, `${sent} bytes left the upstream`);
  assert.equal(client.contentBytes(1), 65_535);
  await client.send(frame(FRAME.window, 0, 1, number32(MEGABYTE)));
  await client.until('more, when it is taken', () => client.contentBytes(1) === 65_535 + MEGABYTE);
});

test('an upload that its upstream does not read ends at the window; others go on', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    const head = await connection.requestHead();
    if (head?.target !== '/stuck') {
      if (head === undefined) return;
      const { body } = await connection.requestRest(head);
      await connection.send(okResponse(String(body.length)));
      return;
    }
    connection.pause();
    await connection.hang();
  });
  const { port } = await serve(t, upstream.origin);
  const client = await connectFrames(t, port);
  const windows = () => client.frames.filter(({ type, stream }) => type === FRAME.window && stream === 1);
  const credit = () => windows().reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 128 * 1024);
  await client.send(headers(1, requestFields('POST', '/stuck'), 0), frame(FRAME.data, 0, 1, 'first'));
  const stuck = await upstream.connection(1);
  await stuck.until('the head', () => stuck.received.includes('/stuck'));
  let sent = 5;
  // As much as is allowed, again and again, until nothing is given any more for three round trips.
  for (let quiet = 0; quiet < 3; ) {
    const chunk = Math.min(credit() - sent, 16_000);
    if (chunk > 0) {
      await client.send(frame(FRAME.data, 0, 1, Buffer.alloc(chunk)));
      sent += chunk;
      quiet = 0;
      assert.ok(sent < 4 * SYSTEM_BYTES, `${sent} bytes were taken`);
      continue;
    }
    const acks = () => client.frames.filter(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack).length;
    const before = acks();
    await client.send(frame(FRAME.ping, 0, 0, 'are-you?'));
    await client.until('an answer', () => acks() > before);
    quiet++;
  }
  assert.ok(sent >= 128 * 1024, `only ${sent} bytes were taken`);
  await client.send(
    headers(3, requestFields('POST', '/free'), 0),
    ...Array.from({ length: 6 }, () => frame(FRAME.data, 0, 3, Buffer.alloc(16_000))),
    frame(FRAME.data, FLAG.endStream, 3),
  );
  assert.equal(await client.outcome(3), '200');
  await client.until('the content', () => client.content(3).toString() === '96000');
});

test('a hundred streams with a window of zero hold bounded memory', LIMIT, async (t) => {
  const upstream = await startUpstream(t, (connection) => sendWithoutEnd(connection, () => {}, 8 * MEGABYTE));
  const config = { listen: '127.0.0.1:0', log: { level: 'error' }, sites: { '*': upstream.origin } };
  const probe = createMemoryProbe(t);
  const portico = await startPortico(t, { config, ...probe.options });
  const client = await connectFrames(t, portico.port, [settings([4, 0])]);
  await client.frame(FRAME.settings);
  const before = await probe.liveBytes();
  const streams = Array.from({ length: 100 }, (_, index) => 1 + 2 * index);
  await client.send(...streams.map((stream) => headers(stream, getFields())));
  for (const stream of streams) assert.equal(await client.outcome(stream), '200');
  const grown = (await probe.liveBytes()) - before;
  t.diagnostic(`${Math.round(grown / MEGABYTE)} MB for a hundred streams of 8 MB`);
  assert.ok(grown < 60 * MEGABYTE, `${grown} bytes for a hundred streams`);
  assert.ok(streams.every((stream) => client.contentBytes(stream) === 0));
  // All are still there, and go on when they may.
  await client.send(wideConnection, frame(FRAME.window, 0, 199, number32(MEGABYTE)));
  await client.until('a megabyte of the last', () => client.contentBytes(199) === MEGABYTE);
});

test('a window of one octet at a time is served, and holds up nobody', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('z'.repeat(2_000))),
  );
  const { port } = await serve(t, upstream.origin);
  const client = await connectFrames(t, port, [settings([4, 1])]);
  await client.send(headers(1, getFields()));
  for (let size = 1; size < 300; size++) {
    await client.until(`octet ${size}`, () => client.contentBytes(1) === size);
    await client.send(frame(FRAME.window, 0, 1, number32(1)));
  }
  await client.send(headers(3, getFields()), frame(FRAME.window, 0, 3, number32(MEGABYTE)));
  await client.until('the other answer', () => client.contentBytes(3) === 2_000);
});

/** Frames without effect: they cost what reading costs, and no memory. */
const IDLE_FLOODS: readonly (readonly [name: string, make: (index: number) => Buffer])[] = [
  [
    'PRIORITY (CVE-2019-9513)',
    (i) => frame(FRAME.priority, 0, 1 + 2 * (i % 50), `\0\0\0${String.fromCharCode(51 + 2 * (i % 9))}\x0f`),
  ],
  ['WINDOW_UPDATE', () => frame(FRAME.window, 0, 0, number32(1))],
  ['unknown frames', (i) => frame(0xbb, 0, i % 7, 'grease')],
];
for (const [name, make] of IDLE_FLOODS) {
  test(`a flood of ${name} takes no memory and keeps nobody from being served`, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => okResponse('ok')),
    );
    const { port } = await serve(t, upstream.origin);
    const client = await connectFrames(t, port);
    const other = await connectFrames(t, port);
    const before = await liveBytes();
    for (let round = 0; round < 50 && !client.isClosed; round++)
      await client.send(...Array.from({ length: 1_000 }, (_, index) => make(index)));
    await other.send(headers(1, getFields()));
    assert.equal(await other.outcome(1), '200');
    const grown = (await liveBytes()) - before;
    t.diagnostic(`${grown} bytes`);
    assert.ok(grown < 64 * MEGABYTE, `grew by ${grown} bytes`);
  });
}

test('the end of a request is waited for before its last bytes go on', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(({ body }) => okResponse(String(body.length))),
  );
  const clock = new FakeClock();
  const { port } = await serve(t, upstream.origin, { timeouts: { body: '5s' } }, { clock });
  const client = await connectFrames(t, port);
  const post = (stream: number, length: number) =>
    headers(stream, requestFields('POST', '/', [['content-length', String(length)]]), 0);
  await client.send(post(1, 0), post(3, 3), frame(FRAME.data, 0, 3, 'abc'), post(5, 0), post(7, 3));
  await client.send(frame(FRAME.data, 0, 7, 'abc'), headers(9, getFields()));
  assert.equal(await client.outcome(9), '200');
  assert.deepEqual(
    upstream.requests.map(({ method }) => method),
    ['GET'],
  );
  await client.send(frame(FRAME.data, FLAG.endStream, 1), frame(FRAME.data, FLAG.endStream, 3));
  await client.until(
    'both answers',
    () => client.content(1).toString() === '0' && client.content(3).toString() === '3',
  );
  clock.advance(6_000);
  assert.equal(await client.outcome(5), '408');
  assert.equal(await client.outcome(7), '408');
  assert.equal(upstream.requests.length, 3);
});
