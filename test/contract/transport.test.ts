// The contract of transports, one suite for HTTP/1.1 and HTTP/2: bodies, trailers, 1xx, cancelling, back-pressure, failures.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { ProxyError } from '../../src/exchange/errors.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import {
  createUpstream,
  drain,
  fillUp,
  HandBody,
  HandSink,
  type PeerRequest,
  send,
  standstill,
  startPeer,
} from '../kit/endpoints.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { Gate } from '../kit/gate.ts';

const LIMIT = { timeout: 120_000 };
const BIG = Buffer.alloc(5 * 1024 * 1024, 'Portico ');

for (const protocol of ['h1', 'h2'] as const) {
  describe(`transport ${protocol}`, { timeout: 600_000 }, () => {
    const ANSWERS: readonly (readonly [
      name: string,
      method: string,
      status: number,
      body: string,
      hasBody: boolean,
    ])[] = [
      ['with a length', 'GET', 200, 'hello', true],
      ['empty', 'GET', 200, '', false],
      ['204', 'GET', 204, '', false],
      ['304', 'GET', 304, '', false],
      ['to HEAD', 'HEAD', 200, '', false],
      ['404', 'GET', 404, 'no', true],
    ];
    for (const [name, method, status, body, hasBody] of ANSWERS) {
      test(`an answer: ${name}`, LIMIT, async (t) => {
        const port = await startPeer(t, protocol, (_request, response) => {
          response.setHeader('Set-Cookie', ['a=1', 'b=2']);
          if (status !== 204) response.setHeader('Content-Length', method === 'HEAD' ? 7 : body.length);
          response.writeHead(status);
          response.end(body);
        });
        const { upstream, endpoint } = createUpstream(t, protocol, port);
        for (let round = 0; round < 2; round++) {
          const { reply, exchange } = send(upstream, { method });
          const { head, body: answer } = await reply;
          assert.equal(head.status, status);
          assert.notEqual(head.reason, '');
          assert.deepEqual(head.headers.getAll('set-cookie'), ['a=1', 'b=2']);
          assert.equal(answer.isEmpty, !hasBody);
          if (method === 'HEAD') assert.equal(head.headers.get('content-length'), '7');
          assert.equal((await drain({ head, body: answer })).text, body);
          assert.equal(exchange.upstream?.protocol, protocol);
          assert.equal(exchange.upstream?.wasReused, round > 0);
        }
        assert.equal(endpoint.pool.size.open, 1);
      });
    }

    test('an answer without a length, in pieces, with trailers', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (_request, response) => {
        response.setHeader('Trailer', 'X-Sum');
        response.write('one ');
        response.write('two');
        response.addTrailers({ 'X-Sum': '7' });
        response.end();
      });
      const { upstream } = createUpstream(t, protocol, port);
      const reply = await send(upstream, { headers: { TE: 'trailers' } }).reply;
      assert.equal(reply.body.length, undefined);
      const sink = await drain(reply);
      assert.equal(sink.text, 'one two');
      assert.equal(sink.trailers?.get('x-sum'), '7');
    });

    test('5 MB there and back, byte for byte', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (request, response) => {
        response.writeHead(200);
        request.pipe(response);
      });
      const { upstream } = createUpstream(t, protocol, port);
      const sink = await drain(await send(upstream, { method: 'POST', body: BIG }).reply);
      assert.equal(sink.bytes, BIG.length);
      assert.equal(digest(Buffer.concat(sink.chunks)), digest(BIG));
    });

    const REQUESTS: readonly (readonly [
      name: string,
      method: string,
      body: string | undefined,
      length: string | undefined,
    ])[] = [
      ['GET without a body', 'GET', undefined, undefined],
      ['POST without a body', 'POST', undefined, '0'],
      ['POST with a length', 'POST', 'hello', '5'],
      ['GET with a body', 'GET', 'hello', '5'],
    ];
    for (const [name, method, body, length] of REQUESTS) {
      test(`a request: ${name}`, LIMIT, async (t) => {
        const port = await startPeer(t, protocol, (request, response) => echo(request, response));
        const { upstream } = createUpstream(t, protocol, port);
        const request = body === undefined ? { method } : { method, body };
        const { headers, text } = await echoed(
          await send(upstream, { ...request, target: '/a?b', headers: { 'X-A': '1' } }).reply,
        );
        assert.equal(headers['content-length'], length);
        assert.equal(headers['x-a'], '1');
        assert.equal(headers['connection'], undefined);
        assert.equal(headers[protocol === 'h1' ? 'host' : ':authority'], 'a.test');
        assert.equal(text, body ?? '');
      });
    }

    test('a request body in pieces with trailers', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (request, response) => echo(request, response));
      const { upstream } = createUpstream(t, protocol, port);
      const body = new HandBody();
      const { reply } = send(upstream, { method: 'POST', body });
      await body.until('the body to be wanted', () => body.isWanted);
      body.write('one ');
      body.write('two');
      body.end(HeaderList.from({ 'X-Check': '5' }));
      const { text, trailers, headers } = await echoed(await reply);
      assert.equal(text, 'one two');
      assert.equal(trailers['x-check'], '5');
      assert.equal(headers['content-length'], undefined);
    });

    test('103 goes on, 100 does not', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (_request, response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.end('ok');
      });
      const { upstream } = createUpstream(t, protocol, port);
      const interim: string[] = [];
      const { reply } = send(upstream, {
        onInterim: (status, headers) => interim.push(`${status} ${headers.get('link')}`),
      });
      assert.equal((await drain(await reply)).text, 'ok');
      assert.deepEqual(interim, ['103 </a.css>; rel=preload']);
    });

    test('informational heads together are bounded in bytes', LIMIT, async (t) => {
      const link = `</${'a'.repeat(8000)}.css>; rel=preload`;
      let count = 0;
      const port = await startPeer(t, protocol, (_request, response) => {
        for (let sent = 0; sent < count; sent++) response.writeEarlyHints({ link });
        response.end('ok');
      });
      const { upstream } = createUpstream(t, protocol, port);
      let heard = 0;
      const onInterim = () => heard++;
      count = 15;
      assert.equal((await drain(await send(upstream, { onInterim }).reply)).text, 'ok');
      assert.equal(heard, 15);
      count = 40;
      await assert.rejects(send(upstream, { onInterim }).reply, { code: 'response_head_too_large' });
      assert.equal(heard, 30);
      count = 0;
      assert.equal((await drain(await send(upstream).reply)).text, 'ok');
    });

    test('with Expect the body waits for 100', LIMIT, async (t) => {
      const body = new HandBody(5);
      let wasWanted: boolean | undefined;
      const port = await startPeer(t, protocol, assert.fail, (request, response) => {
        wasWanted = body.isWanted;
        response.writeContinue();
        echo(request, response);
      });
      const { upstream } = createUpstream(t, protocol, port);
      const interim: number[] = [];
      const onInterim = (status: number) => interim.push(status);
      const { reply } = send(upstream, { method: 'PUT', body, headers: { Expect: '100-continue' }, onInterim });
      await body.until('the body to be wanted', () => body.isWanted);
      body.write('hello');
      body.end();
      assert.equal((await echoed(await reply)).text, 'hello');
      assert.equal(wasWanted, false);
      assert.deepEqual(interim, []);
    });

    test('with Expect a final answer makes the body needless', LIMIT, async (t) => {
      const body = new HandBody(5);
      const port = await startPeer(t, protocol, assert.fail, (_request, response) => {
        response.writeHead(417);
        response.end('no');
      });
      const { upstream } = createUpstream(t, protocol, port);
      const reply = await send(upstream, { method: 'PUT', body, headers: { Expect: '100-continue' } }).reply;
      assert.equal(reply.head.status, 417);
      await drain(reply);
      assert.equal(body.isWanted, false);
      await body.until('the body to be cancelled', () => body.cancelled !== undefined);
    });

    test('cancelled before the head: the endpoint sees it', LIMIT, async (t) => {
      const [came, gone] = [new Gate(), new Gate()];
      const port = await startPeer(t, protocol, (_request, response) => {
        response.on('close', () => gone.open());
        came.open();
      });
      const { upstream } = createUpstream(t, protocol, port);
      const { exchange, reply } = send(upstream);
      const failure = assert.rejects(reply, { code: 'client_gone' });
      await came.passed;
      exchange.abort(new ProxyError('client_gone'));
      await failure;
      await gone.passed;
    });

    test('cancelled within the answer: the endpoint sees it, the sink hears nothing', LIMIT, async (t) => {
      const gone = new Gate();
      const port = await startPeer(t, protocol, (_request, response) => {
        response.on('close', () => gone.open());
        response.write('begin');
      });
      const { upstream, endpoint } = createUpstream(t, protocol, port);
      const reply = await send(upstream).reply;
      const sink = new HandSink();
      reply.body.sendTo(sink);
      await sink.until('the beginning', () => sink.bytes > 0);
      reply.body.cancel(new ProxyError('client_gone'));
      await gone.passed;
      assert.equal(sink.error, undefined);
      assert.equal(sink.isEnded, false);
      assert.equal(endpoint.pool.size.open, protocol === 'h1' ? 0 : 1);
    });

    test('places come free, whenever a request is given up', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (request, response) => {
        request.resume();
        response.write('begin');
        request.on('end', () => response.end('end'));
      });
      const { upstream, endpoint } = createUpstream(t, protocol, port);
      const reason = new ProxyError('client_gone');
      for (let round = 0; round < 40; round++) {
        const body = new HandBody();
        const { exchange, reply } = send(upstream, { method: 'POST', body });
        reply.catch(() => {});
        if (round % 4 === 0) exchange.abort(reason);
        await (round % 4 === 0 ? reply.catch(() => {}) : body.until('the body to be wanted', () => body.isWanted));
        if (round % 4 === 1) exchange.abort(reason);
        if (round % 4 === 2) (await reply).body.cancel(reason);
        if (round % 4 === 3) {
          body.end();
          await drain(await reply);
        }
      }
      while (endpoint.pool.size.idle < endpoint.pool.size.open) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(endpoint.pool.size.open <= 1, `${endpoint.pool.size.open} connections`);
    });

    test('a request body that breaks fails the attempt, and the endpoint sees no end', LIMIT, async (t) => {
      let wasWhole = false;
      const [came, gone] = [new Gate(), new Gate()];
      const port = await startPeer(t, protocol, (request, response) => {
        request.on('data', () => came.open());
        request.on('end', () => {
          wasWhole = !('aborted' in request && request.aborted);
        });
        response.on('close', () => gone.open());
      });
      const { upstream } = createUpstream(t, protocol, port);
      const body = new HandBody(10);
      const { reply } = send(upstream, { method: 'POST', body });
      const failure = assert.rejects(reply, { code: 'request_truncated' });
      await body.until('the body to be wanted', () => body.isWanted);
      body.write('hello');
      await came.passed;
      body.abort(new ProxyError('request_truncated'));
      await failure;
      await gone.passed;
      assert.equal(wasWhole, false);
    });

    test('an answer that breaks off is aborted, not ended', LIMIT, async (t) => {
      const cut = new Gate();
      const port = await startPeer(t, protocol, (_request, response) => {
        response.write('begin');
        void cut.passed.then(() => response.destroy(new Error('cut')));
      });
      const { upstream } = createUpstream(t, protocol, port);
      const sink = new HandSink();
      (await send(upstream).reply).body.sendTo(sink);
      await sink.until('the beginning', () => sink.bytes > 0);
      cut.open();
      await sink.until('the failure', () => sink.error !== undefined || sink.isEnded);
      assert.equal(sink.error?.code, 'response_truncated');
    });

    test('no answer at all', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (request) => void cutConnection(request));
      const { upstream } = createUpstream(t, protocol, port);
      await assert.rejects(send(upstream, { method: 'POST' }).reply, { code: 'upstream_closed' });
    });

    test('an answer that nobody takes holds the endpoint back', LIMIT, async (t) => {
      const written = { bytes: 0 };
      const blocked = new Gate();
      const port = await startPeer(t, protocol, (_request, response) => {
        const more = () => {
          while (written.bytes < 64 * BIG.length) {
            written.bytes += 65_536;
            if (!response.write(BIG.subarray(0, 65_536))) break;
          }
          blocked.open();
        };
        response.on('drain', more);
        more();
      });
      const { upstream } = createUpstream(t, protocol, port);
      const sink = new HandSink(true);
      const reply = await send(upstream).reply;
      reply.body.sendTo(sink);
      await sink.until('the beginning', () => sink.bytes > 0);
      await blocked.passed;
      const before = await standstill(() => written.bytes + sink.bytes);
      assert.ok(sink.bytes <= 1024 * 1024, `${sink.bytes} bytes pushed at a sink that said wait`);
      assert.ok(before < 32 * BIG.length, `${before} bytes on their way`);
      sink.go();
      await sink.until('the rest', () => sink.bytes > 3 * BIG.length);
      reply.body.cancel(new ProxyError('client_gone'));
    });

    test('an endpoint that does not read holds the body back', LIMIT, async (t) => {
      const go = new Gate();
      let size = 0;
      const port = await startPeer(t, protocol, (request, response) => {
        request.pause();
        void go.passed.then(() => {
          request.on('data', (chunk: Buffer) => {
            size += chunk.length;
          });
          request.on('end', () => response.end(String(size)));
          request.resume();
        });
      });
      const { upstream } = createUpstream(t, protocol, port);
      const body = new HandBody();
      const { reply } = send(upstream, { method: 'POST', body });
      await body.until('the body to be wanted', () => body.isWanted);
      const sent = await fillUp(body, 64 * BIG.length);
      assert.ok(sent < 32 * BIG.length, `${sent} bytes taken`);
      go.open();
      await body.until('room', () => !body.isBlocked);
      body.end();
      assert.equal((await drain(await reply)).text, String(sent));
    });

    test('an answer before the request is whole', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (_request, response) => {
        response.writeHead(413);
        response.end('too much');
      });
      const { upstream } = createUpstream(t, protocol, port);
      const body = new HandBody();
      const { reply } = send(upstream, { method: 'POST', body });
      await body.until('the body to be wanted', () => body.isWanted);
      body.write('begin');
      const answer = await reply;
      assert.equal(answer.head.status, 413);
      assert.equal((await drain(answer)).text, 'too much');
      await body.until('the body to be cancelled', () => body.cancelled !== undefined);
      assert.equal((await send(upstream).reply).head.status, 413);
    });

    test('large heads pass up to the limit', LIMIT, async (t) => {
      const port = await startPeer(t, protocol, (request, response) => {
        const size = Number(request.headers['x-size']);
        for (let index = 0; index < size; index++) response.setHeader(`x-${index}`, 'a'.repeat(1000));
        response.end('ok');
      });
      const { upstream } = createUpstream(t, protocol, port);
      const long = 'b'.repeat(12_000);
      const reply = await send(upstream, { headers: { 'X-Size': '60', 'X-Long': long } }).reply;
      assert.equal(reply.head.headers.get('x-59'), 'a'.repeat(1000));
      await drain(reply);
      await assert.rejects(send(upstream, { headers: { 'X-Size': '150' } }).reply, { code: 'response_head_too_large' });
      assert.equal((await send(upstream, { headers: { 'X-Size': '0' } }).reply).head.status, 200);
    });

    test('an endpoint that is silent before and within its answer', LIMIT, async (t) => {
      const clock = new FakeClock();
      const deadlines = new Deadlines(clock);
      const came = new Gate();
      const port = await startPeer(t, protocol, (request, response) => {
        if (request.url === '/body') response.write('begin');
        else came.open();
      });
      const { upstream } = createUpstream(t, protocol, port, { clock, deadlines });
      const failure = assert.rejects(send(upstream, { target: '/head' }).reply, { code: 'upstream_timeout' });
      await came.passed;
      await clock.advanceWithTurns(61_000);
      await failure;
      const sink = new HandSink();
      (await send(upstream, { target: '/body' }).reply).body.sendTo(sink);
      await sink.until('the beginning', () => sink.bytes > 0);
      await clock.advanceWithTurns(301_000);
      await sink.until('the failure', () => sink.error !== undefined);
      assert.equal(sink.error?.code, 'upstream_read_timeout');
    });

    test('a refused connection', LIMIT, async (t) => {
      const { upstream } = createUpstream(t, protocol, 1);
      await assert.rejects(send(upstream, { method: 'POST' }).reply, { code: 'connection_refused' });
    });
  });
}

/** Answers with what came: head and trailers in JSON behind the body. */
function echo(request: PeerRequest, response: import('node:http').ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString();
    response.end(JSON.stringify({ headers: request.headers, trailers: request.trailers, text }));
  });
}

async function echoed(reply: Parameters<typeof drain>[0]) {
  return JSON.parse((await drain(reply)).text) as {
    headers: Record<string, string>;
    trailers: Record<string, string>;
    text: string;
  };
}

function cutConnection(request: PeerRequest): void {
  if ('stream' in request) request.stream.session?.destroy();
  else request.socket.destroy();
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
