// A client's connection, whatever it speaks: chooses the engine, and changes it when a client begins with HTTP/2.
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { ExchangeHost } from '../exchange/host.ts';
import { InboundConnection } from '../h1/inbound-connection.ts';
import type { ConnectionLimits } from '../h1/limits.ts';
import { InboundSession } from '../h2/inbound-session.ts';
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from '../h2/limits.ts';
import type { Connection } from '../net/connection.ts';

/** What the server needs of an engine. */
interface Engine {
  readonly isBusy: boolean;
  drain(): void;
  destroy(): void;
}

const NOTHING_UNREAD = Buffer.alloc(0);

/**
 * One connection of a client. HTTP/2 is chosen by ALPN (`facts.protocol`), or in cleartext by the client's preface
 * (RFC 9113 §3.2, §3.3), which the HTTP/1.1 engine finds where it would refuse a request of version 2.
 */
export class ClientConnection {
  readonly #connection: Connection;
  readonly #facts: ConnectionFacts;
  readonly #host: ExchangeHost;
  readonly #limits: ConnectionLimits;
  readonly #onGone: (connection: ClientConnection) => void;
  #engine: Engine | undefined = undefined;

  constructor(
    connection: Connection,
    facts: ConnectionFacts,
    host: ExchangeHost,
    limits: ConnectionLimits,
    onGone: (connection: ClientConnection) => void,
  ) {
    this.#connection = connection;
    this.#facts = facts;
    this.#host = host;
    this.#limits = limits;
    this.#onGone = onGone;
    if (facts.protocol === 'h2') this.#beginHttp2(NOTHING_UNREAD);
    else this.#engine = this.#openHttp1();
  }

  /** Whether an exchange is under way. */
  get isBusy(): boolean {
    return this.#engine?.isBusy ?? false;
  }

  /** Finishes what is under way, then closes. */
  drain(): void {
    this.#engine?.drain();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#engine?.destroy();
  }

  #openHttp1(): Engine {
    const onHttp2 = this.#facts.isSecure ? undefined : (bytes: Buffer) => this.#beginHttp2(bytes);
    return new InboundConnection(
      this.#connection,
      this.#facts,
      this.#host,
      this.#limits,
      () => this.#onGone(this),
      onHttp2,
    );
  }

  #beginHttp2(unread: Buffer): void {
    const facts: ConnectionFacts = { ...this.#facts, protocol: 'h2' };
    const limits = sessionLimits(this.#limits);
    const session = new InboundSession(this.#connection, facts, this.#host, limits, () => this.#onGone(this));
    this.#engine = session;
    if (unread.length > 0) session.onBytes(unread);
    if (this.#host.isDraining) session.drain();
  }
}

/** What both protocols bound is bounded alike. */
function sessionLimits(limits: ConnectionLimits): SessionLimits {
  const { headBytes, headerCount, targetBytes, bodyBytes, compat } = limits;
  const { headTimeoutMs, bodyTimeoutMs, writeTimeoutMs, idleTimeoutMs, tunnelIdleTimeoutMs, lingerTimeoutMs } = limits;
  return {
    ...DEFAULT_SESSION_LIMITS,
    ...{ headBytes, headerCount, targetBytes, bodyBytes, compat },
    ...{ headTimeoutMs, bodyTimeoutMs, writeTimeoutMs, idleTimeoutMs, tunnelIdleTimeoutMs, lingerTimeoutMs },
  };
}
