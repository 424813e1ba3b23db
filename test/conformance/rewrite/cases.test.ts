// The rewriting corpus on the library: every case whole, cut at every place and byte by byte; headers line by line.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
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

describe('rewriting corpus', { timeout: 120_000 }, () => {
  for (const each of cases) test(`${each.id}: ${each.note}`, (context) => run(each, (reason) => context.skip(reason)));
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
