// Header lists on the wire of HTTP/2: names in lower case, nothing of a connection, nothing that is no header line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import { wireLines } from './wire-lines.ts';

test('names are in lower case, in the order of the list, repeated as there', () => {
  const headers = HeaderList.from([
    ['Set-Cookie', 'a=1'],
    ['X-A', ''],
    ['SET-COOKIE', 'b=2'],
  ]);
  assert.deepEqual(wireLines(headers), ['set-cookie', 'a=1', 'x-a', '', 'set-cookie', 'b=2']);
});

test('what belongs to a connection is left out (RFC 9113 §8.2.2), and what the caller drops', () => {
  const headers = HeaderList.from(
    [
      'Connection',
      'Keep-Alive',
      'Proxy-Connection',
      'Transfer-Encoding',
      'Upgrade',
      'TE',
      'HTTP2-Settings',
      'X',
      'Y',
    ].map((name) => [name, 'v'] as const),
  );
  assert.deepEqual(wireLines(headers), ['x', 'v', 'y', 'v']);
  assert.deepEqual(wireLines(headers, new Set(['x'])), ['y', 'v']);
});

test('blanks and tabs around a value are left out (RFC 9113 §8.2.1), other octets are not', () => {
  const values = [' \ta b\t ', 'voil\u00c3\u00a0', '\u00a0', '\u00a0x\u0085'];
  const headers = HeaderList.from(values.map((value) => ['x', value] as const));
  assert.deepEqual(
    wireLines(headers).filter((_, index) => index % 2 === 1),
    ['a b', 'voil\u00c3\u00a0', '\u00a0', '\u00a0x\u0085'],
  );
});

test('what would be another line, or none, does not get through', () => {
  for (const [name, value] of [
    ['x', 'a\r\nevil: 1'],
    ['x', 'a\nb'],
    ['x', 'a\0b'],
    ['x y', 'a'],
    ['x:y', 'a'],
    [':status', '200'],
    ['', 'a'],
  ] as const)
    assert.throws(() => wireLines(HeaderList.from([[name, value]])), /cannot be sent/);
});
