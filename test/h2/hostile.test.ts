// HTTP/2 with raw frames: what must be refused is refused, floods end the connection, and nothing of it goes upstream.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  connectFrames,
  type Fields,
  FLAG,
  FRAME,
  type FramePeer,
  fieldBlock,
  frame,
  getFields,
  headers,
  number32,
  requestFields,
  settings,
} from '../kit/h2-frames.ts';
import { liveBytes } from '../kit/memory-probe.ts';
import { answering, startUpstream } from '../kit/scripted-upstream.ts';
import { serve } from './_serve.ts';

const LIMIT = { timeout: 120_000 };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const post = (more: Fields): Fields => requestFields('POST', '/', more);
const without = (name: string): Fields => getFields().filter(([one]) => one !== name);

/** Heads that are refused, by a 4xx or by a reset of the stream (RFC 9113 §8.1.1). */
const REFUSED_HEADS: readonly (readonly [name: string, fields: Fields])[] = [
  ['upper case name', getFields('/', [['X-Upper', '1']])],
  ['connection', getFields('/', [['connection', 'close']])],
  ['keep-alive', getFields('/', [['keep-alive', '1']])],
  ['proxy-connection', getFields('/', [['proxy-connection', 'close']])],
  ['upgrade', getFields('/', [['upgrade', 'websocket']])],
  ['H2.TE', post([['transfer-encoding', 'chunked']])],
  ['te other than trailers', getFields('/', [['te', 'gzip']])],
  ['pseudo-header behind a header', [...without(':path'), ['x-a', '1'], [':path', '/']]],
  ['duplicate :path', [...getFields(), [':path', '/other']]],
  ['duplicate :method', [...getFields(), [':method', 'POST']]],
  ['duplicate :authority', [...getFields(), [':authority', 'b.test']]],
  ['unknown pseudo-header', [...getFields(), [':status', '200']]],
  ['no :method', without(':method')],
  ['no :scheme', without(':scheme')],
  ['no :path', without(':path')],
  ['no authority at all', without(':authority')],
  ['empty :path', getFields('')],
  ['absolute :path', getFields('http://b.test/')],
  [':path without slash', getFields('x')],
  [':path with a space', getFields('/a b')],
  [':path that splits the request', getFields('/ HTTP/1.1\r\nHost: evil\r\n\r\n')],
  [':path with dot segments', getFields('/a/../b')],
  [':method that splits the request', requestFields('GET / HTTP/1.1\r\nX: ', '/')],
  [':method that is no token', requestFields('GE T')],
  [
    ':scheme that is no scheme',
    [
      [':method', 'GET'],
      [':scheme', 'http://x/'],
      [':authority', 'a.test'],
      [':path', '/'],
    ],
  ],
  ['Host that is not :authority', getFields('/', [['host', 'b.test']])],
  ['two Hosts', [...without(':authority'), ['host', 'a.test'], ['host', 'a.test']]],
  ['userinfo in :authority', [...without(':authority').slice(0, 2), [':authority', 'me@a.test'], [':path', '/']]],
  ['content-length without content', post([['content-length', '5']])],
  [
    'two content-lengths',
    post([
      ['content-length', '0'],
      ['content-length', '0'],
    ]),
  ],
  ['content-length that is no number', post([['content-length', '+0']])],
  [':protocol without CONNECT', [...getFields().slice(0, 4), [':protocol', 'websocket']]],
  ['CONNECT with a path', requestFields('CONNECT')],
  [
    'plain CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'a.test:443'],
    ],
  ],
  ['CONNECT for another protocol', [...requestFields('CONNECT'), [':protocol', 'connect-udp']]],
  ['an expectation that cannot be met', getFields('/', [['expect', '200-ok']])],
  // Lines that no HTTP/1.1 message could carry (RFC 9113 §8.2.1).
  ['CR LF in a value', getFields('/', [['x-a', 'b\r\nevil: 1']])],
  ['LF in a value', getFields('/', [['x-a', 'b\nevil: 1']])],
  ['NUL in a value', getFields('/', [['x-a', 'b\0c']])],
  ['CR LF in a name', getFields('/', [['x-a: b\r\nevil', '1']])],
  ['colon in a name', getFields('/', [['x:a', '1']])],
  ['space in a name', getFields('/', [['x a', '1']])],
  ['empty name', getFields('/', [['', '1']])],
];

