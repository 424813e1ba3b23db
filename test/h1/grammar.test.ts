// Replays the messages of test/h1/*.md through the engine: whole, at every two-way split, byte by byte; same events always.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Body, bytesBody, emptyBody } from '../../src/exchange/body.ts';
import type { ProxyError } from '../../src/exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../../src/exchange/exchange.ts';
import type { Reply } from '../../src/exchange/handler.ts';
import type { RequestHead } from '../../src/exchange/head.ts';
import type { Carrier, ExchangeHost } from '../../src/exchange/host.ts';
import { InboundConnection } from '../../src/h1/inbound-connection.ts';
import { DEFAULT_CONNECTION_LIMITS, DEFAULT_OUTBOUND_LIMITS } from '../../src/h1/limits.ts';
import { OutboundConnection } from '../../src/h1/outbound-connection.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../src/http/header-list.ts';
import { Connection } from '../../src/net/connection.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { splitsOf } from '../kit/every-split.ts';
import { testExchange } from '../kit/exchange.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { projectRoot } from '../kit/project-root.ts';
import { type PairEnd, streamPair } from '../kit/stream-pair.ts';

const FOLDER = join(projectRoot, 'test', 'h1');
const LIMITS = {
  ...DEFAULT_CONNECTION_LIMITS,
  headBytes: 2048,
  headerCount: 20,
  targetBytes: 200,
  chunkLineBytes: 64,
  bodyBytes: 4096,
};
const OUTBOUND_LIMITS = { ...DEFAULT_OUTBOUND_LIMITS, headBytes: 2048, headerCount: 20, chunkLineBytes: 64 };

interface Case {
  readonly name: string;
  readonly role: 'request' | 'response';
  /** The method that a response answers. */
  readonly method: string;
  readonly bytes: Buffer;
  /** Whether the peer ends its half behind the bytes. */
  readonly ends: boolean;
  readonly events: string;
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.md'))) {
  for (const example of readCases(readFileSync(join(FOLDER, file), 'utf8'))) {
    test(`${file}: ${example.name}`, { timeout: 60_000 }, async () => {
      const play = example.role === 'request' ? playRequests : playResponse;
      for (const { label, pieces } of splitsOf(example.bytes, { randomSplits: 3 })) {
        const events = await play(example, pieces);
        assert.equal(events.join('\n'), example.events, `split ${label}`);
      }
    });
  }
}

/**
 * A case is a heading, a block of bytes and a block of events:
 * in ```request or ```response METHOD a line ends in CRLF, `\n` before a line's end stands for a bare LF, `\r`, `\t`,
 * `\xHH` for their octets, a final `\` for no line end at all; `END` on the last line ends the connection there.
 */
