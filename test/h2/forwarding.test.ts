// HTTP/2 clients in front of an HTTP/1.1 upstream: heads, bodies, trailers, 1xx, resets, WebSockets, drain, deadlines.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import { test } from 'node:test';
import { skipUnless } from '../kit/debian.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import {
  connectFrames,
  FRAME,
  type FramePeer,
  frame,
  getFields,
  headers,
  number32,
  requestFields,
  settings,
} from '../kit/h2-frames.ts';
import { startProcess } from '../kit/process.ts';
import { connectClient } from '../kit/raw-client.ts';
import { answering, startUpstream, type UpstreamConnection } from '../kit/scripted-upstream.ts';
import { ask, connectHttp2, readAnswer, serve } from './_serve.ts';

const LIMIT = { timeout: 120_000 };
const BIG = 10 * 1024 * 1024;

test('a request becomes a canonical HTTP/1.1 request, its answer comes back', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(
      () =>
        'HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nETag: "1"\r\nETag: "2"\r\nKeep-Alive: timeout=5\r\n\r\nok',
    ),
  );
  const { port } = await serve(t, upstream.origin);
  const answer = await ask(
    connectHttp2(t, port),
    {
      ':path': '/a?b',
      ':method': 'POST',
      ':authority': 'a.test',
      cookie: ['x=1', 'y=2'],
      'x-twice': ['1', '2'],
      te: 'trailers',
    },
    'hello',
  );
  assert.equal(answer.status, 201);
  assert.equal(answer.body.toString(), 'ok');
  assert.equal(answer.headers['x-a'], '1, 2');
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(answer.headers.etag, '"1"');
  assert.equal(answer.headers['keep-alive'], undefined);
  const request = await upstream.request(1);
  assert.equal(request.method, 'POST');
  assert.equal(request.target, '/a?b');
  assert.equal(request.body.toString(), 'hello');
  assert.deepEqual(request.headers.getAll('host'), ['a.test']);
  assert.deepEqual(request.headers.getAll('cookie'), ['x=1; y=2']);
  assert.deepEqual(request.headers.getAll('x-twice'), ['1', '2']);
  assert.match(request.headers.get('via') ?? '', /^2\.0 /);
});

const BODYLESS: readonly (readonly [name: string, method: string, head: string, status: number, length?: string])[] = [
  ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n', 200, '7'],
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
  ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n', 304, '7'],
  ['205', 'GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', 205, '0'],
  ['empty 200', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, '0'],
];
for (const [name, method, head, status, length] of BODYLESS) {
  test(`an answer without content: ${name}`, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => head),
    );
    const { port } = await serve(t, upstream.origin);
    const session = connectHttp2(t, port);
    for (let round = 0; round < 2; round++) {
      const answer = await ask(session, { ':method': method });
      assert.equal(answer.status, status);
      assert.equal(answer.headers['content-length'], length);
      assert.equal(answer.body.length, 0);
    }
  });
}

test('trailers travel both ways', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(
      () =>
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n',
    ),
  );
  const { port } = await serve(t, upstream.origin);
  const session = connectHttp2(t, port);
  const stream = session.request({ ':method': 'POST', te: 'trailers' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': '5' }));
  const answer = readAnswer(stream);
  stream.end('body');
  const { trailers, body } = await answer;
  assert.equal(body.toString(), 'ok');
  assert.equal(trailers?.['x-sum'], '7');
  assert.equal(trailers?.['content-length'], undefined);
  assert.equal((await upstream.request(1)).trailers?.get('x-check'), '5');
});

test('103 goes ahead of the answer; 100 when the body is wanted', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(
      () =>
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ),
  );
  const { port } = await serve(t, upstream.origin);
  const stream = connectHttp2(t, port).request({ ':method': 'POST', expect: '100-continue' });
  const answer = readAnswer(stream);
  await once(stream, 'continue');
  stream.end('body');
  const { interim, status } = await answer;
  assert.equal(status, 200);
  const hints = interim.find((head) => Number(head[':status']) === 103);
  assert.equal(hints?.['link'], '</a.css>; rel=preload');
});

test('10 MB up and down arrive byte for byte, several at a time', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(({ body }) =>
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
    ),
  );
  const { port } = await serve(t, upstream.origin);
  const session = connectHttp2(t, port);
  const bodies = [randomBytes(BIG), randomBytes(BIG), randomBytes(BIG)];
  const answers = await Promise.all(bodies.map((body) => ask(session, { ':method': 'POST' }, body)));
  assert.deepEqual(
    answers.map(({ body }) => digest(body)),
    bodies.map(digest),
  );
});

