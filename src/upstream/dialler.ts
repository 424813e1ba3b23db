// Dialler: opens connections to one endpoint, resumes its TLS sessions, and finds out which protocol was agreed on.
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { ProxyError } from '../exchange/errors.ts';
import type { OutboundProtocol } from '../exchange/outbound.ts';
import { type EndpointAddress, printAddress } from '../net/address.ts';
import type { Connection } from '../net/connection.ts';
import { dial } from '../net/dial.ts';
import type { Deadlines } from '../util/deadlines.ts';

/** What may be spoken to an endpoint: one protocol, or what it chooses in the TLS handshake (RFC 7301). */
export type ProtocolChoice = OutboundProtocol | 'auto';

/** How one endpoint is reached. */
export interface DiallerOptions {
  readonly address: EndpointAddress;
  readonly tls: ConnectionOptions | undefined;
  readonly protocol: ProtocolChoice;
  readonly connectTimeoutMs: number;
}

/** Hears how dialling ended; exactly one of the two calls. */
export interface DialledResult {
  /** What is spoken is decided, nothing was read or sent yet but `preface`. */
  connected(connection: Connection, protocol: OutboundProtocol): void;
  failed(error: ProxyError): void;
}

/** The names of the protocols in ALPN, the better one first (RFC 9113 §3.2, RFC 7301 §6). */
const OFFERS: Readonly<Record<ProtocolChoice, readonly string[]>> = {
  auto: ['h2', 'http/1.1'],
  h1: ['http/1.1'],
  h2: ['h2'],
};

/** An endpoint that wanted HTTP/1.1 for one request is asked for HTTP/2 again after that long. */
const HTTP1_LESSON_MS = 300_000;

/** Opens connections to one endpoint. */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #deadlines: Deadlines;
  /** The last TLS session of the endpoint, to be resumed by the next connection (RFC 8446 §2.2). */
  #session: Buffer | undefined = undefined;
  #http1UntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: DiallerOptions, deadlines: Deadlines) {
    this.#options = options;
    this.#deadlines = deadlines;
  }

  /** Whether HTTP/2 is not offered for now, because the endpoint wanted HTTP/1.1 instead. */
  get usesHttp1(): boolean {
    return this.#deadlines.nowMs < this.#http1UntilMs;
  }

  /**
   * The endpoint wants HTTP/1.1 instead of the HTTP/2 that it agreed on (RFC 9113 §7). Answers whether that is done: not where
   * the configuration says what is spoken.
   */
  noteHttp1Required(): boolean {
    if (this.#options.protocol !== 'auto' || this.#options.tls === undefined) return false;
    this.#http1UntilMs = this.#deadlines.in(HTTP1_LESSON_MS);
    return true;
  }

  /**
   * Opens one. `preface` goes before everything else. `protocol` overrides that of the endpoint. Returns how to give
   * up.
   */
  dial(
    preface: Buffer | undefined,
    result: DialledResult,
    protocol: ProtocolChoice = this.usesHttp1 ? 'h1' : this.#options.protocol,
  ): () => void {
    const { address, connectTimeoutMs } = this.#options;
    const options = {
      address,
      tls: this.#tlsFor(protocol),
      preface,
      timeoutMs: connectTimeoutMs,
      onSession: this.#keepSession,
    };
    return dial(options, this.#deadlines, {
      connected: (connection) => this.#connected(connection, protocol, result),
      failed: (error) => {
        this.#session = undefined;
        result.failed(error);
      },
    });
  }

  #connected(connection: Connection, protocol: ProtocolChoice, result: DialledResult): void {
    const { socket } = connection;
    if (!(socket instanceof TLSSocket)) {
      result.connected(connection, protocol === 'h2' ? 'h2' : 'h1');
      return;
    }
    const agreed = socket.alpnProtocol === 'h2' ? 'h2' : 'h1';
    if (protocol !== 'h2' || agreed === 'h2') {
      result.connected(connection, agreed);
      return;
    }
    connection.destroy();
    const detail = `${printAddress(this.#options.address)} does not offer h2 (ALPN)`;
    result.failed(new ProxyError('tls_handshake_failed', detail));
  }

  #tlsFor(protocol: ProtocolChoice): ConnectionOptions | undefined {
    const { tls } = this.#options;
    if (tls === undefined) return undefined;
    const ALPNProtocols = [...OFFERS[protocol]];
    return this.#session === undefined ? { ...tls, ALPNProtocols } : { ...tls, ALPNProtocols, session: this.#session };
  }

  readonly #keepSession = (session: Buffer): void => {
    this.#session = session;
  };
}
