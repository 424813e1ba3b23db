// The access log of a running server: one line per exchange, failures named, a full disk costs no request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLoad } from '../kit/load.ts';
import { askOnce, getRequest } from '../kit/raw-client.ts';
import { answering, closedPort, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { startProxy } from './_proxy.ts';

const LIMIT = { timeout: 120_000 };

test('one line per exchange, with mount, endpoint, phase and errno of a failure', LIMIT, async (t) => {
  const path = join(tempFolder(t), 'access.log');
  const portico = await startProxy(t, `http://127.0.0.1:${await closedPort()}`, {
    root: { defaults: { log: { format: 'json', path } } },
  });
  await askOnce({ port: portico.port }, getRequest('/a'));
  await askOnce({ port: portico.port }, getRequest('/b'));
  assert.equal((await portico.process.stop('SIGTERM')).status, 0);
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ target, status, mount, error, phase, errno }) => ({ target, status, mount, error, phase, errno })),
    ['/a', '/b'].map((target) => ({
      target,
      status: 502,
      mount: '/',
      error: 'connection_refused',
      phase: 'connect',
      errno: 'ECONNREFUSED',
    })),
  );
});

test('an access log on a full disk: every request is served', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('served')),
  );
  const portico = await startProxy(t, upstream.origin, {
    root: { defaults: { log: { format: 'json', path: '/dev/full' } } },
  });
  const { failures, answered } = await runLoad({
    port: portico.port,
    requests: 20_000,
    connections: 16,
    isKept: true,
    expected: 'served',
  });
  assert.deepEqual([...failures], []);
  assert.equal(answered, 20_000);
});
