// TLS of a generation: an identity for every name that has one, renewed when files change; which host a connection may ask.
import { isIP } from 'node:net';
import type { RevocationReason } from '../acme/issuer.ts';
import type {
  ResolvedAutoName,
  ResolvedConfig,
  ResolvedSite,
  ResolvedTls,
  SiteName,
} from '../config/resolved-config.ts';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { ShownExpiry } from '../observe/certificate-metrics.ts';
import { HostTable } from '../site/host-table.ts';
import { CertificateError, certificateNames, isCertificateFor, printCertificateNames } from '../tls/certificate.ts';
import { CertificateStore } from '../tls/certificate-store.ts';
import { type CertificateFiles, watchFiles } from '../tls/files.ts';
import type { Cancel } from '../util/clock.ts';
import { AutoCertificates } from './auto-certificates.ts';
import { AutoSlot } from './auto-slot.ts';
import type { CertificateReport } from './certificate-report.ts';
import { CertificateLoader, FileSlot } from './file-slot.ts';
import type { LiveSlot, TlsServices } from './tls-services.ts';

/** A slot under a name of a site. */
interface PlacedSlot {
  readonly slot: LiveSlot;
  readonly site: string;
}

/** What {@link TlsSites} is made of. */
interface TlsParts {
  readonly names: HostTable<PlacedSlot>;
  readonly fallback: LiveSlot | undefined;
  /** For clients that name no host. */
  readonly nameless: LiveSlot | undefined;
  readonly slots: readonly LiveSlot[];
  /** Undefined where nothing is fetched. */
  readonly auto: AutoCertificates | undefined;
}

/** The TLS of one generation; made by {@link buildTlsSites}. */
export class TlsSites {
  readonly store: CertificateStore;
  readonly #parts: TlsParts;
  readonly #services: TlsServices;
  readonly #stopWatching: Cancel;
  #isClosed = false;

  constructor(parts: TlsParts, services: TlsServices) {
    this.#parts = parts;
    this.#services = services;
    this.store = new CertificateStore({
      find: (name, port) => this.#slotOf(name, port),
      nameless: parts.nameless,
      sources: services.sources,
    });
    const files = new Set(parts.slots.flatMap((slot) => slot.files));
    this.#stopWatching = watchFiles([...files], services.clock, (changed) => void this.#renew(changed));
  }

  /** The listeners are open: certificates that are missing may be ordered. */
  start(): void {
    this.#parts.auto?.start();
  }

