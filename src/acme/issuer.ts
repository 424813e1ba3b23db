// Issuer: gets one certificate for one name from the first CA of the list that gives one, and takes certificates back.
import type { X509Certificate } from 'node:crypto';
import type { FeatureLog } from '../exchange/feature.ts';
import { type Certificate, CertificateError, isCertificateFor, parseCertificate } from '../tls/certificate.ts';
import type { Clock } from '../util/clock.ts';
import { type Account, type AccountOptions, forgetAccount, openAccount } from './account.ts';
import { AcmeError, toAcmeError } from './acme-error.ts';
import type { ChallengeBoard, ChallengeSolver, ChallengeType } from './challenges.ts';
import { type AcmeAuthority, AcmeClient } from './client.ts';
import { createDnsSolver, type DnsHook } from './dns-hook.ts';
import { type Ordered, runOrder } from './order.ts';
import { checkBefore, realSurroundings, type Surroundings } from './preflight.ts';
import type { AcmeStore, CertificateFacts } from './store.ts';
import { generateKey, type KeyKind, renewalIdOf } from './x509.ts';

/** How certificates are got; plain data, the same for the same configuration. */
export interface AcmeSettings {
  /** At least one; asked in this order. */
  readonly authorities: readonly AcmeAuthority[];
  readonly email: string | undefined;
  /** The challenges that can be answered here, best first. */
  readonly challenges: readonly ChallengeType[];
  readonly dns: DnsHook | undefined;
  /** See `NamePermission`; undefined for no issuance on demand. */
  readonly ask: string | undefined;
  readonly key: KeyKind;
  /** Whether to look before a public CA is asked; private ones have no limits to spare and their own view of names. */
  readonly preflight: boolean;
}

/** What an issuer works with. */
export interface IssuerOptions {
  readonly settings: AcmeSettings;
  readonly store: AcmeStore;
  readonly board: ChallengeBoard;
  readonly clock: Clock;
  readonly log: FeatureLog;
  readonly surroundings?: Surroundings;
}

/** The certificate that an order is to replace. */
export interface Replaced {
  readonly certificate: Certificate;
  /** Of the CA that gave it: no other one knows it. */
  readonly directory: string | undefined;
}

/** A certificate, and what to remember of how it came. */
export interface Issued {
  readonly certificate: Certificate;
  readonly facts: CertificateFacts;
}

