// The access log as a feature: options, files, mounts that switch it off, the log of everything else, a real server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testContext, testExchange } from '../../../test/kit/exchange.ts';
import { tempFolder } from '../../../test/kit/temp-folder.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Observer } from '../../exchange/observer.ts';
import { LogFiles } from '../../observe/log-files.ts';
import { systemClock } from '../../util/clock.ts';
import { createAccessLog, openDefaultAccessLog } from './handler.ts';
import { accessLog } from './index.ts';
import { type AccessLogOptions, accessLogOptions } from './options.ts';

const LIMIT = { timeout: 120_000 };

test('options: every spelling', () => {
  const json = { isOff: false, format: 'json', path: undefined };
  const cases: readonly (readonly [unknown, AccessLogOptions | undefined])[] = [
    [{}, { isOff: false, format: undefined, path: undefined }],
    [true, { isOff: false, format: undefined, path: undefined }],
    [
      { format: true, path: '/x' },
      { isOff: false, format: undefined, path: '/x' },
    ],
    [false, { isOff: true, format: undefined, path: undefined }],
    [{ format: 'off' }, { isOff: true, format: undefined, path: undefined }],
    [{ format: false }, { isOff: true, format: undefined, path: undefined }],
    [{ format: 'json' }, json as AccessLogOptions],
    [
      { format: 'combined', path: '/var/log/x' },
      { isOff: false, format: 'combined', path: '/var/log/x' },
    ],
    [{ format: 'apache' }, undefined],
    [{ path: '' }, undefined],
    [{ file: '/x' }, undefined],
    ['json', undefined],
  ];
  for (const [value, wanted] of cases) {
    const result = accessLogOptions.safeParse(value);
    assert.deepEqual(result.success ? result.data : undefined, wanted, JSON.stringify(value));
  }
});

test('true and false are options of their own, so that `off` needs no default to switch off', () => {
  assert.equal(accessLog.options.safeParse(false).success, true);
  assert.equal(accessLog.shorthand, 'format');
  assert.equal(accessLog.role, 'observe');
});

/** An exchange of a mount with these observers, over. */
function endedExchange(observers: readonly (Observer | undefined)[], target = '/'): Exchange {
  const exchange = testExchange({ target });
  const route = { ...exchange.route, observers: observers.filter((observer) => observer !== undefined) };
  Object.assign(exchange, { route });
  return exchange;
}

/** Tells the observers of a server and of the mount, in the order in which the server does. */
function end(server: readonly Observer[], exchange: Exchange): void {
  for (const observer of [...server, ...exchange.route.observers]) observer.onEnd?.(exchange, 200);
}

test('mounts log to their own files or not at all; the rest goes to the default', LIMIT, async (context) => {
  const folder = tempFolder(context);
  const path = (name: string) => join(folder, name);
  const files = new LogFiles(systemClock);
  const parse = (value: unknown) => accessLogOptions.parse(value);
  const make = (value: unknown) => createAccessLog(parse(value), testContext(), files);
  const fallback = await openDefaultAccessLog(parse({ path: path('all') }), systemClock, files);
  const own = await make({ format: 'common', path: path('own') });
  const same = await make({ format: 'combined', path: path('own') });
  const off = await make(false);
  const unrelated: Observer = { onEnd: () => {} };
  end([fallback], endedExchange([], '/default'));
  end([fallback], endedExchange([unrelated], '/unrelated'));
  end([fallback], endedExchange([unrelated, own.observe], '/own'));
  end([fallback], endedExchange([same.observe], '/same'));
  end([fallback], endedExchange([off.observe], '/off'));
  await own.close?.();
  end([fallback], endedExchange([same.observe], '/after'));
  await same.close?.();
  await off.close?.();
  await fallback.close();
  const lines = (name: string) => readFileSync(path(name), 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    lines('all').map((line) => JSON.parse(line).target),
    ['/default', '/unrelated'],
  );
  const targets = lines('own').map((line) => /GET (\S+)/.exec(line)?.[1]);
  assert.deepEqual(targets, ['/own', '/same', '/after']);
  assert.match(lines('own')[1] ?? '', / "-" "-"$/);
  assert.deepEqual(own.explain?.(), [`logs to ${path('own')} as common`]);
  assert.deepEqual(off.explain?.(), ['writes no access log']);
});

test('a default that is off writes nothing', LIMIT, async () => {
  const files = new LogFiles(systemClock);
  const log = await openDefaultAccessLog(accessLogOptions.parse(false), systemClock, files);
  log.onEnd(endedExchange([]), 200);
  await log.close();
});

test('a file that cannot be opened keeps the mount from being made', LIMIT, async (context) => {
  const options = accessLogOptions.parse({ path: join(tempFolder(context), 'none', 'log') });
  await assert.rejects(createAccessLog(options, testContext(), new LogFiles(systemClock)), /none\/log: ENOENT/);
});
