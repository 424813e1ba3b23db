// Opens outbound connections: names resolved anew each time, both address families raced, unix sockets, TLS, a time limit.
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ProxyError } from '../exchange/errors.ts';
import type { Deadlines } from '../util/deadlines.ts';
import { type EndpointAddress, printAddress } from './address.ts';
import { Connection, type ConnectionUser } from './connection.ts';
import { toConnectError } from './errors.ts';
import type { OnRead } from './read-memory.ts';

/** How to open a connection. */
export interface DialOptions {
  readonly address: EndpointAddress;
  /** TLS to the endpoint; `servername` and `ca` as node:tls takes them. Undefined for cleartext. */
  readonly tls: ConnectionOptions | undefined;
  /** Sent first, before a TLS handshake too: a PROXY protocol header. */
  readonly preface?: Buffer | undefined;
  /** Is given TLS sessions that the endpoint offers for resumption. */
  readonly onSession?: ((session: Buffer) => void) | undefined;
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
  const { tls, preface, onSession } = options;
  const connection =
    tls !== undefined && preface !== undefined
      ? openBehindPreface(options, tls, preface, deadlines)
      : Connection.overReads((onread) => openSocket(options, onread), deadlines);
  const { socket } = connection;
  const attempt = new DialAttempt(connection, options, result);
  connection.use(attempt);
  connection.expireIn(options.timeoutMs);
  if (tls === undefined && preface !== undefined) socket.once('connect', () => connection.write(preface));
  if (tls !== undefined && onSession !== undefined) socket.on('session', onSession);
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => attempt.ready());
  return () => attempt.giveUp();
}

/** The preface must be out before the handshake begins, so TLS comes onto a socket of its own. */
function openBehindPreface(
  { address }: DialOptions,
  tls: ConnectionOptions,
  preface: Buffer,
  deadlines: Deadlines,
): Connection {
  const carrier = connectPlain(connectOptions(address) as never);
  carrier.write(preface);
  // The host is what the certificate is checked against where there is no name.
  const host = 'host' in address ? { host: address.host } : {};
  return Connection.overEvents(connectTls({ ...host, ...tls, socket: carrier }), deadlines, carrier);
}

function openSocket({ address, tls }: DialOptions, onread: OnRead): Socket {
  const options = { ...connectOptions(address), onread: onread as never };
  return tls === undefined ? connectPlain(options as never) : connectTls({ ...options, ...tls } as ConnectionOptions);
}

function connectOptions(address: EndpointAddress) {
  const where = 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
  return {
    ...where,
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
    autoSelectFamily: 'host' in address && isIP(address.host) === 0,
    autoSelectFamilyAttemptTimeout: FAMILY_ATTEMPT_MS,
  };
}

class DialAttempt implements ConnectionUser {
  readonly #connection: Connection;
  readonly #options: DialOptions;
  readonly #result: DialResult;
  #isOver = false;
  /** Whether the transport connection stands, so that what fails is the handshake. */
  #hasReached = false;

  constructor(connection: Connection, options: DialOptions, result: DialResult) {
    this.#connection = connection;
    this.#options = options;
    this.#result = result;
    connection.socket.once('connect', () => {
      this.#hasReached = true;
    });
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
    const { address, tls } = this.#options;
    this.#fail(toConnectError(error, printAddress(address), tls !== undefined && this.#hasReached));
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
