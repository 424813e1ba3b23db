// Long work lets the event loop turn, and ends with its result.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicNow } from './clock.ts';
import { runAtOnce, runInSlices, type Steps } from './slices.ts';

test('immediates run between the slices of long work, and none when it is done at once', async () => {
  let turns = 0;
  function* work(): Steps<number> {
    setImmediate(() => turns++);
    const endMs = monotonicNow() + 50;
    while (monotonicNow() < endMs) yield;
    return turns;
  }
  assert.equal(runAtOnce(work()), 0);
  assert.ok((await runInSlices(work())) > 0);
});
