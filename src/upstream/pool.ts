// Pool: the connections of one endpoint, in whichever protocol it speaks; hands out places for single requests.
import type { ConnectionOptions } from 'node:tls';
import type { OutboundCarrier, OutboundProtocol } from '../exchange/outbound.ts';
import type { OutboundLimits } from '../h1/limits.ts';
import { OutboundConnection } from '../h1/outbound-connection.ts';
import type { OutboundSessionLimits } from '../h2/limits.ts';
import type { EndpointAddress } from '../net/address.ts';
import type { Connection } from '../net/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Deadlines } from '../util/deadlines.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Dialler, type ProtocolChoice } from './dialler.ts';
import type { Borrower, CancelLease, LeaseWishes } from './lease.ts';
import { SessionPool } from './session-pool.ts';

/** Bounds of one pool. */
export interface PoolLimits {
  /** Connections to the endpoint at one time, busy and idle. */
  readonly connections: number;
  /** Requests that wait for one; more are refused. */
  readonly waiting: number;
  /** How long a connection may idle if the endpoint shows no shorter limit of its own. */
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

export const DEFAULT_POOL_LIMITS: PoolLimits = {
  connections: 1024,
  waiting: 4096,
  idleTimeoutMs: 60_000,
  connectTimeoutMs: 5_000,
};

/** What a pool needs to open connections. */
export interface PoolOptions {
  readonly address: EndpointAddress;
  readonly scheme: 'http' | 'https';
  readonly tls: ConnectionOptions | undefined;
  readonly protocol: ProtocolChoice;
  readonly limits: PoolLimits;
  readonly outboundLimits: OutboundLimits;
  readonly sessionLimits: OutboundSessionLimits;
}

/**
 * Pool of one endpoint; shared by the generations that use the endpoint. Where ALPN decides, the first handshake tells
 * what the endpoint speaks, and every later one may correct it.
 */
export class Pool {
  readonly #protocol: ProtocolChoice;
  readonly #connections: ConnectionPool;
  readonly #sessions: SessionPool;
  readonly #dialler: Dialler;
  #spoken: OutboundProtocol | undefined;

  constructor(options: PoolOptions, clock: Clock, deadlines: Deadlines) {
    const { address, tls, protocol, limits } = options;
    this.#protocol = protocol;
    this.#spoken = protocol === 'auto' && tls !== undefined ? undefined : protocol === 'h2' ? 'h2' : 'h1';
    const dialler = new Dialler({ address, tls, protocol, connectTimeoutMs: limits.connectTimeoutMs }, deadlines);
    this.#dialler = dialler;
    this.#connections = new ConnectionPool(options, dialler, clock, deadlines, (connection, borrower, wishes) =>
      this.#foundHttp2(connection, borrower, wishes),
    );
    this.#sessions = new SessionPool(options, dialler, deadlines, {
      foundHttp1: (connection, borrower, wishes) => this.#foundHttp1(connection, borrower, wishes),
      leaseHttp1: (borrower, wishes) => this.#connections.lease(borrower, wishes),
    });
  }

  /** What the endpoint was last found to speak; undefined before its first handshake. */
  get spoken(): OutboundProtocol | undefined {
    return this.#dialler.usesHttp1 ? 'h1' : this.#spoken;
  }

  /** Connections now: those that could take a request at once, and all of them. */
  get size(): { readonly idle: number; readonly open: number } {
    const { idle, open } = this.#connections.size;
    return { idle: idle + this.#sessions.size.idle, open: open + this.#sessions.size.open };
  }

  /** Hands `borrower` a place for one request: on a kept connection, on a new one, or on one that comes free. */
  lease(borrower: Borrower, wishes: LeaseWishes): CancelLease {
    const isHttp2 = this.#spoken !== 'h1' && this.#sessions.mayCarry(wishes.upgrade);
    return isHttp2 ? this.#sessions.lease(borrower, wishes) : this.#connections.lease(borrower, wishes);
  }

  /** A request found a kept connection closed: what that says about the endpoint. */
  noteStale(carrier: OutboundCarrier): void {
    if (carrier instanceof OutboundConnection) this.#connections.noteStale(carrier);
  }

  /** Closes idle connections now and the others when they are given back. */
  close(): void {
    this.#connections.close();
    this.#sessions.close();
  }

  #foundHttp1(connection: Connection, borrower: Borrower | undefined, wishes: LeaseWishes | undefined): void {
    if (this.#protocol === 'auto') this.#spoken = 'h1';
    this.#connections.adopt(connection, borrower, wishes);
  }

  #foundHttp2(connection: Connection, borrower: Borrower, wishes: LeaseWishes): void {
    if (this.#protocol === 'auto') this.#spoken = 'h2';
    this.#sessions.adopt(connection, borrower, wishes);
  }
}