test('a client that does not read holds the upstream back, and gets the rest when it reads', LIMIT, async (t) => {
  let sent = 0;
  const piece = Buffer.alloc(64 * 1024, 'x');
  const upstream = await startUpstream(t, async (connection) => {
    await connection.requestHead();
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG * 3}\r\n\r\n`);
    for (; sent < BIG * 3; sent += piece.length) await connection.send(piece);
  });
  const { port } = await serve(t, upstream.origin);
  const client = await connectFrames(t, port);
  await client.send(headers(1, getFields()));
  await client.until('a full window', () => client.contentBytes(1) === 65_535);
  // Another stream is served meanwhile, but for its content: the connection's window is full too.
  await client.send(headers(3, requestFields('TRACE')));
  assert.equal(await client.outcome(3), '405');
  assert.ok(sent < BIG * 3, `${sent} bytes left the upstream`);
  const more = 2 ** 30;
  await client.send(frame(FRAME.window, 0, 0, number32(more)), frame(FRAME.window, 0, 1, number32(more)));
  await client.until('the whole answer', () => client.contentBytes(1) === BIG * 3);
});

test('an upload is held back by a window while the upstream does not read', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.requestHead();
    connection.pause();
    await connection.hang();
  });
  const { port } = await serve(t, upstream.origin);
  const session = connectHttp2(t, port);
  const stream = session.request({ ':method': 'POST' });
  stream.on('error', () => {});
  await once(session, 'remoteSettings');
  let written = 0;
  const chunk = Buffer.alloc(1024 * 1024);
  const pump = () => {
    while (written < 200 && stream.write(chunk)) written++;
    if (written < 200) stream.once('drain', pump);
  };
  pump();
  await upstream.connection(1);
  const state = () => session.state.remoteWindowSize ?? 0;
  for (let round = 0, last = -1; round < 20; round++) {
    await new Promise((resolve) => session.ping(resolve));
    if (last === written && state() >= 0) round++;
    last = written;
  }
  assert.ok(written < 60, `${written} MB were taken`);
});

test('a reset by the client reaches the upstream', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.requestHead();
    await connection.hang();
  });
  const { port } = await serve(t, upstream.origin);
  const stream = connectHttp2(t, port).request({ ':path': '/' });
  stream.on('error', () => {});
  const connection = await upstream.connection(1);
  await connection.until('the request', () => connection.received.includes('\r\n\r\n'));
  stream.close(8);
  await connection.until('the cut', () => connection.isEnded);
});

const BROKEN_ANSWERS: readonly (readonly [name: string, bytes: string])[] = [
  ['content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
  ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
];
for (const [name, bytes] of BROKEN_ANSWERS) {
  test(`an answer that breaks off is reset, not ended: ${name}`, LIMIT, async (t) => {
    const upstream = await startUpstream(t, async (connection) => {
      await connection.request();
      await connection.send(bytes);
    });
    const { port } = await serve(t, upstream.origin);
    const client = await connectFrames(t, port);
    await client.send(headers(1, getFields()));
    const reset = await client.frame(FRAME.reset, 1);
    assert.equal(reset.payload.readUInt32BE(0), 2);
    const ends = client.frames.filter(({ type, flags, stream }) => stream === 1 && type <= 1 && (flags & 1) !== 0);
    assert.deepEqual(ends, []);
  });
}

test('an answer before the end of the upload is whole, and the upload is cut off', LIMIT, async (t) => {
  const { port } = await serve(t, 'http://127.0.0.1:1', { limits: { body: '1MiB' } });
  const session = connectHttp2(t, port);
  const announced = await ask(session, { ':method': 'POST', 'content-length': String(2 ** 22) }).catch((e: Error) => e);
  assert.ok(
    !(announced instanceof Error) ? announced.status === 413 : /CANCEL|no whole|PROTOCOL/.test(announced.message),
  );
  const stream = session.request({ ':method': 'POST' });
  const head = once(stream, 'response') as Promise<[IncomingHttpHeaders]>;
  stream.on('error', () => {});
  stream.resume();
  stream.write(Buffer.alloc(4 * 2 ** 20));
  assert.ok([413, 502].includes(Number((await head)[0][':status'])));
});

const SOCKET_HEADERS = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/socket',
  ':authority': 'a.test',
  'sec-websocket-version': '13',
};

function accept(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

async function answerHandshake(connection: UpstreamConnection, change: (accept: string) => string): Promise<void> {
  const request = await connection.request();
  assert.equal(request?.method, 'GET');
  assert.equal(request?.target, '/socket');
  assert.equal(request?.headers.get('upgrade'), 'websocket');
  assert.equal(request?.headers.get('sec-websocket-version'), '13');
  const key = request?.headers.get('sec-websocket-key') ?? '';
  assert.equal(Buffer.from(key, 'base64').length, 16);
  await connection.send(change(accept(key)));
}

const switching = (value: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${value}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`;

test('a WebSocket by extended CONNECT reaches an HTTP/1.1 upstream as an upgrade', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await answerHandshake(connection, (value) => `${switching(value)}early`);
    await connection.echo();
  });
  const { port } = await serve(t, upstream.origin);
  const session = connectHttp2(t, port);
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  const stream = session.request(SOCKET_HEADERS);
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  assert.equal(head[':status'], 200);
  assert.equal(head['sec-websocket-accept'], undefined);
  assert.equal(head['sec-websocket-protocol'], 'chat');
  assert.equal(head['upgrade'], undefined);
  const big = randomBytes(1024 * 1024);
  stream.write('hello ');
  stream.end(big);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  assert.deepEqual(Buffer.concat(chunks), Buffer.concat([Buffer.from('earlyhello '), big]));
});

