// TLS to an endpoint: who it must be, what it is shown of us, and the context that all connections to it share.
import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import type { EndpointUrl } from '../../upstream/endpoint.ts';
import type { ProxyOptions } from './options.ts';

/** The files that `ca` and `clientCertificate` name, as PEM. */
export interface EndpointFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What most endpoints have. */
export const NO_FILES: EndpointFiles = { ca: undefined, cert: undefined, key: undefined };

/** Reads what the options name: {@link NO_FILES} for nothing. Rejects with a sentence that names the file. */
export async function readEndpointFiles({ ca, clientCertificate }: ProxyOptions): Promise<EndpointFiles> {
  if (ca === undefined && clientCertificate === undefined) return NO_FILES;
  const { cert, key = cert } = clientCertificate ?? {};
  return {
    ca: await readPem(ca, 'CERTIFICATE'),
    cert: await readPem(cert, 'CERTIFICATE'),
    key: await readPem(key, 'PRIVATE KEY'),
  };
}

async function readPem(file: string | undefined, kind: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, 'latin1');
  } catch (error) {
    throw new Error(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  if (!text.includes(`${kind}-----`)) throw new Error(`${file} has no ${kind.toLowerCase()} in PEM in it`);
  return text;
}

/**
 * What connections to an endpoint are opened with. RFC 6066 §3: SNI carries names, never IP addresses; those are checked
 * against the certificate all the same. Throws what OpenSSL says of files that do not fit.
 */
export function endpointTls(url: EndpointUrl, options: ProxyOptions, files: EndpointFiles): ConnectionOptions {
  const host = 'host' in url.address ? url.address.host : 'localhost';
  const serverName = options.serverName ?? (isIP(host) === 0 ? host : undefined);
  const { ca, cert, key } = files;
  const { pins } = options;
  return {
    // One for all: making one for each connection, with all public authorities in it, costs more than the handshake.
    secureContext: createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert, key }),
    }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: options.verify,
    ...(pins === undefined
      ? {}
      : { checkServerIdentity: (name: string, peer: PeerCertificate) => checkPins(name, peer, pins) }),
  };
}

/** The names as always, and the public key besides. */
function checkPins(name: string, peer: PeerCertificate, pins: readonly string[]): Error | undefined {
  const failure = checkServerIdentity(name, peer);
  if (failure !== undefined) return failure;
  const publicKey = new X509Certificate(peer.raw).publicKey.export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(publicKey).digest();
  if (pins.some((pin) => timingSafeEqual(Buffer.from(pin, 'base64'), digest))) return undefined;
  const message = `the public key sha256 ${digest.toString('base64')} is not pinned`;
  return Object.assign(new Error(message), { code: 'ERR_TLS_CERT_NOT_PINNED' });
}
