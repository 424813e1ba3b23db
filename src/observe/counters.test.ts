// Counters: what exchanges, connections and reloads add up to, and that nothing is kept for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testExchange } from '../../test/kit/exchange.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { Counters, statusClassOf } from './counters.ts';

function exchangeOf(site: string, bytes: readonly [sent: number, received: number] = [0, 0]): Exchange {
  const exchange = testExchange({ mount: { site, path: '/', source: undefined } });
  [exchange.bytesSent, exchange.bytesReceived] = bytes;
  return exchange;
}

test('status classes', () => {
  const cases: readonly (readonly [number, number])[] = [
    [100, 1],
    [101, 1],
    [200, 2],
    [299, 2],
    [304, 3],
    [404, 4],
    [499, 4],
    [599, 5],
    [600, 0],
    [99, 0],
    [0, 0],
    [-1, 0],
    [Number.NaN, 0],
  ];
  for (const [status, index] of cases) assert.equal(statusClassOf(status), index, String(status));
});

test('a new process has nothing to tell', () => {
  const none = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, other: 0 };
  assert.deepEqual(new Counters().snapshot(), {
    exchanges: { active: 0, total: 0, failed: 0, byStatusClass: none },
    sites: {},
    bytes: { received: 0, sent: 0 },
    listeners: {},
    upstreamConnections: { open: 0, opened: 0, failed: 0 },
    reloads: { done: 0, failed: 0 },
  });
});

test('exchanges: active, total, by status class, by site, bytes', () => {
  const counters = new Counters();
  const [first, second, third] = [exchangeOf('a', [100, 1]), exchangeOf('a', [10, 2]), exchangeOf('', [0, 4])];
  for (const exchange of [first, second, third]) counters.onOpen(exchange);
  assert.equal(counters.snapshot().exchanges.active, 3);
  counters.onEnd(first, 200);
  third.error = new ProxyError('site_unknown');
  counters.onEnd(third, 404);
  const { exchanges, sites, bytes } = counters.snapshot();
  assert.deepEqual(exchanges, {
    active: 1,
    total: 3,
    failed: 1,
    byStatusClass: { '1xx': 0, '2xx': 1, '3xx': 0, '4xx': 1, '5xx': 0, other: 0 },
  });
  assert.equal(sites['a']?.active, 1);
  assert.equal(sites['a']?.total, 2);
  assert.equal(sites['']?.failed, 1);
  assert.deepEqual(bytes, { received: 5, sent: 100 });
});

test('connections by listener, connections to endpoints, reloads', () => {
  const counters = new Counters();
  const listener = counters.listener('http://127.0.0.1:80');
  assert.equal(counters.listener('http://127.0.0.1:80'), listener);
  listener.onOpen();
  listener.onOpen();
  listener.onClose();
  listener.onRefused();
  counters.upstreamConnections.onOpen();
  counters.upstreamConnections.onOpen();
  counters.upstreamConnections.onClose();
  counters.upstreamConnections.onFailed();
  counters.onReload(true);
  counters.onReload(false);
  const snapshot = counters.snapshot();
  assert.deepEqual(snapshot.listeners, { 'http://127.0.0.1:80': { open: 1, accepted: 2, refused: 1 } });
  assert.deepEqual(snapshot.upstreamConnections, { open: 1, opened: 2, failed: 1 });
  assert.deepEqual(snapshot.reloads, { done: 1, failed: 1 });
});

test('what a reload took away is forgotten once it is idle', () => {
  const counters = new Counters();
  const lasting = exchangeOf('old but busy');
  counters.onOpen(lasting);
  for (const site of ['old', 'kept', '', '__proto__']) {
    const exchange = exchangeOf(site);
    counters.onOpen(exchange);
    counters.onEnd(exchange, 200);
  }
  counters.listener('old');
  counters.listener('busy').onOpen();
  const retain = () => counters.retain(new Set(['kept', '__proto__']), new Set(['new']));
  retain();
  assert.deepEqual(Object.keys(counters.snapshot().sites), ['old but busy', 'kept', '', '__proto__']);
  assert.deepEqual(Object.keys(counters.snapshot().listeners), ['busy']);
  counters.onEnd(lasting, 200);
  counters.listener('busy').onClose();
  retain();
  assert.deepEqual(Object.keys(counters.snapshot().sites), ['kept', '', '__proto__']);
  assert.deepEqual(Object.keys(counters.snapshot().listeners), []);
  assert.equal(counters.snapshot().exchanges.total, 5);
});

test('a snapshot is data of its own', () => {
  const counters = new Counters();
  const before = counters.snapshot();
  const exchange = exchangeOf('a');
  counters.onOpen(exchange);
  counters.onEnd(exchange, 200);
  assert.equal(before.exchanges.total, 0);
  assert.deepEqual(JSON.parse(JSON.stringify(counters.snapshot())), counters.snapshot());
});
