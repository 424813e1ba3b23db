// TLS for clients, end to end: which certificate, which site, redirects, client certificates, files that change.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { before, describe, test } from 'node:test';
import { renderMetrics } from '../../src/observe/metrics-registry.ts';
import { systemClock } from '../../src/util/clock.ts';
import { ask } from '../kit/ask.ts';
import type { Owner } from '../kit/at-end.ts';
import { saveCertificate, TestAuthority } from '../kit/certificates.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { type InProcess, startInProcess } from '../kit/in-process.ts';
import { askSecure, connectSecure, readToEnd } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { WAIT_LIMIT_MS } from '../kit/waiting.ts';

const OPTIONS = { timeout: 120_000 };
const HTTP = 'http://127.0.0.1:0';
const HTTPS = 'https://127.0.0.1:0';

let root: TestAuthority;
let ca: string;

before(async () => {
  root = await TestAuthority.create();
  ca = root.cert;
});

function says(body: string, more: object = {}): object {
  return { respond: { status: 200, body }, ...more };
}

describe('which certificate and which site', { timeout: 600_000 }, () => {
  let server: InProcess;
  const ends: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (cleanUp) => ends.push(cleanUp) };

  before(async () => {
    const folder = tempFolder(owner);
    const issue = async (name: string, ...names: string[]) =>
      saveCertificate(folder, name, await root.issue({ names }));
    server = await startInProcess(owner, {
      listen: HTTPS,
      admin: false,
      sites: {
        'a.test': says('a', { tls: await issue('a', 'a.test') }),
        'b.test, c.test': says('bc', { tls: [await issue('b', 'b.test'), await issue('c', 'c.test')] }),
        '*.wild.test': says('wild', { tls: await issue('wild', '*.wild.test') }),
        'own.wild.test': says('own', { tls: await issue('own', 'own.wild.test') }),
        'two.test, deux.test': says('two', { tls: await issue('two', 'two.test', 'deux.test') }),
        'plain.wild.test': says('plain'),
      },
    });
  });

  test.after(async () => {
    for (const end of ends) await end();
  });

  const shown: readonly (readonly [host: string, certificate: string, body: string])[] = [
    ['a.test', 'DNS:a.test', 'a'],
    ['A.Test', 'DNS:a.test', 'a'],
    ['b.test', 'DNS:b.test', 'bc'],
    ['c.test', 'DNS:c.test', 'bc'],
    ['x.wild.test', 'DNS:*.wild.test', 'wild'],
    ['own.wild.test', 'DNS:own.wild.test', 'own'],
    ['plain.wild.test', 'DNS:*.wild.test', 'plain'],
    ['deux.test', 'DNS:two.test, DNS:deux.test', 'two'],
  ];
  for (const [host, certificate, body] of shown) {
    test(`${host} is shown ${certificate}`, OPTIONS, async () => {
      const answer = await askSecure(server.port(), host, { ca });
      assert.deepEqual([answer.status, answer.peer.subjectaltname, answer.body], [200, certificate, body]);
      assert.equal(answer.alpn, 'http/1.1');
    });
  }

  test('a name of no site is refused by an alert', OPTIONS, async () => {
    await assert.rejects(connectSecure(server.port(), { ca, servername: 'unknown.test' }), {
      code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    });
  });

  test('a client that names no host is shown the first certificate', OPTIONS, async () => {
    const answer = await askSecure(server.port(), 'a.test', { servername: '', rejectUnauthorized: false });
    assert.deepEqual([answer.status, answer.peer.subjectaltname], [200, 'DNS:a.test']);
  });

  const crossed: readonly (readonly [sni: string, host: string, status: number])[] = [
    ['a.test', 'b.test', 421],
    ['a.test', 'nowhere.test', 421],
    ['two.test', 'deux.test', 200],
    ['two.test', 'DEUX.test.', 200],
    ['x.wild.test', 'y.wild.test', 200],
    ['x.wild.test', 'plain.wild.test', 200],
    ['x.wild.test', 'y.x.wild.test', 421],
    ['own.wild.test', 'x.wild.test', 421],
    ['b.test', 'c.test', 421],
  ];
  for (const [sni, host, status] of crossed) {
    test(`a connection for ${sni} that asks for ${host} gets ${status}`, OPTIONS, async () => {
      const answer = await askSecure(server.port(), host, { servername: sni, ca });
      assert.equal(answer.status, status);
    });
  }

  test('a protocol that nobody here speaks is refused by an alert', OPTIONS, async () => {
    await assert.rejects(connectSecure(server.port(), { ca, servername: 'a.test', ALPNProtocols: ['nothing/9'] }), {
      code: /NO_APPLICATION_PROTOCOL|HANDSHAKE_FAILURE/,
    });
  });

  test('cleartext HTTP on a TLS port is told so', OPTIONS, async () => {
    const answer = await ask(server.port(), '/');
    assert.deepEqual([answer.status, answer.body], [400, 'This port speaks TLS: ask for https:// URLs\n']);
  });
});