/** Frames that break the connection or the stream, and how. */
const BROKEN_FRAMES: readonly (readonly [name: string, frames: readonly Buffer[], outcome: RegExp])[] = [
  ['frame larger than SETTINGS_MAX_FRAME_SIZE', [frame(FRAME.data, 0, 1, '', 16_385)], /^goaway 6$/],
  ['SETTINGS of 5 bytes', [frame(FRAME.settings, 0, 0, 'abcde')], /^goaway 6$/],
  ['SETTINGS on a stream', [frame(FRAME.settings, 0, 1)], /^goaway 1$/],
  ['PING of 7 bytes', [frame(FRAME.ping, 0, 0, '1234567')], /^goaway 6$/],
  ['RST_STREAM of 3 bytes', [headers(1, post([]), 0), frame(FRAME.reset, 0, 1, 'abc')], /^goaway 6$/],
  ['WINDOW_UPDATE of 3 bytes', [frame(FRAME.window, 0, 0, 'abc')], /^goaway 6$/],
  ['WINDOW_UPDATE of 0', [frame(FRAME.window, 0, 0, number32(0))], /^goaway 1$/],
  ['connection window above 2^31-1', [frame(FRAME.window, 0, 0, number32(2 ** 31 - 1))], /^goaway 3$/],
  ['stream window above 2^31-1', [headers(1, post([]), 0), frame(FRAME.window, 0, 1, number32(2 ** 31 - 1))], / 3$/],
  ['initial window above 2^31-1', [settings([4, 2 ** 31])], /^goaway 3$/],
  ['DATA on stream 0', [frame(FRAME.data, 0, 0, 'x')], /^goaway 1$/],
  ['DATA on an idle stream', [frame(FRAME.data, 0, 1, 'x')], /^goaway 1$/],
  ['RST_STREAM of an idle stream', [frame(FRAME.reset, 0, 1, number32(8))], /^goaway 1$/],
  ['HEADERS on stream 0', [headers(0, getFields())], /^goaway 1$/],
  ['HEADERS on an even stream', [headers(2, getFields())], /^goaway 1$/],
  [
    'PUSH_PROMISE from a client',
    [frame(FRAME.push, 4, 1, Buffer.concat([number32(2), fieldBlock(getFields())]))],
    /^goaway 1$/,
  ],
  ['CONTINUATION without HEADERS', [frame(FRAME.continuation, 4, 1, fieldBlock(getFields()))], /^goaway 1$/],
  [
    'another frame within a header block',
    [frame(FRAME.headers, 0, 1, fieldBlock(getFields())), frame(FRAME.ping, 0, 0, '12345678')],
    /^goaway 1$/,
  ],
  [
    'padding longer than the frame',
    [headers(1, post([]), 0), frame(FRAME.data, FLAG.padded, 1, Buffer.from([9, 1]))],
    /^goaway 1$/,
  ],
  ['broken HPACK', [frame(FRAME.headers, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))], /^goaway 9$/],
  ['index beyond the table', [frame(FRAME.headers, 5, 1, Buffer.from([0xfe]))], /^goaway 9$/],
  [
    'more DATA than content-length',
    [headers(1, post([['content-length', '1']]), 0), frame(FRAME.data, 1, 1, 'xx')],
    /^reset 1$/,
  ],
  [
    'less DATA than content-length',
    [headers(1, post([['content-length', '3']]), 0), frame(FRAME.data, 1, 1, 'xx')],
    /^reset 1$/,
  ],
  ['pseudo-header in trailers', [headers(1, post([]), 0), headers(1, [[':path', '/x']])], /^reset 1$/],
  ['trailers that do not end the stream', [headers(1, post([]), 0), headers(1, [['x-a', '1']], 0)], /^reset 1$/],
];

