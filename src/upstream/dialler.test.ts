// What a dialler remembers of an endpoint that wanted HTTP/1.1: for how long, and where the configuration leaves no choice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { Deadlines } from '../util/deadlines.ts';
import { Dialler, type DiallerOptions } from './dialler.ts';

function makeDialler(clock: FakeClock, options: Pick<DiallerOptions, 'protocol' | 'tls'>): Dialler {
  const address = { host: '127.0.0.1', port: 1 };
  const deadlines = new Deadlines(clock);
  // Time passes for whoever watches: a client.
  deadlines.add({ deadlineMs: Number.POSITIVE_INFINITY, onDeadline: () => {} });
  return new Dialler({ address, connectTimeoutMs: 1000, ...options }, deadlines);
}

test('HTTP/2 is offered again after five minutes', async () => {
  const clock = new FakeClock();
  const dialler = makeDialler(clock, { protocol: 'auto', tls: {} });
  assert.equal(dialler.usesHttp1, false);
  assert.equal(dialler.noteHttp1Required(), true);
  assert.equal(dialler.usesHttp1, true);
  await clock.advanceWithTurns(299_000);
  assert.equal(dialler.usesHttp1, true);
  await clock.advanceWithTurns(2_000);
  assert.equal(dialler.usesHttp1, false);
});

test('nothing is remembered where the protocol is configured, or there is no ALPN', () => {
  for (const options of [
    { protocol: 'h2', tls: {} },
    { protocol: 'h2', tls: undefined },
    { protocol: 'auto', tls: undefined },
  ] as const) {
    const dialler = makeDialler(new FakeClock(), options);
    assert.equal(dialler.noteHttp1Required(), false);
    assert.equal(dialler.usesHttp1, false);
  }
});
