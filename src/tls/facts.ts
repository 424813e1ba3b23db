// What a finished handshake says about client and connection, as the exchange knows it.
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TlsFacts } from '../exchange/exchange.ts';
import type { Secured } from './acceptor.ts';

/** Longer chains than this do not occur; node:tls gives a self-signed one as its own issuer. */
const CHAIN_LIMIT = 10;

/** The facts of a secured socket, read once: they do not change while it lives. */
export function readTlsFacts({ socket, hello, identity }: Secured): TlsFacts {
  const clientCertificates = identity.clientPolicy === undefined ? [] : readChain(socket);
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    serverName: hello.serverName,
    clientCertificates,
    // A resumed session of TLS 1.3 counts as authorized without any certificate too.
    isClientVerified: clientCertificates.length > 0 && socket.authorized,
    clientPolicy: identity.clientPolicy,
    covers: (host) => identity.covers(host),
  };
}

/** DER, leaf first. A resumed session keeps the leaf only. */
function readChain(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let certificate: Partial<DetailedPeerCertificate> | null = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < CHAIN_LIMIT) {
    chain.push(certificate.raw);
    const issuer: Partial<DetailedPeerCertificate> | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? null : (issuer ?? null);
  }
  return chain;
}
