// Error pages of the operator's: which failures and answers they replace, for whom, and what stays.
import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createHandler, runHandler, testContext, testExchange, testReply } from '../../../test/kit/exchange.ts';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { bytesBody } from '../../exchange/body.ts';
import { failedRequest, renderStatus } from '../../exchange/error-reply.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Next } from '../../exchange/handler.ts';
import { errorPages } from './index.ts';
import { errorPagesOptions } from './options.ts';

const NAVIGATION = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'portico-errors-'));
  await writeFile(join(dir, '404.html'), '<h1>lost</h1>');
  await writeFile(join(dir, 'sorry.html'), '<h1>sorry</h1>');
  await writeFile(join(dir, 'huge.html'), '');
  await truncate(join(dir, 'huge.html'), 1_000_001);
});
after(() => rm(dir, { recursive: true }));

const create = (options: object) => createHandler(errorPages, options, testContext({ baseDir: dir }));
const throwing =
  (code: 'not_found' | 'overloaded' | 'request_denied' | 'client_gone'): Next =>
  () => {
    throw new ProxyError(code, '', { headers: [['Retry-After', '5']] });
  };

test('errors: a failure gets its page, the status before its class, and keeps its headers', async () => {
  const handle = await create({ 404: './404.html', '4xx': 'sorry.html', '5xx': './sorry.html' });
  const cases: [Next, number, string][] = [
    [throwing('not_found'), 404, '<h1>lost</h1>'],
    [throwing('request_denied'), 403, '<h1>sorry</h1>'],
    [throwing('overloaded'), 503, '<h1>sorry</h1>'],
    [() => Promise.reject(new ProxyError('not_found')), 404, '<h1>lost</h1>'],
  ];
  for (const [next, status, text] of cases) {
    const exchange = testExchange({ headers: { Accept: NAVIGATION } });
    const reply = await runHandler(handle, exchange, next);
    assert.deepEqual([reply.status, reply.text], [status, text]);
    assert.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(reply.headers.get('content-length'), String(text.length));
    assert.deepEqual(reply.headers.getAll('cache-control'), ['no-store']);
    assert.deepEqual(reply.headers.getAll('vary'), ['Accept']);
    assert.ok(!reply.headers.has('content-security-policy'), 'the page of the operator may have scripts');
    assert.equal(exchange.error?.status, status);
  }
  const limited = await runHandler(handle, testExchange(), throwing('overloaded'));
  assert.equal(limited.headers.get('retry-after'), '5');
  assert.match(limited.headers.get('proxy-status') ?? '', /overloaded/);
});

test('errors: without a page, for programs, or when nobody is there, the failure goes on', async () => {
  const handle = await create({ 404: './404.html' });
  const rejects = (headers: Record<string, string>, next: Next, code: string) =>
    assert.rejects(runHandler(handle, testExchange({ headers }), next), { code });
  await rejects({}, throwing('overloaded'), 'overloaded');
  await rejects({ Accept: 'application/json' }, throwing('not_found'), 'not_found');
  await rejects({ Accept: 'text/plain' }, throwing('not_found'), 'not_found');
  await rejects({}, throwing('client_gone'), 'client_gone');
  const exchange = testExchange();
  exchange.abort(new ProxyError('client_gone'));
  await assert.rejects(runHandler(handle, exchange, throwing('not_found')), { code: 'not_found' });
});

test('errors: a neutral page that came as a reply is replaced, any other answer of ours is not', async () => {
  const handle = await create({ 404: './404.html', upstream: true });
  const exchange = testExchange({ headers: { Accept: NAVIGATION } });
  const neutral = renderStatus(404, failedRequest(exchange));
  assert.equal((await runHandler(handle, exchange, () => neutral)).text, '<h1>lost</h1>');
  assert.equal((await runHandler(handle, exchange, async () => testReply(404, {}, 'mine'))).text, 'mine');
  assert.equal((await runHandler(handle, exchange, () => testReply(200, {}, 'fine'))).text, 'fine');
  const program = testExchange({ headers: { Accept: 'application/json' } });
  assert.match((await runHandler(handle, program, () => renderStatus(404, failedRequest(program)))).text, /Not Found/);
});

test('errors: answers of the backend only if wanted, and only for who asks for a page', async () => {
  const answer = () =>
    testReply(
      502,
      {
        'Content-Type': 'application/json',
        'Content-Encoding': 'gzip',
        ETag: '"a"',
        'Set-Cookie': 'a=b',
        'Cache-Control': 'public',
        'Content-Security-Policy': "default-src 'none'",
        Vary: 'Cookie',
      },
      'backend',
    );
  const run = async (options: object, accept: string) => {
    const exchange = testExchange({ headers: { Accept: accept } });
    exchange.upstream = { upstream: 'a', endpoint: 'b', attempts: 1, wasReused: false, status: 502 };
    return runHandler(await create(options), exchange, answer);
  };
  assert.equal((await run({ '5xx': 'sorry.html' }, NAVIGATION)).text, 'backend');
  assert.equal((await run({ '5xx': 'sorry.html', upstream: true }, '*/*')).text, 'backend');
  const page = await run({ '5xx': 'sorry.html', upstream: true }, NAVIGATION);
  assert.deepEqual([page.status, page.text], [502, '<h1>sorry</h1>']);
  assert.deepEqual(
    [...page.headers].map((line) => line.join(': ')),
    [
      'Set-Cookie: a=b',
      'Vary: Cookie, Accept',
      'Content-Type: text/html; charset=utf-8',
      'Content-Length: 14',
      'Cache-Control: no-store',
    ],
  );
});

test('errors: what is replaced is read to its end, or cut off if it is long', async () => {
  const handle = await create({ '5xx': 'sorry.html', upstream: true });
  const run = async (size: number) => {
    const inner = bytesBody(Buffer.alloc(size));
    const events: string[] = [];
    const body = {
      ...inner,
      sendTo: (sink: Parameters<typeof inner.sendTo>[0]) => {
        events.push('sent');
        inner.sendTo(sink);
      },
      cancel: () => events.push('cancelled'),
    };
    const exchange = testExchange({ headers: { Accept: 'text/html' } });
    exchange.upstream = { upstream: 'a', endpoint: 'b', attempts: 1, wasReused: false, status: 502 };
    await runHandler(handle, exchange, () => testReply(502, {}, body));
    return events;
  };
  assert.deepEqual(await run(1000), ['sent']);
  assert.deepEqual(await run(100_000), ['sent', 'cancelled']);
});

test("errors: pages that cannot be used are the operator's mistake", async () => {
  await assert.rejects(create({ 404: 'nowhere.html' }), /errors: cannot read .*nowhere.html: ENOENT/);
  await assert.rejects(create({ 404: '.' }), /errors: cannot read .*EISDIR/);
  await assert.rejects(create({ 404: 'huge.html' }), /larger than 1 MB/);
  const cases: [object, RegExp][] = [
    [{}, /at least one status/],
    [{ upstream: true }, /at least one status/],
    [{ 200: 'a' }, /200: expected a status such as 404/],
    [{ '3xx': 'a' }, /3xx: expected a status/],
    [{ '404': 'a', upsteam: 'b' }, /upsteam: expected a status/],
    [{ '404': 5 }, /404: expected a path/],
    [{ '404': true }, /404: expected a path/],
    [{ '404': 'a', upstream: 'yes' }, /upstream: expected true or false/],
  ];
  for (const [options, expected] of cases)
    assert.match(mistakesOf(errorPagesOptions, options).join('\n'), expected, JSON.stringify(options));
});
