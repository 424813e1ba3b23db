// Bodies that are not what they seem: they arrive byte for byte or end in an error, and a counter says which.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RewriteFigures } from '../../src/exchange/rewrite-figures.ts';
import { startInProcess } from '../kit/in-process.ts';
import { askOnce, getRequest } from '../kit/raw-client.ts';
import { answering, startUpstream } from '../kit/scripted-upstream.ts';

const LIMIT = { timeout: 120_000 };

const LONG_TAG = `<a title="${'x'.repeat(300_000)}" href="/x"><a href="/y">`;

interface Row {
  readonly what: string;
  readonly lines: readonly string[];
  readonly body: Buffer;
  /** What arrives; undefined for the body as it is, a number for an error of that status. */
  readonly arrives?: Buffer | number;
  /** What is counted then. */
  readonly counted: (figures: RewriteFigures) => unknown;
}

const ROWS: readonly Row[] = [
  {
    what: 'a charset that is read as it is written, with bytes that are none of it',
    lines: ['Content-Type: text/html; charset=utf-8'],
    body: Buffer.from('<a href="/x">\xff\xfe\xc3', 'latin1'),
    arrives: Buffer.from('<a href="/app/x">\xff\xfe\xc3', 'latin1'),
    counted: ({ rewritten, edits }) => [rewritten, edits],
  },
  {
    what: 'a charset that hides ASCII',
    lines: ['Content-Type: text/html; charset=iso-2022-jp'],
    body: Buffer.from('<a href="/x">\x1b$B0!\x1b(B'),
    counted: ({ untouched }) => untouched['charset'],
  },
  {
    what: 'UTF-7',
    lines: ['Content-Type: text/html; charset=utf-7'],
    body: Buffer.from('<a href="/x">+ADw-'),
    counted: ({ untouched }) => untouched['charset'],
  },
  {
    what: 'a charset that nobody knows',
    lines: ['Content-Type: text/html; charset=x-unheard-of'],
    body: Buffer.from('<a href="/x">'),
    arrives: Buffer.from('<a href="/app/x">'),
    counted: ({ rewritten }) => rewritten,
  },
  {
    what: 'a tag that is too long to hold',
    lines: ['Content-Type: text/html'],
    body: Buffer.from(LONG_TAG),
    arrives: Buffer.from(LONG_TAG.replace('"/x"', '"/app/x"').replace('"/y"', '"/app/y"')),
    counted: ({ rewritten }) => rewritten,
  },
  {
    what: 'a URL that is too long to hold',
    lines: ['Content-Type: text/html'],
    // Longer than any buffer between here and there.
    body: Buffer.from(`<a href="/${'x'.repeat(8_000_000)}">`),
    counted: ({ unexaminedBytes }) => unexaminedBytes,
  },
  {
    what: 'gzip that says it is a page',
    lines: ['Content-Type: text/html'],
    body: gzipSync('<a href="/x">'),
    counted: ({ rewritten }) => rewritten,
  },
  {
    what: 'a page that says it is gzip',
    lines: ['Content-Type: text/html', 'Content-Encoding: gzip'],
    body: Buffer.from('<a href="/x">'),
    arrives: 502,
    counted: ({ failed }) => failed['response_content_coding'],
  },
  {
    what: 'a coding that nobody knows',
    lines: ['Content-Type: text/html', 'Content-Encoding: x-own'],
    body: Buffer.from('<a href="/x">'),
    counted: ({ untouched }) => untouched['coding'],
  },
  {
    what: 'a part',
    lines: ['Content-Type: text/html', 'Content-Range: bytes 0-12/100'],
    body: Buffer.from('<a href="/x">'),
    counted: ({ untouched }) => untouched['partial'],
  },
  {
    what: 'an image that says it is a script',
    lines: ['Content-Type: text/javascript'],
    body: Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'),
    counted: ({ rewritten }) => rewritten,
  },
  {
    what: 'JSON that is cut',
    lines: ['Content-Type: application/json'],
    body: Buffer.from('{"a":"http:\\/\\/127.0.0'),
    counted: ({ rewritten }) => rewritten,
  },
];

for (const { what, lines, body, arrives, counted } of ROWS)
  test(what, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => {
        const head = ['HTTP/1.1 200 OK', ...lines, `Content-Length: ${body.length}`, '', ''].join('\r\n');
        return Buffer.concat([Buffer.from(head), body]);
      }),
    );
    const sites = { '*': { '/app/': { proxy: upstream.origin } } };
    const { server, port } = await startInProcess(t, { listen: '127.0.0.1:0', admin: false, sites });
    const response = await askOnce({ port: port() }, getRequest('/app/'));
    if (typeof arrives === 'number') assert.equal(response.status, arrives);
    else assert.ok(response.body.equals(arrives ?? body), response.body.toString('latin1', 0, 200));
    const [figures] = server.rewriting();
    assert.ok(figures !== undefined && Number(String(counted(figures)).split(',', 1)[0]) > 0, JSON.stringify(figures));
  });
