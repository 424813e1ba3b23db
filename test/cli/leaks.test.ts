// `portico leaks` against a running program: what it shows, with which status it ends, and that it can start anew.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { askAdmin } from '../../src/cli/admin-client.ts';
import { runCommandLine } from '../../src/cli/main.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import { askOnce, getRequest } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };

async function run(portico: Portico, ...args: readonly string[]) {
  let output = '';
  const write = (text: string) => {
    output += text;
  };
  const terminal = { cwd: portico.folder, environment: process.env, hasColors: false, print: write, error: write };
  return { status: await runCommandLine(['leaks', ...args], terminal), output };
}

test('leaks and requests that missed their mount, by kind, until they are set back', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(({ target }) =>
      target === '/bad'
        ? okResponse(`see ${upstream.origin}/x`, ['Content-Type: text/plain', `X-Debug: ${upstream.origin}`])
        : okResponse('<a href="/x">', ['Content-Type: text/html']),
    ),
  );
  const socket = join(tempFolder(t), 'admin.sock');
  const config = { listen: '127.0.0.1:0', admin: { socket }, sites: { '*': { '/app/': { proxy: upstream.origin } } } };
  const portico = await startPortico(t, { config });
  const ask = (target: string, lines: string[] = []) =>
    askOnce({ port: portico.port }, getRequest(target, 'site.example', lines));
  await ask('/app/');
  assert.deepEqual(await run(portico), { status: 0, output: '0 leaks, 0 requests that missed a mount\n' });

  await ask('/favicon.ico', ['Referer: http://site.example/app/']);
  const rescued = await run(portico);
  assert.equal(rescued.status, 0);
  assert.match(rescued.output, /^\* \/app\/\n {2}missed: GET \/favicon.ico 1 time, first from \/app\/\n/);
  assert.equal((await run(portico, '--strict')).status, 1);

  await ask('/app/bad');
  await ask('/app/bad');
  const { host } = new URL(upstream.origin);
  const found = await run(portico);
  assert.equal(found.status, 1);
  assert.ok(found.output.includes(`  header x-debug: ${host} 2 times, first in /app/bad\n`), found.output);
  assert.ok(found.output.includes(`  body text/plain: ${host} 2 times, first in /app/bad\n    see http://${host}/x\n`));
  assert.match(found.output, /\n4 leaks, 1 request that missed a mount\n$/);
  const [mount] = JSON.parse((await run(portico, '--json')).output);
  assert.deepEqual([mount.site, mount.mount, mount.rewritten, mount.leaks.length], ['*', '/app/', 1, 2]);

  const metrics = String((await askAdmin(socket, 'GET', '/metrics')).body);
  assert.match(metrics, /^portico_leaks_total\{site="\*",mount="\/app\/",place="header x-debug"\} 2$/m);
  assert.match(metrics, /^portico_rescues_total\{site="\*",mount="\/app\/"\} 1$/m);

  assert.equal((await run(portico, '--reset')).status, 1, 'what is shown is what was counted');
  assert.equal((await run(portico, '--strict')).status, 0);
  await portico.stop();
  const gone = await run(portico);
  assert.equal(gone.status, 2);
  assert.match(gone.output, /nothing runs with this configuration/);
});
