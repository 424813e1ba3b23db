// Requests that miss their mount: which are sent back into it, which never are, and that each use is counted.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Owner } from '../kit/at-end.ts';
import { type InProcess, startInProcess } from '../kit/in-process.ts';
import type { ReadResponse } from '../kit/message-reader.ts';
import { askOnce, connectClient } from '../kit/raw-client.ts';
import { answering, okResponse, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };
const OURS = 'Referer: http://example.com/app/page';

function request(path: string, lines: readonly string[] = [OURS], method = 'GET', host = 'example.com'): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n');
}

interface Proxied {
  readonly server: InProcess;
  readonly upstream: ScriptedUpstream;
  ask(text: string): Promise<ReadResponse>;
}

/** One site; `mounts` is told the origin of the one backend. */
async function start(owner: Owner, mounts: (origin: string) => object, root: object = {}): Promise<Proxied> {
  const upstream = await startUpstream(
    owner,
    answering(() => okResponse('from the backend')),
  );
  const sites = { '*': mounts(upstream.origin) };
  const server = await startInProcess(owner, { listen: '127.0.0.1:0', admin: false, sites, ...root });
  return { server, upstream, ask: (text) => askOnce({ port: server.port() }, text) };
}

const below = (proxy: string) => ({ '/app/': { proxy } });

const RESCUED: readonly (readonly [asked: string, location: string, lines?: readonly string[], method?: string])[] = [
  ['/favicon.ico', '/app/favicon.ico'],
  ['/x/y?a=/b&c=%2F//d', '/app/x/y?a=/b&c=%2F//d'],
  ['/', '/app/'],
  ['/apple', '/app/apple'],
  ['/x//y', '/app/x//y'],
  ['http://example.com/abs?q', '/app/abs?q'],
  ['/save', '/app/save', [OURS, 'Content-Length: 4', '', 'body'], 'POST'],
  ['/x', '/app/x', [OURS], 'PROPFIND'],
  ['/x', '/app/x', [OURS, 'Sec-Fetch-Site: same-origin', 'Origin: http://example.com']],
  ['/x', '/app/x', ['Referer: http://EXAMPLE.com:80/app/']],
  ['/x', '/app/x', ['Referer: http://example.com/app/?next=http://evil.example/#f']],
  ['/x', '/app/x', ['Referer: http://example.com/%61pp/deep/style.css']],
];

test('what a page of the mount asks for and nobody serves goes into the mount', LIMIT, async (t) => {
  const { server, upstream, ask } = await start(t, below);
  for (const [asked, location, lines, method] of RESCUED) {
    const response = await ask(request(asked, lines, method));
    assert.equal(response.status, 307, asked);
    assert.equal(response.headers.get('location'), location, asked);
    assert.equal(response.headers.get('cache-control'), 'no-store');
  }
  assert.equal(upstream.requests.length, 0);
  const [figures] = server.server.rewriting();
  assert.equal(
    figures?.rescues.reduce((sum, { count }) => sum + count, 0),
    RESCUED.length,
  );
  assert.deepEqual(figures?.rescues[0], { method: 'GET', path: '/favicon.ico', referrer: '/app/page', count: 1 });
  assert.equal(figures?.rescues.find(({ method, path }) => method === 'GET' && path === '/x')?.count, 4);
  const logged = server.lines.filter(({ message }) => message.includes('missed its mount'));
  assert.equal(logged.length, RESCUED.length);
  assert.deepEqual(logged[0], {
    level: 'info',
    message: 'a request that missed its mount was sent into it',
    ...{ site: '*', mount: '/app/', method: 'GET', path: '/favicon.ico', referrer: '/app/page' },
  });
});

