// File bodies: bytes, back-pressure, lending, and that the descriptor is closed whatever happens.
import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collectBody, type Release, type Sink } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import { InvariantError } from '../../util/invariant.ts';
import { giveSlab, SLAB_BYTES, takeSlab } from '../../util/slab-pool.ts';
import { type BodyPart, FileBody } from './file-body.ts';

const TIMEOUT = { timeout: 120_000 };
const SIZE = SLAB_BYTES * 3 + 1000;
const bytes = Buffer.alloc(
  SIZE,
  (() => Array.from({ length: 251 }, (_, index) => String.fromCharCode(index)).join(''))(),
  'latin1',
);
let dir: string;
let path: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'portico-body-'));
  path = join(dir, 'file');
  await writeFile(path, bytes);
});
after(() => rm(dir, { recursive: true }));

async function openBody(parts: readonly BodyPart[], file = path) {
  const handle = await open(file);
  // The cast: a FileHandle is an EventEmitter (documented since Node 15.4), which these types do not know yet.
  const isClosed = once(handle as unknown as EventEmitter, 'close');
  return { body: new FileBody(handle, parts), handle, isClosed };
}

function collect(body: FileBody): Promise<Buffer> {
  return collectBody(body, 1e8, () => new ProxyError('response_too_large')).then((collected) => collected.bytes);
}

test('FileBody: parts of the file and bytes in between, in order, and buffers come back', TIMEOUT, async () => {
  const cases: BodyPart[][] = [
    [{ first: 0, last: SIZE - 1 }],
    [{ first: 0, last: 0 }],
    [{ first: SIZE - 1, last: SIZE - 1 }],
    [{ first: 1, last: SLAB_BYTES }],
    [{ first: 5, last: SLAB_BYTES + 5 }],
    [
      Buffer.from('a'),
      { first: 10, last: 20 },
      Buffer.from('b'),
      Buffer.from('c'),
      { first: 0, last: 3 },
      Buffer.from('d'),
    ],
    [
      { first: 9, last: 9 },
      { first: 4, last: 8 },
    ],
  ];
  for (const parts of cases) {
    const { body, isClosed } = await openBody(parts);
    const expected = Buffer.concat(
      parts.map((part) => (Buffer.isBuffer(part) ? part : bytes.subarray(part.first, part.last + 1))),
    );
    assert.equal(body.length, expected.length);
    assert.ok((await collect(body)).equals(expected));
    await isClosed;
  }
});

test('FileBody: nothing more is read while the sink says wait', TIMEOUT, async () => {
  const { body, isClosed } = await openBody([{ first: 0, last: SIZE - 1 }]);
  const sink = new ManualSink(false);
  body.sendTo(sink);
  for (let index = 1; index <= 4; index++) {
    await sink.nextWrite();
    await turns(20);
    assert.equal(sink.chunks.length, index);
    sink.onDrained?.();
    sink.onDrained?.(); // a second one means nothing
  }
  await sink.ended;
  await isClosed;
  assert.ok(Buffer.concat(sink.chunks).equals(bytes));
});

test('FileBody: a sink that releases at once gets one slab again and again', TIMEOUT, async () => {
  const { body, isClosed } = await openBody([{ first: 0, last: SIZE - 1 }]);
  const sink = new ManualSink(true);
  body.sendTo(sink);
  await sink.ended;
  await isClosed;
  assert.equal(new Set(sink.lent.map((chunk) => chunk.buffer)).size, 1);
});

test('FileBody: a chunk that is not released yet is never overwritten', TIMEOUT, async () => {
  const { body, isClosed } = await openBody([{ first: 0, last: SIZE - 1 }]);
  const sink = new ManualSink(true);
  sink.keepsChunks = true;
  body.sendTo(sink);
  await sink.ended;
  await isClosed;
  assert.ok(Buffer.concat(sink.lent).equals(bytes));
  assert.equal(new Set(sink.lent.map((chunk) => chunk.buffer)).size, 4);
});

test('FileBody: releasing twice is a loud error, not shared memory', TIMEOUT, async () => {
  const { body, isClosed } = await openBody([{ first: 0, last: 9 }]);
  const sink = new ManualSink(true);
  sink.keepsChunks = true;
  body.sendTo(sink);
  await sink.ended;
  const [release] = sink.releases;
  release?.();
  assert.throws(() => release?.(), InvariantError);
  await isClosed;
});