test(
  'http is redirected to https by the default of a site with TLS, and HSTS is sent where it is wanted',
  OPTIONS,
  async (t) => {
    const folder = tempFolder(t);
    const names = ['a.test', 'strict.test', 'optional.test', 'port.test'];
    const tls = saveCertificate(folder, 'all', await root.issue({ names }));
    const server = await startInProcess(t, {
      listen: [HTTP, HTTPS],
      admin: false,
      tls,
      sites: {
        'a.test': says('a'),
        'strict.test': { '/': says('strict'), '/broken/': 'http://127.0.0.1:1', https: 'strict' },
        'optional.test': says('optional', { https: 'optional' }),
        'port.test': says('port', { https: { port: 8443, hsts: { maxAge: '1h', subdomains: true, preload: true } } }),
      },
    });
    const [http, https] = [server.port(0), server.port(1)];
    const location = async (host: string, target = '/x?y=1') => {
      const answer = await ask(http, target, { lines: [`Host: ${host}`] });
      return [answer.status, answer.headers['location'], answer.headers['strict-transport-security']];
    };
    assert.deepEqual(await location('a.test'), [308, 'https://a.test/x?y=1', undefined]);
    assert.deepEqual(await location(`a.test:${http}`), [308, `https://a.test:${https}/x?y=1`, undefined]);
    assert.deepEqual(await location('a.test:8080', '//evil.test/'), [308, 'https://a.test//evil.test/', undefined]);
    assert.deepEqual(await location('strict.test'), [308, 'https://strict.test/x?y=1', undefined]);
    assert.deepEqual(await location('port.test'), [308, 'https://port.test:8443/x?y=1', undefined]);
    assert.deepEqual((await ask(http, '/', { lines: ['Host: optional.test'] })).body, 'optional');

    const hsts = async (host: string, target = '/') => {
      const answer = await askSecure(https, host, { ca }, { target });
      return [answer.status, answer.headers['strict-transport-security']];
    };
    assert.deepEqual(await hsts('a.test'), [200, undefined]);
    assert.deepEqual(await hsts('optional.test'), [200, undefined]);
    assert.deepEqual(await hsts('strict.test'), [200, 'max-age=31536000']);
    assert.deepEqual(await hsts('strict.test', '/broken/'), [502, 'max-age=31536000']);
    assert.deepEqual(await hsts('port.test'), [200, 'max-age=3600; includeSubDomains; preload']);
  },
);

test('behind a trusted proxy the scheme that it names counts', OPTIONS, async (t) => {
  const server = await startInProcess(t, {
    listen: HTTP,
    admin: false,
    trust: 'loopback',
    sites: { 'a.test': says('a', { https: 'strict' }) },
  });
  const asked = async (proto: string) => {
    const lines = ['Host: a.test', `X-Forwarded-Proto: ${proto}`, 'X-Forwarded-Host: a.test'];
    const answer = await ask(server.port(), '/', { lines });
    return [answer.status, answer.headers['location'] ?? answer.headers['strict-transport-security']];
  };
  assert.deepEqual(await asked('http'), [308, 'https://a.test/']);
  assert.deepEqual(await asked('https'), [200, 'max-age=31536000']);
});