const LEFT: readonly (readonly [why: string, asked: string, lines: readonly string[], method?: string])[] = [
  ['no Referer', '/x', []],
  ['another site', '/x', ['Referer: http://evil.example/app/page']],
  ['another scheme', '/x', ['Referer: https://example.com/app/page']],
  ['another port', '/x', ['Referer: http://example.com:8080/app/page']],
  ['a longer host', '/x', ['Referer: http://example.com.evil.example/app/page']],
  ['userinfo', '/x', ['Referer: http://example.com@evil.example/app/page']],
  ['userinfo of our own host', '/x', ['Referer: http://u:p@example.com/app/page']],
  ['outside of the mount', '/x', ['Referer: http://example.com/application/page']],
  ['dots out of the mount', '/x', ['Referer: http://example.com/app/../page']],
  ['no URL', '/x', ['Referer: /app/page']],
  ['two of them', '/x', [OURS, OURS]],
  ['Sec-Fetch-Site: cross-site', '/x', [OURS, 'Sec-Fetch-Site: cross-site']],
  ['Sec-Fetch-Site: same-site', '/x', [OURS, 'Sec-Fetch-Site: same-site']],
  ['Sec-Fetch-Site twice', '/x', [OURS, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: none']],
  ['a foreign Origin', '/x', [OURS, 'Origin: http://evil.example']],
  ['Origin: null', '/x', [OURS, 'Origin: null']],
  ['TRACE', '/x', [OURS], 'TRACE'],
  ['a path that would be a host in a link', '//evil.example/x', [OURS]],
];

test('what else misses the mount is answered as ever', LIMIT, async (t) => {
  const { server, upstream, ask } = await start(t, below);
  for (const [why, asked, lines, method] of LEFT) {
    const response = await ask(request(asked, lines, method));
    assert.equal(response.status, method === 'TRACE' ? 405 : 404, why);
    assert.equal(response.headers.has('location'), false, why);
  }
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(server.server.rewriting()[0]?.rescues, []);
});

const MOUNTS: readonly (readonly [why: string, mounts: (origin: string) => object, asked: string, status: number])[] = [
  ['off by its key', (proxy) => ({ '/app/': { proxy, rewrite: { rescue: false } } }), '/x', 404],
  ['nothing is rewritten', (proxy) => ({ '/app/': { proxy, rewrite: 'off' } }), '/x', 404],
  ['prefix: keep', (proxy) => ({ '/app/': { proxy, rewrite: { prefix: 'keep' } } }), '/x', 404],
  ['the backend has the path itself', (proxy) => ({ '/app/': { proxy: `${proxy}/app/` } }), '/x', 404],
  ['an exact path', (proxy) => ({ '/app/page': { proxy } }), '/x', 404],
  ['a root application wins', (proxy) => ({ '/app/': { proxy }, '/': { proxy } }), '/x', 200],
  ['a real route wins', (proxy) => ({ '/app/': { proxy }, '/x': { respond: { status: 204 } } }), '/x', 204],
  ['a route that says 404 is one', (proxy) => ({ '/app/': { proxy }, '/x': { respond: { status: 404 } } }), '/x', 404],
  ['a deeper mount covers it there', (proxy) => ({ '/app/': { proxy }, '/app/x/': { respond: 204 } }), '/x/y', 404],
  ['it lies in the deeper mount', (proxy) => ({ '/app/': { respond: 204 }, '/app/page': { proxy } }), '/x', 404],
];

for (const [why, mounts, asked, status] of MOUNTS)
  test(`no rescue: ${why}`, LIMIT, async (t) => {
    const { ask } = await start(t, mounts);
    const response = await ask(request(asked));
    assert.equal(response.status, status);
    assert.equal(response.headers.has('location'), false);
  });

test('the map says what a path is below the mount: the base of the backend comes off', LIMIT, async (t) => {
  const rewrite = { except: ['/static/'] };
  const { ask } = await start(t, (proxy) => ({ '/app/': { proxy: `${proxy}/base/`, rewrite } }));
  assert.equal((await ask(request('/base/x?/base/y'))).headers.get('location'), '/app/x?/base/y');
  for (const path of ['/x', '/based/x', '/static/x']) assert.equal((await ask(request(path))).status, 404, path);
});

test('beside files: a file that is there wins, one that is not is looked for in the mount', LIMIT, async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'css'));
  writeFileSync(join(folder, 'css', 'own.css'), 'own');
  const mounts = (proxy: string) => ({ '/app/': { proxy }, '/': { files: folder } });
  const { ask } = await start(t, mounts, { defaults: { errors: { '404': join(folder, 'css', 'own.css') } } });
  assert.equal((await ask(request('/css/own.css'))).body.toString(), 'own');
  assert.equal((await ask(request('/css/app.css'))).headers.get('location'), '/app/css/app.css');
  const posted = await ask(request('/api', [OURS, 'Content-Length: 0'], 'POST'));
  assert.equal(posted.headers.get('location'), '/app/api');
  assert.equal((await ask(request('/css/app.css', []))).status, 404);
});

