// The client role of HTTP/2 frame by frame: stream limits, GOAWAY, refusals, broken answers, floods, silence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/util/deadlines.ts';
import { createUpstream, drain, HandBody, HandSink, send } from '../kit/endpoints.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { CODE, type Fields, FLAG, FRAME, frame, headers, number32, settings, startFrames } from '../kit/h2-frames.ts';
import {
  answerNext,
  content,
  goaway,
  goawayCode,
  LAST_STREAM_ID,
  LIMIT,
  largeHead,
  MAX_STREAMS,
  OK,
  requestCount,
  reset,
  resetCode,
  start,
  turns,
  untilRequests,
  untilSeen,
} from './_outbound.ts';

test('what we announce: no push, the window of a stream, the size of heads', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const { reply } = send();
  const peer = await server.peer();
  const { payload } = await peer.frame(FRAME.settings);
  const announced = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6) announced.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  assert.deepEqual([announced.get(2), announced.get(4), announced.get(6)], [0, 256 * 1024, 256 * 1024]);
  await answerNext(peer, 1);
  assert.equal((await reply).head.status, 200);
});

test('before SETTINGS one request goes out; then as many as they allow, and as new ones allow', LIMIT, async (t) => {
  const { server, send } = await start(t, [], { connections: 1 });
  const replies = Array.from({ length: 6 }, () => send().reply);
  const peer = await server.peer();
  await untilRequests(peer, 1);
  await turns();
  assert.equal(requestCount(peer), 1);
  await peer.send(settings([MAX_STREAMS, 2]));
  await untilRequests(peer, 2);
  await turns();
  assert.equal(requestCount(peer), 2);
  await peer.send(headers(1, OK));
  await untilRequests(peer, 3);
  await peer.send(settings([MAX_STREAMS, 3]));
  await untilRequests(peer, 4);
  await peer.send(settings([MAX_STREAMS, 1]));
  await peer.send(headers(3, OK), headers(5, OK));
  await turns();
  assert.equal(requestCount(peer), 4);
  for (const stream of [7, 9, 11]) await answerNext(peer, stream);
  for (const reply of replies) assert.equal((await reply).head.status, 200);
  assert.equal(server.peers.length, 1);
});

test('a full session is joined by another one', LIMIT, async (t) => {
  const { server, send, endpoint } = await start(t, [settings([MAX_STREAMS, 2])]);
  const replies = Array.from({ length: 4 }, () => send().reply);
  const [first, second] = [await server.peer(0), await server.peer(1)];
  await untilRequests(first, 2);
  await untilRequests(second, 2);
  assert.equal(endpoint.pool.size.open, 2);
  for (const peer of [first, second]) for (const stream of [1, 3]) await answerNext(peer, stream);
  for (const reply of replies) assert.equal((await reply).head.status, 200);
  assert.equal(server.peers.length, 2);
});

test('a server that allows no streams is not asked for more and more connections', LIMIT, async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const { server, send } = await start(t, [settings([MAX_STREAMS, 0])], { clock, deadlines });
  const first = send().reply;
  const failures = [1, 2].map(() => assert.rejects(send().reply, { code: 'connection_limit_reached' }));
  await answerNext(await server.peer(), 1);
  await first;
  await clock.advanceWithTurns(11_000);
  await Promise.all(failures);
  assert.equal(server.peers.length, 1);
});

test('GOAWAY: what was not begun goes to a new session, what was is answered', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const replies = Array.from({ length: 3 }, () => send().reply);
  const peer = await server.peer();
  await untilRequests(peer, 3);
  await peer.send(goaway(1));
  const next = await server.peer(1);
  await untilRequests(next, 2);
  await peer.send(headers(1, OK));
  for (const stream of [1, 3]) await answerNext(next, stream);
  for (const reply of replies) assert.equal((await reply).head.status, 200);
  await peer.until('the end', () => peer.isClosed);
});

test('GOAWAY with an error: what was not begun goes to a new session all the same', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const lost = assert.rejects(send({ method: 'POST' }).reply, { code: 'upstream_closed' });
  const peer = await server.peer();
  await untilRequests(peer, 1);
  const ignored = send({ method: 'POST' }).reply;
  await untilRequests(peer, 2);
  await peer.send(goaway(1, CODE.internal));
  await answerNext(await server.peer(1), 1);
  await lost;
  assert.equal((await ignored).head.status, 200);
});

