// What Fastify does besides: the plug-in forgotten or misplaced never lets a refused request through; types fit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { publicAddress, publicUrl } from './fastify.ts';

const options = { log: () => {} };
const timeout = { timeout: 120_000 };
const MALFORMED = '/vhost/ftp/h/x';

test('without the plug-in a refused request gets 400 and no hook or route', timeout, async () => {
  const { rewriteUrl } = publicAddress(options);
  await expectUntouched(Fastify({ rewriteUrl }), MALFORMED, 400);
});

test('with the plug-in below a child instance only, too', timeout, async () => {
  const { rewriteUrl, plugin } = publicAddress(options);
  const app = Fastify({ rewriteUrl });
  await app.register(async (child) => void (await child.register(plugin)));
  await expectUntouched(app, MALFORMED, 400);
});

test(
  'with the plug-in a refused request ends before routes and later hooks, also where only 404 would be',
  timeout,
  async () => {
    for (const hasRoutes of [true, false]) {
      const { rewriteUrl, plugin } = publicAddress(options);
      const app = Fastify({ rewriteUrl });
      await app.register(plugin);
      await expectUntouched(app, MALFORMED, 400, hasRoutes);
    }
  },
);

test('injected requests see the public address', timeout, async () => {
  const { rewriteUrl, plugin } = publicAddress(options);
  const app = Fastify({ rewriteUrl, trustProxy: true });
  await app.register(plugin);
  app.get('/x', async (request) => [
    request.protocol,
    request.host,
    request.hostname,
    request.port,
    request.originalUrl,
    request.url,
    publicUrl(request).hereWithQuery,
  ]);
  const headers = { 'x-forwarded-host': 'spoof', 'x-forwarded-proto': 'http' };
  const answer = await app.inject({ url: '/vhost/https/h:8443/x?y', headers });
  assert.deepEqual(answer.json(), ['https', 'h:8443', 'h', 8443, '/x?y', '/x?y', 'https://h:8443/x?y']);
  await app.close();
});

async function expectUntouched(app: FastifyInstance, target: string, status: number, hasRoutes = true): Promise<void> {
  let touched = 0;
  if (hasRoutes) {
    app.addHook('onRequest', async () => void touched++);
    app.all('*', async () => void touched++);
    app.get('/', async () => void touched++);
  }
  const answer = await app.inject(target);
  assert.equal(answer.statusCode, status);
  assert.equal(touched, 0);
  await app.close();
}
