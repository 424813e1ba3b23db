// Log files: one writer per file, shared by its users, closed with the last of them.
import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../test/kit/temp-folder.ts';
import { systemClock } from '../util/clock.ts';
import { LogFiles } from './log-files.ts';

const LIMIT = { timeout: 120_000 };

test('two users of one file share its writer; it lives until both have closed', LIMIT, async (context) => {
  const path = join(tempFolder(context), 'log');
  const files = new LogFiles(systemClock);
  const [first, second] = await Promise.all([files.open({ path }), files.open({ path })]);
  assert.equal(first.writer, second.writer);
  await first.close();
  await first.close();
  second.writer.write('still open\n');
  assert.equal(await files.flush(5000), true);
  second.writer.write('more\n');
  await second.close();
  assert.equal(readFileSync(path, 'utf8'), 'still open\nmore\n');
  const third = await files.open({ path });
  assert.notEqual(third.writer, second.writer);
  await third.close();
});

test('reopen reaches every file', LIMIT, async (context) => {
  const folder = tempFolder(context);
  const files = new LogFiles(systemClock);
  const names = ['a', 'b'];
  const open = await Promise.all(names.map((name) => files.open({ path: join(folder, name) })));
  for (const name of names) renameSync(join(folder, name), join(folder, `${name}.1`));
  files.reopen();
  for (const { writer } of open) writer.write('new\n');
  for (const file of open) await file.close();
  for (const name of names) assert.equal(readFileSync(join(folder, name), 'utf8'), 'new\n');
});

test('a file that cannot be opened is an error that names it, and leaves nothing behind', LIMIT, async (context) => {
  const path = join(tempFolder(context), 'none', 'log');
  const files = new LogFiles(systemClock);
  const tries = await Promise.allSettled([files.open({ path }), files.open({ path })]);
  for (const result of tries) {
    assert.equal(result.status, 'rejected');
    assert.match(String(result.reason), /cannot open the log .*none\/log: ENOENT/);
  }
  assert.equal(await files.flush(1000), true);
});

test('lost lines are counted beyond the life of their file, and told', LIMIT, async () => {
  const full = Object.assign(new Error('full'), { code: 'EIO' });
  const files = new LogFiles(systemClock, {
    open: async () => 9,
    write: () => Promise.reject(full),
    identify: async () => '',
    close: async () => {},
  });
  const told: string[] = [];
  files.onTrouble = ({ message }) => told.push(message);
  const file = await files.open({ path: '/x' });
  file.writer.write(`${'x'.repeat(1024 * 1024)}\n`);
  assert.equal(files.droppedCount, 1);
  assert.match(told[0] ?? '', /\/x: lines come faster/);
  await file.close();
  assert.equal(files.droppedCount, 1);
});

test('the devices of standard output and error are the descriptors', LIMIT, async () => {
  const files = new LogFiles(systemClock);
  const byName = await files.open({ path: '/dev/stdout' });
  const byNumber = await files.open({ fd: 1 });
  assert.equal(byName.writer, byNumber.writer);
  await byName.close();
  await byNumber.close();
});
