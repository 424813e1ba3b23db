// Who is at the other end of a Node socket: a unix socket is told from a connection that is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerOf } from './_node-request.ts';

for (const [socket, peer] of [
  [{ remoteAddress: '::1', localAddress: '::1' }, '::1'],
  [{ destroyed: false }, 'unix'],
  [{}, 'unix'],
  [{ destroyed: true }, 'unknown'],
  [{ localAddress: '127.0.0.1' }, 'unknown'],
] as const) {
  test(`peerOf ${JSON.stringify(socket)} is ${peer}`, () => {
    const found = peerOf(socket);
    assert.equal(found.kind === 'ip' ? found.address : found.kind, peer);
  });
}
