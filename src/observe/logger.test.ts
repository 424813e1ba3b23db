// The log: levels, both formats, what is hidden, what hostile texts cannot do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { ProxyError } from '../exchange/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import { createLogger, type LoggerOptions, type LogLevel, mayHaveColours } from './logger.ts';

function setUp(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'debug', format: 'json', output, clock: new FakeClock(), ...options });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

test('a message as JSON: time, level, process, message, fields', () => {
  const { log, lines, last } = setUp();
  log.info({ site: 'a.example', count: 3, nothing: undefined }, 'hello %s %%');
  assert.match(lines[0] ?? '', /^\{"level":"info","time":"2026-01-01T00:00:00.000Z","pid":\d+,.*\}\n$/);
  assert.deepEqual(last(), {
    level: 'info',
    time: '2026-01-01T00:00:00.000Z',
    pid: process.pid,
    site: 'a.example',
    count: 3,
    message: 'hello %s %%',
  });
});

test('levels', () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const;
  for (const [rank, level] of ([...levels, 'silent'] as LogLevel[]).entries()) {
    const { log, lines } = setUp({ level });
    for (const each of levels) log[each]({}, each);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).message),
      levels.slice(rank),
    );
    assert.deepEqual(
      levels.filter((each) => log.isEnabled(each)),
      levels.slice(rank),
    );
  }
});

test('credentials are hidden wherever a name says that they are some', () => {
  const { log, lines } = setUp();
  const secret = 'SECRET';
  const headers = HeaderList.from([
    ['Host', 'shown'],
    ['AUTHORIZATION', secret],
    ['Cookie', secret],
    ['cookie', secret],
    ['Accept', 'a'],
    ['Accept', 'b'],
  ]);
  log.info({ headers, 'Set-Cookie': secret, deep: { list: [{ Cookie: secret }] } }, 'x');
  log.info({ pairs: [['proxy-authorization', secret]], map: new Map([['Cookie', secret]]), list: [...headers] }, 'x');
  log.child({ authorization: secret }).info({}, 'x');
  assert.equal(
    lines.some((line) => line.includes(secret)),
    false,
  );
  assert.deepEqual(JSON.parse(lines[0] ?? '').headers, {
    host: 'shown',
    authorization: '(hidden)',
    cookie: ['(hidden)', '(hidden)'],
    accept: ['a', 'b'],
  });
});

test('fields cannot pose as the parts of a message', () => {
  const { log, last } = setUp();
  log.warn({ level: 'info', time: 'never', pid: 0, message: 'forged' }, 'true');
  assert.equal(last()['level'], 'warn');
  assert.equal(last()['message'], 'true');
  assert.equal(last()['message_'], 'forged');
});

test('errors with code, stack and causes', () => {
  const { log, last } = setUp();
  const cause = Object.assign(new Error('low'), { code: 'ECONNREFUSED' });
  log.error({ error: new ProxyError('connection_refused', '127.0.0.1:1', { cause }) }, 'x');
  const error = last()['error'] as Record<string, unknown>;
  assert.equal(error['code'], 'connection_refused');
  assert.match(String(error['stack']), /logger\.test/);
  assert.equal((error['cause'] as Record<string, unknown>)['code'], 'ECONNREFUSED');
});

test('whatever a field is, the message goes out', () => {
  const circular: Record<string, unknown> = { name: 'me' };
  circular['self'] = circular;
  const throwing = {
    get x() {
      throw new Error('no');
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const values: unknown[] = [
    circular,
    throwing,
    revoked.proxy,
    10n,
    Symbol('s'),
    () => {},
    Buffer.alloc(1e6),
    new Date(Number.NaN),
    Array.from({ length: 1e5 }, () => 'x'),
    {
      toJSON: () => {
        throw new Error('no');
      },
    },
    Number.NaN,
    null,
    'long'.repeat(1e6),
    new Error('long'.repeat(1e6)),
    (function* endless() {
      for (;;) yield 1;
    })(),
    Object.create(null),
  ];
  for (const format of ['json', 'text'] as const) {
    for (const value of values) {
      const { log, lines } = setUp({ format });
      log.info({ value }, 'still here');
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /still here/);
      assert.ok((lines[0] ?? '').length < 50_000);
    }
  }
});

test('a message as text', () => {
  const { log, lines } = setUp({ format: 'text' });
  log.warn({ site: 'a.example', text: 'two words', empty: '', count: 3, list: [1], ok: true }, 'Careful.');
  log.debug({}, 'Quiet.');
  assert.deepEqual(lines, [
    '2026-01-01T00:00:00.000Z WARN  Careful. site=a.example text="two words" empty="" count=3 list=[1] ok=true\n',
    '2026-01-01T00:00:00.000Z DEBUG Quiet.\n',
  ]);
});

test('colours only where asked for', () => {
  const { log, lines } = setUp({ format: 'text', hasColours: true });
  log.error({ a: 1 }, 'Bad.');
  assert.equal(lines[0], '\x1b[2m2026-01-01T00:00:00.000Z\x1b[0m \x1b[31mERROR Bad.\x1b[0m\x1b[2m a=1\x1b[0m\n');
  assert.equal(mayHaveColours({ isTTY: true }, {}), true);
  assert.equal(mayHaveColours({ isTTY: true }, { NO_COLOR: '' }), true);
  assert.equal(mayHaveColours({ isTTY: true }, { NO_COLOR: '1' }), false);
  assert.equal(mayHaveColours({}, {}), false);
});

test('no text forges a line or reaches a terminal as a control, in either format', () => {
  const unsafe = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/;
  const check = (format: 'json' | 'text', text: string) => {
    const { log, lines } = setUp({ format });
    log.info({ text, [text]: 1, deep: { [text]: [text] } }, text);
    const [line = ''] = lines;
    assert.equal(lines.length, 1);
    assert.equal(line.indexOf('\n'), line.length - 1);
    assert.doesNotMatch(line, unsafe);
    if (format === 'json') assert.deepEqual(JSON.parse(line).deep[text], [text]);
    else assert.doesNotMatch(line, /[\u202e\u2066]/);
  };
  const attacks = [
    'a\nb',
    '\x1b[2J',
    '\x9b31m',
    '\u202eevil',
    '"',
    '\\',
    'x=y',
    '\u2066',
    '\r',
    '__proto__',
    'toString',
  ];
  for (const format of ['json', 'text'] as const) {
    for (const text of attacks) check(format, text);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => check(format, `t${text}`)),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => check(format, `t${text}`)),
      { numRuns: 50 },
    );
  }
});
