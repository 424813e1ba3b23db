// Idle connections of one endpoint: leased last-used first, learnt idle limits, a bound on how many there are.
import type { ConnectionOptions } from 'node:tls';
import { ProxyError } from '../exchange/errors.ts';
import type { OutboundLimits } from '../h1/limits.ts';
import { OutboundConnection, type OutboundOwner } from '../h1/outbound-connection.ts';
import type { EndpointAddress } from '../net/address.ts';
import type { Connection } from '../net/connection.ts';
import { dial } from '../net/dial.ts';
import type { Clock } from '../util/clock.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';

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

/** Who wants a connection; exactly one of the two calls, perhaps at once. */
export interface Borrower {
  leased(connection: OutboundConnection, wasReused: boolean): void;
  leaseFailed(error: ProxyError): void;
}

/** What a pool needs to open connections. */
export interface PoolOptions {
  readonly address: EndpointAddress;
  readonly tls: ConnectionOptions | undefined;
  readonly limits: PoolLimits;
  readonly outboundLimits: OutboundLimits;
}

/** A close seen this long ago says nothing about the endpoint any more. */
const LESSON_LIFETIME_MS = 300_000;
/** Reuse stops this long before the end that an endpoint announced: the FIN may be under way. */
const SAFETY_MARGIN_MS = 1_000;

/** Pool of one endpoint; shared by the generations that use the endpoint. */
export class Pool implements OutboundOwner {
  readonly #options: PoolOptions;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #idle: OutboundConnection[] = [];
  readonly #all = new Set<OutboundConnection>();
  /** Those that say whom they are for, and are for nobody else. */
  readonly #dedicated = new WeakSet<OutboundConnection>();
  /** The last TLS session of the endpoint, to be resumed by the next connection (RFC 8446 §2.2). */
  #session: Buffer | undefined = undefined;
  readonly #waiting: Waiter[] = [];
  #dialling = 0;
  #isClosed = false;
  /** Idle connections older than this were closed by the endpoint before we used them. */
  #learntIdleMs = Number.POSITIVE_INFINITY;
  #learntAtMs = 0;