function readCases(text: string): Case[] {
  return [
    ...text.matchAll(/^## (.+)\n[\s\S]*?```(request|response)(?: (\w+))?\n([\s\S]*?)```\n+```events\n([\s\S]*?)```/gm),
  ].map(([, name = '', role = '', method = 'GET', message = '', events = '']) => {
    const ends = message.endsWith('END\n');
    const body = ends ? message.slice(0, -4) : message;
    return { name, role: role as Case['role'], method, bytes: toBytes(body), ends, events: events.trimEnd() };
  });
}

function toBytes(text: string): Buffer {
  const wire = text.replaceAll('\n', '\r\n').replaceAll('\\\r\n', '').replaceAll('\\n\r\n', '\n');
  const octets = wire.replace(/\\(?:x([0-9a-f]{2})|([rnt0]))/gi, (_, hex: string | undefined, letter: string) =>
    hex === undefined
      ? ({ r: '\r', n: '\n', t: '\t', 0: '\0' }[letter] ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(octets, 'latin1');
}

/** Feeds the pieces one by one, each in a turn of its own, then lets everything settle. */
async function feed(peer: PairEnd, pieces: readonly Buffer[], ends: boolean): Promise<void> {
  for (const piece of pieces) {
    peer.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ends) peer.end();
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function playRequests(example: Case, pieces: readonly Buffer[]): Promise<string[]> {
  const events: string[] = [];
  const [ours, peer] = streamPair();
  peer.resume();
  const connection = Connection.overEvents(ours.asSocket, new Deadlines(new FakeClock()));
  const inbound = new InboundConnection(connection, FACTS, new RecordingHost(events), LIMITS, () => {});
  await feed(peer, pieces, example.ends);
  if (ours.writableEnded) events.push('close');
  inbound.destroy();
  return events;
}

const FACTS: ConnectionFacts = {
  address: '192.0.2.1',
  port: 1,
  localAddress: '192.0.2.2',
  localPort: 80,
  protocol: 'http/1.1',
  isSecure: false,
  tls: undefined,
};

/** Answers every exchange with 200 once its body is read, and writes down what it saw. */
class RecordingHost implements ExchangeHost {
  readonly isDraining = false;
  readonly #events: string[];

  constructor(events: string[]) {
    this.#events = events;
  }

  open(connection: ConnectionFacts, request: RequestHead, body: Body, carrier: Carrier): Exchange {
    const flags = [
      request.upgrade && `upgrade=${request.upgrade}`,
      request.expectsContinue && 'expects-continue',
    ].filter(Boolean);
    this.#events.push(
      ['request', request.method, request.target.text, request.authority?.text ?? '-', ...flags].join(' '),
    );
    printHeaders(this.#events, request.headers);
    const { client, route } = testExchange();
    return new Exchange(connection, client, request, body, route, carrier);
  }

  run(exchange: Exchange, carrier: Carrier): void {
    recordBody(this.#events, exchange.body, (error) => {
      const status = error?.status ?? 200;
      carrier.respond({ head: { status, reason: '', headers: new HeaderList() }, body: emptyBody });
    });
  }

  headSent(): void {}
  close(): void {}

  refuse(_connection: ConnectionFacts, error: ProxyError): Reply {
    this.#events.push(`refuse ${error.status} ${error.code}`);
    return { head: { status: error.status, reason: '', headers: new HeaderList() }, body: bytesBody('no') };
  }
}

async function playResponse(example: Case, pieces: readonly Buffer[]): Promise<string[]> {
  const events: string[] = [];
  const [ours, peer] = streamPair();
  peer.resume();
  const connection = Connection.overEvents(ours.asSocket, new Deadlines(new FakeClock()));
  const owner = { reusable: () => events.push('reusable'), gone: () => events.push('gone') };
  const outbound = new OutboundConnection(connection, owner, OUTBOUND_LIMITS);
  const request = { method: example.method, target: '/', headers: new HeaderList() };
  outbound.send(request, emptyBody, false, {
    interim: (head) => events.push(`interim ${head.status}`),
    reply: ({ head, body }) => {
      events.push(`response ${head.status} ${head.reason}`);
      printHeaders(events, head.headers);
      recordBody(events, body, () => {});
    },
    failed: (error) => events.push(`failed ${error.code}`),
  });
  await feed(peer, pieces, example.ends);
  outbound.destroy();
  return sortedTail(events);
}

/**
 * When a connection comes back, beside the end of the body, is not part of the contract: what became of it goes last.
 * One that was reusable until more bytes came is gone all the same.
 */
function sortedTail(events: string[]): string[] {
  const fate = events.includes('gone') ? 'gone' : 'reusable';
  return [...events.filter((event) => event !== 'reusable' && event !== 'gone'), fate];
}

function printHeaders(events: string[], headers: ReadonlyHeaderList): void {
  for (const [name, value] of headers) events.push(`  ${name}: ${JSON.stringify(value)}`);
}

/** Writes a body down as one event, however it was cut, with its trailers or its failure. */
function recordBody(events: string[], body: Body, done: (error: ProxyError | undefined) => void): void {
  const chunks: Buffer[] = [];
  const text = () => JSON.stringify(Buffer.concat(chunks).toString('latin1'));
  body.sendTo({
    onDrained: undefined,
    write(chunk, release) {
      chunks.push(Buffer.from(chunk));
      release?.();
      return true;
    },
    end(trailers) {
      if (!body.isEmpty) events.push(`body ${text()}`);
      if (trailers !== undefined) printHeaders(events, trailers);
      done(undefined);
    },
    abort(error) {
      events.push(`broken ${error.code}`);
      done(error);
    },
  });
}
