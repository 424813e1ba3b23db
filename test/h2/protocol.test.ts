// RFC 9113 section by section in raw frames, beside what hostile.test.ts has: states, sizes, settings, flow control, CONTINUATION.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Owner } from '../kit/at-end.ts';
import {
  CODE,
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
import { startUpstream } from '../kit/scripted-upstream.ts';
import { serve } from './_serve.ts';

const LIMIT = { timeout: 120_000 };
const LARGEST_FRAME = 16_384;
const ANSWER = 'x'.repeat(100);

const post = (more: Fields = []): Buffer => headers(1, requestFields('POST', '/', more), 0);
const end = frame(FRAME.data, FLAG.endStream, 1);
const get = (stream: number, more: Fields = []): Buffer => headers(stream, getFields('/', more));
const priority = (dependency: number): Buffer => Buffer.concat([number32(dependency), Buffer.from([15])]);

/** What is served: however odd, it is allowed. Stream 1 is answered with 200. */
const SERVED: readonly (readonly [section: string, what: string, frames: readonly Buffer[]])[] = [
  ['4.1', 'a frame of an unknown type', [frame(0x16, 0, 0, 'x'), get(1)]],
  ['4.1', 'flags that mean nothing', [frame(FRAME.ping, 0xfe, 0, '12345678'), get(1)]],
  ['4.1', 'the reserved bit of a stream id', [reservedBit(frame(FRAME.ping, 0, 0, '12345678')), get(1)]],
  ['4.2', 'DATA of the largest size', [post(), frame(FRAME.data, FLAG.endStream, 1, 'x'.repeat(LARGEST_FRAME))]],
  ['4.2', 'HEADERS of the largest size', [get(1, largeFields(16_000))]],
  ['5.1', 'PRIORITY of an idle stream', [frame(FRAME.priority, 0, 9, priority(0)), get(1)]],
  ['5.1', 'WINDOW_UPDATE behind END_STREAM', [get(1), frame(FRAME.window, 0, 1, number32(100))]],
  ['5.1', 'PRIORITY behind END_STREAM', [get(1), frame(FRAME.priority, 0, 1, priority(0))]],
  ['5.1.1', 'stream ids with gaps', [frame(FRAME.settings, 0, 0), get(1), get(101)]],
  ['6.1', 'padding without content', [post(), frame(FRAME.data, FLAG.padded, 1, '\x02\0\0'), end]],
  ['6.1', 'many pieces', [post(), ...Array.from({ length: 90 }, () => frame(FRAME.data, 0, 1, 'x')), end]],
  ['5.3.2', 'a stream that depends on itself', [selfDependent(1)]],
  ['6.2', 'padded HEADERS', [paddedHeaders(1)]],
  ['6.5', 'an unknown setting', [settings([0xff, 7]), get(1)]],
  ['6.5', 'an empty SETTINGS', [frame(FRAME.settings, 0, 0), get(1)]],
  ['6.5.2', 'the largest frame size', [settings([5, 2 ** 24 - 1]), get(1)]],
  ['6.5.2', 'the largest window', [settings([4, 2 ** 31 - 1]), get(1)]],
  ['6.5.2', 'no header table', [settings([1, 0]), get(1)]],
  ['6.7', 'an answer to a PING that was not sent', [frame(FRAME.ping, FLAG.ack, 0, 'whatever'), get(1)]],
  ['6.8', 'a GOAWAY of the client', [get(1), frame(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(0)]))]],
  ['6.9', 'WINDOW_UPDATE', [frame(FRAME.window, 0, 0, number32(1)), get(1), frame(FRAME.window, 0, 1, number32(1))]],
  ['6.10', 'several CONTINUATION', continued([0, 0, FLAG.endHeaders])],
  ['6.10', 'CONTINUATION octet by octet', continuedBytewise()],
  ['7', 'a reset of another stream with an unknown code', [get(1), get(3), frame(FRAME.reset, 0, 3, number32(0xff))]],
  ['8.1', 'trailers', [post(), frame(FRAME.data, 0, 1, 'x'), headers(1, [['x-sum', '1']])]],
];

