// What stands before HTTP on a listener: the PROXY protocol, then TLS; ends in a connection for an engine.
import type { Socket } from 'node:net';
import type { ConnectionFacts } from '../exchange/exchange.ts';
import type { FeatureLog } from '../exchange/feature.ts';
import { Connection } from '../net/connection.ts';
import type { OnConnection, OnSocket } from '../net/listener.ts';
import { readPreface } from '../net/preface.ts';
import { PROXY_HEADER_LIMIT_BYTES, type ProxiedEnds, readProxyHeader } from '../net/proxy-protocol.ts';
import type { TlsAcceptor } from '../tls/acceptor.ts';
import { readTlsFacts } from '../tls/facts.ts';
import type { CidrList } from '../util/cidr.ts';
import type { Deadlines } from '../util/deadlines.ts';

/** How the connections of one listener begin. */
export interface EntranceOptions {
  /** Whose connections begin with a PROXY protocol header; undefined for no header. */
  readonly proxyTrust: CidrList | undefined;
  /** Undefined for cleartext. */
  readonly tls: TlsAcceptor | undefined;
  /** For a whole PROXY protocol header. */
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly log: FeatureLog;
  /** Takes the connection, as from a listener without anything before HTTP. */
  readonly onConnection: OnConnection;
  /** Sockets on their way in, to be destroyed when the server stops. */
  readonly entering: Set<Socket>;
}

/** The way in of a listener; undefined where HTTP begins with the first byte. */
export function createEntrance(options: EntranceOptions): OnSocket | undefined {
  const { proxyTrust, tls } = options;
  if (proxyTrust === undefined && tls === undefined) return undefined;
  return function enter(socket, facts, gone) {
    // Errors close the socket; that is heard by whoever has it.
    socket.on('error', nothing);
    options.entering.add(socket);
    const way = new WayIn(socket, options, gone);
    if (proxyTrust === undefined) way.secure(facts);
    else way.readProxyHeader(facts, proxyTrust);
  };
}

class WayIn {
  readonly #socket: Socket;
  readonly #options: EntranceOptions;
  readonly #gone: () => void;

  constructor(socket: Socket, options: EntranceOptions, gone: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#gone = gone;
  }

  /** A unix socket has no address: who may connect to it is a matter of its file. */
  readProxyHeader(facts: ConnectionFacts, trust: CidrList): void {
    if (facts.address !== '' && !trust.contains(facts.address)) {
      this.#socket.destroy();
      this.#fail(facts, 'the address is not trusted to send a PROXY protocol header');
      return;
    }
    readPreface<ProxiedEnds | 'own' | 'malformed'>(this.#socket, this.#options.deadlines, {
      parse: (bytes) => {
        const read = readProxyHeader(bytes);
        if (read === undefined) return undefined;
        return read === 'malformed' ? { value: read, size: 0 } : { value: read.ends ?? 'own', size: read.size };
      },
      maxBytes: PROXY_HEADER_LIMIT_BYTES,
      timeoutMs: this.#options.timeoutMs,
      done: (result) => {
        const value = 'value' in result ? result.value : result.failure;
        if (typeof value === 'object') this.secure({ ...facts, ...value });
        else if (value === 'own') this.secure(facts);
        else {
          this.#socket.destroy();
          this.#fail(facts, `PROXY protocol header: ${value}`);
        }
      },
    });
  }

  secure(facts: ConnectionFacts): void {
    const { tls, deadlines } = this.#options;
    if (tls === undefined) {
      this.#enter(Connection.overEvents(this.#socket, deadlines), facts, this.#socket);
      return;
    }
    tls.accept(this.#socket, facts.localPort, {
      secured: (secured) => {
        const { socket } = secured;
        const protocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
        const connection = Connection.overHandshake(socket, deadlines, this.#socket);
        this.#enter(connection, { ...facts, protocol, isSecure: true, tls: readTlsFacts(secured) }, socket);
      },
      failed: (reason) => this.#fail(facts, `TLS handshake: ${reason}`),
    });
  }

  #enter(connection: Connection, facts: ConnectionFacts, socket: Socket): void {
    this.#options.entering.delete(this.#socket);
    this.#options.onConnection(connection, facts, this.#gone);
    socket.resume();
  }

  #fail({ address }: ConnectionFacts, reason: string): void {
    this.#options.entering.delete(this.#socket);
    this.#options.log.info({ client: address, reason }, 'connection refused');
    this.#gone();
  }
}

function nothing(): void {}
