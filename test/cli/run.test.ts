// `portico run`, `proxy`, `reload` and `status` as processes: what they say, which signals they obey, how they end.
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { makeFolder, runPortico, startPortico } from './portico.ts';

const TIME = { timeout: 60_000 };

test('run serves a configuration, and TERM drains it', TIME, async (t) => {
  const backend = await startBackend(t, 'hello');
  const cwd = makeFolder(t, { 'portico.yaml': `listen: 127.0.0.1:0\nsites: { "*": "${backend}" }\n` });
  const portico = startPortico(t, cwd, 'run');
  const address = await portico.address();
  assert.match(portico.output, /^listening on http:\/\/127\.0\.0\.1:\d+ \(1 site\)\n$/);
  assert.equal(await get(address), 'hello');
  portico.signal('SIGTERM');
  assert.equal((await portico.ended).status, 0);
});

test('run stops at INT while a client holds its connection', TIME, async (t) => {
  const backend = await startBackend(t, 'hello');
  const cwd = makeFolder(t, { 'portico.yaml': `listen: 127.0.0.1:0\nsites: { "*": "${backend}" }\n` });
  const portico = startPortico(t, cwd, 'run');
  const { port } = new URL(await portico.address());
  const client = connect(Number(port), '127.0.0.1');
  t.after(() => client.destroy());
  client.on('error', () => {});
  await new Promise((resolve) => client.write('GET / HTTP/1.1\r\nHost: a\r\n', resolve));
  portico.signal('SIGINT');
  assert.equal((await portico.ended).status, 0);
});

test('HUP loads a changed configuration, and keeps the old one if the new one is broken', TIME, async (t) => {
  const [one, two] = [await startBackend(t, 'one'), await startBackend(t, 'two')];
  const document = (to: string) => `listen: 127.0.0.1:0\nsites: { "*": "${to}" }\n`;
  const cwd = makeFolder(t, { 'portico.yaml': document(one) });
  const portico = startPortico(t, cwd, 'run');
  const address = await portico.address();
  assert.equal(await get(address), 'one');

  writeFileSync(join(cwd, 'portico.yaml'), document('nonsense'));
  portico.signal('SIGHUP');
  await portico.says(/portico\.yaml:2:15: expected a URL[\s\S]*not reloaded: what was running goes on/);
  assert.equal(await get(address), 'one');

  writeFileSync(join(cwd, 'portico.yaml'), document(two));
  portico.signal('SIGHUP');
  await portico.says(/configuration reloaded/);
  assert.equal(await get(address), 'two');
});

test('status and reload talk to the running program over a socket that only its owner opens', TIME, async (t) => {
  const [one, two] = [await startBackend(t, 'one'), await startBackend(t, 'two')];
  const document = (to: string) => `listen: 127.0.0.1:0\nsites: { "*": "${to}" }\n`;
  const cwd = makeFolder(t, { 'portico.yaml': `admin: admin.sock\n${document(one)}` });
  const portico = startPortico(t, cwd, 'run');
  const address = await portico.address();
  assert.equal(statSync(join(cwd, 'admin.sock')).mode & 0o777, 0o600);

  const before = await runPortico(t, cwd, 'status');
  assert.match(before.stdout, /^process \d+, up .*\nconfiguration 1, reloaded 0 times\n/);
  assert.ok(before.stdout.includes(`${address}: `));

  writeFileSync(join(cwd, 'portico.yaml'), `admin: admin.sock\n${document(two)}`);
  const reloaded = await runPortico(t, cwd, 'reload');
  assert.deepEqual(reloaded, { status: 0, stdout: 'reloaded\n', stderr: '' });
  assert.equal(await get(address), 'two');

  const { stdout } = await runPortico(t, cwd, 'status', '--json');
  assert.equal((JSON.parse(stdout) as { reloads: number }).reloads, 1);

  writeFileSync(join(cwd, 'portico.yaml'), 'sites: 5\n');
  const broken = await runPortico(t, cwd, 'reload', '--socket', 'admin.sock');
  assert.equal(broken.status, 2);
  assert.match(broken.stderr, /^portico\.yaml:1:8: expected a map of host names, got 5/);
  assert.equal(await get(address), 'two');
});

test('status says that nothing runs', TIME, async (t) => {
  const cwd = makeFolder(t, { 'portico.yaml': 'sites: { "*": "http://127.0.0.1:1" }\n' });
  const { status, stderr } = await runPortico(t, cwd, 'status');
  assert.equal(status, 1);
  assert.match(stderr, /^portico: nothing runs with this configuration/);
});

test('run fails with status 1 where an address is taken, with 2 where the configuration is wrong', TIME, async (t) => {
  const { port } = new URL(await startBackend(t, 'x'));
  const cwd = makeFolder(t, {
    'taken.yaml': `listen: 127.0.0.1:${port}\nsites: { "*": "http://127.0.0.1:1" }\n`,
    'wrong.yaml': 'sites: { "*": "http://127.0.0.1:1", lsten: 5 }\n',
  });
  const taken = await runPortico(t, cwd, 'run', '-c', 'taken.yaml');
  assert.equal(taken.status, 1);
  assert.equal(taken.stderr, `portico: cannot listen on 127.0.0.1:${port}: another program has this address\n`);
  const wrong = await runPortico(t, cwd, 'run', '-c', 'wrong.yaml');
  assert.equal(wrong.status, 2);
  assert.equal(wrong.stdout, '');
});

test('proxy serves one backend below a path without a configuration', TIME, async (t) => {
  const backend = await startBackend(t, 'hello');
  const portico = startPortico(t, makeFolder(t), 'proxy', '--from', '127.0.0.1:0', '--to', backend, '--mount', '/app');
  const address = await portico.address();
  assert.equal(await get(`${address}/app/x`), 'hello');
  assert.equal((await fetch(`${address}/other`)).status, 404);
});

test('proxy explains its arguments by their flags', TIME, async (t) => {
  const cwd = makeFolder(t);
  const explain = async (...args: string[]) => {
    const { status, stderr } = await runPortico(t, cwd, 'proxy', ...args);
    return `${status} ${stderr}`;
  };
  assert.match(await explain(), /^2 portico: --to is missing: portico proxy --to http:\/\/localhost:3000\n$/);
  assert.match(await explain('--to', 'localhost:3000'), /^2 portico: --to: .*write http:\/\/localhost:3000\n$/);
  assert.match(await explain('--to', 'http://x', '--from', '8080'), /^2 portico: --from: .*write ":8080"\n$/);
  assert.match(await explain('--to', 'http://x', '--mount', 'app'), /^2 portico: --mount is a path, write \/app\/\n$/);
});

async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return response.text();
}

async function startBackend(t: TestContext, text: string): Promise<string> {
  const server = createServer((_request, response) => response.end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
