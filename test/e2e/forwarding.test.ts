// What goes through a proxy mount, both ways: streams as streams, trailers, interim answers, addresses, loops, sockets.
import assert from 'node:assert/strict';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { programPath, skipUnless } from '../kit/debian.ts';
import { freePort } from '../kit/free-ports.ts';
import { Gate } from '../kit/gate.ts';
import { createMemoryProbe } from '../kit/memory-probe.ts';
import { startPortico } from '../kit/portico.ts';
import { askOnce, connectClient, getRequest } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { startProxy } from './_proxy.ts';

const LIMIT = { timeout: 120_000 };
const NEEDS_PYTHON = { ...LIMIT, skip: skipUnless('python3') };

test('an event stream arrives event by event', LIMIT, async (t) => {
  const gates = [new Gate(), new Gate()];
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const gate of gates) {
      await gate.passed;
      await connection.send('9\r\ndata: x\n\n\r\n');
    }
    await connection.send('0\r\n\r\n');
  });
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send(getRequest('/events'));
  await client.untilText('text/event-stream');
  gates[0]?.open();
  await client.untilText('data: x\n\n');
  gates[1]?.open();
  await client.untilText('0\r\n\r\n');
});

test('an upload arrives while it is being sent', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering((request) => okResponse(String(request.body.length))),
  );
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send('POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 10\r\n\r\nfirst');
  const connection = await upstream.connection(1);
  await connection.untilText('first');
  await client.send('later');
  assert.equal((await client.response('POST')).body.toString(), '10');
});

test('trailers pass both ways, those that must not stand there do not', LIMIT, async (t) => {
  const answer =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: down\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n';
  const upstream = await startUpstream(
    t,
    answering(() => answer),
  );
  const portico = await startProxy(t, upstream.origin);
  const request =
    'POST / HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: up\r\nHost: evil\r\n\r\n';
  const response = await askOnce({ port: portico.port }, request);
  assert.deepEqual(response.trailers.lines, [['X-Sum', 'down']]);
  assert.deepEqual(upstream.requests[0]?.trailers.lines, [['X-Sum', 'up']]);
});

test('the expectation goes to the endpoint, and its refusal comes back before any body', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    const head = await connection.requestHead();
    assert.equal(head?.headers.get('expect'), '100-continue');
    await connection.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    await connection.hang();
  });
  const portico = await startProxy(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  await client.send('POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  const response = await client.response('POST');
  assert.equal(response.status, 417);
  assert.deepEqual(response.interim, []);
});

test('what a client says about itself is dropped, what a trusted proxy says is believed', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const said = [
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: public.example',
    'X-Real-IP: 203.0.113.9',
  ];
  const distrusting = await startProxy(t, upstream.origin);
  await askOnce({ port: distrusting.port }, getRequest('/', 'test.example', said));
  const trusting = await startProxy(t, upstream.origin, { root: { trust: ['127.0.0.1'] } });
  await askOnce({ port: trusting.port }, getRequest('/', 'test.example', said));
  const [first, second] = upstream.requests;
  assert.equal(first?.headers.get('x-forwarded-for'), '127.0.0.1');
  assert.equal(first?.headers.get('x-forwarded-proto'), 'http');
  assert.equal(first?.headers.get('x-real-ip'), undefined);
  assert.equal(second?.headers.get('x-forwarded-for'), '203.0.113.9, 127.0.0.1');
  assert.equal(second?.headers.get('x-forwarded-proto'), 'https');
  assert.equal(second?.headers.get('host'), 'public.example');
});

test('a request that comes back to its own listener gets 508', LIMIT, async (t) => {
  const port = await freePort();
  const config = { listen: `127.0.0.1:${port}`, sites: { '*': `http://127.0.0.1:${port}` } };
  const portico = await startPortico(t, { config });
  const response = await askOnce({ port: portico.port }, getRequest('/'));
  assert.equal(response.status, 508);
});

test('an endpoint on a unix socket', LIMIT, async (t) => {
  const path = join(tempFolder(t), 'app.sock');
  const upstream = await startUpstream(
    t,
    answering((request) => okResponse(request.target)),
    { path },
  );
  const portico = await startProxy(t, `unix:${path}:/base/`);
  assert.equal((await askOnce({ port: portico.port }, getRequest('/x'))).body.toString(), '/base/x');
  assert.equal(upstream.requests.length, 1);
});

test('an endpoint that lets no connection in: 504 at the limit of connecting', NEEDS_PYTHON, async (t) => {
  const silent = await fullQueue(t);
  const portico = await startProxy(t, `http://127.0.0.1:${silent}`, { mount: { timeouts: { connect: '1s' } } });
  const response = await askOnce({ port: portico.port }, getRequest('/'));
  assert.equal(response.status, 504);
  assert.match(response.headers.get('proxy-status') ?? '', /error=connection_timeout/);
});

test('an upload of 64 MiB to an endpoint that reads slowly holds a bounded memory', LIMIT, async (t) => {
  const size = 64 * 1024 * 1024;
  const gate = new Gate();
  const upstream = await startUpstream(t, async (connection) => {
    connection.pause();
    await gate.passed;
    connection.resume();
    const request = await connection.request();
    await connection.send(okResponse(String(request?.body.length)));
  });
  const probe = createMemoryProbe(t);
  const portico = await startProxy(t, upstream.origin, { process: probe.options });
  const before = await probe.liveBytes();
  const client = await connectClient(t, { port: portico.port });
  const sent = client.send(
    Buffer.concat([
      Buffer.from(`POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: ${size}\r\n\r\n`),
      Buffer.alloc(size),
    ]),
  );
  await upstream.connection(1);
  for (let turn = 0; turn < 50; turn++) await askStatus(portico.port);
  const grown = (await probe.liveBytes()) - before;
  t.diagnostic(`${Math.round(grown / 1024)} KiB`);
  assert.ok(grown < 4 * 1024 * 1024, `grew by ${grown} bytes`);
  gate.open();
  await sent;
  assert.equal((await client.response('POST')).body.toString(), String(size));
});

/** A request that the proxy answers by itself: it takes the proxy through its event loop. */
async function askStatus(port: number): Promise<void> {
  assert.equal((await askOnce({ port }, 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n')).status, 405);
}

/** The port of a listener whose queue is full, so that the system drops further attempts to connect. */
async function fullQueue(owner: Parameters<typeof atEnd>[0]): Promise<number> {
  const { spawn } = await import('node:child_process');
  const script =
    'import socket,time\ns=socket.socket();s.bind(("127.0.0.1",0));s.listen(0);p=s.getsockname()[1]\n' +
    'c=[socket.socket() for _ in range(8)]\nfor x in c: x.setblocking(False); x.connect_ex(("127.0.0.1",p))\nprint(p,flush=True);time.sleep(60)';
  const child = spawn(programPath('python3'), ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(owner, () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
  });
}

async function _listening(owner: Parameters<typeof atEnd>[0], server: Server, port: number): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  atEnd(owner, () => server.close());
  return server;
}
