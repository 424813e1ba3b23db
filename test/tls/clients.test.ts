// Client certificates, sessions and presets, end to end.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { ask } from '../kit/ask.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority, type TestCertificate } from '../kit/certificates.ts';
import { type InProcess, startInProcess } from '../kit/in-process.ts';
import { askSecure, connectSecure, readToEnd } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000 };
const HTTP = 'http://127.0.0.1:0';
const HTTPS = 'https://127.0.0.1:0';

let root: TestAuthority;
let ca: string;

before(async () => {
  root = await TestAuthority.create();
  ca = root.cert;
});

/** A backend that answers the header lines it got, as JSON. */
async function startEcho(owner: Owner): Promise<string> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(owner, () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

describe('client certificates', { timeout: 600_000 }, () => {
  let server: InProcess;
  let ours: TestCertificate;
  let theirs: TestCertificate;
  let chained: TestCertificate;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    const folder = tempFolder(owner);
    const [oursCa, theirsCa] = [await TestAuthority.create('Ours'), await TestAuthority.create('Theirs')];
    ours = await oursCa.issue({ names: [], subject: 'alice' });
    theirs = await theirsCa.issue({ names: [], subject: 'mallory' });
    chained = await (await oursCa.intermediate()).issue({ names: [], subject: 'bob' });
    const caFile = join(folder, 'ours.pem');
    writeFileSync(caFile, oursCa.cert);
    const names = ['must.test', 'may.test', 'open.test', 'also.test'];
    const tls = saveCertificate(folder, 'all', await root.issue({ names }));
    const proxy = await startEcho(owner);
    const clients = { ca: caFile };
    server = await startInProcess(owner, {
      listen: [HTTPS, HTTP],
      admin: false,
      tls,
      sites: {
        'must.test': { proxy, tls: { clients } },
        'also.test': { proxy, tls: { clients }, https: 'optional' },
        'may.test': { proxy, tls: { clients: { ...clients, mode: 'request' } } },
        'open.test': { proxy },
      },
    });
  });

  test.after(async () => {
    for (const end of ends) await end();
  });

  const cases: readonly (readonly [
    host: string,
    who: 'nobody' | 'ours' | 'theirs' | 'chained',
    status: number,
    certs: number,
  ])[] = [
    ['must.test', 'ours', 200, 1],
    ['must.test', 'chained', 200, 2],
    ['must.test', 'theirs', 403, 0],
    ['must.test', 'nobody', 403, 0],
    ['may.test', 'ours', 200, 1],
    ['may.test', 'theirs', 200, 0],
    ['may.test', 'nobody', 200, 0],
    ['open.test', 'ours', 200, 0],
    ['open.test', 'nobody', 200, 0],
  ];
  for (const [host, who, status, certs] of cases) {
    test(`${who} at ${host}: ${status}, ${certs} certificates for the backend`, OPTIONS, async () => {
      const certificate = { nobody: {}, ours, theirs, chained }[who];
      const forged = ['Client-Cert: :AAAA:', 'client-cert-chain: :AAAA:'];
      const answer = await askSecure(server.port(), host, { ca, ...certificate }, { lines: forged });
      assert.equal(answer.status, status);
      if (status !== 200) {
        assert.match(answer.body, /client_certificate_required/);
        return;
      }
      const headers = JSON.parse(answer.body) as Record<string, string | undefined>;
      const sent = [headers['client-cert'], headers['client-cert-chain']].filter((value) => value !== undefined);
      assert.ok(sent.length >= Math.min(1, certs) && (certs > 0 || sent.length === 0), answer.body);
      if (certs === 0) return;
      const leaf = /^:([A-Za-z0-9+/=]+):$/.exec(headers['client-cert'] ?? '')?.[1] ?? '';
      assert.equal(new X509Certificate(Buffer.from(leaf, 'base64')).subject, who === 'ours' ? 'CN=alice' : 'CN=bob');
      if (certs === 2) assert.match(headers['client-cert-chain'] ?? '', /^:[A-Za-z0-9+/=]+:/);
    });
  }

  const crossed: readonly (readonly [sni: string, host: string, status: number])[] = [
    ['open.test', 'must.test', 421],
    ['open.test', 'may.test', 421],
    ['must.test', 'open.test', 421],
    ['may.test', 'must.test', 421],
    ['must.test', 'also.test', 200],
  ];
  for (const [sni, host, status] of crossed) {
    test(
      `a connection for ${sni} that asks for ${host} gets ${status}, whatever certificate it has`,
      OPTIONS,
      async () => {
        const answer = await askSecure(server.port(), host, { ca, servername: sni, ...ours });
        assert.equal(answer.status, status);
      },
    );
  }

  test('cleartext is no way around', OPTIONS, async () => {
    const answer = await ask(server.port(1), '/', { lines: ['Host: also.test'] });
    assert.equal(answer.status, 403);
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(
      `a resumed session of ${maxVersion} keeps the certificate, opens no other site, and gives nobody one`,
      OPTIONS,
      async () => {
        const first = await askSecure(server.port(), 'must.test', { ca, maxVersion, ...ours });
        assert.equal(first.status, 200);
        const again = await askSecure(server.port(), 'must.test', { ca, maxVersion, session: first.session });
        assert.ok(again.isReused);
        assert.deepEqual([again.status, /client-cert"/.test(again.body)], [200, true]);
        const other = await askSecure(server.port(), 'also.test', { ca, maxVersion, session: first.session });
        assert.deepEqual([other.isReused, other.status], [false, 403]);
        const without = await askSecure(server.port(), 'may.test', { ca, maxVersion });
        const resumed = await askSecure(server.port(), 'may.test', { ca, maxVersion, session: without.session });
        assert.deepEqual([resumed.isReused, /client-cert"/.test(resumed.body)], [true, false]);
      },
    );
  }
});

describe('presets', { timeout: 600_000 }, () => {
  let server: InProcess;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    const folder = tempFolder(owner);
    const issue = async (preset: string) => {
      const names = [`${preset}.test`];
      const kinds = [await root.issue({ names }), await root.issue({ names, kind: 'rsa' })];
      return { certificates: kinds.map((kind, index) => saveCertificate(folder, `${preset}${index}`, kind)), preset };
    };
    server = await startInProcess(owner, {
      listen: HTTPS,
      admin: false,
      sites: Object.fromEntries(
        await Promise.all(
          ['modern', 'compatible', 'strict'].map(async (preset) => [
            `${preset}.test`,
            { respond: { status: 200, body: preset }, tls: await issue(preset) },
          ]),
        ),
      ),
    });
  });

  test.after(async () => {
    for (const end of ends) await end();
  });

  const old = 'DEFAULT@SECLEVEL=0';
  const cases: readonly (readonly [
    preset: string,
    client: ConnectionOptions,
    protocol: string | undefined,
    cipher?: RegExp,
  ])[] = [
    ['modern', {}, 'TLSv1.3'],
    ['modern', { maxVersion: 'TLSv1.2' }, 'TLSv1.2', /GCM|CHACHA/],
    ['modern', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }, undefined],
    ['modern', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }, undefined],
    ['modern', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: old }, undefined],
    ['modern', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, 'TLSv1.2', /ECDHE_RSA/],
    ['modern', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, 'TLSv1.2', /ECDHE_ECDSA/],
    ['compatible', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }, 'TLSv1.2', /CBC/],
    ['compatible', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }, 'TLSv1.2', /TLS_RSA_/],
    ['compatible', {}, 'TLSv1.3'],
    ['compatible', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: old }, undefined],
    ['strict', {}, 'TLSv1.3'],
    ['strict', { maxVersion: 'TLSv1.2' }, undefined],
  ];
  for (const [preset, client, protocol, cipher] of cases) {
    test(`${preset} and a client with ${JSON.stringify(client)}: ${protocol ?? 'refused'}`, OPTIONS, async () => {
      const asked = askSecure(server.port(), `${preset}.test`, { ca, ...client });
      if (protocol === undefined) {
        await assert.rejects(asked, { code: /^ERR_SSL_|ECONNRESET/ });
        return;
      }
      const answer = await asked;
      assert.deepEqual([answer.protocol, answer.body], [protocol, preset]);
      if (cipher !== undefined) assert.match(answer.cipher, cipher);
    });
  }

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`sessions of ${maxVersion} are resumed, and only where they were made`, OPTIONS, async () => {
      const first = await askSecure(server.port(), 'modern.test', { ca, maxVersion });
      assert.equal(first.isReused, false);
      const again = await askSecure(server.port(), 'modern.test', { ca, maxVersion, session: first.session });
      assert.equal(again.isReused, true);
      const other = await askSecure(server.port(), 'compatible.test', { ca, maxVersion, session: first.session });
      assert.equal(other.isReused, false);
    });
  }

  test('a client that ends its half first gets its answer', OPTIONS, async () => {
    const socket = await connectSecure(server.port(), { ca, servername: 'modern.test', allowHalfOpen: true } as object);
    socket.end('GET / HTTP/1.1\r\nHost: modern.test\r\n\r\n');
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 [\s\S]*modern$/);
  });
});
