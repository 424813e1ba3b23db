// The formats of the access log: golden lines for every kind of exchange, and what hostile clients cannot do to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type TestExchangeOptions, testExchange } from '../../../test/kit/exchange.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { ERRORS, type ErrorCode, ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { OutboundProtocol } from '../../exchange/outbound.ts';
import type { Timeline } from '../../exchange/timeline.ts';
import type { Target } from '../../http/target.ts';
import { createPrinter } from './handler.ts';
import { LogTime, printMs } from './line-printer.ts';
import { LOG_FORMATS, type LogFormat } from './options.ts';

interface Case extends TestExchangeOptions {
  readonly status?: number;
  readonly bytes?: readonly [sent: number, received: number];
  readonly timeline?: Partial<Timeline>;
  readonly upstream?: readonly [endpoint: string, attempts: number, wasReused: boolean, protocol?: OutboundProtocol];
  readonly error?: readonly [ErrorCode, errno?: string];
}

const PROXIED: Partial<Timeline> = {
  requestStart: 1000,
  upstreamReady: 1000.25,
  upstreamSent: 1000.25,
  upstreamHead: 1012.5,
  responseHead: 1013,
  end: 1099.1234,
};

const CASES: Readonly<Record<string, Case>> = {
  proxied: {
    method: 'POST',
    target: '/app/x?a=b&c=%20',
    isSecure: true,
    host: 'www.example.org:8443',
    mount: '/app/',
    headers: { Referer: 'https://www.example.org/', 'User-Agent': 'Browser/1.0 (X; Y)' },
    bytes: [5120, 17],
    timeline: PROXIED,
    upstream: ['127.0.0.1:8081', 1, true, 'h2'],
  },
  'answered here': { status: 304, timeline: { requestStart: 1, responseHead: 1.25, end: 1.5 } },
  'no site': {
    status: 404,
    version: 'HTTP/1.0',
    host: null,
    address: '2001:db8::1',
    mount: { site: '', path: '', source: undefined },
    timeline: { requestStart: 1, responseHead: 2, end: 3 },
    error: ['site_unknown'],
  },
  refused: {
    status: 502,
    timeline: { requestStart: 1, responseHead: 61_001.5, end: 61_002 },
    upstream: ['[::1]:8081', 3, false],
    error: ['connection_refused', 'ECONNREFUSED'],
  },
  'a tunnel of days from a unix socket': {
    status: 101,
    address: '',
    timeline: { ...PROXIED, end: 1000 + 5 * 86_400_000 },
    upstream: ['unix:/run/app.sock', 1, false, 'h1'],
  },
};

