// gRPC-Web byte by byte: requests and answers in both encodings, however they are cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everySplitAsync } from '../../../test/kit/every-split.ts';
import { collectReply, createHandler, testExchange, testReply } from '../../../test/kit/exchange.ts';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { type Body, collectBody, emptyBody } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import { HeaderList } from '../../http/header-list.ts';
import { grpcWeb } from './index.ts';
import { grpcWebOptions } from './options.ts';

const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 5]), Buffer.from('hello')]);
const SECOND = Buffer.concat([Buffer.from([0, 0, 0, 0, 4]), Buffer.from([0, 255, 61, 128])]);
const STREAM = Buffer.concat([MESSAGE, SECOND]);
const TRAILERS = HeaderList.from([
  ['Grpc-Status', '0'],
  ['grpc-message', 'fine%21'],
  ['X-Sum-Bin', 'AAE='],
  ['Content-Length', '5'],
]);
const LINES = 'grpc-status: 0\r\ngrpc-message: fine%21\r\nx-sum-bin: AAE=\r\n';
const TRAILER_FRAME = Buffer.concat([Buffer.from([0x80, 0, 0, 0, LINES.length]), Buffer.from(LINES)]);

function post(
  contentType: string,
  body: Body | string | Buffer = MESSAGE,
  headers: Record<string, string> = {},
): Exchange {
  return testExchange({
    method: 'POST',
    target: '/a.B/C',
    body,
    headers: { 'Content-Type': contentType, 'X-Grpc-Web': '1', 'Accept-Encoding': 'gzip', ...headers },
  });
}

/** A body that arrives in these pieces, with trailers behind it. */
function pieces(chunks: readonly Buffer[], trailers?: HeaderList): Body {
  return {
    length: undefined,
    isEmpty: false,
    sendTo(sink) {
      for (const chunk of chunks) sink.write(chunk);
      sink.end(trailers);
    },
    cancel() {},
  };
}

function read(body: Body): Promise<Buffer> {
  return collectBody(body, 1e6, () => new ProxyError('response_too_large')).then(({ bytes }) => bytes);
}

const answer = (body: Body = emptyBody, headers: Record<string, string> = {}) =>
  testReply(200, { 'Content-Type': 'application/grpc+proto', Trailer: 'grpc-status', ...headers }, body);

test('grpcWeb: what goes upstream is gRPC', async () => {
  const handle = await createHandler(grpcWeb, true);
  for (const [contentType, expected] of [
    ['application/grpc-web', 'application/grpc'],
    ['application/grpc-web+proto', 'application/grpc+proto'],
    ['application/grpc-web-text', 'application/grpc'],
    ['application/grpc-web-text+json; charset=utf-8', 'application/grpc+json'],
  ] as const) {
    const exchange = post(contentType, MESSAGE, { Accept: 'application/grpc-web', 'Grpc-Timeout': '1S' });
    await handle(exchange, () => answer());
    const { headers } = exchange.outbound;
    assert.equal(headers.get('content-type'), expected);
    assert.equal(headers.get('te'), 'trailers');
    assert.equal(headers.get('grpc-timeout'), '1S');
    for (const name of ['accept', 'accept-encoding', 'x-grpc-web', 'content-length'])
      assert.equal(headers.get(name), undefined, name);
  }
});

test('grpcWeb: everything else passes untouched', async () => {
  for (const isOn of [true, false]) {
    const instance = await grpcWeb.create?.(isOn, undefined as never);
    const others = [
      post('application/grpc'),
      post('application/json'),
      testExchange({ method: 'GET', headers: { 'Content-Type': 'application/grpc-web' } }),
      ...(isOn ? [] : [post('application/grpc-web')]),
    ];
    for (const exchange of others) {
      const reply = answer();
      assert.equal(await (instance?.handle ?? ((_exchange, next) => next()))(exchange, () => reply), reply);
      assert.equal(exchange.hasOutbound, false);
    }
  }
});

test('grpcWeb: an answer that is not gRPC passes as it is', async () => {
  const handle = await createHandler(grpcWeb, true);
  const reply = testReply(502, { 'Content-Type': 'text/html' }, 'no');
  assert.equal(await handle(post('application/grpc-web-text'), async () => reply), reply);
});

test('grpcWeb: a request in bytes passes at every split, one in base64 is decoded', async () => {
  const handle = await createHandler(grpcWeb, true);
  const bodies: readonly (readonly [type: string, wire: Buffer])[] = [
    ['application/grpc-web', STREAM],
    ['application/grpc-web-text', Buffer.from(STREAM.toString('base64'))],
    // Every message by itself, with padding within the body.
    ['application/grpc-web-text', Buffer.from(MESSAGE.toString('base64') + SECOND.toString('base64'))],
    [
      'application/grpc-web-text',
      Buffer.from([...STREAM].map((byte) => Buffer.from([byte]).toString('base64')).join('')),
    ],
  ];
  for (const [type, wire] of bodies) {
    await everySplitAsync(wire, async (chunks) => {
      const exchange = post(type, pieces(chunks));
      await handle(exchange, () => answer());
      assert.deepEqual(await read(exchange.body), STREAM);
    });
  }
});

