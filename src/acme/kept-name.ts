// KeptName: one name with its certificate: loaded, ordered when due, its renewal window asked for, failures remembered.
import type { FeatureLog } from '../exchange/feature.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { Clock } from '../util/clock.ts';
import { type AcmeError, toAcmeError } from './acme-error.ts';
import { backOffMs } from './back-off.ts';
import type { Issued, Issuer, RevocationReason } from './issuer.ts';
import { askRenewal, plainRenewalMs, type RenewalWindow } from './renewal.ts';
import type { AcmeStore, CertificateFacts, FailedAttempt } from './store.ts';
import type { TaskLimit } from './task-limit.ts';

/** What is known of one name, for `portico cert explain`. Times in milliseconds since 1970. */
export interface KeptReport {
  readonly certificate: Certificate | undefined;
  readonly file: string;
  readonly facts: CertificateFacts;
  readonly isBusy: boolean;
  readonly isOnDemand: boolean;
  readonly renewMs: number | undefined;
  readonly window: RenewalWindow | undefined;
  /** Why the CA's window is not known although it gives windows. */
  readonly windowError: string | undefined;
}

/** What all names of a keeper share. */
export interface KeptTools {
  /** Of the settings: an attempt under others says nothing about the next one. */
  readonly digest: string;
  /** Whether the keeper is closed: what fails then fails because of that. */
  isClosed: boolean;
  readonly store: AcmeStore;
  readonly clock: Clock;
  readonly log: FeatureLog;
  readonly random: () => number;
  readonly limits: { readonly orders: TaskLimit; readonly questions: TaskLimit };
  readonly issuer: Issuer;
}

/** One name with its certificate. Nothing here rejects but a revocation. */
export class KeptName {
  readonly name: string;
  claims = 0;
  certificate: Certificate | undefined = undefined;
  readonly #tools: KeptTools;
  #facts: CertificateFacts = {};
  /** Of the file that `certificate` is from. */
  #version: string | undefined = undefined;
  #plainRenewMs = 0;
  #window: RenewalWindow | undefined = undefined;
  #windowError: string | undefined = undefined;
  #askWindowMs = 0;
  #busy: Promise<void> | undefined = undefined;

  constructor(name: string, tools: KeptTools) {
    this.name = name;
    this.#tools = tools;
  }

  get isBusy(): boolean {
    return this.#busy !== undefined;
  }

  /** Whether an order should be made now. */
  get isDue(): boolean {
    const nowMs = this.#tools.clock.epochMs();
    return this.#busy === undefined && nowMs >= this.#renewMs && nowMs >= (this.#attempt?.nextMs ?? 0);
  }

  find(): Certificate | Promise<Certificate | undefined> | undefined {
    return this.certificate ?? this.#busy?.then(() => this.certificate);
  }

