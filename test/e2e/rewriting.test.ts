// An application below a path: its headers, cookies, redirects, hints, trailers, tunnels and bodies through one map.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadRequest } from '../kit/message-reader.ts';
import { startPortico } from '../kit/portico.ts';
import { askOnce, connectClient } from '../kit/raw-client.ts';
import { answering, okResponse, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';
import { startBelowApp, startProxy } from './_proxy.ts';

const LIMIT = { timeout: 120_000 };

function request(path: string, lines: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: example.com', ...lines, '', ''].join('\r\n');
}

/** A backend that answers every request with what `answer` makes of it and of its own origin. */
async function startBackend(
  t: Parameters<typeof startUpstream>[0],
  answer: (origin: string, asked: ReadRequest) => string | Buffer,
): Promise<ScriptedUpstream> {
  const upstream: ScriptedUpstream = await startUpstream(
    t,
    answering((asked) => answer(upstream.origin, asked)),
  );
  return upstream;
}

test('headers of an answer, each as a client can use it', LIMIT, async (t) => {
  const upstream = await startBackend(t, (origin) =>
    okResponse('', [
      `Location: ${origin}/login?next=%2Fa`,
      'Content-Location: /doc',
      `Link: <${origin}/style.css>; rel=preload, </next>; rel=next`,
      'Set-Cookie: id=1; Path=/; HttpOnly',
      `Content-Security-Policy: img-src ${origin}; report-uri /csp`,
      'Strict-Transport-Security: max-age=1',
      'Alt-Svc: h3=":443"',
      'X-Own: /not/known',
    ]),
  );
  const portico = await startBelowApp(t, upstream.origin);
  const { headers } = await askOnce({ port: portico.port }, request('/app/'));
  assert.equal(headers.get('location'), 'http://example.com/app/login?next=%2Fa');
  assert.equal(headers.get('content-location'), '/app/doc');
  assert.equal(headers.get('link'), '<http://example.com/app/style.css>; rel=preload, </app/next>; rel=next');
  assert.equal(headers.get('set-cookie'), 'id=1; Path=/app; HttpOnly');
  assert.equal(headers.get('content-security-policy'), 'img-src http://example.com; report-uri /app/csp');
  assert.equal(headers.has('strict-transport-security'), false);
  assert.equal(headers.has('alt-svc'), false);
  assert.equal(headers.get('x-own'), '/not/known');
});

const TARGETS: readonly (readonly [asked: string, sent: string])[] = [
  ['/app/', '/'],
  ['/app/x?y=/app/z', '/x?y=/app/z'],
  ['/app//x', '//x'],
  ['/%61pp/x', '/x'],
  ['//app/x%2Fy', '/x%2Fy'],
  ['/app/app/x', '/app/x'],
];

test('request targets lose the path of the mount, and nothing else', LIMIT, async (t) => {
  const upstream = await startBackend(t, () => okResponse('ok'));
  const portico = await startBelowApp(t, upstream.origin);
  const client = await connectClient(t, { port: portico.port });
  for (const [asked, sent] of TARGETS) {
    assert.equal((await client.ask(request(asked))).status, 200, asked);
    assert.equal(upstream.requests.at(-1)?.target, sent, asked);
  }
});

for (const host of ['public', 'upstream'] as const) {
  test(`host: ${host}: Origin, Referer and Destination follow the Host that is sent`, LIMIT, async (t) => {
    const upstream = await startBackend(t, () => okResponse('ok'));
    const portico = await startBelowApp(t, upstream.origin, { host });
    const own = host === 'public' ? 'http://example.com' : upstream.origin;
    const lines = [
      'Origin: http://example.com',
      'Referer: http://example.com/app/page',
      'Destination: http://example.com/app/new',
    ];
    await askOnce({ port: portico.port }, request('/app/old?next=http%3A%2F%2Fexample.com%2Fapp%2Fx', lines));
    const { headers, target } = upstream.requests[0] as ReadRequest;
    assert.equal(headers.get('host'), own.slice('http://'.length));
    assert.equal(headers.get('origin'), own);
    assert.equal(headers.get('referer'), host === 'public' ? 'http://example.com/app/page' : `${own}/page`);
    assert.equal(headers.get('destination'), `${own}/new`);
    const nested = host === 'public' ? 'http://example.com/app/x' : `${own}/x`;
    assert.equal(decodeURIComponent(target), `/old?next=${nested}`);
    await askOnce({ port: portico.port }, request('/app/old', ['Origin: http://evil.example']));
    assert.equal(upstream.requests[1]?.headers.get('origin'), 'http://evil.example');
  });
}

test('the public Host in what the application writes is its own name', LIMIT, async (t) => {
  const upstream = await startBackend(t, () => okResponse('', ['Location: http://example.com/login']));
  const portico = await startBelowApp(t, upstream.origin);
  const response = await askOnce({ port: portico.port }, request('/app/'));
  assert.equal(response.headers.get('location'), 'http://example.com/app/login');
});

test('early hints are mapped like the answer', LIMIT, async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';
  const upstream = await startBackend(t, () => hints + okResponse('ok'));
  const portico = await startBelowApp(t, upstream.origin);
  const response = await askOnce({ port: portico.port }, request('/app/'));
  assert.equal(response.interim[0]?.headers.get('link'), '</app/style.css>; rel=preload');
});

