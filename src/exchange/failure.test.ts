// Failures are noted once, and our own are logged once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testContext, testExchange } from '../../test/kit/exchange.ts';
import { ProxyError } from './errors.ts';
import { noteFailure } from './failure.ts';

test('noteFailure: the first failure stays, only our own are logged, each once', () => {
  const { log, lines } = testContext();
  const exchange = testExchange();
  const first = new ProxyError('not_found');
  assert.equal(noteFailure(exchange, first, log), first);
  assert.equal(noteFailure(exchange, new ProxyError('overloaded'), log).code, 'overloaded');
  assert.equal(exchange.error, first);
  assert.equal(lines.length, 0);

  const other = testExchange();
  const ours = noteFailure(other, new TypeError('a bug'), log);
  assert.equal(ours.code, 'internal_error');
  assert.equal(noteFailure(other, ours, log), ours);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.fields['id'], other.id);
  assert.match(String(lines[0]?.fields['stack']), /TypeError: a bug/);
});
