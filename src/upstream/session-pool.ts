// The HTTP/2 sessions of one endpoint: many requests on each, as many as the endpoint allows, another one when they are full.
import { ProxyError } from '../exchange/errors.ts';
import { WEBSOCKET } from '../h2/extended-connect.ts';
import type { OutboundSessionLimits } from '../h2/limits.ts';
import { OutboundSession, type SessionOwner } from '../h2/outbound-session.ts';
import type { Connection } from '../net/connection.ts';
import type { Deadlines } from '../util/deadlines.ts';
import type { DialledResult, Dialler } from './dialler.ts';
import { type Borrower, type CancelLease, type LeaseWishes, WaitingLine } from './lease.ts';
import type { PoolLimits } from './pool.ts';

/** Where requests go that HTTP/2 is not for. */
export interface Http1Side {
  /** Takes a connection on which the endpoint chose HTTP/1.1, for `borrower` if somebody still waits for it. */
  foundHttp1(connection: Connection, borrower: Borrower | undefined, wishes: LeaseWishes | undefined): void;
  leaseHttp1(borrower: Borrower, wishes: LeaseWishes): CancelLease;
}

/** What a session pool needs to know. */
export interface SessionPoolOptions {
  readonly scheme: 'http' | 'https';
  readonly limits: PoolLimits;
  readonly sessionLimits: OutboundSessionLimits;
}

/** Requests share sessions; the oldest one with room is taken, so that those beyond need idle out. */
export class SessionPool implements SessionOwner {
  readonly #options: SessionPoolOptions;
  readonly #dialler: Dialler;
  readonly #http1: Http1Side;
  readonly #sessions = new Set<OutboundSession>();
  readonly #waiting: WaitingLine;
  readonly #dials = new Set<() => void>();
  /** Sessions that say whom they are for, and are for nobody else. */
  readonly #dedicated = new WeakSet<OutboundSession>();
  /** Whether the endpoint offers extended CONNECT (RFC 8441 §3); undefined until its first SETTINGS. */
  #connectProtocol: boolean | undefined = undefined;
  #isClosed = false;
  #isServing = false;

  constructor(options: SessionPoolOptions, dialler: Dialler, deadlines: Deadlines, http1: Http1Side) {
    this.#options = options;
    this.#dialler = dialler;
    this.#http1 = http1;
    // Longer than one dial, whose failure says more than that nothing came free.
    this.#waiting = new WaitingLine(deadlines, options.limits.connectTimeoutMs * 2, options.limits.waiting);
  }

