// What flows behind a handshake: large bodies both ways, tunnels, and answers that break off.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { TestAuthority } from '../kit/certificates.ts';
import { type InProcess, startInProcess } from '../kit/in-process.ts';
import { connectSecure, readToEnd } from '../kit/secure-client.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const OPTIONS = { timeout: 120_000 };

/** Portico with TLS in front of an endpoint that does as it is told with every connection. */
async function startBetween(owner: Owner, serve: (socket: Socket) => void): Promise<{ server: InProcess; ca: string }> {
  const endpoint = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  endpoint.listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  atEnd(owner, () => endpoint.close());
  const folder = tempFolder(owner);
  const root = await TestAuthority.create();
  const { cert, key } = await root.issue({ names: ['a.test'] });
  const tls = { cert: join(folder, 'a.pem'), key: join(folder, 'a.key') };
  writeFileSync(tls.cert, cert);
  writeFileSync(tls.key, key);
  const proxy = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  const server = await startInProcess(owner, {
    listen: 'https://127.0.0.1:0',
    admin: false,
    sites: { 'a.test': { proxy, tls } },
  });
  return { server, ca: root.cert };
}

const hash = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

test('a large body comes back as it went', OPTIONS, async (t) => {
  const body = randomBytes(8 * 1024 * 1024);
  const { server, ca } = await startBetween(t, (socket) => {
    let isAnswered = false;
    socket.on('data', (chunk) => {
      let bytes = chunk;
      if (!isAnswered) {
        isAnswered = true;
        bytes = chunk.subarray(chunk.indexOf('\r\n\r\n') + 4);
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
      }
      if (!socket.write(bytes)) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
  });
  const socket = await connectSecure(server.port(), { ca, servername: 'a.test' });
  const received = readToEnd(socket);
  socket.write(`POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body);
  const text = await received;
  const answer = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
  assert.deepEqual([answer.length, hash(answer)], [body.length, hash(body)]);
});

test('a tunnel carries bytes both ways and ends when one side does', OPTIONS, async (t) => {
  const { server, ca } = await startBetween(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
      socket.on('data', (bytes) => socket.write(bytes));
      socket.on('end', () => socket.end('bye'));
    });
  });
  const socket = await connectSecure(server.port(), { ca, servername: 'a.test', allowHalfOpen: true } as object);
  const received = readToEnd(socket);
  socket.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await once(socket, 'data');
  socket.end('echo');
  assert.match(await received, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhelloechobye$/);
});

test('an answer that breaks off ends in an error, not in a clean close', OPTIONS, async (t) => {
  let breakOff = () => {};
  const { server, ca } = await startBetween(t, (socket) => {
    breakOff = () => socket.resetAndDestroy();
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\npart of it'));
  });
  const socket = await connectSecure(server.port(), { ca, servername: 'a.test' });
  socket.write('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
  await once(socket, 'data');
  breakOff();
  const error = await new Promise((resolve) => {
    socket.once('error', resolve);
    socket.once('end', () => resolve('a clean end'));
  });
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
});

test('a server that stops ends handshakes and connections', OPTIONS, async (t) => {
  const { server, ca } = await startBetween(t, () => {});
  const open = await connectSecure(server.port(), { ca, servername: 'a.test' });
  open.on('error', () => {});
  const closed = new Promise((resolve) => open.once('close', resolve));
  await server.server.stop();
  await closed;
});
