// The rules without I/O: back-off, the instant of a renewal, windows, turns, words of others.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { TestAuthority } from '../../test/kit/certificates.ts';
import { quoteWords } from './acme-error.ts';
import { backOffMs } from './back-off.ts';
import { problemError } from './messages.ts';
import { drawRenewal, plainRenewalMs } from './renewal.ts';
import { TaskLimit } from './task-limit.ts';

const MINUTE_MS = 60_000;

test('backOffMs: grows by three, ends at twelve hours, and keeps what the CA wishes', () => {
  const plain = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => backOffMs(failures, undefined, () => 0) / MINUTE_MS);
  assert.deepEqual(plain, [1, 3, 9, 27, 81, 243, 720, 720]);
  assert.equal(
    backOffMs(1, undefined, () => 1),
    1.2 * MINUTE_MS,
  );
  assert.equal(
    backOffMs(1, 3600_000, () => 0),
    3600_000,
  );
  assert.equal(
    backOffMs(5, 1000, () => 0),
    81 * MINUTE_MS,
  );
});

test('plainRenewalMs: two thirds of the life, a little earlier by chance', async () => {
  const [from, to] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-03-02T00:00:00Z')];
  const { cert } = await (await TestAuthority.create()).issue({ names: ['a.example'], from, to });
  const leaf = new X509Certificate(cert);
  assert.equal(new Date(plainRenewalMs(leaf, () => 0)).toISOString(), '2026-02-10T00:00:00.000Z');
  assert.equal(new Date(plainRenewalMs(leaf, () => 1)).toISOString(), '2026-02-08T00:00:00.000Z');
});

test('drawRenewal: an instant that was drawn stays while its window does', () => {
  const window = { startMs: 1000, endMs: 2000, explanationUrl: undefined };
  const first = drawRenewal(window, undefined, () => 0.25);
  assert.equal(first.chosenMs, 1250);
  assert.equal(drawRenewal(window, first, () => 0.9).chosenMs, 1250);
  assert.equal(drawRenewal({ ...window, endMs: 3000 }, first, () => 0.5).chosenMs, 2000);
});

test('TaskLimit: runs so many at a time, in order, failures included', async () => {
  const limit = new TaskLimit(2);
  const log: string[] = [];
  let running = 0;
  const task = (name: string) => async () => {
    assert.ok(++running <= 2);
    log.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (name === 'b') throw new Error('b failed');
  };
  const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => limit.run(task(name))));
  assert.deepEqual(log, ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
});

test('problemError: the words of the CA, and those for every identifier', () => {
  const error = problemError(
    {
      type: 'urn:ietf:params:acme:error:compound',
      detail: 'Errors during validation',
      subproblems: [{ type: 'x', detail: 'no A record', identifier: { type: 'dns', value: 'a.example' } }],
    },
    { status: 400 },
  );
  assert.equal(error.message, 'the CA said: "Errors during validation; a.example: no A record" (compound, 400)');
  assert.equal(error.type, 'compound');
  for (const nonsense of [undefined, null, 7, 'text', [], { detail: 7 }])
    assert.match(problemError(nonsense).message, /^the CA refused without a word/);
});

test('quoteWords: one line, without what changes a terminal', () => {
  assert.equal(quoteWords(' a\r\n\u001b[31mb\u202ec\u2028d '), 'a [31mb c d');
  assert.equal(quoteWords('x'.repeat(700)).length, 603);
});