/** RFC 5280 §5.3.1, those that RFC 8555 §7.6 leads one to expect. */
export const REVOCATION_REASONS = { unspecified: 0, keyCompromise: 1, superseded: 4, cessationOfOperation: 5 } as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** Accounts and nonces are shared between orders. */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #clients: readonly AcmeClient[];
  readonly #accounts = new Map<AcmeClient, Promise<Account>>();
  readonly #solvers: readonly ChallengeSolver[];
  readonly #surroundings: Surroundings;

  constructor(options: IssuerOptions) {
    const { settings, board, store, clock, log } = options;
    this.#options = options;
    this.#clients = settings.authorities.map((authority) => new AcmeClient(authority, clock));
    this.#surroundings = options.surroundings ?? realSurroundings(clock);
    const all = [...board.solversFor(store), ...(settings.dns ? [createDnsSolver(settings.dns, clock, log)] : [])];
    this.#solvers = settings.challenges.flatMap((type) => all.find((solver) => solver.type === type) ?? []);
  }

  /** The client of the CA with this directory; undefined for one that is not configured any more. */
  clientOf(directory: string | undefined): AcmeClient | undefined {
    return this.#clients.find(({ authority }) => authority.directory === directory);
  }

  /**
   * Orders a certificate. After `failures` attempts that came to nothing another challenge is tried first: one may be
   * shut out where the next is not. Rejects with one `AcmeError` that has the words of every CA.
   */
  async obtain(name: string, replaced: Replaced | undefined, failures: number): Promise<Issued> {
    const solvers = this.#solversFor(name, failures);
    const errors: AcmeError[] = [];
    for (const client of this.#clients) {
      try {
        return await this.#obtainFrom(client, name, replaced, solvers);
      } catch (thrown) {
        const error = toAcmeError(thrown);
        const host = new URL(client.authority.directory).host;
        this.#options.log.warn({ name, ca: host, error: error.message }, 'a CA gave no certificate');
        errors.push(new AcmeError(error.kind, `${host}: ${error.message}`, error));
      }
    }
    throw joinErrors(errors);
  }

  /** Takes a certificate back at the CA that gave it (RFC 8555 §7.6). */
  async revoke(leaf: X509Certificate, directory: string | undefined, reason: RevocationReason): Promise<void> {
    const client = this.clientOf(directory);
    if (client === undefined)
      throw new AcmeError('local', `the CA that gave it is not configured: ${directory ?? 'unknown'}`);
    const { revokeCert } = await client.directory();
    if (revokeCert === undefined) throw new AcmeError('local', 'this CA takes no certificate back');
    const payload = { certificate: leaf.raw.toString('base64url'), reason: REVOCATION_REASONS[reason] };
    await client.post(revokeCert, payload, await this.#account(client));
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #obtainFrom(
    client: AcmeClient,
    name: string,
    replaced: Replaced | undefined,
    solvers: readonly ChallengeSolver[],
  ): Promise<Issued> {
    const { settings, board, clock } = this.#options;
    const [first] = solvers;
    if (settings.preflight && client.authority.ca === undefined && first !== undefined)
      await checkBefore(name, first.type, board, this.#surroundings);
    const key = await generateKey(settings.key);
    const { renewalInfo } = await client.directory();
    const isOurs = renewalInfo !== undefined && replaced?.directory === client.authority.directory;
    const replaces = isOurs ? await renewalIdOf(replaced.certificate.leaf) : undefined;
    const order = { client, clock, name, key, solvers, replaces };
    const ordered = await this.#withAccount(client, (account) => runOrder({ ...order, account }));
    return this.#check(name, key, ordered, client.authority);
  }

  /** What the CA says is looked at: a certificate that nobody can use must not take the place of one that works. */
  #check(name: string, key: string, { chain, url, challenge }: Ordered, { directory }: AcmeAuthority): Issued {
    const nowMs = this.#options.clock.epochMs();
    let certificate: Certificate;
    try {
      certificate = parseCertificate(chain, key);
    } catch (cause) {
      if (!(cause instanceof CertificateError)) throw cause;
      throw new AcmeError('malformed', `the CA sent a certificate that cannot be used: ${cause.message}`, { cause });
    }
    const { leaf } = certificate;
    if (!isCertificateFor(leaf, name.replace(/^\*\./, 'any.')))
      throw new AcmeError('malformed', `the CA sent a certificate for other names: ${leaf.subjectAltName ?? 'none'}`);
    if (Date.parse(leaf.validTo) <= nowMs)
      throw new AcmeError('malformed', `the CA sent a certificate that ended on ${leaf.validTo}`);
    return { certificate, facts: { directory, url, challenge, obtainedMs: nowMs } };
  }

  async #withAccount<T>(client: AcmeClient, work: (account: Account) => Promise<T>): Promise<T> {
    const account = await this.#account(client);
    try {
      return await work(account);
    } catch (error) {
      if (!(error instanceof AcmeError) || error.type !== 'accountDoesNotExist') throw error;
      this.#accounts.delete(client);
      await forgetAccount(this.#accountOptions(client));
      return work(await this.#account(client));
    }
  }

  #account(client: AcmeClient): Promise<Account> {
    const known = this.#accounts.get(client);
    if (known !== undefined) return known;
    const opening = openAccount(this.#accountOptions(client));
    this.#accounts.set(client, opening);
    opening.catch(() => this.#accounts.delete(client));
    return opening;
  }

  #accountOptions(client: AcmeClient): AccountOptions {
    const { store, log, settings } = this.#options;
    return { client, store, log, email: settings.email };
  }

  /** RFC 8555 §7.1.3: wildcards are proven by DNS alone. */
  #solversFor(name: string, failures: number): ChallengeSolver[] {
    const fitting = this.#solvers.filter(({ type }) => type === 'dns-01' || !name.startsWith('*.'));
    const start = fitting.length === 0 ? 0 : failures % fitting.length;
    return [...fitting.slice(start), ...fitting.slice(0, start)];
  }
}

/** The soonest of the waits that the CAs wish: then one of them may give something. */
function joinErrors(errors: readonly AcmeError[]): AcmeError {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return first;
  const waits = errors.map(({ retryAfterMs }) => retryAfterMs ?? 0);
  return new AcmeError(first?.kind ?? 'local', errors.map(({ message }) => message).join('; '), {
    retryAfterMs: waits.length === 0 ? undefined : Math.min(...waits),
  });
}
