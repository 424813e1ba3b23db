// Error pages: what they say in each form, and what they never say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectReply, testExchange } from '../../test/kit/exchange.ts';
import { failedRequest, isNeutralPage, renderError, renderStatus } from './error-reply.ts';
import { ERRORS, type ErrorCode, ProxyError } from './errors.ts';

const NAVIGATION = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const SECRET = 'http://10.1.2.3:8081/hidden-folder/<path>';

function render(error: ProxyError, accept?: string, id: string | undefined = 'p1-2a') {
  return collectReply(renderError(error, { method: 'GET', accept, id }));
}

test('renderError: text for who does not say', async () => {
  for (const accept of [undefined, '*/*', 'image/png', 'text/plain']) {
    const reply = await render(new ProxyError('not_found', SECRET), accept);
    assert.equal(reply.status, 404);
    assert.equal(reply.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(reply.text, '404 Not Found\nNothing is served at this address.\ncode: not_found\nrequest: p1-2a\n');
  }
});

test('renderError: a page for browsers', async () => {
  const reply = await render(new ProxyError('connection_refused', SECRET), NAVIGATION);
  assert.equal(reply.status, 502);
  assert.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.ok(reply.text.includes('<h1>502 Bad Gateway</h1>'));
  assert.ok(reply.text.includes('<p>The upstream refused the connection.</p>'));
  assert.ok(reply.text.includes('<footer>connection_refused &middot; request p1-2a</footer>'));
  assert.ok(reply.bytes.length < 1500, 'small');
});

test('renderError: a problem for programs', async () => {
  for (const accept of ['application/json', 'application/problem+json', 'application/json, text/plain, */*']) {
    const reply = await render(new ProxyError('overloaded', SECRET), accept);
    assert.equal(reply.headers.get('content-type'), 'application/problem+json');
    assert.deepEqual(JSON.parse(reply.text), {
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'The proxy has no room for this request.',
      code: 'overloaded',
      request: 'p1-2a',
    });
  }
});

test('renderError: every code in every form has a length, is not kept, and gives nothing away', async () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    for (const accept of [undefined, NAVIGATION, 'application/json']) {
      const error = new ProxyError(code, SECRET, { cause: new Error(SECRET), errno: 'ESECRET' });
      const reply = await render(error, accept, undefined);
      assert.equal(reply.status, ERRORS[code].status);
      assert.equal(reply.headers.get('content-length'), String(reply.bytes.length));
      assert.equal(reply.headers.get('cache-control'), 'no-store');
      assert.equal(reply.headers.get('vary'), 'Accept');
      assert.ok(reply.text.includes(code));
      const everything = [...reply.headers].join('\n') + reply.text;
      for (const secret of ['10.1.2.3', 'hidden-folder', 'ESECRET', 'undefined'])
        assert.ok(!everything.includes(secret), code);
    }
  }
});

test('renderError: Proxy-Status where a type is registered', async () => {
  const statusOf = async (code: ErrorCode) => (await render(new ProxyError(code))).headers.get('proxy-status');
  assert.equal(await statusOf('dns_failed'), 'portico; error=dns_error; details="dns_failed"');
  assert.equal(await statusOf('not_found'), undefined);
});

test('renderError: the headers of the error, and an Allow for every 405', async () => {
  const challenge = [['WWW-Authenticate', 'Basic realm="x"']] as const;
  const denied = await render(new ProxyError('unauthorized', '', { headers: challenge }));
  assert.equal(denied.headers.get('www-authenticate'), 'Basic realm="x"');
  const readOnly = await render(new ProxyError('method_not_allowed', '', { headers: [['Allow', 'GET']] }));
  assert.deepEqual(readOnly.headers.getAll('allow'), ['GET']);
  assert.match((await render(new ProxyError('method_not_allowed'))).headers.get('allow') ?? '', /^GET, HEAD, /);
});

test('renderStatus: a status without a failure', async () => {
  const reply = await collectReply(renderStatus(410, { method: 'GET', accept: undefined, id: undefined }));
  assert.equal(reply.text, '410 Gone\n');
  const odd = await collectReply(renderStatus(499, { method: 'GET', accept: NAVIGATION, id: undefined }));
  assert.ok(odd.text.includes('<h1>499</h1>\n</body>'));
  const json = await collectReply(renderStatus(410, { method: 'GET', accept: 'application/json', id: undefined }));
  assert.deepEqual(JSON.parse(json.text), { type: 'about:blank', title: 'Gone', status: 410 });
});

test('isNeutralPage and failedRequest', () => {
  const exchange = testExchange({ method: 'HEAD', headers: { Accept: 'a/b' } });
  const request = failedRequest(exchange);
  assert.deepEqual(request, { method: 'HEAD', accept: 'a/b', contentType: undefined, id: exchange.id });
  const reply = renderStatus(404, request);
  assert.ok(isNeutralPage(reply));
  assert.ok(isNeutralPage({ ...reply, head: { ...reply.head, status: 405 } }));
  assert.ok(!isNeutralPage({ ...reply, body: testExchange({ body: 'x' }).body }));
});

test('renderError: calls of gRPC get a status of gRPC, in the head, with HTTP 200', async () => {
  const cases: [ErrorCode, string][] = [
    ['unauthorized', '16'],
    ['request_denied', '7'],
    ['mount_unknown', '12'],
    ['too_many_requests', '14'],
    ['connection_refused', '14'],
    ['upstream_timeout', '14'],
    ['request_malformed', '13'],
    ['internal_error', '2'],
    ['method_not_allowed', '2'],
  ];
  for (const [code, status] of cases) {
    for (const contentType of ['application/grpc', 'application/grpc+proto', 'application/grpc-web-text+proto; a=b']) {
      const error = new ProxyError(code, SECRET);
      const reply = await collectReply(renderError(error, { method: 'POST', accept: '*/*', contentType, id: '%1' }));
      assert.deepEqual([reply.status, reply.bytes.length], [200, 0]);
      assert.equal(reply.headers.get('grpc-status'), status);
      assert.equal(reply.headers.get('content-type'), contentType.replace('; a=b', ''));
      assert.equal(reply.headers.get('grpc-message'), `${ERRORS[code].meaning} (${code}, request %251)`);
      assert.equal(reply.headers.get('allow'), undefined);
    }
  }
});

test('renderError: what only says that it is gRPC gets a page', async () => {
  for (const [method, contentType] of [
    ['GET', 'application/grpc'],
    ['POST', 'application/grpcx'],
    ['POST', 'application/grpc-web-text2'],
  ] as const) {
    const reply = renderError(new ProxyError('not_found'), { method, accept: undefined, contentType, id: undefined });
    assert.equal(reply.head.status, 404);
  }
});
