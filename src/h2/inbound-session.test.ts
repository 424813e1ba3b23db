// The server role over a connection in memory: ends in every state, deadlines that spare what is alive, answers that are early.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testExchange } from '../../test/kit/exchange.ts';
import { FakeConnection, turn } from '../../test/kit/fake-connection.ts';
import {
  FLAG,
  FRAME,
  frame,
  getFields,
  headers,
  number32,
  PREFACE,
  readStatus,
  requestFields,
  settings,
} from '../../test/kit/h2-frames.ts';
import { type Body, bytesBody, emptyBody, type Sink } from '../exchange/body.ts';
import type { ProxyError } from '../exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import type { Reply } from '../exchange/handler.ts';
import type { RequestHead } from '../exchange/head.ts';
import type { Carrier, ExchangeHost } from '../exchange/host.ts';
import { HeaderList } from '../http/header-list.ts';
import { InboundSession } from './inbound-session.ts';
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from './limits.ts';

const FACTS: ConnectionFacts = { ...testExchange().connection, protocol: 'h2' };
const LIMITS: SessionLimits = {
  ...DEFAULT_SESSION_LIMITS,
  bodyBytes: 100_000,
  targetBytes: 100,
  writeTimeoutMs: 10_000,
  idleTimeoutMs: 20_000,
  lingerTimeoutMs: 2_000,
  bodyTimeoutMs: 30_000,
};
const WIDE = [settings([4, 2 ** 30]), frame(FRAME.window, 0, 0, number32(2 ** 30))] as const;
const PONG = frame(FRAME.ping, FLAG.ack, 0, 'portico!');
const GOAWAY = frame(FRAME.goaway, 0, 0, Buffer.concat([number32(0), number32(0)]));

/** Answers by the path of the request, in the call that asks, and counts what must come once. */
class TestHost implements ExchangeHost {
  isDraining = false;
  readonly opened: string[] = [];
  readonly closed: number[] = [];
  readonly errors: (string | undefined)[] = [];
  refused = 0;
  /** Answers that are held back. */
  readonly held: ((reply: Reply) => void)[] = [];

  open(connection: ConnectionFacts, request: RequestHead, body: Body, carrier: Carrier): Exchange {
    this.opened.push(request.target.text);
    const { client, route } = testExchange();
    return new Exchange(connection, client, request, body, route, carrier);
  }

  run(exchange: Exchange, carrier: Carrier): void {
    const { path } = exchange.request.target;
    if (path === '/hold') this.held.push((answer) => carrier.respond(answer));
    else if (path === '/large') carrier.respond(reply(bytesBody(Buffer.alloc(1_000_000, 'L'))));
    else if (path === '/some') carrier.respond(reply(bytesBody(Buffer.alloc(60_000, 's'))));
    else if (path === '/head') carrier.respond(reply(emptyBody, { 'X-Large': 'X'.repeat(280_000) }));
    else if (path === '/early') carrier.respond(reply(bytesBody('early')));
    else carrier.respond(reply(emptyBody));
  }

  headSent(): void {}

  close(exchange: Exchange, status: number): void {
    this.closed.push(status);
    this.errors.push(exchange.error?.code);
  }

  refuse(_connection: ConnectionFacts, error: ProxyError): Reply {
    this.refused++;
    return { ...reply(bytesBody('refused')), head: { status: error.status, reason: '', headers: new HeaderList() } };
  }
}

function reply(body: Body, lines: Record<string, string> = {}): Reply {
  return { head: { status: 200, reason: '', headers: HeaderList.from(lines) }, body };
}

class Bench {
  readonly connection = new FakeConnection();
  readonly host = new TestHost();
  gone = 0;
  readonly session: InboundSession;

  constructor(...first: readonly Buffer[]) {
    this.session = new InboundSession(this.connection.asConnection, FACTS, this.host, LIMITS, () => {
      this.gone++;
    });
    this.connection.receive(PREFACE, ...(first.length === 0 ? [settings()] : first));
  }

