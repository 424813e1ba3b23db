// Once: after the last read of a large body a connection went on reading into the slab it had lent, under whoever used it.
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import test from 'node:test';
import { Connection } from '../../src/net/connection.ts';
import { systemClock } from '../../src/util/clock.ts';
import { Deadlines } from '../../src/util/deadlines.ts';
import { atEnd } from '../kit/at-end.ts';
import { Waiting } from '../kit/waiting.ts';

test('what comes behind a large body is not read into the slab that its last bytes were lent in', async (t) => {
  let peer: Socket | undefined;
  const waiting = new Waiting(() => '');
  const server = createServer((socket) => {
    peer = socket;
    waiting.changed();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  const { port } = server.address() as { port: number };
  const deadlines = new Deadlines(systemClock);
  const connection = Connection.overReads((onread) => connect({ port, host: '127.0.0.1', onread }), deadlines);
  atEnd(t, () => connection.destroy());
  await waiting.until('the connection', () => peer !== undefined);
  atEnd(t, () => peer?.destroy());

  const reads: { readonly bytes: Buffer; readonly isLent: boolean }[] = [];
  const ignore = () => {};
  connection.use({
    onBytes(bytes, release) {
      reads.push({ bytes, isLent: release !== undefined });
      // A head announces a large body; its last byte ends it.
      connection.wantsSlabs = reads.length === 1;
      waiting.changed();
    },
    onEnd: ignore,
    onDrain: ignore,
    onDeadline: ignore,
    onClose: ignore,
  });
  for (const [index, text] of ['head', 'body', 'next'].entries()) {
    peer?.write(text);
    await waiting.until(text, () => reads.length > index);
  }
  const [, body, next] = reads;
  assert.deepEqual([body?.isLent, next?.isLent], [true, false]);
  assert.equal(String(body?.bytes), 'body');
});
