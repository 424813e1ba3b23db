// What somebody wants who needs a connection to an endpoint, and the line in which they wait for one.
import { ProxyError } from '../exchange/errors.ts';
import type { OutboundCarrier } from '../exchange/outbound.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';

/** Who wants a place for one request; exactly one of the two calls, perhaps at once. */
export interface Borrower {
  /** `wasReused`: the connection had carried an exchange before, so the endpoint may not have seen what is sent now. */
  leased(carrier: OutboundCarrier, wasReused: boolean): void;
  leaseFailed(error: ProxyError): void;
}

/** What the connection must be like. */
export interface LeaseWishes {
  /** Whether the request may be sent again if a kept connection turns out to be dead. */
  readonly isRepeatable: boolean;
  /** No kept HTTP/1.1 connection in any case, because one was found dead, or because it will be given away. */
  readonly fresh: boolean;
  /** Goes first on a new connection, which is not used again: all leases of a pool have one, or none. */
  readonly preface: Buffer | undefined;
  /** The protocol that the request asks to switch to (RFC 9110 §7.8), in lower case. */
  readonly upgrade: string | undefined;
}

/** How a lease is given up; undefined if the borrower was answered already. */
export type CancelLease = (() => void) | undefined;

/** Borrowers for whom there is no connection yet, first come first served, each for a limited time. */
export class WaitingLine {
  readonly #deadlines: Deadlines;
  readonly #timeoutMs: number;
  readonly #limit: number;
  readonly #waiters: Waiter[] = [];

  /** `limit`: more than so many are refused. */
  constructor(deadlines: Deadlines, timeoutMs: number, limit: number) {
    this.#deadlines = deadlines;
    this.#timeoutMs = timeoutMs;
    this.#limit = limit;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** Puts a borrower at the end, or answers it if the line is too long. */
  add(borrower: Borrower, wishes: LeaseWishes): CancelLease {
    if (this.#waiters.length >= this.#limit) {
      borrower.leaseFailed(new ProxyError('connection_limit_reached', `${this.#limit} requests wait already`));
      return undefined;
    }
    const waiter = new Waiter(borrower, wishes, this.#deadlines.in(this.#timeoutMs), () => this.#remove(waiter));
    this.#waiters.push(waiter);
    this.#deadlines.add(waiter);
    return () => {
      this.#remove(waiter);
      waiter.cancelNext?.();
    };
  }

  /** Takes the first one that `fits` out of the line. */
  take(fits?: (wishes: LeaseWishes) => boolean): Waiter | undefined {
    const waiter = fits === undefined ? this.#waiters[0] : this.#waiters.find(({ wishes }) => fits(wishes));
    if (waiter !== undefined) this.#remove(waiter);
    return waiter;
  }

  #remove(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index >= 0) this.#waiters.splice(index, 1);
    this.#deadlines.remove(waiter);
  }
}

/** A borrower in the line. Whoever takes it out and does not answer it at once says how to give up. */
export class Waiter implements Expiring {
  readonly borrower: Borrower;
  readonly wishes: LeaseWishes;
  readonly #leave: () => void;
  deadlineMs: number;
  cancelNext: CancelLease = undefined;

  constructor(borrower: Borrower, wishes: LeaseWishes, deadlineMs: number, leave: () => void) {
    this.borrower = borrower;
    this.wishes = wishes;
    this.deadlineMs = deadlineMs;
    this.#leave = leave;
  }

  onDeadline(): void {
    this.#leave();
    this.borrower.leaseFailed(new ProxyError('connection_limit_reached', 'no connection came free in time'));
  }
}
