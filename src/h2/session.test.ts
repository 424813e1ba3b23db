// Sessions and their streams over a connection in memory: windows to the octet, turns, wake-ups, credit, and single ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FakeConnection, turn } from '../../test/kit/fake-connection.ts';
import {
  CODE,
  FLAG,
  FRAME,
  frame,
  getFields,
  headers,
  number32,
  PREFACE,
  requestFields,
  settings,
} from '../../test/kit/h2-frames.ts';
import { DEFAULT_WINDOW_BYTES, FRAME_BYTES } from './frames.ts';
import type { PeerSettings } from './peer-settings.ts';
import { Session, type SessionUser } from './session.ts';
import type { Stream, StreamUser } from './stream.ts';

const STREAM_WINDOW = 128 * 1024;
const CONNECTION_WINDOW = 1024 * 1024;
const WRITE_TIMEOUT_MS = 10_000;
const ENDLESS = { burst: 1e9, perSecond: 1e9 };
const HEAD = [':status', '200'];

/** What one stream heard. */
class StreamLog implements StreamUser {
  readonly stream: Stream;
  readonly heard: string[] = [];
  received = 0;
  drained: (() => void) | undefined = undefined;
  onDataHook: ((bytes: Buffer) => void) | undefined = undefined;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  onHeaders(): void {
    this.heard.push('headers');
  }

  onData(bytes: Buffer): void {
    this.received += bytes.length;
    this.onDataHook?.(bytes);
  }

  onEnd(): void {
    this.heard.push('end');
  }

  onMoved(): void {}

  onDrained(): void {
    this.drained?.();
  }

  onEndSent(): void {
    this.heard.push('sent');
  }

  onClosed(code: number): void {
    this.heard.push(`closed ${code}`);
  }
}

/** A server's session with its client's frames at hand. */
class Bench implements SessionUser {
  readonly connection = new FakeConnection();
  readonly streams: StreamLog[] = [];
  readonly heard: string[] = [];
  readonly session: Session;
  onStreamHook: ((log: StreamLog) => void) | undefined = undefined;

  constructor() {
    this.session = new Session(this.connection.asConnection, this, {
      role: 'server',
      headBytes: 10_000,
      concurrentStreams: 100,
      streamWindowBytes: STREAM_WINDOW,
      connectionWindowBytes: CONNECTION_WINDOW,
      writeTimeoutMs: WRITE_TIMEOUT_MS,
      controlFrames: ENDLESS,
      brokenStreams: ENDLESS,
    });
    this.connection.receive(PREFACE, settings());
  }

  onStream(stream: Stream): void {
    const log = new StreamLog(stream);
    stream.user = log;
    this.streams.push(log);
    this.onStreamHook?.(log);
  }

  onSettings({ maxConcurrentStreams, enableConnectProtocol }: PeerSettings): void {
    this.heard.push(`settings ${maxConcurrentStreams} ${enableConnectProtocol}`);
  }

  onHttp1Required(): void {}

  onGoaway(): void {}

  onEnd(): void {
    this.heard.push('end');
  }

  onStalled(): void {
    this.heard.push('stalled');
  }

  onFailure(code: number): void {
    this.heard.push(`failed ${code}`);
  }

  onClosed(): void {
    this.heard.push('closed');
  }

  receive(...frames: readonly Buffer[]): void {
    this.connection.receive(...frames);
  }

  /** Opens streams 1, 3, 5 …; their requests are whole unless told otherwise. */
  open(count: number, isWhole = true): readonly StreamLog[] {
    const first = this.streams.length;
    for (let index = first; index < first + count; index++)
      this.receive(isWhole ? headers(1 + 2 * index, getFields()) : headers(1 + 2 * index, requestFields('POST'), 0));
    return this.streams.slice(first);
  }

  /** Content that was sent on a stream. */
  content(stream: number): Buffer {
    return Buffer.concat(
      this.connection.frames
        .filter((one) => one.type === FRAME.data && one.stream === stream)
        .map((one) => one.payload),
    );
  }

  /** What the client may send more, since the beginning: on a stream, or, with 0, on the connection. */
  credit(stream: number): number {
    return this.connection.frames
      .filter((one) => one.type === FRAME.window && one.stream === stream)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  }

