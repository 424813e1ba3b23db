// TLS of a generation: an identity for every name that has one, renewed when files change; which host a connection may ask.
import type {
  ResolvedClients,
  ResolvedConfig,
  ResolvedSite,
  ResolvedTls,
  SiteName,
} from '../config/resolved-config.ts';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import { HostTable } from '../site/host-table.ts';
import { type Certificate, CertificateError, isCertificateFor, printCertificateNames } from '../tls/certificate.ts';
import type { CertificateSource } from '../tls/certificate-source.ts';
import { CertificateStore, type IdentitySlot } from '../tls/certificate-store.ts';
import { type CertificateFiles, readCertificate, readPem, watchFiles } from '../tls/files.ts';
import { Identity } from '../tls/identity.ts';
import type { SessionTickets } from '../tls/session-tickets.ts';
import type { Cancel, Clock } from '../util/clock.ts';

/** What TLS of all generations shares. */
export interface TlsServices {
  readonly clock: Clock;
  readonly log: FeatureLog;
  readonly tickets: SessionTickets;
  /** Further sources of certificates, asked before the configured names. */
  readonly sources: readonly CertificateSource[];
}

/** What is spoken behind a handshake, best first; `server.ts` has an engine for each. */
const ALPN_PROTOCOLS = ['http/1.1'];

/** What an identity is made from, again and again. */
interface Recipe {
  readonly files: readonly CertificateFiles[];
  readonly tls: ResolvedTls;
  /** See `IdentityOptions.label`. */
  readonly label: string;
}

interface Made {
  readonly slot: IdentitySlot;
  readonly recipe: Recipe;
}

/** The TLS of one generation; made by {@link buildTlsSites}. */
export class TlsSites {
  readonly store: CertificateStore;
  readonly #names: HostTable<IdentitySlot>;
  readonly #fallback: IdentitySlot | undefined;
  readonly #made: readonly Made[];
  readonly #services: TlsServices;
  readonly #stopWatching: Cancel;
  #isClosed = false;

  constructor(
    names: HostTable<IdentitySlot>,
    fallback: IdentitySlot | undefined,
    made: readonly Made[],
    services: TlsServices,
  ) {
    this.#names = names;
    this.#fallback = fallback;
    this.#made = made;
    this.#services = services;
    this.store = new CertificateStore({
      find: (name, port) => this.#slotOf(name, port),
      nameless: made[0]?.slot,
      sources: services.sources,
    });
    const files = new Set(made.flatMap(({ recipe }) => filesOf(recipe)));
    this.#stopWatching = watchFiles([...files], services.clock, (changed) => void this.#renew(changed));
  }

  /**
   * Whether a request for `host` may come over a connection that was opened for another name: if the certificate that
   * was shown is for it, and what was asked of the client is what the host asks for (RFC 9110 §7.4). If not, the client is
   * to open another connection (421, RFC 9110 §15.5.20). `certified` is the name to check the certificate for, which
   * behind a trusted proxy is another one than `host`. A client that named no host at its handshake took what it got.
   */
  mayServe({ tls }: ConnectionFacts, host: string, port: number, certified: string): boolean {
    if (tls === undefined) return true;
    if (this.#slotOf(host, port)?.current.clientPolicy !== tls.clientPolicy) return false;
    const isUnnamed = tls.serverName === undefined || certified === '';
    return isUnnamed || certified === tls.serverName || tls.covers(certified);
  }

  /** Ends watching; connections live on. */
  close(): void {
    this.#isClosed = true;
    this.#stopWatching();
    for (const { slot } of this.#made) slot.current.close();
  }

  #slotOf(name: string, port: number): IdentitySlot | undefined {
    return this.#names.find(name, port) ?? this.#fallback;
  }

  /** A file that is broken now leaves what was read before in place. */
  async #renew(changed: ReadonlySet<string>): Promise<void> {
    const { log } = this.#services;
    for (const { slot, recipe } of this.#made) {
      const files = filesOf(recipe).filter((file) => changed.has(file));
      if (files.length === 0) continue;
      try {
        const next = await makeIdentity(recipe, new Loader(), this.#services);
        if (this.#isClosed) {
          next.close();
          return;
        }
        slot.current.close();
        slot.current = next;
        log.info({ files }, 'certificate files changed: the new ones are in use');
      } catch (error) {
        log.error(
          { files, error: messageOf(error) },
          'certificate files changed and cannot be used: the old stay in use',
        );
      }
    }
  }
}

/** Builds the TLS of a configuration; undefined if it has none. Rejects with a {@link TlsBuildFailure}. */
export async function buildTlsSites(config: ResolvedConfig, services: TlsServices): Promise<TlsSites | undefined> {
  const builder = new TlsBuilder(services);
  try {
    return await builder.build(config);
  } catch (error) {
    builder.close();
    throw error;
  }
}

/** Certificates that cannot be used, with the part of the document that names them. */
export class TlsBuildFailure extends Error {
  override name = 'TlsBuildFailure';
  readonly tls: ResolvedTls;
  /** Undefined for `tls` at the top. */
  readonly site: string | undefined;