describe('certificate files that change', { timeout: 600_000 }, () => {
  const serialOf = async (server: InProcess) => (await askSecure(server.port(), 'a.test', { ca })).peer.serialNumber;

  /** Moves the clock until `isThere`, with real time for the file system in between. */
  async function lookUntil(clock: FakeClock, isThere: () => Promise<boolean> | boolean): Promise<void> {
    const endMs = systemClock.now() + WAIT_LIMIT_MS;
    while (!(await isThere())) {
      assert.ok(systemClock.now() < endMs, 'the change was not seen');
      await clock.advanceWithTurns(5_000);
    }
  }

  test('new files are shown without a reload, broken ones are not, and connections live on', OPTIONS, async (t) => {
    const clock = new FakeClock(Date.now());
    const folder = tempFolder(t);
    const issue = () => root.issue({ names: ['a.test'] });
    const tls = saveCertificate(folder, 'a', await issue());
    const timeouts = { head: '1d', idle: '1d' };
    const document = { listen: HTTPS, admin: false, timeouts, sites: { 'a.test': says('a', { tls }) } };
    const server = await startInProcess(t, document, { clock });
    const first = await serialOf(server);
    const open = await connectSecure(server.port(), { ca, servername: 'a.test' });

    const next = await issue();
    // The file system's times are coarse: another size makes sure.
    writeFileSync(tls.cert, `\n${next.cert}`);
    await lookUntil(clock, () => server.lines.some(({ level }) => level === 'error'));
    const [failure] = server.lines.filter(({ level }) => level === 'error');
    assert.match(String(failure?.['error']), /the private key belongs to another certificate/);
    assert.equal(await serialOf(server), first);

    writeFileSync(`${tls.key}.new`, next.key);
    renameSync(`${tls.key}.new`, tls.key);
    await lookUntil(clock, async () => (await serialOf(server)) !== first);
    const second = await serialOf(server);

    open.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    assert.match(await readToEnd(open), /^HTTP\/1\.1 200 /);

    writeFileSync(tls.cert, 'nonsense');
    const errors = server.lines.filter(({ level }) => level === 'error').length;
    await lookUntil(clock, () => server.lines.filter(({ level }) => level === 'error').length > errors);
    assert.equal(await serialOf(server), second);
  });

  test('the metrics say when what is shown expires, and follow a reload and the end', OPTIONS, async (t) => {
    const folder = tempFolder(t);
    const expiries = async () =>
      [...(await renderMetrics()).matchAll(/^portico_certificate_expiry_timestamp_seconds(.*)$/gm)].flatMap(
        ([, sample = '']) => (sample.includes('meter.test') ? [sample] : []),
      );
    const issue = (epochSeconds: number) =>
      root.issue({ names: ['meter.test', '*.meter.test'], to: new Date(epochSeconds * 1000) });
    const tls = saveCertificate(folder, 'a', await issue(4_000_000_000));
    const document = { listen: HTTPS, admin: false, sites: { 'meter.test, *.meter.test': says('a', { tls }) } };
    const server = await startInProcess(t, document);
    const labels = (name: string) => `{name="${name}",key="ec"}`;
    const both = (epochSeconds: number) =>
      ['meter.test', '*.meter.test'].map((name) => `${labels(name)} ${epochSeconds}`);
    assert.deepEqual(await expiries(), both(4_000_000_000));
    saveCertificate(folder, 'a', await issue(4_100_000_000));
    await server.reload(document);
    assert.deepEqual(await expiries(), both(4_100_000_000));
    await server.server.stop();
    assert.deepEqual(await expiries(), []);
  });

  test('a reload reads them anew, and refuses broken ones as a whole', OPTIONS, async (t) => {
    const folder = tempFolder(t);
    const issue = () => root.issue({ names: ['a.test'] });
    const tls = saveCertificate(folder, 'a', await issue());
    const document = { listen: HTTPS, admin: false, sites: { 'a.test': says('a', { tls }) } };
    const server = await startInProcess(t, document);
    const first = await serialOf(server);
    const held = await askSecure(server.port(), 'a.test', { ca });
    writeFileSync(tls.cert, 'nonsense');
    await assert.rejects(server.reload(document), { name: 'BuildError', message: /there is no certificate in PEM/ });
    assert.equal(await serialOf(server), first);
    saveCertificate(folder, 'a', await issue());
    await server.reload(document);
    assert.notEqual(await serialOf(server), first);
    const again = await askSecure(server.port(), 'a.test', { ca, session: held.session });
    assert.ok(again.isReused, 'sessions outlast a reload with new certificates');
  });

  const broken: readonly (readonly [what: string, files: object, message: RegExp])[] = [
    ['a missing file', { cert: '/nowhere/x.pem' }, /cannot read \/nowhere\/x\.pem: there is no such file/],
    ['a folder', { cert: '/' }, /cannot read \/: EISDIR/],
  ];
  for (const [what, tls, message] of broken) {
    test(`${what} keeps the server from starting`, OPTIONS, async (t) => {
      const started = startInProcess(t, { listen: HTTPS, admin: false, sites: { 'a.test': says('a', { tls }) } });
      await assert.rejects(started, { name: 'BuildError', message });
    });
  }

  test('a certificate for other names keeps the server from starting', OPTIONS, async (t) => {
    const tls = saveCertificate(tempFolder(t), 'b', await root.issue({ names: ['b.test'] }));
    const started = startInProcess(t, { listen: HTTPS, admin: false, sites: { 'a.test': says('a', { tls }) } });
    await assert.rejects(started, { message: /no certificate is for a\.test; there is one for b\.test/ });
  });
});

