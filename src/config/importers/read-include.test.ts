// Included files from the disk: in order, regular files only, within bounds.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { createReadInclude } from './read-include.ts';

test('includes are read by name and by glob', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-include-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const name of ['b.conf', 'a.conf', 'c.txt', '.hidden.conf']) writeFileSync(join(dir, name), name);
  mkdirSync(join(dir, 'folder.conf'));
  mkdirSync(join(dir, 'sub'));
  writeFileSync(join(dir, 'sub', 'd.conf'), 'd');
  symlinkSync(join(dir, 'c.txt'), join(dir, 'z.conf'));
  const names = (pattern: string) =>
    createReadInclude()(join(dir, pattern)).map(
      (read) => read.file.slice(dir.length + 1) + ('text' in read ? '' : ': problem'),
    );
  assert.deepEqual(names('*.conf'), ['a.conf', 'b.conf', 'z.conf']);
  assert.deepEqual(names('{b,a}.conf'), ['b.conf', 'a.conf']);
  assert.deepEqual(names('*/d.conf'), ['sub/d.conf']);
  assert.deepEqual(names('a.conf'), ['a.conf']);
  assert.deepEqual(names('missing.conf'), []);
  assert.deepEqual(names('missing/*.conf'), []);
  assert.deepEqual(names('sub'), ['sub: problem']);
  assert.deepEqual(
    createReadInclude()('/dev/zero').map((read) => 'problem' in read && read.problem),
    ['not a regular file'],
  );
});

test('one import reads a bounded number of files', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-include-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'a.conf'), '');
  const read = createReadInclude();
  for (let count = 0; count < 2000; count++) assert.ok('text' in (read(join(dir, 'a.conf'))[0] ?? {}));
  assert.match(JSON.stringify(read(join(dir, 'a.conf'))), /more than 2000 files/);
});
