// FileSlot: an identity from the certificate files of a configuration, made anew when they change.
import type { ResolvedClients, ResolvedTls } from '../config/resolved-config.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import { type Certificate, CertificateError, printCertificateNames } from '../tls/certificate.ts';
import { type CertificateFiles, readCertificate, readPem } from '../tls/files.ts';
import { type ClientDemands, Identity } from '../tls/identity.ts';
import type { Clock } from '../util/clock.ts';
import { type CertificateReport, describeCertificate } from './certificate-report.ts';
import { ALPN_PROTOCOLS, type LiveSlot, type TlsServices } from './tls-services.ts';

/** What an identity is made from, again and again. */
export interface Recipe {
  readonly pairs: readonly CertificateFiles[];
  readonly tls: ResolvedTls;
  /** See `IdentityOptions.label`. */
  readonly label: string;
}

/** Made by {@link FileSlot.open}. */
export class FileSlot implements LiveSlot {
  readonly files: readonly string[];
  readonly #recipe: Recipe;
  readonly #services: TlsServices;
  #current: Identity;
  #isClosed = false;

  private constructor(recipe: Recipe, services: TlsServices, identity: Identity) {
    const { pairs, tls } = recipe;
    this.files = [
      ...pairs.flatMap(({ cert, key }) => [cert, key]),
      ...(tls.clients === undefined ? [] : [tls.clients.ca]),
    ];
    this.#recipe = recipe;
    this.#services = services;
    this.#current = identity;
  }

  /** Rejects with `CertificateError`. */
  static async open(recipe: Recipe, loader: CertificateLoader, services: TlsServices): Promise<FileSlot> {
    return new FileSlot(recipe, services, await makeIdentity(recipe, loader, services));
  }

  get clientPolicy(): string | undefined {
    return this.#current.clientPolicy;
  }

  show(): Identity {
    return this.#current;
  }

  async reread(): Promise<void> {
    const next = await makeIdentity(this.#recipe, new CertificateLoader(), this.#services);
    if (this.#isClosed) {
      next.close();
      return;
    }
    this.#current.close();
    this.#current = next;
  }

  report(name: string): CertificateReport {
    const certificates = this.#current.certificates.map(describeCertificate);
    const reasons = ['the configuration names its files, which are read again when they change'];
    return { host: name, site: undefined, from: 'files', certificates, reasons, files: this.files };
  }

  shown(): readonly Certificate[] {
    return this.#current.certificates;
  }

  close(): void {
    this.#isClosed = true;
    this.#current.close();
  }
}

/** Reads each file once. */
export class CertificateLoader {
  readonly #certificates = new Map<string, Promise<Certificate>>();

  certificate(files: CertificateFiles): Promise<Certificate> {
    const key = JSON.stringify([files.cert, files.key]);
    const found = this.#certificates.get(key) ?? readCertificate(files);
    this.#certificates.set(key, found);
    return found;
  }
}

/** The demands on client certificates, with the authorities read. Rejects with `CertificateError`. */
export async function readDemands(clients: ResolvedClients | undefined): Promise<ClientDemands | undefined> {
  if (clients === undefined) return undefined;
  const text = await readPem(clients.ca);
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new CertificateError(`${clients.ca} has no certificate in PEM in it`);
  return { ca: text, isRequired: clients.mode === 'require' };
}

async function makeIdentity(
  { pairs, tls, label }: Recipe,
  loader: CertificateLoader,
  { clock, log, tickets }: TlsServices,
): Promise<Identity> {
  const certificates = await Promise.all(pairs.map((pair) => loader.certificate(pair)));
  const clients = await readDemands(tls.clients);
  for (const { leaf } of certificates)
    warnOfDates(leaf.validFrom, leaf.validTo, printCertificateNames(leaf), clock, log);
  return new Identity({ label, certificates, preset: tls.preset, clients, alpnProtocols: ALPN_PROTOCOLS }, tickets);
}

/** Certificates out of their time are shown all the same: no certificate at all would help nobody. */
function warnOfDates(from: string, to: string, names: string, clock: Clock, log: FeatureLog): void {
  const nowMs = clock.epochMs();
  if (Date.parse(to) < nowMs) log.warn({ names, validTo: to }, 'a certificate has expired');
  if (Date.parse(from) > nowMs) log.warn({ names, validFrom: from }, 'a certificate is not valid yet');
}