/** What ends the connection, or a stream, and the codes that say so. */
const REFUSED: readonly (readonly [section: string, what: string, frames: readonly Buffer[], outcome: RegExp])[] = [
  ['4.2', 'HEADERS larger than the frame size', [get(1, largeFields(17_000))], /^goaway 6$/],
  ['4.2', 'SETTINGS larger than the frame size', [frame(FRAME.settings, 0, 0, '', 16_386)], /^goaway 6$/],
  ['4.3', 'a header block within another', [frame(FRAME.headers, 1, 1, fieldBlock(getFields())), get(3)], /^goaway 1$/],
  [
    '4.3',
    'PRIORITY within a header block',
    [frame(FRAME.headers, 1, 1, fieldBlock(getFields())), frame(FRAME.priority, 0, 1, priority(0))],
    /^goaway 1$/,
  ],
  [
    '5.5',
    'an unknown frame within a header block',
    [frame(FRAME.headers, 1, 1, fieldBlock(getFields())), frame(0x16, 0, 1, 'x')],
    /^goaway 1$/,
  ],
  ['5.1', 'WINDOW_UPDATE of an idle stream', [frame(FRAME.window, 0, 1, number32(1))], /^goaway 1$/],
  ['5.1', 'CONTINUATION of an idle stream', [frame(FRAME.continuation, 4, 1, '')], /^goaway 1$/],
  ['5.1', 'DATA behind END_STREAM', [get(1), frame(FRAME.data, 1, 1, 'x')], /^(?:goaway|reset) 5$/],
  ['5.1', 'HEADERS behind END_STREAM', [get(1), get(1)], /^(?:goaway|reset) 5$/],
  ['5.1', 'CONTINUATION behind END_HEADERS', [get(1), frame(FRAME.continuation, 4, 1, '')], /^goaway 1$/],
  ['5.3.1', 'PRIORITY on stream 0', [frame(FRAME.priority, 0, 0, priority(3))], /^goaway 1$/],
  ['6.1', 'padding of the whole DATA', [post(), frame(FRAME.data, FLAG.padded, 1, Buffer.from([2, 0]))], /^goaway 1$/],
  [
    '6.2',
    'padding longer than HEADERS',
    [frame(FRAME.headers, 0xd, 1, Buffer.concat([Buffer.from([255]), fieldBlock(getFields())]))],
    /^goaway 1$/,
  ],
  ['6.3', 'PRIORITY of 4 bytes', [frame(FRAME.priority, 0, 1, 'abcd')], /^goaway 6$/],
  ['6.4', 'RST_STREAM on stream 0', [frame(FRAME.reset, 0, 0, number32(8))], /^goaway 1$/],
  ['6.5', 'an acknowledgement with content', [frame(FRAME.settings, FLAG.ack, 0, 'abcdef')], /^goaway 6$/],
  ['6.5.2', 'ENABLE_PUSH of 2', [settings([2, 2])], /^goaway 1$/],
  ['6.5.2', 'a frame size below the least', [settings([5, 16_383])], /^goaway 1$/],
  ['6.5.2', 'a frame size above the largest', [settings([5, 2 ** 24])], /^goaway 1$/],
  ['6.7', 'PING on a stream', [frame(FRAME.ping, 0, 1, '12345678')], /^goaway 1$/],
  ['6.8', 'GOAWAY on a stream', [frame(FRAME.goaway, 0, 1, '12345678')], /^goaway 1$/],
  ['6.8', 'GOAWAY of 7 bytes', [frame(FRAME.goaway, 0, 0, '1234567')], /^goaway 6$/],
  ['6.9', 'WINDOW_UPDATE of 0 on a stream', [post(), frame(FRAME.window, 0, 1, number32(0))], /^reset 1$/],
  [
    '6.9.2',
    'an initial window that makes one too large',
    [post(), frame(FRAME.window, 0, 1, number32(2 ** 31 - 1 - 65_535)), settings([4, 65_536])],
    /^goaway 3$/,
  ],
  ['6.10', 'CONTINUATION on stream 0', [frame(FRAME.continuation, 4, 0, '')], /^goaway 1$/],
  [
    '6.10',
    'CONTINUATION of another stream',
    [frame(FRAME.headers, 1, 1, fieldBlock(getFields())), frame(FRAME.continuation, 4, 3, '')],
    /^goaway 1$/,
  ],
  [
    '6.10',
    'CONTINUATION behind DATA',
    [post(), frame(FRAME.data, 0, 1, 'x'), frame(FRAME.continuation, 4, 1, '')],
    /^goaway 1$/,
  ],
  ['RFC 7541 4.2', 'a table size above the setting', [frame(FRAME.headers, 5, 1, tooLargeTable())], /^goaway 9$/],
  ['RFC 7541 5.2', 'a Huffman code padded with zeros', [frame(FRAME.headers, 5, 1, badHuffman())], /^goaway 9$/],
];

