// Identity: what a TLS listener shows to clients of one name: certificates, preset, demands on client certificates.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type Certificate, isCertificateFor } from './certificate.ts';
import { type Preset, presetOptions } from './presets.ts';
import { SESSION_LIFETIME_S, type SessionTickets } from './session-tickets.ts';

/** Client certificates to ask for. */
export interface ClientDemands {
  /** PEM of the authorities. */
  readonly ca: string;
  /** Whether a client without one is refused, which the server does by status, not by alert. */
  readonly isRequired: boolean;
}

/** What an identity is made of. Never changed: new files make a new identity. */
export interface IdentityOptions {
  /**
   * Whose identity it is, such as the key of a site. Sessions are resumed only under the same label and demands: else a
   * session with a client certificate of one site would open another one.
   */
  readonly label: string;
  /** At least one; of one kind of key the first counts. */
  readonly certificates: readonly Certificate[];
  readonly preset: Preset;
  readonly clients: ClientDemands | undefined;
  /** Offered protocols in the server's order (RFC 7301). */
  readonly alpnProtocols: readonly string[];
}

/** Hears how a handshake ended; one of the two calls, at most once. */
export interface HandshakeResult {
  secured(socket: TLSSocket): void;
  failed(error: NodeJS.ErrnoException): void;
}

/** How many answers of {@link Identity.covers} are kept. */
const KEPT_ANSWERS = 256;

const handshakes = new WeakMap<Socket, HandshakeResult>();

/** An identity with its OpenSSL context. Throws what node:tls throws if that cannot be made. */
export class Identity {
  readonly certificates: readonly Certificate[];
  readonly alpnProtocols: readonly string[];
  /** The same text for the same demands on client certificates; undefined for none. */
  readonly clientPolicy: string | undefined;
  readonly #server: Server;
  readonly #tickets: SessionTickets;
  readonly #covered = new Map<string, boolean>();

  constructor(options: IdentityOptions, tickets: SessionTickets) {
    const { certificates, clients, alpnProtocols, label } = options;
    this.certificates = oneOfEachKind(certificates);
    this.alpnProtocols = alpnProtocols;
    this.clientPolicy = clientPolicyOf(clients);
    this.#tickets = tickets;
    this.#server = createServer({
      ...presetOptions(options.preset),
      cert: this.certificates.map(({ chain }) => chain),
      key: this.certificates.map(({ key }) => key),
      ...(clients === undefined ? {} : { ca: clients.ca, requestCert: true }),
      // A refused certificate is told by status: an alert would tell the user nothing.
      rejectUnauthorized: false,
      ALPNProtocols: [...alpnProtocols],
      sessionTimeout: SESSION_LIFETIME_S,
      sessionIdContext: hash(JSON.stringify([label, this.clientPolicy])).slice(0, 32),
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#server.on('secureConnection', (socket) => resultOf(socket)?.secured(socket));
    this.#server.on('tlsClientError', (error, socket) => resultOf(socket)?.failed(error));
    tickets.attach(this.#server);
  }

  /** Whether one of the certificates is for `host`. */
  covers(host: string): boolean {
    const known = this.#covered.get(host);
    if (known !== undefined) return known;
    const answer = this.certificates.some(({ leaf }) => isCertificateFor(leaf, host));
    if (this.#covered.size >= KEPT_ANSWERS) this.#covered.clear();
    this.#covered.set(host, answer);
    return answer;
  }

  /** Begins the handshake on an accepted socket; bytes that were read of it must have been put back. */
  handshake(socket: Socket, result: HandshakeResult): void {
    handshakes.set(socket, result);
    // Documented for exactly this: sockets that something else accepted.
    this.#server.emit('connection', socket);
  }

  /** Handshakes and connections that have begun live on. */
  close(): void {
    this.#tickets.detach(this.#server);
  }
}

/** See `Identity.clientPolicy`. */
export function clientPolicyOf(clients: ClientDemands | undefined): string | undefined {
  return clients && hash(JSON.stringify([clients.ca, clients.isRequired]));
}

/**
 * The result that waits for a secured socket. Exception: `_parent` is no documented property; node:tls sets it to the
 * socket that was handed in, and says nowhere else which one that was.
 */
function resultOf(socket: TLSSocket): HandshakeResult | undefined {
  const { _parent: parent } = socket as unknown as { readonly _parent?: Socket };
  const result = parent && handshakes.get(parent);
  if (parent !== undefined) handshakes.delete(parent);
  if (result === undefined) socket.destroy();
  return result;
}

/** OpenSSL shows one certificate of each kind of key: the first of the list. */
function oneOfEachKind(certificates: readonly Certificate[]): Certificate[] {
  return certificates.filter(
    ({ keyKind }, index) => certificates.findIndex((other) => other.keyKind === keyKind) === index,
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