  /** Moves time on in steps, as a clock does: `between` is called behind each of them. */
  async pass(ms: number, between: () => void = () => {}): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.connection.clock.advance(Math.min(left, 1_000));
      between();
      await turn();
    }
  }

  /** The status, the size of the content, and how the stream ended. */
  outcome(stream: number): string {
    const own = this.connection.frames.filter((one) => one.stream === stream);
    const parts = own.filter(({ type }) => type === FRAME.headers).map(({ payload }) => String(readStatus(payload)));
    const content = own.filter(({ type }) => type === FRAME.data);
    if (content.length > 0) parts.push(`${content.reduce((sum, { payload }) => sum + payload.length, 0)} octets`);
    if (own.some(({ type, flags }) => type <= FRAME.headers && (flags & FLAG.endStream) !== 0)) parts.push('end');
    for (const { payload } of own.filter(({ type }) => type === FRAME.reset))
      parts.push(`reset ${payload.readUInt32BE(0)}`);
    return parts.join(', ');
  }

  /** `last stream, code` of each GOAWAY. */
  get goaways(): readonly string[] {
    return this.connection.frames
      .filter(({ type }) => type === FRAME.goaway)
      .map(({ payload }) => `${payload.readUInt32BE(0)}, ${payload.readUInt32BE(4)}`);
  }
}

const get = (stream: number, path: string): Buffer => headers(stream, getFields(path));
const post = (stream: number, path: string, more: readonly (readonly [string, string])[] = []): Buffer =>
  headers(stream, requestFields('POST', path, more), 0);
const data = (stream: number, size: number, flags = 0): Buffer => frame(FRAME.data, flags, stream, Buffer.alloc(size));

/** A client that has stopped taking, with an answer on its way. */
async function stuckBench(): Promise<Bench> {
  const bench = new Bench(...WIDE);
  await turn();
  bench.connection.isBlocking = true;
  bench.connection.receive(get(1, '/some'));
  await turn();
  return bench;
}