const FAILED_HANDSHAKES: readonly (readonly [name: string, answer: (accept: string) => string, status: number])[] = [
  ['a wrong Sec-WebSocket-Accept', () => switching('AAAAAAAAAAAAAAAAAAAAAAAAAAA='), 502],
  ['an upstream that does not switch', () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno', 502],
  ['an upstream that refuses', () => 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno', 403],
];
for (const [name, answer, status] of FAILED_HANDSHAKES) {
  test(`extended CONNECT: ${name}`, LIMIT, async (t) => {
    const upstream = await startUpstream(t, (connection) => answerHandshake(connection, answer));
    const { port } = await serve(t, upstream.origin);
    const session = connectHttp2(t, port);
    await once(session, 'remoteSettings');
    const stream = session.request(SOCKET_HEADERS);
    stream.on('error', () => {});
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.equal(head[':status'], status);
  });
}

test('a reset of a WebSocket reaches the upstream', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await answerHandshake(connection, switching);
    await connection.hang();
  });
  const { port } = await serve(t, upstream.origin);
  const session = connectHttp2(t, port);
  await once(session, 'remoteSettings');
  const stream = session.request(SOCKET_HEADERS);
  stream.on('error', () => {});
  await once(stream, 'response');
  const connection = await upstream.connection(1);
  stream.close(8);
  await connection.until('the cut', () => connection.isEnded);
});

/** Which side of a tunnel has something to say. */
const TALKERS: readonly (readonly [name: string, say: (backend: UpstreamConnection, client: FramePeer) => unknown])[] =
  [
    ['the backend', (backend) => backend.send('x')],
    ['the client', (_, client) => client.send(frame(FRAME.data, 0, 1, 'x'))],
  ];
for (const [name, say] of TALKERS) {
  test(`a tunnel in which only ${name} talks outlives its idle timeout; a silent one ends`, LIMIT, async (t) => {
    let heard = 0;
    const upstream = await startUpstream(t, async (connection) => {
      await answerHandshake(connection, switching);
      await connection.until('the end', () => {
        heard = connection.feed.length;
        return connection.isEnded;
      });
    });
    const clock = new FakeClock();
    const { port } = await serve(
      t,
      upstream.origin,
      { timeouts: { tunnel: '10s', body: '3s', response: '3s' } },
      { clock },
    );
    const client = await connectFrames(t, port);
    const fields = Object.entries({ ...SOCKET_HEADERS, ':scheme': 'http' }).sort();
    await client.send(headers(1, fields, 0));
    assert.equal(await client.outcome(1), '200');
    const backend = await upstream.connection(1);
    for (let round = 1; round <= 4; round++) {
      clock.advance(8_000);
      await say(backend, client);
      if (name === 'the backend') await client.until('an octet', () => client.contentBytes(1) === round);
      else await backend.until('an octet', () => backend.feed.length === round);
    }
    assert.ok(!client.frames.some(({ type }) => type === FRAME.reset));
    assert.equal(heard, name === 'the client' ? 4 : 0);
    clock.advance(11_000);
    const reset = await client.frame(FRAME.reset, 1);
    assert.equal(reset.payload.readUInt32BE(0), 8);
    await backend.until('the cut', () => backend.isEnded);
  });
}

