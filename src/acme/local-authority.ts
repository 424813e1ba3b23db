// LocalAuthority: this machine's own CA, for names that never leave it; browsers believe it after `portico trust`.
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { type Certificate, parseCertificate } from '../tls/certificate.ts';
import type { Clock } from '../util/clock.ts';
import { makePrivateFolder, readIfThere, writeAtomically } from './atomic-file.ts';
import { withFileLock } from './file-lock.ts';
import { plainRenewalMs } from './renewal.ts';
import { type CertificateText, createRoot, issueLeaf } from './x509.ts';

/** What the root may vouch for, besides the addresses of loopback. */
const DOMAINS = ['localhost', 'test'];
const DAY_MS = 24 * 3600_000;
const ROOT_LIFETIME_MS = 3650 * DAY_MS;
/** Short, because they cost nothing and live in memory only. */
const LEAF_LIFETIME_MS = 14 * DAY_MS;
/** Clocks of clients may be slow. */
const EARLIER_MS = 3600_000;
/** A wildcard site makes one for every name that is asked for. */
const LEAVES_KEPT = 1000;

interface Leaf {
  readonly certificate: Certificate;
  readonly renewMs: number;
}

/** One per folder. The root is made at the first use and kept; certificates are made for every name and forgotten. */
export class LocalAuthority {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #leaves = new LRUCache<string, Leaf>({ max: LEAVES_KEPT });
  readonly #making = new Map<string, Promise<Certificate>>();
  #root: Promise<CertificateText> | undefined = undefined;

  constructor(dir: string, clock: Clock) {
    this.#dir = dir;
    this.#clock = clock;
  }

  /** The file with the root certificate, for stores of trusted authorities. */
  get rootFile(): string {
    return join(this.#dir, 'root.pem');
  }

  /** The root certificate with its key, made if there is none. */
  root(): Promise<CertificateText> {
    this.#root ??= this.#openRoot().catch((error: unknown) => {
      this.#root = undefined;
      throw error;
    });
    return this.#root;
  }

  /** A certificate for a host name or an address of this machine; at once if there is a fresh one. */
  certificate(name: string): Certificate | Promise<Certificate> {
    const known = this.#leaves.get(name);
    if (known !== undefined && this.#clock.epochMs() < known.renewMs) return known.certificate;
    const making = this.#making.get(name) ?? this.#issue(name).finally(() => this.#making.delete(name));
    this.#making.set(name, making);
    return making;
  }

  /** When the certificate of `name` is made anew; undefined if there is none now. */
  renewalOf(name: string): number | undefined {
    return this.#leaves.peek(name)?.renewMs;
  }

  async #issue(name: string): Promise<Certificate> {
    const root = await this.root();
    const nowMs = this.#clock.epochMs();
    const text = await issueLeaf(root, subjectsOf(name), {
      fromMs: nowMs - EARLIER_MS,
      toMs: nowMs + LEAF_LIFETIME_MS,
    });
    const certificate = parseCertificate(text.chain, text.key);
    this.#leaves.set(name, { certificate, renewMs: plainRenewalMs(certificate.leaf, () => 0) });
    return certificate;
  }

  async #openRoot(): Promise<CertificateText> {
    const found = await this.#readRoot();
    if (found !== undefined) return found;
    await makePrivateFolder(this.#dir);
    return withFileLock(
      join(this.#dir, 'root.lock'),
      this.#clock,
      async () => (await this.#readRoot()) ?? this.#make(),
    );
  }

  async #readRoot(): Promise<CertificateText | undefined> {
    const [chain, key] = await Promise.all([readIfThere(this.rootFile), readIfThere(join(this.#dir, 'root.key'))]);
    if (chain === undefined || key === undefined) return undefined;
    parseCertificate(chain, key);
    return { chain, key };
  }

  /** The key first: a certificate without its key would be one that can never be used. */
  async #make(): Promise<CertificateText> {
    const nowMs = this.#clock.epochMs();
    const validity = { fromMs: nowMs - EARLIER_MS, toMs: nowMs + ROOT_LIFETIME_MS };
    const mark = randomBytes(4).toString('hex');
    const root = await createRoot(`Portico local CA ${mark}`, DOMAINS, validity);
    await writeAtomically(join(this.#dir, 'root.key'), root.key);
    await writeAtomically(this.rootFile, root.chain);
    return root;
  }
}

/** The addresses of this machine come with its name: clients that connect to them name no host. */
function subjectsOf(name: string) {
  const host = name.replace(/^\[|\]$/g, '');
  const own = { type: isIP(host) === 0 ? 'dns' : 'ip', value: host } as const;
  const addresses = ['127.0.0.1', '::1'].map((value) => ({ type: 'ip', value }) as const);
  return host === 'localhost' ? [own, ...addresses] : [own];
}
