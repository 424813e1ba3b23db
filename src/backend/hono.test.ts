// Fetch handlers: bodies go through, other runtimes name their peer, hosts are told apart, impossible addresses are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { ask } from '../../test/kit/ask.ts';
import { run } from '../../test/kit/framework-apps.ts';
import { behindFront, publicUrl, virtualHosts } from './hono.ts';

const timeout = { timeout: 120_000 };
const options = { log: () => {} };
const here = (request: Request) => new Response(`${publicUrl(request).hereWithQuery} ${request.url}`);

test('a request body goes through the rewritten request', timeout, async () => {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.post('/x', async (c) => c.text(`${publicUrl(c).here} ${await c.req.text()}`));
  const fetch = behindFront<[HttpBindings]>((request, env) => app.fetch(request, env), options);
  const running = await run(getRequestListener((request, env) => fetch(request, env as HttpBindings)));
  try {
    const url = `http://127.0.0.1:${running.port}/vhost/https/h/x`;
    const answer = await globalThis.fetch(url, { method: 'POST', body: 'the body' });
    assert.equal(await answer.text(), 'https://h/x the body');
    const chunks = new ReadableStream({
      start(controller) {
        for (const chunk of ['in ', 'parts']) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
    const streamed = await globalThis.fetch(url, { method: 'POST', body: chunks, duplex: 'half' } as RequestInit);
    assert.equal(await streamed.text(), 'https://h/x in parts');
  } finally {
    await running.close();
  }
});

test('the path that is routed and the public one differ by prefix and inner path', timeout, async () => {
  const fetch = behindFront(here, { ...options, dialect: 'zope', peerAddress: () => '127.0.0.1' });
  const answer = await fetch(new Request('http://in/VirtualHostBase/https/h:443/root/VirtualHostRoot/_vh_app/a?b'));
  assert.equal(await answer.text(), 'https://h/app/a?b https://h/root/a?b');
});

test('without a known peer no form is believed', timeout, async () => {
  const form = new Request('http://inner/vhost/http/h/x');
  assert.equal((await behindFront(here, options)(form)).status, 404);
  assert.equal((await behindFront(here, { ...options, peerAddress: () => '203.0.113.9' })(form)).status, 404);
  const plain = await behindFront(here, options)(new Request('https://inner/x?y'));
  assert.equal(await plain.text(), 'https://inner/x?y https://inner/x?y');
});

test('virtualHosts chooses by the public host', timeout, async () => {
  const hosts = virtualHosts({ 'a.example': () => new Response('A'), '*.b.example': () => new Response('B') });
  const fetch = behindFront(hosts, { ...options, peerAddress: () => '::1' });
  assert.equal(await (await fetch(new Request('http://in/vhost/http/a.example/'))).text(), 'A');
  assert.equal(await (await fetch(new Request('http://in/vhost/http/x.b.example/'))).text(), 'B');
  assert.equal((await fetch(new Request('http://in/vhost/http/c.example/'))).status, 404);
});

test('an address that compat lets through but no URL can hold is refused', timeout, async () => {
  const fetch = behindFront(here, { ...options, compat: true, peerAddress: () => '127.0.0.1' });
  for (const target of ['/vhost/http/h:-1/a', '/vhost/http/h:99999/a', '/vhost/http//a'])
    assert.equal((await fetch(new Request(`http://in${target}`))).status, 400, target);
});

test('ask goes to the root', timeout, async () => {
  const fetch = behindFront<[HttpBindings]>((request) => here(request), options);
  const running = await run(getRequestListener((request, env) => fetch(request, env as HttpBindings)));
  try {
    assert.equal((await ask(running.port, '/vhost/http/h')).body, 'http://h/ http://h/');
  } finally {
    await running.close();
  }
});