describe('HTTP/2, refused heads', () => {
  for (const [name, fields] of REFUSED_HEADS) {
    test(name, LIMIT, async (t) => {
      const upstream = await startUpstream(
        t,
        answering(() => OK),
      );
      const { port } = await serve(t, upstream.origin);
      const client = await connectFrames(t, port);
      await client.send(headers(1, fields));
      assert.match(await client.outcome(1), /^(?:4\d\d|501|reset 1|goaway 1)$/);
      await assertStillServes(client, 3);
      assert.deepEqual(
        upstream.requests.map(({ target }) => target),
        ['/still'],
      );
    });
  }
});

describe('HTTP/2, broken frames', () => {
  for (const [name, frames, outcome] of BROKEN_FRAMES) {
    test(name, LIMIT, async (t) => {
      const upstream = await startUpstream(t, async (connection) => {
        await connection.requestHead();
        await connection.hang();
      });
      const { port } = await serve(t, upstream.origin);
      const client = await connectFrames(t, port, [settings([1, 0]), ...frames]);
      assert.match(await client.outcome(1), outcome);
      assert.equal(upstream.requests.length, 0, 'no whole request reached the upstream');
    });
  }
});

/** Floods; each ends the connection with ENHANCE_YOUR_CALM (11), within the number of frames sent. */
const FLOODS: readonly (readonly [
  name: string,
  count: number,
  make: (index: number) => readonly Buffer[],
  outcome: RegExp,
])[] = [
  [
    'rapid reset (CVE-2023-44487)',
    5_000,
    (i) => [headers(1 + 2 * i, getFields()), frame(FRAME.reset, 0, 1 + 2 * i, number32(8))],
    /^goaway 11$/,
  ],
  [
    'made-you-reset (CVE-2025-8671)',
    5_000,
    (i) => [headers(1 + 2 * i, post([]), 0), frame(FRAME.window, 0, 1 + 2 * i, number32(2 ** 31 - 1))],
    /^goaway 11$/,
  ],
  ['malformed requests', 5_000, (i) => [headers(1 + 2 * i, getFields('/', [['connection', 'x']]))], /^goaway 11$/],
  ['SETTINGS', 20_000, () => [settings([4, 70_000])], /^goaway 11$/],
  ['PING', 20_000, () => [frame(FRAME.ping, 0, 0, '12345678')], /^goaway 11$/],
  [
    'CONTINUATION (CVE-2024-27983)',
    5_000,
    (i) => [
      i === 0
        ? frame(FRAME.headers, 1, 1, fieldBlock(getFields()))
        : frame(FRAME.continuation, 0, 1, fieldBlock([[`x-${i}`, 'a'.repeat(900)]])),
    ],
    /^goaway 11$/,
  ],
  [
    'empty CONTINUATION',
    20_000,
    (i) => [i === 0 ? frame(FRAME.headers, 1, 1, fieldBlock(getFields())) : frame(FRAME.continuation, 0, 1)],
    /^goaway 11$/,
  ],
  [
    'empty DATA (CVE-2019-9518)',
    20_000,
    (i) => [i === 0 ? headers(1, post([]), 0) : frame(FRAME.data, 0, 1)],
    /^goaway 11$/,
  ],
];