  resets(): readonly string[] {
    return this.connection.frames
      .filter(({ type }) => type === FRAME.reset)
      .map(({ stream, payload }) => `${stream} ${payload.readUInt32BE(0)}`);
  }

  goaways(): readonly number[] {
    return this.connection.frames
      .filter(({ type }) => type === FRAME.goaway)
      .map(({ payload }) => payload.readUInt32BE(4));
  }
}

const window = (stream: number, size: number): Buffer => frame(FRAME.window, 0, stream, number32(size));
const data = (stream: number, size: number, flags = 0): Buffer => frame(FRAME.data, flags, stream, Buffer.alloc(size));

/** Sends all of `content` on a stream, chunk by chunk, as it drains. */
function sendAll(log: StreamLog, content: Buffer, chunkBytes: number, released: { count: number }): number {
  let start = 0;
  let chunks = 0;
  const advance = (): void => {
    while (start < content.length) {
      const chunk = content.subarray(start, start + chunkBytes);
      start += chunk.length;
      chunks++;
      if (!log.stream.sendData(chunk, () => released.count++)) return;
    }
    log.stream.sendEnd();
  };
  log.drained = () => {
    if (!log.stream.hasEnded) advance();
  };
  log.stream.sendHead(HEAD, false);
  advance();
  return chunks;
}