test('the first notice of a graceful end: no more requests, none is lost', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const first = send().reply;
  const peer = await server.peer();
  await untilRequests(peer, 1);
  await peer.send(goaway(LAST_STREAM_ID));
  await untilSeen(peer);
  const second = send().reply;
  await answerNext(await server.peer(1), 1);
  await peer.send(headers(1, OK), goaway(1));
  assert.deepEqual([(await first).head.status, (await second).head.status], [200, 200]);
  assert.equal(requestCount(peer), 1);
});

test('a refused request is sent again, with its body while that is short', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const again = send({ method: 'POST', body: 'hello' });
  const peer = await server.peer();
  for (const [stream, code] of [
    [1, CODE.refused],
    [3, CODE.none],
  ] as const) {
    await peer.until('the body', () => peer.content(stream).toString() === 'hello');
    await peer.until('its end', () =>
      peer.frames.some((one) => one.stream === stream && (one.flags & FLAG.endStream) > 0),
    );
    await peer.send(code === CODE.refused ? reset(stream, code) : headers(stream, OK));
  }
  assert.equal((await again.reply).head.status, 200);
  assert.equal(again.exchange.upstream?.attempts, 2);
  const once = send({ method: 'POST', body: Buffer.alloc(65_537) }).reply;
  await peer.until('too much to be kept', () => peer.contentBytes(5) > 60_000);
  await peer.send(reset(5, CODE.refused));
  await assert.rejects(once, { code: 'stream_refused' });
});

test('a body that is refused half-way goes on where it was', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const body = new HandBody();
  const { reply } = send({ method: 'POST', body });
  const peer = await server.peer();
  await body.until('the body to be wanted', () => body.isWanted);
  body.write('one ');
  await peer.until('the first part', () => peer.content(1).toString() === 'one ');
  await peer.send(goaway(0));
  const next = await server.peer(1);
  await next.until('the first part again', () => next.content(1).toString() === 'one ');
  body.write('two');
  body.end();
  await next.until('the second part', () => next.content(1).toString() === 'one two');
  await next.send(headers(1, OK));
  assert.equal((await reply).head.status, 200);
  assert.equal(body.cancelled, undefined);
});

test('a server that refuses everything is asked four times', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const { reply } = send();
  const failure = assert.rejects(reply, { code: 'stream_refused' });
  const peer = await server.peer();
  for (const stream of [1, 3, 5, 7]) {
    await peer.frame(FRAME.headers, stream);
    await peer.send(reset(stream, CODE.refused));
  }
  await failure;
  await turns();
  assert.equal(requestCount(peer), 4);
});

test('a reset for any other reason is final', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const peerReady = server.peer();
  let stream = 1;
  for (const code of [CODE.none, CODE.protocol, CODE.internal, CODE.cancel, CODE.calm]) {
    const failure = assert.rejects(send().reply, { code: 'stream_reset' });
    const peer = await peerReady;
    await peer.frame(FRAME.headers, stream);
    await peer.send(reset(stream, code));
    await failure;
    stream += 2;
  }
  const { reply } = send();
  await answerNext(await peerReady, stream);
  assert.equal((await reply).head.status, 200);
});

test(
  'a lost connection: a GET goes again on a new one if the session was a kept one, a POST does not',
  LIMIT,
  async (t) => {
    const { server, send } = await start(t);
    const first = send().reply;
    await answerNext(await server.peer(), 1);
    await first;
    const [get, post] = [send().reply, assert.rejects(send({ method: 'POST' }).reply, { code: 'upstream_closed' })];
    const peer = await server.peer();
    await untilRequests(peer, 3);
    peer.socket.destroy();
    await answerNext(await server.peer(1), 1);
    await post;
    assert.equal((await get).head.status, 200);
  },
);

