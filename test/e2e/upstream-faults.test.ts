// Endpoints that refuse, hang, cut, stutter and lie: what the client sees, and that the next request is unharmed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CutError } from '../kit/message-reader.ts';
import { askOnce, connectClient, getRequest } from '../kit/raw-client.ts';
import { answering, closedPort, okResponse, startUpstream, type UpstreamScript } from '../kit/scripted-upstream.ts';
import { startProxy } from './_proxy.ts';

const LIMIT = { timeout: 300_000 };

test('an endpoint that refuses: 502 with the code, at once', LIMIT, async (t) => {
  const portico = await startProxy(t, `http://127.0.0.1:${await closedPort()}`);
  const response = await askOnce({ port: portico.port }, getRequest('/x'));
  assert.equal(response.status, 502);
  assert.match(response.headers.get('proxy-status') ?? '', /error=connection_refused/);
  assert.match(response.body.toString(), /connection_refused/);
  assert.doesNotMatch(response.body.toString(), /127\.0\.0\.1/);
});

test('an endpoint that cannot be reached: 502 with the code, at once', LIMIT, async (t) => {
  // TCP to a broadcast address has no route, not even one of loopback.
  const portico = await startProxy(t, 'http://127.255.255.255:9');
  const response = await askOnce({ port: portico.port }, getRequest('/'));
  assert.equal(response.status, 502);
  assert.match(response.headers.get('proxy-status') ?? '', /error=destination_ip_unroutable/);
});

test('an endpoint that hangs: 504 at the limit, and other requests go on meanwhile', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    const request = await connection.request();
    if (request?.target === '/hang') await connection.hang();
    else await connection.send(okResponse('fine'));
  });
  const portico = await startProxy(t, upstream.origin, { mount: { timeouts: { upstreamHead: '1s' } } });
  const hanging = askOnce({ port: portico.port }, getRequest('/hang'));
  await upstream.request(1);
  assert.equal((await askOnce({ port: portico.port }, getRequest('/other'))).body.toString(), 'fine');
  const response = await hanging;
  assert.equal(response.status, 504);
  assert.match(response.headers.get('proxy-status') ?? '', /error=http_response_timeout/);
});

const CUT_ANSWERS: readonly (readonly [name: string, bytes: string])[] = [
  ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst'],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n'],
  ['inside a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nfirst'],
];

function isCut(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof CutError;
}

for (const [name, bytes] of CUT_ANSWERS) {
  for (const end of ['a FIN', 'a reset']) {
    test(
      `an answer framed ${name} and cut by ${end}: the client sees the cut, the next request is unharmed`,
      LIMIT,
      async (t) => {
        const upstream = await startUpstream(t, async (connection) => {
          const request = await connection.request();
          if (request?.target !== '/cut') return connection.send(okResponse('whole'));
          await connection.send(bytes);
          if (end === 'a reset') connection.reset();
          return undefined;
        });
        const portico = await startProxy(t, upstream.origin);
        const client = await connectClient(t, { port: portico.port });
        await client.send(getRequest('/cut'));
        await assert.rejects(client.response(), isCut);
        assert.equal((await askOnce({ port: portico.port }, getRequest('/next'))).body.toString(), 'whole');
      },
    );
  }
}

test('to an HTTP/1.0 client a cut answer ends in a reset, because a FIN would look like its end', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
    await connection.until('the test to go on', () => isRead);
  });
  let isRead = false;
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send('GET / HTTP/1.0\r\nHost: test.example\r\n\r\n');
  await client.until('the first bytes', () => client.received.includes('first'));
  isRead = true;
  upstream.connections[0]?.reset();
  await client.rest();
  assert.equal(client.wasReset, true, client.transcript);
});

test('an answer that lasts until close is whole when the endpoint ends its half', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 200 OK\r\n\r\nall of it');
    connection.halfClose();
    await connection.hang();
  });
  const portico = await startProxy(t, upstream.origin);
  const response = await askOnce({ port: portico.port }, getRequest('/'));
  assert.equal(response.body.toString(), 'all of it');
});

const RUBBISH: readonly (readonly [name: string, bytes: string])[] = [
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['length and coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [
    'a switch nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ],
  ['an unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
];

for (const [name, bytes] of RUBBISH) {
  test(`an endpoint that answers ${name}: 502`, LIMIT, async (t) => {
    const upstream = await startUpstream(t, async (connection) => {
      await connection.request();
      await connection.send(bytes);
      await connection.hang();
    });
    const portico = await startProxy(t, upstream.origin);
    const response = await askOnce({ port: portico.port }, getRequest('/'));
    assert.equal(response.status, 502);
  });
}

/** Closes right behind each answer, without saying so. */
const closesBehindEach: UpstreamScript = async (connection) => {
  const request = await connection.request();
  if (request !== undefined) await connection.send(okResponse(request.target));
};

test('an endpoint that closes behind each answer: no GET of 10 000 fails', { timeout: 300_000 }, async (t) => {
  const upstream = await startUpstream(t, closesBehindEach);
  const portico = await startProxy(t, upstream.origin);
  const run = async (worker: number) => {
    const client = await connectClient(t, { port: portico.port });
    for (let turn = 0; turn < 1250; turn++) {
      const response = await client.ask(getRequest(`/${worker}/${turn}`));
      assert.equal(`${response.status} ${response.body}`, `200 /${worker}/${turn}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => run(worker)));
});

test('an endpoint that closes behind each answer: no POST arrives twice', { timeout: 300_000 }, async (t) => {
  const upstream = await startUpstream(t, closesBehindEach);
  const portico = await startProxy(t, upstream.origin);
  const run = async (worker: number) => {
    for (let turn = 0; turn < 200; turn++) {
      const request = `POST /${worker}/${turn} HTTP/1.1\r\nHost: test.example\r\nContent-Length: 5\r\n\r\nhello`;
      const response = await askOnce({ port: portico.port }, request);
      assert.ok(response.status === 200 || response.status === 502, `status ${response.status}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => run(worker)));
  const targets = upstream.requests.map((request) => request.target);
  assert.equal(new Set(targets).size, targets.length);
});

test('an endpoint that announces its idle limit is not asked in its last second', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('x', ['Keep-Alive: timeout=1'])),
  );
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.ask(getRequest('/1'));
  await client.ask(getRequest('/2'));
  assert.equal(upstream.connections.length, 2);
});

test('bytes behind an answer are nobody else’s answer', LIMIT, async (t) => {
  const poison = okResponse('poison');
  const upstream = await startUpstream(t, async (connection) => {
    for (;;) {
      const request = await connection.request();
      if (request === undefined) return;
      await connection.send(connection.index === 0 ? okResponse('first') + poison : okResponse(request.target));
    }
  });
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  assert.equal((await client.ask(getRequest('/1'))).body.toString(), 'first');
  assert.equal((await client.ask(getRequest('/2'))).body.toString(), '/2');
});