test('FileBody: a file that shrank aborts, one that grew is sent to the announced length', TIMEOUT, async () => {
  const file = join(dir, 'changing');
  await writeFile(file, 'x'.repeat(1000));
  const shrunk = await openBody([{ first: 0, last: 999 }], file);
  await truncate(file, 400);
  await assert.rejects(collect(shrunk.body), { code: 'file_truncated' });
  await shrunk.isClosed;

  const grown = await openBody([{ first: 0, last: 399 }], file);
  await writeFile(file, 'y'.repeat(5000));
  assert.equal((await collect(grown.body)).length, 400);
  await grown.isClosed;
});

test('FileBody: cancel closes before, during and after sending, and the sink hears nothing more', TIMEOUT, async () => {
  const unsent = await openBody([{ first: 0, last: 9 }]);
  unsent.body.cancel();
  await unsent.isClosed;
  const deaf = new ManualSink(true);
  unsent.body.sendTo(deaf);
  await turns(20);
  assert.deepEqual([deaf.chunks.length, deaf.calls], [0, []]);

  const reading = await openBody([{ first: 0, last: SIZE - 1 }]);
  const slab = takeSlab();
  giveSlab(slab); // the next one taken is this one
  const sink = new ManualSink(true);
  reading.body.sendTo(sink);
  reading.body.cancel();
  reading.body.cancel();
  await reading.isClosed;
  assert.deepEqual([sink.chunks.length, sink.calls], [0, []]);
  assert.equal(takeSlab(), slab, 'the slab of the read under way came back');

  const waiting = await openBody([{ first: 0, last: SIZE - 1 }]);
  const slow = new ManualSink(false);
  waiting.body.sendTo(slow);
  await slow.nextWrite();
  waiting.body.cancel();
  slow.onDrained?.();
  await waiting.isClosed;
  assert.deepEqual([slow.chunks.length, slow.calls], [1, []]);

  const sent = await openBody([{ first: 0, last: 9 }]);
  await collect(sent.body);
  sent.body.cancel();
  await sent.isClosed;
});

test('FileBody: a sink that cancels from inside write ends it', TIMEOUT, async () => {
  const { body, isClosed } = await openBody([{ first: 0, last: SIZE - 1 }]);
  const tooLarge = new ProxyError('response_too_large');
  await assert.rejects(
    collectBody(body, 10, () => tooLarge),
    tooLarge,
  );
  await isClosed;
});

test('FileBody: a read error aborts', TIMEOUT, async () => {
  const handle = await open(dir);
  const body = new FileBody(handle, [{ first: 0, last: 9 }]);
  await assert.rejects(collect(body), { code: 'file_unreadable' });
});

/** Copies chunks and tells when one comes; says go on or wait as it was told. */
class ManualSink implements Sink {
  onDrained: (() => void) | undefined = undefined;
  readonly chunks: Buffer[] = [];
  readonly lent: Buffer[] = [];
  readonly releases: (Release | undefined)[] = [];
  readonly calls: string[] = [];
  keepsChunks = false;
  readonly ended: Promise<void>;
  readonly #goesOn: boolean;
  #resolveEnd: () => void = () => {};
  #onWrite: () => void = () => {};
  #unseen = 0;

  constructor(goesOn: boolean) {
    this.#goesOn = goesOn;
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
  }

  async nextWrite(): Promise<void> {
    if (this.#unseen === 0) {
      await new Promise<void>((resolve) => {
        this.#onWrite = resolve;
      });
    }
    this.#unseen--;
  }

  write(chunk: Buffer, release?: Release): boolean {
    this.chunks.push(Buffer.from(chunk));
    this.lent.push(chunk);
    this.releases.push(release);
    if (!this.keepsChunks) release?.();
    this.#unseen++;
    this.#onWrite();
    return this.#goesOn;
  }

  end(): void {
    this.calls.push('end');
    this.#resolveEnd();
  }

  abort(error: ProxyError): void {
    this.calls.push(error.code);
  }
}

/** Lets everything run that is ready now. */
async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await new Promise((resolve) => setImmediate(resolve));
}
