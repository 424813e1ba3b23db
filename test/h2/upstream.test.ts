// HTTP/2 endpoints end to end: ALPN, WebSockets over streams, the PROXY protocol, and features that see no difference.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttp1Server, type ServerResponse } from 'node:http';
import {
  constants,
  createServer as createHttp2Server,
  createSecureServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { readProxyHeader } from '../../src/net/proxy-protocol.ts';
import { ask } from '../kit/ask.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { TestAuthority, type TestCertificate } from '../kit/certificates.ts';
import { settings } from '../kit/h2-frames.ts';
import { startInProcess } from '../kit/in-process.ts';
import { askOnce } from '../kit/raw-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { goaway } from './_outbound.ts';
import { connectHttp2 } from './_serve.ts';

const LIMIT = { timeout: 120_000 };

let authority: TestAuthority;
let certificate: TestCertificate;
before(async () => {
  authority = await TestAuthority.create();
  certificate = await authority.issue({ names: ['localhost', '127.0.0.1'] });
});

/** Listens, counts connections, and ends with the owner. */
async function listen(owner: Owner, server: Server): Promise<{ readonly port: number; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(owner, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function start(owner: Owner, proxy: object | string, mount: object = {}, path?: string) {
  const service = { proxy, log: 'off', ...mount };
  const sites = { '*': path === undefined ? service : { [path]: service } };
  return startInProcess(owner, { listen: 'http://127.0.0.1:0', admin: false, sites });
}

function caFile(owner: Owner): string {
  const file = join(tempFolder(owner), 'ca.pem');
  writeFileSync(file, authority.cert);
  return file;
}

/** A TLS server that answers with the version of HTTP it was asked in. */
function startVersions(owner: Owner, kind: 'both' | 'h1' | 'h2', more: SecureServerOptions = {}) {
  const answer = (request: { httpVersion: string }, response: { end(text: string): unknown }) =>
    void response.end(request.httpVersion);
  const options = { ...certificate, ...more };
  const server =
    kind === 'h1'
      ? createHttpsServer(options, answer)
      : createSecureServer({ ...options, allowHTTP1: kind === 'both' }, answer);
  return listen(owner, server as unknown as Server);
}

describe('what is spoken to an https endpoint', { timeout: 600_000 }, () => {
  const cases: readonly (readonly [server: 'both' | 'h1' | 'h2', protocol: string, outcome: string])[] = [
    ['both', 'auto', '2.0'],
    ['h2', 'auto', '2.0'],
    ['h1', 'auto', '1.1'],
    ['both', 'h1', '1.1'],
    ['both', 'h2', '2.0'],
    ['h1', 'h2', 'tls_handshake_failed'],
    ['h2', 'h1', 'tls_handshake_failed'],
  ];
  for (const [kind, protocol, outcome] of cases) {
    test(`${kind} with protocol: ${protocol}`, LIMIT, async (t) => {
      const { port } = await startVersions(t, kind);
      const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t), protocol });
      for (let round = 0; round < 3; round++) {
        const { body, text } = await ask(server.port(), '/');
        assert.equal(/^code: (\w+)$/m.exec(text)?.[1] ?? body, outcome);
      }
    });
  }

  test('the certificate is checked, and one of ours is shown, in HTTP/2 as well', LIMIT, async (t) => {
    const [other, client] = [await TestAuthority.create('Other'), await authority.issue({ names: [], subject: 'us' })];
    const demanding = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const { port } = await startVersions(t, 'h2', demanding);
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'other.pem'), other.cert);
    writeFileSync(join(folder, 'client.pem'), client.cert + client.key);
    const to = `https://127.0.0.1:${port}`;
    const shown = { cert: join(folder, 'client.pem') };
    const fine = await start(t, { to, ca: caFile(t), clientCertificate: shown });
    assert.equal((await ask(fine.port(), '/')).body, '2.0');
    const wrong = await start(t, { to, ca: join(folder, 'other.pem'), clientCertificate: shown });
    assert.match((await ask(wrong.port(), '/')).text, /tls_certificate_invalid/);
  });

  test('many requests at a cold start: one session, or a connection each', LIMIT, async (t) => {
    for (const kind of ['h2', 'h1'] as const) {
      const { port, sockets } = await startVersions(t, kind);
      const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(server.port(), '/')));
      for (const { body } of answers) assert.equal(body, kind === 'h2' ? '2.0' : '1.1');
      if (kind === 'h2') assert.equal(sockets.size, 1);
    }
  });

  test('an endpoint that is another one after a restart', LIMIT, async (t) => {
    const first = await startVersions(t, 'h2');
    const server = await start(t, { to: `https://127.0.0.1:${first.port}`, ca: caFile(t) });
    assert.equal((await ask(server.port(), '/')).body, '2.0');
    for (const socket of first.sockets) socket.destroy();
    const { status } = await ask(server.port(), '/');
    assert.equal(status, 200);
  });
});

