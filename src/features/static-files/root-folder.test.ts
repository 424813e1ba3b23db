// The root: links inside and outside, special files, and files exchanged at the worst moment.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { type Locate, locateByPath, locateOpened, RootFolder } from './root-folder.ts';

const TIMEOUT = { timeout: 120_000 };
const STRATEGIES: [string, Locate][] = [
  ['by the kernel', locateOpened],
  ['by the path', locateByPath],
];
let dir: string;
let rootPath: string;

before(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'portico-root-')));
  rootPath = join(dir, 'root');
  await mkdir(join(rootPath, 'sub'), { recursive: true });
  await mkdir(join(dir, 'root-twin'));
  await mkdir(join(dir, 'outside'));
  await writeFile(join(dir, 'outside', 'secret'), 'secret');
  await writeFile(join(dir, 'root-twin', 'secret'), 'secret');
  await writeFile(join(rootPath, 'file'), 'file');
  await writeFile(join(rootPath, 'sub', 'inner'), 'inner');
  const links: [string, string][] = [
    ['sub/inner', 'to-inner'],
    [join(rootPath, 'file'), 'to-file'],
    ['sub', 'to-sub'],
    ['.', 'to-itself'],
    [join(dir, 'outside', 'secret'), 'to-secret'],
    ['../outside', 'to-outside'],
    ['../root-twin/secret', 'to-twin'],
    ['to-outside', 'to-link-out'],
    ['nowhere', 'to-nowhere'],
    ['loop', 'loop'],
    ['/dev/zero', 'to-device'],
  ];
  for (const [target, name] of links) await symlink(target, join(rootPath, name));
  execFileSync('mkfifo', [join(rootPath, 'fifo')]);
});
after(() => rm(dir, { recursive: true }));

for (const [how, locate] of STRATEGIES) {
  test(`open: what lies in the root, ${how}`, TIMEOUT, async () => {
    const root = new RootFolder(rootPath, new FakeClock(), locate);
    for (const name of [
      'file',
      'sub/inner',
      'to-inner',
      'to-file',
      'to-sub/inner',
      'to-itself/file',
      'to-itself/to-itself/file',
    ]) {
      const opened = await root.open(name);
      assert.equal(opened?.facts.kind, 'file', name);
      await opened?.handle.close();
    }
    assert.ok(await root.hasFolder('sub'));
    assert.ok(await root.hasFolder('to-sub'));
    assert.ok(await root.hasFolder(''));
    assert.ok(!(await root.hasFolder('file')));
  });

  test(`open: nothing that lies outside, no special files, ${how}`, TIMEOUT, async () => {
    const root = new RootFolder(rootPath, new FakeClock(), locate);
    const refused = [
      'to-secret',
      'to-outside',
      'to-outside/secret',
      'to-twin',
      'to-link-out/secret',
      'to-nowhere',
      'loop',
      'fifo',
      'to-device',
      'missing',
      'file/x',
      'x'.repeat(300),
    ];
    for (const name of refused) assert.equal(await root.open(name), undefined, name);
    assert.ok(!(await root.hasFolder('to-outside')));
  });

  test(`open: a folder exchanged for a link out and back is not believed, ${how}`, TIMEOUT, async () => {
    const folder = join(rootPath, 'swapped');
    const aside = join(rootPath, 'aside');
    await mkdir(aside);
    await writeFile(join(aside, 'secret'), 'harmless');
    await symlink('../outside', folder);
    const swapBack: Locate = async (...opened) => {
      await unlink(folder);
      await rename(aside, folder);
      return locate(...opened);
    };
    try {
      const root = new RootFolder(rootPath, new FakeClock(), swapBack);
      assert.equal(await root.open('swapped/secret'), undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test('open: a unix socket is refused', TIMEOUT, async () => {
  const server = createServer().listen(join(rootPath, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const root = new RootFolder(rootPath, new FakeClock());
  assert.equal(await root.open('socket'), undefined);
  await new Promise((resolve) => server.close(resolve));
});

test('open: a root that is a link follows it, also when it is pointed elsewhere', TIMEOUT, async () => {
  for (const release of ['one', 'two']) {
    await mkdir(join(dir, release));
    await writeFile(join(dir, release, 'version'), release);
  }
  const current = join(dir, 'current');
  await symlink('one', current);
  const root = new RootFolder(current, new FakeClock());
  assert.equal(await readAll(root, 'version'), 'one');
  await unlink(current);
  await symlink('two', current);
  assert.equal(await readAll(root, 'version'), 'two');
});

test('look: facts with links followed, undefined for nothing, an error for what is denied', TIMEOUT, async () => {
  const root = new RootFolder(rootPath, new FakeClock());
  assert.equal((await root.look('to-inner'))?.size, 5);
  assert.equal((await root.look('sub'))?.kind, 'folder');
  assert.equal((await root.look('fifo'))?.kind, 'other');
  assert.equal(await root.look('missing'), undefined);
  assert.equal(await root.look('loop'), undefined);
});

test('list: entries of the root only, up to the limit', TIMEOUT, async () => {
  const root = new RootFolder(rootPath, new FakeClock());
  const all = await root.list('', 100, () => true);
  const names = all?.entries.map(({ name }) => name).sort();
  assert.deepEqual(names, ['file', 'sub', 'to-file', 'to-inner', 'to-itself', 'to-sub']);
  assert.equal(all?.isCut, false);
  const wanted = await root.list('', 100, (name) => name.startsWith('s'));
  assert.deepEqual(
    wanted?.entries.map(({ name }) => name),
    ['sub'],
  );
  const cut = await root.list('', 2, () => true);
  assert.deepEqual([cut?.entries.length, cut?.isCut], [2, true]);
  assert.equal(await root.list('to-outside', 100, () => true), undefined);
  assert.equal(await root.list('file', 100, () => true), undefined);
  assert.equal(await root.list('missing', 100, () => true), undefined);
});

async function readAll(root: RootFolder, name: string): Promise<string> {
  const opened = await root.open(name);
  assert.ok(opened !== undefined, name);
  try {
    return await opened.handle.readFile('utf8');
  } finally {
    await opened.handle.close();
  }
}