describe('HTTP/2, floods', () => {
  for (const [name, count, make, outcome] of FLOODS) {
    test(name, LIMIT, async (t) => {
      const upstream = await startUpstream(t, async (connection) => {
        await connection.requestHead();
        await connection.hang();
      });
      const { port } = await serve(t, upstream.origin);
      const before = await liveBytes();
      const client = await connectFrames(t, port);
      await flood(client, count, make);
      await client.until('the end of the connection', () => client.isClosed);
      const goaway = client.frames.findLast((one) => one.type === FRAME.goaway && one.payload.readUInt32BE(4) !== 0);
      const seen = goaway === undefined ? 'closed' : `goaway ${goaway.payload.readUInt32BE(4)}`;
      // Bytes that nobody reads turn the end into a reset, which may overtake the GOAWAY.
      if (seen !== 'closed') assert.match(seen, outcome);
      assert.ok(upstream.connections.length <= 300, `${upstream.connections.length} connections upstream`);
      const grown = (await liveBytes()) - before;
      t.diagnostic(`${grown} bytes`);
      assert.ok(grown < 64 * 1024 * 1024, `grew by ${grown} bytes`);
      const next = await connectFrames(t, port);
      await next.send(headers(1, getFields('/missing')));
    });
  }

  // Few enough frames for one read: nothing stays unread that could turn the end into a reset.
  const COUNTED = [
    ['resets', 230, (i: number) => [headers(1 + 2 * i, getFields()), frame(FRAME.reset, 0, 1 + 2 * i, number32(8))]],
    ['SETTINGS', 600, () => [settings([4, 70_000])]],
    ['PING', 600, () => [frame(FRAME.ping, 0, 0, '12345678')]],
  ] as const;
  for (const [name, count, make] of COUNTED) {
    test(`too many ${name} end with ENHANCE_YOUR_CALM`, LIMIT, async (t) => {
      const upstream = await startUpstream(
        t,
        answering(() => OK),
      );
      const { port } = await serve(t, upstream.origin);
      const client = await connectFrames(t, port);
      await client.send(...Array.from({ length: count }, (_, index) => make(index)).flat());
      await client.until('the end of the connection', () => client.isClosed);
      const codes = client.frames.flatMap(({ type, payload }) =>
        type === FRAME.goaway ? [payload.readUInt32BE(4)] : [],
      );
      assert.deepEqual(codes, [11]);
    });
  }

  test('replies that nobody reads do not grow', LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => OK),
    );
    const { port } = await serve(t, upstream.origin);
    const client = await connectFrames(t, port);
    await client.frame(FRAME.settings);
    client.socket.pause();
    await flood(client, 50_000, () => [frame(FRAME.ping, 0, 0, '12345678')]);
    client.socket.resume();
    await client.until('the end of the connection', () => client.isClosed);
    assert.ok(client.frames.filter(({ type }) => type === FRAME.ping).length <= 2_000);
  });

  test('more streams than allowed are refused', LIMIT, async (t) => {
    const upstream = await startUpstream(t, async (connection) => {
      await connection.requestHead();
      await connection.hang();
    });
    const { port } = await serve(t, upstream.origin);
    const client = await connectFrames(t, port);
    await client.frame(FRAME.settings);
    // The limit counts once the client has acknowledged it (RFC 9113 §6.5.3).
    await client.send(frame(FRAME.ping, 0, 0, 'sync-1--'));
    await client.frame(FRAME.ping);
    await client.send(...Array.from({ length: 101 }, (_, index) => headers(1 + 2 * index, getFields())));
    assert.match(await client.outcome(201), /^reset 7$/);
  });
});

async function flood(client: FramePeer, count: number, make: (index: number) => readonly Buffer[]): Promise<void> {
  const batch = 200;
  for (let start = 0; start < count && !client.isClosed && !client.socket.destroyed; start += batch) {
    const frames = Array.from({ length: Math.min(batch, count - start) }, (_, index) => make(start + index)).flat();
    await Promise.race([client.send(...frames), client.until('the end', () => client.isClosed)]);
  }
}

/** The refusal ended one stream, not the connection; heads that break the connection may close it. */
async function assertStillServes(client: FramePeer, stream: number): Promise<void> {
  await client.send(headers(stream, getFields('/still')));
  assert.equal(await client.outcome(stream), '200');
}
