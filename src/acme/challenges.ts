// Challenges: what is put up so that a CA can see that a name leads to us, and how it is shown: http-01 and tls-alpn-01.

import { type Certificate, parseCertificate } from '../tls/certificate.ts';
import type { CertificateSource } from '../tls/certificate-source.ts';
import type { ClientHello } from '../tls/client-hello.ts';
import { Identity } from '../tls/identity.ts';
import type { SessionTickets } from '../tls/session-tickets.ts';
import type { Cancel, Clock } from '../util/clock.ts';
import type { AcmeStore } from './store.ts';
import { createChallengeCertificate } from './x509.ts';

/** The kinds of challenges that are answered. */
export type ChallengeType = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** A way to answer one kind of challenge. */
export interface ChallengeSolver {
  readonly type: ChallengeType;
  /** Puts the answer up; resolves once it can be seen, with how to take it down. That never rejects. */
  present(name: string, token: string, keyAuthorization: string): Promise<() => Promise<void>>;
}

/** RFC 8555 §8.3. */
export const HTTP_CHALLENGE_PREFIX = '/.well-known/acme-challenge/';
/** RFC 8737 §3. */
export const ACME_PROTOCOL = 'acme-tls/1';
const TOKEN = /^[A-Za-z0-9_-]{16,200}$/;
const VALIDITY_MS = 24 * 3600_000;

/**
 * What is pending, in memory and in the stores that are attached: a CA may ask another process than the one that ordered.
 * One for the whole program, whatever its configuration.
 */
export class ChallengeBoard implements CertificateSource {
  readonly #clock: Clock;
  readonly #tickets: SessionTickets;
  readonly #stores = new Set<AcmeStore>();
  readonly #tokens = new Map<string, string>();
  readonly #identities = new Map<string, Identity>();

  constructor(clock: Clock, tickets: SessionTickets) {
    this.#clock = clock;
    this.#tickets = tickets;
  }

  /** Answers also what is pending in `store`, until the returned function is called. */
  attach(store: AcmeStore): Cancel {
    this.#stores.add(store);
    return () => this.#stores.delete(store);
  }

  /** Whether anything can be pending. */
  get isIdle(): boolean {
    return this.#stores.size === 0 && this.#tokens.size === 0;
  }

  /** The body that answers a http-01 challenge at this path; undefined if none is pending there. */
  async findHttp(path: string): Promise<string | undefined> {
    const token = path.slice(HTTP_CHALLENGE_PREFIX.length);
    if (!path.startsWith(HTTP_CHALLENGE_PREFIX) || !TOKEN.test(token)) return undefined;
    return this.#tokens.get(token) ?? (await this.#readStores(`http-${token}`));
  }

  /** As a source of certificates: shows the challenge's certificate to CAs that ask for it, and nothing to anybody else. */
  find({ alpnProtocols, serverName }: ClientHello): Identity | Promise<Identity | undefined> | undefined {
    if (serverName === undefined || !alpnProtocols.includes(ACME_PROTOCOL)) return undefined;
    return this.#identities.get(serverName) ?? this.#findStored(serverName);
  }

  /** The solvers whose answers also go into `store`. */
  solversFor(store: AcmeStore): readonly ChallengeSolver[] {
    return [
      { type: 'http-01', present: (_name, token, answer) => this.#presentHttp(store, token, answer) },
      { type: 'tls-alpn-01', present: (name, _token, answer) => this.#presentTls(store, name, answer) },
    ];
  }

  /** Puts up a token that no CA knows, to see whether it can be seen from outside. */
  presentProbe(token: string, answer: string): Cancel {
    this.#tokens.set(token, answer);
    return () => this.#tokens.delete(token);
  }

  /** The same for tls-alpn-01, with a certificate of its own, told as its octets (DER). */
  async presentTlsProbe(name: string, answer: string): Promise<{ readonly leaf: Buffer; readonly takeDown: Cancel }> {
    const { certificate, takeDown } = await this.#putUpTls(name, answer);
    return { leaf: certificate.leaf.raw, takeDown };
  }

  async #presentHttp(store: AcmeStore, token: string, answer: string): Promise<() => Promise<void>> {
    this.#tokens.set(token, answer);
    await store.writeChallenge(`http-${token}`, answer);
    return async () => {
      this.#tokens.delete(token);
      await store.deleteChallenge(`http-${token}`).catch(() => {});
    };
  }

  async #presentTls(store: AcmeStore, name: string, answer: string): Promise<() => Promise<void>> {
    const { certificate, takeDown } = await this.#putUpTls(name, answer);
    await store.writeChallenge(`tls-${name}`, `${certificate.key}${certificate.chain}`);
    return async () => {
      takeDown();
      await store.deleteChallenge(`tls-${name}`).catch(() => {});
    };
  }

  async #putUpTls(name: string, answer: string): Promise<{ certificate: Certificate; takeDown: Cancel }> {
    const nowMs = this.#clock.epochMs();
    const validity = { fromMs: nowMs - VALIDITY_MS, toMs: nowMs + VALIDITY_MS };
    const { chain, key } = await createChallengeCertificate(name, answer, validity);
    const certificate = parseCertificate(chain, key);
    const identity = this.#makeIdentity(certificate);
    this.#identities.set(name, identity);
    const takeDown = () => {
      if (this.#identities.get(name) === identity) this.#identities.delete(name);
      identity.close();
    };
    return { certificate, takeDown };
  }

  async #findStored(name: string): Promise<Identity | undefined> {
    const text = await this.#readStores(`tls-${name}`);
    if (text === undefined) return undefined;
    const identity = this.#makeIdentity(parseCertificate(text, text));
    // It serves one handshake: its context lives on without taking part in renewals of ticket keys.
    identity.close();
    return identity;
  }

  #makeIdentity(certificate: Certificate): Identity {
    const options = {
      label: ACME_PROTOCOL,
      certificates: [certificate],
      preset: 'modern',
      clients: undefined,
    } as const;
    return new Identity({ ...options, alpnProtocols: [ACME_PROTOCOL] }, this.#tickets);
  }

  async #readStores(name: string): Promise<string | undefined> {
    for (const store of this.#stores) {
      const found = await store.readChallenge(name).catch(() => undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