describe('a connection that ends', () => {
  /** How it comes that no more requests are read. */
  const WAYS: readonly (readonly [name: string, begin: (bench: Bench) => void])[] = [
    ['a GOAWAY of the client', ({ connection }) => connection.receive(GOAWAY)],
    ['a FIN of the client', ({ connection }) => connection.receiveEnd()],
    [
      'a drain',
      ({ session, connection }) => {
        session.drain();
        connection.receive(PONG);
      },
    ],
    [
      'a drain without an answer to its PING',
      ({ session, connection }) => {
        session.drain();
        connection.clock.advance(1_500);
      },
    ],
  ];
  for (const [name, begin] of WAYS) {
    test(`${name} while nothing is under way`, async () => {
      for (const hasServed of [false, true]) {
        const bench = new Bench();
        if (hasServed) bench.connection.receive(get(1, '/'));
        begin(bench);
        await turn();
        assert.equal(bench.goaways.at(-1), hasServed ? '1, 0' : '0, 0');
        assert.equal(bench.connection.isEnded, true);
        // The client does not close: it is not waited for.
        await bench.pass(4_000);
        assert.equal(bench.connection.isClosed, true);
        assert.equal(bench.gone, 1);
        assert.deepEqual(bench.host.closed, hasServed ? [200] : []);
      }
    });

    test(`${name} while an answer is awaited: it is given, and the connection ends behind it`, async () => {
      const bench = new Bench();
      const { connection, host } = bench;
      connection.receive(get(1, '/hold'));
      begin(bench);
      connection.receive(get(3, '/late'));
      await bench.pass(5_000);
      assert.equal(connection.isEnded, false);
      host.held[0]?.(reply(bytesBody('answer')));
      await turn();
      assert.equal(bench.outcome(1), '200, 6 octets, end');
      assert.equal(bench.goaways.at(-1), '1, 0');
      assert.equal(connection.isEnded, true);
      connection.receiveEnd();
      await turn();
      assert.deepEqual(host.opened, ['/hold']);
      assert.deepEqual(host.closed, [200]);
      await bench.pass(4_000);
      assert.equal(bench.gone, 1);
    });

    test(`${name} while an answer waits for its window: the rest comes when it opens, or the stream is given up`, async () => {
      for (const opens of [true, false]) {
        const bench = new Bench();
        const { connection, host } = bench;
        connection.receive(get(1, '/large'));
        begin(bench);
        if (opens) connection.receive(...WIDE);
        await bench.pass(opens ? 1_000 : 12_000);
        assert.equal(bench.outcome(1), opens ? '200, 1000000 octets, end' : '200, 65535 octets, reset 8');
        assert.equal(connection.isEnded, true);
        assert.deepEqual(host.errors, [opens ? undefined : 'response_write_timeout']);
        await bench.pass(4_000);
        assert.equal(bench.gone, 1);
        assert.equal(host.closed.length, 1);
      }
    });

    test(`${name} while a slow client takes what waits for it: it gets all of it, at its own pace`, async () => {
      const bench = await stuckBench();
      const { connection } = bench;
      connection.receive(get(3, '/some'));
      begin(bench);
      await turn();
      // Longer than an ended connection is waited for, shorter than one that takes nothing.
      for (let round = 0; round < 3; round++) {
        assert.equal(connection.isClosed, false);
        await bench.pass(5_000);
        connection.take();
        await turn();
      }
      assert.equal(bench.outcome(1), '200, 60000 octets, end');
      assert.equal(bench.outcome(3), '200, 60000 octets, end');
      assert.equal(connection.isEnded, true);
      await bench.pass(4_000);
      assert.equal(bench.gone, 1);
    });

    test(`${name} while a client takes nothing of what waits for it: the connection ends`, async () => {
      const bench = await stuckBench();
      const { connection } = bench;
      begin(bench);
      await bench.pass(25_000);
      assert.equal(connection.isClosed, true);
      assert.equal(bench.gone, 1);
    });
  }

  test('a FIN of the client behind the last answer does not cut off what waits of it', async () => {
    const bench = await stuckBench();
    const { connection } = bench;
    connection.receive(GOAWAY);
    connection.receiveEnd();
    await turn();
    assert.equal(connection.isClosed, false);
    while (connection.bytesWaiting > 0) {
      connection.take();
      await turn();
    }
    assert.equal(bench.outcome(1), '200, 60000 octets, end');
    assert.equal(connection.isEnded, true);
  });

  test('a FIN of the client in the middle of a request gives it up', async () => {
    const bench = new Bench();
    bench.connection.receive(post(1, '/hold'), data(1, 10), get(3, '/hold'));
    bench.connection.receiveEnd();
    await turn();
    assert.equal(bench.outcome(1), 'reset 8');
    assert.deepEqual(bench.host.errors, ['client_gone']);
    bench.host.held[1]?.(reply(emptyBody));
    bench.host.held[0]?.(reply(emptyBody));
    await turn();
    assert.equal(bench.outcome(3), '200, end');
    assert.equal(bench.connection.isEnded, true);
    assert.equal(bench.host.closed.length, 2);
  });

  test('destroy ends everything, in any state, and everything is told once', async () => {
    const states: readonly ((bench: Bench) => void)[] = [
      () => {},
      ({ connection }) => connection.receive(get(1, '/hold'), post(3, '/hold'), get(5, '/large')),
      ({ session }) => session.drain(),
      ({ connection }) => connection.receive(get(1, '/large'), GOAWAY),
      ({ connection }) => {
        connection.isBlocking = true;
        connection.receive(...WIDE, get(1, '/some'), GOAWAY);
      },
    ];
    for (const enter of states) {
      const bench = new Bench();
      enter(bench);
      await turn();
      bench.session.destroy();
      await turn();
      await bench.pass(4_000);
      assert.equal(bench.connection.isClosed, true);
      assert.equal(bench.gone, 1);
      assert.equal(bench.host.closed.length, bench.host.opened.length);
      for (const answer of bench.host.held) answer(reply(bytesBody('too late')));
      assert.equal(bench.host.closed.length, bench.host.opened.length);
      // Nobody has a deadline any more, or the tick would go on.
      await bench.pass(1_000);
      assert.equal(bench.connection.clock.timerCount, 0);
    }
  });

  test('streams leave nothing behind, however they end', async () => {
    const bench = new Bench();
    const { connection, host } = bench;
    for (let index = 0; index < 800; index += 8) {
      const id = (more: number): number => 1 + 2 * (index + more);
      connection.receive(get(id(0), '/'), get(id(1), '/early'), post(id(2), '/hold'), data(id(2), 100));
      connection.receive(post(id(3), '/early'), post(id(4), '/', [['content-length', '200000']]), data(id(4), 100));
      connection.receive(post(id(5), '/', [['content-length', '0']]), headers(id(6), requestFields('GET', 'bad')));
      connection.receive(post(id(7), '/early'), data(id(7), 16_000));
      host.held.pop()?.(reply(bytesBody('answer')));
      for (const more of [2, 3, 4, 5, 7]) connection.receive(frame(FRAME.reset, 0, id(more), number32(8)));
      connection.receive(frame(FRAME.window, 0, 0, number32(100)));
      await bench.pass(4_000);
    }
    assert.deepEqual(bench.goaways, []);
    assert.equal(bench.session.isBusy, false);
    assert.equal(host.closed.length, host.opened.length);
    connection.destroy();
    await turn();
    await bench.pass(1_000);
    assert.equal(bench.gone, 1);
    assert.equal(connection.clock.timerCount, 0);
  });

  test('a client that broke the protocol and takes nothing is not waited for as long as one that is slow', async () => {
    const bench = await stuckBench();
    const { connection } = bench;
    connection.receive(frame(FRAME.data, 0, 0, 'x'));
    await bench.pass(4_000);
    assert.equal(connection.isClosed, true);
    assert.equal(bench.gone, 1);
  });

  test('an idle connection ends, and one without a preface', async () => {
    const idle = new Bench();
    idle.connection.receive(get(1, '/'));
    await idle.pass(LIMITS.idleTimeoutMs - 1_000);
    assert.equal(idle.connection.isEnded, false);
    await idle.pass(6_000);
    assert.equal(idle.connection.isEnded, true);
    assert.equal(idle.gone, 1);
    const silent = new Bench(Buffer.alloc(0));
    await silent.pass(LIMITS.headTimeoutMs + 6_000);
    assert.equal(silent.gone, 1);
  });
});

