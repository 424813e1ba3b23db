// Response heads on the wire of HTTP/2: status first, one length or none, a date, and the same array for the same answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResponseHead } from '../exchange/head.ts';
import { HeaderList } from '../http/header-list.ts';
import { HANDSHAKE_FIELDS } from './extended-connect.ts';
import { finalLines, interimLines, type SentLength, tunnelLines } from './response-lines.ts';

const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT';
const head = (status: number, lines: Record<string, string>): ResponseHead => ({
  status,
  reason: 'whatever',
  headers: HeaderList.from(lines),
});

const LENGTHS: readonly (readonly [length: SentLength, lines: readonly string[]])[] = [
  ['keep', ['content-length', '5', 'x', 'y']],
  ['none', ['x', 'y']],
  [0, ['x', 'y', 'content-length', '0']],
  [7, ['x', 'y', 'content-length', '7']],
];
for (const [length, lines] of LENGTHS) {
  test(`a final head, Content-Length ${length}`, () => {
    const sent = finalLines(head(200, { 'Content-Length': '5', X: 'y', Date: DATE, Connection: 'close' }), length);
    const at = sent.indexOf('date');
    assert.equal(sent[at + 1], DATE);
    assert.deepEqual(sent.toSpliced(at, 2), [':status', '200', ...lines]);
  });
}

test('Date is added where there is none (RFC 9110 §6.6.1), not to informational heads', () => {
  const { headers } = head(200, {});
  for (const lines of [
    finalLines({ status: 200, reason: '', headers }, 'none'),
    tunnelLines(head(101, {}), HANDSHAKE_FIELDS),
  ]) {
    assert.equal(lines.length, 4);
    assert.equal(lines[2], 'date');
    assert.match(lines[3] ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  }
  assert.deepEqual(interimLines(head(103, { Link: '</a>', 'Content-Length': '0' })), [
    ':status',
    '103',
    'link',
    '</a>',
  ]);
});

test('the same list, status and length give the same array; anything else does not', () => {
  const { headers } = head(200, { X: 'y', Date: DATE });
  const first = finalLines({ status: 200, reason: '', headers }, 3);
  assert.equal(finalLines({ status: 200, reason: '', headers }, 3), first);
  const others = [
    finalLines({ status: 404, reason: '', headers }, 3),
    finalLines({ status: 200, reason: '', headers }, 4),
    finalLines({ status: 200, reason: '', headers }, 'none'),
    finalLines({ status: 200, reason: '', headers }, 3),
  ];
  assert.deepEqual(
    others.map((lines) => `${lines[1]} ${lines.at(-1)}`),
    ['404 3', '200 4', `200 ${DATE}`, '200 3'],
  );
});

test('the head of a tunnel is 200 without what proves a switch (RFC 8441 §5)', () => {
  const lines = tunnelLines(
    head(101, {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Accept': 'x',
      'Sec-WebSocket-Protocol': 'chat',
      'Content-Length': '0',
      Date: DATE,
    }),
    HANDSHAKE_FIELDS,
  );
  assert.deepEqual(lines, [':status', '200', 'sec-websocket-protocol', 'chat', 'date', DATE]);
});
