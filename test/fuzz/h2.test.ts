// HTTP/2 connections of right, mutated and random frames, cut anywhere: all of them end or go on, none does harm upstream.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { InboundSession } from '../../src/h2/inbound-session.ts';
import { DEFAULT_SESSION_LIMITS } from '../../src/h2/limits.ts';
import { systemClock } from '../../src/util/clock.ts';
import { serve } from '../h2/_serve.ts';
import { testExchange } from '../kit/exchange.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { FakeConnection, turn } from '../kit/fake-connection.ts';
import {
  type Fields,
  FLAG,
  FRAME,
  FramePeer,
  fieldBlock,
  frame,
  headers,
  number32,
  PREFACE,
  readFrames,
  requestFields,
  settings,
} from '../kit/h2-frames.ts';
import { RecordingHost } from '../kit/play-requests.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';

/** A run that fails hangs for a while: it is not made smaller for longer than this. */
const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300), interruptAfterTimeLimit: 60_000 };
const LIMIT = { timeout: 300_000 };
/**
 * Turns of the event loop in which a connection must have ended or answered, and the time that they must take at least: on a
 * busy machine the system may carry nothing over loopback for thousands of them.
 */
const TURNS = 3_000;
const TURNS_MS = 20_000;

/** A step of a client: frames by the number of requests that went before, each with a name of its own. */
type Step = (request: number) => readonly Buffer[];

const idOf = (request: number): number => 1 + 2 * request;
const named = (request: number, more: Fields = []): Fields => [['x-request', String(request)], ...more];

/** A request with as much content as there are pieces, padded or not, with trailers or without. */
const request = fc
  .record({
    pieces: fc.array(fc.nat(300), { maxLength: 4 }),
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS'),
    hasLength: fc.boolean(),
    hasTrailers: fc.boolean(),
    isPadded: fc.boolean(),
    isCut: fc.boolean(),
    path: fc.constantFrom('/', '/large', '/none', '/a%20b?c=d', '*'),
  })
  .map(
    (one): Step =>
      (index) => {
        const stream = idOf(index);
        const size = one.pieces.reduce((sum, piece) => sum + piece, 0);
        const length: Fields = one.hasLength ? [['content-length', String(size)]] : [];
        const fields = requestFields(one.method, one.path, named(index, length));
        if (one.pieces.length === 0) return [headers(stream, fields)];
        const block = fieldBlock(fields);
        const head = one.isCut
          ? [
              frame(FRAME.headers, 0, stream, block.subarray(0, 20)),
              frame(FRAME.continuation, 4, stream, block.subarray(20)),
            ]
          : [headers(stream, fields, 0)];
        const content = one.pieces.map((piece, at) => {
          const isEnd = !one.hasTrailers && at === one.pieces.length - 1;
          const flags = (isEnd ? FLAG.endStream : 0) | (one.isPadded ? FLAG.padded : 0);
          const bytes = Buffer.alloc(piece, 'b');
          return frame(
            FRAME.data,
            flags,
            stream,
            one.isPadded ? Buffer.concat([Buffer.from([3]), bytes, Buffer.alloc(3)]) : bytes,
          );
        });
        return [...head, ...content, ...(one.hasTrailers ? [headers(stream, [['x-sum', '1']])] : [])];
      },
  );

const small = fc.nat(6);
const anyType = fc.nat(12);
const anyFlags = fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 9, 0x20, 0x2c), fc.nat(255));
const payload = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

/** Mostly one that is allowed. */
const increment = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2 ** 31 - 1) },
);

