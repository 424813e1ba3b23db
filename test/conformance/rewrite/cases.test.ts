// The rewriting corpus on the library: every case whole, cut at every place and byte by byte; headers line by line.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { decodeBody } from '../../../src/content-coding/decode.ts';
import { encodeTransform } from '../../../src/content-coding/encode.ts';
import { type Body, collectBody, transformBody } from '../../../src/exchange/body.ts';
import { ProxyError } from '../../../src/exchange/errors.ts';
import { HeaderList } from '../../../src/http/header-list.ts';
import { parseBaseUrl } from '../../../src/rewrite/base-url.ts';
import { defaultHeaderPolicy, headersToBackend, headersToPublic } from '../../../src/rewrite/headers.ts';
import { makeScanner, rewriteTransform } from '../../../src/rewrite/languages.ts';
import { PLAIN_COOKIES } from '../../../src/rewrite/response-cookies.ts';
import { selectLanguage } from '../../../src/rewrite/select.ts';
import { UrlMap } from '../../../src/rewrite/url-map.ts';
import { everySplit } from '../../kit/every-split.ts';
import { projectRoot } from '../../kit/project-root.ts';
import { runTransform } from '../../kit/transform.ts';

interface Case {
  readonly id: string;
  /** `http-headers`: the texts are header lines. Empty: no Content-Type. */
  readonly content_type: string;
  readonly mount: { readonly public: string; readonly backend: string };
  readonly direction?: 'request';
  readonly input: string;
  readonly expected: string;
  /** Other right answers. */
  readonly accept?: readonly string[];
  readonly encoding?: 'base64';
  readonly note: string;
}

const cases = JSON.parse(readFileSync(join(projectRoot, 'test/conformance/rewrite/cases.json'), 'utf8')) as Case[];

describe('rewriting corpus', { timeout: 600_000 }, () => {
  for (const each of cases) test(`${each.id}: ${each.note}`, (context) => run(each, (reason) => context.skip(reason)));
});

/** How a backend codes a body, and what the client gets it in. */
const CODINGS = [
  {
    name: 'gzip',
    coding: 'gzip',
    code: (bytes: Buffer) => gzipSync(bytes),
    undo: (bytes: Buffer) => gunzipSync(bytes),
  },
  {
    name: 'br',
    coding: 'br',
    code: (bytes: Buffer) => brotliCompressSync(bytes),
    undo: (bytes: Buffer) => brotliDecompressSync(bytes),
  },
] as const;

describe('rewriting corpus in codings, whole and octet by octet', { timeout: 600_000 }, () => {
  for (const coding of CODINGS)
    test(coding.name, async () => {
      const bodies = cases.filter(({ content_type: type }) => type !== 'http-headers');
      assert.ok(bodies.length > 180, `${bodies.length} bodies`);
      for (const each of bodies) {
        try {
          await runCoded(each, coding);
        } catch (error) {
          throw new Error(`${each.id}: ${each.note}`, { cause: error });
        }
      }
    });
});

function run(each: Case, skip: (reason: string) => void): void {
  const map = new UrlMap({ public: parseBaseUrl(each.mount.public), backend: parseBaseUrl(each.mount.backend) });
  if (each.content_type === 'http-headers') {
    checkHeaders(each, map);
    return;
  }
  const headers = HeaderList.from(each.content_type === '' ? {} : { 'Content-Type': each.content_type });
  const selection = selectLanguage({ method: 'GET', status: 200, headers, destination: undefined });
  if (selection.language !== undefined && selection.language !== 'sniff' && !makeScanner(selection.language, map)) {
    skip(`no scanner for ${selection.language}`);
    return;
  }
  const input = toBytes(each, each.input);
  const accepted = [each.expected, ...(each.accept ?? [])].map((text) => toBytes(each, text));
  let whole: Buffer | undefined;
  everySplit(
    input,
    (pieces) => {
      const bytes =
        selection.language === undefined
          ? Buffer.concat(pieces)
          : runTransform(rewriteTransform(map, selection), pieces).bytes;
      if (!accepted.some((wanted) => wanted.equals(bytes)))
        assert.equal(bytes.toString('latin1'), accepted[0]?.toString('latin1'));
      whole ??= bytes;
      assert.equal(bytes.toString('latin1'), whole.toString('latin1'), 'as when it came whole');
    },
    { randomSplits: 5 },
  );
}

/** The body in a coding, through all that a rewritten answer goes through, and undone as a client does. */
async function runCoded(each: Case, { code, undo, name, coding }: (typeof CODINGS)[number]): Promise<void> {
  const map = new UrlMap({ public: parseBaseUrl(each.mount.public), backend: parseBaseUrl(each.mount.backend) });
  const headers = HeaderList.from([
    ...(each.content_type === '' ? [] : [['Content-Type', each.content_type] as const]),
    ['Content-Encoding', name],
  ]);
  const selection = selectLanguage({ method: 'GET', status: 200, headers, destination: undefined });
  const input = toBytes(each, each.input);
  const accepted = [each.expected, ...(each.accept ?? [])].map((text) => toBytes(each, text).toString('latin1'));
  if (selection.language === undefined) {
    assert.ok(accepted.includes(input.toString('latin1')), 'what is not read must be right as it is');
    return;
  }
  const coded = code(input);
  for (const size of [coded.length, 1]) {
    const { body } = decodeBody(piecesBody(coded, size), selection.codings);
    const rewritten = transformBody(transformBody(body, rewriteTransform(map, selection)), encodeTransform(coding));
    const { bytes } = await collectBody(rewritten, 1 << 20, () => new ProxyError('response_too_large'));
    assert.ok(accepted.includes(undo(bytes).toString('latin1')), undo(bytes).toString('latin1'));
  }
}

/** A body that comes in pieces of `size` bytes. */
function piecesBody(bytes: Buffer, size: number): Body {
  return {
    length: undefined,
    isEmpty: false,
    sendTo(sink) {
      let at = 0;
      const send = () => {
        while (at < bytes.length) {
          const piece = bytes.subarray(at, at + size);
          at += size;
          if (!sink.write(Buffer.from(piece))) return;
        }
        if (at !== Number.POSITIVE_INFINITY) sink.end();
        at = Number.POSITIVE_INFINITY;
      };
      sink.onDrained = send;
      send();
    },
    cancel: () => {},
  };
}

function toBytes(each: Case, text: string): Buffer {
  return Buffer.from(text, each.encoding ?? 'utf8');
}

function checkHeaders(each: Case, map: UrlMap): void {
  const lines = HeaderList.from(each.input.split('\r\n').map(parseLine));
  const result = each.direction === 'request' ? requestHeaders(lines, map) : responseHeaders(lines, map);
  const accepted = [each.expected, ...(each.accept ?? [])];
  if (!accepted.includes(result)) assert.equal(result, each.expected);
}

function parseLine(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function requestHeaders(lines: HeaderList, map: UrlMap): string {
  headersToBackend(lines, map, { host: 'upstream', cookies: PLAIN_COOKIES });
  return print(lines);
}

function responseHeaders(lines: HeaderList, map: UrlMap): string {
  return print(headersToPublic(lines, map, defaultHeaderPolicy(map.public.path)));
}

function print(lines: Iterable<readonly [string, string]>): string {
  return [...lines].map(([name, value]) => `${name}: ${value}`).join('\r\n');
}
