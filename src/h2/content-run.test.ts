// Content of one read put together: one piece for each run, kept for as long as anybody holds a part of the read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentRun } from './content-run.ts';
import { LentBytes } from './lent-bytes.ts';
import type { Stream } from './stream.ts';

function fakeStream(name: string, got: string[]): Stream {
  return {
    takeContent(bytes: Buffer, lent: LentBytes | undefined) {
      got.push(`${name} ${bytes.toString('latin1', 0, 8)} ${bytes.length}${lent === undefined ? '' : ' lent'}`);
    },
  } as unknown as Stream;
}

test('frames of one stream in a row become one piece, over the heads between them', () => {
  const got: string[] = [];
  const [one, two] = [fakeStream('one', got), fakeStream('two', got)];
  const bytes = Buffer.from('-ab--cd-e---fg--hi', 'latin1');
  const lent = new LentBytes(bytes, () => got.push('released'));
  const run = new ContentRun();
  run.add(one, bytes, 1, 3, lent);
  run.add(one, bytes, 5, 7, lent);
  run.add(one, bytes, 8, 9, lent);
  run.add(two, bytes, 12, 14, lent);
  run.add(one, bytes, 16, 18, lent);
  run.handOn(lent);
  run.handOn(lent);
  assert.deepEqual(got, ['one abcde 5 lent', 'two fg 2 lent', 'one hi 2 lent']);
  lent.done();
  assert.equal(got.at(-1), 'released');
});

test('what lies elsewhere is no part of the read', () => {
  const got: string[] = [];
  const stream = fakeStream('one', got);
  const lent = new LentBytes(Buffer.from('xyz', 'latin1'), () => {});
  const run = new ContentRun();
  run.add(stream, Buffer.from('abc', 'latin1'), 0, 3, lent);
  run.add(stream, lent.bytes, 1, 3, lent);
  run.handOn(lent);
  run.add(stream, lent.bytes, 0, 1, undefined);
  run.handOn(undefined);
  assert.deepEqual(got, ['one abc 3', 'one yz 2 lent', 'one x 1']);
});

test('a read goes back when its last part does; little parts are to be copied', () => {
  let releases = 0;
  const lent = new LentBytes(Buffer.alloc(100_000), () => releases++);
  assert.equal(lent.keep(100), undefined);
  const [first, second] = [lent.keep(20_000), lent.keep(50_000)];
  first?.();
  lent.done();
  assert.equal(releases, 0);
  second?.();
  assert.equal(releases, 1);
});