for (const [name, bytes, code] of [
  ['reset with NO_ERROR', reset(1, CODE.none), 'response_truncated'],
  ['reset with CANCEL', reset(1, CODE.cancel), 'response_truncated'],
  ['GOAWAY with an error', goaway(1, CODE.internal), 'response_truncated'],
  ['more than announced', content(1, 'x'.repeat(20), FLAG.endStream), 'response_malformed'],
  ['less than announced', content(1, '', FLAG.endStream), 'response_malformed'],
  ['trailers with a pseudo-header', headers(1, [[':status', '200']], FLAG.endStream), 'response_malformed'],
  ['trailers that do not end', headers(1, [['x-a', 'b']], 0), 'response_malformed'],
  ['too many trailers', headers(1, Array(500).fill(['x-a', 'b']), FLAG.endStream), 'response_head_too_large'],
] as const) {
  test(`an answer that breaks off is not whole: ${name}`, LIMIT, async (t) => {
    const { server, send } = await start(t);
    const { reply } = send();
    const peer = await server.peer();
    await peer.frame(FRAME.headers, 1);
    const announced: Fields = name.includes('announced') ? [...OK, ['content-length', '10']] : OK;
    await peer.send(headers(1, announced, 0), content(1, 'begin'));
    const sink = new HandSink();
    (await reply).body.sendTo(sink);
    await sink.until('the beginning', () => sink.bytes > 0);
    await peer.send(bytes);
    await sink.until('the failure', () => sink.error !== undefined || sink.isEnded);
    assert.equal(sink.error?.code, code);
  });
}

test('a whole answer and a reset with NO_ERROR behind it: the rest of the request is not wanted', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const { reply } = send({ method: 'POST', body: Buffer.alloc(1_000_000) });
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  await peer.send(headers(1, [[':status', '413']], 0), content(1, 'too much', FLAG.endStream), reset(1, CODE.none));
  const answer = await reply;
  assert.equal(answer.head.status, 413);
  assert.equal((await drain(answer)).text, 'too much');
});

test(
  'a whole answer before the request is: the rest is not sent, and NO_ERROR says that nothing is wrong',
  LIMIT,
  async (t) => {
    const { server, send } = await start(t);
    const body = new HandBody();
    const { reply } = send({ method: 'POST', body });
    const peer = await server.peer();
    await body.until('the body to be wanted', () => body.isWanted);
    body.write('begin');
    await peer.frame(FRAME.data, 1);
    await peer.send(headers(1, [[':status', '413']], 0), content(1, 'too much', FLAG.endStream));
    assert.equal((await drain(await reply)).text, 'too much');
    assert.equal(await resetCode(peer, 1), CODE.none);
    await body.until('the body to be given up', () => body.cancelled !== undefined);
  },
);

test('an endpoint may break off as many requests as it likes', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const peerReady = server.peer();
  for (let round = 0; round < 20; round++) {
    const failure = assert.rejects(send({ method: 'POST', body: new HandBody() }).reply, { code: 'stream_reset' });
    const peer = await peerReady;
    await peer.frame(FRAME.headers, 2 * round + 1);
    await peer.send(reset(2 * round + 1, CODE.cancel));
    await failure;
  }
  const { reply } = send();
  await answerNext(await peerReady, 41);
  assert.equal((await reply).head.status, 200);
});

test('the end of the connection behind a whole answer that is still being read', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const { reply } = send();
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  const bytes = Buffer.alloc(10_000, 'x');
  await peer.send(
    headers(1, OK, 0),
    ...Array.from({ length: 20 }, () => content(1, bytes)),
    content(1, '', FLAG.endStream),
  );
  peer.socket.end(goaway(1));
  const sink = new HandSink(true);
  (await reply).body.sendTo(sink);
  await sink.until('the beginning', () => sink.bytes > 0);
  await turns();
  sink.go();
  await sink.until('the end', () => sink.isEnded || sink.error !== undefined);
  assert.equal(sink.bytes, 200_000);
  assert.equal(sink.isEnded, true);
  await peer.until('the end', () => peer.isClosed);
});