  constructor(tls: ResolvedTls, site: string | undefined, cause: unknown) {
    super(messageOf(cause), { cause });
    this.tls = tls;
    this.site = site;
  }
}

class TlsBuilder {
  readonly #services: TlsServices;
  readonly #loader = new Loader();
  /** Sites with the same recipe share an identity. */
  readonly #made = new Map<string, Made>();

  constructor(services: TlsServices) {
    this.#services = services;
  }

  async build({ sites, tls: rootTls }: ResolvedConfig): Promise<TlsSites | undefined> {
    const entries: (readonly [SiteName, IdentitySlot])[] = [];
    for (const site of sites) {
      const { tls } = site;
      if (tls === undefined) continue;
      const slots = await this.#attempt(tls, site.key, () => this.#slotsOf(site, tls));
      entries.push(...slots);
    }
    if (rootTls === undefined && entries.length === 0) return undefined;
    const fallback =
      rootTls && (await this.#attempt(rootTls, undefined, () => this.#slot(rootTls.certificates, rootTls, 'tls')));
    return new TlsSites(new HostTable(entries), fallback, [...this.#made.values()], this.#services);
  }

  close(): void {
    for (const { slot } of this.#made.values()) slot.current.close();
  }

  async #slotsOf(site: ResolvedSite, tls: ResolvedTls): Promise<(readonly [SiteName, IdentitySlot])[]> {
    const slots: (readonly [SiteName, IdentitySlot])[] = [];
    for (const name of site.names) {
      const files = await this.#filesFor(name.host, tls);
      slots.push([name, await this.#slot(files, tls, site.key)]);
    }
    return slots;
  }

  /** The certificates of a site that are for one of its names. */
  async #filesFor(host: string, { certificates, isInherited }: ResolvedTls): Promise<readonly CertificateFiles[]> {
    if (host === '*') return certificates;
    const probe = host.startsWith('*.') ? `any${host.slice(1)}` : host;
    const loaded = await Promise.all(certificates.map((files) => this.#loader.certificate(files)));
    const fitting = certificates.filter((_, index) => {
      const leaf = loaded[index]?.leaf;
      return leaf !== undefined && isCertificateFor(leaf, probe);
    });
    if (fitting.length > 0 || probe !== host) return fitting.length > 0 ? fitting : certificates;
    const names = loaded.map(({ leaf }) => printCertificateNames(leaf)).join('; ');
    const message = `no certificate is for ${host}; there is one for ${names}`;
    if (!isInherited) throw new CertificateError(message);
    this.#services.log.warn({ host }, message);
    return certificates;
  }

  async #slot(files: readonly CertificateFiles[], tls: ResolvedTls, site: string): Promise<IdentitySlot> {
    const label = tls.clients === undefined ? JSON.stringify(files) : site;
    const key = JSON.stringify([files, tls.preset, tls.clients, label]);
    const found = this.#made.get(key);
    if (found !== undefined) return found.slot;
    const recipe = { files, tls, label };
    const slot = { current: await makeIdentity(recipe, this.#loader, this.#services) };
    this.#made.set(key, { slot, recipe });
    return slot;
  }

  async #attempt<T>(tls: ResolvedTls, site: string | undefined, make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      throw new TlsBuildFailure(tls, site, error);
    }
  }
}

/** Reads each file once. */
class Loader {
  readonly #certificates = new Map<string, Promise<Certificate>>();

  certificate(files: CertificateFiles): Promise<Certificate> {
    const key = JSON.stringify([files.cert, files.key]);
    const found = this.#certificates.get(key) ?? readCertificate(files);
    this.#certificates.set(key, found);
    return found;
  }
}

async function makeIdentity({ files, tls, label }: Recipe, loader: Loader, services: TlsServices): Promise<Identity> {
  const certificates = await Promise.all(files.map((pair) => loader.certificate(pair)));
  const clients = tls.clients && (await readDemands(tls.clients));
  const { clock, log, tickets } = services;
  for (const { leaf } of certificates)
    warnOfDates(leaf.validFrom, leaf.validTo, printCertificateNames(leaf), clock, log);
  return new Identity({ label, certificates, preset: tls.preset, clients, alpnProtocols: ALPN_PROTOCOLS }, tickets);
}

async function readDemands({ ca, mode }: ResolvedClients) {
  const text = await readPem(ca);
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new CertificateError(`${ca} has no certificate in PEM in it`);
  return { ca: text, isRequired: mode === 'require' };
}

/** Certificates out of their time are shown all the same: no certificate at all would help nobody. */
function warnOfDates(from: string, to: string, names: string, clock: Clock, log: FeatureLog): void {
  const nowMs = clock.epochMs();
  if (Date.parse(to) < nowMs) log.warn({ names, validTo: to }, 'a certificate has expired');
  if (Date.parse(from) > nowMs) log.warn({ names, validFrom: from }, 'a certificate is not valid yet');
}

function filesOf({ files, tls }: Recipe): string[] {
  const own = files.flatMap(({ cert, key }) => [cert, key]);
  return tls.clients === undefined ? own : [...own, tls.clients.ca];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
