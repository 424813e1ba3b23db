// CertificateSource: whoever has certificates for names, now or later; the contract between TLS listeners and the rest.
import type { ClientHello } from './client-hello.ts';
import type { Identity } from './identity.ts';

/** The port that a client connected to, which may decide between sites of one name. */
export interface HelloPlace {
  readonly localPort: number;
}

/**
 * Finds what to show a client. Undefined: nothing for this name, the next source is asked. A promise holds the handshake
 * back within its time limit; a rejected one counts as undefined, and is the source's to log.
 * A source that answers ALPN challenges (RFC 8737) looks at `alpnProtocols` for `acme-tls/1` and gives an identity with
 * exactly that protocol; such a connection ends with its handshake.
 */
export interface CertificateSource {
  find(hello: ClientHello, place: HelloPlace): Identity | Promise<Identity | undefined> | undefined;
  /** Why there is nothing for this client, in a few words for the log; undefined where there is no more to say. */
  explainNothing?(hello: ClientHello, place: HelloPlace): string | undefined;
}
