// The client role of HTTP/2 when somebody does not take what comes: order of streams, windows, endpoints that do not read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyError } from '../../src/exchange/errors.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import type { Owner } from '../kit/at-end.ts';
import { drain, type EndpointWishes, fillUp, HandBody, HandSink } from '../kit/endpoints.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { CODE, FLAG, FRAME, type FramePeer, frame, headers, number32, settings } from '../kit/h2-frames.ts';
import {
  answerNext,
  content,
  goaway,
  LIMIT,
  MAX_STREAMS,
  OK,
  requestCount,
  resetCode,
  start,
  turns,
  untilRequests,
  untilSeen,
} from './_outbound.ts';

const ENABLE_PUSH = 2;
const INITIAL_WINDOW = 4;
const ENABLE_CONNECT_PROTOCOL = 8;
const LARGEST_WINDOW = 2 ** 31 - 1;
const STREAM_WINDOW = 256 * 1024;
const PIECE = Buffer.alloc(16_384, 'x');

/** A session whose endpoint does not read, full of an upload on stream 1: whatever is sent next waits. */
async function startStuck(owner: Owner, wishes?: EndpointWishes) {
  const credit = frame(FRAME.window, 0, 0, number32(LARGEST_WINDOW - 65_535));
  const started = await start(owner, [settings([INITIAL_WINDOW, LARGEST_WINDOW]), credit], wishes);
  const body = new HandBody();
  const upload = started.send({ method: 'POST', body });
  const peer = await started.server.peer();
  await peer.frame(FRAME.headers, 1);
  await untilSeen(peer);
  peer.socket.pause();
  await fillUp(body);
  return { ...started, body, upload, peer };
}

function opened(peer: FramePeer): readonly number[] {
  return peer.frames.filter(({ type }) => type === FRAME.headers).map(({ stream }) => stream);
}

test(
  'heads that wait have no stream yet: what is given up leaves no trace, the others come in order',
  LIMIT,
  async (t) => {
    const { send, body, upload, peer } = await startStuck(t);
    const replies = [send(), send({ method: 'POST', body: 'hello' }), send()];
    const failure = assert.rejects(replies[1]?.reply ?? upload.reply, { code: 'client_gone' });
    replies[1]?.exchange.abort(new ProxyError('client_gone'));
    await failure;
    peer.socket.resume();
    await untilRequests(peer, 3);
    body.end();
    for (const stream of [3, 5]) await answerNext(peer, stream);
    for (const one of [replies[0], replies[2]]) assert.equal((await one?.reply)?.head.status, 200);
    await untilSeen(peer);
    assert.deepEqual(opened(peer), [1, 3, 5]);
    assert.deepEqual(
      peer.frames.filter(({ type }) => type === FRAME.reset),
      [],
    );
    await peer.send(headers(1, OK));
    assert.equal((await upload.reply).head.status, 200);
  },
);

test('GOAWAY: heads that wait go to another session, whatever their method', LIMIT, async (t) => {
  const { send, server, body, upload, peer } = await startStuck(t);
  const replies = [send({ method: 'POST' }), send({ method: 'POST' })];
  await turns();
  await peer.send(goaway(LARGEST_WINDOW));
  const next = await server.peer(1);
  for (const stream of [1, 3]) await answerNext(next, stream);
  for (const { reply } of replies) assert.equal((await reply).head.status, 200);
  peer.socket.resume();
  body.end();
  await peer.until('the end of the upload', () => peer.frames.some(({ flags, stream }) => stream === 1 && flags === 1));
  assert.deepEqual(opened(peer), [1]);
  await peer.send(headers(1, OK));
  assert.equal((await upload.reply).head.status, 200);
});

test('an endpoint that takes nothing: who waits for it is told in time, and it is asked no more', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { send, server, upload } = await startStuck(t, { clock, deadlines: new Deadlines(clock) });
  const failures = [upload, send()].map(({ reply }) => assert.rejects(reply, { code: 'upstream_write_timeout' }));
  await turns();
  await clock.advanceWithTurns(61_000);
  await Promise.all(failures);
  const { reply } = send();
  await answerNext(await server.peer(1), 1);
  assert.equal((await reply).head.status, 200);
});

test('uploads that wait behind each other are not given up while the endpoint takes something', LIMIT, async (t) => {
  const clock = new FakeClock();
  const wide = settings([INITIAL_WINDOW, LARGEST_WINDOW]);
  const { send, server } = await start(t, [wide], { clock, deadlines: new Deadlines(clock) });
  const failed: string[] = [];
  const outcomes = Array.from({ length: 4 }, () =>
    send({ method: 'POST', body: 'x'.repeat(100_000) }).reply.catch(({ code }: ProxyError) => failed.push(code)),
  );
  const peer = await server.peer();
  const taken = () => [1, 3, 5, 7].reduce((sum, stream) => sum + peer.contentBytes(stream), 0);
  await peer.until('a full window', () => taken() === 65_535);
  await untilRequests(peer, 4);
  // An octet every twenty seconds: it is the turn of each upload every eighty.
  for (let round = 1; round <= 8; round++) {
    await peer.send(frame(FRAME.window, 0, 0, number32(1)));
    await peer.until('an octet', () => taken() === 65_535 + round);
    await clock.advanceWithTurns(20_000);
  }
  assert.deepEqual(failed, []);
  await clock.advanceWithTurns(61_000);
  await clock.advanceWithTurns(61_000);
  await Promise.all(outcomes);
  assert.deepEqual([...new Set(failed)], ['upstream_write_timeout']);
});

