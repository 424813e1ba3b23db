// Micro-benchmark: what one line of the access log costs, printed and handed to a writer, by format.
import { emptyBody } from '../../../src/exchange/body.ts';
import { ProxyError } from '../../../src/exchange/errors.ts';
import { type ConnectionFacts, Exchange } from '../../../src/exchange/exchange.ts';
import type { RequestHead } from '../../../src/exchange/head.ts';
import type { Route } from '../../../src/exchange/route.ts';
import { createPrinter } from '../../../src/features/access-log/handler.ts';
import { LOG_FORMATS } from '../../../src/features/access-log/options.ts';
import { HeaderList } from '../../../src/http/header-list.ts';
import { parseAuthority, parseTarget } from '../../../src/http/target.ts';
import { LineWriter } from '../../../src/observe/line-writer.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { invariant } from '../../../src/util/invariant.ts';

/** Exchanges that are logged again and again: making new ones would be measured with them, as garbage. */
const EXCHANGES = 1000;
/** Short rounds in turns, many of them. */
const ROUNDS = 400;
const WARM_UP_ROUNDS = 50;
/** Clients on kept-alive connections, each with its own header list. */
const CLIENTS = 64;

/** Takes everything at once: what is measured is our side. */
const nowhere = {
  open: async () => 0,
  write: async (_fd: number, _bytes: Buffer, _offset: number, length: number) => length,
  identify: async () => '',
  close: async () => {},
};

const route: Route = {
  mount: { site: 'www.example.org', path: '/app/', source: undefined },
  handler: () => {
    throw new ProxyError('internal_error');
  },
  observers: [],
  keepsBarePath: false,
};

const clients = Array.from({ length: CLIENTS }, (_, index) => makeClient(index));

/** Exchanges as they come: targets and instants differ, the headers of one client are the same objects. */
function makeExchanges(): Exchange[] {
  return Array.from({ length: EXCHANGES }, (_, index) => {
    const { connection, headers } = clients[index % CLIENTS] ?? makeClient(0);
    const target = parseTarget('GET', `/app/articles/${index}/page?session=${index * 7919}&lang=en`);
    invariant(typeof target !== 'string', 'a broken target');
    const authority = parseAuthority(headers.get('host') ?? '');
    const request: RequestHead = {
      method: 'GET',
      target,
      authority,
      upgrade: undefined,
      expectsContinue: false,
      version: 'HTTP/1.1',
      headers,
    };
    const client = { address: connection.address, scheme: 'http' as const, authority, prefix: '', isForwarded: false };
    const exchange = new Exchange(connection, client, request, emptyBody, route);
    exchange.bytesSent = 1024 + index;
    exchange.upstream = { upstream: 'u', endpoint: '127.0.0.1:8081', attempts: 1, wasReused: true, status: 200 };
    const startMs = 1000 + index * 0.731;
    exchange.timeline.requestStart = startMs;
    exchange.timeline.upstreamReady = startMs + 0.041;
    exchange.timeline.upstreamSent = startMs + 0.041;
    exchange.timeline.upstreamHead = startMs + 1.317 + index / 1000;
    exchange.timeline.responseHead = startMs + 1.4 + index / 1000;
    exchange.timeline.end = startMs + 1.5 + index / 999;
    return exchange;
  });
}

function makeClient(index: number): { connection: ConnectionFacts; headers: HeaderList } {
  const headers = HeaderList.from([
    ['Host', 'www.example.org'],
    ['Connection', 'keep-alive'],
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['Accept-Language', 'en-US,en;q=0.5'],
    ['Accept-Encoding', 'gzip, deflate, br, zstd'],
    ['Referer', `http://www.example.org/app/articles/${index}/`],
    [
      'User-Agent',
      `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${100 + index}.0.0.0 Safari/537.36`,
    ],
    ['Cookie', `session=${index}`],
  ]);
  const connection: ConnectionFacts = {
    address: `192.0.2.${index}`,
    port: 50_000 + index,
    localAddress: '192.0.2.1',
    localPort: 80,
    protocol: 'http/1.1',
    isSecure: false,
    tls: undefined,
  };
  return { connection, headers };
}

interface Contender {
  readonly format: string;
  readonly length: number;
  readonly roundsNs: number[];
  logAll(): void;
}

function makeContender(format: (typeof LOG_FORMATS)[number]): Contender {
  const print = createPrinter(format, systemClock);
  const writer = new LineWriter({
    target: { path: '-' },
    clock: systemClock,
    fileSystem: nowhere,
    onTrouble: () => {},
  });
  const [first] = exchanges;
  invariant(first !== undefined, 'no exchange');
  return {
    format,
    length: print(first, 200).length,
    roundsNs: [],
    logAll() {
      for (const exchange of exchanges) writer.writeAscii(print(exchange, 200));
      invariant(writer.droppedCount === 0, 'lines were lost');
    },
  };
}

/** A turn of the event loop, in which the writer writes. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The value that `share` of the rounds stay below: a machine that others use too disturbs the rest. */
function quantile(rounds: readonly number[], share: number): string {
  const sorted = rounds.toSorted((a, b) => a - b);
  return (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0).padStart(5);
}

const exchanges = makeExchanges();
const contenders = LOG_FORMATS.map(makeContender);
for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
  for (const contender of contenders) {
    const startedMs = performance.now();
    contender.logAll();
    const spentNs = ((performance.now() - startedMs) * 1e6) / EXCHANGES;
    if (round >= WARM_UP_ROUNDS) contender.roundsNs.push(spentNs);
    await turn();
  }
}
for (const { format, length, roundsNs } of contenders) {
  const [quiet, median] = [quantile(roundsNs, 0.05), quantile(roundsNs, 0.5)];
  console.log(`  ${format.padEnd(9)} ${quiet} ns per line (median ${median}) of ${length} bytes`);
}
