// Our HPACK against nghttp2's, which is in node:http2: each decodes what the other encodes, over long runs of random lines.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
} from 'node:http2';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from '../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../src/h2/hpack/encoder.ts';
import { atEnd } from '../kit/at-end.ts';
import { FLAG, FRAME, type Frame, FramePeer, frame, PREFACE, settings } from '../kit/h2-frames.ts';
import { streamPair } from '../kit/stream-pair.ts';

const HEADER_TABLE_SIZE = 1;
const ROUNDS = 400;
const LIMIT_BYTES = 64 * 1024;

/** A client of node:http2 whose server is our HPACK and nothing else. */
class Opposite {
  readonly session: ClientHttp2Session;
  readonly encoder = new HpackEncoder();
  readonly #decoder: HpackDecoder;
  readonly #peer: FramePeer;
  #read = 0;

  private constructor(session: ClientHttp2Session, peer: FramePeer, tableBytes: number) {
    this.session = session;
    this.#peer = peer;
    this.#decoder = new HpackDecoder(tableBytes);
  }

  /** `theirs` and `ours` are the table sizes that the client and we announce. */
  static async open(t: TestContext, theirs: number, ours: number): Promise<Opposite> {
    const [end, other] = streamPair();
    const peer = new FramePeer(other.asSocket, true, PREFACE.length);
    const session = connect('http://a.test', {
      createConnection: () => end,
      settings: { headerTableSize: theirs },
    });
    atEnd(t, () => session.destroy());
    session.on('error', () => {});
    const opposite = new Opposite(session, peer, ours);
    await opposite.announce(ours);
    await peer.frame(FRAME.settings);
    return opposite;
  }

  /** Announces a table size to the client; resolves when it has taken note. */
  async announce(bytes: number): Promise<void> {
    const noted = once(this.session, 'remoteSettings');
    await this.#peer.send(settings([HEADER_TABLE_SIZE, bytes]));
    await noted;
  }

  /** Has the client announce a table size. */
  async hearAnnounced(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => this.session.settings({ headerTableSize: bytes }, () => resolve()));
  }

  /** Sends a request and answers it: what we read of it, and what the client reads of the answer. */
  async exchange(request: OutgoingHttpHeaders, answer: readonly string[]) {
    const stream = this.session.request(request, { endStream: true });
    const response = once(stream, 'response');
    const { id, lines } = await this.#readRequest(stream);
    const block = this.encoder.encode(answer);
    await this.#peer.send(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, block));
    const [, , raw] = await response;
    stream.resume();
    return { request: lines, answer: raw as string[] };
  }

  async #readRequest(stream: ClientHttp2Stream) {
    const blocks: Buffer[] = [];
    const isWhole = () => {
      for (; this.#read < this.#peer.frames.length; this.#read++) {
        const one = this.#peer.frames[this.#read] as Frame;
        if (one.type === FRAME.settings) this.#takeSettings(one);
        if (one.type !== FRAME.headers && one.type !== FRAME.continuation) continue;
        blocks.push(withoutPriority(one));
        if ((one.flags & FLAG.endHeaders) === 0) continue;
        this.#read++;
        return true;
      }
      return false;
    };
    await this.#peer.until('a request', isWhole);
    const block = Buffer.concat(blocks);
    return { id: stream.id as number, lines: this.#decoder.decode(block, 0, block.length, LIMIT_BYTES) };
  }

  #takeSettings({ flags, payload }: Frame): void {
    if ((flags & FLAG.ack) !== 0) return;
    for (let at = 0; at < payload.length; at += 6)
      if (payload.readUInt16BE(at) === HEADER_TABLE_SIZE) this.encoder.resize(payload.readUInt32BE(at + 2));
  }
}

/** RFC 9113 §6.2: with the flag, five octets of priority come before the block. */
function withoutPriority({ type, flags, payload }: Frame): Buffer {
  return type === FRAME.headers && (flags & FLAG.priority) !== 0 ? payload.subarray(5) : payload;
}