/** In the order of {@link CASES}. */
const GOLDEN: Readonly<Record<LogFormat, readonly string[]>> = {
  json: [
    '{"time":"2026-02-03T04:05:06.078Z","id":"ID","client":"192.0.2.7","scheme":"https","method":"POST","host":"www.example.org:8443","target":"/app/x?a=b&c=%20","protocol":"HTTP/1.1","status":200,"bytesSent":5120,"bytesReceived":17,"referer":"https://www.example.org/","userAgent":"Browser/1.0 (X; Y)","site":"www.example.org","mount":"/app/","endpoint":"127.0.0.1:8081","endpointProtocol":"h2","attempts":1,"reused":true,"totalMs":99.123,"connectMs":0.250,"waitMs":12.250,"firstByteMs":12.500,"headMs":13.000}',
    '{"time":"2026-02-03T04:05:06.078Z","id":"ID","client":"192.0.2.7","scheme":"http","method":"GET","host":"www.example.org","target":"/","protocol":"HTTP/1.1","status":304,"bytesSent":0,"bytesReceived":0,"site":"www.example.org","mount":"/","totalMs":0.500,"headMs":0.250}',
    '{"time":"2026-02-03T04:05:06.078Z","id":"ID","client":"2001:db8::1","scheme":"http","method":"GET","target":"/","protocol":"HTTP/1.0","status":404,"bytesSent":0,"bytesReceived":0,"totalMs":2.000,"headMs":1.000,"error":"site_unknown","phase":"request"}',
    '{"time":"2026-02-03T04:05:06.078Z","id":"ID","client":"192.0.2.7","scheme":"http","method":"GET","host":"www.example.org","target":"/","protocol":"HTTP/1.1","status":502,"bytesSent":0,"bytesReceived":0,"site":"www.example.org","mount":"/","endpoint":"[::1]:8081","attempts":3,"reused":false,"totalMs":61001.000,"headMs":61000.500,"error":"connection_refused","phase":"connect","errno":"ECONNREFUSED"}',
    '{"time":"2026-02-03T04:05:06.078Z","id":"ID","client":"","scheme":"http","method":"GET","host":"www.example.org","target":"/","protocol":"HTTP/1.1","status":101,"bytesSent":0,"bytesReceived":0,"site":"www.example.org","mount":"/","endpoint":"unix:/run/app.sock","endpointProtocol":"h1","attempts":1,"reused":false,"totalMs":432000000.000,"connectMs":0.250,"waitMs":12.250,"firstByteMs":12.500,"headMs":13.000}',
  ],
  text: [
    '2026-02-03T04:05:06.078Z 192.0.2.7 POST https://www.example.org:8443/app/x?a=b&c=%20 HTTP/1.1 200 5120B 99.123ms endpoint=127.0.0.1:8081 attempts=1 reused=yes connect=0.250ms wait=12.250ms first-byte=12.500ms head=13.000ms received=17B site=www.example.org mount=/app/ id=ID referer="https://www.example.org/" user-agent="Browser/1.0 (X; Y)"',
    '2026-02-03T04:05:06.078Z 192.0.2.7 GET http://www.example.org/ HTTP/1.1 304 0B 0.500ms head=0.250ms site=www.example.org mount=/ id=ID',
    '2026-02-03T04:05:06.078Z 2001:db8::1 GET http://-/ HTTP/1.0 404 0B 2.000ms error=site_unknown phase=request head=1.000ms id=ID',
    '2026-02-03T04:05:06.078Z 192.0.2.7 GET http://www.example.org/ HTTP/1.1 502 0B 61001.000ms error=connection_refused phase=connect errno=ECONNREFUSED endpoint=[::1]:8081 attempts=3 reused=no head=61000.500ms site=www.example.org mount=/ id=ID',
    '2026-02-03T04:05:06.078Z - GET http://www.example.org/ HTTP/1.1 101 0B 432000000.000ms endpoint=unix:/run/app.sock attempts=1 reused=no connect=0.250ms wait=12.250ms first-byte=12.500ms head=13.000ms site=www.example.org mount=/ id=ID',
  ],
  common: [
    '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "POST /app/x?a=b&c=%20 HTTP/1.1" 200 5120',
    '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.1" 304 -',
    '2001:db8::1 - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.0" 404 -',
    '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.1" 502 -',
    '- - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.1" 101 -',
  ],
  combined: [
    '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "POST /app/x?a=b&c=%20 HTTP/1.1" 200 5120 "https://www.example.org/" "Browser/1.0 (X; Y)"',
    '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.1" 304 - "-" "-"',
    '2001:db8::1 - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.0" 404 - "-" "-"',
    '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.1" 502 - "-" "-"',
    '- - - [03/Feb/2026:04:05:06 +0000] "GET / HTTP/1.1" 101 - "-" "-"',
  ],
};

function makeExchange(options: Case): Exchange {
  const exchange = testExchange(options);
  Object.assign(exchange.timeline, options.timeline ?? { requestStart: 1, end: 2 });
  [exchange.bytesSent, exchange.bytesReceived] = options.bytes ?? [0, 0];
  if (options.upstream !== undefined) {
    const [endpoint, attempts, wasReused, protocol] = options.upstream;
    exchange.upstream = { upstream: 'app', endpoint, attempts, wasReused, protocol, status: 200 };
  }
  if (options.error !== undefined) exchange.error = new ProxyError(options.error[0], '', { errno: options.error[1] });
  return exchange;
}

