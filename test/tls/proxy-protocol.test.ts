// The PROXY protocol on listeners and towards endpoints, with and without TLS, end to end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import {
  type ProxiedEnds,
  printProxyHeader1,
  printProxyHeader2,
  readProxyHeader,
} from '../../src/net/proxy-protocol.ts';
import { ask } from '../kit/ask.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { TestAuthority } from '../kit/certificates.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { startInProcess } from '../kit/in-process.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000 };
const ENDS: ProxiedEnds = { address: '192.0.2.7', port: 4711, localAddress: '198.51.100.1', localPort: 443 };
const REQUEST = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

/** What an endpoint saw of one connection: the header in front, and the head behind. */
interface Seen {
  readonly ends: ProxiedEnds | undefined;
  readonly head: string;
}

/** An endpoint that takes connections with a PROXY protocol header, and answers 200 to each first request. */
async function startEndpoint(
  owner: Owner,
  tls?: { cert: string; key: string },
): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const secure = tls && createTlsServer(tls);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      const read = readProxyHeader(bytes);
      assert.ok(typeof read === 'object');
      const answer = (head: string) => {
        seen.push({ ends: read.ends, head });
        return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
      };
      const rest = bytes.subarray(read.size);
      if (secure === undefined) {
        if (rest.length > 0) socket.write(answer(rest.toString('latin1')));
        else socket.once('data', (head) => socket.write(answer(head.toString('latin1'))));
        return;
      }
      socket.pause();
      if (rest.length > 0) socket.unshift(rest);
      secure.emit('connection', socket);
    });
    secure?.on('secureConnection', (inner) => {
      inner.on('error', () => {});
      inner.once('data', (head: Buffer) => {
        seen.push({ ends: undefined, head: head.toString('latin1') });
        inner.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(owner, () => server.close());
  return { port: (server.address() as AddressInfo).port, seen };
}

/** Sends parts, one write each, over a connection of its own; resolves with all that comes back. */
async function send(port: number, parts: readonly Buffer[], from = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  socket.on('error', () => {});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  for (const part of parts) await new Promise<void>((resolve) => socket.write(part, () => setImmediate(resolve)));
  await closed;
  return Buffer.concat(chunks).toString('latin1');
}

describe('on a listener', { timeout: 600_000 }, () => {
  const site = (port: number) => ({ 'a.test': { proxy: `http://127.0.0.1:${port}`, https: 'optional' } });
  const listen = { address: '127.0.0.1:0', proxyProtocol: true, trust: '127.0.0.1' };

  for (const print of [printProxyHeader1, printProxyHeader2]) {
    test(`${print.name}: backends learn the address in it, wherever it is split`, OPTIONS, async (t) => {
      const { port, seen } = await startEndpoint(t);
      const document = {
        listen,
        admin: false,
        sites: { 'a.test': { proxy: { to: `http://127.0.0.1:${port}`, proxyProtocol: 'v2' } } },
      };
      const server = await startInProcess(t, document);
      const header = print(ENDS);
      const whole = Buffer.concat([header, Buffer.from(REQUEST)]);
      for (let at = 0; at <= header.length + 1; at++) {
        const answer = await send(
          server.port(),
          [whole.subarray(0, at), whole.subarray(at)].filter((part) => part.length > 0),
        );
        assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*ok$/, `split at ${at}`);
        const last = seen.at(-1);
        assert.match(last?.head ?? '', /X-Forwarded-For: 192\.0\.2\.7\r\n/);
        assert.deepEqual(last?.ends, ENDS);
      }
    });
  }

  test('others are closed: not trusted, no header, a broken one, none in time', OPTIONS, async (t) => {
    const clock = new FakeClock(Date.now());
    const server = await startInProcess(t, { listen, admin: false, sites: site(1) }, { clock });
    const header = printProxyHeader1(ENDS);
    assert.equal(await send(server.port(), [header, Buffer.from(REQUEST)], '127.0.0.2'), '');
    assert.equal(await send(server.port(), [Buffer.from(REQUEST)]), '');
    assert.equal(await send(server.port(), [Buffer.from('PROXY TCP4 nonsense\r\n')]), '');
    const slow = send(server.port(), [header.subarray(0, 10)]);
    while (server.server.status().listeners[0]?.open !== 1) await new Promise((resolve) => setImmediate(resolve));
    await clock.advanceWithTurns(11_000);
    assert.equal(await slow, '');
    const reasons = server.lines.filter(({ message }) => message === 'connection refused').map(({ reason }) => reason);
    assert.deepEqual(reasons, [
      'the address is not trusted to send a PROXY protocol header',
      'PROXY protocol header: malformed',
      'PROXY protocol header: malformed',
      'PROXY protocol header: timeout',
    ]);
    assert.equal(server.server.status().listeners[0]?.open, 0);
  });

  test('it stands before TLS', OPTIONS, async (t) => {
    const folder = tempFolder(t);
    const root = await TestAuthority.create();
    const { cert, key } = await root.issue({ names: ['a.test'] });
    const tls = { cert: join(folder, 'a.pem'), key: join(folder, 'a.key') };
    writeFileSync(tls.cert, cert);
    writeFileSync(tls.key, key);
    const { port, seen } = await startEndpoint(t);
    const server = await startInProcess(t, {
      listen: { ...listen, address: 'https://127.0.0.1:0' },
      admin: false,
      sites: { 'a.test': { proxy: { to: `http://127.0.0.1:${port}`, proxyProtocol: 'v1' }, tls } },
    });
    const carrier = connect(server.port(), '127.0.0.1');
    carrier.write(printProxyHeader2(ENDS));
    const socket = connectTls({ socket: carrier, servername: 'a.test', ca: root.cert });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(REQUEST);
    await once(socket, 'end');
    socket.destroy();
    assert.match(Buffer.concat(chunks).toString('latin1'), /^HTTP\/1\.1 200 /);
    assert.deepEqual(seen[0]?.ends, ENDS);
    assert.match(seen[0]?.head ?? '', /X-Forwarded-Proto: https\r\n/);
  });
});

describe('towards an endpoint', { timeout: 600_000 }, () => {
  for (const version of ['v1', 'v2'] as const) {
    test(`${version}: every request has a connection of its own that names its client`, OPTIONS, async (t) => {
      const { port, seen } = await startEndpoint(t);
      const proxy = { to: `http://127.0.0.1:${port}`, proxyProtocol: version, connections: 1 };
      const server = await startInProcess(t, {
        listen: 'http://127.0.0.1:0',
        admin: false,
        sites: { 'a.test': { proxy } },
      });
      const clients = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.2'];
      const answers = await Promise.all(
        clients.map((from) => ask(server.port(), '/', { lines: ['Host: a.test'], from })),
      );
      assert.deepEqual(
        answers.map(({ status, body }) => [status, body]),
        clients.map(() => [200, 'ok']),
      );
      assert.deepEqual(seen.map(({ ends }) => ends?.address).sort(), [...clients].sort());
      for (const { ends, head } of seen) {
        assert.match(head, new RegExp(`X-Forwarded-For: ${ends?.address}\r\n`));
        assert.equal(ends?.localPort, server.port());
      }
    });
  }

  test('it goes before TLS, and a refused connection is told as such', OPTIONS, async (t) => {
    const folder = tempFolder(t);
    const root = await TestAuthority.create();
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, root.cert);
    const { port, seen } = await startEndpoint(t, await root.issue({ names: ['127.0.0.1'] }));
    const proxy = (to: number) => ({ proxy: { to: `https://127.0.0.1:${to}`, ca, proxyProtocol: 'v1' } });
    const server = await startInProcess(t, {
      listen: 'http://127.0.0.1:0',
      admin: false,
      sites: { 'a.test': proxy(port), 'b.test': proxy(1) },
    });
    assert.equal((await ask(server.port(), '/', { lines: ['Host: a.test'] })).body, 'ok');
    assert.match(seen[0]?.head ?? '', /^GET \/ /);
    const refused = await ask(server.port(), '/', { lines: ['Host: b.test'] });
    assert.deepEqual([refused.status, /connection_refused/.test(refused.text)], [502, true]);
  });
});
