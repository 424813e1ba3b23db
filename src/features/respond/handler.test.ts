// Fixed answers: heads, bodies, neutral pages, and statuses that need something.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHandler, runHandler, testExchange } from '../../../test/kit/exchange.ts';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { isNeutralPage } from '../../exchange/error-reply.ts';
import type { Reply } from '../../exchange/handler.ts';
import { respond } from './index.ts';
import { respondOptions } from './options.ts';

test('respond: a body with its type and length', async () => {
  const handle = await createHandler(respond, {
    status: 201,
    body: '{"ä":1}',
    type: 'application/json',
    headers: { 'X-A': 'b' },
  });
  for (let round = 0; round < 2; round++) {
    const reply = await runHandler(handle, testExchange({ method: 'POST' }));
    assert.deepEqual([reply.status, reply.text], [201, '{"ä":1}']);
    assert.deepEqual(
      [...reply.headers].map((line) => line.join(': ')),
      ['Content-Type: application/json', 'Content-Length: 8', 'X-A: b'],
    );
  }
});

test('respond: without a body', async () => {
  const cases: [object, string[]][] = [
    [{}, ['Content-Length: 0']],
    [{ status: 204 }, []],
    [{ status: 304 }, []],
    [{ status: 404, body: '' }, ['Content-Length: 0']],
  ];
  for (const [options, expected] of cases) {
    const reply = await runHandler(await createHandler(respond, options), testExchange());
    assert.equal(reply.text, '');
    assert.deepEqual(
      [...reply.headers].map((line) => line.join(': ')),
      expected,
      JSON.stringify(options),
    );
  }
});

test('respond: an error without a body is the neutral page', async () => {
  const handle = await createHandler(respond, { status: '404', headers: { 'cache-control': 'max-age=60' } });
  const exchange = testExchange({ headers: { Accept: 'text/html' } });
  const reply = handle(exchange, () => assert.fail('next')) as Reply; // it answers at once
  assert.ok(isNeutralPage(reply));
  const { status, text, headers } = await runHandler(handle, exchange);
  assert.deepEqual([status, headers.getAll('cache-control')], [404, ['max-age=60']]);
  assert.ok(text.includes('404 Not Found') && text.includes(exchange.id));
});

test('respondOptions: mistakes', () => {
  const cases: [unknown, RegExp][] = [
    [{ status: 99 }, /status: expected a whole number from 200/],
    [{ status: 101 }, /status: expected a whole number from 200/],
    [{ status: 600 }, /status: expected a status from 200 to 599/],
    [{ status: 'ok' }, /status: /],
    [{ status: 204, body: 'x' }, /204 has no body/],
    [{ status: 401 }, /needs the header WWW-Authenticate/],
    [{ status: 405 }, /needs the header Allow/],
    [{ headers: { 'content-type': 'a/b' } }, /said with "type"/],
    [{ headers: { 'Content-Length': '3' } }, /set by the server alone/],
    [{ type: 'a/b\nc' }, /type: expected a media type/],
    [{ text: 'x' }, /text/],
  ];
  for (const [options, expected] of cases)
    assert.match(mistakesOf(respondOptions, options).join('\n'), expected, JSON.stringify(options));
  assert.deepEqual(mistakesOf(respondOptions, { status: 405, headers: { allow: 'GET' } }), []);
});
