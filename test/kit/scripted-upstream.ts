// A backend whose every byte is scripted: an async function per connection says what it reads, sends and cuts.
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { atEnd, type Owner } from './at-end.ts';
import { freePort } from './free-ports.ts';
import {
  CutError,
  type ReadRequest,
  type RequestHeadRead,
  readRequestHead,
  readRequestRest,
} from './message-reader.ts';
import { WaitError, Waiting } from './waiting.ts';
import { asBytes, Wire } from './wire.ts';

/**
 * What one connection does. When the function returns, the connection is closed (its half is ended, and the rest as
 * soon as the peer ends too); `hang` never returns.
 */
export type UpstreamScript = (connection: UpstreamConnection) => Promise<void> | void;

/** One accepted connection. */
export class UpstreamConnection extends Wire {
  /** From 0, in the order of acceptance. */
  readonly index: number;
  /** The whole requests that came on this connection, strictly parsed. */
  readonly requests: ReadRequest[] = [];
  /** Whether the peer ended the connection in the middle of what the script was reading. */
  wasCut = false;
  readonly #onRequest: (request: ReadRequest) => void;

  constructor(index: number, socket: Socket, onRequest: (request: ReadRequest) => void) {
    super(`upstream connection ${index}`, socket);
    this.index = index;
    this.#onRequest = onRequest;
  }

  /** Reads the next head and leaves its body; undefined if the peer ends the connection before it. */
  requestHead(): Promise<RequestHeadRead | undefined> {
    return this.read('a request head', readRequestHead(this.feed), Number.POSITIVE_INFINITY);
  }

  /** Reads the body of a head that was read with {@link requestHead}. */
  async requestRest(head: RequestHeadRead): Promise<ReadRequest> {
    const request = await this.read('a request body', readRequestRest(this.feed, head));
    this.requests.push(request);
    this.#onRequest(request);
    return request;
  }

  /** Reads the next whole request; undefined if the peer ends the connection instead of sending one. */
  async request(): Promise<ReadRequest | undefined> {
    const head = await this.requestHead();
    return head === undefined ? undefined : this.requestRest(head);
  }

  /** Sends back whatever comes until the peer ends: for tunnels. */
  async echo(): Promise<void> {
    for (;;) {
      await this.until('bytes to echo', () => this.isEnded || this.feed.length > 0, Number.POSITIVE_INFINITY);
      if (this.feed.length === 0) return;
      await this.send(this.feed.take(this.feed.length));
    }
  }

  /** Keeps the connection open and silent until the peer is gone or the test ends. */
  hang(): Promise<void> {
    return this.until('nothing', () => this.socket.destroyed, Number.POSITIVE_INFINITY);
  }
}

/** What a finished upstream saw. */
export class ScriptedUpstream {
  readonly connections: UpstreamConnection[] = [];
  /** All whole requests in the order in which they were complete. */
  readonly requests: ReadRequest[] = [];
  /** Failures of scripts, mostly because what came was not strict HTTP. The test fails at its end if any are left. */
  readonly faults: unknown[] = [];
  readonly #server: Server;
  readonly #waiting = new Waiting(() => this.transcript);

  constructor(script: UpstreamScript, tls: TlsOptions | undefined) {
    const accept = (socket: Socket) => this.#accept(socket, script);
    this.#server =
      tls === undefined
        ? createNetServer({ allowHalfOpen: true, noDelay: true }, accept)
        : createTlsServer({ ...tls, allowHalfOpen: true }, accept);
  }

  /** The port of the loopback address; NaN on a unix socket. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : Number.NaN;
  }

  /** `http://127.0.0.1:PORT`. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Waits until `count` whole requests came, and answers the last of them. */
  async request(count = this.requests.length + 1): Promise<ReadRequest> {
    await this.#waiting.until(`${count} requests`, () => this.#mayGoOn(this.requests.length >= count));
    return this.requests[count - 1] as ReadRequest;
  }

  /** Waits until `count` connections came, and answers the last of them. */
  async connection(count = this.connections.length + 1): Promise<UpstreamConnection> {
    await this.#waiting.until(`${count} connections`, () => this.#mayGoOn(this.connections.length >= count));
    return this.connections[count - 1] as UpstreamConnection;
  }

  /** Every transcript, for failures. */
  get transcript(): string {
    return this.connections.map((connection) => connection.transcript).join('\n');
  }

  async listen(path: string | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if (path === undefined) this.#server.listen(0, '127.0.0.1', resolve);
      else this.#server.listen(path, resolve);
    });
  }

  /** Stops accepting and cuts every connection; throws the first fault that the test has not taken out. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.connections) connection.destroy();
    await closed;
    if (this.faults.length > 0) throw this.faults[0];
  }

  #mayGoOn(isThere: boolean): boolean {
    if (!isThere && this.faults.length > 0) throw this.faults[0];
    return isThere;
  }

  #accept(socket: Socket, script: UpstreamScript): void {
    const connection = new UpstreamConnection(this.connections.length, socket, (request) => {
      this.requests.push(request);
      this.#waiting.changed();
    });
    this.connections.push(connection);
    this.#waiting.changed();
    void this.#run(connection, script);
  }

  async #run(connection: UpstreamConnection, script: UpstreamScript): Promise<void> {
    try {
      await script(connection);
      connection.close();
    } catch (error) {
      if (error instanceof WaitError && error.cause instanceof CutError) connection.wasCut = true;
      else this.faults.push(error);
      connection.destroy();
    }
    this.#waiting.changed();
  }
}

/** Where and how a scripted upstream listens: a free loopback port by default. */
export interface UpstreamOptions {
  /** Listens on this unix socket instead. */
  readonly path?: string;
  /** Speaks TLS. */
  readonly tls?: TlsOptions;
}

/** Starts a scripted upstream; it is stopped, and its faults are thrown, when the owner is done. */
export async function startUpstream(
  owner: Owner,
  script: UpstreamScript,
  options: UpstreamOptions = {},
): Promise<ScriptedUpstream> {
  const upstream = new ScriptedUpstream(script, options.tls);
  await upstream.listen(options.path);
  atEnd(
    owner,
    () => upstream.stop(),
    () => upstream.transcript,
  );
  return upstream;
}

/**
 * The script of a well-behaved server: every request on the connection gets what `answer` returns, as bytes, until the
 * peer ends the connection or the request or the answer says `Connection: close`.
 */
export function answering(
  answer: (request: ReadRequest, connection: UpstreamConnection) => string | Buffer | Promise<string | Buffer>,
): UpstreamScript {
  return async (connection) => {
    for (;;) {
      const request = await connection.request();
      if (request === undefined) return;
      const bytes = asBytes(await answer(request, connection));
      await connection.send(bytes);
      const head = bytes.toString('latin1', 0, Math.max(bytes.indexOf('\r\n\r\n'), 0));
      const asked = request.headers.getAll('connection').join();
      if (/\bclose\b/i.test(asked) || /^connection:.*\bclose\b/im.test(head)) return;
    }
  };
}

/** A response with a length as text: status line, `lines`, Content-Length, body. */
export function okResponse(body = '', lines: readonly string[] = [], statusLine = 'HTTP/1.1 200 OK'): string {
  return [statusLine, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

/** A loopback port on which nobody listens: what connects to it is refused, and a program can be told to listen there. */
export function closedPort(): Promise<number> {
  return freePort();
}
