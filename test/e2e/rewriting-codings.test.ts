// Content codings below a path: undone, rewritten and made again, with heads that stay true; and what is no coding at all.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import * as zlib from 'node:zlib';
import { Gate } from '../kit/gate.ts';
import { CutError, type ReadRequest, type ReadResponse } from '../kit/message-reader.ts';
import type { Portico } from '../kit/portico.ts';
import { askOnce, connectClient } from '../kit/raw-client.ts';
import { answering, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';
import { peakResidentBytes, startBelowApp } from './_proxy.ts';

const LIMIT = { timeout: 300_000 };

const undo: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => zlib.gunzipSync(bytes),
  br: (bytes) => zlib.brotliDecompressSync(bytes),
};

const FAST = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

/** How a backend names a coding, and how it makes it. */
const CODINGS: readonly (readonly [name: string, code: (bytes: Buffer) => Buffer])[] = [
  ['identity', (bytes) => bytes],
  ['gzip', (bytes) => zlib.gzipSync(bytes)],
  ['x-gzip', (bytes) => zlib.gzipSync(bytes)],
  ['deflate', (bytes) => zlib.deflateSync(bytes)],
  ['deflate', (bytes) => zlib.deflateRawSync(bytes)],
  ['br', (bytes) => zlib.brotliCompressSync(bytes, FAST)],
  ['gzip, br', (bytes) => zlib.brotliCompressSync(zlib.gzipSync(bytes), FAST)],
];

const ASKED = ['', 'gzip', 'br', 'gzip, deflate, br, zstd'];

function page(origin: string, count: number): string {
  const rows = Array.from({ length: count }, (_, row) => `<a href="/x">${row}</a> <img src="${origin}/${row}.png">`);
  return `<!doctype html><title>t</title>${rows.join('')}`;
}

function request(path: string, lines: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: example.com', ...lines, '', ''].join('\r\n');
}

function accepting(codings: string): string[] {
  return codings === '' ? [] : [`Accept-Encoding: ${codings}`];
}

/** A backend that sends its page in a coding, whole or in chunks of 100 octets, and knows conditions and ranges. */
async function startCodedBackend(t: TestContext, code: (bytes: Buffer) => Buffer, name: string, count: number) {
  let body: Buffer | undefined;
  const upstream: ScriptedUpstream = await startUpstream(
    t,
    answering((asked) => {
      body ??= code(Buffer.from(page(upstream.origin, count)));
      return answerCoded(asked, body, name);
    }),
  );
  return upstream;
}

