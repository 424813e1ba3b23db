// What this process has done and has open, as plain integers: the source of `portico status` and of the metrics.
import type { Exchange } from '../exchange/exchange.ts';
import type { Observer } from '../exchange/observer.ts';

/** Exchanges by the class of the status that the client saw. `other` is a status outside 100 to 599. */
export interface StatusClassCounts {
  readonly '1xx': number;
  readonly '2xx': number;
  readonly '3xx': number;
  readonly '4xx': number;
  readonly '5xx': number;
  readonly other: number;
}

/** Exchanges of the process, or of one site. */
export interface ExchangeCounts {
  /** Under way now. */
  readonly active: number;
  /** Opened since the start, the active ones included. */
  readonly total: number;
  /** Of those that are over, how many ended with a failure of whatever side; a client that went away is one. */
  readonly failed: number;
  readonly byStatusClass: StatusClassCounts;
}

/** Connections of one listener. */
export interface ListenerCounts {
  readonly open: number;
  readonly accepted: number;
  /** Closed at once because a limit was reached. */
  readonly refused: number;
}

/** Everything at one instant, as plain data for JSON. */
export interface CountersSnapshot {
  readonly exchanges: ExchangeCounts;
  /** By the key of the site; exchanges that no site took are under the empty key. */
  readonly sites: Readonly<Record<string, ExchangeCounts>>;
  /** Of the bodies of exchanges that are over. */
  readonly bytes: { readonly received: number; readonly sent: number };
  /** By address. */
  readonly listeners: Readonly<Record<string, ListenerCounts>>;
  readonly upstreamConnections: { readonly open: number; readonly opened: number; readonly failed: number };
  readonly reloads: { readonly done: number; readonly failed: number };
}

const STATUS_CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** The index of a status in a list of six counts, of which the first is for what is no status. */
export function statusClassOf(status: number): number {
  const index = Math.floor(status / 100);
  return index >= 1 && index <= 5 ? index : 0;
}

/** Six counts as a map. */
export function toStatusClassCounts(counts: readonly number[]): StatusClassCounts {
  const pairs = STATUS_CLASSES.map((name, index) => [name, counts[index] ?? 0] as const);
  return Object.fromEntries(pairs) as Record<(typeof STATUS_CLASSES)[number], number>; // every name is among the pairs
}

/** Counts exchanges of one site or of all. */
class ExchangeCounter {
  active = 0;
  total = 0;
  failed = 0;
  readonly byClass = [0, 0, 0, 0, 0, 0];

  open(): void {
    this.active++;
    this.total++;
  }

  end(statusClass: number, isFailed: boolean): void {
    this.active--;
    this.byClass[statusClass] = (this.byClass[statusClass] ?? 0) + 1;
    if (isFailed) this.failed++;
  }

  snapshot(): ExchangeCounts {
    const { active, total, failed } = this;
    return { active, total, failed, byStatusClass: toStatusClassCounts(this.byClass) };
  }
}

/** Counts the connections of one listener; whoever accepts calls it. */
export class ListenerCounter {
  open = 0;
  accepted = 0;
  refused = 0;

  onOpen(): void {
    this.open++;
    this.accepted++;
  }

  onClose(): void {
    this.open--;
  }

  onRefused(): void {
    this.refused++;
  }
}

/** Counts connections to endpoints; whoever dials calls it. */
export class UpstreamConnectionCounter {
  open = 0;
  opened = 0;
  failed = 0;

  onOpen(): void {
    this.open++;
    this.opened++;
  }

  onClose(): void {
    this.open--;
  }

  /** A connection could not be opened. */
  onFailed(): void {
    this.failed++;
  }
}

/**
 * The counters of a process. An observer of every exchange; the rest is told by whoever does it. A count is an addition:
 * nothing is allocated per exchange.
 */
export class Counters implements Observer {
  readonly upstreamConnections: UpstreamConnectionCounter = new UpstreamConnectionCounter();
  readonly #all = new ExchangeCounter();
  readonly #sites = new Map<string, ExchangeCounter>();
  readonly #listeners = new Map<string, ListenerCounter>();
  #bytesReceived = 0;
  #bytesSent = 0;
  #reloads = 0;
  #failedReloads = 0;

  onOpen(exchange: Exchange): void {
    this.#all.open();
    this.#site(exchange).open();
  }

  onEnd(exchange: Exchange, status: number): void {
    const statusClass = statusClassOf(status);
    const isFailed = exchange.error !== undefined;
    this.#all.end(statusClass, isFailed);
    this.#site(exchange).end(statusClass, isFailed);
    this.#bytesReceived += exchange.bytesReceived;
    this.#bytesSent += exchange.bytesSent;
  }

  /** The counter of a listener, by its address; the same one for the same address. */
  listener(address: string): ListenerCounter {
    let counter = this.#listeners.get(address);
    if (counter === undefined) {
      counter = new ListenerCounter();
      this.#listeners.set(address, counter);
    }
    return counter;
  }

  /** A configuration was loaded anew, or could not be. */
  onReload(isDone: boolean): void {
    if (isDone) this.#reloads++;
    else this.#failedReloads++;
  }

  /**
   * Forgets sites and listeners that a reload took away, once nothing of them is active any more, so that years of
   * reloads do not add up. Called after each reload with what there is now.
   */
  retain(sites: ReadonlySet<string>, listeners: ReadonlySet<string>): void {
    for (const [key, counter] of this.#sites)
      if (key !== '' && !sites.has(key) && counter.active === 0) this.#sites.delete(key);
    for (const [address, counter] of this.#listeners)
      if (!listeners.has(address) && counter.open === 0) this.#listeners.delete(address);
  }

  snapshot(): CountersSnapshot {
    return {
      exchanges: this.#all.snapshot(),
      sites: toRecord(this.#sites, (counter) => counter.snapshot()),
      bytes: { received: this.#bytesReceived, sent: this.#bytesSent },
      listeners: toRecord(this.#listeners, ({ open, accepted, refused }) => ({ open, accepted, refused })),
      upstreamConnections: { ...this.upstreamConnections },
      reloads: { done: this.#reloads, failed: this.#failedReloads },
    };
  }

  /** Sites come from the configuration only: a client cannot make this table grow. */
  #site({ route }: Exchange): ExchangeCounter {
    const { site } = route.mount;
    let counter = this.#sites.get(site);
    if (counter === undefined) {
      counter = new ExchangeCounter();
      this.#sites.set(site, counter);
    }
    return counter;
  }
}

/** The counters of this process. */
export const processCounters: Counters = new Counters();

/** As own properties: a site called `__proto__` must not be anything else. */
function toRecord<From, To>(map: ReadonlyMap<string, From>, convert: (value: From) => To): Record<string, To> {
  return Object.fromEntries([...map].map(([key, value]) => [key, convert(value)]));
}
