// Files, redirects, fixed answers and error pages over real sockets: what the engine makes of the features' replies.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPortico } from '../kit/portico.ts';
import { askOnce, connectClient, getRequest } from '../kit/raw-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000 };
const big = Buffer.alloc(40_000_000, 'the quick brown fox jumps over the lazy dog. ');

async function startSite(owner: Parameters<typeof startPortico>[0]) {
  const folder = tempFolder(owner);
  const files: Record<string, string | Buffer> = {
    'site/index.html': '<h1>home</h1>',
    'site/hello.txt': 'hello world',
    'site/big.bin': big,
    'site/sub/index.html': 'sub',
    'lost.html': '<h1>lost</h1>',
  };
  mkdirSync(join(folder, 'site', 'sub'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  }
  const portico = await startPortico(owner, {
    config: {
      listen: '127.0.0.1:0',
      sites: {
        '*': {
          defaults: {
            errors: { 404: join(folder, 'lost.html') },
            headers: { response: { set: { 'X-Frame-Options': 'DENY' } } },
          },
          '/': join(folder, 'site'),
          '/old': { redirect: '/new', status: 308 },
          '/gone': { respond: 410 },
        },
      },
    },
  });
  const pid = portico.process.pid;
  return { folder, port: portico.port, pid };
}

test('files: keep-alive through whole answers, 304, 206, HEAD and errors', OPTIONS, async (context) => {
  const { port } = await startSite(context);
  const client = await connectClient(context, { port });
  const first = await client.ask(getRequest('/hello.txt'));
  assert.deepEqual([first.status, first.body.toString()], [200, 'hello world']);
  const etag = first.headers.get('etag') ?? '';
  const steps: [request: string, status: number, body: string][] = [
    [getRequest('/hello.txt', 'a', [`If-None-Match: ${etag}`]), 304, ''],
    [getRequest('/hello.txt', 'a', ['Range: bytes=6-']), 206, 'world'],
    [getRequest('/hello.txt').replace('GET', 'HEAD'), 200, ''],
    [getRequest('/hello.txt', 'a', ['If-Match: "x"']), 412, '412 Precondition Failed\n'],
    [getRequest('/hello.txt', 'a', ['Range: bytes=11-']), 416, '416 Range Not Satisfiable\n'],
    [getRequest('/missing', 'a', ['Accept: text/html']), 404, '<h1>lost</h1>'],
    [getRequest('/missing', 'a', ['Accept: application/json']), 404, '{"type":"about:blank"'],
    [getRequest('/missing').replace('GET', 'HEAD'), 404, ''],
    [getRequest('/sub'), 308, ''],
    [getRequest('/sub/'), 200, 'sub'],
    [getRequest('/hello.txt').replace('GET', 'DELETE'), 405, '405 Method Not Allowed\n'],
    [getRequest('/hello.txt').replace('GET', 'OPTIONS'), 204, ''],
    [getRequest('/old?x'), 308, '308 Permanent Redirect\n/new?x\n'],
    [getRequest('/gone'), 410, '410 Gone\n'],
    [getRequest('/%2e%2e%2fetc/passwd'), 404, ''],
    [getRequest('/hello.txt'), 200, 'hello world'],
  ];
  for (const [request, status, body] of steps) {
    const answer = await client.ask(request);
    const line = request.split('\r\n')[0];
    assert.equal(answer.status, status, line);
    assert.ok(answer.body.toString().startsWith(body), `${line}: ${answer.body}`);
    assert.equal(answer.headers.get('x-frame-options'), 'DENY', line);
  }
});

test('files: a large file arrives whole, and in parts', OPTIONS, async (context) => {
  const { port } = await startSite(context);
  const whole = await askOnce({ port }, getRequest('/big.bin'));
  assert.ok(whole.body.equals(big));
  const parts = await askOnce({ port }, getRequest('/big.bin', 'a', ['Range: bytes=0-9,39000000-']));
  assert.equal(parts.status, 206);
  assert.ok(parts.body.includes(big.subarray(39_000_000)));
});

test('files: a client that leaves in the middle leaves no descriptor open', OPTIONS, async (context) => {
  const { port, pid, folder } = await startSite(context);
  for (let round = 0; round < 5; round++) {
    const client = await connectClient(context, { port });
    client.socket.pause();
    await client.send(getRequest('/big.bin'));
    client.socket.resume();
    await client.head();
    client.destroy();
  }
  // Each answer makes a turn in which the server can notice that the others are gone.
  const openFiles = () =>
    readdirSync(`/proc/${pid}/fd`).filter((number) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${number}`).startsWith(folder);
      } catch {
        return false;
      }
    });
  const other = await connectClient(context, { port });
  while (!context.signal.aborted && openFiles().length > 0) await other.ask(getRequest('/hello.txt'));
  assert.deepEqual(openFiles(), []);
});

test('files: a file that shrinks while it is sent cuts the connection', OPTIONS, async (context) => {
  const { port, folder } = await startSite(context);
  const client = await connectClient(context, { port });
  client.socket.pause();
  await client.send(getRequest('/big.bin'));
  client.socket.resume();
  await client.head();
  client.socket.pause();
  truncateSync(join(folder, 'site', 'big.bin'), 1_000_000);
  client.socket.resume();
  const rest = await client.rest();
  assert.ok(rest.length < big.length, `${rest.length} bytes`);
});