describe('a client that is slow', () => {
  test('an answer that waits behind others is not given up while they move, and is when nothing does', async () => {
    const bench = new Bench(settings([4, 2 ** 30]));
    const { connection } = bench;
    const streams = Array.from({ length: 8 }, (_, index) => 1 + 2 * index);
    for (const stream of streams) connection.receive(get(stream, '/large'));
    await turn();
    // The connection takes an octet every four seconds: it is the turn of each stream every 32.
    for (let round = 0; round < 20; round++) {
      connection.receive(frame(FRAME.window, 0, 0, number32(1)));
      await bench.pass(4_000);
    }
    assert.deepEqual(bench.host.errors, []);
    await bench.pass(12_000);
    await bench.pass(12_000);
    assert.deepEqual(
      bench.host.errors,
      streams.map(() => 'response_write_timeout'),
    );
  });

  test('an answer that its own window holds back is given up, whatever the others do', async () => {
    const bench = new Bench(settings([4, 0]), frame(FRAME.window, 0, 0, number32(2 ** 20)));
    const { connection } = bench;
    connection.receive(get(1, '/large'), get(3, '/large'));
    await bench.pass(13_000, () => connection.receive(frame(FRAME.window, 0, 3, number32(100))));
    assert.equal(bench.outcome(1), '200, reset 8');
    assert.equal(bench.outcome(3), '200, 1300 octets');
  });

  test('a head that is larger than all buffers does not end a connection that is blocked', async () => {
    const bench = await stuckBench();
    const { connection } = bench;
    connection.receive(get(3, '/early'), get(5, '/head'), frame(FRAME.ping, 0, 0, '12345678'));
    await turn();
    assert.equal(connection.isClosed, false);
    for (let round = 0; connection.bytesWaiting > 0 && round < 50; round++) {
      connection.take();
      await turn();
    }
    assert.equal(bench.outcome(5), '200, end');
    assert.deepEqual(bench.goaways, []);
  });

  test('an upload that moves is waited for, one that does not gets an answer', async () => {
    const bench = new Bench();
    const { connection, host } = bench;
    let sink: Sink | undefined;
    host.run = (exchange, carrier) => {
      sink = {
        onDrained: undefined,
        write: () => true,
        end() {},
        abort: (error) =>
          carrier.respond({ ...reply(emptyBody), head: { ...reply(emptyBody).head, status: error.status } }),
      };
      exchange.body.sendTo(sink);
    };
    connection.receive(post(1, '/'));
    for (let round = 0; round < 5; round++) {
      await bench.pass(LIMITS.bodyTimeoutMs - 1_000);
      connection.receive(data(1, 1));
    }
    assert.equal(bench.outcome(1), '');
    await bench.pass(LIMITS.bodyTimeoutMs + 2_000);
    assert.match(bench.outcome(1), /^408, end/);
    assert.ok(sink !== undefined);
  });
});