for (const type of ['text/html', 'image/png']) {
  test(`trailers of ${type} are mapped`, LIMIT, async (t) => {
    const upstream = await startBackend(
      t,
      (origin) =>
        `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSourceMap: ${origin}/m\r\nDigest: x\r\n\r\n`,
    );
    const portico = await startBelowApp(t, upstream.origin);
    const { trailers } = await askOnce({ port: portico.port }, request('/app/', ['TE: trailers', 'Connection: TE']));
    assert.equal(trailers.get('sourcemap'), 'http://example.com/app/m');
    assert.equal(trailers.has('digest'), type !== 'text/html');
  });
}

test('a WebSocket through a path: handshake mapped, bytes untouched', LIMIT, async (t) => {
  const upstream: ScriptedUpstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSet-Cookie: s=1; Path=/\r\n\r\n',
    );
    await connection.echo();
  });
  const portico = await startBelowApp(t, upstream.origin, { host: 'upstream' });
  const client = await connectClient(t, { port: portico.port });
  const lines = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Origin: http://example.com',
    'Sec-WebSocket-Version: 13',
  ];
  await client.send(request('/app/socket', lines));
  const head = await client.head();
  assert.equal(head.status, 101);
  assert.equal(head.headers.get('upgrade'), 'websocket');
  assert.equal(head.headers.get('set-cookie'), 's=1; Path=/app');
  const asked = upstream.requests[0] as ReadRequest;
  assert.equal(asked.target, '/socket');
  assert.equal(asked.headers.get('origin'), upstream.origin);
  const frame = Buffer.from(`\x81\x10${upstream.origin}/`, 'latin1');
  await client.send(frame);
  assert.deepEqual(await client.bytes(frame.length), frame);
});

test('a proxy in front that cut off a prefix is believed, if it is trusted', LIMIT, async (t) => {
  const upstream = await startBackend(t, (origin) =>
    okResponse(`<a href="/x"><a href="${origin}/y">`, ['Content-Type: text/html', 'Set-Cookie: a=b; Path=/']),
  );
  const portico = await startBelowApp(t, upstream.origin, {}, { trust: '127.0.0.1' });
  const lines = ['X-Forwarded-Host: outer.example', 'X-Forwarded-Proto: https', 'X-Forwarded-Prefix: /outer/'];
  const response = await askOnce({ port: portico.port }, request('/app/p', lines));
  assert.equal(response.body.toString(), '<a href="/outer/app/x"><a href="https://outer.example/outer/app/y">');
  assert.equal(response.headers.get('set-cookie'), 'a=b; Path=/outer/app');
  assert.equal(upstream.requests[0]?.target, '/p');
  assert.equal(upstream.requests[0]?.headers.get('x-forwarded-prefix'), '/outer/app');
  const bare = await askOnce({ port: portico.port }, request('/app', lines));
  assert.equal(bare.headers.get('location'), '/outer/app/');
  for (const bad of ['/a"b', '//evil.example', 'x', '/a/../b', '/a,/b']) {
    const asked = request('/app/p', [`X-Forwarded-Prefix: ${bad}`]);
    assert.match((await askOnce({ port: portico.port }, asked)).body.toString(), /^<a href="\/app\/x">/, bad);
  }
});

test('what a client says of a prefix is not believed', LIMIT, async (t) => {
  const upstream = await startBackend(t, () => okResponse('<a href="/x">', ['Content-Type: text/html']));
  const portico = await startBelowApp(t, upstream.origin);
  const response = await askOnce({ port: portico.port }, request('/app/', ['X-Forwarded-Prefix: /outer']));
  assert.equal(response.body.toString(), '<a href="/app/x">');
});

const PAGE = '<a href="/x">';

