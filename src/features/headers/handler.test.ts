// Headers: order of the changes, both sides, failures, and what configurations may not say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHandler, runHandler, testContext, testExchange, testReply } from '../../../test/kit/exchange.ts';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { ProxyError } from '../../exchange/errors.ts';
import { HeaderList } from '../../http/header-list.ts';
import { headers as feature } from './index.ts';
import { headersOptions } from './options.ts';

test('response: removed, set, added, in this order; the reply itself is not changed', async () => {
  const handle = await createHandler(feature, {
    response: {
      remove: ['server', 'X-Powered-By'],
      set: { 'X-Frame-Options': 'DENY', 'Cache-Control': ['no-cache', 'no-transform'], 'X-Count': 3 },
      add: { 'Set-Cookie': ['a=1', 'b=2'] },
    },
  });
  const inner = testReply(200, {}, 'body');
  const received = HeaderList.from([
    ['Server', 'old'],
    ['Set-Cookie', 'z=0'],
    ['x-frame-options', 'ALLOW'],
    ['cache-control', 'max-age=1'],
    ['Cache-Control', 'public'],
  ]);
  const reply = { ...inner, head: { ...inner.head, headers: received } };
  const before = [...received];
  const changed = await runHandler(handle, testExchange(), () => reply);
  assert.deepEqual(
    [...changed.headers].map((line) => line.join(': ')),
    [
      'Set-Cookie: z=0',
      'X-Frame-Options: DENY',
      'Cache-Control: no-cache',
      'Cache-Control: no-transform',
      'X-Count: 3',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
    ],
  );
  assert.equal(changed.text, 'body');
  assert.deepEqual([...received], before);
});

test('response: the same list of headers is changed once', async () => {
  const handle = await createHandler(feature, { response: { set: { A: 'b' } } });
  const reply = testReply();
  const results = await Promise.all([1, 2].map(() => handle(testExchange(), () => reply)));
  assert.equal(results[0]?.head.headers, results[1]?.head.headers);
});

test('response: answers that are there already stay without a promise', async () => {
  const handle = await createHandler(feature, { response: { set: { A: 'b' } } });
  assert.ok(!(handle(testExchange(), () => testReply()) instanceof Promise));
  const later = await runHandler(handle, testExchange(), async () => testReply());
  assert.equal(later.headers.get('a'), 'b');
});

test('request: changes what goes upstream and leaves the received request alone', async () => {
  const handle = await createHandler(feature, {
    request: { remove: ['Cookie'], set: { 'User-Agent': 'portico' }, add: { 'X-Via': 'p' } },
  });
  const exchange = testExchange({ headers: { Cookie: 'a=b', 'user-agent': 'curl', Accept: '*/*' } });
  await runHandler(handle, exchange, () => testReply());
  assert.deepEqual(
    [...exchange.outbound.headers].map((line) => line.join(': ')),
    ['Accept: */*', 'Host: www.example.org', 'User-Agent: portico', 'X-Via: p'],
  );
  assert.equal(exchange.request.headers.get('cookie'), 'a=b');
  const untouched = testExchange();
  await runHandler(await createHandler(feature, { response: { set: { A: 'b' } } }), untouched, () => testReply());
  assert.ok(!untouched.hasOutbound, 'no copy is made where nothing changes');
});

test('failures: thrown now or later, they become pages with the headers', async () => {
  const context = testContext();
  const handle = await createHandler(feature, { response: { set: { 'X-Frame-Options': 'DENY' } } }, context);
  const error = new ProxyError('not_found');
  const failures = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ];
  for (const next of failures) {
    const exchange = testExchange();
    const reply = await runHandler(handle, exchange, next);
    assert.deepEqual([reply.status, reply.headers.get('x-frame-options')], [404, 'DENY']);
    assert.equal(exchange.error, error);
  }
  const bug = await runHandler(handle, testExchange(), () => Promise.reject(new TypeError('bug')));
  assert.equal(bug.status, 500);
  assert.equal(context.lines.length, 1);
});

test('failures: when the client is gone they go on', async () => {
  const handle = await createHandler(feature, { response: { set: { A: 'b' } } });
  const gone = new ProxyError('client_gone');
  await assert.rejects(
    runHandler(handle, testExchange(), () => Promise.reject(gone)),
    gone,
  );
  const exchange = testExchange();
  exchange.abort(gone);
  const late = new ProxyError('upstream_closed');
  await assert.rejects(
    runHandler(handle, exchange, () => Promise.reject(late)),
    late,
  );
});

test('headersOptions: mistakes', () => {
  const cases: [unknown, RegExp][] = [
    [{}, /expected "request", "response" or both/],
    [{ response: { set: { 'Content-Length': '5' } } }, /response.set.Content-Length: .*set by the server alone/],
    [{ request: { set: { Host: 'x' } } }, /request.set.Host: Host is chosen with/],
    [{ response: { set: { A: 'b\r\nC: d' } } }, /response.set.A: expected a header value/],
    [{ response: { set: { A: [] } } }, /response.set.A/],
    [{ response: { remove: ['A'], set: { a: 'b' } } }, /a is named twice/],
    [{ response: { set: { A: 'b', a: 'c' } } }, /a is named twice/],
    [{ response: { sett: {} } }, /sett/],
  ];
  for (const [options, expected] of cases)
    assert.match(mistakesOf(headersOptions, options).join('\n'), expected, JSON.stringify(options));
});