describe('HTTP/2, by section', () => {
  let port = 0;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    const upstream = await startUpstream(owner, async (connection) => {
      for (;;) {
        const request = await connection.request();
        if (request === undefined) return;
        await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${ANSWER.length}\r\n\r\n${ANSWER}`);
      }
    });
    ({ port } = await serve(owner, upstream.origin));
  });

  test.after(async () => {
    for (const cleanUp of ends) await cleanUp();
  });

  for (const [section, what, frames] of SERVED) {
    test(`${section}: ${what} is no harm`, LIMIT, async (t) => {
      const client = await connectFrames(t, port);
      await client.send(...frames);
      assert.equal(await client.outcome(1), '200');
      assert.ok(!client.frames.some(isGoawayWithError));
    });
  }

  for (const [section, what, frames, outcome] of REFUSED) {
    test(`${section}: ${what} is refused`, LIMIT, async (t) => {
      const client = await connectFrames(t, port);
      await client.send(...frames);
      assert.match(await fault(client), outcome);
    });
  }

  test('3.4: bytes that are no preface end the connection', LIMIT, async (t) => {
    const client = await connectFrames(t, port, [], false);
    await client.send(Buffer.from('INVALID CONNECTION PREFACE\r\n\r\n'));
    await client.until('the end', () => client.isClosed);
  });

  test('3.4: the first frame of the server is SETTINGS, and those of the client are acknowledged', LIMIT, async (t) => {
    const client = await connectFrames(t, port);
    await client.until('the acknowledgement', () => client.frames.some((one) => isAck(one, FRAME.settings)));
    assert.equal(client.frames[0]?.type, FRAME.settings);
    assert.equal((client.frames[0]?.flags ?? 0) & FLAG.ack, 0);
  });

  test('6.7: a PING is answered with its content', LIMIT, async (t) => {
    const client = await connectFrames(t, port);
    await client.send(frame(FRAME.ping, 0, 0, 'portico!'));
    await client.until('the answer', () => client.frames.some((one) => isAck(one, FRAME.ping)));
    assert.equal(client.frames.find((one) => isAck(one, FRAME.ping))?.payload.toString(), 'portico!');
  });

  test('5.1: DATA and HEADERS of a stream that the client reset do not reach anybody', LIMIT, async (t) => {
    const client = await connectFrames(t, port);
    await client.send(post(), frame(FRAME.reset, 0, 1, number32(CODE.cancel)), frame(FRAME.data, 1, 1, 'x'), get(3));
    assert.equal(await client.outcome(3), 'goaway 5');
  });

  test('5.1.1: a stream id below the last opens nothing, and ends the connection', LIMIT, async (t) => {
    const client = await connectFrames(t, port);
    await client.send(get(5), get(3), get(7));
    assert.equal(await fault(client), 'goaway 5');
    assert.ok(!client.frames.some(({ type, stream }) => type === FRAME.headers && stream !== 5));
  });

  test('6.9.1: no more is sent than the window of the stream allows, octet by octet', LIMIT, async (t) => {
    const client = await connectFrames(t, port, [settings([4, 1])]);
    await client.send(get(1));
    await client.until('one octet', () => client.contentBytes(1) === 1);
    await roundTrip(client, 'ping-one');
    assert.equal(client.contentBytes(1), 1);
    await client.send(frame(FRAME.window, 0, 1, number32(2)));
    await client.until('two more', () => client.contentBytes(1) === 3);
  });

  test(
    '6.9.2: a larger initial window counts for open streams, a smaller one makes theirs negative',
    LIMIT,
    async (t) => {
      const client = await connectFrames(t, port, [settings([4, 0])]);
      await client.send(get(1));
      assert.equal(await client.outcome(1), '200');
      assert.equal(client.contentBytes(1), 0);
      await client.send(settings([4, 10]));
      await client.until('ten octets', () => client.contentBytes(1) === 10);
      await client.send(settings([4, 5]), frame(FRAME.window, 0, 1, number32(5)));
      await roundTrip(client, 'ping-two');
      assert.equal(client.contentBytes(1), 10);
      await client.send(frame(FRAME.window, 0, 1, number32(90)));
      await client.until('the rest', () => client.contentBytes(1) === ANSWER.length);
    },
  );

  test('6.9: credit comes back for what was read, and the windows are as announced', LIMIT, async (t) => {
    const client = await connectFrames(t, port);
    const first = await client.frame(FRAME.settings);
    assert.equal(settingOf(first.payload, 4), 128 * 1024);
    await client.send(post(), ...Array.from({ length: 8 }, () => frame(FRAME.data, 0, 1, 'x'.repeat(16_000))));
    await client.until('credit', () => client.frames.some(({ type, stream }) => type === FRAME.window && stream === 1));
  });

  test('5.1.2: the limit on streams counts those that are open', LIMIT, async (t) => {
    const client = await connectFrames(t, port);
    assert.equal(settingOf((await client.frame(FRAME.settings)).payload, 3), 100);
    for (let stream = 1; stream < 300; stream += 2) {
      await client.send(get(stream));
      assert.equal(await client.outcome(stream), '200');
    }
  });
});

/** Waits for what ends the connection, or stream 1; an answer in between does not count. */
async function fault(client: FramePeer): Promise<string> {
  const find = () =>
    client.frames.find((one) => isGoawayWithError(one) || (one.type === FRAME.reset && one.stream === 1));
  await client.until('a fault', () => client.isClosed || find() !== undefined);
  const found = find();
  if (found === undefined) return 'closed';
  return found.type === FRAME.goaway
    ? `goaway ${found.payload.readUInt32BE(4)}`
    : `reset ${found.payload.readUInt32BE(0)}`;
}

function isGoawayWithError({ type, payload }: { type: number; payload: Buffer }): boolean {
  return type === FRAME.goaway && payload.readUInt32BE(4) !== 0;
}

function isAck({ type, flags }: { type: number; flags: number }, wanted: number): boolean {
  return type === wanted && (flags & FLAG.ack) !== 0;
}

/** What was sent before `content` was answered: everything of before is done. */
async function roundTrip(client: FramePeer, content: string): Promise<void> {
  await client.send(frame(FRAME.ping, 0, 0, content));
  await client.until('the answer to a PING', () =>
    client.frames.some((one) => isAck(one, FRAME.ping) && one.payload.toString() === content),
  );
}

function settingOf(payload: Buffer, id: number): number | undefined {
  for (let index = 0; index < payload.length; index += 6)
    if (payload.readUInt16BE(index) === id) return payload.readUInt32BE(index + 2);
  return undefined;
}

function reservedBit(bytes: Buffer): Buffer {
  bytes[5] = 0x80;
  return bytes;
}

/** Header lines that take about `size` bytes. */
function largeFields(size: number): Fields {
  return Array.from({ length: Math.floor(size / 1000) }, (_, index): readonly [string, string] => [
    `x-${index}`,
    'a'.repeat(990),
  ]);
}

function selfDependent(stream: number): Buffer {
  const block = Buffer.concat([number32(stream), Buffer.from([0]), fieldBlock(getFields())]);
  return frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders | FLAG.priority, stream, block);
}

function paddedHeaders(stream: number): Buffer {
  const block = Buffer.concat([Buffer.from([4]), fieldBlock(getFields()), Buffer.alloc(4)]);
  return frame(FRAME.headers, FLAG.endStream | FLAG.endHeaders | FLAG.padded, stream, block);
}

/** A head whose last lines come in CONTINUATION frames with these flags. */
function continued(flags: readonly number[]): Buffer[] {
  const first = frame(FRAME.headers, FLAG.endStream, 1, fieldBlock(getFields()));
  return [first, ...flags.map((flag, index) => frame(FRAME.continuation, flag, 1, fieldBlock([[`x-${index}`, 'a']])))];
}

function continuedBytewise(): Buffer[] {
  const block = fieldBlock([['x', 'y']]);
  const first = frame(FRAME.headers, FLAG.endStream, 1, fieldBlock(getFields()));
  const rest = [...block].map((octet, index) =>
    frame(FRAME.continuation, index === block.length - 1 ? FLAG.endHeaders : 0, 1, Buffer.from([octet])),
  );
  return [first, ...rest];
}

/** RFC 7541 §6.3: 5000 bytes, where SETTINGS_HEADER_TABLE_SIZE is 4096. */
function tooLargeTable(): Buffer {
  return Buffer.concat([Buffer.from([0x3f, 0xe9, 0x26]), fieldBlock(getFields())]);
}

/** `x-a` with a value whose Huffman code is filled up with zeros instead of ones. */
function badHuffman(): Buffer {
  const line = Buffer.concat([Buffer.from([0, 3]), Buffer.from('x-a'), Buffer.from([0x81, 0x00])]);
  return Buffer.concat([fieldBlock(getFields()), line]);
}
