// TlsAcceptor: from an accepted socket to a secured one: hello, certificate, handshake, in bounded time and number.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { readPreface } from '../net/preface.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import type { CertificateSource } from './certificate-source.ts';
import { type ClientHello, HELLO_LIMIT_BYTES, readClientHello } from './client-hello.ts';
import type { HandshakeResult, Identity } from './identity.ts';

/** Bounds on handshakes. */
export interface HandshakeLimits {
  /** Under way at one time; further sockets are closed. */
  readonly inFlight: number;
  /** From the first byte to the end of the handshake. */
  readonly timeoutMs: number;
}

/** What became of handshakes since the start. */
export interface HandshakeCounts {
  readonly completed: number;
  /** Of the completed ones, those that resumed a session. */
  readonly resumed: number;
  /** Ended by either side, by garbage, or by time. */
  readonly failed: number;
  /** Closed because too many were under way. */
  readonly refused: number;
  readonly inFlight: number;
}

/** A secured socket. `identity` is what the client was shown. */
export interface Secured {
  readonly socket: TLSSocket;
  readonly hello: ClientHello;
  readonly identity: Identity;
}

/** Hears what became of one socket; exactly one of the two calls. When it failed, the socket is gone. */
export interface AcceptResult {
  secured(secured: Secured): void;
  failed(reason: string): void;
}

/** RFC 6066 §3, RFC 8446 §6: a fatal alert, in the record that every version understands. */
const ALERT_UNRECOGNIZED_NAME = Buffer.from([21, 3, 1, 0, 2, 2, 112]);
const NOT_TLS_ANSWER =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 44\r\nConnection: close\r\n\r\nThis port speaks TLS: ask for https:// URLs\n';
/** What answers on this protocol is no HTTP (RFC 8737 §3). */
const ACME_PROTOCOL = 'acme-tls/1';

/** One for all TLS listeners. */
export class TlsAcceptor {
  source: CertificateSource;
  limits: HandshakeLimits;
  readonly #deadlines: Deadlines;
  #completed = 0;
  #resumed = 0;
  #failed = 0;
  #refused = 0;
  #inFlight = 0;

  constructor(source: CertificateSource, limits: HandshakeLimits, deadlines: Deadlines) {
    this.source = source;
    this.limits = limits;
    this.#deadlines = deadlines;
  }

  get counts(): HandshakeCounts {
    return {
      completed: this.#completed,
      resumed: this.#resumed,
      failed: this.#failed,
      refused: this.#refused,
      inFlight: this.#inFlight,
    };
  }

  /** Takes a paused socket. Never throws: whatever a client sends ends in a call of `result`. */
  accept(socket: Socket, localPort: number, result: AcceptResult): void {
    if (this.#inFlight >= this.limits.inFlight) {
      this.#refused++;
      socket.destroy();
      result.failed('too many handshakes');
      return;
    }
    this.#inFlight++;
    const handshake = new Handshake(socket, this.#deadlines, this.limits.timeoutMs, {
      secured: (secured) => {
        this.#inFlight--;
        this.#completed++;
        if (secured.socket.isSessionReused()) this.#resumed++;
        result.secured(secured);
      },
      failed: (reason) => {
        this.#inFlight--;
        this.#failed++;
        result.failed(reason);
      },
    });
    handshake.start(this.source, localPort);
  }
}

class Handshake implements Expiring, HandshakeResult {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #deadlines: Deadlines;
  readonly #timeoutMs: number;
  readonly #result: AcceptResult;
  readonly #onClose = () => this.#fail('closed by the client');
  #hello: ClientHello | undefined = undefined;
  #identity: Identity | undefined = undefined;
  #isOver = false;

  constructor(socket: Socket, deadlines: Deadlines, timeoutMs: number, result: AcceptResult) {
    this.#socket = socket;
    this.#deadlines = deadlines;
    this.#timeoutMs = timeoutMs;
    this.#result = result;
  }

  start(source: CertificateSource, localPort: number): void {
    const startedMs = this.#deadlines.nowMs;
    readPreface(this.#socket, this.#deadlines, {
      parse: (bytes) => {
        const hello = readClientHello(bytes);
        return hello === undefined ? undefined : { value: hello, size: 0 };
      },
      maxBytes: HELLO_LIMIT_BYTES,
      timeoutMs: this.#timeoutMs,
      done: (read) => {
        if ('failure' in read) this.#fail(read.failure);
        else if (read.value === 'not-tls') this.#refuse('not TLS', NOT_TLS_ANSWER);
        else this.#choose(read.value, source, localPort, this.#deadlines.nowMs - startedMs);
      },
    });
  }

  onDeadline(): void {
    this.#fail('timeout');
  }

  secured(socket: TLSSocket): void {
    const [hello, identity] = [this.#hello, this.#identity];
    if (this.#isOver || hello === undefined || identity === undefined) {
      socket.destroy();
      return;
    }
    if (socket.alpnProtocol === ACME_PROTOCOL) {
      socket.destroy();
      this.#fail('challenge answered');
      return;
    }
    this.#end();
    this.#result.secured({ socket, hello, identity });
  }

  failed(error: NodeJS.ErrnoException): void {
    this.#fail(error.code ?? error.message);
  }

  #choose(hello: ClientHello, source: CertificateSource, localPort: number, spentMs: number): void {
    this.#hello = hello;
    this.deadlineMs = this.#deadlines.in(Math.max(0, this.#timeoutMs - spentMs));
    this.#deadlines.add(this);
    this.#socket.once('close', this.#onClose);
    const explain = () => source.explainNothing?.(hello, { localPort });
    const found = source.find(hello, { localPort });
    if (found instanceof Promise)
      found.then(
        (identity) => this.#begin(identity, explain),
        () => this.#begin(undefined, explain),
      );
    else this.#begin(found, explain);
  }

  #begin(identity: Identity | undefined, explain: () => string | undefined): void {
    if (this.#isOver) return;
    if (identity === undefined) {
      const name = this.#hello?.serverName ?? 'clients without a name';
      const why = explain();
      this.#refuse(`no certificate for ${name}${why === undefined ? '' : `: ${why}`}`, ALERT_UNRECOGNIZED_NAME);
      return;
    }
    this.#identity = identity;
    identity.handshake(this.#socket, this);
  }

  /** Says why and closes. */
  #refuse(reason: string, answer: string | Buffer): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.resume();
    this.#socket.end(answer, () => this.#socket.destroy());
    this.#result.failed(reason);
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.destroy();
    this.#result.failed(reason);
  }

  #end(): void {
    this.#isOver = true;
    this.#deadlines.remove(this);
    this.#socket.off('close', this.#onClose);
  }
}
