// The error log: what a message says, at which level, and how few there are when failures come in masses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testExchange } from '../../test/kit/exchange.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { ERRORS, type ErrorCode, ProxyError } from '../exchange/errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { FailureLog } from './failure-log.ts';
import { createLogger, type LogLevel } from './logger.ts';

function setUp(level: LogLevel = 'debug') {
  const clock = new FakeClock();
  const lines: Record<string, unknown>[] = [];
  const output = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const failures = new FailureLog(createLogger({ level, format: 'json', output, clock }), clock);
  const fail = (code: ErrorCode, times = 1, endpoint?: string) => {
    const exchange = failed(code, endpoint);
    for (let count = 0; count < times; count++) failures.onEnd(exchange, 502);
  };
  return { clock, lines, failures, fail };
}

function failed(code: ErrorCode, endpoint?: string): Exchange {
  const exchange = testExchange({ target: '/app/x?y', mount: '/app/' });
  exchange.error = new ProxyError(code, 'why', { errno: 'ECONNX' });
  exchange.error.endpoint = endpoint;
  return exchange;
}

test('a message names mount, endpoint, phase, errno, code and detail', () => {
  const { lines, failures } = setUp();
  const exchange = failed('connection_refused');
  exchange.upstream = { upstream: 'app', endpoint: '127.0.0.1:8081', attempts: 3, wasReused: false, status: 0 };
  failures.onEnd(exchange, 502);
  const [{ time: _time, pid: _pid, ...line } = {}] = lines;
  assert.deepEqual(line, {
    level: 'error',
    message: 'The upstream refused the connection.',
    code: 'connection_refused',
    phase: 'connect',
    site: 'www.example.org',
    mount: '/app/',
    endpoint: '127.0.0.1:8081',
    errno: 'ECONNX',
    detail: 'why',
    attempts: 3,
    status: 502,
    method: 'GET',
    host: 'www.example.org',
    target: '/app/x?y',
    client: '192.0.2.7',
    id: exchange.id,
  });
});

test('an exchange without a failure is none', () => {
  const { lines, failures, clock } = setUp();
  failures.onEnd(testExchange(), 500);
  assert.equal(lines.length + clock.timerCount, 0);
});

test('a failure of ours comes with its stack', () => {
  const { lines, failures } = setUp();
  const exchange = testExchange();
  exchange.error = new ProxyError('internal_error', '', { cause: new TypeError('oops') });
  failures.onEnd(exchange, 500);
  assert.equal(lines[0]?.['level'], 'error');
  assert.match(String(lines[0]?.['stack']), /TypeError: oops\n.*failure-log\.test/);
});

test('levels: nobody outside can cause a warning', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { lines, fail } = setUp();
    fail(code, 100);
    const levels = new Set(lines.map((line) => line['level']));
    assert.equal(levels.size, 1);
    const { side } = ERRORS[code];
    const wanted: Record<typeof side, string> = { client: 'info', upstream: 'error', proxy: 'warn' };
    const exceptions: Partial<Record<ErrorCode, string>> = {
      client_gone: 'debug',
      shutting_down: 'info',
      internal_error: 'error',
    };
    assert.ok(levels.has(exceptions[code] ?? wanted[side]), code);
  }
});

test('masses: five are told, the rest is counted, and the windows grow to a minute', () => {
  const { clock, lines, fail } = setUp();
  fail('upstream_timeout', 125, 'a:1');
  assert.equal(lines.length, 5);
  clock.advance(1000);
  assert.equal(lines.length, 6);
  assert.equal(lines[5]?.['message'], 'and 120 more like this: upstream_timeout at a:1, within 1s');
  assert.equal(lines[5]?.['more'], 120);
  assert.equal(lines[5]?.['level'], 'error');
  for (let second = 1; second <= 3600; second++) {
    fail('upstream_timeout', 100, 'a:1');
    clock.advance(1000);
  }
  assert.ok(lines.length < 6 + 6 * 6 + 60 * 6 + 6, `${lines.length} lines in an hour`);
  const counted = lines.reduce((sum, line) => sum + Number(line['more'] ?? 1), 0);
  assert.ok(counted >= 125 + 354_000, `${counted}`);
});

test('codes and endpoints are counted apart', () => {
  const { clock, lines, fail } = setUp();
  fail('upstream_timeout', 6, 'a:1');
  fail('upstream_timeout', 6, 'b:1');
  fail('upstream_closed', 6, 'a:1');
  fail('site_unknown', 6);
  assert.equal(lines.length, 20);
  clock.advance(1000);
  assert.deepEqual(
    lines.slice(20).map((line) => line['message']),
    [
      'and 1 more like this: upstream_timeout at a:1, within 1s',
      'and 1 more like this: upstream_timeout at b:1, within 1s',
      'and 1 more like this: upstream_closed at a:1, within 1s',
      'and 1 more like this: site_unknown, within 1s',
    ],
  );
});

test('after the masses single failures are told again, and nothing is kept', () => {
  const { clock, lines, fail } = setUp();
  fail('upstream_timeout', 100, 'a:1');
  clock.advance(1000);
  fail('upstream_timeout', 1, 'a:1');
  clock.advance(10_000);
  assert.equal(clock.timerCount, 0);
  fail('upstream_timeout', 1, 'a:1');
  clock.advance(999);
  assert.equal(lines.length, 5 + 1 + 1 + 1);
});

test('more kinds of failure than there is room for share one count per code', () => {
  const { clock, lines, fail } = setUp();
  for (let index = 0; index < 5000; index++) fail('upstream_timeout', 1, `e:${index}`);
  assert.equal(lines.length, 1000 + 5);
  clock.advance(1000);
  assert.equal(lines.at(-1)?.['message'], 'and 3995 more like this: upstream_timeout, within 1s');
  assert.equal(lines.length, 1006);
});

test('requests that were refused before they were exchanges are counted with the others of their code', () => {
  const { clock, lines, failures } = setUp();
  const { connection } = testExchange();
  for (let count = 0; count < 20; count++) failures.refused(connection, new ProxyError('request_malformed', 'bare LF'));
  assert.equal(lines.length, 5);
  assert.equal(lines[0]?.['level'], 'info');
  assert.equal(lines[0]?.['client'], '192.0.2.7');
  assert.equal(lines[0]?.['detail'], 'bare LF');
  clock.advance(1000);
  assert.equal(lines[5]?.['message'], 'and 15 more like this: request_malformed, within 1s');
});

test('close tells what was counted', () => {
  const { clock, lines, failures, fail } = setUp();
  fail('upstream_timeout', 10, 'a:1');
  failures.close();
  assert.equal(lines.length, 6);
  assert.equal(clock.timerCount, 0);
});

test('what is not written is not counted either', () => {
  const { clock, lines, fail } = setUp('error');
  fail('client_gone', 100);
  fail('site_unknown', 100);
  assert.equal(lines.length + clock.timerCount, 0);
});
