// What the TLS of all generations shares, and what it does with one slot.
import type { ChallengeBoard } from '../acme/challenges.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { CertificateSource } from '../tls/certificate-source.ts';
import type { IdentitySlot } from '../tls/certificate-store.ts';
import type { SessionTickets } from '../tls/session-tickets.ts';
import type { Clock } from '../util/clock.ts';
import type { RefPool } from '../util/ref-pool.ts';
import type { CertificateReport } from './certificate-report.ts';

/** What TLS of all generations shares. */
export interface TlsServices {
  readonly clock: Clock;
  readonly log: FeatureLog;
  readonly shared: RefPool;
  readonly tickets: SessionTickets;
  /** Further sources of certificates, asked before the configured names. */
  readonly sources: readonly CertificateSource[];
  /** What CAs can be shown. */
  readonly board: ChallengeBoard;
}

/** A slot of a generation. */
export interface LiveSlot extends IdentitySlot {
  /** What it was read from. */
  readonly files: readonly string[];
  /** Reads its files again; rejects, with what it shows unchanged, if they cannot be used. */
  reread(): Promise<void>;
  /** What is shown to a client that asks for `name`, and why. */
  report(name: string): CertificateReport;
  /** What is shown at the next handshakes, as far as it is there already; of names on demand those that were asked for. */
  shown(): readonly Certificate[];
  /** Connections live on. */
  close(): void;
}

/** What is spoken behind a handshake, best first; `server.ts` has an engine for each. */
export const ALPN_PROTOCOLS: readonly string[] = ['h2', 'http/1.1'];