describe('answers ahead of the request', () => {
  test('the rest of a short upload is read over, that of a long one cut off behind the whole answer', async () => {
    const bench = new Bench();
    const { connection } = bench;
    connection.receive(post(1, '/early'), data(1, 10_000), data(1, 10_000, FLAG.endStream));
    connection.receive(post(3, '/early'));
    for (let count = 0; count < 7; count++) connection.receive(data(3, 16_000));
    connection.receive(post(5, '/early'));
    await turn();
    assert.equal(bench.outcome(1), '200, 5 octets, end');
    assert.equal(bench.outcome(3), '200, 5 octets, end, reset 0');
    assert.equal(bench.outcome(5), '200, 5 octets, end');
    await bench.pass(3_000);
    assert.equal(bench.outcome(5), '200, 5 octets, end, reset 0');
    assert.deepEqual(bench.host.closed, [200, 200, 200]);
    connection.receive(get(7, '/'));
    await turn();
    assert.equal(bench.outcome(7), '200, end');
    assert.deepEqual(bench.goaways, []);
  });

  test('a body that was announced too large gets its 413, however late the client takes it', async () => {
    const bench = new Bench(settings([4, 0]));
    const { connection } = bench;
    connection.receive(post(1, '/', [['content-length', '200000']]));
    for (let count = 0; count < 8; count++) connection.receive(data(1, 16_000));
    await turn();
    connection.receive(frame(FRAME.window, 0, 1, number32(100)));
    await turn();
    assert.match(bench.outcome(1), /^413, 7 octets, end/);
    assert.equal(bench.host.refused, 1);
  });

  test('HEAD has no content, not even where it is refused', async () => {
    const bench = new Bench();
    bench.connection.receive(headers(1, requestFields('HEAD', `/${'x'.repeat(200)}`)));
    bench.connection.receive(headers(3, requestFields('HEAD', '/large')));
    bench.connection.receive(headers(5, requestFields('GET', `/${'x'.repeat(200)}`)));
    await turn();
    assert.equal(bench.outcome(1), '414, end');
    assert.equal(bench.outcome(3), '200, end');
    assert.match(bench.outcome(5), /7 octets, end/);
  });

  test('a stream that the client resets is over for everybody, once', async () => {
    const bench = new Bench();
    const { connection, host } = bench;
    connection.receive(get(1, '/hold'), post(3, '/hold'), get(5, '/large'));
    for (const stream of [1, 3, 5]) connection.receive(frame(FRAME.reset, 0, stream, number32(8)));
    for (const answer of host.held) answer(reply(bytesBody('too late')));
    await turn();
    assert.deepEqual(host.errors, ['client_gone', 'client_gone', 'client_gone']);
    assert.equal(host.closed.length, 3);
    assert.equal(bench.session.isBusy, false);
    assert.equal(bench.outcome(1), '');
  });
});