const BAD_HEADS: readonly (readonly [name: string, fields: Fields])[] = [
  ['no :status', [['x-a', 'b']]],
  ['two of :status', [...OK, ...OK]],
  [':status with two digits', [[':status', '20']]],
  [':status with letters', [[':status', '2OO']]],
  [':status 101', [[':status', '101']]],
  ['a pseudo-header of requests', [...OK, [':path', '/']]],
  ['a pseudo-header behind headers', [['x-a', 'b'], ...OK]],
  ['an upper-case name', [...OK, ['X-A', 'b']]],
  ['Connection', [...OK, ['connection', 'close']]],
  ['Transfer-Encoding', [...OK, ['transfer-encoding', 'chunked']]],
  ['two of Content-Length', [...OK, ['content-length', '0'], ['content-length', '1']]],
  ['a Content-Length that is none', [...OK, ['content-length', '+5']]],
  ['a name that is no token', [...OK, ['x a', 'b']]],
  ['a value with CR and LF', [...OK, ['x-line', 'b\r\nx-b: c']]],
  ['a value with NUL', [...OK, ['x-nul', 'b\0']]],
];
for (const [name, fields] of BAD_HEADS) {
  test(`a head that is refused: ${name}`, LIMIT, async (t) => {
    const { server, send } = await start(t);
    const failure = assert.rejects(send().reply, { code: 'response_malformed' });
    const peer = await server.peer();
    await peer.frame(FRAME.headers, 1);
    await peer.send(headers(1, fields, 0), content(1, 'x', FLAG.endStream));
    await failure;
    assert.equal(await resetCode(peer, 1), CODE.protocol);
  });
}

for (const [name, bytes] of [
  ['content before the head', content(1, 'x')],
  ['an end before the head', content(1, '', FLAG.endStream)],
  ['an informational head that ends the stream', headers(1, [[':status', '103']])],
] as const) {
  test(`what is no answer: ${name}`, LIMIT, async (t) => {
    const { server, send } = await start(t);
    const failure = assert.rejects(send().reply, { code: 'response_malformed' });
    const peer = await server.peer();
    await peer.frame(FRAME.headers, 1);
    await peer.send(bytes);
    await failure;
    assert.equal(await resetCode(peer, 1), CODE.protocol);
  });
}

test('a head that is too large fails for what it is, and the session goes on', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const failure = assert.rejects(send().reply, { code: 'response_head_too_large' });
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  await peer.send(largeHead(1, [...OK, ['x-a', 'b'.repeat(200_000)]]));
  await failure;
  assert.equal(await resetCode(peer, 1), CODE.protocol);
  const { reply } = send();
  await answerNext(peer, 3);
  assert.equal((await reply).head.status, 200);
});

test('a head of more than twice that ends the session', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const failure = assert.rejects(send().reply, { code: 'upstream_closed' });
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  await peer.send(largeHead(1, [...OK, ['x-a', 'b'.repeat(300_000)]]));
  await failure;
  assert.equal(await goawayCode(peer), CODE.calm);
});

for (const [method, fields] of [
  ['HEAD', [...OK, ['content-length', '10']]],
  [
    'GET',
    [
      [':status', '304'],
      ['content-length', '10'],
    ],
  ],
  ['GET', [...OK, ['content-length', '0']]],
] as const) {
  test(`content where none can be: ${method}, ${fields.join(' ')}`, LIMIT, async (t) => {
    const { server, send } = await start(t);
    const { reply } = send({ method });
    const peer = await server.peer();
    await peer.frame(FRAME.headers, 1);
    await peer.send(headers(1, fields, 0));
    assert.equal((await reply).body.isEmpty, true);
    await peer.send(content(1, 'x'));
    assert.equal(await resetCode(peer, 1), CODE.protocol);
  });
}

test('informational heads without end are cut off', LIMIT, async (t) => {
  const { server, send } = await start(t);
  let count = 0;
  const { reply } = send({ onInterim: () => count++ });
  const failure = assert.rejects(reply, { code: 'response_malformed' });
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  await peer.send(
    ...Array.from({ length: 100 }, () =>
      headers(
        1,
        [
          [':status', '103'],
          ['link', '<a>'],
        ],
        0,
      ),
    ),
  );
  await failure;
  assert.equal(count, 64);
});