function printCase(format: LogFormat, options: Case): string {
  const exchange = makeExchange(options);
  const print = createPrinter(format, new FakeClock(Date.UTC(2026, 1, 3, 4, 5, 6, 78)));
  return print(exchange, options.status ?? 200).replace(exchange.id, 'ID');
}

for (const format of LOG_FORMATS) {
  test(`${format}: golden lines`, () => {
    const names = Object.keys(CASES);
    assert.equal(GOLDEN[format].length, names.length);
    for (const [index, options] of Object.values(CASES).entries())
      assert.equal(printCase(format, options), `${GOLDEN[format][index]}\n`, names[index]);
  });
}

test('one printer prints the same lines for the second time, and for others in between', () => {
  for (const format of LOG_FORMATS) {
    const clock = new FakeClock(Date.UTC(2026, 1, 3, 4, 5, 6, 78));
    const print = createPrinter(format, clock);
    for (let round = 0; round < 3; round++) {
      for (const [index, options] of Object.values(CASES).entries()) {
        const exchange = makeExchange(options);
        const line = print(exchange, options.status ?? 200).replace(exchange.id, 'ID');
        assert.equal(line, `${GOLDEN[format][index]}\n`);
      }
    }
  }
});

/** An exchange in which every text that a client has a say in is what it wants, whatever the parsers think of that. */
function hostileExchange(text: string): Exchange {
  const exchange = makeExchange({ upstream: ['e', 1, false], error: ['client_gone', text] });
  const target: Target = {
    form: 'origin',
    text,
    path: text,
    query: undefined,
    routingPath: text,
    authority: undefined,
  };
  const { headers } = testExchange({ headers: { Referer: text, 'User-Agent': text } }).request;
  const authority = { host: text, port: undefined, text };
  return Object.assign(exchange, {
    request: { ...exchange.request, method: text, target, headers },
    client: { ...exchange.client, address: text, authority },
  });
}

const WORD = String.raw`(?:[!#-\[\]-~]|\\x[0-9A-F]{2})+`;
const QUOTED = String.raw`"(?:[ !#-\[\]-~]|\\x[0-9A-F]{2})*"`;
const CLF = String.raw`${WORD} - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "${WORD} ${WORD} HTTP/1\.1" 200 -`;
const DETAILS = `(?: [a-z-]+=(?:${WORD}|${QUOTED}))+`;
const SHAPES: Readonly<Record<LogFormat, RegExp>> = {
  json: /^\{.*\}\n$/,
  text: new RegExp(`^\\S+Z ${WORD} ${WORD} http://${WORD} HTTP/1\\.1 200 0B [\\d.]+ms${DETAILS}\\n$`),
  common: new RegExp(`^${CLF}\\n$`),
  combined: new RegExp(`^${CLF} ${QUOTED} ${QUOTED}\\n$`),
};

function checkHostile(text: string): void {
  for (const format of LOG_FORMATS) {
    const print = createPrinter(format, new FakeClock());
    const exchange = hostileExchange(text);
    const line = print(exchange, 200);
    assert.match(line, /^[\x20-\x7e]+\n$/);
    assert.match(line, SHAPES[format]);
    assert.equal(print(exchange, 200), line, 'remembered');
    if (format === 'json') assert.equal(JSON.parse(line).error, 'client_gone');
  }
}

const ATTACKS: readonly string[] = [
  'x\n192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "GET /forged HTTP/1.1" 200 1',
  'x" 200 1 "forged" "',
  '","status":200,"forged":"',
  '\\',
  '\\"',
  '\\u0022',
  '\x1b[2J\x1b]0;title\x07',
  '\x9b31m',
  '\r',
  '\u2028\u2029\u202e\ufeff',
  '\ud800',
  'Ā\n'.replace('Ā', 'Ċ'), // U+010A, whose low octet is a line feed
  '',
  ' ',
  '%0a%0d',
  '\0',
];

