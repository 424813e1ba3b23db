// AutoCertificates: where the fetched certificates of a generation come from: the keeper of its CAs, and our own CA.
import { join } from 'node:path';
import type { RevocationReason } from '../acme/issuer.ts';
import { CertificateKeeper } from '../acme/keeper.ts';
import type { KeptReport } from '../acme/kept-name.ts';
import { LocalAuthority } from '../acme/local-authority.ts';
import { AcmeStore } from '../acme/store.ts';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { Cancel } from '../util/clock.ts';
import type { TlsServices } from './tls-services.ts';

/** The folders below `storage`. */
const ACME_FOLDER = 'acme';
/** See {@link ACME_FOLDER}; `portico trust` knows it too. */
export const LOCAL_CA_FOLDER = 'local-ca';

/** One per generation; keeper and CA are shared by generations of the same settings. */
export class AutoCertificates {
  readonly localAuthority: LocalAuthority;
  readonly #keeper: CertificateKeeper | undefined;
  readonly #log: TlsServices['log'];
  readonly #releases: Cancel[] = [];

  constructor({ acme, storage }: ResolvedConfig, { shared, clock, log, board }: TlsServices) {
    this.#log = log;
    const localKey = `local CA ${storage.dir}`;
    this.localAuthority = shared.hold(localKey, () => new LocalAuthority(join(storage.dir, LOCAL_CA_FOLDER), clock));
    this.#releases.push(() => shared.release(localKey));
    if (acme === undefined) return;
    const key = `acme ${JSON.stringify([storage.dir, acme])}`;
    this.#keeper = shared.hold(
      key,
      () => {
        const store = new AcmeStore(join(storage.dir, ACME_FOLDER), clock, log);
        return new CertificateKeeper({ settings: acme, store, board, clock, log });
      },
      (keeper) => keeper.close(),
    );
    this.#releases.push(() => shared.release(key));
  }

  /** Has a certificate for `host` ready from {@link start} on. */
  async keep(host: string): Promise<void> {
    const release = await this.#keeper?.keep(host);
    if (release !== undefined) this.#releases.unshift(release);
  }

  /** Orders what is missing. The listeners are open by now. */
  start(): void {
    this.#keeper?.start();
  }

  find(name: string): Certificate | Promise<Certificate | undefined> | undefined {
    return this.#keeper?.find(name);
  }

  demand(name: string): Certificate | Promise<Certificate | undefined> | undefined {
    return this.#keeper?.demand(name);
  }

  /** Of our own CA. What keeps it from making one is logged. */
  local(name: string): Certificate | Promise<Certificate | undefined> {
    const found = this.localAuthority.certificate(name);
    if (!(found instanceof Promise)) return found;
    return found.catch((error: unknown) => {
      this.#log.error({ name, error: String(error) }, 'the local CA cannot make a certificate');
      return undefined;
    });
  }

  report(name: string): KeptReport | undefined {
    return this.#keeper?.report(name);
  }

  /** See `CertificateKeeper.renew`. */
  async renew(name: string): Promise<KeptReport | undefined> {
    return this.#keeper?.renew(name);
  }

  /** See `CertificateKeeper.revoke`. */
  async revoke(name: string, reason: RevocationReason): Promise<KeptReport | undefined> {
    return this.#keeper?.revoke(name, reason);
  }

  close(): void {
    for (const release of this.#releases.splice(0)) release();
  }
}
