import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ProxiedEnds, printProxyHeader1, printProxyHeader2, readProxyHeader } from './proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V4: ProxiedEnds = { address: '192.0.2.1', port: 56324, localAddress: '198.51.100.1', localPort: 443 };
const V6: ProxiedEnds = { address: '2001:db8::1', port: 1, localAddress: '2001:db8::2', localPort: 65535 };
const V4_HEX = 'c0000201c6336401dc0401bb';
const V6_HEX = `20010db8000000000000000000000001${'20010db8000000000000000000000002'}0001ffff`;
const MAPPED_HEX = `${'00'.repeat(10)}ffffc0000201${'00'.repeat(10)}ffffc6336401dc0401bb`;

/** `own`: the connection's own ends count. */
type Expected = ProxiedEnds | 'own' | 'malformed' | 'incomplete';

const text = (line: string) => Buffer.from(line, 'latin1');
const hex = (rest: string) => Buffer.from(SIGNATURE + rest, 'hex');

const cases: readonly (readonly [name: string, header: Buffer, expected: Expected])[] = [
  ['v1, IPv4', text('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n'), V4],
  ['v1, IPv6', text('PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n'), V6],
  ['v1, IPv6 in another spelling', text('PROXY TCP6 2001:0DB8:0::1 2001:db8:0:0::2 1 65535\r\n'), V6],
  ['v1, IPv4 in IPv6', text('PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 56324 443\r\n'), V4],
  ['v1, unknown', text('PROXY UNKNOWN\r\n'), 'own'],
  ['v1, unknown with addresses', text('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), 'own'],
  ['v1 without end', text('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443'), 'incomplete'],
  ['v1, longer than any', text(`PROXY UNKNOWN ${'x'.repeat(100)}\r\n`), 'malformed'],
  ['v1 with a bare LF', text('PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\nGET / HTTP/1.1\r\n'), 'malformed'],
  ['v1, another family', text('PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n'), 'malformed'],
  ['v1, family and address differ', text('PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n'), 'malformed'],
  ['v1, port too large', text('PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n'), 'malformed'],
  ['v1, port with leading zero', text('PROXY TCP4 192.0.2.1 198.51.100.1 056 443\r\n'), 'malformed'],
  ['v1, too little', text('PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n'), 'malformed'],
  ['v1, two spaces', text('PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n'), 'malformed'],
  ['v1 in lower case', text('proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n'), 'malformed'],
  ['v2, IPv4', hex(`2111000c${V4_HEX}`), V4],
  ['v2, IPv6', hex(`21210024${V6_HEX}`), V6],
  ['v2, IPv4 in IPv6', hex(`21210024${MAPPED_HEX}`), V4],
  ['v2, with extensions', hex(`21110013${V4_HEX}${'04000400000000'}`), V4],
  ['v2, LOCAL', hex('20000000'), 'own'],
  ['v2, LOCAL with addresses', hex(`2011000c${V4_HEX}`), 'own'],
  ['v2, unspecified family', hex('21000000'), 'own'],
  ['v2, unix', hex(`213100d8${'00'.repeat(216)}`), 'own'],
  ['v2, datagram', hex(`2112000c${V4_HEX}`), 'own'],
  ['v2, not whole', hex(`2111000c${V4_HEX.slice(2)}`), 'incomplete'],
  ['v2, too short for its family', hex('2111000bc0000201c6336401dc0401'), 'malformed'],
  ['v2, longer than the limit', hex(`2111f000${V4_HEX}`), 'malformed'],
  ['v2, version 1', hex(`1111000c${V4_HEX}`), 'malformed'],
  ['v2, unknown command', hex(`2211000c${V4_HEX}`), 'malformed'],
  ['HTTP', text('GET / HTTP/1.1\r\n\r\n'), 'malformed'],
  ['TLS', Buffer.from('160301', 'hex'), 'malformed'],
  ['nothing', text(''), 'incomplete'],
];

function outcome(bytes: Buffer): { found: Expected; size: number } {
  const read = readProxyHeader(bytes);
  if (read === undefined) return { found: 'incomplete', size: 0 };
  return read === 'malformed' ? { found: read, size: 0 } : { found: read.ends ?? 'own', size: read.size };
}

describe('readProxyHeader', () => {
  for (const [name, header, expected] of cases) {
    test(name, () => {
      assert.deepEqual(outcome(header).found, expected);
    });

    test(`${name}: every beginning is incomplete or the same, and what lies behind is left alone`, () => {
      for (let size = 0; size < header.length; size++) {
        const { found } = outcome(header.subarray(0, size));
        assert.ok(found === 'incomplete' || found === expected, `${size} bytes: ${JSON.stringify(found)}`);
      }
      if (expected === 'incomplete' || expected === 'malformed') return;
      assert.deepEqual(outcome(Buffer.concat([header, text('GET / HTTP/1.1\r\n')])), {
        found: expected,
        size: header.length,
      });
    });
  }
});

test('what is printed is read back', () => {
  for (const print of [printProxyHeader1, printProxyHeader2]) {
    for (const ends of [V4, V6]) assert.deepEqual(outcome(print(ends)).found, ends);
    assert.equal(outcome(print(undefined)).found, 'own');
    assert.equal(outcome(print({ ...V4, localAddress: V6.localAddress })).found, 'own');
    assert.equal(outcome(print({ ...V4, address: '' })).found, 'own');
  }
  assert.equal(printProxyHeader2(V4).toString('hex'), `${SIGNATURE}2111000c${V4_HEX}`);
});
