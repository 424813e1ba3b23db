// The CA of this machine: certificates for local names without any network, and browsers that are made to believe it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTrustStores } from '../../src/cli/trust-stores.ts';
import { renderMetrics } from '../../src/observe/metrics-registry.ts';
import { programPath, skipUnless } from '../kit/debian.ts';
import { startInProcess } from '../kit/in-process.ts';
import { MovableClock } from '../kit/movable-clock.ts';
import { launchPortico, startPortico } from '../kit/portico.ts';
import { askSecure, connectSecure } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const TIME = { timeout: 180_000 };
const DAY_MS = 24 * 3600_000;

test('local names have certificates of a root that can vouch for nothing else', TIME, async (t) => {
  const storage = tempFolder(t);
  const respond = { body: 'hello' };
  const server = await startInProcess(t, {
    listen: 'https://127.0.0.1:0',
    admin: false,
    storage,
    sites: {
      'localhost, app.localhost': { tls: 'auto', respond },
      '*.test': { tls: 'auto', respond },
      'public.example.org': { tls: 'auto', respond },
    },
    acme: { directory: 'https://127.0.0.1:1/dir' },
  });
  // The root is made at the first handshake.
  (await connectSecure(server.port(), { servername: 'localhost', rejectUnauthorized: false })).destroy();
  const folder = join(storage, 'local-ca');
  const ca = readFileSync(join(folder, 'root.pem'), 'utf8');
  for (const host of ['localhost', 'app.localhost', 'shop.test', 'deep.shop.test']) {
    const { status, peer } = await askSecure(server.port(), host, { ca });
    assert.deepEqual([host, status], [host, 200]);
    assert.ok(peer.subjectaltname?.split(', ').includes(`DNS:${host}`));
  }
  const nameless = await connectSecure(server.port(), { ca });
  assert.match(nameless.getPeerCertificate().subjectaltname ?? '', /IP Address:127\.0\.0\.1/);
  nameless.destroy();
  await assert.rejects(askSecure(server.port(), 'public.example.org', { ca }), /unrecognized name/);
  const metrics = await renderMetrics();
  for (const host of ['localhost', 'app.localhost', 'shop.test', 'deep.shop.test'])
    assert.ok(metrics.includes(`portico_certificate_expiry_timestamp_seconds{name="${host}",key="ec"} `), host);
  assert.ok(!metrics.includes('name="public.example.org"'), 'what there is no certificate for has no expiry');
  assert.deepEqual(
    [folder, join(folder, 'root.pem'), join(folder, 'root.key')].map((path) =>
      (statSync(path).mode & 0o777).toString(8),
    ),
    ['700', '600', '600'],
  );
  assert.ok(new X509Certificate(ca).ca);
  // Permitted: localhost, test, 127.0.0.0/8, ::1; as the bytes of RFC 5280 §4.2.1.10.
  const permitted = ['82096c6f63616c686f7374', '820474657374', '87087f000000ff000000'];
  for (const bytes of permitted) assert.ok(new X509Certificate(ca).raw.includes(Buffer.from(bytes, 'hex')), bytes);
});

test('a restart keeps the root, and a certificate of two weeks is made anew in time', TIME, async (t) => {
  const storage = tempFolder(t);
  const clock = new MovableClock();
  const document = {
    listen: 'https://127.0.0.1:0',
    admin: false,
    storage,
    sites: { localhost: { tls: 'auto', respond: { body: 'hello' } } },
  };
  const first = await startInProcess(t, document, { clock });
  const before = await askSecure(first.port(), 'localhost', { rejectUnauthorized: false });
  const ca = readFileSync(join(storage, 'local-ca', 'root.pem'), 'utf8');
  clock.putForward(8 * DAY_MS);
  const same = await askSecure(first.port(), 'localhost', { ca });
  clock.putForward(3 * DAY_MS);
  // The client's clock was not put forward.
  const after = await askSecure(first.port(), 'localhost', { rejectUnauthorized: false });
  assert.equal(same.peer.serialNumber, before.peer.serialNumber);
  assert.notEqual(after.peer.serialNumber, before.peer.serialNumber);
  assert.deepEqual(after.peer.issuer, before.peer.issuer);
  await first.server.stop();
  const second = await startInProcess(t, document);
  await askSecure(second.port(), 'localhost', { ca });
});

