// A bound address that accepts connections: wraps each socket, bounds how many there are, counts them by address.
import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { Deadlines } from '../util/deadlines.ts';
import { unmapAddress } from './address.ts';
import { Connection, WRITE_HIGH_WATER_BYTES } from './connection.ts';
import { canRewrap, rewrapSocket, usesPlainSockets } from './read-memory.ts';

/** What to bind: a port (0 lets the system choose; no host means every address), or the path of a unix socket. */
export type ListenAddress =
  | { readonly host: string | undefined; readonly port: number }
  | { readonly path: string; readonly mode?: number };

/** Bounds on accepted connections. */
export interface AcceptLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Takes an accepted connection. `gone` must be called once when it is over. */
export type OnConnection = (connection: Connection, facts: ConnectionFacts, gone: () => void) => void;

/** Takes an accepted socket, paused, before a connection is made of it; `gone` as in {@link OnConnection}. */
export type OnSocket = (socket: Socket, facts: ConnectionFacts, gone: () => void) => void;

/** Pending connections the system holds for us. */
const BACKLOG = 4096;

/** One bound address. */
export class Listener {
  readonly address: ListenAddress;
  readonly #server: Server;
  readonly #deadlines: Deadlines;
  readonly #onConnection: OnConnection;
  readonly #countByAddress = new Map<string, number>();
  #limits: AcceptLimits;
  #open = 0;
  /** Set where something stands before HTTP, such as TLS: it makes the connection then. */
  onSocket: OnSocket | undefined = undefined;
  /** Connections closed at once because a limit was reached. */
  refusedCount = 0;

  private constructor(address: ListenAddress, limits: AcceptLimits, deadlines: Deadlines, onConnection: OnConnection) {
    this.address = address;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#onConnection = onConnection;
    this.#server = createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Binds and accepts. Rejects with the system's error (EADDRINUSE, EACCES, ...). */
  static async open(
    address: ListenAddress,
    limits: AcceptLimits,
    deadlines: Deadlines,
    onConnection: OnConnection,
  ): Promise<Listener> {
    const listener = new Listener(address, limits, deadlines, onConnection);
    if ('path' in address) removeStaleSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      const where =
        'path' in address
          ? { path: address.path }
          : { port: address.port, ...(address.host && { host: address.host }) };
      listener.#server.listen({ ...where, backlog: BACKLOG }, () => {
        listener.#server.off('error', reject);
        resolve();
      });
    });
    listener.#server.on('error', () => {});
    if ('path' in address && address.mode !== undefined) chmodSync(address.path, address.mode);
    return listener;
  }

  /** The port that is bound: the chosen one where 0 was asked for; 0 for a unix socket. */
  get port(): number {
    const bound = this.#server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : 0;
  }

  /** Connections open now. */
  get openCount(): number {
    return this.#open;
  }

  set limits(limits: AcceptLimits) {
    this.#limits = limits;
  }

  /** Stops accepting. Connections that are open live on. */
  close(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const address = unmapAddress(socket.remoteAddress);
    const count = this.#countByAddress.get(address) ?? 0;
    const isOverLimit =
      this.#open >= this.#limits.connections || (address !== '' && count >= this.#limits.connectionsPerAddress);
    if (isOverLimit) {
      this.refusedCount++;
      socket.destroy();
      return;
    }
    this.#open++;
    this.#countByAddress.set(address, count + 1);
    const facts: ConnectionFacts = {
      address,
      port: socket.remotePort ?? 0,
      localAddress: unmapAddress(socket.localAddress),
      localPort: socket.localPort ?? 0,
      protocol: 'http/1.1',
      isSecure: false,
      tls: undefined,
    };
    const gone = () => this.#forget(address);
    if (this.onSocket !== undefined) this.onSocket(socket, facts, gone);
    else this.#onConnection(adoptSocket(socket, this.#deadlines), facts, gone);
  }

  #forget(address: string): void {
    this.#open--;
    const count = this.#countByAddress.get(address) ?? 0;
    if (count <= 1) this.#countByAddress.delete(address);
    else this.#countByAddress.set(address, count - 1);
  }
}

/**
 * Re-wraps an accepted socket with `onread`, so that its bytes land in our buffers without an allocation per read
 * (7 to 15 % of the CPU of small exchanges). Where that cannot be done, or PORTICO_PLAIN_SOCKETS is set, the documented
 * `data` events do the same, slower.
 */
function adoptSocket(socket: Socket, deadlines: Deadlines): Connection {
  if (usesPlainSockets || !canRewrap(socket)) {
    const connection = Connection.overEvents(socket, deadlines);
    socket.resume();
    return connection;
  }
  return Connection.overReads((onread) => rewrapSocket(socket, onread, WRITE_HIGH_WATER_BYTES), deadlines);
}

/** A socket file left by a process that died would make the address look taken. */
function removeStaleSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Nothing there, or not ours: listening says what is wrong.
  }
}