/** Frames that are mostly allowed, of streams that are there or were. */
const allowed: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>(() => [frame(FRAME.ping, 0, 0, '12345678')]),
  fc.constant<Step>(() => [frame(0xbb, 0xff, 5, 'grease')]),
  fc.constant<Step>(() => [frame(FRAME.priority, 0, 9, '12345')]),
  fc.constantFrom(0, 1, 100, 65_535, 1_000_000).map(
    (size): Step =>
      () => [settings([4, size])],
  ),
  fc.constantFrom(0, 64, 4096).map(
    (size): Step =>
      () => [settings([1, size], [0xff, 1])],
  ),
  fc.tuple(small, increment).map(
    ([back, size]): Step =>
      (index) => [frame(FRAME.window, 0, back === 0 ? 0 : idOf(Math.max(0, index - back)), number32(size))],
  ),
  small.map(
    (back): Step =>
      (index) => [frame(FRAME.reset, 0, idOf(Math.max(0, index - 1 - back)), number32(8))],
  ),
);

/** Anything at all. */
const random: fc.Arbitrary<Step> = fc
  .tuple(
    anyType,
    anyFlags,
    fc.oneof(fc.constant(0), fc.nat(12)),
    payload,
    fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(20_000) }),
  )
  .map(
    ([type, flags, stream, bytes, announced]): Step =>
      () => [frame(type, flags, stream, bytes, announced)],
  );

/** A good step with octets changed, frames left out, or told twice. */
const mutated: fc.Arbitrary<Step> = fc
  .tuple(
    fc.oneof(request, allowed),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 }),
    fc.nat(5),
  )
  .map(
    ([step, changes, how]): Step =>
      (index) => {
        const frames = step(index);
        if (how === 0) return frames.slice(1);
        if (how === 1) return [...frames, ...frames.slice(-1)];
        const bytes = Buffer.concat(frames);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return [bytes];
      },
  );

const script = fc.array(
  fc
    .oneof(
      { weight: 6, arbitrary: request },
      { weight: 4, arbitrary: allowed },
      { weight: 1, arbitrary: mutated },
      { weight: 1, arbitrary: random },
    )
    .map(printable),
  { minLength: 1, maxLength: 12 },
);
const cuts = fc.array(fc.nat(3_000), { maxLength: 6 });

/** Shows a step of a counterexample as the frames that it is as the first one. */
function printable(step: Step): Step {
  return Object.assign((index: number) => step(index), {
    [fc.toStringMethod]: () =>
      readFrames(Buffer.concat(step(0)))
        .map(({ type, flags, stream, payload: content }) => `${type} ${flags} ${stream} ${content.toString('hex')}`)
        .join('; '),
  });
}

function bytesOf(steps: readonly Step[]): Buffer {
  return Buffer.concat(steps.flatMap((step, index) => step(index)));
}

test(
  'whatever a client sends: its connection ends or goes on, and only whole requests go upstream',
  LIMIT,
  async (t) => {
    const upstream = await startUpstream(
      t,
      answering(({ target, body }) => {
        if (target === '/none') return 'HTTP/1.1 204 No Content\r\n\r\n';
        return okResponse(target === '/large' ? 'y'.repeat(100_000) : String(body.length));
      }),
    );
    const sites = { '*': { proxy: upstream.origin, rewrite: 'off', log: 'off' } };
    const clock = new FakeClock();
    const { port, server } = await serve(t, upstream.origin, { sites }, { clock });
    let seen = 0;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(script, cuts, async (steps, at) => {
        const bytes = Buffer.concat([settings(), bytesOf(steps), frame(FRAME.ping, 0, 0, 'are-you?')]);
        const client = new FramePeer(connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }), false);
        try {
          for (const piece of cutAt(Buffer.concat([PREFACE, bytes]), at)) {
            void client.send(piece);
            await turn();
          }
          const isAnswered = () =>
            client.frames.some((one) => one.type === FRAME.ping && one.payload.equals(Buffer.from('are-you?')));
          const whole = readFrames(bytes).reduce((sum, one) => sum + 9 + one.payload.length, 0);
          // A frame that is longer than what came swallows the PING: only then is there nothing to answer.
          if (whole === bytes.length) await settle('an answer or the end', () => isAnswered() || client.isClosed);
          if (isAnswered()) answered++;
          client.socket.end();
          await settle(
            'the end',
            () => client.isClosed,
            () => clock.advance(1_000),
          );
        } finally {
          client.socket.destroy();
        }
        checkAnswers(client);
        // Nothing came twice, or was made of two.
        const requests = upstream.requests.slice(seen);
        seen = upstream.requests.length;
        for (const { headers: lines, target, trailers } of requests) {
          assert.equal(lines.getAll('host').length, 1);
          assert.match(target, /^(?:\/[!-~]*|\*)$/);
          assert.ok(trailers === undefined || [...trailers.lines].length <= 1);
        }
      }),
      RUNS,
    );
    t.diagnostic(`${answered} connections of ${RUNS.numRuns} went on, ${seen} requests came through`);
    // The scripts are no mere noise.
    assert.ok(answered > RUNS.numRuns / 4 && seen > RUNS.numRuns / 2);
    await settle(
      'the exchanges',
      () => server.status().exchanges === 0,
      () => clock.advance(1_000),
    );
  },
);

