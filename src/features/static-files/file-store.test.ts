// The store when files change between looking, opening and reading.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { collectBody } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import { createFileMemory, FileStore, MAX_LOADED_BYTES, type ReadableFile } from './file-store.ts';
import { locateOpened, RootFolder } from './root-folder.ts';

const TIMEOUT = { timeout: 120_000 };
const LONG_AGO = new Date('2024-02-03T04:05:06.789Z');
let dir: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'portico-store-'));
});
after(() => rm(dir, { recursive: true }));

async function put(name: string, content: string, time = LONG_AGO): Promise<void> {
  await writeFile(join(dir, name), content);
  await utimes(join(dir, name), time, time);
}

function createStore(whileOpening: () => Promise<void> = async () => {}) {
  const clock = new FakeClock(Date.now());
  const root = new RootFolder(dir, clock, async (...opened) => {
    await whileOpening();
    return locateOpened(...opened);
  });
  const memory = createFileMemory(1e6);
  const settings = { codings: [], cacheRules: [], types: new Map() };
  const store = new FileStore(root, settings, { clock, memory });
  const find = async (name: string) => {
    const variant = (await store.find(name))?.variants[0];
    assert.ok(variant !== undefined);
    return variant;
  };
  return { store, find, memory };
}

async function readText(file: ReadableFile | undefined): Promise<string> {
  assert.ok(file !== undefined);
  const body = file.content.take([{ first: 0, last: file.representation.facts.size - 1 }]);
  const { bytes } = await collectBody(body, 1e7, () => new ProxyError('response_too_large'));
  return bytes.toString();
}

test('read: a file that became a folder is gone', TIMEOUT, async () => {
  const { store, find } = createStore();
  await put('a', 'file');
  const variant = await find('a');
  await rm(join(dir, 'a'));
  await mkdir(join(dir, 'a'));
  assert.equal(await store.read(variant), undefined);
});

test('read: a small file that became a large one is sent as it is now, and not kept', TIMEOUT, async () => {
  const { store, find, memory } = createStore();
  await put('b', 'small');
  const variant = await find('b');
  const large = 'x'.repeat(MAX_LOADED_BYTES + 1);
  await put('b', large);
  const [one, two] = await Promise.all([store.read(variant), store.read(variant)]);
  assert.equal(await readText(one), large);
  assert.equal(await readText(two), large);
  assert.equal(memory.size, 0);
});

test('read: a file changed while it was read gets a weak tag and is not kept', TIMEOUT, async () => {
  const { store, find, memory } = createStore(() => put('c', 'two', new Date(LONG_AGO.getTime() + 5000)));
  await put('c', 'one');
  const file = await store.read(await find('c'));
  assert.match(file?.representation.validators.etag ?? '', /^W\//);
  assert.equal(memory.size, 0);
});

test('read: a file that shrank while it was read is as long as what was read', TIMEOUT, async () => {
  const { store, find, memory } = createStore(() => put('d', 'x', LONG_AGO));
  await put('d', 'longer');
  const file = await store.read(await find('d'));
  assert.equal(file?.representation.whole.headers.get('content-length'), '1');
  assert.equal(await readText(file), 'x');
  assert.equal(memory.size, 0);
});

test('read: many at once read a new file once', TIMEOUT, async () => {
  let opened = 0;
  const { store, find } = createStore(async () => {
    opened++;
  });
  await put('e', 'shared');
  const variant = await find('e');
  const files = await Promise.all(Array.from({ length: 20 }, () => store.read(variant)));
  for (const file of files) assert.equal(await readText(file), 'shared');
  assert.equal(opened, 1);
});

test('createFileMemory: bounded in bytes', TIMEOUT, async () => {
  const { store, find, memory } = createStore();
  for (let index = 0; index < 10; index++) {
    await put(`big${index}`, 'x'.repeat(200_000));
    await store.read(await find(`big${index}`));
  }
  assert.ok(memory.calculatedSize <= 1e6);
  assert.equal(memory.size, 4);
});
