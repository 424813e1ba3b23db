// The whole feature on a real folder: what clients get for every kind of request and name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readlink, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { collectReply, createHandler, runHandler, testContext, testExchange } from '../../../test/kit/exchange.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Handler } from '../../exchange/handler.ts';
import { staticFiles } from './index.ts';

const TIMEOUT = { timeout: 120_000 };
const NAVIGATION = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const LONG_AGO = new Date('2024-02-03T04:05:06.789Z');
const LONG_AGO_TEXT = 'Sat, 03 Feb 2024 04:05:06 GMT';
const big = Buffer.alloc(700_000, 'abcdefghijklmnopqrstuvwxyz0123456789');
let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'portico-files-'));
  const files: Record<string, string | Buffer> = {
    'index.html': '<h1>home</h1>',
    'hello.txt': 'hello world',
    empty: '',
    'big.bin': big,
    'sub/index.html': 'sub',
    'sub/page.html': 'page',
    'bare/one.txt': '1',
    'bare/.dot': 'x',
    'app.js': 'console.log("a long enough script")',
    'app.js.br': brotliCompressSync('console.log("a long enough script")'),
    'app.js.gz': gzipSync('console.log("a long enough script")'),
    'stale.js': 'new',
    'stale.js.gz': gzipSync('old'),
    'only.js.gz': gzipSync('x'),
    'leak.js': 'plain',
    'ä b.txt': 'umlaut',
    '.git/config': 'secret',
    '.env': 'secret',
    '.well-known/x': 'ok',
    'assets/x.js': 'x',
    '../outside/secret.txt': 'secret',
    '../outside/index.html': 'secret',
  };
  for (const [name, content] of Object.entries(files)) await put(name, content);
  await utimes(path('stale.js.gz'), LONG_AGO, new Date(LONG_AGO.getTime() - 60_000));
  await symlink('../outside', path('out'));
  await symlink('../outside/secret.txt', path('out.txt'));
  await symlink('../outside/secret.txt', path('leak.js.gz'));
  await symlink('hello.txt', path('in.txt'));
  execFileSync('mkfifo', [path('fifo')]);
});
after(() => rm(dir, { recursive: true }));

function path(name: string): string {
  return join(dir, 'root', name);
}

async function put(name: string, content: string | Buffer, time = LONG_AGO): Promise<void> {
  await mkdir(dirname(path(name)), { recursive: true });
  await writeFile(path(name), content);
  await utimes(path(name), time, time);
}

async function open(options: object = {}, mount = '/') {
  const context = testContext({ baseDir: dir, mount });
  const handle = await createHandler(staticFiles, { root: 'root', ...options }, context);
  const get = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
    runHandler(handle, testExchange({ target, headers, method, mount }));
  return { handle, get, clock: context.clock };
}