  /**
   * Whether a request for `host` may come over a connection that was opened for another name: if the certificate that
   * was shown is for it, and what was asked of the client is what the host asks for (RFC 9110 §7.4). If not, the client is
   * to open another connection (421, RFC 9110 §15.5.20). `certified` is the name to check the certificate for, which
   * behind a trusted proxy is another one than `host`. A client that named no host at its handshake took what it got.
   */
  mayServe({ tls }: ConnectionFacts, host: string, port: number, certified: string): boolean {
    if (tls === undefined) return true;
    if (this.#slotOf(host, port)?.clientPolicy !== tls.clientPolicy) return false;
    const isUnnamed = tls.serverName === undefined || certified === '';
    return isUnnamed || certified === tls.serverName || tls.covers(certified);
  }

  /** What clients that ask for `host` are shown, and why. */
  report(host: string, port: number): CertificateReport {
    const placed = this.#parts.names.find(host, port);
    if (placed !== undefined) return { ...placed.slot.report(host), site: placed.site };
    const { fallback } = this.#parts;
    if (fallback === undefined)
      return {
        host,
        site: undefined,
        from: 'none',
        certificates: [],
        files: [],
        reasons: ['no site with TLS has this name'],
      };
    return { ...fallback.report(host), reasons: ['no site has this name: it is the certificate of "tls" at the top'] };
  }

  /** What clients are shown and until when, once for each certificate of each site. */
  expiries(): ShownExpiry[] {
    const shown = new Set(this.#parts.slots.flatMap((slot) => slot.shown()));
    return [...shown].map(({ leaf, keyKind }) => ({
      names: certificateNames(leaf),
      keyKind,
      expiresMs: Date.parse(leaf.validTo),
    }));
  }

  /** Orders the certificate of `host` anew; the report says what came of it. */
  async renewNow(host: string, port: number): Promise<CertificateReport> {
    await this.#parts.auto?.renew(this.#subjectOf(host, port));
    return this.report(host, port);
  }

  /** Takes the certificate of `host` back at its CA and orders another. Rejects with `AcmeError` if the CA refuses. */
  async revoke(host: string, port: number, reason: RevocationReason): Promise<CertificateReport> {
    await this.#parts.auto?.revoke(this.#subjectOf(host, port), reason);
    return this.report(host, port);
  }

  /** Ends watching; connections live on. */
  close(): void {
    this.#isClosed = true;
    this.#stopWatching();
    for (const slot of this.#parts.slots) slot.close();
    this.#parts.auto?.close();
  }

  #slotOf(name: string, port: number): LiveSlot | undefined {
    return this.#parts.names.find(name, port)?.slot ?? this.#parts.fallback;
  }

  #subjectOf(host: string, port: number): string {
    const slot = this.#slotOf(host, port);
    return slot instanceof AutoSlot ? (slot.subjectOf(host) ?? host) : host;
  }

  /** A file that is broken now leaves what was read before in place. */
  async #renew(changed: ReadonlySet<string>): Promise<void> {
    const { log } = this.#services;
    for (const slot of this.#parts.slots) {
      const files = slot.files.filter((file) => changed.has(file));
      if (files.length === 0 || this.#isClosed) continue;
      try {
        await slot.reread();
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
  const builder = new TlsBuilder(config, services);
  try {
    return await builder.build();
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
  readonly #config: ResolvedConfig;
  readonly #services: TlsServices;
  readonly #loader = new CertificateLoader();
  /** Sites with the same recipe share an identity. */
  readonly #made = new Map<string, LiveSlot>();
  #auto: AutoCertificates | undefined = undefined;
  #nameless: LiveSlot | undefined = undefined;

  constructor(config: ResolvedConfig, services: TlsServices) {
    this.#config = config;
    this.#services = services;
  }

  async build(): Promise<TlsSites | undefined> {
    const { sites, tls: rootTls } = this.#config;
    const entries: (readonly [SiteName, PlacedSlot])[] = [];
    for (const site of sites) {
      const { tls } = site;
      if (tls === undefined) continue;
      const slots = await this.#attempt(tls, site.key, () => this.#slotsOf(site, tls));
      entries.push(...slots);
    }
    if (rootTls === undefined && entries.length === 0) return undefined;
    const fallback =
      rootTls && (await this.#attempt(rootTls, undefined, () => this.#fileSlot(rootTls.certificates, rootTls, 'tls')));
    const slots = [...this.#made.values()];
    const parts = { fallback, nameless: this.#nameless ?? slots[0], slots, auto: this.#auto };
    return new TlsSites({ ...parts, names: new HostTable(entries) }, this.#services);
  }

  close(): void {
    for (const slot of this.#made.values()) slot.close();
    this.#auto?.close();
  }

  async #slotsOf(site: ResolvedSite, tls: ResolvedTls): Promise<(readonly [SiteName, PlacedSlot])[]> {
    const slots: (readonly [SiteName, PlacedSlot])[] = [];
    for (const name of site.names) {
      const auto = tls.auto?.find(({ host }) => host === name.host);
      const slot =
        auto === undefined
          ? await this.#fileSlot(await this.#filesFor(name.host, tls), tls, site.key)
          : await this.#autoSlot(auto, tls, site.key);
      slots.push([name, { slot, site: site.key }]);
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

  #fileSlot(pairs: readonly CertificateFiles[], tls: ResolvedTls, site: string): Promise<LiveSlot> {
    const label = tls.clients === undefined ? JSON.stringify(pairs) : site;
    const key = JSON.stringify([pairs, tls.preset, tls.clients, label]);
    return this.#share(key, () => FileSlot.open({ pairs, tls, label }, this.#loader, this.#services));
  }

  async #autoSlot(auto: ResolvedAutoName, tls: ResolvedTls, site: string): Promise<LiveSlot> {
    this.#auto ??= new AutoCertificates(this.#config, this.#services);
    const certificates = this.#auto;
    const key = JSON.stringify(['auto', auto, tls.preset, tls.clients, site]);
    const slot = await this.#share(key, () => AutoSlot.open(auto, tls, site, certificates, this.#services));
    // A client that connects to an address names no host.
    const isAddress = isIP(auto.host.replace(/^\[|\]$/g, '')) !== 0;
    if (isAddress || auto.host === 'localhost') this.#nameless ??= slot;
    return slot;
  }

  async #share(key: string, open: () => Promise<LiveSlot>): Promise<LiveSlot> {
    const found = this.#made.get(key);
    if (found !== undefined) return found;
    const slot = await open();
    this.#made.set(key, slot);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
