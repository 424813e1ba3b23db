// Certificates from a real CA program, through a server of ours: challenges, renewal, revocation, outage, customers.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { renderMetrics } from '../../src/observe/metrics-registry.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { skipUnless } from '../kit/debian.ts';
import { freePorts } from '../kit/free-ports.ts';
import { type InProcess, startInProcess } from '../kit/in-process.ts';
import { runLoad } from '../kit/load.ts';
import { MovableClock } from '../kit/movable-clock.ts';
import { type Pebble, startPebble } from '../kit/pebble.ts';
import { askSecure } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 600_000, skip: skipUnless('pebble') };
/** An order takes a second; the machine may be busy. */
const WAIT_MS = 90_000;
const YEAR_MS = 365 * 24 * 3600_000;

interface Wishes {
  readonly acme?: object;
  readonly sites: object;
  readonly storage?: string;
}

/** Our server where the CA looks for challenges. */
async function startServer(
  owner: Owner,
  pebble: Pebble,
  { acme, ...document }: Wishes,
  options: Partial<ServerOptions> = {},
): Promise<InProcess> {
  return startInProcess(
    owner,
    {
      listen: [`https://127.0.0.1:${pebble.tlsPort}`, `http://127.0.0.1:${pebble.httpPort}`],
      admin: false,
      storage: tempFolder(owner),
      // A handshake that waits for an order ends by this, and an order takes its time on a busy machine.
      timeouts: { head: '90s' },
      ...document,
      acme: { directory: { directory: pebble.directory, ca: pebble.ca }, ...acme },
    },
    options,
  );
}

const site = (body = 'hello') => ({ tls: 'auto', respond: { body } });

function countIssued({ lines }: InProcess, name: string): number {
  return lines.filter((line) => line['name'] === name && line.message.startsWith('a certificate was issued')).length;
}

function untilIssued(server: InProcess, name: string, count = 1): Promise<void> {
  return server.until(`certificate ${count} of ${name}`, () => countIssued(server, name) >= count, WAIT_MS);
}

async function shownFor(pebble: Pebble, name: string): Promise<PeerCertificate> {
  return (await askSecure(pebble.tlsPort, name, { ca: await pebble.root() })).peer;
}