describe('what we send', () => {
  test('any order of windows, settings and stalls: never more than allowed, never less, all of it in the end', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('stream' as const), index: fc.nat(3), size: fc.integer({ min: 1, max: 40_000 }) }),
      fc.record({ kind: fc.constant('connection' as const), size: fc.integer({ min: 1, max: 90_000 }) }),
      fc.record({ kind: fc.constant('initial' as const), size: fc.integer({ min: 0, max: 70_000 }) }),
      fc.record({ kind: fc.constantFrom('block' as const, 'take' as const) }),
    );
    const sizes = fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 4, maxLength: 4 });
    const chunks = fc.array(fc.constantFrom(1_000, 16_384, 65_536, 200_000), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, chunks, fc.array(step, { maxLength: 30 }), async (bodies, chunkBytes, steps) => {
        const bench = new Bench();
        const { connection } = bench;
        const contents = bodies.map((size, index) =>
          Buffer.alloc(size, index + 1).map((octet, at) => octet ^ (at % 251)),
        );
        const logs = bench.open(4);
        const released = contents.map(() => ({ count: 0 }));
        logs.forEach((log, index) => {
          sendAll(log, Buffer.from(contents[index] ?? []), chunkBytes[index] ?? 1, released[index] ?? { count: 0 });
        });
        // The client's books.
        let initial = DEFAULT_WINDOW_BYTES;
        let connectionCredit = DEFAULT_WINDOW_BYTES;
        const credit = bodies.map(() => DEFAULT_WINDOW_BYTES);
        const sizes = bodies.map(() => 0);
        const most = bodies.map(() => 0);
        let wasBlocking = false;
        const check = async (): Promise<void> => {
          await turn();
          const sent = bodies.map((_, index) => bench.content(1 + 2 * index).length);
          const left = connectionCredit - sent.reduce((sum, size) => sum + size, 0);
          assert.ok(left >= 0, 'more than the window of the connection');
          sent.forEach((size, index) => {
            // What was collected before the peer lowered the window still goes out.
            const before = wasBlocking ? most[index] : sizes[index];
            assert.ok(size <= Math.max(credit[index] ?? 0, before ?? 0), 'more than the window of the stream');
            most[index] = Math.max(most[index] ?? 0, credit[index] ?? 0);
            sizes[index] = size;
            // Nothing is stuck: what is allowed has gone out.
            if (!connection.isBlocking && left > 0) assert.ok(size >= Math.min(bodies[index] ?? 0, credit[index] ?? 0));
          });
          wasBlocking = connection.isBlocking;
        };
        await check();
        for (const one of steps) {
          if (one.kind === 'stream') {
            credit[one.index] = (credit[one.index] ?? 0) + one.size;
            bench.receive(window(1 + 2 * one.index, one.size));
          } else if (one.kind === 'connection') {
            connectionCredit += one.size;
            bench.receive(window(0, one.size));
          } else if (one.kind === 'initial') {
            credit.forEach((size, index) => {
              credit[index] = size + one.size - initial;
            });
            initial = one.size;
            bench.receive(settings([4, one.size]));
          } else if (one.kind === 'block') {
            connection.isBlocking = true;
          } else {
            connection.isBlocking = false;
            connection.take();
          }
          await check();
        }
        connection.isBlocking = false;
        connection.take();
        bench.receive(window(0, 2 ** 30), ...bodies.map((_, index) => window(1 + 2 * index, 2 ** 30)));
        await turn();
        contents.forEach((content, index) => {
          const stream = 1 + 2 * index;
          assert.ok(bench.content(stream).equals(content), `content of stream ${stream}`);
          const frames = connection.frames.filter((one) => one.stream === stream && one.type <= FRAME.headers);
          const ends = frames.map(({ flags }) => (flags & FLAG.endStream) !== 0);
          assert.equal(ends.indexOf(true), frames.length - 1, 'END_STREAM on the last frame alone');
          assert.equal(released[index]?.count, Math.ceil(content.length / (chunkBytes[index] ?? 1)));
          assert.deepEqual(logs[index]?.heard, ['sent', 'closed 0']);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('streams that wait take turns, a frame each', async () => {
    const bench = new Bench();
    const { connection } = bench;
    const logs = bench.open(4);
    bench.receive(window(0, 2 ** 30), ...logs.map(({ stream }) => window(stream.id, 2 ** 30)));
    await turn();
    connection.isBlocking = true;
    for (const log of logs) sendAll(log, Buffer.alloc(300_000, log.stream.id), 300_000, { count: 0 });
    const sizes = new Map(logs.map(({ stream }) => [stream.id, 0]));
    await turn();
    for (let round = 0; connection.bytesWaiting > 0; round++) {
      assert.ok(round < 500);
      connection.take();
      await turn();
      for (const { stream } of logs) sizes.set(stream.id, bench.content(stream.id).length);
      const [first = 0, ...others] = [...sizes.values()].filter((size) => size < 300_000);
      if (others.length < 3) continue;
      assert.ok(Math.max(...others) - Math.min(...others) <= FRAME_BYTES, `${others.join(' ')}`);
      // The first got what there was room for before anybody waited, and goes on while the others send their heads.
      assert.ok(Math.abs(first - Math.min(...others)) <= 11 * FRAME_BYTES, `${first}, ${others.join(' ')}`);
    }
    assert.deepEqual([...sizes.values()], [300_000, 300_000, 300_000, 300_000]);
  });

  test('a stream with a window of its own is not held up by those without', async () => {
    const bench = new Bench();
    const logs = bench.open(3);
    bench.receive(settings([4, 0]), window(5, 1000));
    for (const log of logs) sendAll(log, Buffer.alloc(1000), 1000, { count: 0 });
    await turn();
    assert.deepEqual(
      [1, 3, 5].map((id) => bench.content(id).length),
      [0, 0, 1000],
    );
    bench.receive(window(3, 1000));
    await turn();
    assert.deepEqual(
      [1, 3, 5].map((id) => bench.content(id).length),
      [0, 1000, 1000],
    );
    bench.receive(settings([4, 5]));
    await turn();
    assert.equal(bench.content(1).length, 5);
  });

  test('a window below 0 opens when it is above 0 again (RFC 9113 §6.9.2)', async () => {
    const bench = new Bench();
    const [log] = bench.open(1);
    assert.ok(log !== undefined);
    bench.receive(settings([4, 100]));
    sendAll(log, Buffer.alloc(1000), 1000, { count: 0 });
    bench.receive(settings([4, 10]));
    assert.equal(log.stream.sendWindow, -90);
    bench.receive(window(1, 90));
    await turn();
    assert.equal(bench.content(1).length, 100);
    bench.receive(window(1, 1));
    await turn();
    assert.equal(bench.content(1).length, 101);
    bench.receive(settings([4, 909]));
    await turn();
    assert.equal(bench.content(1).length, 1000);
    assert.equal(log.stream.isClosed, true);
  });

  test('of a parameter that is repeated in one SETTINGS the last value counts', async () => {
    const bench = new Bench();
    const [log] = bench.open(1);
    bench.receive(settings([4, 0], [3, 7], [4, 2 ** 31 - 1], [8, 1], [4, 100], [3, 5]));
    assert.equal(log?.stream.sendWindow, 100);
    assert.deepEqual(bench.heard, ['settings Infinity false', 'settings 5 true']);
    bench.receive(settings());
    assert.equal(log?.stream.sendWindow, 100);
    const [next] = bench.open(1);
    assert.equal(next?.stream.sendWindow, 100);
    // A frame of it costs about as much as reading it, however many streams are open.
    bench.open(90);
    const full = settings(...Array.from({ length: 2_730 }, (_, index): [number, number] => [4, index % 100]));
    let changes = 0;
    for (const { stream } of bench.streams) {
      let sendWindow = stream.sendWindow;
      Object.defineProperty(stream, 'sendWindow', {
        get: () => sendWindow,
        set(value: number) {
          sendWindow = value;
          changes++;
        },
      });
    }
    bench.receive(full);
    assert.equal(changes, bench.streams.length);
    await turn();
    assert.deepEqual(bench.goaways(), []);
  });

  test('heads wait for a connection that is congested, and go out ahead of their content', async () => {
    const bench = new Bench();
    const { connection } = bench;
    const logs = bench.open(3);
    bench.receive(window(0, 2 ** 30), window(1, 2 ** 30));
    await turn();
    connection.isBlocking = true;
    logs[0]?.stream.sendHead(HEAD, false);
    assert.equal(logs[0]?.stream.sendData(Buffer.alloc(400_000), undefined), false);
    logs[1]?.stream.sendHead([':status', '103'], false);
    logs[1]?.stream.sendHead(HEAD, false);
    assert.equal(logs[1]?.stream.sendData(Buffer.from('abc'), undefined), false);
    logs[1]?.stream.sendEnd();
    logs[2]?.stream.sendHead(HEAD, true);
    assert.deepEqual(logs[2]?.heard, []);
    for (let round = 0; connection.bytesWaiting > 0 && round < 100; round++) {
      connection.take();
      await turn();
    }
    const types = (id: number) => connection.frames.filter(({ stream }) => stream === id).map(({ type }) => type);
    assert.deepEqual(types(3).slice(0, 3), [1, 1, 0]);
    assert.equal(bench.content(3).toString(), 'abc');
    assert.deepEqual(types(5), [1]);
    assert.deepEqual(logs[1]?.heard, ['sent', 'closed 0']);
    assert.deepEqual(logs[2]?.heard, ['sent', 'closed 0']);
  });

  const CUTS: readonly (readonly [name: string, cut: (bench: Bench, log: StreamLog) => void])[] = [
    ['the client resets it', (bench) => bench.receive(frame(FRAME.reset, 0, 1, number32(8)))],
    ['it is reset', (_, log) => log.stream.reset(CODE.cancel)],
    ['the session ends', (bench) => bench.session.end(CODE.cancel, 'test')],
    ['the connection is gone', (bench) => bench.connection.destroy()],
  ];
  for (const [name, cut] of CUTS) {
    test(`what waits is released once when ${name}`, async () => {
      const bench = new Bench();
      const [log] = bench.open(1);
      assert.ok(log !== undefined);
      let released = 0;
      assert.equal(
        log.stream.sendData(Buffer.alloc(100_000), () => released++),
        false,
      );
      assert.equal(released, 0);
      cut(bench, log);
      await turn();
      assert.equal(released, 1);
      assert.deepEqual(log.heard, ['closed 8']);
      // Whoever has not heard yet writes into nothing.
      assert.equal(
        log.stream.sendData(Buffer.alloc(10), () => released++),
        true,
      );
      log.stream.sendHead(HEAD, true);
      log.stream.sendEnd();
      log.stream.reset(CODE.cancel);
      log.stream.consumed(5);
      assert.equal(released, 2);
      assert.deepEqual(log.heard, ['closed 8']);
    });
  }

  test('a release that ends the stream is not called again', () => {
    const bench = new Bench();
    const [log] = bench.open(1);
    assert.ok(log !== undefined);
    let released = 0;
    log.stream.sendData(Buffer.alloc(DEFAULT_WINDOW_BYTES + 10), () => {
      released++;
      log.stream.reset(CODE.cancel);
    });
    bench.receive(window(0, 10), window(1, 10));
    assert.equal(released, 1);
    assert.deepEqual(log.heard, ['closed 8']);
  });
});

describe('what we receive', () => {
  test('both windows are given back whatever becomes of the content', async () => {
    const padded = frame(FRAME.data, FLAG.padded, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]));
    const kinds: readonly (readonly [name: string, take: (log: StreamLog, bytes: Buffer) => void])[] = [
      ['taken', ({ stream }, bytes) => stream.consumed(bytes.length)],
      ['kept', () => {}],
      ['reset', ({ stream }) => stream.reset(CODE.cancel)],
    ];
    for (const [name, take] of kinds) {
      const bench = new Bench();
      await turn();
      let sent = 0;
      bench.onStreamHook = (log) => {
        log.onDataHook = (bytes) => take(log, bytes);
      };
      for (let index = 0; index < 150; index++) {
        const stream = 1 + 2 * index;
        bench.receive(headers(stream, requestFields('POST'), 0), data(stream, FRAME_BYTES), data(stream, 100));
        sent += FRAME_BYTES + 100;
        if (index === 0) {
          bench.receive(padded);
          sent += 256;
        }
        await turn();
        const credit = DEFAULT_WINDOW_BYTES + bench.credit(0) - sent;
        assert.ok(credit >= CONNECTION_WINDOW / 2 - 1, `${name}: ${credit} octets left on the connection`);
        if (name === 'taken' && index > 0) bench.streams[index]?.stream.reset(CODE.none);
        if (name === 'kept') bench.receive(frame(FRAME.reset, 0, stream, number32(8)));
      }
      assert.deepEqual(bench.goaways(), []);
    }
  });

  test('a stream gets as much credit as was taken, padding included, and none behind its end', async () => {
    const bench = new Bench();
    const [log] = bench.open(1, false);
    assert.ok(log !== undefined);
    const padding = Buffer.concat([Buffer.from([255]), Buffer.alloc(255 + 1000)]);
    for (let sent = 0; sent < 60_000; sent += 1256) bench.receive(frame(FRAME.data, FLAG.padded, 1, padding));
    assert.equal(log.received, 48_000);
    await turn();
    assert.equal(bench.credit(1), 0);
    log.stream.consumed(48_000);
    assert.equal(log.stream.isClosed, false);
    for (let sent = 0; sent < 60_000; sent += 10_000) bench.receive(data(1, 10_000));
    log.stream.consumed(60_000);
    await turn();
    assert.equal(bench.credit(1), 48 * 1256 + 60_000);
    for (let sent = 0; sent < 70_000; sent += 10_000) bench.receive(data(1, 10_000));
    bench.receive(data(1, 100, FLAG.endStream));
    log.stream.consumed(70_100);
    bench.receive(window(1, 5));
    await turn();
    assert.equal(bench.credit(1), 48 * 1256 + 60_000);
    assert.deepEqual(log.heard, ['end']);
  });

  test('one octet more than the window of the stream resets it, of the connection ends it (RFC 9113 §6.9.1)', async () => {
    const bench = new Bench();
    bench.open(1, false);
    for (let sent = 0; sent < STREAM_WINDOW; sent += FRAME_BYTES) bench.receive(data(1, FRAME_BYTES));
    bench.receive(data(1, 1));
    await turn();
    assert.deepEqual(bench.resets(), ['1 3']);
    assert.deepEqual(bench.goaways(), []);
    // What was on its way to a stream that we reset is read over.
    bench.receive(data(1, 10), headers(1, [['x', 'y']]));
    await turn();
    assert.deepEqual(bench.goaways(), []);
  });

  test('a reset in the middle of a callback leaves nothing behind', async () => {
    for (const flags of [0, FLAG.endStream]) {
      const bench = new Bench();
      bench.onStreamHook = (log) => {
        log.onDataHook = () => log.stream.reset(CODE.cancel);
      };
      bench.open(1, false);
      bench.receive(data(1, 100, flags));
      await turn();
      assert.deepEqual(bench.streams[0]?.heard, ['closed 8']);
      assert.deepEqual(bench.resets(), ['1 8']);
    }
  });

  test('the session may be ended in any callback, and everybody hears it once', async () => {
    const ends: readonly ((bench: Bench) => void)[] = [
      (bench) => bench.session.end(CODE.cancel, 'test'),
      (bench) => bench.connection.destroy(),
    ];
    for (const end of ends) {
      for (const place of ['stream', 'data', 'drained'] as const) {
        const bench = new Bench();
        const [first] = bench.open(1);
        bench.onStreamHook = (log) => {
          if (place === 'stream') end(bench);
          log.onDataHook = () => {
            if (place === 'data') end(bench);
          };
          log.drained = () => {
            if (place === 'drained') end(bench);
          };
        };
        first?.stream.sendData(Buffer.alloc(70_000), undefined);
        bench.receive(headers(3, requestFields('POST'), 0));
        bench.streams[1]?.stream.sendHead(HEAD, false);
        bench.streams[1]?.stream.sendData(Buffer.alloc(1), undefined);
        bench.receive(data(3, 10), window(0, 1000), window(1, 100_000), data(3, 10, FLAG.endStream));
        await turn();
        bench.connection.destroy();
        await turn();
        for (const { heard, stream } of bench.streams) {
          assert.equal(heard.filter((one) => one.startsWith('closed')).length, 1, `stream ${stream.id} at ${place}`);
          assert.equal(stream.isClosed, true);
        }
        assert.equal(bench.heard.filter((one) => one === 'closed').length, 1);
      }
    }
  });

  test('behind the end nothing is read, and streams that come too late are not opened', async () => {
    const bench = new Bench();
    bench.open(2);
    bench.session.sendGoaway(bench.session.lastPeerStream, CODE.none);
    bench.receive(headers(5, requestFields('POST'), 0), data(5, 1000), headers(5, [['x', 'y']]));
    await turn();
    assert.equal(bench.streams.length, 2);
    assert.deepEqual(bench.goaways(), [0]);
    bench.receive(frame(FRAME.data, 0, 0, 'x'), frame(FRAME.ping, 0, 0, '12345678'));
    await turn();
    assert.deepEqual(bench.goaways(), [0, 1]);
    bench.receive(frame(FRAME.ping, 0, 0, '12345678'), headers(7, getFields()));
    await turn();
    assert.ok(!bench.connection.frames.some(({ type }) => type === FRAME.ping));
    assert.equal(bench.connection.isEnded, true);
    assert.deepEqual(bench.heard, ['settings Infinity false', 'failed 1']);
  });

  test('a stream that has its whole answer and is not ended by the peer gives way to a new one', async () => {
    const bench = new Bench();
    const logs = bench.open(100, false);
    logs[1]?.stream.sendHead(HEAD, true);
    bench.open(1);
    await turn();
    assert.equal(bench.streams.length, 101);
    assert.deepEqual(logs[1]?.heard, ['sent', 'closed 0']);
    assert.deepEqual(bench.resets(), [`3 ${CODE.none}`]);
    bench.receive(headers(203, getFields()));
    await turn();
    assert.equal(bench.streams.length, 101);
    assert.deepEqual(bench.resets(), [`3 ${CODE.none}`, `203 ${CODE.refused}`]);
  });

  test('a peer that takes nothing is stalled, one that takes little is not', async () => {
    const bench = new Bench();
    const { connection } = bench;
    const [log] = bench.open(1);
    await turn();
    connection.isBlocking = true;
    bench.receive(window(0, 2 ** 30), window(1, 2 ** 30));
    log?.stream.sendData(Buffer.alloc(1_000_000), undefined);
    for (let round = 0; round < 5; round++) {
      connection.clock.advance(WRITE_TIMEOUT_MS - 1_000);
      assert.deepEqual(bench.heard.slice(1), []);
      connection.take();
    }
    connection.clock.advance(2 * WRITE_TIMEOUT_MS + 2_000);
    assert.deepEqual(bench.heard.slice(1), ['stalled']);
  });
});
