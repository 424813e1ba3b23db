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
const PATHS = ['/', '/app/', '/app/plain', '/app/location', '/app/cookie', '/app/html', '/app/tag', '/plain', '/html'];
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

test('what is remembered of earlier requests changes no answer', { timeout: 120_000 }, async (t) => {
  const requests = HOSTS.flatMap((host) =>
    PATHS.flatMap((path) => LINES.map((lines) => getRequest(path, host, lines))),
  ).concat(MANY_HOSTS.map((host) => getRequest('/app/html', host)));
  // First the endpoint closes behind each answer, and every request comes over a new connection: no head is remembered.
  let lines: readonly string[] = ['Connection: close'];
  const upstream = await startUpstream(
    t,
    answering((request) => answerTo(request, lines, upstream.origin)),
  );
  const config = { listen: '127.0.0.1:0', sites: { '*': { '/': upstream.origin, '/app/': upstream.origin } } };
  const { port: forgetful } = await startPortico(t, { config });
  const expected = new Map<string, string>();
  for (const request of requests) expected.set(request, describeAnswer(await askOnce({ port: forgetful }, request)));
  lines = [];
  const { port } = await startPortico(t, { config });
  const clients = await Promise.all([1, 2, 3].map(() => connectClient(t, { port })));
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ request: fc.constantFrom(...requests), client: fc.nat(2), times: fc.integer({ min: 1, max: 3 }) }),
        {
          minLength: 10,
          maxLength: 60,
        },
      ),
      async (steps) => {
        for (const { request, client: index, times } of steps) {
          const client = clients[index];
          assert.ok(client !== undefined);
          for (let time = 0; time < times; time++) {
            await client.send(request);
            assert.equal(describeAnswer(await client.response()), expected.get(request));
          }
        }
      },
    ),
    { numRuns: 30, seed: Number(process.env['FUZZ_SEED'] ?? 7) },
  );
});