/** A TLS server that agrees on HTTP/2 and then wants HTTP/1.1, in which it echoes; counts the requests in each. */
async function startReluctant(owner: Owner, refuse: (stream: ServerHttp2Stream) => void) {
  const seen = { h1: 0, h2: 0 };
  const server = createSecureServer({ ...certificate, allowHTTP1: true });
  server.on('request', (request, response) => {
    if (request.httpVersion !== '1.1') return;
    seen.h1++;
    request.pipe(response);
  });
  server.on('stream', (stream: ServerHttp2Stream) => {
    seen.h2++;
    stream.on('error', () => {});
    refuse(stream);
  });
  return { seen, ...(await listen(owner, server as unknown as Server)) };
}

const { NGHTTP2_HTTP_1_1_REQUIRED } = constants;

describe('an endpoint that agrees on HTTP/2 and then wants HTTP/1.1 (RFC 9113 §7)', { timeout: 120_000 }, () => {
  /** The body of the answer: what was sent, or the page about an error. */
  async function send(port: number, text: string, method = 'POST'): Promise<string> {
    const head = `${method} / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`;
    return (await askOnce({ port }, head + text)).body.toString('latin1');
  }

  test('a request gets it, with its body, and so do all that follow', LIMIT, async (t) => {
    const { port, seen } = await startReluctant(t, (stream) => stream.close(NGHTTP2_HTTP_1_1_REQUIRED));
    const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
    assert.equal(await send(server.port(), 'first'), 'first');
    assert.deepEqual(seen, { h1: 1, h2: 1 });
    const more = ['second', 'third'];
    assert.deepEqual(await Promise.all(more.map((text) => send(server.port(), text))), more);
    assert.deepEqual(seen, { h1: 3, h2: 1 });
  });

  test('said of the connection: what can be sent twice goes again, nothing else', LIMIT, async (t) => {
    const { port, seen } = await startReluctant(t, (stream) =>
      stream.session?.goaway(NGHTTP2_HTTP_1_1_REQUIRED, stream.id),
    );
    const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
    assert.match(await send(server.port(), 'once'), /upstream_closed/);
    assert.deepEqual(seen, { h1: 0, h2: 1 });
    const other = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
    assert.equal(await send(other.port(), 'twice', 'PUT'), 'twice');
    assert.deepEqual(seen, { h1: 1, h2: 2 });
  });

  test('said of the connection ahead of a request: it gets HTTP/1.1 whatever it is', LIMIT, async (t) => {
    const chosen: string[] = [];
    const server = createTlsServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
      const protocol = String(socket.alpnProtocol);
      chosen.push(protocol);
      socket.on('error', () => {});
      if (protocol === 'h2') socket.write(Buffer.concat([settings(), goaway(0, NGHTTP2_HTTP_1_1_REQUIRED)]));
      else
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine'));
    });
    const { port } = await listen(t, server);
    const front = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
    assert.equal(await send(front.port(), 'once'), 'fine');
    assert.deepEqual(chosen, ['h2', 'http/1.1']);
  });

  test('where the configuration says HTTP/2 it is an answer that never comes', LIMIT, async (t) => {
    const { port, seen } = await startReluctant(t, (stream) => stream.close(NGHTTP2_HTTP_1_1_REQUIRED));
    const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t), protocol: 'h2' });
    assert.match(await send(server.port(), 'x'), /stream_reset/);
    assert.deepEqual(seen, { h1: 0, h2: 1 });
  });
});