// Tab, visible octets and those above 127: what a field value may be made of, without space at its ends.
const unit = fc
  .oneof({ weight: 12, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) }, fc.integer({ min: 0x80, max: 0xff }))
  .map((code) => String.fromCharCode(code));
const anyValue = fc.string({ unit, maxLength: 60 });
const words = fc.array(fc.constantFrom('gzip', 'text/html', 'no-cache', 'max-age=3600', 'a b', 'x\ty'), {
  maxLength: 4,
});
const value = fc.oneof(
  { weight: 5, arbitrary: words.map((some) => some.join(', ')) },
  { weight: 2, arbitrary: anyValue },
  { weight: 1, arbitrary: fc.nat(20).map((count) => 'long '.repeat(count * 20).trim()) },
);
const name = fc.oneof(
  fc.constantFrom('accept', 'cache-control', 'date', 'etag', 'location', 'user-agent', 'vary', 'via', 'set-cookie'),
  fc.nat(40).map((count) => `x-name-${count}`),
  fc.string({ unit: fc.constantFrom(...'abcxyz019-_~!#'), maxLength: 20 }).map((text) => `y${text}`),
);
const lines = fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one, maxLength: 10 });
const round = fc.record({
  lines,
  answer: lines,
  path: fc.nat(30).map((count) => `/path/${count}`),
  status: fc.constantFrom('200', '204', '304', '302', '404', '503'),
  secret: fc.boolean(),
});

function sampleRounds() {
  const rounds = fc.sample(round, ROUNDS);
  // Every third round is one before it again: that is when the tables and the memories count.
  return rounds.map((one, index) => (index % 3 === 2 ? (rounds[index - 1 - (index % 2)] ?? one) : one));
}

type Round = ReturnType<typeof sampleRounds>[number];

async function check(opposite: Opposite, one: Round): Promise<void> {
  const answer = answers.get(one) ?? [':status', one.status, ...one.answer.flat()];
  answers.set(one, answer);
  const request: OutgoingHttpHeaders = {
    ':method': 'HEAD',
    ':scheme': 'http',
    ':authority': 'a.test',
    ':path': one.path,
    ...Object.fromEntries(one.lines),
    ...(one.secret && { authorization: `Basic ${one.path}`, [sensitiveHeaders]: ['authorization'] }),
  };
  const seen = await opposite.exchange(request, answer);
  const sent = Object.entries(request).flatMap(([key, text]) => [key, String(text)]);
  assert.deepEqual(seen, { request: sent, answer });
}

/** The array of each round, the same each time it comes. */
const answers = new WeakMap<Round, readonly string[]>();

for (const [theirs, ours] of [
  [4096, 4096],
  [64, 64],
  [0, 0],
  [65_536, 65_536],
  [200, 300],
] as const)
  test(`HPACK and nghttp2 read each other with tables of ${theirs} and ${ours} octets`, async (t) => {
    const opposite = await Opposite.open(t, theirs, ours);
    for (const one of sampleRounds()) await check(opposite, one);
  });

test('HPACK and nghttp2 read each other while the sizes of the tables change', async (t) => {
  const opposite = await Opposite.open(t, 4096, 4096);
  const sizes = [0, 64, 4096, 100, 1000, 4096, 0, 4096, 300];
  for (const [index, one] of sampleRounds().entries()) {
    if (index % 10 === 3) await opposite.announce(sizes[((index / 10) % sizes.length) | 0] ?? 0);
    if (index % 10 === 7) await opposite.hearAnnounced(sizes[((index / 10) | 0) % sizes.length] ?? 0);
    // Two changes between two blocks are told as the lowest and the last (RFC 7541 §4.2).
    if (index % 50 === 20) for (const bytes of [0, 4096]) await opposite.announce(bytes);
    if (index % 50 === 40) for (const bytes of [0, 4096]) await opposite.hearAnnounced(bytes);
    await check(opposite, one);
  }
});
