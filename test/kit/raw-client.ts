// A raw HTTP/1.1 client for tests: sends exactly the bytes it is given, reads answers strictly.
import { connect as connectNet, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { atEnd, type Owner } from './at-end.ts';
import {
  type ReadResponse,
  type ResponseHeadRead,
  readResponse,
  readResponseHead,
  readResponseRest,
  WireError,
} from './message-reader.ts';
import { WAIT_LIMIT_MS } from './waiting.ts';
import { Wire } from './wire.ts';

/** Where to connect: a port of the loopback address, or a unix socket. */
export interface ClientOptions {
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The path of a unix socket instead of a port. */
  readonly path?: string;
  /** Speaks TLS with these options; the certificate is not verified unless they say so. */
  readonly tls?: ConnectionOptions;
  /** The address to come from. */
  readonly localAddress?: string;
  readonly waitLimitMs?: number;
}

/** A connection to the server under test. It is destroyed when the owner is done. */
export class RawClient extends Wire {
  /**
   * Reads the next whole response, with the informational ones before it. `method` is that of the request it answers
   * (HEAD and CONNECT change where it ends). Behind a 101 the bytes of the tunnel follow: use `bytes`.
   */
  response(method = 'GET'): Promise<ReadResponse> {
    return this.read('a response', readResponse(this.feed, method));
  }

  /** Reads one head, informational or final, and leaves what follows it. */
  head(): Promise<ResponseHeadRead> {
    return this.read('a response head', readResponseHead(this.feed));
  }

  /** Reads what follows a final head that was read with {@link head}. */
  responseRest(head: ResponseHeadRead, method = 'GET'): Promise<ReadResponse> {
    return this.read('the rest of a response', readResponseRest(this.feed, method, head, []));
  }

  /** Sends a request and reads its response; the method is taken from the first word. */
  async ask(request: string | Buffer): Promise<ReadResponse> {
    const [method = 'GET'] = request.toString('latin1').split(' ', 1);
    await this.send(request);
    return this.response(method);
  }

  /** Waits for the end of the connection and throws a WireError if anything came before it. */
  async silentEnd(): Promise<void> {
    const rest = await this.rest();
    if (rest.length > 0) throw new WireError(`${rest.length} unexpected bytes before the end\n${this.transcript}`);
  }
}

/** Connects; resolves when the connection (and TLS) stands, rejects if it is refused. */
export async function connectClient(owner: Owner, options: ClientOptions): Promise<RawClient> {
  const client = await openClient(options);
  atEnd(
    owner,
    () => client.destroy(),
    () => client.transcript,
  );
  return client;
}

/** {@link connectClient} without an owner: the caller destroys the client. For many short connections in one test. */
export async function openClient(options: ClientOptions): Promise<RawClient> {
  return new RawClient('client', await openSocket(options), options.waitLimitMs ?? WAIT_LIMIT_MS);
}

/** Connects, sends one request, reads its response and closes: for tests that ask once. */
export async function askOnce(options: ClientOptions, request: string | Buffer): Promise<ReadResponse> {
  const client = await openClient(options);
  try {
    return await client.ask(request);
  } finally {
    client.destroy();
  }
}

/** A GET of `target` as text, with `lines` added behind the Host line. */
export function getRequest(target: string, host = 'test.example', lines: readonly string[] = []): string {
  return [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n');
}

function openSocket(options: ClientOptions): Promise<Socket> {
  const where =
    options.path === undefined
      ? {
          host: options.host ?? '127.0.0.1',
          port: options.port ?? Number.NaN,
          allowHalfOpen: true,
          ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
        }
      : { path: options.path, allowHalfOpen: true };
  const isSecure = options.tls !== undefined;
  const socket = isSecure ? connectTls({ rejectUnauthorized: false, ...where, ...options.tls }) : connectNet(where);
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