/** An HTTP/2 server that takes WebSockets, over streams if it offers that, over HTTP/1.1 if it speaks that. */
async function startSockets(owner: Owner, offersStreams: boolean): Promise<{ port: number; kinds: string[] }> {
  const kinds: string[] = [];
  const server = createSecureServer({
    ...certificate,
    allowHTTP1: true,
    settings: { enableConnectProtocol: offersStreams },
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  const serve = (socket: WebSocket, kind: string) => {
    kinds.push(kind);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('ping', (data) => socket.send(`ping ${data}`));
    socket.on('close', (code, reason) => kinds.push(`closed ${code} ${reason}`));
  };
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket as Socket, head, (accepted) => serve(accepted, `h1 ${request.url}`)),
  );
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    if (headers[':protocol'] !== 'websocket') {
      stream.respond({ ':status': 200 });
      stream.end('plain');
      return;
    }
    assert.equal(headers['sec-websocket-key'], undefined);
    assert.equal(headers['sec-websocket-version'], '13');
    stream.respond({ ':status': 200 });
    serve(adoptStream(stream), `h2 ${headers[':path']}`);
  });
  const { port } = await listen(owner, server as unknown as Server);
  return { port, kinds };
}

/** The socket of `ws` on a stream: it has no other way in. */
function adoptStream(stream: ServerHttp2Stream): WebSocket {
  const socket = new (WebSocket as unknown as new (address: null, protocols: undefined, options: object) => WebSocket)(
    null,
    undefined,
    { autoPong: true },
  );
  const internals = socket as unknown as {
    _isServer: boolean;
    setSocket(stream: ServerHttp2Stream, head: Buffer, options: object): void;
  };
  internals._isServer = true;
  internals.setSocket(stream, Buffer.alloc(0), { maxPayload: 64 * 1024 * 1024, allowSynchronousEvents: true });
  return socket;
}

for (const offersStreams of [true, false]) {
  const way = offersStreams ? 'h2' : 'h1';
  test(
    `WebSockets go over ${way} where the endpoint ${offersStreams ? 'offers' : 'does not offer'} extended CONNECT`,
    LIMIT,
    async (t) => {
      const { port, kinds } = await startSockets(t, offersStreams);
      const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
      for (let round = 0; round < 3; round++) {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port()}/chat`, { maxPayload: 64 * 1024 * 1024 });
        await once(socket, 'open');
        const big = randomBytes(5 * 1024 * 1024);
        socket.send('hello');
        assert.equal(String((await once(socket, 'message'))[0]), 'hello');
        socket.send(big);
        assert.ok(big.equals((await once(socket, 'message'))[0] as Buffer));
        socket.ping('x');
        assert.equal(String((await once(socket, 'message'))[0]), 'ping x');
        socket.close(4001, 'enough');
        const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
        assert.deepEqual([code, String(reason)], [4001, 'enough']);
        assert.equal((await ask(server.port(), '/')).body, 'plain');
      }
      assert.equal(kinds.filter((kind) => kind === `${way} /chat`).length, 3, kinds.join());
      assert.ok(kinds.includes('closed 4001 enough'));
    },
  );
}

test('a WebSocket from a stream to a stream', LIMIT, async (t) => {
  const { port, kinds } = await startSockets(t, true);
  const server = await start(t, { to: `https://127.0.0.1:${port}`, ca: caFile(t) });
  const session = connectHttp2(t, server.port());
  await once(session, 'remoteSettings');
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    'sec-websocket-version': '13',
  });
  const [head] = await once(stream, 'response');
  assert.equal(head[':status'], 200);
  // A masked text frame of RFC 6455 §5.7.
  stream.write(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
  const [echoed] = (await once(stream, 'data')) as [Buffer];
  assert.equal(echoed.toString('hex'), '810548656c6c6f');
  stream.end();
  await once(stream, 'close');
  assert.deepEqual(kinds[0], 'h2 /chat');
});

test('an endpoint that refuses the WebSocket, and one that is lost within it', LIMIT, async (t) => {
  const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/no') {
      stream.respond({ ':status': 403 });
      stream.end('no');
    } else {
      stream.respond({ ':status': 200 });
      stream.once('data', () => stream.close(2));
    }
  });
  const { port } = await listen(t, server);
  const proxy = await start(t, `h2c://127.0.0.1:${port}`);
  const refused = new WebSocket(`ws://127.0.0.1:${proxy.port()}/no`);
  const [, response] = await once(refused, 'unexpected-response');
  assert.equal(response.statusCode, 403);
  refused.on('error', () => {});
  refused.terminate();
  const lost = new WebSocket(`ws://127.0.0.1:${proxy.port()}/lost`);
  lost.on('error', () => {});
  await once(lost, 'open');
  lost.send('x');
  const [code] = await once(lost, 'close');
  assert.equal(code, 1006);
});

