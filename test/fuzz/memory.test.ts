// What a proxy remembers of heads and addresses must never show: the same request gets the same answer, whatever came before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReadRequest, ReadResponse } from '../kit/message-reader.ts';
import { startPortico } from '../kit/portico.ts';
import { askOnce, connectClient, getRequest } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';

const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';
/** Few hosts, paths and headers, so that some of what comes repeats and the rest differs in one thing. */
const HOSTS = ['a.example', 'b.example', 'a.example:81', 'long-name.of-a-tenant.example'];
const PATHS = [
  '/',
  '/app/links?1',
  '/app/links?9',
  '/app/',
  '/app/plain',
  '/app/location',
  '/app/cookie',
  '/app/html',
  '/app/tag',
  '/plain',
  '/html',
];
const LINES: readonly (readonly string[])[] = [
  [],
  ['Accept-Encoding: gzip'],
  ['Sec-Fetch-Dest: script'],
  ['If-None-Match: "v1"', 'X-Other: 1'],
  ['Connection: x-gone', 'X-Gone: 1'],
  ['TE: trailers', 'Connection: te'],
];
/** More public addresses than one mount remembers. */
const MANY_HOSTS = Array.from({ length: 40 }, (_, index) => `tenant-${index}.example`);

/** Says what it was asked, in a body and headers that have to be mapped. */
function answerTo(request: ReadRequest, lines: readonly string[], origin: string): string {
  const host = request.headers.get('host') ?? '';
  const name = request.target.split('/').at(-1) ?? '';
  // Heads that are the same before rewriting, and have another length behind it.
  if (name.startsWith('links')) {
    const page = '<a href="/x">x</a>'.repeat(Number(name.slice(6))).padEnd(400);
    return okResponse(page, [DATE, 'Content-Type: text/html', ...lines]);
  }
  const asked = [request.target, ...request.headers.lines.map((pair) => pair.join(': '))].join('\n');
  if (name === 'location') return okResponse('', [DATE, `Location: ${origin}/next`, ...lines], 'HTTP/1.1 302 Found');
  if (name === 'cookie') return okResponse(asked, [DATE, 'Set-Cookie: a=b; Path=/; Secure', ...lines]);
  if (name === 'tag')
    return okResponse(`${host} ${origin}/x`, [DATE, 'ETag: "v1"', 'Content-Type: text/html', ...lines]);
  if (name === 'html') {
    const page = `<a href="/x">${asked}</a><a href="${origin}/y">z</a>`;
    return okResponse(page, [DATE, 'Content-Type: text/html', ...lines]);
  }
  return okResponse(asked, [DATE, 'Content-Type: text/plain', ...lines]);
}

/** Every process marks Via with a name of its own. */
const OWN_NAME = /\([0-9a-f]{12}\)/g;

function describeAnswer({ status, headers, body }: ReadResponse): string {
  const lines = headers.lines.map((pair) => pair.join(': ')).filter((line) => !/^connection:/i.test(line));
  return [status, ...lines, '', body.toString('latin1').replace(OWN_NAME, '()')].join('\n');
}

/** Families of requests: in each, one thing differs and the rest is the same, which is where a memory can be wrong. */
const FAMILIES: readonly (readonly string[])[] = [
  ...HOSTS.map((host) => PATHS.map((path) => getRequest(path, host))),
  ...HOSTS.map((host) => LINES.map((lines) => getRequest('/app/html', host, lines))),
  ...PATHS.map((path) => HOSTS.map((host) => getRequest(path, host))),
  // The target names the host; the headers are those of another request.
  ...PATHS.map((path) => HOSTS.map((host) => getRequest(`http://${host}${path}`, 'a.example'))),
  MANY_HOSTS.map((host) => getRequest('/app/html', host)),
];

test('what is remembered of earlier requests changes no answer', { timeout: 300_000 }, async (t) => {
  // First the endpoint closes behind each answer, and every request comes over a new connection: no head is remembered.
  let lines: readonly string[] = ['Connection: close'];
  const upstream = await startUpstream(
    t,
    answering((request) => answerTo(request, lines, upstream.origin)),
  );
  const config = { listen: '127.0.0.1:0', sites: { '*': { '/': upstream.origin, '/app/': upstream.origin } } };
  const { port: forgetful } = await startPortico(t, { config });
  const expected = new Map<string, string>();
  for (const request of new Set(FAMILIES.flat()))
    expected.set(request, describeAnswer(await askOnce({ port: forgetful }, request)));
  lines = [];
  const { port } = await startPortico(t, { config });
  const client = await connectClient(t, { port });
  const steps = fc.constantFrom(...FAMILIES).chain((family) => {
    return fc.array(fc.constantFrom(...family), { minLength: 30, maxLength: 60 });
  });
  await fc.assert(
    fc.asyncProperty(steps, async (requests) => {
      for (const request of requests) {
        await client.send(request);
        assert.equal(describeAnswer(await client.response()), expected.get(request));
      }
    }),
    { numRuns: 60, seed: Number(process.env['FUZZ_SEED'] ?? 7) },
  );
});
