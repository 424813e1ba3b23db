// What the WebSocket tests share: a backend of `ws`, clients of `ws` over HTTP/1.1 and HTTP/2, and the memory of a process.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/util/clock.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { WAIT_LIMIT_MS, Waiting } from '../kit/waiting.ts';

/** One WebSocket as the backend has it. */
export interface BackendSocket {
  readonly socket: WebSocket;
  /** The header of the request that tells over which protocol the client came. */
  readonly via: string;
  readonly closed: Promise<Closing>;
}

/** How a WebSocket ended (RFC 6455 §7.1.5). */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A running backend. */
export interface SocketBackend {
  readonly origin: string;
  /** Waits for the WebSocket whose request has `id=` in its query. */
  socket(id: string): Promise<BackendSocket>;
}

/**
 * Starts a backend that sends everything back under /echo, counts under /sink, says a word and ends under /close (with
 * code 1000) and /vanish (without a close frame), and only accepts under any other path. It chooses the subprotocol `chat`, and compresses if asked.
 */
export async function startSocketBackend(owner: Owner): Promise<SocketBackend> {
  const arrived = new Map<string, BackendSocket>();
  const waiting = new Waiting(() => `WebSockets came with: ${[...arrived.keys()].join(', ')}`);
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: true,
    handleProtocols: (protocols) => (protocols.has('chat') ? 'chat' : false),
  });
  server.on('connection', (socket, request) => {
    socket.on('error', () => {});
    const url = new URL(request.url ?? '/', 'http://backend');
    if (url.pathname === '/echo') echo(socket);
    if (url.pathname === '/sink') countInto(socket);
    if (url.pathname === '/close') socket.send('here', () => socket.close(1000));
    if (url.pathname === '/vanish') socket.send('here', () => socket.terminate());
    const via = String(request.headers.via ?? '');
    arrived.set(url.searchParams.get('id') ?? '', { socket, via, closed: closing(socket) });
    waiting.changed();
  });
  await once(server, 'listening');
  atEnd(owner, () => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async socket(id) {
      await waiting.until(`the WebSocket ${id}`, () => arrived.has(id));
      return arrived.get(id) as BackendSocket;
    },
  };
}

/** Pauses reading while what goes back waits: `ws` leaves that to whoever uses it. */
function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => {
    socket.send(data, { binary: isBinary }, () => {
      if (socket.bufferedAmount < MESSAGE_BYTES) socket.resume();
    });
    if (socket.bufferedAmount > 4 * MESSAGE_BYTES) socket.pause();
  });
}

/** Answers each message with the number of bytes so far. */
function countInto(socket: WebSocket): void {
  let size = 0;
  socket.on('message', (data: RawData) => {
    size += (data as Buffer).length;
    socket.send(String(size));
  });
}

/** Messages of the large transfers. */
export const MESSAGE_BYTES = 1024 * 1024;

/** Sends `bytes` in messages of a megabyte, one at a time. */
export async function sendMany(socket: WebSocket, bytes: number): Promise<void> {
  const message = randomBytes(MESSAGE_BYTES);
  for (let sent = 0; sent < bytes; sent += message.length)
    await new Promise<void>((resolve) => socket.send(message, { compress: false }, () => resolve()));
}

/** Resolves with how the WebSocket ended. */
export function closing(socket: WebSocket): Promise<Closing> {
  return new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
}

/** The next message. */
export async function nextMessage(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary] = (await within('a message', once(socket, 'message'))) as [Buffer, boolean];
  return { data, isBinary };
}

/** Fails where something takes longer than a wait may. */
export function within<T>(what: string, promise: Promise<T>, limitMs = WAIT_LIMIT_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.after(limitMs, () => reject(new Error(`no ${what} after ${limitMs} ms`)));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** Opens a WebSocket of `ws`; over HTTP/2 where a session is given. */
export async function openSocket(
  owner: Owner,
  origin: string,
  path: string,
  options: { readonly session?: ClientHttp2Session; readonly protocols?: string[]; readonly compress?: boolean } = {},
): Promise<WebSocket> {
  const { session, protocols = [], compress = false } = options;
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${path}`, protocols, {
    perMessageDeflate: compress,
    rejectUnauthorized: false,
    ...(session === undefined ? {} : { createConnection: (() => new UpgradeOverHttp2(session)) as never }),
  });
  socket.on('error', () => {});
  atEnd(owner, () => socket.terminate());
  await within('handshake', Promise.race([once(socket, 'open'), closing(socket).then(({ code }) => rejectWith(code))]));
  return socket;
}

function rejectWith(code: number): never {
  throw new Error(`the handshake failed: ${code}`);
}

/**
 * A connection for a client that knows HTTP/1.1 upgrades: its handshake becomes an extended CONNECT (RFC 8441 §5) on an
 * HTTP/2 session, whose stream is the connection from then on.
 */
class UpgradeOverHttp2 extends Duplex {
  readonly #session: ClientHttp2Session;
  #stream: ClientHttp2Stream | undefined = undefined;

  constructor(session: ClientHttp2Session) {
    super({ allowHalfOpen: true });
    this.#session = session;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#stream === undefined) this.#begin(chunk.toString('latin1'), done);
    else this.#stream.write(chunk, done);
  }

  override _read(): void {
    this.#stream?.resume();
  }

  override _final(done: () => void): void {
    this.#stream?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream?.close(8);
    done(error);
  }

  /** `ws` writes its head at once. */
  #begin(head: string, done: () => void): void {
    const [line = '', ...lines] = head.trimEnd().split('\r\n');
    const fields = Object.fromEntries(
      lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
    );
    const { host, 'sec-websocket-key': key, upgrade: _, connection: __, ...rest } = fields;
    const stream = this.#session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':authority': host ?? '',
      ':path': line.split(' ')[1] ?? '/',
      ...rest,
    });
    this.#stream = stream;
    stream.on('response', ({ ':status': status, ...fields }) => {
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const given = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
      const switching = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
      const answer = Number(status) === 200 ? ['HTTP/1.1 101 OK', ...switching, ...given] : [`HTTP/1.1 ${status} No`];
      this.push(`${answer.join('\r\n')}\r\n\r\n`);
    });
    stream.on('data', (chunk) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.on('end', () => this.push(null));
    stream.on('error', () => {});
    stream.on('close', () => this.destroy());
    done();
  }
}

/** The most memory that a process had at a time, in bytes (Linux). */
export function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** Whether memory can be read. */
export const NEEDS_PROC: string | false =
  process.platform === 'linux' ? false : 'reads memory from /proc, which is of Linux';
