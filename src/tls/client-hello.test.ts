import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readClientHello } from './client-hello.ts';

const vector = (size: 1 | 2, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
};
const number = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const serverName = (name: string): Buffer =>
  Buffer.concat([number(0), vector(2, vector(2, Buffer.from([0]), vector(2, latin(name))))]);
const alpn = (...names: string[]): Buffer =>
  Buffer.concat([number(16), vector(2, vector(2, ...names.map((name) => vector(1, latin(name)))))]);
const unknown = Buffer.concat([number(0xfafa), vector(2, latin('anything'))]);

/** A message of the handshake; without extensions if none are given. */
function hello(...extensions: Buffer[]): Buffer {
  const fixed = [
    number(0x0303),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32)),
    vector(2, number(0x1301)),
    vector(1, Buffer.from([0])),
  ];
  const content = Buffer.concat([...fixed, ...(extensions.length === 0 ? [] : [vector(2, ...extensions)])]);
  return Buffer.concat([Buffer.from([1, 0]), vector(2, content)]);
}

/** The message in records of at most `size` bytes. */
function records(message: Buffer, size = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size)
    parts.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
  return Buffer.concat(parts);
}

const cases: readonly (readonly [name: string, bytes: Buffer, serverName: string | undefined, protocols: string[]])[] =
  [
    [
      'a name and protocols',
      records(hello(unknown, serverName('a.test'), alpn('h2', 'http/1.1'))),
      'a.test',
      ['h2', 'http/1.1'],
    ],
    ['upper case and a trailing dot', records(hello(serverName('A.Test.'))), 'a.test', []],
    ['no extensions', records(hello()), undefined, []],
    ['a name that is none', records(hello(serverName('a test'))), undefined, []],
    ['a name with a zero byte', records(hello(serverName('a.test\0.evil'))), undefined, []],
    ['an empty name', records(hello(serverName(''))), undefined, []],
    ['records of one byte', records(hello(serverName('a.test'), alpn('acme-tls/1')), 1), 'a.test', ['acme-tls/1']],
    ['records of seven bytes', records(hello(serverName('a.test')), 7), 'a.test', []],
    [
      'bytes behind it',
      Buffer.concat([records(hello(serverName('a.test'))), Buffer.from([20, 3, 3, 0, 1, 1])]),
      'a.test',
      [],
    ],
  ];

describe('readClientHello', () => {
  for (const [name, bytes, expectedName, protocols] of cases) {
    test(name, () => {
      assert.deepEqual(readClientHello(bytes), { serverName: expectedName, alpnProtocols: protocols });
    });

    test(`${name}: every beginning is incomplete or the same`, () => {
      for (let size = 0; size < bytes.length; size++) {
        const read = readClientHello(bytes.subarray(0, size));
        if (read !== undefined) assert.deepEqual(read, { serverName: expectedName, alpnProtocols: protocols });
      }
    });
  }

  const message = hello(serverName('a.test'), alpn('h2'));
  const wrong: readonly (readonly [name: string, bytes: Buffer])[] = [
    ['HTTP', latin('GET / HTTP/1.1\r\n')],
    ['another record', Buffer.from([23, 3, 3, 0, 1, 0])],
    ['another major version', Buffer.from([22, 4, 0, 0, 1, 1])],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['a record beyond the limit', Buffer.from([22, 3, 1, 0xff, 0xff])],
    ['another message', records(Buffer.from([2, 0, 0, 0]))],
    ['a message beyond the limit', records(Buffer.from([1, 2, 0, 0]))],
    ['a message that ends in its middle', records(Buffer.from([1, 0, 0, 2, 3, 3]))],
  ];
  for (const [name, bytes] of wrong) {
    test(`${name} is not TLS`, () => {
      assert.equal(readClientHello(bytes), 'not-tls');
    });
  }

  test('no change of a byte makes it throw', () => {
    const bytes = records(message);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 127, 128, 255]) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        readClientHello(changed);
      }
    }
  });
});
