// The HTTP/1.1 connections of one endpoint: leased last-used first, learnt idle limits, a bound on how many there are.
import type { OutboundLimits } from '../h1/limits.ts';
import { OutboundConnection, type OutboundOwner } from '../h1/outbound-connection.ts';
import type { Connection } from '../net/connection.ts';
import type { Clock } from '../util/clock.ts';
import type { Deadlines } from '../util/deadlines.ts';
import type { DialledResult, Dialler } from './dialler.ts';
import { type Borrower, type CancelLease, type LeaseWishes, WaitingLine } from './lease.ts';
import type { PoolLimits } from './pool.ts';

/** Takes a connection on which the endpoint chose HTTP/2. */
type OnHttp2 = (connection: Connection, borrower: Borrower, wishes: LeaseWishes) => void;

/** A close seen this long ago says nothing about the endpoint any more. */
const LESSON_LIFETIME_MS = 300_000;
/** Reuse stops this long before the end that an endpoint announced: the FIN may be under way. */
const SAFETY_MARGIN_MS = 1_000;

/** One request each at a time. */
export class ConnectionPool implements OutboundOwner {
  readonly #limits: PoolLimits;
  readonly #outboundLimits: OutboundLimits;
  readonly #dialler: Dialler;
  readonly #clock: Clock;
  readonly #onHttp2: OnHttp2;
  readonly #idle: OutboundConnection[] = [];
  readonly #all = new Set<OutboundConnection>();
  /** Those that say whom they are for, and are for nobody else. */
  readonly #dedicated = new WeakSet<OutboundConnection>();
  readonly #waiting: WaitingLine;
  #dialling = 0;
  #isClosed = false;
  /** Idle connections older than this were closed by the endpoint before we used them. */
  #learntIdleMs = Number.POSITIVE_INFINITY;
  #learntAtMs = 0;

  constructor(
    options: { readonly limits: PoolLimits; readonly outboundLimits: OutboundLimits },
    dialler: Dialler,
    clock: Clock,
    deadlines: Deadlines,
    onHttp2: OnHttp2,
  ) {
    this.#limits = options.limits;
    this.#outboundLimits = options.outboundLimits;
    this.#dialler = dialler;
    this.#clock = clock;
    this.#onHttp2 = onHttp2;
    this.#waiting = new WaitingLine(deadlines, options.limits.connectTimeoutMs, options.limits.waiting);
  }

  /** Connections now: idle ones, and all of them. */
  get size(): { readonly idle: number; readonly open: number } {
    return { idle: this.#idle.length, open: this.#all.size };
  }

  /** Hands `borrower` a connection: an idle one, a new one, or one that comes free. */
  lease(borrower: Borrower, wishes: LeaseWishes): CancelLease {
    const mustBeNew = wishes.fresh || wishes.upgrade !== undefined;
    const idle = mustBeNew ? undefined : this.#takeIdle(wishes.isRepeatable);
    if (idle !== undefined) {
      borrower.leased(idle, true);
      return undefined;
    }
    if (this.#all.size + this.#dialling < this.#limits.connections) return this.#dial(borrower, wishes);
    const spare = this.#idle.shift();
    if (spare === undefined) return this.#waiting.add(borrower, wishes);
    spare.destroy();
    return this.#dial(borrower, wishes);
  }

  /** Takes a new connection over, for `borrower` if there is one. */
  adopt(connection: Connection, borrower: Borrower | undefined, wishes: LeaseWishes | undefined): void {
    const outbound = new OutboundConnection(connection, this, this.#outboundLimits);
    outbound.idleSinceMs = this.#clock.now();
    this.#all.add(outbound);
    if (wishes?.preface !== undefined) this.#dedicated.add(outbound);
    if (borrower === undefined) this.reusable(outbound);
    else borrower.leased(outbound, false);
  }

  reusable(connection: OutboundConnection): void {
    if (this.#isClosed || this.#dedicated.has(connection)) {
      connection.destroy();
      return;
    }
    const waiter = this.#waiting.take();
    if (waiter !== undefined) {
      waiter.borrower.leased(connection, connection.useCount > 0);
      return;
    }
    connection.idleSinceMs = this.#clock.now();
    connection.expireIdleIn(Math.min(this.#limits.idleTimeoutMs, this.#idleLimitMs(connection)));
    this.#idle.push(connection);
  }

  gone(connection: OutboundConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) {
      this.#idle.splice(index, 1);
      this.#learn(connection);
    }
    const waiter = this.#waiting.take();
    if (waiter !== undefined) waiter.cancelNext = this.#dial(waiter.borrower, waiter.wishes);
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
      // Reading the clock costs as much as the rest: only where there is a limit.
      const isYoung = safeMs === Number.POSITIVE_INFINITY || this.#clock.now() - connection.idleSinceMs <= safeMs;
      if (connection.isUsable && isYoung) return connection;
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
    if (this.#isClosed || ageMs >= this.#limits.idleTimeoutMs || ageMs > this.#learntIdleMs * 2) return;
    this.#learntIdleMs = Math.max(ageMs, 1);
    this.#learntAtMs = nowMs;
  }

  #dial(borrower: Borrower, wishes: LeaseWishes): () => void {
    this.#dialling++;
    let isOver = false;
    const settle = () => {
      isOver = true;
      this.#dialling--;
    };
    const result: DialledResult = {
      connected: (connection, protocol) => {
        settle();
        if (protocol === 'h2') this.#onHttp2(connection, borrower, wishes);
        else this.adopt(connection, borrower, wishes);
      },
      failed: (error) => {
        settle();
        borrower.leaseFailed(error);
      },
    };
    // Only HTTP/1.1 can switch to any protocol.
    const giveUp = this.#dialler.dial(wishes.preface, result, wishes.upgrade === undefined ? undefined : 'h1');
    return () => {
      if (isOver) return;
      settle();
      giveUp();
    };
  }
}