test('no text forges a line, a field or a control', () => {
  for (const text of ATTACKS) checkHostile(text);
  const octet = fc.nat(255).map((code) => String.fromCharCode(code));
  fc.assert(fc.property(fc.oneof(fc.string({ unit: octet }), fc.string({ unit: 'binary' })), checkHostile), {
    numRuns: 50,
  });
});

test('JSON tells what the client sent: UTF-8 as text, other octets as they are', () => {
  const print = createPrinter('json', new FakeClock());
  const octets = Buffer.from('Ünïcode "q" \\ €', 'utf8').toString('latin1');
  const line = JSON.parse(print(hostileExchange(octets), 200));
  assert.equal(line.userAgent, 'Ünïcode "q" \\ €');
  assert.equal(line.referer, line.userAgent);
  assert.equal(line.target, line.userAgent);
  assert.equal(JSON.parse(print(hostileExchange('\xff\xfe'), 200)).userAgent, '\xff\xfe');
});

test('a line has a bound, whatever the limits of heads are', () => {
  for (const format of LOG_FORMATS) {
    const exchange = hostileExchange('\x01'.repeat(100_000));
    exchange.error = undefined;
    Object.assign(exchange.client, { address: '192.0.2.7' });
    const { length } = createPrinter(format, new FakeClock())(exchange, 200);
    assert.ok(length < 6 * (8192 + 2048 + 1024 + 300 + 32) + 1000, `${format}: ${length}`);
  }
  const long = testExchange({ target: `/${'a'.repeat(10_000)}`, headers: { 'User-Agent': 'u'.repeat(9000) } });
  const line = JSON.parse(createPrinter('json', new FakeClock())(long, 200));
  assert.equal(line.target, `/${'a'.repeat(8191)}...`);
  assert.equal(line.userAgent, `${'u'.repeat(1024)}...`);
});

test('every error code can be printed', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const line = JSON.parse(createPrinter('json', new FakeClock())(makeExchange({ error: [code] }), 502));
    assert.equal(line.error, code);
    assert.match(line.phase, /^(?:request|connect|wait|response)$/);
  }
});

test('time: the second is printed once, fractions follow, and a clock that is set back is believed', () => {
  let nowMs = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
  let printed = 0;
  const clock = Object.assign(new FakeClock(), { epochMs: () => nowMs });
  const time = new LogTime(clock, (date) => {
    printed++;
    return date.toISOString().slice(11, 19);
  });
  assert.equal(time.millisecond(), '00:00:00.999');
  assert.equal(time.second(), '00:00:00');
  nowMs -= 998.5;
  assert.equal(time.millisecond(), '00:00:00.000');
  assert.equal(printed, 1);
  nowMs += 3_600_000;
  assert.equal(time.millisecond(), '01:00:00.000');
  nowMs -= 1000;
  assert.equal(time.millisecond(), '00:59:59.000');
  assert.equal(printed, 3);
});

test('milliseconds have three decimals', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.000'],
    [-1.5, '0.000'],
    [0.0004, '0.000'],
    [0.0006, '0.001'],
    [0.9996, '1.000'],
    [1, '1.000'],
    [12.3456, '12.346'],
    [999.9999, '1000.000'],
    [2 ** 31 / 1000 + 0.5, '2147484.148'],
    [1e10 + 0.25, '10000000000.250'],
  ];
  for (const [durationMs, text] of cases) assert.equal(printMs(durationMs), text);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (durationMs) => {
      assert.match(printMs(durationMs), /^\d+\.\d{3}$/);
      assert.ok(Math.abs(Number(printMs(durationMs)) - durationMs) <= 0.000_501);
    }),
  );
});