describe('certificates from Pebble', OPTIONS, () => {
  for (const challenge of ['http-01', 'tls-alpn-01'])
    test(`${challenge}: a name is proven and its certificate shown, although its http is redirected`, async (t) => {
      const pebble = await startPebble(t);
      const sites = { 'www.example.org': site() };
      const server = await startServer(t, pebble, { acme: { challenges: [challenge] }, sites });
      await untilIssued(server, 'www.example.org');
      const answer = await askSecure(pebble.tlsPort, 'www.example.org', { ca: await pebble.root() });
      assert.deepEqual([answer.status, answer.body], [200, 'hello']);
      assert.equal(answer.peer.subjectaltname, 'DNS:www.example.org');
      const expiry = Date.parse(answer.peer.valid_to) / 1000;
      const metric = `portico_certificate_expiry_timestamp_seconds{name="www.example.org",key="ec"} ${expiry}\n`;
      assert.ok((await renderMetrics()).includes(metric), metric);
      const line = server.lines.find(({ message }) => message.startsWith('a certificate was issued'));
      assert.equal(line?.['challenge'], challenge);
    });

  test('dns-01 by a hook: a wildcard is proven, and the record removed', async (t) => {
    const pebble = await startPebble(t);
    const folder = tempFolder(t);
    const hook = join(folder, 'hook.mjs');
    writeFileSync(
      hook,
      `import { appendFileSync } from 'node:fs';
const [, , action, name, value] = process.argv;
appendFileSync(${JSON.stringify(join(folder, 'log'))}, action + ' ' + name + '\\n');
const path = action === 'present' ? 'set-txt' : 'clear-txt';
const body = JSON.stringify({ host: name + '.', value });
const { ok } = await fetch(${JSON.stringify(pebble.dnsManagement)} + '/' + path, { method: 'POST', body });
process.exit(ok ? 0 : 1);`,
    );
    const dns = { command: [process.execPath, hook] };
    const server = await startServer(t, pebble, { acme: { dns }, sites: { '*.example.org': site() } });
    await untilIssued(server, '*.example.org');
    assert.equal((await shownFor(pebble, 'any.example.org')).subjectaltname, 'DNS:*.example.org');
    assert.deepEqual(readFileSync(join(folder, 'log'), 'utf8').split('\n'), [
      'present _acme-challenge.example.org',
      'cleanup _acme-challenge.example.org',
      '',
    ]);
  });

  test('a CA that refuses every fourth nonce still gives its certificate', async (t) => {
    // By lot: twelve in a row, after which a request is given up, do not happen. With every second one they do.
    const pebble = await startPebble(t, { env: { PEBBLE_WFE_NONCEREJECT: '25' } });
    const server = await startServer(t, pebble, { sites: { 'www.example.org': site() } });
    await untilIssued(server, 'www.example.org');
  });

  test('a renewal under load fails no request, and new connections get the new certificate', async (t) => {
    const pebble = await startPebble(t);
    const clock = new MovableClock();
    const server = await startServer(t, pebble, { sites: { 'www.example.org': site() } }, { clock });
    await untilIssued(server, 'www.example.org');
    const ca = await pebble.root();
    const before = await shownFor(pebble, 'www.example.org');
    let isRenewed = false;
    /** Goes on for a while behind the renewal. */
    const load = (isKept: boolean) => {
      let answeredBefore = Number.POSITIVE_INFINITY;
      return runLoad({
        port: pebble.tlsPort,
        requests: 100_000,
        connections: 4,
        isKept,
        host: 'www.example.org',
        expected: 'hello',
        open: (port) => connect({ host: '127.0.0.1', port, servername: 'www.example.org', ca }),
        isEnough: (answered) => {
          if (isRenewed) answeredBefore = Math.min(answeredBefore, answered);
          return answered >= answeredBefore + 200;
        },
      });
    };
    const kept = load(true);
    const fresh = load(false);
    // Pebble's certificates live five years.
    clock.putForward(4 * YEAR_MS);
    await untilIssued(server, 'www.example.org', 2);
    const after = await shownFor(pebble, 'www.example.org');
    isRenewed = true;
    for (const [kind, { failures, answered }] of [['kept', await kept] as const, ['new', await fresh] as const]) {
      assert.deepEqual([...failures], []);
      assert.ok(answered > 0);
      t.diagnostic(`${answered} requests over ${kind} connections, none failed`);
    }
    assert.notEqual(after.serialNumber, before.serialNumber);
    assert.equal(countIssued(server, 'www.example.org'), 2);
  });

  test('a revoked certificate is revoked at the CA, and replaced', async (t) => {
    const pebble = await startPebble(t);
    const admin = join(tempFolder(t), 'admin.sock');
    const server = await startServer(t, pebble, { sites: { 'www.example.org': site() }, admin } as Wishes);
    await untilIssued(server, 'www.example.org');
    const { serialNumber } = await shownFor(pebble, 'www.example.org');
    assert.equal(await pebble.statusOf(serialNumber), 'Valid');
    const report = await askAdmin(admin, 'POST', '/certificate/revoke?host=www.example.org&reason=keyCompromise');
    assert.equal(await pebble.statusOf(serialNumber), 'Revoked');
    const next = await shownFor(pebble, 'www.example.org');
    assert.notEqual(next.serialNumber, serialNumber);
    assert.equal((report as { certificates: { serial: string }[] }).certificates[0]?.serial, next.serialNumber);
  });

  test('the first CA is down: the second gives the certificate', async (t) => {
    const pebble = await startPebble(t);
    const [dead] = await freePorts(1);
    const directory = [
      { directory: `https://127.0.0.1:${dead}/dir`, ca: pebble.ca },
      { directory: pebble.directory, ca: pebble.ca },
    ];
    const server = await startServer(t, pebble, { acme: { directory }, sites: { 'www.example.org': site() } });
    await untilIssued(server, 'www.example.org');
    const failed = server.lines.find(({ message }) => message === 'a CA gave no certificate');
    assert.match(String(failed?.['error']), /nobody listens there/);
  });

  test('every CA is down: handshakes fail and say why, and the next attempt comes after a while', async (t) => {
    const [httpPort = 0, tlsPort = 0, caPort = 0] = await freePorts(3);
    const clock = new MovableClock();
    const early = await startPebble(t, { httpPort, tlsPort });
    const directory = { directory: `https://127.0.0.1:${caPort}/dir`, ca: early.ca };
    const relay = await startRelay(t, caPort, Number(new URL(early.directory).port));
    const wishes = { acme: { directory }, sites: { 'www.example.org': site() } };
    const server = await startServer(t, early, wishes, { clock });
    const failures = () => server.lines.filter(({ message }) => message === 'no certificate was issued').length;
    await server.until('a failure', () => failures() === 1, WAIT_MS);
    await assert.rejects(shownFor(early, 'www.example.org'), /unrecognized name/);
    await server.until('the reason', () =>
      server.lines.some(({ reason }) => /no certificate for www\.example\.org: .*nobody listens/.test(String(reason))),
    );
    clock.putForward(30_000);
    assert.equal(failures(), 1, 'it is not tried again before its time');
    await relay.open();
    clock.putForward(60_000);
    await untilIssued(server, 'www.example.org');
  });

  test('a CA for customers only gets the binding, and its refusal of strangers is told', async (t) => {
    const secret = Buffer.alloc(32, 7).toString('base64url');
    const pebble = await startPebble(t, { eab: { 'customer-1': secret } });
    const sites = { 'www.example.org': site() };
    const stranger = await startServer(t, pebble, { sites });
    await stranger.until(
      'the refusal',
      () => stranger.lines.some(({ error }) => /customers only/.test(String(error))),
      WAIT_MS,
    );
    await stranger.server.stop();
    const one = { directory: pebble.directory, ca: pebble.ca };
    const wrong = { ...one, eab: { kid: 'customer-2', secret } };
    const liar = await startServer(t, pebble, { sites, acme: { directory: wrong } });
    await liar.until(
      'the CA’s words',
      () =>
        liar.lines.some(({ error }) => /the CA said: ".*'kid' references a key that is not known/.test(String(error))),
      WAIT_MS,
    );
    await liar.server.stop();
    const directory = { ...one, eab: { kid: 'customer-1', secret } };
    await untilIssued(await startServer(t, pebble, { sites, acme: { directory } }), 'www.example.org');
  });

  test('a name that the CA cannot reach is explained in the CA’s own words', async (t) => {
    const [elsewhere = 0] = await freePorts(1);
    const pebble = await startPebble(t, { httpPort: elsewhere });
    const [httpPort = 0] = await freePorts(1);
    const admin = join(tempFolder(t), 'admin.sock');
    const server = await startServer(t, { ...pebble, httpPort }, {
      acme: { challenges: ['http-01'] },
      sites: { 'www.example.org': site() },
      admin,
    } as Wishes);
    await server.until(
      'a failure',
      () => server.lines.some(({ message }) => message === 'no certificate was issued'),
      WAIT_MS,
    );
    const report = (await askAdmin(admin, 'GET', '/certificate?host=www.example.org')) as {
      failure: { error: string; failures: number };
    };
    assert.match(report.failure.error, /http-01: the CA said: ".*www\.example\.org.*refused.*" \(connection/);
    assert.equal(report.failure.failures, 1);
  });

  test('a restart orders nothing, and nobody else may read what is stored', async (t) => {
    const pebble = await startPebble(t);
    const storage = tempFolder(t);
    const wishes = { storage, sites: { 'www.example.org': site() } };
    const first = await startServer(t, pebble, wishes);
    await untilIssued(first, 'www.example.org');
    const { serialNumber } = await shownFor(pebble, 'www.example.org');
    await first.server.stop();
    const second = await startServer(t, pebble, wishes);
    assert.equal((await shownFor(pebble, 'www.example.org')).serialNumber, serialNumber);
    assert.equal(countIssued(second, 'www.example.org'), 0);
    const locks = join(storage, 'acme', 'locks');
    while (readdirSync(locks).length > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const entry of readdirSync(join(storage, 'acme'), { recursive: true, encoding: 'utf8' })) {
      const facts = statSync(join(storage, 'acme', entry));
      assert.equal(facts.mode & 0o777, facts.isDirectory() ? 0o700 : 0o600, entry);
      assert.ok(!entry.endsWith('.tmp'), entry);
    }
    const pem = readFileSync(join(storage, 'acme', 'certificates', 'www.example.org.pem'), 'utf8');
    assert.equal(new X509Certificate(pem).serialNumber, serialNumber);
  });

  test('a reload orders what is new, keeps what is there, and tries at once with other settings', async (t) => {
    const pebble = await startPebble(t);
    const storage = tempFolder(t);
    const [dead] = await freePorts(1);
    const document = (port: number | string, ...names: string[]) => ({
      listen: [`https://127.0.0.1:${pebble.tlsPort}`, `http://127.0.0.1:${pebble.httpPort}`],
      admin: false,
      storage,
      acme: { directory: { directory: `https://127.0.0.1:${port}/dir`, ca: pebble.ca } },
      sites: Object.fromEntries(names.map((name) => [name, site()])),
    });
    const { port } = new URL(pebble.directory);
    const server = await startInProcess(t, document(dead ?? 0, 'one.example.org'));
    const failed = () => server.lines.some(({ message }) => message === 'no certificate was issued');
    await server.until('a failure', failed, WAIT_MS);
    await server.reload(document(port, 'one.example.org'));
    // The next attempt of before was a minute away.
    await server.until('the certificate', () => countIssued(server, 'one.example.org') === 1, 45_000);
    const { serialNumber } = await shownFor(pebble, 'one.example.org');
    await server.reload(document(port, 'one.example.org', 'two.example.org'));
    await untilIssued(server, 'two.example.org');
    assert.equal((await shownFor(pebble, 'one.example.org')).serialNumber, serialNumber);
    await server.reload(document(port, 'two.example.org'));
    await assert.rejects(shownFor(pebble, 'one.example.org'), /unrecognized name/);
    assert.equal(countIssued(server, 'one.example.org'), 1);
  });

  test('a CA that forgot its accounts gets a new one', async (t) => {
    const [httpPort = 0, tlsPort = 0, caPort = 0] = await freePorts(3);
    const relay = await startRelay(t, caPort, 0);
    const storage = tempFolder(t);
    const directory = `https://127.0.0.1:${caPort}/dir`;
    for (const name of ['one.example.org', 'two.example.org']) {
      const pebble = await startPebble(t, { httpPort, tlsPort });
      await relay.open(Number(new URL(pebble.directory).port));
      const acme = { directory: { directory, ca: pebble.ca } };
      const server = await startServer(t, pebble, { storage, acme, sites: { [name]: site() } });
      await untilIssued(server, name);
      await server.server.stop();
      await pebble.process.kill();
    }
  });

  test('on demand: only names that the ask URL allows are ordered', async (t) => {
    const pebble = await startPebble(t);
    const asked: string[] = [];
    const gate = createServer((request, response) => {
      const name = new URL(request.url ?? '', 'http://gate').searchParams.get('domain') ?? '';
      asked.push(name);
      response.writeHead(name.startsWith('yes') ? 200 : 403).end();
    });
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => gate.close());
    const ask = `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`;
    const server = await startServer(t, pebble, { acme: { ask }, sites: { '*': site() } });
    assert.equal((await shownFor(pebble, 'yes.example.org')).subjectaltname, 'DNS:yes.example.org');
    for (let i = 0; i < 3; i++) await assert.rejects(shownFor(pebble, 'no.example.org'), /unrecognized name/);
    await assert.rejects(shownFor(pebble, 'not_a.name_'), /unrecognized name/);
    assert.equal((await shownFor(pebble, 'yes.example.org')).subjectaltname, 'DNS:yes.example.org');
    assert.deepEqual(asked, ['yes.example.org', 'no.example.org']);
    assert.equal(countIssued(server, 'yes.example.org'), 1);
  });
});

/** A port that leads nowhere until it is opened: a CA that is down, and comes back. */
async function startRelay(owner: Owner, port: number, firstTarget: number) {
  const { connect: connectTo, createServer: createRelay } = await import('node:net');
  let target = firstTarget;
  const relay = createRelay((socket) => {
    const onward = connectTo(target, '127.0.0.1');
    for (const end of [socket, onward])
      end.on('error', () => {
        socket.destroy();
        onward.destroy();
      });
    socket.pipe(onward).pipe(socket);
  });
  atEnd(owner, () => relay.close());
  return {
    open: async (nextTarget = target) => {
      target = nextTarget;
      if (!relay.listening) await new Promise<void>((resolve) => relay.listen(port, '127.0.0.1', resolve));
    },
  };
}

async function askAdmin(socketPath: string, method: string, path: string): Promise<unknown> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, headers: { Host: 'admin' } }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      incoming.on('end', () => resolve(JSON.parse(text)));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
