// Certificate: a chain with its private key, checked to belong together before anybody is shown it.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate that cannot be used; the message is for the operator. */
export class CertificateError extends Error {
  override name = 'CertificateError';
}

/** A certificate with its key. */
export interface Certificate {
  /** PEM: the certificate first, the chain behind it. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
  readonly leaf: X509Certificate;
  /** Such as `ec` or `rsa`: one context shows one certificate of each kind. */
  readonly keyKind: string;
}

/** Makes a certificate of two PEM texts, which may be the same. Throws {@link CertificateError}. */
export function parseCertificate(chain: string, key: string): Certificate {
  const leaf = attempt('there is no certificate in PEM in it', () => new X509Certificate(firstBlock(chain)));
  const privateKey = attempt('there is no private key in PEM in it that can be read without a password', () =>
    createPrivateKey(key),
  );
  if (!isKeyOf(leaf, privateKey)) throw new CertificateError('the private key belongs to another certificate');
  return { chain, key, leaf, keyKind: privateKey.asymmetricKeyType ?? 'unknown' };
}

/** Whether a certificate is for `host`: a name, or an IP address with or without brackets (RFC 9525 §6). */
export function isCertificateFor(leaf: X509Certificate, host: string): boolean {
  const address = host.startsWith('[') ? host.slice(1, -1) : host;
  return isIP(address) === 0 ? leaf.checkHost(host) !== undefined : leaf.checkIP(address) !== undefined;
}

/** The names of a certificate for a message, such as `example.net, *.example.net`. */
export function printCertificateNames(leaf: X509Certificate): string {
  return certificateNames(leaf).join(', ');
}

/** The names that a certificate is for; without any, the parts of its subject. */
export function certificateNames({ subjectAltName, subject }: X509Certificate): string[] {
  return (subjectAltName ?? subject).replaceAll(/(?:DNS|IP Address):/g, '').split(/, |\n/);
}

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/;

function firstBlock(pem: string): string {
  const [block] = BLOCK.exec(pem) ?? [];
  if (block === undefined) throw new CertificateError('there is no certificate in PEM in it');
  return block;
}

function isKeyOf(leaf: X509Certificate, key: KeyObject): boolean {
  return attempt('the private key belongs to another certificate', () => leaf.checkPrivateKey(key));
}

function attempt<T>(message: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    throw new CertificateError(message, { cause: error });
  }
}
