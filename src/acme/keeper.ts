// CertificateKeeper: has the certificates of many names ready: from the store, from a CA, renewed in time, on demand.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Certificate } from '../tls/certificate.ts';
import type { Cancel } from '../util/clock.ts';
import { NamePermission } from './ask.ts';
import { Issuer, type IssuerOptions, type RevocationReason } from './issuer.ts';
import { KeptName, type KeptReport, type KeptTools } from './kept-name.ts';
import { TaskLimit } from './task-limit.ts';

/** What a keeper works with. */
export interface KeeperOptions extends IssuerOptions {
  /** Numbers from 0 to 1; for tests. */
  readonly random?: () => number;
}

/** How often names are looked at: for what is due, and for what another process renewed. */
const LOOK_EVERY_MS = 60_000;
/** Orders under way at one time. */
const ORDERS_AT_ONCE = 8;
/** Renewal windows asked for at one time. */
const QUESTIONS_AT_ONCE = 4;
/** Names that are kept ready on demand; beyond, the one asked for longest ago is read from the store again. */
const ON_DEMAND_KEPT = 10_000;

/**
 * Keeps names for as long as somebody claims them. Nothing is ordered before {@link CertificateKeeper.start}: CAs look at
 * listeners that must be open by then. What goes wrong is logged, remembered, and tried again later; nothing here rejects.
 */
export class CertificateKeeper {
  readonly #options: KeeperOptions;
  readonly #issuer: Issuer;
  readonly #names = new Map<string, KeptName>();
  readonly #onDemand: LRUCache<string, KeptName>;
  readonly #demands = new Map<string, Promise<Certificate | undefined>>();
  readonly #permission: NamePermission | undefined;
  readonly #detach: Cancel;
  readonly #tools: KeptTools;
  #stopLooking: Cancel | undefined = undefined;

  constructor(options: KeeperOptions) {
    const { settings, store, board, clock, log, random = Math.random } = options;
    this.#options = options;
    this.#issuer = new Issuer(options);
    this.#onDemand = new LRUCache({ max: ON_DEMAND_KEPT });
    this.#permission = settings.ask === undefined ? undefined : new NamePermission(settings.ask, clock);
    this.#detach = board.attach(store);
    const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
    const limits = { orders: new TaskLimit(ORDERS_AT_ONCE), questions: new TaskLimit(QUESTIONS_AT_ONCE) };
    this.#tools = { isClosed: false, digest, store, clock, log, random, limits, issuer: this.#issuer };
  }

  /** Keeps `name` from now on, with what the store has of it. Call the returned function to let go of it. */
  async keep(name: string): Promise<Cancel> {
    const known = this.#names.get(name);
    const kept = known ?? new KeptName(name, this.#tools);
    kept.claims++;
    if (known === undefined) {
      this.#names.set(name, kept);
      await kept.load();
    }
    return () => {
      if (--kept.claims === 0) this.#names.delete(name);
    };
  }

  /** Begins to order what is due, and to look after what there is; again after names were added. */
  start(): void {
    this.#stopLooking ??= this.#options.clock.every(LOOK_EVERY_MS, () => this.look());
    this.look();
  }

  /** One look at every name: what is due is begun. */
  look(): void {
    for (const kept of this.#names.values()) void kept.look();
  }

  /** The certificate of a kept name; a promise while it is being fetched for the first time; undefined for none. */
  find(name: string): Certificate | Promise<Certificate | undefined> | undefined {
    return this.#names.get(name)?.find();
  }

  /** The same for a name that nobody wrote down: fetched now if the ask URL allows it. */
  demand(name: string): Certificate | Promise<Certificate | undefined> | undefined {
    const kept = this.#names.get(name) ?? this.#onDemand.get(name);
    if (kept !== undefined) {
      // Only what is asked for is renewed.
      if (kept.isDue) void this.#renewDemanded(kept);
      return kept.find();
    }
    if (this.#permission === undefined || this.#stopLooking === undefined) return undefined;
    const demand = this.#demands.get(name) ?? this.#fetch(name, this.#permission);
    this.#demands.set(name, demand);
    return demand;
  }

  /** What is known of a name; undefined for one that nobody keeps or asked for. */
  report(name: string): KeptReport | undefined {
    const kept = this.#names.get(name) ?? this.#onDemand.peek(name);
    return kept?.report(!this.#names.has(name));
  }

  /** Orders anew now, whatever is due. Resolves with what is known then; undefined for a name that is not kept. */
  async renew(name: string): Promise<KeptReport | undefined> {
    const kept = this.#names.get(name) ?? this.#onDemand.peek(name);
    await kept?.renew();
    return this.report(name);
  }

  /** Takes the certificate back at its CA, and orders another one. Rejects with `AcmeError` if the CA refuses. */
  async revoke(name: string, reason: RevocationReason): Promise<KeptReport | undefined> {
    const kept = this.#names.get(name) ?? this.#onDemand.peek(name);
    await kept?.revoke(reason);
    return this.report(name);
  }

  /** No orders any more. Those under way are given up: whoever keeps the name next begins anew. */
  close(): void {
    this.#tools.isClosed = true;
    this.#stopLooking?.();
    this.#detach();
    this.#permission?.close();
    this.#issuer.close();
  }

  async #fetch(name: string, permission: NamePermission): Promise<Certificate | undefined> {
    try {
      const kept = new KeptName(name, this.#tools);
      await kept.load();
      if (kept.certificate === undefined && !(await permission.ask(name))) return undefined;
      this.#onDemand.set(name, kept);
      if (kept.isDue) await kept.look();
      return kept.certificate;
    } finally {
      this.#demands.delete(name);
    }
  }

  async #renewDemanded(kept: KeptName): Promise<void> {
    if (kept.isBusy || this.#stopLooking === undefined) return;
    if (await this.#permission?.ask(kept.name)) await kept.look();
  }
}