test('the same bytes have the same effect however they are cut', LIMIT, async () => {
  await fc.assert(
    fc.asyncProperty(script, cuts, async (steps, at) => {
      const bytes = Buffer.concat([PREFACE, settings(), bytesOf(steps)]);
      const whole = await play([bytes]);
      assert.deepEqual(await play(cutAt(bytes, at)), whole);
      assert.deepEqual(
        await play(
          cutAt(
            bytes,
            Array.from({ length: 300 }, (_, index) => index),
          ),
        ),
        whole,
      );
    }),
    RUNS,
  );
});

/** What the pieces come to in memory: what the host saw, and the frames that were sent, stream by stream. */
async function play(pieces: readonly Buffer[]): Promise<object> {
  const events: string[] = [];
  const connection = new FakeConnection();
  const facts = { ...testExchange().connection, protocol: 'h2' as const };
  const host = new RecordingHost(events);
  let gone = 0;
  const limits = { ...DEFAULT_SESSION_LIMITS, bodyBytes: 700 };
  const session = new InboundSession(connection.asConnection, facts, host, limits, () => gone++);
  for (const piece of pieces) connection.receive(piece);
  await turn();
  connection.receiveEnd();
  session.destroy();
  connection.destroy();
  await turn();
  assert.equal(gone, 1);
  assert.equal(session.isBusy, false);
  const frames = connection.frames.map(
    ({ type, flags, stream, payload: content }) => `${stream} ${type} ${flags} ${content.toString('latin1')}`,
  );
  return { events, frames };
}

/** The sizes of frames that have but one. */
const SIZES = new Map<number, number>([
  [FRAME.reset, 4],
  [FRAME.ping, 8],
  [FRAME.goaway, 8],
  [FRAME.window, 4],
]);

/** What we send is right, whatever we got: no frame behind the end of its stream, no answer that was not asked for. */
function checkAnswers(client: FramePeer): void {
  const ended = new Set<number>();
  for (const { type, flags, stream, payload: content } of client.frames) {
    assert.ok(content.length <= 16_384);
    const size = SIZES.get(type);
    assert.ok(size === undefined || size === content.length, `a frame of type ${type} of ${content.length} octets`);
    if (stream === 0) continue;
    assert.equal(stream % 2, 1);
    if (type === FRAME.window) continue;
    assert.ok(type === FRAME.reset || !ended.has(stream), `a frame behind the end of stream ${stream}`);
    if (type === FRAME.reset || (type <= FRAME.headers && (flags & FLAG.endStream) !== 0)) ended.add(stream);
  }
}

function cutAt(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...places]
    .map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
    .filter((piece) => piece.length > 0);
}

/** Lets the event loop turn until something holds; `between` is called in each turn. */
async function settle(what: string, isThere: () => boolean, between: () => void = () => {}): Promise<void> {
  const startMs = systemClock.now();
  for (let count = 0; !isThere(); count++) {
    assert.ok(count < TURNS || systemClock.now() - startMs < TURNS_MS, `waited in vain for ${what}`);
    if (count > 50) between();
    await turn();
  }
}
