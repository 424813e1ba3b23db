// AcmeStore and its files: rights, whole or not at all, and what is broken counts as missing.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TestAuthority } from '../../test/kit/certificates.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { parseCertificate } from '../tls/certificate.ts';
import { makePrivateFolder, writeAtomically } from './atomic-file.ts';
import { AcmeStore } from './store.ts';

const TIME = { timeout: 120_000 };

function openStore(t: TestContext): { store: AcmeStore; dir: string; errors: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'portico-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const dir = join(folder, 'acme');
  const errors: string[] = [];
  const log = { info() {}, warn() {}, error: (_fields: object, message: string) => void errors.push(message) };
  return { store: new AcmeStore(dir, new FakeClock(Date.now()), log), dir, errors };
}

async function makeCertificate(name: string) {
  const { cert, key } = await (await TestAuthority.create()).issue({ names: [name] });
  return parseCertificate(cert, key);
}

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

test('AcmeStore: what is written comes back, with its key in the same file', TIME, async (t) => {
  const { store, dir } = openStore(t);
  const certificate = await makeCertificate('*.example.org');
  await store.writeCertificate('*.example.org', certificate, { directory: 'https://ca/dir', obtainedMs: 7 });
  const { certificate: read, facts } = await store.readCertificate('*.example.org');
  assert.equal(read?.leaf.serialNumber, certificate.leaf.serialNumber);
  assert.deepEqual(facts, { directory: 'https://ca/dir', obtainedMs: 7 });
  assert.deepEqual(readdirSync(join(dir, 'certificates')).sort(), [
    'wildcard.example.org.json',
    'wildcard.example.org.pem',
  ]);
  assert.equal(mode(join(dir, 'certificates', 'wildcard.example.org.pem')), '600');
  assert.equal(mode(join(dir, 'certificates')), '700');
  assert.equal(mode(dir), '700');
});

test('AcmeStore: rights that others have on its folder are taken away', TIME, async (t) => {
  const { store, dir } = openStore(t);
  mkdirSync(dir, { mode: 0o755 });
  chmodSync(dir, 0o755);
  await store.writeFacts('a.example', {});
  assert.equal(mode(dir), '700');
});

test('AcmeStore: broken files count as missing, and are logged', TIME, async (t) => {
  const { store, dir, errors } = openStore(t);
  const certificate = await makeCertificate('a.example');
  await store.writeCertificate('a.example', certificate, {});
  writeFileSync(join(dir, 'certificates', 'a.example.pem'), certificate.chain);
  writeFileSync(join(dir, 'certificates', 'a.example.json'), '{"obtainedMs":');
  assert.deepEqual(await store.readCertificate('a.example'), { certificate: undefined, facts: {} });
  assert.equal(errors.length, 2);
});

test('AcmeStore: readers see the old or the new certificate, never a part', TIME, async (t) => {
  const { store, errors } = openStore(t);
  const both = [await makeCertificate('a.example'), await makeCertificate('a.example')];
  const serials = both.map(({ leaf }) => leaf.serialNumber);
  const [first, second] = both;
  assert.ok(first && second);
  await store.writeCertificate('a.example', first, {});
  let isWriting = true;
  const writing = (async () => {
    for (let i = 0; i < 50; i++) await store.writeCertificate('a.example', i % 2 === 0 ? second : first, {});
    isWriting = false;
  })();
  while (isWriting) {
    const { certificate } = await store.readCertificate('a.example');
    assert.ok(certificate && serials.includes(certificate.leaf.serialNumber));
  }
  await writing;
  assert.deepEqual(errors, []);
});

test('AcmeStore: leftovers of crashed writers are removed, pending challenges of today are not', TIME, async (t) => {
  const { store, dir } = openStore(t);
  for (const folder of ['certificates', 'challenges']) mkdirSync(join(dir, folder), { recursive: true });
  const files = {
    'certificates/.old.tmp': 2,
    'certificates/.new.tmp': 0,
    'certificates/old.pem': 2,
    'challenges/http-old': 2,
    'challenges/http-new': 0,
  };
  for (const [file, ageDays] of Object.entries(files)) {
    writeFileSync(join(dir, file), 'x');
    const at = Date.now() / 1000 - ageDays * 86_400;
    utimesSync(join(dir, file), at, at);
  }
  await store.writeFacts('a.example', {});
  assert.deepEqual(readdirSync(join(dir, 'certificates')).sort(), ['.new.tmp', 'a.example.json', 'old.pem']);
  assert.deepEqual(readdirSync(join(dir, 'challenges')), ['http-new']);
});

test('AcmeStore: no name of a challenge leads out of its folder', TIME, async (t) => {
  const { store, dir } = openStore(t);
  await store.writeAccount('https://ca.example/dir', { key: 'secret' });
  const [folder = ''] = readdirSync(join(dir, 'authorities'));
  for (const name of [`../authorities/${folder}/account.json`, '..', 'a/b', ''])
    assert.equal(await store.readChallenge(name).catch(() => undefined), undefined, name);
  assert.equal((await store.readAccount('https://ca.example/dir'))?.key, 'secret');
});

test('writeAtomically: a failure leaves the old file and nothing else', TIME, async (t) => {
  const { dir } = openStore(t);
  await makePrivateFolder(dir);
  await writeAtomically(join(dir, 'a'), 'old');
  mkdirSync(join(dir, 'folder'));
  await assert.rejects(writeAtomically(join(dir, 'folder'), 'new'));
  assert.deepEqual(readdirSync(dir).sort(), ['a', 'folder']);
  assert.equal(readFileSync(join(dir, 'a'), 'utf8'), 'old');
});
