// createProgramLog: levels, both formats, files that are there or not, and values that try to look like something else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { tempFolder } from '../../test/kit/temp-folder.ts';
import type { ResolvedLog } from '../config/resolved-config.ts';
import { createProgramLog } from './program-log.ts';

const TEXT: ResolvedLog = { level: 'info', format: 'text', file: undefined };

test('the program log writes lines for people, with fields that cannot be taken for others', () => {
  const { log, lines } = collect(() => TEXT);
  log.info({ site: 'a.example', none: undefined, count: 2 }, 'started');
  log.error({ detail: 'x\n2026 error forged=1' }, 'failed');
  assert.deepEqual(lines, [
    '2026-01-01T00:00:00.000Z info started site=a.example count=2\n',
    '2026-01-01T00:00:00.000Z error failed detail="x\\n2026 error forged=1"\n',
  ]);
});

test('the program log writes JSON, errors with their stack', () => {
  const { log, lines } = collect(() => ({ ...TEXT, format: 'json' }));
  log.warn({ error: new RangeError('boom') }, 'oh');
  const line = JSON.parse(lines[0] ?? '') as Record<string, string>;
  assert.deepEqual(Object.keys(line), ['time', 'level', 'message', 'error']);
  assert.match(line['error'] ?? '', /^RangeError: boom\n {4}at /);
});

test('the program log obeys the level as it is at each message', () => {
  let level: ResolvedLog['level'] = 'warn';
  const { log, lines } = collect(() => ({ ...TEXT, level }));
  log.info({}, 'one');
  level = 'debug';
  log.info({}, 'two');
  level = 'silent';
  log.error({}, 'three');
  assert.deepEqual(
    lines.map((line) => line.split(' ')[2]),
    ['two\n'],
  );
});

test('the program log writes to a file, and to standard error what cannot be written there', (t) => {
  const file = join(tempFolder(t), 'portico.log');
  let current = file;
  const { log, lines } = collect(() => ({ ...TEXT, file: current }));
  log.info({}, 'one');
  log.info({}, 'two');
  assert.match(readFileSync(file, 'utf8'), /^\S+ info one\n\S+ info two\n$/);
  assert.deepEqual(lines, []);
  current = join(file, 'impossible');
  log.info({}, 'three');
  assert.match(lines.join(''), /info three\n\(not in .*impossible: /);
});

function collect(settings: () => ResolvedLog) {
  const lines: string[] = [];
  const terminal = {
    cwd: '/',
    environment: {},
    hasColors: false,
    print: () => {},
    error: (text: string) => void lines.push(text),
  };
  return { log: createProgramLog(settings, terminal, new FakeClock()), lines };
}