for (const [name, bytes] of [
  ['SETTINGS', settings([1, 4096])],
  ['PING', frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
  ['content without content', content(1, '')],
] as const) {
  test(`a flood of ${name} ends the session`, LIMIT, async (t) => {
    const { server, send } = await start(t);
    const { reply } = send();
    const peer = await server.peer();
    await peer.frame(FRAME.headers, 1);
    await peer.send(headers(1, OK, 0));
    const failure = drain(await reply);
    for (let round = 0; round < 20 && !peer.isClosed; round++)
      await peer.send(...Array.from({ length: 200 }, () => bytes));
    assert.equal((await failure).error?.code, 'response_truncated');
    assert.equal(await goawayCode(peer), CODE.calm);
  });
}

test('a promise of a push is an error of the connection', LIMIT, async (t) => {
  const { server, send } = await start(t);
  const failure = assert.rejects(send().reply, { code: 'upstream_closed' });
  const peer = await server.peer();
  await peer.frame(FRAME.headers, 1);
  await peer.send(frame(FRAME.push, FLAG.endHeaders, 1, Buffer.concat([number32(2), Buffer.from([0x82])])));
  await failure;
  assert.equal(await goawayCode(peer), CODE.protocol);
});

test('what is no HTTP/2 at all', LIMIT, async (t) => {
  const { server, send } = await start(t, [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]);
  await assert.rejects(send().reply, { code: 'upstream_closed' });
  assert.equal(server.peers.length, 1);
});

test('no SETTINGS in time', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { server, send } = await start(t, [], { clock, deadlines: new Deadlines(clock) });
  const failure = assert.rejects(send().reply, { code: 'upstream_closed', detail: 'no SETTINGS' });
  const peer = await server.peer();
  await untilRequests(peer, 1);
  await clock.advanceWithTurns(11_000);
  await failure;
  assert.equal(await goawayCode(peer), CODE.settingsTimeout);
});

for (const isAlive of [true, false]) {
  test(
    `a request without an answer asks by PING whether anybody is there: ${isAlive ? 'yes' : 'no'}`,
    LIMIT,
    async (t) => {
      const clock = new FakeClock();
      const { server, send } = await start(t, undefined, { clock, deadlines: new Deadlines(clock) });
      const failure = assert.rejects(send().reply, { code: 'upstream_timeout' });
      const peer = await server.peer();
      peer.acknowledges = isAlive;
      await untilRequests(peer, 1);
      await clock.advanceWithTurns(61_000);
      await failure;
      const ping = await peer.frame(FRAME.ping);
      assert.equal(ping.flags, 0);
      if (isAlive) await turns();
      else await clock.advanceWithTurns(11_000);
      const next = send().reply;
      const [used, stream] = isAlive ? [peer, 3] : [await server.peer(1), 1];
      await answerNext(used, stream);
      assert.equal((await next).head.status, 200);
    },
  );
}

test('a handshake that is never answered fails for what it is, for all who wait', LIMIT, async (t) => {
  const clock = new FakeClock();
  const server = await startFrames(t, []);
  const pool = { tls: { rejectUnauthorized: false }, protocol: 'auto' } as const;
  const { upstream } = createUpstream(t, 'auto', server.port, { clock, deadlines: new Deadlines(clock), pool });
  const failures = [1, 2].map(() => assert.rejects(send(upstream).reply, { code: 'connection_timeout' }));
  await server.peer();
  await clock.advanceWithTurns(6_000);
  await Promise.all(failures);
  assert.equal(server.peers.length, 1);
});

test('an idle session ends', LIMIT, async (t) => {
  const clock = new FakeClock();
  const { server, send, endpoint } = await start(t, undefined, { clock, deadlines: new Deadlines(clock) });
  const { reply } = send();
  const peer = await server.peer();
  await answerNext(peer, 1);
  await reply;
  await clock.advanceWithTurns(61_000);
  const { payload } = await peer.frame(FRAME.goaway);
  assert.equal(payload.readUInt32BE(4), CODE.none);
  await peer.until('the end', () => peer.isClosed);
  peer.socket.end();
  await untilEmpty(endpoint);
});

async function untilEmpty(endpoint: { readonly pool: { readonly size: { readonly open: number } } }): Promise<void> {
  while (endpoint.pool.size.open > 0) await turns(1);
}