test('behind a proxy that cuts off a prefix, both addresses are the client’s', LIMIT, async (t) => {
  const { ask } = await start(t, below, { trust: '127.0.0.1' });
  const said = ['X-Forwarded-Host: outer.example', 'X-Forwarded-Proto: https', 'X-Forwarded-Prefix: /outer'];
  const from = (referer: string) => ask(request('/x', [...said, `Referer: ${referer}`]));
  assert.equal((await from('https://outer.example/outer/app/p')).headers.get('location'), '/outer/app/x');
  for (const other of ['https://outer.example/app/p', 'http://example.com/app/p', 'http://outer.example/outer/app/p'])
    assert.equal((await from(other)).status, 404, other);
});

test('a rescued request is answered: there is no second rescue', LIMIT, async (t) => {
  const { ask } = await start(t, below);
  const first = await ask(request('/x'));
  const second = await ask(request(first.headers.get('location') ?? ''));
  assert.equal(second.body.toString(), 'from the backend');
});

const SOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];

test('a WebSocket that misses the only mount goes into it', LIMIT, async (t) => {
  const upstream = await startUpstream(t, async (connection) => {
    await connection.request();
    await connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await connection.echo();
  });
  const server = await startInProcess(t, {
    listen: '127.0.0.1:0',
    admin: false,
    sites: { '*': below(upstream.origin) },
  });
  const client = await connectClient(t, { port: server.port() });
  await client.send(request('/socket?a=b', [...SOCKET, 'Origin: http://example.com']));
  assert.equal((await client.head()).status, 101);
  assert.equal(upstream.requests[0]?.target, '/socket?a=b');
  await client.send('bytes');
  assert.equal((await client.bytes(5)).toString(), 'bytes');
  assert.deepEqual(server.server.rewriting()[0]?.rescues, [{ method: 'GET', path: '/socket', referrer: '', count: 1 }]);
});

test('a WebSocket of another origin, of none, or that could mean two mounts is not', LIMIT, async (t) => {
  const { upstream, ask } = await start(t, below);
  for (const lines of [
    ['Origin: http://evil.example'],
    [],
    ['Origin: http://example.com', 'Sec-Fetch-Site: same-site'],
  ])
    assert.equal((await ask(request('/socket', [...SOCKET, ...lines]))).status, 404, lines.join());
  const two = await start(t, (proxy) => ({ '/app/': { proxy }, '/other/': { proxy } }));
  assert.equal((await two.ask(request('/socket', [...SOCKET, 'Origin: http://example.com']))).status, 404);
  assert.equal(upstream.requests.length + two.upstream.requests.length, 0);
});

test('a policy that hides Referers from the own origin is relaxed, in the header and in the page', LIMIT, async (t) => {
  const page = '<meta content=no-referrer name=referrer><meta name="Referrer" content="a &#110;o-referrer"><p>';
  const relaxed = '<meta content=same-origin name=referrer><meta name="Referrer" content="a same-origin"><p>';
  const upstream = await startUpstream(
    t,
    answering(() => okResponse(page, ['Content-Type: text/html', 'Referrer-Policy: no-referrer'])),
  );
  const sites = {
    '*': {
      '/app/': { proxy: upstream.origin },
      '/off/': { proxy: upstream.origin, rewrite: { rescue: false } },
      '/': { proxy: upstream.origin },
    },
  };
  const server = await startInProcess(t, { listen: '127.0.0.1:0', admin: false, sites });
  for (const [path, policy, body] of [
    ['/app/', 'same-origin', relaxed],
    ['/off/', 'no-referrer', page],
    ['/', 'no-referrer', page],
  ] as const) {
    const response = await askOnce({ port: server.port() }, request(path, []));
    assert.equal(response.headers.get('referrer-policy'), policy, path);
    assert.equal(response.body.toString(), body, path);
  }
});
