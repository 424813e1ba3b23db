// CertificateReport: what is shown to clients of one name and why, as `portico cert explain` prints it.
import type { X509Certificate } from 'node:crypto';
import { type Certificate, printCertificateNames } from '../tls/certificate.ts';

/** Plain data; instants in milliseconds since 1970. */
export interface CertificateReport {
  readonly host: string;
  /** The key of the site; undefined where no site has the name. */
  readonly site: string | undefined;
  /**
   * `files`: named in the configuration. `acme`: fetched. `local`: from this machine's own CA. `none`: clients of this name
   * are refused.
   */
  readonly from: 'files' | 'acme' | 'local' | 'none';
  /** What is shown now; several of different kinds of key, or none. */
  readonly certificates: readonly ShownCertificate[];
  /** One sentence each: why it is so. */
  readonly reasons: readonly string[];
  readonly files: readonly string[];
  readonly renewal?: {
    readonly atMs: number;
    readonly why: string;
  };
  readonly failure?: {
    /** The CA's own words, if it was a CA. */
    readonly error: string;
    readonly atMs: number;
    readonly nextMs: number;
    readonly failures: number;
  };
  readonly isBusy?: boolean;
}

/** One certificate. */
export interface ShownCertificate {
  readonly names: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly keyKind: string;
}

/** A certificate for people. */
export function describeCertificate({ leaf, keyKind }: Certificate): ShownCertificate {
  return {
    names: printCertificateNames(leaf),
    issuer: issuerOf(leaf),
    serial: leaf.serialNumber,
    fromMs: Date.parse(leaf.validFrom),
    toMs: Date.parse(leaf.validTo),
    keyKind,
  };
}

function issuerOf({ issuer }: X509Certificate): string {
  return issuer.replaceAll('\n', ', ');
}
