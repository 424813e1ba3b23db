// Exactly a path that ends in a slash, apart from what lies below it: each kind of serving, and a backend's URLs behind it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Owner } from '../kit/at-end.ts';
import { startInProcess } from '../kit/in-process.ts';
import { askOnce } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };

/** Starts a site of `mounts`; the result asks it. */
async function start(owner: Owner, mounts: object) {
  const server = await startInProcess(owner, { listen: '127.0.0.1:0', admin: false, sites: { '*': mounts } });
  return (path: string) => askOnce({ port: server.port() }, `GET ${path} HTTP/1.1\r\nHost: example.com\r\n\r\n`);
}

/** A backend that names itself, and what it was asked. */
async function startBackend(owner: Owner, name: string, body: (origin: string) => string = () => name) {
  const upstream: Awaited<ReturnType<typeof startUpstream>> = await startUpstream(
    owner,
    answering(() => okResponse(body(upstream.origin), ['Content-Type: text/html', `X-Name: ${name}`])),
  );
  const last = () => upstream.requests.at(-1);
  return {
    origin: upstream.origin,
    asked: () => last()?.target,
    sent: (header: string) => last()?.headers.get(header),
  };
}

test('a redirect of exactly the root leaves everything below it to the backend', LIMIT, async (t) => {
  const backend = await startBackend(t, 'all');
  const ask = await start(t, { '=/': { redirect: '/app/', status: 302 }, '/': backend.origin });
  const root = await ask('/?q=1');
  assert.equal(root.status, 302);
  assert.equal(root.headers.get('location'), '/app/?q=1');
  assert.equal((await ask('/x')).headers.get('x-name'), 'all');
  assert.equal(backend.asked(), '/x');
});

test('a file serves exactly the root', LIMIT, async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'page.html'), 'page');
  writeFileSync(join(folder, 'index.html'), 'index');
  const ask = await start(t, { '=/': join(folder, 'page.html'), '/': folder });
  assert.equal((await ask('/')).body.toString(), 'page');
  assert.equal((await ask('/index.html')).body.toString(), 'index');
});

test('a backend of one path gets its own path, and its links stay where they lead', LIMIT, async (t) => {
  const page = (origin: string) => `<a href="/x"></a><a href="y"></a><a href="${origin}/z"></a>`;
  const one = await startBackend(t, 'one', page);
  const below = await startBackend(t, 'below');
  const ask = await start(t, {
    '=/': `${one.origin}/landing`,
    '=/app/': `${one.origin}/start/`,
    '=/same/': `${one.origin}/same/`,
    '/app/': below.origin,
  });
  const links = '<a href="/x"></a><a href="y"></a><a href="http://example.com/z"></a>';
  const cases = [
    ['/?q=1', '/landing?q=1', undefined],
    ['/app/', '/start/', '/app'],
    ['/same/', '/same/', undefined],
  ] as const;
  for (const [path, target, prefix] of cases) {
    assert.equal((await ask(path)).body.toString(), links, path);
    assert.equal(one.asked(), target);
    assert.equal(one.sent('x-forwarded-prefix'), prefix, path);
  }
  assert.equal((await ask('/app/x')).headers.get('x-name'), 'below');
  assert.equal(below.asked(), '/x');
  assert.equal((await ask('/same/x')).status, 404);
});

test('vhost tells the path as it is', LIMIT, async (t) => {
  const backend = await startBackend(t, 'vhost');
  const ask = await start(t, {
    '=/': { proxy: backend.origin, vhost: 'nevow' },
    '=/app/': { proxy: backend.origin, vhost: 'nevow' },
  });
  await ask('/');
  assert.equal(backend.asked(), '/vhost/http/example.com/');
  await ask('/app/');
  assert.equal(backend.asked(), '/vhost/http/example.com/app/');
});
