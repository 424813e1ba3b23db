// Properties of the HTTP/1.1 parsers and framing on messages that were broken at random; seeds are printed on failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ERRORS } from '../../src/exchange/errors.ts';
import { createBodyDecoder } from '../../src/h1/body-decoder.ts';
import { findHeadEnd } from '../../src/h1/head-scan.ts';
import { DEFAULT_CONNECTION_LIMITS } from '../../src/h1/limits.ts';
import { RequestParser } from '../../src/h1/request-parser.ts';
import { ResponseParser } from '../../src/h1/response-parser.ts';
import { playRequests } from '../kit/play-requests.ts';

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) };
const LIMITS = { ...DEFAULT_CONNECTION_LIMITS, headBytes: 4096, headerCount: 30, chunkLineBytes: 128, bodyBytes: 4096 };

/** Pieces that messages are made of, the usual and the dangerous ones. */
const PIECES = [
  'GET ',
  'POST ',
  'HEAD ',
  'OPTIONS ',
  '/',
  '/a/b?c',
  '*',
  'http://a/',
  ' HTTP/1.1',
  ' HTTP/1.0',
  ' HTTP/2.0',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  'Host: a\r\n',
  'Host: b\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 5, 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\n',
  'Upgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'X: y\r\n',
  'x-y:\r\n',
  ' folded\r\n',
  'hello',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  '0\r\nX: 1\r\n\r\n',
  '5;a=b\r\n',
  'ffffffffffffffff\r\n',
  '\0',
  '\xff',
  '%2e%2e',
  '\\',
];

const rubbish = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(''));
const good = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    lines: fc.array(fc.constantFrom('X: y\r\n', 'Accept: */*\r\n', 'Cookie: a=b\r\n'), { maxLength: 3 }),
    framing: fc.constantFrom(
      '\r\n',
      'Content-Length: 5\r\n\r\nhello',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ),
  })
  .map(({ method, lines, framing }) => `${method} / HTTP/1.1\r\nHost: a\r\n${lines.join('')}${framing}`);
const message = fc.oneof(
  good,
  rubbish,
  fc.tuple(good, rubbish).map((parts) => parts.join('')),
  fc.tuple(good, good).map((parts) => parts.join('')),
);
const bytesOf = (text: string) => Buffer.from(text, 'latin1');

test('a parser that remembers heads gives what one without memory gives', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 2, maxLength: 6 }), (messages) => {
      const requests = new RequestParser(LIMITS);
      const responses = new ResponseParser(LIMITS);
      for (const bytes of messages.flatMap((text) => [bytesOf(text), bytesOf(text)])) {
        const end = findHeadEnd(bytes, 0);
        if (end < 0) continue;
        const request = requests.again(bytes, 0);
        if (request !== undefined) assert.equal(requests.lastLength, end);
        assert.deepEqual(
          describe(request ?? requests.parse(bytes, 0, end)),
          describe(new RequestParser(LIMITS).parse(bytes, 0, end)),
        );
        const response = responses.again(bytes, 0, 'GET');
        if (response !== undefined) assert.equal(responses.lastLength, end);
        assert.deepEqual(
          response ?? responses.parse(bytes, 0, end, 'GET'),
          new ResponseParser(LIMITS).parse(bytes, 0, end, 'GET'),
        );
        assert.equal(responses.again(bytes, 0, 'HEAD'), undefined);
      }
    }),
    RUNS,
  );
});

test('only declared errors appear, and a head that is accepted has one authority and one framing', () => {
  fc.assert(
    fc.property(message, (text) => {
      const bytes = bytesOf(text);
      const end = findHeadEnd(bytes, 0);
      if (end < 0) return;
      const parsed = new RequestParser(LIMITS).parse(bytes, 0, end);
      if ('code' in parsed) {
        assert.ok(parsed.code in ERRORS);
        return;
      }
      const { headers, version } = parsed.head;
      assert.ok(headers.count('host') === 1 || (version === 'HTTP/1.0' && headers.count('host') === 0));
      assert.ok(headers.count('content-length') + headers.count('transfer-encoding') <= 1);
      for (const [name, value] of headers) assert.match(`${name}${value}`, /^[^\0\r\n]*$/);
    }),
    RUNS,
  );
});

test('every split of a byte stream gives the same exchanges', { timeout: 300_000 }, async () => {
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(message, cuts, async (text, at) => {
      const bytes = bytesOf(text);
      const whole = await playRequests([bytes], true, LIMITS);
      const cut = await playRequests(cutAt(bytes, at), true, LIMITS);
      assert.deepEqual(cut, whole);
    }),
    RUNS,
  );
});

test('a chunked decoder emits the same content at every split, never more than its sizes say', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        rubbish,
        good.map((text) => text.slice(text.indexOf('\r\n\r\n') + 4)),
      ),
      (text) => {
        const bytes = bytesOf(text);
        assert.deepEqual(decode(bytes, 1), decode(bytes, bytes.length || 1));
      },
    ),
    RUNS,
  );
});

function decode(bytes: Buffer, step: number): object {
  const decoder = createBodyDecoder({ kind: 'chunked' }, LIMITS);
  const content: Buffer[] = [];
  let consumed = 0;
  for (let start = 0; start < bytes.length && !decoder.isDone && decoder.fault === undefined; start += step) {
    const piece = bytes.subarray(start, start + step);
    consumed = start + decoder.decode(piece, 0, (from, to) => content.push(Buffer.from(piece.subarray(from, to))));
  }
  const isBroken = decoder.fault !== undefined;
  return {
    text: Buffer.concat(content).toString('latin1'),
    isDone: decoder.isDone,
    isBroken,
    consumed: isBroken ? 0 : consumed,
  };
}

function cutAt(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % Math.max(1, bytes.length)))].sort((a, b) => a - b);
  return [0, ...places]
    .map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
    .filter((piece) => piece.length > 0);
}

/** What of a parsed request can be compared: its data, not its identity. */
function describe(parsed: ReturnType<RequestParser['parse']>): unknown {
  return 'code' in parsed ? parsed : { ...parsed, head: { ...parsed.head, headers: [...parsed.head.headers] } };
}
