// Making and reading certificates with the library @peculiar/x509: requests, challenge certificates, the local CA's own.
// The library is loaded at the first use: nobody who brings certificates along waits for it.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  webcrypto,
  type X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import type * as Library from '@peculiar/x509';

/** The kinds of keys that certificates are asked for with. */
export type KeyKind = 'ecdsa' | 'rsa';

/** PEM texts. */
export interface CertificateText {
  readonly chain: string;
  readonly key: string;
}

/** From when to when, in milliseconds since 1970. */
export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
/** RFC 8737 §6.1. */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
/** RFC 5280 §4.2.1.10. */
const NAME_CONSTRAINTS = '2.5.29.30';

let loading: Promise<typeof Library> | undefined;

/** reflect-metadata must be there before the library is. */
function load(): Promise<typeof Library> {
  loading ??= import('reflect-metadata').then(async () => {
    const library = await import('@peculiar/x509');
    // The library names the types of browsers; Node's have the same members.
    library.cryptoProvider.set(webcrypto as never);
    return library;
  });
  return loading;
}

/** A new private key in PEM. */
export async function generateKey(kind: KeyKind): Promise<string> {
  const make = promisify(generateKeyPair);
  const { privateKey } = await (kind === 'rsa'
    ? make('rsa', { modulusLength: 2048 })
    : make('ec', { namedCurve: 'prime256v1' }));
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A certificate request (RFC 2986) for `name` in base64url of DER, as RFC 8555 §7.4 wants it. */
export async function createRequest(name: string, key: string): Promise<string> {
  const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await load();
  const keys = await importKeys(key);
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithmOf(createPrivateKey(key)),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  return Buffer.from(request.rawData).toString('base64url');
}

/** The certificate that answers a tls-alpn-01 challenge (RFC 8737 §3). */
export async function createChallengeCertificate(
  name: string,
  keyAuthorization: string,
  validity: Validity,
): Promise<CertificateText> {
  const { X509CertificateGenerator, SubjectAlternativeNameExtension, Extension } = await load();
  const key = await generateKey('ecdsa');
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=ACME challenge',
    keys: await importKeys(key),
    signingAlgorithm: EC,
    ...datesOf(validity),
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      new Extension(ACME_IDENTIFIER, true, der(0x04, digest)),
    ],
  });
  return { chain: `${certificate.toString('pem')}\n`, key };
}

/**
 * The root of a local CA, which can vouch for nothing but `domains`, what is below them, and this machine's own
 * addresses: whoever gets its key can do no harm elsewhere.
 */
export async function createRoot(
  commonName: string,
  domains: readonly string[],
  validity: Validity,
): Promise<CertificateText> {
  const { X509CertificateGenerator, BasicConstraintsExtension, KeyUsagesExtension, KeyUsageFlags, Extension } =
    await load();
  const { SubjectKeyIdentifierExtension } = await load();
  const key = await generateKey('ecdsa');
  const keys = await importKeys(key);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: EC,
    ...datesOf(validity),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey as never),
      new Extension(NAME_CONSTRAINTS, true, nameConstraints(domains)),
    ],
  });
  return { chain: `${certificate.toString('pem')}\n`, key };
}

/** A certificate for host names and IP addresses, signed by `root`. */
export async function issueLeaf(
  root: CertificateText,
  names: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[],
  validity: Validity,
): Promise<CertificateText> {
  const library = await load();
  const { X509CertificateGenerator, SubjectAlternativeNameExtension, KeyUsagesExtension, KeyUsageFlags } = library;
  const { AuthorityKeyIdentifierExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, BasicConstraintsExtension } =
    library;
  const key = await generateKey('ecdsa');
  const authority = new library.X509Certificate(root.chain);
  const [own, signing] = [await importKeys(key), await importKeys(root.key)];
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=portico local',
    issuer: authority.subject,
    publicKey: own.publicKey as never,
    signingKey: signing.privateKey as never,
    signingAlgorithm: EC,
    ...datesOf(validity),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await AuthorityKeyIdentifierExtension.create(signing.publicKey as never),
      new SubjectAlternativeNameExtension([...names]),
    ],
  });
  return { chain: `${certificate.toString('pem')}\n`, key };
}

/**
 * The name under which a CA tells when to renew a certificate (RFC 9773 §4.1): the identifier of the authority's key and
 * the serial number, both in base64url. Undefined for a certificate without that identifier.
 */
export async function renewalIdOf(leaf: X509Certificate): Promise<string | undefined> {
  const { X509Certificate: Parsed, AuthorityKeyIdentifierExtension } = await load();
  const parsed = new Parsed(leaf.raw);
  const keyId = parsed.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return undefined;
  const serial = Buffer.from(leaf.serialNumber.length % 2 === 0 ? leaf.serialNumber : `0${leaf.serialNumber}`, 'hex');
  // The bytes of the DER integer: one that began with a set bit would be negative.
  const integer = (serial[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), serial]) : serial;
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${integer.toString('base64url')}`;
}

function datesOf({ fromMs, toMs }: Validity) {
  return { notBefore: new Date(fromMs), notAfter: new Date(toMs) };
}

async function importKeys(pem: string) {
  const privateKey = createPrivateKey(pem);
  const algorithm = algorithmOf(privateKey);
  const { subtle } = webcrypto;
  const privateDer = privateKey.export({ type: 'pkcs8', format: 'der' });
  const publicDer = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await subtle.importKey('pkcs8', privateDer, algorithm, true, ['sign']),
    publicKey: await subtle.importKey('spki', publicDer, algorithm, true, ['verify']),
  };
}

function algorithmOf({ asymmetricKeyType }: KeyObject) {
  return asymmetricKeyType === 'rsa' ? RSA : EC;
}

/** RFC 5280 §4.2.1.10: permitted subtrees for domains and for the addresses of loopback. */
function nameConstraints(domains: readonly string[]): Buffer {
  const names = domains.map((domain) => der(0x82, Buffer.from(domain, 'latin1')));
  const ip4 = der(0x87, Buffer.from([127, 0, 0, 0, 255, 0, 0, 0]));
  const ip6 = der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1]), Buffer.alloc(16, 255)]));
  const subtrees = [...names, ip4, ip6].map((base) => der(0x30, base));
  return der(0x30, der(0xa0, Buffer.concat(subtrees)));
}

/** A value of DER with its tag; up to 64 KiB. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}