test('grpcWeb: what is no base64 is refused, wherever it is cut', async () => {
  const handle = await createHandler(grpcWeb, true);
  for (const text of [
    'A',
    'AAAAA',
    'AAA',
    'AA=',
    'A===',
    '====',
    '=AAA',
    'AA=A',
    'AAAA\n',
    'AA A',
    'AAA-',
    'AAAAAA==A',
  ]) {
    await everySplitAsync(Buffer.from(text), async (chunks) => {
      let cancelled: ProxyError | undefined;
      const body: Body = { ...pieces(chunks), cancel: (reason) => (cancelled = reason) };
      const exchange = post('application/grpc-web-text', body);
      await handle(exchange, () => answer());
      await assert.rejects(read(exchange.body), { code: 'request_malformed' }, text);
      assert.equal(cancelled?.code, 'request_malformed');
    });
  }
});

test('grpcWeb: an answer gets its trailers as a frame, at every split, in both encodings', async () => {
  const handle = await createHandler(grpcWeb, true);
  for (const [accept, sent, expected] of [
    [undefined, 'application/grpc-web+proto', 'application/grpc-web+proto'],
    ['application/grpc-web', 'application/grpc-web-text', 'application/grpc-web+proto'],
    ['*/*', 'application/grpc-web-text', 'application/grpc-web-text+proto'],
    ['text/a, application/grpc-web-text+proto', 'application/grpc-web', 'application/grpc-web-text+proto'],
  ] as const) {
    await everySplitAsync(STREAM, async (chunks) => {
      const exchange = post(sent, MESSAGE, accept === undefined ? {} : { Accept: accept });
      const reply = await collectReply(handle(exchange, async () => answer(pieces(chunks, TRAILERS))));
      assert.equal(reply.headers.get('content-type'), expected);
      assert.equal(reply.headers.get('trailer'), undefined);
      assert.equal(reply.trailers, undefined);
      const bytes = expected.includes('-text') ? decodeLeniently(reply.text) : reply.bytes;
      assert.deepEqual(bytes, Buffer.concat([STREAM, TRAILER_FRAME]));
    });
  }
});

test('grpcWeb: every piece of an answer goes on at once', async () => {
  const handle = await createHandler(grpcWeb, true);
  const seen: string[] = [];
  const reply = await handle(post('application/grpc-web-text'), () => answer(pieces([MESSAGE, SECOND], TRAILERS)));
  reply.body.sendTo({
    onDrained: undefined,
    write: (chunk) => seen.push(chunk.toString()) > 0,
    end: () => seen.push('end'),
    abort: assert.fail,
  });
  const frames = [MESSAGE, SECOND, TRAILER_FRAME].map((bytes) => bytes.toString('base64'));
  assert.deepEqual(seen, [...frames, 'end']);
});

test('grpcWeb: Trailers-Only stays in the head; an answer without trailers gets no frame', async () => {
  const handle = await createHandler(grpcWeb, true);
  const only = answer(emptyBody, { 'grpc-status': '5', 'Content-Length': '0' });
  const reply = await collectReply(handle(post('application/grpc-web'), () => only));
  assert.deepEqual([reply.headers.get('grpc-status'), reply.bytes.length], ['5', 0]);
  const bare = await collectReply(handle(post('application/grpc-web'), () => answer(pieces([MESSAGE]))));
  assert.deepEqual(bare.bytes, MESSAGE);
});

test('grpcWeb: the question before a call of another origin is answered where the endpoint cannot', async () => {
  const handle = await createHandler(grpcWeb, true);
  const asking = { Origin: 'https://page.test', 'Access-Control-Request-Method': 'POST' };
  const run = (headers: Record<string, string>, reply: Reply) =>
    collectReply(handle(testExchange({ method: 'OPTIONS', headers }), async () => reply));
  assert.equal((await run(asking, testReply(415, { 'Content-Type': 'text/plain' }, 'no'))).status, 204);
  assert.equal((await run(asking, answer(emptyBody, { 'grpc-status': '12' }))).status, 204);
  assert.equal((await run(asking, testReply(200, { 'Access-Control-Allow-Origin': '*' }))).status, 200);
  assert.equal((await run({}, testReply(415))).status, 415);
});

test("grpcWeb: anything but true or false is the operator's mistake", () => {
  assert.match(mistakesOf(grpcWebOptions, 'yes').join(), /expected true or false/);
});

/** Base64 of several pieces, as clients of gRPC-Web read it: group by group. */
function decodeLeniently(text: string): Buffer {
  return Buffer.concat((text.match(/.{4}/gs) ?? []).map((group) => Buffer.from(group, 'base64')));
}