test('the PROXY protocol stands before HTTP/2, and each connection carries one request', LIMIT, async (t) => {
  const seen: string[] = [];
  const inner = createHttp2Server((_request, response) => void response.end('ok'));
  const outer = createNetServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      socket.pause();
      const read = readProxyHeader(bytes);
      assert.ok(typeof read === 'object');
      seen.push(read.ends?.address ?? '');
      socket.unshift(bytes.subarray(read.size));
      inner.emit('connection', socket);
    });
  });
  const { port, sockets } = await listen(t, outer);
  const server = await start(t, { to: `h2c://127.0.0.1:${port}`, proxyProtocol: 'v2' });
  for (let round = 0; round < 3; round++) assert.equal((await ask(server.port(), '/')).body, 'ok');
  assert.deepEqual(seen, ['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  assert.equal(sockets.size, 3);
});

test('HTTP/2 over a unix socket', LIMIT, async (t) => {
  const path = join(tempFolder(t), 'socket');
  const server: Http2Server = createHttp2Server((request, response) => void response.end(request.httpVersion));
  server.listen(path);
  await once(server, 'listening');
  atEnd(t, () => server.close());
  const proxy = await start(t, { to: `unix:${path}`, protocol: 'h2' });
  assert.equal((await ask(proxy.port(), '/')).body, '2.0');
});

test('features see no difference: the same application below a path, in both protocols', LIMIT, async (t) => {
  const answers: string[][] = [];
  for (const protocol of ['h1', 'h2'] as const) {
    const app = (request: { url?: string | undefined }, response: ServerResponse) => {
      const here = `http://127.0.0.1:${port}`;
      response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/deep/']);
      response.setHeader('Date', 'Thu, 01 Jan 2026 00:00:00 GMT');
      if (request.url === '/moved') {
        response.setHeader('Location', `${here}/next`);
        response.statusCode = 302;
        response.end();
      } else if (request.url === '/style.css') {
        response.setHeader('Content-Type', 'text/css');
        response.setHeader('Content-Length', 25);
        response.end('a{background:url(/i.png)}');
      } else {
        response.setHeader('Content-Type', 'text/html');
        response.write(`<a href="/x">x</a><a href="${here}/y">`);
        response.end('y</a>');
      }
    };
    const server: Server =
      protocol === 'h1'
        ? createHttp1Server((request, response) => app(request, response))
        : createHttp2Server((request, response) => app(request, response as unknown as ServerResponse));
    const { port } = await listen(t, server);
    const proxy = await start(
      t,
      `${protocol === 'h1' ? 'http' : 'h2c'}://127.0.0.1:${port}`,
      { host: 'upstream' },
      '/app/',
    );
    const texts: string[] = [];
    for (const target of ['/app/', '/app/moved', '/app/style.css', '/app/nothing?a=b'])
      texts.push(
        (await ask(proxy.port(), target)).text.replaceAll(String(port), 'PORT').replaceAll(String(proxy.port()), 'OWN'),
      );
    answers.push(texts);
  }
  assert.match(answers[0]?.[0] ?? '', /href="\/app\/x"/);
  assert.match(answers[0]?.[1] ?? '', /^Location: .*\/app\/next$/im);
  // A small body with a length is rewritten whole where it came with its head, and in passing where it came behind it.
  const isFraming = (line: string) => /^(?:content-length|transfer-encoding):/.test(line);
  const normal = (texts: readonly string[] | undefined) =>
    texts?.map((text) =>
      text
        .toLowerCase()
        .split('\n')
        .filter((line) => !isFraming(line))
        .sort(),
    );
  assert.deepEqual(normal(answers[1]), normal(answers[0]));
});

test('explain names the protocol', LIMIT, async (t) => {
  const cases: [proxy: object | string, step: string, line: string][] = [
    ['http://127.0.0.1:1', 'forwards to http://127.0.0.1:1', 'GET /a HTTP/1.1'],
    ['h2c://127.0.0.1:1', 'forwards to h2c://127.0.0.1:1 in HTTP/2', 'GET /a HTTP/2'],
    ['https://127.0.0.1', 'forwards to https://127.0.0.1 in HTTP/2 or HTTP/1.1', 'GET /a HTTP/2 or HTTP/1.1'],
    [{ to: 'https://127.0.0.1', protocol: 'h1' }, 'forwards to https://127.0.0.1', 'GET /a HTTP/1.1'],
  ];
  for (const [proxy, step, line] of cases) {
    const { server } = await start(t, proxy);
    const { steps, upstream } = await server.explain({ url: 'http://a.test/a', method: 'GET', headers: [] });
    assert.equal(steps.at(-1)?.says, step);
    assert.equal(upstream?.requestLine, line);
  }
});
