// FileLock: one at a time, taken over from the dead, not from the living.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { systemClock } from '../util/clock.ts';
import { withFileLock } from './file-lock.ts';

const TIME = { timeout: 120_000 };

function lockFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'x.lock');
}

/** Moves the clock on until `isDone`, with file operations between. */
async function advanceUntil(clock: FakeClock, stepMs: number, isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    clock.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('withFileLock: many at once run one after the other, and leave nothing', TIME, async (t) => {
  const file = lockFile(t);
  let inside = 0;
  let most = 0;
  let sum = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    const before = sum;
    await new Promise((resolve) => setImmediate(resolve));
    sum = before + 1;
    inside--;
  };
  // Timers of the clock do not keep the process alive; a port that is listened on does.
  const { port1 } = new MessageChannel();
  port1.on('message', () => {});
  t.after(() => port1.close());
  await Promise.all(Array.from({ length: 3 }, () => withFileLock(file, systemClock, work)));
  assert.deepEqual([most, sum], [1, 3]);
  assert.deepEqual(readdirSync(join(file, '..')), []);
});

test('withFileLock: a failure of the work lets go too', TIME, async (t) => {
  const file = lockFile(t);
  await assert.rejects(
    withFileLock(file, new FakeClock(), () => Promise.reject(new Error('failed'))),
    /failed/,
  );
  assert.ok(!existsSync(file));
});

test('withFileLock: a lock that nobody touches is taken over after 30 seconds, not before', TIME, async (t) => {
  const file = lockFile(t);
  writeFileSync(file, 'somebody 1\n');
  const clock = new FakeClock();
  let gotAtMs = 0;
  const waiting = withFileLock(file, clock, async () => {
    gotAtMs = clock.now();
  });
  let isDone = false;
  void waiting.then(() => {
    isDone = true;
  });
  await advanceUntil(clock, 100, () => isDone);
  assert.ok(gotAtMs > 30_000, String(gotAtMs));
  assert.deepEqual(readdirSync(join(file, '..')), []);
});

test('withFileLock: a lock that is touched is left alone', TIME, async (t) => {
  const file = lockFile(t);
  writeFileSync(file, 'somebody 1\n');
  const clock = new FakeClock();
  let isDone = false;
  const waiting = withFileLock(file, clock, () => Promise.resolve()).then(() => {
    isDone = true;
  });
  let beats = 0;
  const stop = clock.every(5000, () => {
    beats++;
    utimesSync(file, 1_700_000_000 + beats, 1_700_000_000 + beats);
  });
  await advanceUntil(clock, 100, () => beats >= 30);
  assert.ok(!isDone, 'after two and a half minutes');
  stop();
  rmSync(file);
  await advanceUntil(clock, 100, () => isDone);
  await waiting;
});
