// TLS to endpoints, end to end: what is accepted, what each failure is called, and that sessions are resumed.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { ask } from '../kit/ask.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { TestAuthority, type TestCertificate } from '../kit/certificates.ts';
import { startInProcess } from '../kit/in-process.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000 };
const DAY_MS = 86_400_000;

let root: TestAuthority;
let other: TestAuthority;
let fine: TestCertificate;
let client: TestCertificate;

before(async () => {
  [root, other] = [await TestAuthority.create(), await TestAuthority.create('Other')];
  fine = await root.issue({ names: ['localhost', '127.0.0.1'] });
  client = await root.issue({ names: [], subject: 'portico' });
});

interface SecureEndpoint {
  readonly port: number;
  /** For each handshake: whether it resumed a session, and whom the client showed. */
  readonly handshakes: {
    readonly isReused: boolean;
    readonly client: string | string[] | undefined;
    readonly serverName: string | false | null;
  }[];
}

/** A TLS endpoint that answers 200 to each first request of a connection and closes. */
async function startEndpoint(owner: Owner, options: TlsOptions): Promise<SecureEndpoint> {
  const handshakes: SecureEndpoint['handshakes'] = [];
  const server = createServer(options, (socket) => {
    const { subject } = socket.getPeerCertificate();
    handshakes.push({ isReused: socket.isSessionReused(), client: subject?.CN, serverName: socket.servername });
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(owner, () => server.close());
  return { port: (server.address() as AddressInfo).port, handshakes };
}

/** Asks a Portico that proxies with these options: the status, and the error code if there is one. */
async function askThrough(owner: Owner, proxy: object, times = 1): Promise<(readonly [number, string | undefined])[]> {
  const server = await startInProcess(owner, { listen: 'http://127.0.0.1:0', admin: false, sites: { '*': { proxy } } });
  const answers: (readonly [number, string | undefined])[] = [];
  for (let time = 0; time < times; time++) {
    const { status, text } = await ask(server.port(), '/');
    answers.push([status, /^code: (\w+)$/m.exec(text)?.[1]]);
  }
  return answers;
}

function save(owner: Owner, text: string): string {
  const file = join(tempFolder(owner), 'file.pem');
  writeFileSync(file, text);
  return file;
}

function pinOf({ cert }: TestCertificate): string {
  const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(publicKey).digest('base64');
}

describe('what is accepted of an endpoint', { timeout: 600_000 }, () => {
  const cases: readonly (readonly [
    name: string,
    endpoint: () => Promise<TlsOptions> | TlsOptions,
    options: (owner: Owner) => object,
    outcome: readonly [number, string | undefined],
  ])[] = [
    ['an authority of our own', () => fine, (t) => ({ ca: save(t, root.cert) }), [200, undefined]],
    ['an unknown authority', () => fine, () => ({}), [502, 'tls_certificate_invalid']],
    ['another authority', () => fine, (t) => ({ ca: save(t, other.cert) }), [502, 'tls_certificate_invalid']],
    ['an unknown authority, not verified', () => fine, () => ({ verify: false }), [200, undefined]],
    [
      'another name',
      () => root.issue({ names: ['elsewhere.test'] }),
      (t) => ({ ca: save(t, root.cert) }),
      [502, 'tls_certificate_invalid'],
    ],
    [
      'another name that is asked for',
      () => root.issue({ names: ['elsewhere.test'] }),
      (t) => ({ ca: save(t, root.cert), serverName: 'elsewhere.test' }),
      [200, undefined],
    ],
    [
      'an expired certificate',
      () =>
        root.issue({
          names: ['127.0.0.1'],
          from: new Date(Date.now() - 2 * DAY_MS),
          to: new Date(Date.now() - DAY_MS),
        }),
      (t) => ({ ca: save(t, root.cert) }),
      [502, 'tls_certificate_invalid'],
    ],
    [
      'a certificate of tomorrow',
      () => root.issue({ names: ['127.0.0.1'], from: new Date(Date.now() + DAY_MS) }),
      (t) => ({ ca: save(t, root.cert) }),
      [502, 'tls_certificate_invalid'],
    ],
    [
      'TLS 1.1 only',
      () => ({ ...fine, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      (t) => ({ ca: save(t, root.cert) }),
      [502, 'tls_handshake_failed'],
    ],
    [
      'a protocol of its own',
      () => ({ ...fine, ALPNProtocols: ['nothing/9'] }),
      (t) => ({ ca: save(t, root.cert) }),
      [502, 'tls_handshake_failed'],
    ],
    [
      'a key that is pinned',
      () => fine,
      (t) => ({ ca: save(t, root.cert), pins: [pinOf(client), pinOf(fine)] }),
      [200, undefined],
    ],
    [
      'a key that is not pinned',
      () => fine,
      (t) => ({ ca: save(t, root.cert), pins: [pinOf(client)] }),
      [502, 'tls_certificate_invalid'],
    ],
  ];
  for (const [name, endpoint, options, outcome] of cases) {
    test(`${name}: ${outcome[1] ?? outcome[0]}`, OPTIONS, async (t) => {
      const { port } = await startEndpoint(t, await endpoint());
      assert.deepEqual(await askThrough(t, { to: `https://127.0.0.1:${port}`, ...options(t) }), [outcome]);
    });
  }

  test('an endpoint that closes during the handshake', OPTIONS, async (t) => {
    const server = createPlainServer((socket) => socket.once('data', () => socket.destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const to = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.deepEqual(await askThrough(t, { to }), [[502, 'tls_handshake_failed']]);
  });

  test('an endpoint that speaks no TLS', OPTIONS, async (t) => {
    const server = createPlainServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const to = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.deepEqual(await askThrough(t, { to }), [[502, 'tls_handshake_failed']]);
  });
});

test('an endpoint that asks for a client certificate is shown ours', OPTIONS, async (t) => {
  const endpoint = await startEndpoint(t, { ...fine, ca: root.cert, requestCert: true, rejectUnauthorized: true });
  const to = `https://localhost:${endpoint.port}`;
  const files = { cert: save(t, client.cert), key: save(t, client.key) };
  assert.deepEqual(await askThrough(t, { to, ca: save(t, root.cert), clientCertificate: files }), [[200, undefined]]);
  assert.deepEqual(endpoint.handshakes, [{ isReused: false, client: 'portico', serverName: 'localhost' }]);
  const [[status] = [0]] = await askThrough(t, { to, ca: save(t, root.cert) });
  assert.equal(status, 502);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`sessions of ${maxVersion} are resumed`, OPTIONS, async (t) => {
    const endpoint = await startEndpoint(t, { ...fine, maxVersion });
    const answers = await askThrough(t, { to: `https://127.0.0.1:${endpoint.port}`, ca: save(t, root.cert) }, 3);
    assert.deepEqual(
      answers.map(([status]) => status),
      [200, 200, 200],
    );
    assert.deepEqual(
      endpoint.handshakes.map(({ isReused }) => isReused),
      [false, true, true],
    );
  });
}

test('files that cannot be used keep the server from starting', OPTIONS, async (t) => {
  const to = 'https://127.0.0.1:1';
  const broken: readonly (readonly [object, RegExp])[] = [
    [{ ca: '/nowhere.pem' }, /cannot read \/nowhere\.pem/],
    [{ ca: save(t, 'nothing') }, /has no certificate in PEM/],
    [{ clientCertificate: { cert: save(t, client.cert) } }, /has no private key in PEM/],
    [{ clientCertificate: { cert: save(t, client.cert), key: save(t, fine.key) } }, /key values mismatch/],
  ];
  for (const [options, message] of broken) await assert.rejects(askThrough(t, { to, ...options }), { message });
  await assert.rejects(askThrough(t, { to: 'http://127.0.0.1:1', ca: '/x.pem' }), /has no effect without an https/);
  await assert.rejects(askThrough(t, { to, pins: [pinOf(fine)], verify: false }), /"pins" has no effect/);
});
