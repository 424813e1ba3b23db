// AutoSlot: identities of one name, or of all below a wildcard, whose certificates are fetched: from a CA, or our own.
import { LRUCache } from 'lru-cache';
import type { KeptReport } from '../acme/kept-name.ts';
import type { ResolvedAutoName, ResolvedTls } from '../config/resolved-config.ts';
import { isLocalName } from '../http/local-name.ts';
import type { Certificate } from '../tls/certificate.ts';
import { type ClientDemands, clientPolicyOf, Identity } from '../tls/identity.ts';
import type { AutoCertificates } from './auto-certificates.ts';
import { type CertificateReport, describeCertificate } from './certificate-report.ts';
import { readDemands } from './file-slot.ts';
import { ALPN_PROTOCOLS, type LiveSlot, type TlsServices } from './tls-services.ts';

/** Identities of names that were asked for; beyond, they are made again, which takes a millisecond. */
const IDENTITIES_KEPT = 1000;

interface Made {
  readonly certificate: Certificate;
  readonly identity: Identity;
}

/** Made by {@link AutoSlot.open}. A renewed certificate is seen at the next handshake: connections keep the old one. */
export class AutoSlot implements LiveSlot {
  readonly files: readonly string[];
  readonly #auto: ResolvedAutoName;
  readonly #tls: ResolvedTls;
  /** Of sites with client certificates; see `IdentityOptions.label`. */
  readonly #site: string;
  readonly #certificates: AutoCertificates;
  readonly #services: TlsServices;
  readonly #made = new LRUCache<string, Made>({
    max: IDENTITIES_KEPT,
    dispose: ({ identity }) => identity.close(),
  });
  #demands: ClientDemands | undefined;

  private constructor(
    auto: ResolvedAutoName,
    tls: ResolvedTls,
    site: string,
    certificates: AutoCertificates,
    services: TlsServices,
    demands: ClientDemands | undefined,
  ) {
    this.files = tls.clients === undefined ? [] : [tls.clients.ca];
    this.#auto = auto;
    this.#tls = tls;
    this.#site = site;
    this.#certificates = certificates;
    this.#services = services;
    this.#demands = demands;
  }

  /** Rejects with `CertificateError` if the authorities of clients cannot be read. */
  static async open(
    auto: ResolvedAutoName,
    tls: ResolvedTls,
    site: string,
    certificates: AutoCertificates,
    services: TlsServices,
  ): Promise<AutoSlot> {
    if (auto.from === 'order') await certificates.keep(auto.host);
    return new AutoSlot(auto, tls, site, certificates, services, await readDemands(tls.clients));
  }

  get clientPolicy(): string | undefined {
    return clientPolicyOf(this.#demands);
  }

  show(name: string | undefined): Identity | Promise<Identity | undefined> | undefined {
    const subject = this.subjectOf(name);
    if (subject === undefined) return undefined;
    const found = this.#find(subject);
    if (found instanceof Promise)
      return found.then((certificate) => certificate && this.#identityOf(subject, certificate));
    return found && this.#identityOf(subject, found);
  }

  explainNothing(name: string | undefined): string | undefined {
    const subject = this.subjectOf(name);
    if (subject === undefined) return 'it is fetched by name, and the client named none';
    const { isBusy, facts } = this.#certificates.report(subject) ?? {};
    if (isBusy === true) return 'it is being ordered';
    if (facts?.attempt !== undefined)
      return `${facts.attempt.error}; next attempt ${new Date(facts.attempt.nextMs).toISOString()}`;
    return this.#auto.from === 'demand' ? 'the ask URL did not allow it' : 'none was ordered yet';
  }

  async reread(): Promise<void> {
    this.#demands = await readDemands(this.#tls.clients);
    this.#made.clear();
  }

  report(name: string): CertificateReport {
    const subject = this.subjectOf(name) ?? name;
    if (this.#isLocal(subject)) return this.#reportLocal(name, subject);
    return reportKept(name, this.#auto, this.#certificates.report(subject));
  }

  shown(): readonly Certificate[] {
    const only = this.subjectOf(undefined);
    const subjects = only === undefined ? [...this.#made.keys()] : [only];
    return subjects.flatMap((subject) => {
      const made = this.#made.peek(subject)?.certificate;
      const certificate = this.#isLocal(subject) ? made : this.#certificates.report(subject)?.certificate;
      return certificate ?? [];
    });
  }

  close(): void {
    this.#made.clear();
  }

  /** The name that the certificate is for: a wildcard's is the wildcard, unless there is one for each name below. */
  subjectOf(name: string | undefined): string | undefined {
    const { host, from } = this.#auto;
    if (from === 'order' || !host.startsWith('*')) return host;
    return name;
  }

  #isLocal(subject: string): boolean {
    return this.#auto.from === 'local' || isLocalName(subject);
  }

  #find(subject: string): Certificate | Promise<Certificate | undefined> | undefined {
    if (this.#isLocal(subject)) return this.#certificates.local(subject);
    return this.#auto.from === 'demand' ? this.#certificates.demand(subject) : this.#certificates.find(subject);
  }

  #identityOf(subject: string, certificate: Certificate): Identity {
    const made = this.#made.get(subject);
    if (made?.certificate === certificate) return made.identity;
    const label = this.#demands === undefined ? subject : this.#site;
    const { preset } = this.#tls;
    const options = {
      label,
      certificates: [certificate],
      preset,
      clients: this.#demands,
      alpnProtocols: ALPN_PROTOCOLS,
    };
    const identity = new Identity(options, this.#services.tickets);
    this.#made.set(subject, { certificate, identity });
    return identity;
  }

  #reportLocal(name: string, subject: string): CertificateReport {
    const made = this.#made.peek(subject);
    const atMs = this.#certificates.localAuthority.renewalOf(subject);
    return {
      host: name,
      site: undefined,
      from: 'local',
      certificates: made === undefined ? [] : [describeCertificate(made.certificate)],
      reasons: [
        'the name never leaves this machine (RFC 6761), so its own CA vouches for it; browsers believe it after `portico trust`',
        ...(made === undefined ? ['it is made at the first handshake'] : []),
      ],
      files: [this.#certificates.localAuthority.rootFile],
      ...(atMs === undefined ? {} : { renewal: { atMs, why: 'after two thirds of its life' } }),
    };
  }
}

function reportKept(name: string, { host, from }: ResolvedAutoName, kept: KeptReport | undefined): CertificateReport {
  const base = { host: name, site: undefined, from: 'acme' } as const;
  const why = from === 'demand' ? `names below ${host} get one on demand` : `tls: auto keeps one for ${host}`;
  if (kept === undefined)
    return {
      ...base,
      certificates: [],
      files: [],
      reasons: [why, 'nobody asked for this name yet, or it was not allowed'],
    };
  const { certificate, facts, renewMs, window } = kept;
  const { attempt, directory, challenge, obtainedMs } = facts;
  const origin =
    directory === undefined
      ? []
      : [
          `it was issued by ${directory}${challenge === undefined ? '' : ` after ${challenge}`}${
            obtainedMs === undefined ? '' : ` on ${new Date(obtainedMs).toISOString()}`
          }`,
        ];
  return {
    ...base,
    certificates: certificate === undefined ? [] : [describeCertificate(certificate)],
    reasons: [why, ...origin, ...windowReasons(kept)],
    files: [kept.file],
    isBusy: kept.isBusy,
    ...(renewMs === undefined
      ? {}
      : {
          renewal: {
            atMs: renewMs,
            why: window === undefined ? 'after two thirds of its life' : 'within the window of its CA',
          },
        }),
    ...(attempt === undefined
      ? {}
      : {
          failure: {
            error: attempt.error,
            atMs: attempt.atMs,
            nextMs: attempt.nextMs,
            failures: attempt.failures,
          },
        }),
  };
}

function windowReasons({ window, windowError }: KeptReport): string[] {
  const error = windowError === undefined ? [] : [`its CA did not say when to renew it: ${windowError}`];
  if (window === undefined) return error;
  const { startMs, endMs, explanationUrl } = window;
  const span = `${new Date(startMs).toISOString()} to ${new Date(endMs).toISOString()}`;
  return [
    `its CA wants it renewed within ${span}${explanationUrl === undefined ? '' : `: ${explanationUrl}`}`,
    ...error,
  ];
}