  report(isOnDemand: boolean): KeptReport {
    return {
      certificate: this.certificate,
      file: this.#tools.store.certificateFile(this.name),
      facts: { ...this.#facts, attempt: this.#attempt },
      isBusy: this.isBusy,
      isOnDemand,
      renewMs: this.certificate === undefined ? undefined : this.#renewMs,
      window: this.#window,
      windowError: this.#windowError,
    };
  }

  /** Reads what the store has. */
  async load(): Promise<void> {
    const { store } = this.#tools;
    this.#version = await store.versionOf(this.name);
    const { certificate, facts } = await store.readCertificate(this.name);
    this.#facts = facts;
    if (certificate !== undefined) this.#adopt(certificate, facts);
  }

  /** Takes over what another process renewed, asks for the CA's window, orders if it is time. One look at a time. */
  look(): Promise<void> {
    return this.#exclusively(async () => {
      if ((await this.#tools.store.versionOf(this.name)) !== this.#version) await this.load();
      await this.#askWindow();
      const nowMs = this.#tools.clock.epochMs();
      if (nowMs >= this.#renewMs && nowMs >= (this.#attempt?.nextMs ?? 0)) await this.#order(false);
    });
  }

  async renew(): Promise<void> {
    await this.#busy;
    await this.#exclusively(() => this.#order(true));
  }

  async revoke(reason: RevocationReason): Promise<void> {
    await this.#busy;
    const { certificate } = this;
    const { issuer, store, log } = this.#tools;
    if (certificate === undefined) return;
    await issuer.revoke(certificate.leaf, this.#facts.directory, reason);
    log.warn({ name: this.name, serial: certificate.leaf.serialNumber, reason }, 'a certificate was revoked');
    await store.deleteCertificate(this.name);
    await this.renew();
  }

  /** The attempt that failed last, unless other settings make another one worth trying at once. */
  get #attempt(): FailedAttempt | undefined {
    const { attempt } = this.#facts;
    return attempt?.settings === this.#tools.digest ? attempt : undefined;
  }

  /** When to order: at once without a certificate, after its end, or if its CA is not one that is wanted. */
  get #renewMs(): number {
    if (this.certificate === undefined) return 0;
    const { directory } = this.#facts;
    if (directory !== undefined && this.#tools.issuer.clientOf(directory) === undefined) return 0;
    return this.#window?.chosenMs ?? this.#plainRenewMs;
  }

  /** Whatever happens in `work` is logged; a second call waits for the first and does nothing else. */
  #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#busy !== undefined) return this.#busy;
    this.#busy = work()
      .catch((error: unknown) =>
        this.#tools.log.error({ name: this.name, error: String(error) }, 'looking after a certificate failed'),
      )
      .finally(() => {
        this.#busy = undefined;
      });
    return this.#busy;
  }

  async #askWindow(): Promise<void> {
    const { issuer, clock, random, limits } = this.#tools;
    const { certificate } = this;
    const client = issuer.clientOf(this.#facts.directory);
    if (certificate === undefined || client === undefined || clock.epochMs() < this.#askWindowMs) return;
    const { window, askAgainMs, error } = await limits.questions.run(() =>
      askRenewal(client, certificate.leaf, this.#window, random),
    );
    this.#window = window;
    this.#windowError = error;
    this.#askWindowMs = clock.epochMs() + askAgainMs;
  }

  async #order(isForced: boolean): Promise<void> {
    const { store, limits, clock } = this.#tools;
    const beganMs = clock.epochMs();
    await limits.orders.run(() =>
      store.withLock(`certificate ${this.name}`, async () => {
        if (await this.#hasAnotherDone(beganMs, isForced)) return;
        await this.#orderNow();
      }),
    );
  }

  /** Whether another process was at it while this one waited: what came of that holds for both. */
  async #hasAnotherDone(beganMs: number, isForced: boolean): Promise<boolean> {
    const before = this.certificate;
    const stored = await this.#tools.store.readCertificate(this.name);
    const { attempt } = stored.facts;
    if (attempt !== undefined && attempt.atMs >= beganMs && attempt.settings === this.#tools.digest) {
      this.#facts = stored.facts;
      return true;
    }
    if (stored.certificate === undefined || stored.certificate.leaf.fingerprint256 === before?.leaf.fingerprint256)
      return false;
    await this.load();
    return isForced || this.#tools.clock.epochMs() < this.#renewMs;
  }

  async #orderNow(): Promise<void> {
    const { issuer, log } = this.#tools;
    const failures = this.#attempt?.failures ?? 0;
    log.info({ name: this.name, isRenewal: this.certificate !== undefined }, 'ordering a certificate');
    const { certificate: old } = this;
    const replaced = old && { certificate: old, directory: this.#facts.directory };
    let issued: Issued;
    try {
      issued = await issuer.obtain(this.name, replaced, failures);
    } catch (thrown) {
      if (!this.#tools.isClosed) await this.#noteFailure(toAcmeError(thrown), failures + 1);
      return;
    }
    const { certificate, facts } = issued;
    this.#adopt(certificate, facts);
    await this.#save(issued);
    const { directory, challenge } = facts;
    const { validTo } = certificate.leaf;
    log.info({ name: this.name, directory, challenge, validTo }, 'a certificate was issued and is in use');
  }

  /** A full disk takes nothing from what is in use. */
  async #save({ certificate, facts }: Issued): Promise<void> {
    const { store, log } = this.#tools;
    try {
      await store.writeCertificate(this.name, certificate, facts);
      this.#version = await store.versionOf(this.name);
    } catch (error) {
      log.error(
        { name: this.name, error: String(error) },
        'a certificate cannot be stored: it is used until the program ends',
      );
    }
  }

  async #noteFailure(error: AcmeError, failures: number): Promise<void> {
    const { store, log, clock, digest, random } = this.#tools;
    const atMs = clock.epochMs();
    const nextMs = atMs + backOffMs(failures, error.retryAfterMs, random);
    const attempt = { failures, atMs, nextMs, error: error.message, settings: digest };
    this.#facts = { ...this.#facts, attempt };
    const next = new Date(nextMs).toISOString();
    log.error({ name: this.name, error: error.message, failures, next }, 'no certificate was issued');
    await store.writeFacts(this.name, this.#facts);
  }

  #adopt(certificate: Certificate, facts: CertificateFacts): void {
    this.certificate = certificate;
    this.#facts = facts;
    this.#plainRenewMs = plainRenewalMs(certificate.leaf, this.#tools.random);
    this.#window = undefined;
    this.#windowError = undefined;
    this.#askWindowMs = 0;
  }
}