test('an endpoint that claims that it may push', LIMIT, async (t) => {
  const { send, server } = await start(t, [settings([ENABLE_PUSH, 1])]);
  send().reply.catch(() => {});
  const peer = await server.peer();
  assert.equal((await peer.frame(FRAME.goaway)).payload.readUInt32BE(4), CODE.protocol);
});

test('answers that nobody takes fill their own windows, and do not stop another one', LIMIT, async (t) => {
  const { send, server } = await start(t);
  const stalled = Array.from({ length: 40 }, () => send().reply);
  const peer = await server.peer();
  await untilRequests(peer, 40);
  const sinks: HandSink[] = [];
  for (const [index, reply] of stalled.entries()) {
    const stream = 2 * index + 1;
    await peer.send(headers(stream, OK, 0), ...Array.from({ length: 16 }, () => content(stream, PIECE)));
    const sink = new HandSink(true);
    (await reply).body.sendTo(sink);
    sinks.push(sink);
  }
  const { reply } = send();
  await peer.frame(FRAME.headers, 81);
  await peer.send(headers(81, OK, 0), content(81, PIECE), content(81, PIECE, FLAG.endStream));
  assert.equal((await drain(await reply)).bytes, 2 * PIECE.length);
  await peer.send(content(1, 'one more'));
  assert.equal(await resetCode(peer, 1), CODE.flowControl);
  await sinks[0]?.until('the failure', () => sinks[0]?.error !== undefined);
  assert.equal(sinks[0]?.error?.code, 'response_truncated');
  sinks[1]?.go();
  await sinks[1]?.until('all of it', () => sinks[1]?.bytes === STREAM_WINDOW);
  await peer.frame(FRAME.window, 3);
});

test('a place is free when the answer is whole, taken or not', LIMIT, async (t) => {
  const { send, server } = await start(t, [settings([MAX_STREAMS, 1])], { connections: 1 });
  const first = send().reply;
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  await peer.send(headers(1, OK, 0), content(1, PIECE), content(1, PIECE, FLAG.endStream));
  const sink = new HandSink(true);
  (await first).body.sendTo(sink);
  const second = send().reply;
  await answerNext(peer, 3);
  assert.equal((await second).head.status, 200);
  peer.socket.destroy();
  await turns();
  sink.go();
  await sink.until('the end', () => sink.isEnded || sink.error !== undefined);
  assert.deepEqual([sink.bytes, sink.isEnded], [2 * PIECE.length, true]);
});

test('what came whole through a tunnel is still taken when both sides have ended it', LIMIT, async (t) => {
  const { send, server } = await start(t, [settings([ENABLE_CONNECT_PROTOCOL, 1])]);
  const first = send();
  const peer = await server.peer();
  await answerNext(peer, 1);
  await first.reply;
  const { reply } = send({ headers: { Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
  await peer.frame(FRAME.headers, 3);
  await peer.send(headers(3, OK, 0), content(3, PIECE), content(3, PIECE, FLAG.endStream));
  const { body, tunnel } = await reply;
  const sink = new HandSink(true);
  body.sendTo(sink);
  await sink.until('the beginning', () => sink.bytes > 0);
  tunnel?.write(Buffer.from('last words'));
  tunnel?.end();
  await peer.until('the end', () =>
    peer.frames.some(({ stream, flags, type }) => stream === 3 && type === 0 && flags === 1),
  );
  assert.equal(peer.content(3).toString(), 'last words');
  await untilSeen(peer);
  sink.go();
  await sink.until('the end', () => sink.isEnded || sink.error !== undefined);
  assert.deepEqual([sink.bytes, sink.isEnded], [2 * PIECE.length, true]);
});

test('what comes for streams that were given up long ago is dropped', LIMIT, async (t) => {
  const { send, server } = await start(t);
  const peerReady = server.peer();
  for (let round = 0; round < 300; round++) {
    const { exchange, reply } = send();
    const failure = assert.rejects(reply, { code: 'client_gone' });
    const peer = await peerReady;
    await peer.frame(FRAME.headers, 2 * round + 1);
    exchange.abort(new ProxyError('client_gone'));
    await failure;
    await peer.frame(FRAME.reset, 2 * round + 1);
  }
  const peer = await peerReady;
  await peer.send(headers(1, OK, 0), content(1, PIECE), content(3, PIECE, FLAG.endStream), headers(599, OK));
  const { reply } = send();
  await answerNext(peer, 601);
  assert.equal((await reply).head.status, 200);
  assert.equal(requestCount(peer), 301);
});

test('a request body waits for the window of its stream, and others go on', LIMIT, async (t) => {
  const { send, server } = await start(t, [settings([INITIAL_WINDOW, 10])]);
  const first = send();
  const peer = await server.peer();
  await answerNext(peer, 1);
  await first.reply;
  const upload = send({ method: 'POST', body: 'x'.repeat(25) });
  const other = send();
  await answerNext(peer, 5);
  assert.equal((await other.reply).head.status, 200);
  assert.equal(peer.contentBytes(3), 10);
  // RFC 9113 §6.9.2: the window is negative now, and opens by what is more than that.
  await peer.send(settings([INITIAL_WINDOW, 5]), frame(FRAME.window, 0, 3, number32(5)));
  await untilSeen(peer);
  assert.equal(peer.contentBytes(3), 10);
  await peer.send(frame(FRAME.window, 0, 3, number32(15)));
  await peer.until('the end', () =>
    peer.frames.some(({ stream, flags, type }) => stream === 3 && type === 0 && flags === 1),
  );
  assert.equal(peer.contentBytes(3), 25);
  await peer.send(headers(3, OK));
  assert.equal((await upload.reply).head.status, 200);
});