function answerCoded(asked: ReadRequest, body: Buffer, name: string): Buffer {
  const lines = ['Content-Type: text/html', 'ETag: "v1"', 'Accept-Ranges: bytes'];
  if (name !== 'identity') lines.push(`Content-Encoding: ${name}`);
  if (asked.headers.get('if-none-match') === '"v1"') return head('304 Not Modified', ['ETag: "v1"']);
  if (asked.headers.has('range')) {
    const part = [...lines, `Content-Range: bytes 0-9/${body.length}`, 'Content-Length: 10'];
    return Buffer.concat([head('206 Partial Content', part), body.subarray(0, 10)]);
  }
  if (asked.target !== '/chunked' || asked.method === 'HEAD') {
    const whole = head('200 OK', [...lines, `Content-Length: ${body.length}`]);
    return asked.method === 'HEAD' ? whole : Buffer.concat([whole, body]);
  }
  const pieces = [head('200 OK', [...lines, 'Transfer-Encoding: chunked'])];
  for (let at = 0; at < body.length; at += 100) {
    const piece = body.subarray(at, at + 100);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

function head(status: string, lines: readonly string[]): Buffer {
  return Buffer.from([`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n'));
}

function ask(portico: Portico, path: string, lines: readonly string[] = [], method = 'GET'): Promise<ReadResponse> {
  return askOnce({ port: portico.port }, request(path, lines, method));
}

describe('every coding, whole and in chunks, for every client', () => {
  for (const [index, [name, code]] of CODINGS.entries()) {
    for (const count of [3, 300, 10_000]) {
      test(`${name} (${index}), ${count} links`, LIMIT, async (t) => {
        const upstream = await startCodedBackend(t, code, name, count);
        const portico = await startBelowApp(t, upstream.origin);
        const wanted = page('http://example.com/app', count).replaceAll('href="/x"', 'href="/app/x"');
        for (const asked of ASKED) {
          for (const path of ['/app/whole', '/app/chunked']) {
            const response = await ask(portico, path, accepting(asked));
            const coding = response.headers.get('content-encoding') ?? 'identity';
            assert.equal(response.status, 200);
            if (asked === '') assert.equal(coding, 'identity');
            else if (count > 3 || path === '/app/chunked') assert.equal(coding, asked.includes('br') ? 'br' : 'gzip');
            assert.equal(undo[coding]?.(response.body).toString(), wanted, `${path} ${asked}`);
            const suffix = coding === 'identity' ? '' : `\\.${coding}`;
            assert.match(response.headers.get('etag') ?? '', new RegExp(`^"v1;rw=[0-9a-f]{8}${suffix}"$`));
            assert.match(response.headers.get('vary') ?? '', /accept-encoding/i);
            assert.equal(response.headers.has('accept-ranges'), false);
          }
        }
      });
    }
  }
});

describe('every coding, whole and in chunks: conditions, HEAD and ranges speak of the body that the client has', () => {
  for (const [index, [name, code]] of CODINGS.entries()) {
    test(`${name} (${index})`, LIMIT, async (t) => {
      const upstream = await startCodedBackend(t, code, name, 300);
      const portico = await startBelowApp(t, upstream.origin, { rewrite: { shim: 'off' } });
      for (const asked of ['', 'gzip', 'br'])
        for (const path of ['/app/whole', '/app/chunked']) await checkConditions(upstream, portico, path, asked);
    });
  }
});

async function checkConditions(upstream: ScriptedUpstream, portico: Portico, path: string, asked: string) {
  const lines = accepting(asked);
  const first = await ask(portico, path, lines);
  const etag = first.headers.get('etag') ?? '';

  const unchanged = await ask(portico, path, [...lines, `If-None-Match: ${etag}`]);
  assert.equal(unchanged.status, 304);
  assert.equal(unchanged.headers.get('etag'), etag);
  assert.equal(upstream.requests.at(-1)?.headers.get('if-none-match'), '"v1"');

  const otherConfiguration = await ask(portico, path, [...lines, 'If-None-Match: "v1;rw=00000000.gzip"']);
  assert.equal(otherConfiguration.status, 200);
  assert.deepEqual(decoded(otherConfiguration), decoded(first));

  const ofHead = await ask(portico, path, lines, 'HEAD');
  assert.equal(ofHead.headers.has('content-length'), false);
  assert.equal(ofHead.headers.get('content-encoding'), first.headers.get('content-encoding'));
  assert.equal(ofHead.headers.get('etag'), etag);

  const part = await ask(portico, path, [...lines, 'Range: bytes=0-9']);
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('etag'), '"v1"');
  assert.equal(part.body.length, 10);
  const stale = await ask(portico, path, [...lines, 'Range: bytes=0-9', 'If-Range: "v1;rw=00000000"']);
  assert.equal(stale.status, 200);
  const document = await ask(portico, path, [...lines, 'Range: bytes=0-9', 'Sec-Fetch-Dest: document']);
  assert.equal(document.status, 200);
  assert.deepEqual(decoded(document), decoded(first));
}

/** Where an encoder is flushed depends on when bytes came: what it made says the same. */
function decoded({ headers, body }: ReadResponse): Buffer {
  const coding = headers.get('content-encoding');
  if (coding === 'br') return zlib.brotliDecompressSync(body);
  return coding === 'gzip' ? zlib.gunzipSync(body) : body;
}

test('a backend on this machine is asked for plain bytes', LIMIT, async (t) => {
  const upstream = await startCodedBackend(t, (bytes) => bytes, 'identity', 3);
  const portico = await startBelowApp(t, upstream.origin);
  await ask(portico, '/app/', ['Accept-Encoding: gzip, br']);
  assert.equal(upstream.requests.at(-1)?.headers.get('accept-encoding'), 'identity');
  await ask(portico, '/app/', ['Accept-Encoding: gzip, br', 'Sec-Fetch-Dest: image']);
  assert.equal(upstream.requests.at(-1)?.headers.get('accept-encoding'), 'gzip, br');
  await ask(portico, '/app/');
  assert.equal(upstream.requests.at(-1)?.headers.has('accept-encoding'), false);
});

/** 256 MiB of zeros, in gzip and in br. */
const ZEROS = Buffer.alloc(256 * 1024 * 1024);
const GZIP_BOMB = zlib.gzipSync(ZEROS);
const BOMBS = [
  ['gzip', GZIP_BOMB],
  ['br', zlib.brotliCompressSync(ZEROS, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } })],
  ['gzip, gzip', zlib.gzipSync(GZIP_BOMB)],
] as const;

for (const [name, bytes] of BOMBS) {
  for (const isChunked of [false, true]) {
    test(`a bomb in ${name}${isChunked ? ', in chunks' : ''}: 502 with flat memory`, LIMIT, async (t) => {
      const upstream = await startUpstream(
        t,
        answering(() => {
          const lines = ['Content-Type: text/html', `Content-Encoding: ${name}`, 'Connection: close'];
          if (!isChunked) return Buffer.concat([head('200 OK', [...lines, `Content-Length: ${bytes.length}`]), bytes]);
          const size = Buffer.from(`${bytes.length.toString(16)}\r\n`);
          const chunked = head('200 OK', [...lines, 'Transfer-Encoding: chunked']);
          return Buffer.concat([chunked, size, bytes, Buffer.from('\r\n0\r\n\r\n')]);
        }),
      );
      const portico = await startBelowApp(t, upstream.origin);
      await ask(portico, '/app/');
      const before = peakResidentBytes(portico.process.pid);
      for (let turn = 0; turn < 5; turn++) {
        const response = await ask(portico, '/app/');
        assert.equal(response.status, 502);
        assert.match(response.body.toString(), /response_too_large/);
      }
      const grown = peakResidentBytes(portico.process.pid) - before;
      t.diagnostic(`${Math.round(grown / 1024 / 1024)} MiB`);
      assert.ok(grown < 128 * 1024 * 1024, `grew by ${grown} bytes`);
    });
  }
}

test('a bomb behind an innocent beginning: the answer is cut', LIMIT, async (t) => {
  const innocent = Array.from({ length: 4000 }, (_, index) => `<p>${Math.sin(index)}</p>`).join('');
  const bytes = zlib.gzipSync(Buffer.concat([Buffer.from(innocent), Buffer.alloc(256 * 1024 * 1024)]));
  const upstream = await startUpstream(t, (connection) => sendSlowly(connection, 'gzip', bytes));
  const portico = await startBelowApp(t, upstream.origin);
  await assert.rejects(ask(portico, '/app/'), isCut);
});

const LIES: readonly (readonly [what: string, coding: string, body: Buffer])[] = [
  ['plain text that says gzip', 'gzip', Buffer.from('<a href="/x">')],
  ['plain text that says br', 'br', Buffer.from('<a href="/x">'.repeat(40))],
  ['gzip that says br', 'br', zlib.gzipSync('<a href="/x">')],
  ['gzip that is cut', 'gzip', zlib.gzipSync('<a href="/x">'.repeat(40)).subarray(0, 20)],
];

for (const [what, coding, body] of LIES) {
  test(`${what}: 502 with a code`, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() =>
        Buffer.concat([
          head('200 OK', ['Content-Type: text/html', `Content-Encoding: ${coding}`, `Content-Length: ${body.length}`]),
          body,
        ]),
      ),
    );
    const portico = await startBelowApp(t, upstream.origin);
    const response = await ask(portico, '/app/');
    assert.equal(response.status, 502);
    assert.match(response.headers.get('proxy-status') ?? '', /error=http_response_content_coding/);
  });
}

test('a coding that nobody knows arrives as it is, with the headers mapped', LIMIT, async (t) => {
  const lines = [
    'Content-Type: text/html',
    'Content-Encoding: x-own',
    'Location: /y',
    'Content-Length: 13',
    'ETag: "v1"',
  ];
  const upstream = await startUpstream(
    t,
    answering(() => Buffer.concat([head('200 OK', lines), Buffer.from('<a href="/x">')])),
  );
  const portico = await startBelowApp(t, upstream.origin);
  const response = await ask(portico, '/app/', ['Accept-Encoding: gzip, x-own']);
  assert.equal(response.body.toString(), '<a href="/x">');
  assert.equal(response.headers.get('content-encoding'), 'x-own');
  assert.equal(response.headers.get('location'), '/app/y');
  assert.equal(response.headers.get('etag'), '"v1"');
});

const SAID_WRONG: readonly (readonly [type: string, body: Buffer])[] = [
  ['text/html', zlib.gzipSync('/x')],
  ['text/html', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x41])],
  ['application/json', Buffer.from('{"a": [1, 2')],
  ['text/css', Buffer.from('a { background: url( ')],
  ['application/javascript', Buffer.from([0xc3, 0x28, 0x27, 0x2f])],
  ['image/svg+xml', Buffer.from('<svg><a href="')],
];

for (const [type, body] of SAID_WRONG) {
  test(`a body that is no ${type} arrives unchanged: ${body.subarray(0, 5).toString('hex')}`, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() =>
        Buffer.concat([head('200 OK', [`Content-Type: ${type}`, `Content-Length: ${body.length}`]), body]),
      ),
    );
    const portico = await startBelowApp(t, upstream.origin);
    assert.deepEqual((await ask(portico, '/app/')).body, body);
  });
}

for (const asked of ['', 'gzip', 'br']) {
  test(`events arrive one by one, rewritten${asked === '' ? '' : `, in ${asked}`}`, LIMIT, async (t) => {
    const gates = Array.from({ length: 5 }, () => new Gate());
    const upstream: ScriptedUpstream = await startUpstream(t, async (connection) => {
      await connection.request();
      await connection.send(head('200 OK', ['Content-Type: text/event-stream', 'Transfer-Encoding: chunked']));
      for (const [index, gate] of gates.entries()) {
        const event = `data: ${upstream.origin}/${index}\n\n`;
        await connection.send(`${event.length.toString(16)}\r\n${event}\r\n`);
        await gate.passed;
      }
      await connection.send('0\r\n\r\n');
    });
    const portico = await startBelowApp(t, upstream.origin);
    const client = await connectClient(t, { port: portico.port });
    await client.send(request('/app/', accepting(asked)));
    const { headers } = await client.head();
    assert.equal(headers.get('content-encoding') ?? '', asked);
    const decoder = asked === 'gzip' ? zlib.createGunzip() : asked === 'br' ? zlib.createBrotliDecompress() : undefined;
    let text = '';
    decoder?.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    for (const [index, gate] of gates.entries()) {
      while (!text.includes(`data: http://example.com/app/${index}\n\n`)) {
        const chunk = await readChunk(client);
        if (decoder === undefined) text += chunk.toString();
        else await new Promise<void>((resolve) => decoder.write(chunk, () => resolve()));
      }
      gate.open();
    }
  });
}

async function sendSlowly(
  connection: { request(): Promise<unknown>; send(bytes: Buffer | string): Promise<void>; hang(): Promise<void> },
  coding: string,
  bytes: Buffer,
): Promise<void> {
  await connection.request();
  const lines = ['Content-Type: text/html', `Content-Encoding: ${coding}`, `Content-Length: ${bytes.length}`];
  await connection.send(head('200 OK', lines));
  await connection.send(bytes);
  await connection.hang();
}

async function readChunk(client: Awaited<ReturnType<typeof connectClient>>): Promise<Buffer> {
  let line = '';
  while (!line.endsWith('\r\n')) line += (await client.bytes(1)).toString();
  const chunk = await client.bytes(Number.parseInt(line, 16));
  await client.bytes(2);
  return chunk;
}

function isCut(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof CutError;
}
