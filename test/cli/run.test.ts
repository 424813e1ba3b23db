// `portico run`, `proxy`, `serve`, `reload`, `status` and `demo` as processes: what they say, which signals they obey.
import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { launchPortico, type Portico, startPortico } from '../kit/portico.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const TIME = { timeout: 120_000 };

test('run serves a configuration, and TERM drains it', TIME, async (t) => {
  const portico = await startPortico(t, { config: documentFor(await backend(t, 'hello')) });
  assert.match(portico.process.stdout, /^listening on http:\/\/127\.0\.0\.1:\d+ \(1 site\)\n$/);
  assert.equal(await get(portico.origin), 'hello');
  assert.deepEqual(await portico.stop(), { status: 0, signal: null });
});

test('run stops at INT while a client holds its connection', TIME, async (t) => {
  const portico = await startPortico(t, { config: documentFor(await backend(t, 'hello')) });
  const client = connect(portico.port, '127.0.0.1');
  t.after(() => client.destroy());
  client.on('error', () => {});
  await new Promise((resolve) => client.write('GET / HTTP/1.1\r\nHost: a\r\n', resolve));
  assert.deepEqual(await portico.process.stop('SIGINT'), { status: 0, signal: null });
});

test('of two reloads at a time the one that was asked for last stays', TIME, async (t) => {
  const folder = tempFolder(t);
  const write = (text: string, wait: string) => {
    const document = `export default { listen: '127.0.0.1:0', sites: { '*': { respond: { status: 200, body: '${text}' } } } };`;
    writeFileSync(join(folder, 'portico.config.mjs'), `${wait}\n${document}`);
  };
  const untilItMay = `import { existsSync, writeFileSync } from 'node:fs';
writeFileSync('${folder}/waits', '');
while (!existsSync('${folder}/may')) await new Promise(setImmediate);`;
  write('first', '');
  const portico = await startPortico(t, { args: ['run'], cwd: folder });
  write('slow', untilItMay);
  portico.process.signal('SIGHUP');
  while (!existsSync(join(folder, 'waits'))) await new Promise(setImmediate);
  write('last', '');
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput('configuration reloaded');
  writeFileSync(join(folder, 'may'), '');
  await portico.process.until('both reloads', () => portico.output.split('configuration reloaded').length === 3);
  assert.equal(await get(portico.origins.at(-1) ?? ''), 'last');
});

test('a second INT ends a program that drains and waits', TIME, async (t) => {
  const upstream = await startUpstream(t, (connection) => connection.hang());
  const portico = await startPortico(t, { config: documentFor(upstream.origin) });
  const waiting = get(portico.origin).catch(() => 'cut');
  await upstream.connection(1);
  portico.process.signal('SIGTERM');
  await portico.process.untilOutput('draining for at most 30s');
  portico.process.signal('SIGINT');
  assert.deepEqual(await portico.process.ended(), { status: 0, signal: null });
  assert.equal(await waiting, 'cut');
});

test('HUP loads a changed configuration, and keeps the old one if the new one is broken', TIME, async (t) => {
  const portico = await startPortico(t, { config: documentFor(await backend(t, 'one')) });
  portico.writeConfig(documentFor('nonsense'));
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput(/portico\.yaml:2:15: expected a URL[\s\S]*not reloaded: what was running goes on/);
  assert.equal(await get(portico.origin), 'one');

  portico.writeConfig(documentFor(await backend(t, 'two')));
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput('configuration reloaded');
  assert.equal(await get(portico.origin), 'two');
});

test('status and reload talk to the running program over a socket that only its owner opens', TIME, async (t) => {
  const withSocket = (to: string) => `${documentFor(to)}admin: ./run/admin.sock\n`;
  const portico = await startPortico(t, { config: withSocket(await backend(t, 'one')) });
  const ask = (...args: string[]) => runToEnd(t, args, portico.folder);
  assert.equal(statSync(join(portico.folder, 'run')).mode & 0o777, 0o700);
  assert.equal(statSync(join(portico.folder, 'run/admin.sock')).mode & 0o777, 0o600);

  const before = await ask('status');
  assert.match(before.stdout, /^process \d+, up .*\nconfiguration 1, reloaded 0 times\n/);
  assert.ok(before.stdout.includes(`${portico.origin}: `));

  portico.writeConfig(withSocket(await backend(t, 'two')));
  assert.deepEqual(await ask('reload'), { status: 0, stdout: 'reloaded\n', stderr: '' });
  assert.equal(await get(portico.origin), 'two');
  const { stdout } = await ask('status', '--json');
  assert.equal((JSON.parse(stdout) as { reloads: number }).reloads, 1);

  portico.writeConfig('sites: 5\n');
  const broken = await ask('reload', '--socket', './run/admin.sock');
  assert.equal(broken.status, 2);
  assert.match(broken.stderr, /^portico\.yaml:1:8: expected a map of host names, got 5/);
  assert.equal(await get(portico.origin), 'two');
});

test('status says that nothing runs', TIME, async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'portico.yaml'), documentFor('http://127.0.0.1:1'));
  const { status, stderr } = await runToEnd(t, ['status'], folder);
  assert.equal(status, 1);
  assert.match(stderr, /^portico: nothing runs with this configuration/);
});