test('what is no TLS, and what never goes on, ends without harm', OPTIONS, async (t) => {
  const clock = new FakeClock(Date.now());
  const tls = saveCertificate(tempFolder(t), 'a', await root.issue({ names: ['a.test'] }));
  const document = { listen: HTTPS, admin: false, limits: { handshakes: 3 }, sites: { 'a.test': says('a', { tls }) } };
  const server = await startInProcess(t, document, { clock });
  const counts = () => server.server.status().tls;
  const openRaw = async (bytes: string) => {
    const socket = connect(server.port(), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(Buffer.from(bytes, 'hex'));
    return socket;
  };
  const ended = async (socket: Awaited<ReturnType<typeof openRaw>>) => {
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  };
  const garbage = [
    '00'.repeat(50),
    '1603010005010000',
    '160301ffff',
    '16030100040100ffff',
    '80',
    '16030100060100000200',
  ];
  for (const bytes of garbage.slice(0, 1)) await ended(await openRaw(bytes));
  for (const bytes of garbage.slice(1)) {
    const socket = await openRaw(bytes);
    socket.end();
    await ended(socket);
  }
  const slow = await Promise.all([openRaw('1603'), openRaw('160301'), openRaw('')]);
  while (counts().inFlight < 3) await new Promise((resolve) => setImmediate(resolve));
  await ended(await openRaw(''));
  assert.equal(counts().refused, 1);
  await clock.advanceWithTurns(15_000);
  await Promise.all(slow.map(ended));
  assert.deepEqual({ ...counts() }, { completed: 0, resumed: 0, failed: garbage.length + 3, refused: 1, inFlight: 0 });
  assert.equal((await askSecure(server.port(), 'a.test', { ca })).status, 200);
  while (server.server.status().listeners[0]?.open !== 0) await new Promise((resolve) => setImmediate(resolve));
});
