// Opens outbound connections: names resolved anew each time, both address families raced, unix sockets, TLS, a time limit.
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ProxyError } from '../exchange/errors.ts';
import type { Deadlines } from '../util/deadlines.ts';
import { type EndpointAddress, printAddress } from './address.ts';
import { Connection, type ConnectionUser, type OnRead } from './connection.ts';
import { toConnectError } from './errors.ts';

/** How to open a connection. */
export interface DialOptions {
  readonly address: EndpointAddress;
  /** TLS to the endpoint; `servername` and `ca` as node:tls takes them. Undefined for cleartext. */
  readonly tls: ConnectionOptions | undefined;
  readonly timeoutMs: number;
}

/** Hears how dialling ended; exactly one of the two calls. */
export interface DialResult {
  connected(connection: Connection): void;
  failed(error: ProxyError): void;
}

/** Head start of one address family before the other is tried too (RFC 8305 §5 recommends 250 ms). */
const FAMILY_ATTEMPT_MS = 250;

/** Opens a connection. Returns how to give up. */
export function dial(options: DialOptions, deadlines: Deadlines, result: DialResult): () => void {
  const connection = Connection.overReads((onread) => openSocket(options, onread), deadlines);
  const attempt = new DialAttempt(connection, options, result);
  connection.use(attempt);
  connection.expireIn(options.timeoutMs);
  connection.socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => attempt.ready());
  return () => attempt.giveUp();
}

function openSocket({ address, tls }: DialOptions, onread: OnRead): Socket {
  const where = 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
  const options = {
    ...where,
    onread: onread as never,
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
    autoSelectFamily: 'host' in address && isIP(address.host) === 0,
    autoSelectFamilyAttemptTimeout: FAMILY_ATTEMPT_MS,
  };
  return tls === undefined ? connectPlain(options as never) : connectTls({ ...options, ...tls } as ConnectionOptions);
}

class DialAttempt implements ConnectionUser {
  readonly #connection: Connection;
  readonly #options: DialOptions;
  readonly #result: DialResult;
  #isOver = false;

  constructor(connection: Connection, options: DialOptions, result: DialResult) {
    this.#connection = connection;
    this.#options = options;
    this.#result = result;
  }

  ready(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.deadlineMs = Number.POSITIVE_INFINITY;
    this.#result.connected(this.#connection);
  }

  giveUp(): void {
    this.#isOver = true;
    this.#connection.destroy();
  }

  onDeadline(): void {
    const address = printAddress(this.#options.address);
    this.#fail(new ProxyError('connection_timeout', `${address}, after ${this.#options.timeoutMs} ms`));
    this.#connection.destroy();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#fail(toConnectError(error, printAddress(this.#options.address)));
  }

  onEnd(): void {
    this.#connection.destroy();
  }

  onBytes(): void {}

  onDrain(): void {}

  #fail(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#result.failed(error);
  }
}
