// A browser believes the CA of this machine after `portico trust`, and does not before.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { atEnd } from '../kit/at-end.ts';
import { programPath, skipUnless } from '../kit/debian.ts';
import { startInProcess } from '../kit/in-process.ts';
import { launchPortico } from '../kit/portico.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

test('Chromium believes app.localhost after portico trust, and not before', {
  timeout: 300_000,
  skip: skipUnless('certutil', 'chromium'),
}, async (t) => {
  const [home, storage] = [tempFolder(t), tempFolder(t)];
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  execFileSync(programPath('certutil'), ['-N', '--empty-password', '-d', `sql:${database}`]);
  const server = await startInProcess(t, {
    listen: 'https://127.0.0.1:0',
    admin: false,
    storage,
    sites: { 'app.localhost': { tls: 'auto', respond: { body: 'hello from app.localhost' } } },
  });
  const visit = async (): Promise<string> => {
    const context = await chromium.launchPersistentContext(tempFolder(t), {
      executablePath: programPath('chromium'),
      args: ARGUMENTS,
      timeout: 60_000,
      env: { ...process.env, HOME: home } as Record<string, string>,
    });
    atEnd(t, () => context.close());
    const page = await context.newPage();
    try {
      await page.goto(`https://app.localhost:${server.port()}/`, { timeout: 60_000 });
      return await page.innerText('body');
    } catch (error) {
      return String(error);
    } finally {
      await context.close();
    }
  };
  assert.match(await visit(), /ERR_CERT_AUTHORITY_INVALID/);
  const trust = launchPortico(t, { args: ['trust', '--user', '--storage', storage], env: { HOME: home } });
  assert.equal((await trust.process.ended(60_000)).status, 0, trust.output);
  assert.equal(await visit(), 'hello from app.localhost');
});
