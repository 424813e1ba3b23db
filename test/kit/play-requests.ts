// Feeds bytes to the inbound HTTP/1.1 engine in memory and writes down what it made of them.
import { type Body, bytesBody, emptyBody } from '../../src/exchange/body.ts';
import type { ProxyError } from '../../src/exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../../src/exchange/exchange.ts';
import type { Reply } from '../../src/exchange/handler.ts';
import type { RequestHead } from '../../src/exchange/head.ts';
import type { Carrier, ExchangeHost } from '../../src/exchange/host.ts';
import { InboundConnection } from '../../src/h1/inbound-connection.ts';
import type { ConnectionLimits } from '../../src/h1/limits.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../src/http/header-list.ts';
import { Connection } from '../../src/net/connection.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { testExchange } from './exchange.ts';
import { FakeClock } from './fake-clock.ts';
import { type PairEnd, streamPair } from './stream-pair.ts';

const FACTS: ConnectionFacts = {
  address: '192.0.2.1',
  port: 1,
  localAddress: '192.0.2.2',
  localPort: 80,
  protocol: 'http/1.1',
  isSecure: false,
  tls: undefined,
};

/** On every answer, so that none is given the time of day. */
const DATE = { Date: 'Thu, 01 Jan 2026 00:00:00 GMT' };

/**
 * Plays `pieces` to a new inbound connection, ends it behind them if `ends`, and returns the events in order: each
 * request with its headers, each body with its trailers or its failure, each refusal, and `close` where we ended it.
 */
export async function playRequests(
  pieces: readonly Buffer[],
  ends: boolean,
  limits: ConnectionLimits,
): Promise<string[]> {
  const events: string[] = [];
  const [ours, peer] = streamPair();
  peer.resume();
  const connection = Connection.overEvents(ours.asSocket, new Deadlines(new FakeClock()));
  const inbound = new InboundConnection(connection, FACTS, new RecordingHost(events), limits, () => {});
  await feedPieces(peer, pieces, ends);
  if (ours.writableEnded) events.push('close');
  inbound.destroy();
  return events;
}

/** Feeds the pieces one by one, each in a turn of its own, then lets everything settle. */
export async function feedPieces(peer: PairEnd, pieces: readonly Buffer[], ends: boolean): Promise<void> {
  for (const piece of pieces) {
    peer.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ends) peer.end();
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Writes header lines down. */
export function recordHeaders(events: string[], headers: ReadonlyHeaderList): void {
  for (const [name, value] of headers) events.push(`  ${name}: ${JSON.stringify(value)}`);
}

/** Writes a body down as one event, however it was cut, with its trailers or its failure. */
export function recordBody(events: string[], body: Body, done: (error: ProxyError | undefined) => void): void {
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
      if (trailers !== undefined) recordHeaders(events, trailers);
      done(undefined);
    },
    abort(error) {
      events.push(`broken ${error.code}`);
      done(error);
    },
  });
}

/** Answers every exchange with 200 once its body is read, and writes down what it saw. */
export class RecordingHost implements ExchangeHost {
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
    const { method, target, authority } = request;
    this.#events.push(['request', method, target.text, authority?.text ?? '-', ...flags].join(' '));
    recordHeaders(this.#events, request.headers);
    const { client, route } = testExchange();
    return new Exchange(connection, client, request, body, route, carrier);
  }

  run(exchange: Exchange, carrier: Carrier): void {
    recordBody(this.#events, exchange.body, (error) => {
      const status = error?.status ?? 200;
      carrier.respond({ head: { status, reason: '', headers: HeaderList.from(DATE) }, body: emptyBody });
    });
  }

  headSent(): void {}
  close(): void {}

  refuse(_connection: ConnectionFacts, error: ProxyError): Reply {
    this.#events.push(`refuse ${error.status} ${error.code}`);
    return { head: { status: error.status, reason: '', headers: HeaderList.from(DATE) }, body: bytesBody('no') };
  }
}
