// Real certificates for the length of a test run: authorities that sign, and certificates for any names and times.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

const crypto = webcrypto;
// The library names the types of a browser; Node's crypto has the same members.
cryptoProvider.set(crypto as never);

/** PEM texts. */
export interface TestCertificate {
  /** The certificate, and behind it the chain up to, but without, the root. */
  readonly cert: string;
  readonly key: string;
}

/** What a certificate shall be like. */
export interface CertificateWishes {
  /** Host names, wildcards and IP addresses; none for a certificate of a client. */
  readonly names: readonly string[];
  readonly kind?: 'ec' | 'rsa';
  readonly from?: Date;
  readonly to?: Date;
  /** The common name. Default: the first name, or `test`. */
  readonly subject?: string;
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};
const DAY_MS = 86_400_000;

/** A certificate authority. */
export class TestAuthority {
  readonly #certificate: X509Certificate;
  readonly #keys: CryptoKeyPair;
  /** PEM of the certificates between ours and the root, ours first; empty for a root. */
  readonly #chain: string;

  private constructor(certificate: X509Certificate, keys: CryptoKeyPair, chain: string) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.#chain = chain;
  }

  /** A root. */
  static async create(name = 'Test Root'): Promise<TestAuthority> {
    const keys = await generateKeys('ec');
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      ...lifetime({}),
      signingAlgorithm: EC,
      extensions: authorityExtensions(),
    });
    return new TestAuthority(certificate, keys, '');
  }

  /** PEM of its own certificate. */
  get cert(): string {
    return `${this.#certificate.toString('pem')}\n`;
  }

  /** An authority that this one vouches for. */
  async intermediate(name = 'Test Intermediate'): Promise<TestAuthority> {
    const keys = await generateKeys('ec');
    const certificate = await this.#sign(name, keys.publicKey, lifetime({}), authorityExtensions());
    return new TestAuthority(certificate, keys, `${certificate.toString('pem')}\n${this.#chain}`);
  }

  async issue(wishes: CertificateWishes): Promise<TestCertificate> {
    const keys = await generateKeys(wishes.kind ?? 'ec');
    const names = wishes.names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const);
    const extensions = names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
    const subject = wishes.subject ?? wishes.names[0] ?? 'test';
    const certificate = await this.#sign(subject, keys.publicKey, lifetime(wishes), extensions);
    return { cert: `${certificate.toString('pem')}\n${this.#chain}`, key: await printKey(keys.privateKey) };
  }

  #sign(
    subject: string,
    publicKey: CryptoKey,
    times: { notBefore: Date; notAfter: Date },
    extensions: (BasicConstraintsExtension | SubjectAlternativeNameExtension | KeyUsagesExtension)[],
  ): Promise<X509Certificate> {
    return X509CertificateGenerator.create({
      subject: `CN=${subject}`,
      issuer: this.#certificate.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: EC,
      ...times,
      extensions,
    });
  }
}

function authorityExtensions() {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

function generateKeys(kind: 'ec' | 'rsa'): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(kind === 'ec' ? EC : RSA, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

function lifetime({ from, to }: Pick<CertificateWishes, 'from' | 'to'>) {
  return { notBefore: from ?? new Date(Date.now() - DAY_MS), notAfter: to ?? new Date(Date.now() + 30 * DAY_MS) };
}

async function printKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

/** Writes a certificate and its key into two files of a folder, as configurations name them. */
export function saveCertificate(
  folder: string,
  name: string,
  { cert, key }: Pick<TestCertificate, 'cert' | 'key'>,
): { cert: string; key: string } {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}