async function rejection(promise: Promise<unknown>): Promise<ProxyError> {
  const error = await promise.then(
    () => assert.fail('expected a refusal'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ProxyError, String(error));
  return error;
}

for (const memory of ['32MiB', false]) {
  const how = memory === false ? 'from disk' : 'from memory';

  test(`GET: the file with type, length, validators, ${how}`, TIMEOUT, async () => {
    const { get } = await open({ memory });
    for (let round = 0; round < 2; round++) {
      const reply = await get('/hello.txt');
      assert.equal(reply.status, 200);
      assert.equal(reply.text, 'hello world');
      assert.deepEqual(
        [...reply.headers].map(([name, value]) => `${name}: ${name === 'ETag' ? '' : value}`),
        [
          'Content-Type: text/plain; charset=utf-8',
          'Content-Length: 11',
          `Last-Modified: ${LONG_AGO_TEXT}`,
          'Accept-Ranges: bytes',
          'ETag: ',
        ],
      );
      assert.match(reply.headers.get('etag') ?? '', /^"b-[0-9a-f]+"$/);
    }
    assert.equal((await get('/empty')).text, '');
    assert.equal((await get('/empty')).headers.get('content-length'), '0');
    assert.ok((await get('/big.bin')).bytes.equals(big));
    assert.equal((await get('/%C3%A4%20b.txt')).text, 'umlaut');
    assert.equal((await get('/in.txt')).text, 'hello world');
    assert.equal((await get('//hello%2Etxt?q=1')).text, 'hello world');
  });

  test(`HEAD: the same head, no body, ${how}`, TIMEOUT, async () => {
    const { get } = await open({ memory });
    for (const target of ['/hello.txt', '/big.bin', '/empty', '/']) {
      const [head, whole] = [await get(target, { Range: 'bytes=0-1' }, 'HEAD'), await get(target)];
      assert.equal(head.status, 200, target);
      assert.deepEqual([...head.headers], [...whole.headers], target);
      assert.equal(head.bytes.length, 0);
    }
  });

  test(`conditions: 304 and 412, ${how}`, TIMEOUT, async () => {
    const { get } = await open({ memory });
    for (const target of ['/hello.txt', '/big.bin']) {
      const etag = (await get(target)).headers.get('etag') ?? '';
      for (const headers of [
        { 'If-None-Match': etag },
        { 'If-None-Match': `W/${etag}` },
        { 'If-Modified-Since': LONG_AGO_TEXT },
      ]) {
        const reply = await get(target, headers);
        assert.equal(reply.status, 304);
        assert.deepEqual([...reply.headers], [['ETag', etag]]);
        assert.equal(reply.bytes.length, 0);
      }
      assert.equal((await get(target, { 'If-None-Match': '"other"' })).status, 200);
      assert.equal((await rejection(get(target, { 'If-Match': '"other"' }))).status, 412);
      assert.equal((await get(target, { 'If-Match': etag })).status, 200);
    }
  });

  test(`ranges: one, several, none, too far, ${how}`, TIMEOUT, async () => {
    const { get } = await open({ memory });
    const one = await get('/hello.txt', { Range: 'bytes=6-' });
    assert.deepEqual([one.status, one.text], [206, 'world']);
    assert.equal(one.headers.get('content-range'), 'bytes 6-10/11');
    assert.equal(one.headers.get('content-length'), '5');
    assert.equal(one.headers.get('content-type'), 'text/plain; charset=utf-8');

    const far = await rejection(get('/hello.txt', { Range: 'bytes=11-' }));
    assert.equal(far.code, 'range_not_satisfiable');
    assert.deepEqual(far.headers, [['Content-Range', 'bytes */11']]);

    const middle = await get('/big.bin', { Range: 'bytes=300000-699999' });
    assert.ok(middle.bytes.equals(big.subarray(300_000)));

    const several = await get('/big.bin', { Range: 'bytes=600000-600009,0-4,-3' });
    assert.equal(several.status, 206);
    assert.ok(!several.headers.has('content-range'));
    const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{36})$/.exec(
      several.headers.get('content-type') ?? '',
    )?.[1];
    const part = (range: string, text: string) =>
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/700000\r\n\r\n${text}\r\n`;
    const slice = (first: number, end: number) => big.subarray(first, end).toString();
    assert.equal(
      several.text,
      part('600000-600009', slice(600_000, 600_010)) +
        part('0-4', slice(0, 5)) +
        part('699997-699999', slice(699_997, 700_000)) +
        `--${boundary}--\r\n`,
    );
    assert.equal(several.headers.get('content-length'), String(several.bytes.length));

    const etag = one.headers.get('etag') ?? '';
    assert.equal((await get('/hello.txt', { Range: 'bytes=0-1', 'If-Range': etag })).status, 206);
    assert.equal((await get('/hello.txt', { Range: 'bytes=0-1', 'If-Range': LONG_AGO_TEXT })).status, 206);
    assert.equal((await get('/hello.txt', { Range: 'bytes=0-1', 'If-Range': '"old"' })).status, 200);
    assert.equal((await get('/hello.txt', { Range: 'bytes=0-1', 'If-None-Match': etag })).status, 304);
    assert.equal((await get('/hello.txt', { Range: `bytes=${'0-0,'.repeat(100)}` })).status, 200);
  });

  test(`refused: 404 for what must not be seen, ${how}`, TIMEOUT, async () => {
    const { get } = await open({ memory, list: true });
    const targets = [
      '/missing',
      '/hello.txt/',
      '/hello.txt/x',
      '/.git/config',
      '/.env',
      '/%2eenv',
      '/sub%2fpage.html',
      '/sub%5cpage.html',
      '/%c0%ae%c0%ae/outside/secret.txt',
      '/%252e%252e/outside/secret.txt',
      '/out/secret.txt',
      '/out',
      '/out/',
      '/out.txt',
      '/fifo',
      '/only.js',
    ];
    for (const target of targets) {
      for (const method of ['GET', 'HEAD']) {
        const error = await rejection(get(target, {}, method));
        assert.equal(error.code, 'not_found', target);
      }
    }
    assert.equal((await get('/.well-known/x')).text, 'ok');
  });

  test(`precompressed: by Accept-Encoding, with Vary and its own tag, ${how}`, TIMEOUT, async () => {
    const { get } = await open({ memory });
    const plain = await get('/app.js');
    const br = await get('/app.js', { 'Accept-Encoding': 'gzip, br' });
    const gzip = await get('/app.js', { 'Accept-Encoding': 'gzip' });
    assert.deepEqual(
      [plain, br, gzip].map(({ headers }) => headers.get('content-encoding')),
      [undefined, 'br', 'gzip'],
    );
    assert.ok(br.bytes.equals(brotliCompressSync('console.log("a long enough script")')));
    const tags = [plain, br, gzip].map(({ headers }) => headers.get('etag'));
    assert.equal(new Set(tags).size, 3);
    for (const { headers } of [plain, br, gzip]) {
      assert.equal(headers.get('vary'), 'Accept-Encoding');
      assert.equal(headers.get('content-type'), 'text/javascript; charset=utf-8');
    }
    const again = await get('/app.js', { 'Accept-Encoding': 'br', 'If-None-Match': tags[1] ?? '' });
    assert.deepEqual([again.status, again.headers.get('vary')], [304, 'Accept-Encoding']);
    assert.equal((await get('/app.js', { 'If-None-Match': tags[1] ?? '' })).status, 200);
    const part = await get('/app.js', { 'Accept-Encoding': 'br', Range: 'bytes=0-2' });
    assert.ok(part.bytes.equals(br.bytes.subarray(0, 3)));
    assert.equal(part.headers.get('content-encoding'), 'br');

    assert.ok(!(await get('/stale.js', { 'Accept-Encoding': 'gzip' })).headers.has('content-encoding'));
    assert.equal((await get('/leak.js', { 'Accept-Encoding': 'gzip' })).text, 'plain');
    assert.ok(!(await get('/app.js.gz', { 'Accept-Encoding': 'gzip' })).headers.has('content-encoding'));
  });
}

test('precompressed: can be off, or some codings only', TIMEOUT, async () => {
  const off = await (await open({ precompressed: false })).get('/app.js', { 'Accept-Encoding': 'br' });
  assert.deepEqual([off.headers.has('vary'), off.headers.has('content-encoding')], [false, false]);
  const gzipOnly = await (await open({ precompressed: ['gzip'] })).get('/app.js', { 'Accept-Encoding': 'br, gzip' });
  assert.equal(gzipOnly.headers.get('content-encoding'), 'gzip');
});

test('folders: index files, and a redirect to the slash that keeps path and query', TIMEOUT, async () => {
  const { get } = await open();
  assert.equal((await get('/')).text, '<h1>home</h1>');
  assert.equal((await get('/sub/')).text, 'sub');
  const cases: [string, string][] = [
    ['/sub', './sub/'],
    ['/sub?a=b&c', './sub/?a=b&c'],
    ['/sub?', './sub/?'],
    ['//sub', './sub/'],
    ['/s%75b', './s%75b/'],
    ['/.well-known', './.well-known/'],
  ];
  for (const [target, location] of cases) {
    const reply = await get(target);
    assert.deepEqual([reply.status, reply.headers.get('location'), reply.text], [308, location, ''], target);
  }
  // What a browser makes of it stays on the host, also for a path that looks like a host.
  await mkdir(path('evil.example'), { recursive: true });
  const location = (await get('//evil.example')).headers.get('location') ?? '';
  assert.equal(new URL(location, 'http://www.example.org//evil.example').href, 'http://www.example.org//evil.example/');
  assert.equal((await rejection(get('/bare/'))).code, 'not_found');
  assert.equal((await (await open({ index: ['none', 'one.txt'] })).get('/bare/')).text, '1');
  assert.equal((await rejection((await open({ index: false })).get('/'))).code, 'not_found');
});

test('mounts: a subtree is taken off the path; the redirect is relative to the public one', TIMEOUT, async () => {
  const { get } = await open({}, '/a/static/');
  assert.equal((await get('/a/static/hello.txt')).text, 'hello world');
  assert.equal((await get('/a//%73tatic/sub/')).text, 'sub');
  assert.equal((await get('/a/static/sub')).headers.get('location'), './sub/');
  assert.equal((await get('/a/static')).headers.get('location'), './static/');
});

test('mounts: an exact path serves exactly one file, also through a link', TIMEOUT, async () => {
  const one = await open({ root: 'root/hello.txt' }, '/greeting');
  assert.equal((await one.get('/greeting')).text, 'hello world');
  assert.equal((await one.get('/greeting', { Range: 'bytes=0-4' })).text, 'hello');
  const linked = await open({ root: 'root/out.txt' }, '/greeting');
  assert.equal((await linked.get('/greeting')).text, 'secret');
});

test("mounts: a root that does not fit is the operator's mistake", TIMEOUT, async () => {
  await assert.rejects(open({ root: 'nowhere' }), /files: cannot serve .*nowhere: ENOENT/);
  await assert.rejects(open({ root: 'root/hello.txt' }), /is not a folder; to serve one file/);
  await assert.rejects(open({}, '/exact'), /\/exact is exactly one path and needs a file.*write \/exact\//);
});

test('methods: OPTIONS answers, others are refused with Allow', TIMEOUT, async () => {
  const { get } = await open();
  const options = await get('/hello.txt', {}, 'OPTIONS');
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, OPTIONS']);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'get']) {
    const error = await rejection(get('/hello.txt', {}, method));
    assert.deepEqual([error.code, error.headers], ['method_not_allowed', [['Allow', 'GET, HEAD, OPTIONS']]], method);
  }
});

test('fallback: for documents only, never for assets', TIMEOUT, async () => {
  const { get } = await open({ fallback: 'index.html' });
  for (const target of ['/users/7', '/users/', '/docs.md/', '/v1.2', '/bare/', '/out/x', '/missing?x=a.js']) {
    const reply = await get(target, { Accept: NAVIGATION });
    assert.deepEqual([reply.status, reply.text], [200, '<h1>home</h1>'], target);
    assert.equal(reply.headers.get('vary'), 'Accept');
    assert.equal(reply.headers.get('cache-control'), 'no-cache');
  }
  assert.equal((await get('/users/7', { Accept: NAVIGATION }, 'HEAD')).bytes.length, 0);
  const etag = (await get('/')).headers.get('etag') ?? '';
  assert.equal((await get('/users/7', { Accept: NAVIGATION, 'If-None-Match': etag })).status, 304);
  const refused: [string, Record<string, string>][] = [
    ['/missing.js', { Accept: NAVIGATION }],
    ['/user/jane.doe', { Accept: NAVIGATION }],
    ['/users/7', { Accept: '*/*' }],
    ['/users/7', { Accept: 'application/json' }],
    ['/users/7', {}],
    ['/.env', { Accept: NAVIGATION }],
  ];
  for (const [target, headers] of refused)
    assert.equal((await rejection(get(target, headers))).code, 'not_found', `${target} ${JSON.stringify(headers)}`);
  assert.equal((await get('/sub/', { Accept: NAVIGATION })).text, 'sub');

  const lax = await open({ fallback: { file: 'index.html', extensions: true }, cache: '1h' });
  const reply = await lax.get('/user/jane.doe', { Accept: NAVIGATION });
  assert.deepEqual([reply.status, reply.headers.getAll('cache-control')], [200, ['max-age=3600']]);
  const compressed = await open({ fallback: 'app.js' });
  const smaller = await compressed.get('/x', { Accept: NAVIGATION, 'Accept-Encoding': 'br' });
  assert.deepEqual(
    [smaller.headers.get('content-encoding'), smaller.headers.get('vary')],
    ['br', 'Accept, Accept-Encoding'],
  );
  const broken = await open({ fallback: 'nowhere.html' });
  assert.equal((await rejection(broken.get('/x', { Accept: NAVIGATION }))).code, 'not_found');
});

test('options: hidden, types and cache', TIMEOUT, async () => {
  const { get } = await open({
    hidden: true,
    types: { txt: 'text/x-mine' },
    cache: { '*': '1m', 'assets/': 'immutable' },
  });
  assert.equal((await get('/.env')).text, 'secret');
  assert.equal((await get('/hello.txt')).headers.get('content-type'), 'text/x-mine');
  assert.equal((await get('/hello.txt')).headers.get('cache-control'), 'max-age=60');
  const asset = await get('/assets/x.js');
  assert.equal(asset.headers.get('cache-control'), 'max-age=31536000, immutable');
  const again = await get('/assets/x.js', { 'If-None-Match': asset.headers.get('etag') ?? '' });
  assert.equal(again.headers.get('cache-control'), 'max-age=31536000, immutable');
});

test('listing: as a page or as JSON, without hidden names and links that lead out', TIMEOUT, async () => {
  const { get } = await open({ list: true });
  const page = await get('/bare/', { Accept: NAVIGATION });
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(page.headers.get('vary'), 'Accept');
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.ok(page.text.includes('href="./one.txt"') && page.text.includes('href="../"') && !page.text.includes('.dot'));
  const json = await get('/bare/', { Accept: 'application/json' });
  assert.deepEqual(
    JSON.parse(json.text).entries.map(({ name }: { name: string }) => name),
    ['one.txt'],
  );
  const head = await get('/bare/', {}, 'HEAD');
  assert.deepEqual([head.bytes.length, Number(head.headers.get('content-length')) > 100], [0, true]);
  const all = await (await open({ list: true, index: false })).get('/', { Accept: 'application/json' });
  const names = JSON.parse(all.text).entries.map(({ name }: { name: string }) => name);
  assert.ok(names.includes('in.txt') && names.includes('hello.txt'));
  for (const name of ['out', 'out.txt', 'fifo', '.git', '.env']) assert.ok(!names.includes(name), name);
  const hidden = await (await open({ list: true, hidden: true })).get('/bare/', { Accept: 'application/json' });
  assert.ok(hidden.text.includes('.dot'));
});

test(
  'memory: a hot file is answered at once, and a change is seen when the look is no longer fresh',
  TIMEOUT,
  async () => {
    await put('hot.txt', 'one');
    const { handle, get, clock } = await open();
    await get('/hot.txt');
    assert.ok(!(answerNow(handle, '/hot.txt') instanceof Promise), 'answered without a promise');
    await put('hot.txt', 'two', new Date(LONG_AGO.getTime() + 1000));
    assert.equal((await get('/hot.txt')).text, 'one');
    clock.advance(1000);
    assert.ok(answerNow(handle, '/hot.txt') instanceof Promise);
    assert.equal((await get('/hot.txt')).text, 'two');
    clock.advance(1000);
    const [a, b] = await Promise.all([get('/hot.txt'), get('/hot.txt')]);
    assert.deepEqual([a.text, b.text], ['two', 'two']);
    await unlink(path('hot.txt'));
    clock.advance(1000);
    assert.equal((await rejection(get('/hot.txt'))).code, 'not_found');
  },
);

test('memory: a missing file is looked for anew each time', TIMEOUT, async () => {
  const { get } = await open();
  await rejection(get('/late.txt'));
  await put('late.txt', 'there');
  assert.equal((await get('/late.txt')).text, 'there');
});

test('memory: a file changed just now has a weak tag and is not kept', TIMEOUT, async () => {
  const { get, clock } = await open();
  const now = new Date(Math.floor(clock.epochMs()));
  await put('fresh.txt', 'aaa', now);
  const first = await get('/fresh.txt');
  assert.match(first.headers.get('etag') ?? '', /^W\//);
  // The same size at the same time: only a second reading can tell.
  await put('fresh.txt', 'bbb', now);
  assert.equal((await get('/fresh.txt')).text, 'bbb');
  clock.advance(5000);
  assert.match((await get('/fresh.txt')).headers.get('etag') ?? '', /^"/);
  const direct = await open({ memory: false });
  await put('fresh.txt', 'ccc', new Date(Math.floor(direct.clock.epochMs())));
  assert.match((await direct.get('/fresh.txt')).headers.get('etag') ?? '', /^W\//);
});

test('memory: a sibling that appears is found', TIMEOUT, async () => {
  await put('grow.js', 'plain');
  const { get, clock } = await open();
  assert.ok(!(await get('/grow.js', { 'Accept-Encoding': 'gzip' })).headers.has('vary'));
  await put('grow.js.gz', gzipSync('plain'));
  clock.advance(1000);
  assert.equal((await get('/grow.js', { 'Accept-Encoding': 'gzip' })).headers.get('content-encoding'), 'gzip');
  assert.equal((await get('/grow.js')).headers.get('vary'), 'Accept-Encoding');
});

test('a time in the future is not sent as Last-Modified', TIMEOUT, async () => {
  const { get, clock } = await open();
  await put('future.txt', 'x', new Date(clock.epochMs() + 86_400_000));
  const reply = await get('/future.txt');
  assert.ok(!reply.headers.has('last-modified'));
  assert.match(reply.headers.get('etag') ?? '', /^"/);
});

test('descriptors: none is left open', { ...TIMEOUT, skip: process.platform !== 'linux' }, async () => {
  const { handle, get } = await open({ memory: false, list: true });
  const etag = (await get('/big.bin')).headers.get('etag') ?? '';
  const gone = new ProxyError('client_gone');
  const start = (target: string) => handle(testExchange({ target }), () => assert.fail('next'));
  const answers: [string, () => Promise<unknown>][] = [
    ['whole', () => get('/big.bin')],
    ['not modified', () => get('/big.bin', { 'If-None-Match': etag })],
    ['head', () => get('/big.bin', {}, 'HEAD')],
    ['empty', () => get('/empty')],
    ['listing', () => get('/bare/')],
    ['redirect', () => get('/sub')],
    ['unsatisfiable', () => rejection(get('/big.bin', { Range: 'bytes=9999999-' }))],
    ['failed', () => rejection(get('/big.bin', { 'If-Match': '"x"' }))],
    ['link out', () => rejection(get('/out/secret.txt'))],
    ['folder outside', () => rejection(get('/out'))],
    ['special', () => rejection(get('/fifo'))],
    ['cancelled', async () => (await start('/big.bin')).body.cancel(gone)],
    ['too large', () => collectReply(start('/big.bin'), 10).catch(() => {})],
    [
      'given up',
      async () => {
        const exchange = testExchange({ target: '/big.bin' });
        const reply = Promise.resolve(handle(exchange, () => assert.fail('next')));
        exchange.abort(gone);
        assert.equal((await rejection(reply)).code, 'client_gone');
      },
    ],
  ];
  const loading = await open();
  answers.push(['into memory', () => loading.get('/hello.txt')]);
  for (const [name, answer] of answers) {
    for (let round = 0; round < 3; round++) await answer();
    assert.equal(await settledDescriptors(), 0, name);
  }
});

function answerNow(handle: Handler, target: string) {
  return handle(testExchange({ target }), () => assert.fail('next'));
}

/** How many descriptors of files of this test stay open, after those that are being closed had their turn. */
async function settledDescriptors(): Promise<number> {
  let count = 0;
  for (let turn = 0; turn < 1000; turn++) {
    const numbers = await readdir('/proc/self/fd');
    const targets = await Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => '')));
    count = targets.filter((target) => target.startsWith(dir)).length;
    if (count === 0) break;
  }
  return count;
}

test('what is excluded is not sent, not listed, no index file and no fallback', TIMEOUT, async () => {
  const { get } = await open({ exclude: ['*.TXT', '*.html'], list: true, fallback: 'index.html' });
  for (const target of ['/hello.txt', '/hello%2Etxt', '/index.html', '/sub/page.html', '/missing'])
    assert.equal((await rejection(get(target, { Accept: NAVIGATION }))).code, 'not_found', target);
  const listing = await get('/', { Accept: NAVIGATION });
  assert.doesNotMatch(listing.text, /hello\.txt|index\.html/);
  assert.match(listing.text, /app\.js/);
});