test('portico cert explain says what is shown and why', TIME, async (t) => {
  const storage = tempFolder(t);
  const portico = await startPortico(t, {
    config: {
      listen: 'https://127.0.0.1:0',
      storage,
      acme: { directory: { directory: 'https://127.0.0.1:1/dir', ca: './none.pem' } },
      sites: {
        localhost: { tls: 'auto', respond: { body: 'hello' } },
        'www.example.org': { tls: 'auto', respond: { body: 'hello' } },
      },
    },
  });
  await askSecure(portico.port, 'localhost', { rejectUnauthorized: false });
  await portico.process.untilOutput('no certificate was issued');
  const run = async (...args: string[]) => {
    const command = launchPortico(t, { args: [...args, '-c', join(portico.folder, 'portico.yaml')] });
    const { status } = await command.process.ended(30_000);
    return { status, text: command.process.output };
  };
  const local = await run('cert', 'explain', 'https://localhost/x');
  assert.equal(local.status, 0, local.text);
  assert.match(local.text, /^localhost \(site localhost\): a certificate of the local CA\n/);
  assert.match(
    local.text,
    /\n {2}for localhost, 127\.0\.0\.1, .*ec key, serial [0-9A-F]+\n {2}issued by CN=Portico local CA/,
  );
  assert.ok(local.text.includes(`kept in ${join(storage, 'local-ca', 'root.pem')}`));
  const failing = await run('cert', 'explain', 'www.example.org');
  assert.equal(failing.status, 1, failing.text);
  assert.match(failing.text, /no certificate: handshakes for this name are refused\n/);
  assert.match(
    failing.text,
    /last attempt .* UTC failed:\n {4}127\.0\.0\.1:1: cannot read .*none\.pem: there is no such file\n/,
  );
  const unknown = await run('cert', 'explain', 'other.example.org');
  assert.match(unknown.text, /^other\.example\.org: no certificate\n {2}no site with TLS has this name\n/);
  const refused = await run('cert', 'revoke', 'localhost');
  assert.deepEqual([refused.status, /is not one that is fetched from a CA/.test(refused.text)], [1, true]);
  const wrong = await run('cert', 'explode', 'localhost');
  assert.deepEqual([wrong.status, /it can explain, renew, revoke/.test(wrong.text)], [2, true]);
});

test('portico trust puts the root into the store of a browser, and takes it out again', {
  ...TIME,
  skip: skipUnless('certutil'),
}, async (t) => {
  const [home, storage] = [tempFolder(t), tempFolder(t)];
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  const certutil = (...args: string[]) =>
    execFileSync(programPath('certutil'), [...args, '-d', `sql:${database}`], { encoding: 'utf8' });
  certutil('-N', '--empty-password');
  const run = async (...args: string[]) => {
    const command = launchPortico(t, { args: ['trust', '--storage', storage, ...args], env: { HOME: home } });
    return { end: await command.process.ended(30_000), text: command.process.output };
  };
  const dry = await run('--dry-run');
  assert.equal(dry.end.status, 0, dry.text);
  assert.match(dry.text, /Chromium \(.*nssdb\)\n {2}(sudo )?certutil -A -d sql:/);
  assert.doesNotMatch(certutil('-L'), /Portico/);

  const installed = await run('--user');
  assert.equal(installed.end.status, 0, installed.text);
  assert.match(certutil('-L'), /Portico local CA [0-9a-f]{8} +C,,/);
  assert.ok(existsSync(join(storage, 'local-ca', 'root.pem')));

  assert.equal((await run('--user', '--uninstall')).end.status, 0);
  assert.doesNotMatch(certutil('-L'), /Portico/);
  const again = await run('--user', '--uninstall');
  assert.equal(again.end.status, 1);
  assert.match(again.text, /failed: certutil:/);
});

test('findTrustStores: the commands for a Debian machine with two browsers', () => {
  const files = [
    '/usr/local/share/ca-certificates',
    '/home/me/.pki/nssdb/cert9.db',
    '/home/me/.mozilla/firefox/abc.default/cert9.db',
  ];
  const stores = findTrustStores(
    { file: '/var/lib/portico/local-ca/root.pem', name: 'Portico local CA 12ab' },
    {
      home: '/home/me',
      exists: (path) => files.includes(path),
      list: (path) => (path.endsWith('.mozilla/firefox') ? ['abc.default', 'profiles.ini'] : []),
    },
  );
  const print = (steps: (typeof stores)[number]['install']) =>
    steps.map(({ program, args }) => [program, ...args].join(' '));
  assert.deepEqual(
    stores.map(({ name }) => name),
    [
      'the system (Debian, Ubuntu, Alpine)',
      'Chromium (/home/me/.pki/nssdb)',
      'Firefox (/home/me/.mozilla/firefox/abc.default)',
    ],
  );
  const [system, chromium] = stores;
  assert.deepEqual(print(system?.install ?? []), [
    'cp /var/lib/portico/local-ca/root.pem /usr/local/share/ca-certificates/portico-local-ca-12ab.crt',
    'chmod 644 /usr/local/share/ca-certificates/portico-local-ca-12ab.crt',
    'update-ca-certificates',
  ]);
  assert.deepEqual(print(system?.uninstall ?? []), [
    'rm -f /usr/local/share/ca-certificates/portico-local-ca-12ab.crt',
    'update-ca-certificates --fresh',
  ]);
  assert.deepEqual(print(chromium?.uninstall ?? []), [
    'certutil -D -d sql:/home/me/.pki/nssdb -n Portico local CA 12ab',
  ]);
});