test('drain: GOAWAY, streams under way finish, then the connection ends', LIMIT, async (t) => {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const upstream = await startUpstream(
    t,
    answering(async () => {
      await finished;
      return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    }),
  );
  const { port, server } = await serve(t, upstream.origin);
  const client = await connectFrames(t, port);
  await client.send(headers(1, getFields('/first')));
  await upstream.request(1);
  assert.equal(server.status().exchanges, 1);
  const drained = server.drain(20_000);
  await client.frame(FRAME.goaway);
  await client.until('two GOAWAYs', () => client.frames.filter(({ type }) => type === FRAME.goaway).length === 2);
  const goaways = client.frames.filter(({ type }) => type === FRAME.goaway);
  assert.deepEqual(
    goaways.map(({ payload }) => payload.readUInt32BE(0)),
    [2 ** 31 - 1, 1],
  );
  finish();
  assert.equal(await client.outcome(1), '200');
  await client.until('the content', () => client.content(1).toString() === 'ok');
  await drained;
  await client.until('the end', () => client.isClosed);
});

test('an idle connection ends, one without a request sooner', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => 'HTTP/1.1 204 No Content\r\n\r\n'),
  );
  const clock = new FakeClock();
  const { port } = await serve(t, upstream.origin, { timeouts: { head: '10s', idle: '60s' } }, { clock });
  const silent = await connectFrames(t, port);
  const used = await connectFrames(t, port);
  await used.send(headers(1, getFields()));
  assert.equal(await used.outcome(1), '204');
  await silent.frame(FRAME.settings);
  clock.advance(11_000);
  await silent.frame(FRAME.goaway);
  await silent.until('the end', () => silent.isClosed);
  assert.equal(used.isClosed, false);
  clock.advance(61_000);
  await used.until('the end', () => used.isClosed);
});

test('a body that stands still gets 408, an answer that nobody takes is given up', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.requestHead();
    if (connection.index === 1)
      await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG}\r\n\r\n${'x'.repeat(BIG)}`);
    await connection.hang();
  });
  const clock = new FakeClock();
  const { port } = await serve(t, upstream.origin, { timeouts: { body: '5s', response: '9s' } }, { clock });
  const client = await connectFrames(t, port);
  await client.send(headers(1, requestFields('POST'), 0), frame(FRAME.data, 0, 1, 'half'));
  const first = await upstream.connection(1);
  await first.until('the first half', () => first.received.includes('half'));
  clock.advance(6_000);
  assert.equal(await client.outcome(1), '408');
  await client.send(headers(3, getFields()));
  await client.until('a full window', () => client.contentBytes(3) > 60_000);
  clock.advance(10_000);
  const reset = await client.frame(FRAME.reset, 3);
  assert.equal(reset.payload.readUInt32BE(0), 8);
});

test('the preface is found however it is cut, and only at the beginning', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => 'HTTP/1.1 204 No Content\r\n\r\n'),
  );
  const { port } = await serve(t, upstream.origin);
  const bytes = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings(), headers(1, getFields())]);
  for (const size of [1, 2, 7, 18, 19, 24, 25]) {
    const client = await connectClient(t, { port });
    await client.sendBy(size, bytes);
    await client.until('an answer', () => client.received.includes(Buffer.from([0x88 + 1])) || client.isEnded);
    assert.equal(client.isEnded, false, `pieces of ${size}`);
    client.destroy();
  }
  const late = await connectClient(t, { port });
  assert.equal((await late.ask('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')).status, 204);
  assert.equal((await late.ask('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).status, 505);
});

test('h2load gets every answer', { ...LIMIT, skip: skipUnless('h2load') }, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  );
  const { port } = await serve(t, upstream.origin);
  const load = startProcess(t, 'h2load', ['-n500', '-c4', '-m25', `http://127.0.0.1:${port}/`], { name: 'h2load' });
  await load.until('the end', () => /500 succeeded, 0 failed/.test(load.output));
});

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