  constructor(options: PoolOptions, clock: Clock, deadlines: Deadlines) {
    this.#options = options;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** Connections now: idle ones, and all of them. */
  get size(): { readonly idle: number; readonly open: number } {
    return { idle: this.#idle.length, open: this.#all.size };
  }

  /**
   * Hands `borrower` a connection: an idle one, a new one, or one that comes free. `isRepeatable` says whether the
   * request may be sent again if an idle connection turns out to be dead; `fresh` asks for a new one in any case.
   * `preface` goes first on a new connection, which is not used again: all leases of a pool have one, or none.
   * Returns how to give up, or undefined if the borrower was answered already.
   */
  lease(borrower: Borrower, isRepeatable: boolean, fresh: boolean, preface?: Buffer): (() => void) | undefined {
    const idle = fresh ? undefined : this.#takeIdle(isRepeatable);
    if (idle !== undefined) {
      borrower.leased(idle, true);
      return undefined;
    }
    const { connections, waiting } = this.#options.limits;
    if (this.#all.size + this.#dialling < connections) return this.#dial(borrower, preface);
    const spare = this.#idle.shift();
    if (spare !== undefined) {
      spare.destroy();
      return this.#dial(borrower, preface);
    }
    if (this.#waiting.length >= waiting) {
      borrower.leaseFailed(new ProxyError('connection_limit_reached', `${waiting} requests wait already`));
      return undefined;
    }
    return this.#wait(borrower, preface);
  }

  reusable(connection: OutboundConnection): void {
    if (this.#isClosed || this.#dedicated.has(connection)) {
      connection.destroy();
      return;
    }
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      this.#deadlines.remove(waiter);
      waiter.borrower.leased(connection, true);
      return;
    }
    connection.idleSinceMs = this.#clock.now();
    connection.expireIdleIn(Math.min(this.#options.limits.idleTimeoutMs, this.#idleLimitMs(connection)));
    this.#idle.push(connection);
  }

  gone(connection: OutboundConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) {
      this.#idle.splice(index, 1);
      this.#learn(connection);
    }
    const waiter = this.#waiting.shift();
    if (waiter === undefined) return;
    this.#deadlines.remove(waiter);
    waiter.cancelDial = this.#dial(waiter.borrower, waiter.preface);
  }

  /** A request on a kept connection found it closed: what that says about the endpoint. */
  noteStale(connection: OutboundConnection): void {
    this.#learn(connection);
  }

  /** Closes idle connections now and the others when they are given back. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  #takeIdle(isRepeatable: boolean): OutboundConnection | undefined {
    const nowMs = this.#clock.now();
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      const limitMs = this.#idleLimitMs(connection);
      // What cannot be repeated stays well away from the instant at which the endpoint was seen to close.
      const safeMs = isRepeatable
        ? limitMs
        : limitMs === Number.POSITIVE_INFINITY
          ? limitMs
          : limitMs / 2 - SAFETY_MARGIN_MS;
      if (connection.isUsable && nowMs - connection.idleSinceMs <= safeMs) return connection;
      if (isRepeatable || !connection.isUsable) connection.destroy();
      else {
        this.#idle.push(connection);
        return undefined;
      }
    }
  }

  #idleLimitMs(connection: OutboundConnection): number {
    const announced = connection.announcedIdleMs;
    const limitMs = announced === undefined ? Number.POSITIVE_INFINITY : Math.max(0, announced - SAFETY_MARGIN_MS);
    if (this.#learntIdleMs === Number.POSITIVE_INFINITY) return limitMs;
    if (this.#clock.now() - this.#learntAtMs > LESSON_LIFETIME_MS) this.#learntIdleMs = Number.POSITIVE_INFINITY;
    return Math.min(limitMs, this.#learntIdleMs);
  }

  #learn(connection: OutboundConnection): void {
    const nowMs = this.#clock.now();
    const ageMs = nowMs - connection.idleSinceMs;
    if (this.#isClosed || ageMs >= this.#options.limits.idleTimeoutMs || ageMs > this.#learntIdleMs * 2) return;
    this.#learntIdleMs = Math.max(ageMs, 1);
    this.#learntAtMs = nowMs;
  }

  #dial(borrower: Borrower, preface: Buffer | undefined): () => void {
    this.#dialling++;
    const { address, tls, limits } = this.#options;
    let isOver = false;
    const settle = () => {
      isOver = true;
      this.#dialling--;
    };
    const session = this.#session;
    const resuming = tls === undefined || session === undefined ? tls : { ...tls, session };
    const options = {
      address,
      tls: resuming,
      preface,
      timeoutMs: limits.connectTimeoutMs,
      onSession: this.#keepSession,
    };
    const giveUp = dial(options, this.#deadlines, {
      connected: (connection) => {
        settle();
        const outbound = this.#adopt(connection);
        if (preface !== undefined) this.#dedicated.add(outbound);
        borrower.leased(outbound, false);
      },
      failed: (error) => {
        settle();
        this.#session = undefined;
        borrower.leaseFailed(error);
      },
    });
    return () => {
      if (isOver) return;
      settle();
      giveUp();
    };
  }

  readonly #keepSession = (session: Buffer): void => {
    this.#session = session;
  };

  #adopt(connection: Connection): OutboundConnection {
    const outbound = new OutboundConnection(connection, this, this.#options.outboundLimits);
    outbound.idleSinceMs = this.#clock.now();
    this.#all.add(outbound);
    return outbound;
  }

  #wait(borrower: Borrower, preface: Buffer | undefined): () => void {
    const waiter = new Waiter(borrower, preface, this.#deadlines.in(this.#options.limits.connectTimeoutMs), () =>
      this.#remove(waiter),
    );
    this.#waiting.push(waiter);
    this.#deadlines.add(waiter);
    return () => {
      this.#remove(waiter);
      waiter.cancelDial?.();
    };
  }

  #remove(waiter: Waiter): void {
    const index = this.#waiting.indexOf(waiter);
    if (index >= 0) this.#waiting.splice(index, 1);
    this.#deadlines.remove(waiter);
  }
}

/** A borrower in the queue of a pool that is full. */
class Waiter implements Expiring {
  readonly borrower: Borrower;
  readonly preface: Buffer | undefined;
  readonly #leave: () => void;
  deadlineMs: number;
  cancelDial: (() => void) | undefined = undefined;

  constructor(borrower: Borrower, preface: Buffer | undefined, deadlineMs: number, leave: () => void) {
    this.borrower = borrower;
    this.preface = preface;
    this.deadlineMs = deadlineMs;
    this.#leave = leave;
  }

  onDeadline(): void {
    this.#leave();
    this.borrower.leaseFailed(new ProxyError('connection_limit_reached', 'no connection came free in time'));
  }
}