const MODES: readonly (readonly [options: unknown, location: string, body: (origin: string) => string])[] = [
  [undefined, '/app/y', (origin) => `<a href="/app/x">${origin}`],
  ['headers', '/app/y', (origin) => PAGE + origin],
  ['off', '/y', (origin) => PAGE + origin],
  [false, '/y', (origin) => PAGE + origin],
  [{ text: false }, '/app/y', (origin) => `<a href="/app/x">${origin}`],
  [{ prefix: 'keep' }, '/y', () => `${PAGE}http://example.com`],
  [{ except: ['/x/'] }, '/app/y', () => `${PAGE}http://example.com/app`],
];

test('modes: how much is rewritten', LIMIT, async (t) => {
  const upstream = await startBackend(t, (origin) =>
    okResponse(PAGE + origin, ['Content-Type: text/html', 'Location: /y', 'ETag: "a"']),
  );
  const mounts = MODES.map(([options], index) => [
    `${index}.example`,
    { '/app/': { proxy: upstream.origin, ...(options === undefined ? {} : { rewrite: options }) } },
  ]);
  const portico = await startPortico(t, { config: { listen: '127.0.0.1:0', sites: Object.fromEntries(mounts) } });
  for (const [index, [options, location, body]] of MODES.entries()) {
    const asked = request('/app/').replace('example.com', `${index}.example`);
    const response = await askOnce({ port: portico.port }, asked);
    const name = JSON.stringify(options ?? 'default');
    const wanted = index === 0 ? `<a href="/app/x">http://example.com/app` : body(upstream.origin);
    assert.equal(response.headers.get('location'), location, name);
    assert.equal(response.body.toString().replace(`${index}.example`, 'example.com'), wanted, name);
  }
});

test('a resource that a page checks against a hash arrives byte for byte', LIMIT, async (t) => {
  const upstream = await startBackend(t, (origin, { target }) =>
    target === '/a/page'
      ? okResponse('<script src="../app.js?v=1" integrity="sha256-x"></script>', ['Content-Type: text/html'])
      : okResponse(`fetch("${origin}/x")`, ['Content-Type: text/javascript', 'ETag: "js"']),
  );
  const portico = await startBelowApp(t, upstream.origin);
  const ask = (path: string) => askOnce({ port: portico.port }, request(path));
  assert.equal((await ask('/app/app.js?v=1')).body.toString(), 'fetch("http://example.com/app/x")');
  await ask('/app/a/page');
  const checked = await ask('/app/app.js?v=1');
  assert.equal(checked.body.toString(), `fetch("${upstream.origin}/x")`);
  assert.equal(checked.headers.get('etag'), '"js"');
  assert.equal((await ask('/app/app.js?v=2')).body.toString(), 'fetch("http://example.com/app/x")');
});

test('a mount at the root: only what names the backend changes', LIMIT, async (t) => {
  const upstream = await startBackend(t, (origin) =>
    okResponse(`<a href="/x"><a href="${origin}/y">`, ['Content-Type: text/html', 'Content-MD5: x']),
  );
  const portico = await startProxy(t, upstream.origin);
  const response = await askOnce({ port: portico.port }, request('/p?a=%2f//b'));
  assert.equal(response.body.toString(), '<a href="/x"><a href="http://example.com/y">');
  assert.equal(response.headers.get('content-length'), String(response.body.length));
  assert.equal(response.headers.has('content-md5'), false);
  assert.equal(upstream.requests[0]?.target, '/p?a=%2f//b');
});

test('several endpoints: the Host, Origin and Referer of a request name the same one', LIMIT, async (t) => {
  const first = await startBackend(t, () => okResponse('ok'));
  const second = await startBackend(t, (origin) => okResponse('', [`Location: ${origin}/z`]));
  const portico = await startPortico(t, {
    config: {
      listen: '127.0.0.1:0',
      sites: { '*': { '/app/': { proxy: [first.origin, second.origin], host: 'upstream' } } },
    },
  });
  for (let turn = 0; turn < 4; turn++) {
    const { headers } = await askOnce({ port: portico.port }, request('/app/', ['Origin: http://example.com']));
    if (headers.has('location')) assert.equal(headers.get('location'), 'http://example.com/app/z');
  }
  for (const upstream of [first, second]) {
    assert.equal(upstream.requests.length, 2);
    for (const { headers } of upstream.requests) assert.equal(headers.get('origin'), `http://${headers.get('host')}`);
  }
});

test('a body in the middle of which the backend dies is cut for the client too', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send(
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<a href="/x"><a href="/y',
    );
    connection.destroy();
  });
  const portico = await startBelowApp(t, upstream.origin);
  await assert.rejects(askOnce({ port: portico.port }, request('/app/')));
});