test('run fails with status 1 where an address is taken, with 2 where the configuration is wrong', TIME, async (t) => {
  const { port } = new URL(await backend(t, 'x'));
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'taken.yaml'), documentFor('http://127.0.0.1:1').replace(':0', `:${port}`));
  writeFileSync(join(folder, 'wrong.yaml'), `${documentFor('http://127.0.0.1:1')}lsten: 5\n`);
  assert.deepEqual(await runToEnd(t, ['run', '-c', 'taken.yaml'], folder), {
    status: 1,
    stdout: '',
    stderr: `portico: cannot listen on 127.0.0.1:${port}: another program has this address\n`,
  });
  const wrong = await runToEnd(t, ['run', '-c', 'wrong.yaml'], folder);
  assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /unknown key "lsten"/);
});

test('proxy serves one backend below a path without a configuration', TIME, async (t) => {
  const to = await backend(t, 'hello');
  const portico = await startPortico(t, { args: ['proxy', '--from', '127.0.0.1:0', '--to', to, '--mount', '/app'] });
  assert.equal(await get(`${portico.origin}/app/x`), 'hello');
  assert.equal((await fetch(`${portico.origin}/other`)).status, 404);
  portico.process.signal('SIGHUP');
  await portico.process.untilOutput('nothing to reload');
});

const PROXY_MISTAKES: readonly [args: string[], stderr: RegExp][] = [
  [[], /^portico: --to is missing: portico proxy --to http:\/\/localhost:3000\n$/],
  [['--to', 'localhost:3000'], /^portico: --to: .*write http:\/\/localhost:3000\n$/],
  [['--to', 'http://x', '--from', '8080'], /^portico: --from: .*write ":8080"\n$/],
  [['--to', 'http://x', '--mount', 'app'], /^portico: --mount is a path, write \/app\/\n$/],
];

test('proxy explains its arguments by their flags', TIME, async (t) => {
  for (const [args, expected] of PROXY_MISTAKES) {
    const { status, stderr } = await runToEnd(t, ['proxy', ...args], tempFolder(t));
    assert.equal(status, 2);
    assert.match(stderr, expected);
  }
});

test('serve serves a folder without a configuration', TIME, async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'hello.txt'), 'a file');
  const portico = await startPortico(t, { args: ['serve', '.', '--from', '127.0.0.1:0'], cwd: folder });
  assert.equal(await get(`${portico.origin}/hello.txt`), 'a file');
  const missing = await runToEnd(t, ['serve', './nope', '--from', '127.0.0.1:0'], folder);
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /nope/);
});

test('demo runs three sites and says what to open', TIME, async (t) => {
  const portico = await startPortico(t, { args: ['demo', '--port', '0'] });
  await portico.process.untilOutput(`Open ${portico.origin}/ in a browser`);
  const ask = async (site: string, path: string) => {
    const response = await getAs(portico, site, path);
    return `${response.status} ${response.location ?? response.heading}`;
  };
  assert.equal(await ask('www.example.com', '/a/b/?c=d'), '200 http://www.example.com/a/b/?c=d');
  assert.equal(await ask('www.example.com', '/a/b?c=d'), '302 http://www.example.com/a/b/?c=d');
  assert.equal(await ask('www.example.org', '/static/'), '200 A folder of files');
  assert.equal(await ask('www.example.org', '/static/nope'), '404 ');
  assert.equal(await ask('www.example.org', '/else/'), '200 http://www.example.org/else/');
  assert.equal(await ask('localhost', '/'), '200 Portico runs');
  assert.equal(await ask('127.0.0.1', '/nope'), '404 Nothing here');
  assert.equal(await ask('localhost', '/app'), '308 /app/');
  assert.equal(await ask('localhost', '/app/x'), '302 http://localhost/app/x/');
  assert.equal(await ask('localhost', '/app/x/'), '200 http://localhost/app/x/');
  assert.equal(await ask('unknown.example', '/'), '404 ');
  assert.deepEqual(await portico.process.stop('SIGINT'), { status: 0, signal: null });
});

test('demo takes the next port if the first is taken', TIME, async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.once('error', () => resolve()).listen(8080, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const portico = await startPortico(t, { args: ['demo'] });
  assert.match(portico.output, /^port 8080 is taken, using \d+\n/);
  assert.notEqual(portico.port, 8080);
});

function documentFor(to: string): string {
  return `listen: 127.0.0.1:0\nsites: { "*": "${to}" }\n`;
}

/** Answers everything with `text`. */
async function backend(t: TestContext, text: string): Promise<string> {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse(text)),
  );
  return upstream.origin;
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return response.text();
}

/** A raw request, because `fetch` does not set Host. */
async function getAs({ port }: Portico, site: string, path: string) {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(received));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${site}\r\nConnection: close\r\n\r\n`);
  });
  return {
    status: /^HTTP\/1\.1 (\d+)/.exec(text)?.[1],
    location: /^location: (.*)\r$/im.exec(text)?.[1],
    heading: /<h1>(.*)<\/h1>/.exec(text)?.[1] ?? '',
  };
}

async function runToEnd(t: TestContext, args: readonly string[], cwd: string) {
  const { process } = launchPortico(t, { args, cwd, env: { XDG_RUNTIME_DIR: cwd, NO_COLOR: '1' } });
  const { status } = await process.ended();
  return { status, stdout: process.stdout, stderr: process.stderr };
}