  /** Sessions now: those with nothing under way, and all of them. */
  get size(): { readonly idle: number; readonly open: number } {
    return { idle: [...this.#sessions].filter(({ isBusy }) => !isBusy).length, open: this.#sessions.size };
  }

  /** Whether a request can go over HTTP/2, as far as is known: one that asks for this upgrade too (RFC 8441 §4). */
  mayCarry(upgrade: string | undefined): boolean {
    if (this.#dialler.usesHttp1) return false;
    if (upgrade === undefined) return true;
    return upgrade === WEBSOCKET && (this.#connectProtocol ?? !this.#isClosed);
  }

  /** Hands `borrower` a stream: on a session with room, on a new session, or on one that comes free. */
  lease(borrower: Borrower, wishes: LeaseWishes): CancelLease {
    if (wishes.preface !== undefined) return this.#dialFor(borrower, wishes);
    const session = this.#waiting.length === 0 ? this.#findRoom(wishes) : undefined;
    if (session !== undefined) {
      lend(session, borrower);
      return undefined;
    }
    const cancel = this.#waiting.add(borrower, wishes);
    this.#serve();
    return cancel;
  }

  /** Takes a new connection over for `borrower`. */
  adopt(connection: Connection, borrower: Borrower, wishes: LeaseWishes): void {
    const session = this.#open(connection);
    if (wishes.preface !== undefined) this.#dedicated.add(session);
    lend(session, borrower);
    if (wishes.preface !== undefined || this.#isClosed) session.close();
    this.#serve();
  }

  /** Lets sessions end as soon as nothing is under way on them. */
  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#sessions]) session.close();
  }

  settled(session: OutboundSession): void {
    this.#connectProtocol = session.hasConnectProtocol;
  }

  roomChanged(): void {
    this.#serve();
  }

  /** What is under way goes on; whoever waits, and all that come in the next minutes, go to HTTP/1.1. */
  http1Required(): boolean {
    const isDone = this.#dialler.noteHttp1Required();
    if (isDone) this.#sendToHttp1();
    return isDone;
  }

  /** A session that ends before its SETTINGS takes a request with it, so that nobody dials for ever. */
  gone(session: OutboundSession): void {
    this.#sessions.delete(session);
    if (!session.hasSettings)
      this.#waiting.take()?.borrower.leaseFailed(new ProxyError('upstream_closed', 'before its SETTINGS'));
    this.#serve();
  }

  #open(connection: Connection): OutboundSession {
    const { scheme, sessionLimits, limits } = this.#options;
    const allLimits = { ...sessionLimits, idleTimeoutMs: limits.idleTimeoutMs };
    const session = new OutboundSession(connection, scheme, this, allLimits);
    this.#sessions.add(session);
    return session;
  }

  #findRoom(wishes: LeaseWishes): OutboundSession | undefined {
    for (const session of this.#sessions) {
      if (!session.hasRoom || this.#dedicated.has(session)) continue;
      if (wishes.upgrade === undefined || session.hasConnectProtocol) return session;
    }
    return undefined;
  }

  /** Gives every waiter what can be had now, and dials for the rest. */
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    this.#sendToHttp1();
    for (;;) {
      const waiter = this.#waiting.take((wishes) => this.#findRoom(wishes) !== undefined);
      const session = waiter === undefined ? undefined : this.#findRoom(waiter.wishes);
      if (waiter === undefined || session === undefined) break;
      lend(session, waiter.borrower);
    }
    this.#isServing = false;
    while (this.#waiting.length > this.#expectedRoom && this.#mayDial) this.#dialForWaiters();
  }

  /** What the endpoint does not take over HTTP/2. */
  #sendToHttp1(): void {
    for (;;) {
      const waiter = this.#waiting.take(({ upgrade }) => !this.mayCarry(upgrade));
      if (waiter === undefined) return;
      waiter.cancelNext = this.#http1.leaseHttp1(waiter.borrower, waiter.wishes);
    }
  }

  /** How many streams there will be without another session: of those on their way, and those that have no SETTINGS yet. */
  get #expectedRoom(): number {
    const settling = [...this.#sessions].filter((session) => session.isSettling && !this.#dedicated.has(session));
    return (this.#dials.size + settling.length) * this.#options.sessionLimits.concurrentStreams;
  }

  get #mayDial(): boolean {
    return this.#sessions.size + this.#dials.size < this.#options.limits.connections;
  }

  #dialForWaiters(): void {
    this.#dial(undefined, {
      connected: (connection, protocol) => {
        const waiter = protocol === 'h2' && this.#isClosed ? this.#waiting.take() : undefined;
        if (protocol === 'h1') this.#passOn(connection);
        else if (waiter !== undefined) this.adopt(connection, waiter.borrower, waiter.wishes);
        else {
          this.#open(connection);
          this.#serve();
        }
      },
      failed: (error) => this.#dialFailed(error),
    });
  }

  /** The endpoint speaks HTTP/1.1 after all: so do all who wait. */
  #passOn(connection: Connection): void {
    const first = this.#waiting.take();
    this.#http1.foundHttp1(connection, first?.borrower, first?.wishes);
    for (let waiter = this.#waiting.take(); waiter !== undefined; waiter = this.#waiting.take())
      waiter.cancelNext = this.#http1.leaseHttp1(waiter.borrower, waiter.wishes);
  }

  /** Whoever waits can still hope where there is another session; else the failure is everybody's. */
  #dialFailed(error: ProxyError): void {
    const isHopeless = this.#sessions.size + this.#dials.size === 0;
    let waiter = this.#waiting.take();
    while (waiter !== undefined) {
      waiter.borrower.leaseFailed(copyError(error));
      waiter = isHopeless ? this.#waiting.take() : undefined;
    }
  }

  #dialFor(borrower: Borrower, wishes: LeaseWishes): CancelLease {
    return this.#dial(wishes.preface, {
      connected: (connection, protocol) => {
        if (protocol === 'h2') this.adopt(connection, borrower, wishes);
        else this.#http1.foundHttp1(connection, borrower, wishes);
      },
      failed: (error) => borrower.leaseFailed(error),
    });
  }

  #dial(preface: Buffer | undefined, result: DialledResult): () => void {
    let giveUp = () => {};
    const cancel = () => {
      this.#dials.delete(cancel);
      giveUp();
    };
    this.#dials.add(cancel);
    giveUp = this.#dialler.dial(preface, {
      connected: (connection, protocol) => {
        this.#dials.delete(cancel);
        result.connected(connection, protocol);
      },
      failed: (error) => {
        this.#dials.delete(cancel);
        result.failed(error);
      },
    });
    return cancel;
  }
}

function lend(session: OutboundSession, borrower: Borrower): void {
  const wasReused = session.useCount > 0;
  borrower.leased(session.open(), wasReused);
}

/** Each request has an error of its own: the endpoint and the attempt are noted on it. */
function copyError({ code, detail, cause, errno }: ProxyError): ProxyError {
  return new ProxyError(code, detail, { cause, errno });
}
