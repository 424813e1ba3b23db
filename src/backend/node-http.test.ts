// behindFront around things: a session guard, several hosts, another wrapper, HTTP/2, WebSocket upgrades.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ask } from '../../test/kit/ask.ts';
import { run } from '../../test/kit/framework-apps.ts';
import { behindFront, publicUrl, upgradeBehindFront, virtualHosts } from './node-http.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

const options = { log: () => {} };
const timeout = { timeout: 120_000 };

/** A guard after the original's: no cookie, so the key goes into the path, and back out of it once the cookie came. */
function sessionGuard(app: Listener): Listener {
  return function guard(request, response) {
    const url = publicUrl(request);
    const key = /^\/__session_key__[^/]+/.exec(url.path)?.[0];
    const hasCookie = request.headers.cookie === 'sess=k';
    if (hasCookie && key === undefined) return app(request, response);
    const path = hasCookie && key !== undefined ? url.path.slice(key.length) : `/__session_key__k${url.path}`;
    if (!hasCookie) {
      const secure = url.origin.startsWith('https:') ? '; Secure' : '';
      response.setHeader('set-cookie', `sess=k; Path=${new URL(url.root).pathname}${secure}`);
    }
    return response.writeHead(302, { location: url.origin + path + url.search }).end();
  };
}

const page: Listener = (request, response) => response.end(publicUrl(request).hereWithQuery);

test('check 16: a session guard inside redirects to public URLs and never shows the form', timeout, async () => {
  const app = await run(behindFront(sessionGuard(page), options));
  try {
    const first = await ask(app.port, '/vhost/https/www.example.com:443/a/b?q=1');
    assert.equal(first.headers['location'], 'https://www.example.com/__session_key__k/a/b?q=1');
    assert.equal(first.headers['set-cookie'], 'sess=k; Path=/; Secure');
    const cookie = { lines: ['Host: inner', 'Cookie: sess=k'] };
    const second = await ask(app.port, '/vhost/https/www.example.com:443/__session_key__k/a/b?q=1', cookie);
    assert.equal(second.headers['location'], 'https://www.example.com/a/b?q=1');
    const third = await ask(app.port, '/vhost/https/www.example.com:443/a/b?q=1', cookie);
    assert.equal(third.body, 'https://www.example.com/a/b?q=1');
    for (const answer of [first, second, third]) assert.doesNotMatch(answer.text, /vhost|inner|127\.0/);
  } finally {
    await app.close();
  }
});

test('virtualHosts chooses by the public host and answers 404 for others', timeout, async () => {
  const site =
    (name: string): Listener =>
    (request, response) =>
      response.end(`${name} ${publicUrl(request).here}`);
  const hosts = virtualHosts({ 'a.example': site('A'), '*.b.example': site('B') });
  const app = await run(behindFront(hosts, options));
  try {
    assert.equal((await ask(app.port, '/vhost/http/A.example:8080/x')).body, 'A http://a.example:8080/x');
    assert.equal((await ask(app.port, '/vhost/https/www.b.example/x')).body, 'B https://www.b.example/x');
    assert.equal((await ask(app.port, '/x', { lines: ['Host: a.example'] })).body, 'A http://a.example/x');
    assert.equal((await ask(app.port, '/vhost/http/c.example/x')).status, 404);
  } finally {
    await app.close();
  }
});

test('a wrapper inside another leaves the address as it is', timeout, async () => {
  const app = await run(behindFront(behindFront(page, options), options));
  try {
    assert.equal((await ask(app.port, '/vhost/https/h/x?y')).body, 'https://h/x?y');
  } finally {
    await app.close();
  }
});

test('Host, rawHeaders and headersDistinct agree', timeout, async () => {
  const app = await run(
    behindFront((request: IncomingMessage, response: ServerResponse) => {
      const { rawHeaders, headersDistinct, headers } = request;
      response.end(
        JSON.stringify([rawHeaders.filter((_, index) => index % 2 === 0), headersDistinct['host'], headers]),
      );
    }, options),
  );
  try {
    const lines = ['host: inner', 'X-Forwarded-Host: spoof', 'X-Forwarded-Prefix: /spoof', 'Accept: */*'];
    const answer = await ask(app.port, '/vhost/https/h:8443/', { lines });
    const [names, host, headers] = JSON.parse(answer.body);
    const added = ['Host', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port'];
    assert.deepEqual(names, ['Accept', 'Connection', ...added]);
    assert.deepEqual(host, ['h:8443']);
    assert.equal(headers['x-forwarded-host'], 'h:8443');
    assert.equal(headers['x-forwarded-prefix'], undefined);
  } finally {
    await app.close();
  }
});

test('HTTP/2 requests of a Node server', timeout, async () => {
  const server = createHttp2Server(
    behindFront((request: Http2ServerRequest, response: Http2ServerResponse) => {
      response.end(`${publicUrl(request).here} ${request.headers[':authority']} ${request.url}`);
    }, options),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ':path': '/vhost/https/www.example.com:443/a?b' });
    let body = '';
    for await (const chunk of stream.setEncoding('utf8')) body += chunk;
    assert.equal(body, 'https://www.example.com/a www.example.com /a?b');
  } finally {
    session.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('upgrades see the public address, and refused ones get an answer and the end', timeout, async () => {
  const server = createServer();
  server.on(
    'upgrade',
    upgradeBehindFront((request, socket) => {
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nX-Here: ${publicUrl(request).here}\r\nX-Url: ${request.url}\r\n\r\n`,
      );
    }, options),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upgrade = { lines: ['Host: h', 'Upgrade: websocket', 'Connection: upgrade'] };
  try {
    const accepted = await ask(port, '/vhost/https/www.example.com:443/socket', upgrade);
    assert.equal(accepted.status, 101);
    assert.equal(accepted.headers['x-here'], 'https://www.example.com/socket');
    assert.equal(accepted.headers['x-url'], '/socket');
    const refused = await ask(port, '/vhost/ftp/h/socket', upgrade);
    assert.equal(refused.status, 400);
    assert.equal(refused.body, '');
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
