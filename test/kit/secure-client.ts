// A TLS client that tells everything about its handshake, and asks over the connection what it is told to.
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { systemClock } from '../../src/util/clock.ts';
import { START_LIMIT_MS, WAIT_LIMIT_MS } from './waiting.ts';

/** What came of one connection with one request. */
export interface SecureAnswer {
  readonly status: number;
  /** By lower-case name, the last line of each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly peer: PeerCertificate;
  readonly protocol: string | null;
  readonly cipher: string;
  readonly alpn: string | false | null;
  readonly isReused: boolean;
  /** The last session the server gave; undefined for none. */
  readonly session: Buffer | undefined;
}

/** Connects; rejects with the error that ends the handshake, which may wait for a certificate that is being ordered. */
export function connectSecure(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ALPNProtocols: ['http/1.1'], ...options });
    const cancel = systemClock.after(START_LIMIT_MS, () => socket.destroy(new Error('no handshake in time')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed during the handshake')));
    socket.once('secureConnect', () => {
      cancel();
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** One request on a connection of its own. `servername` of the options is what is asked for at the handshake. */
export async function askSecure(
  port: number,
  host: string,
  options: ConnectionOptions = {},
  request: { readonly target?: string; readonly lines?: readonly string[] } = {},
): Promise<SecureAnswer> {
  const socket = await connectSecure(port, { servername: host, ...options });
  // TLS 1.2 has given its session by now; that of 1.3 comes behind the handshake.
  let session: Buffer | undefined = socket.getProtocol() === 'TLSv1.3' ? undefined : socket.getSession();
  socket.on('session', (given: Buffer) => {
    session = given;
  });
  const facts = {
    peer: socket.getPeerCertificate(),
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().standardName,
    alpn: socket.alpnProtocol,
    isReused: socket.isSessionReused(),
  };
  const { target = '/', lines = [] } = request;
  socket.write(`${[`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`);
  const text = await readToEnd(socket);
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...headerLines] = head.split('\r\n');
  const headers = Object.fromEntries(
    headerLines.map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name.toLowerCase(), value.join(':').trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), session, ...facts };
}

/** Everything until the server ends; rejects when it takes too long. */
export function readToEnd(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) throw new Error('the connection is gone');
    const chunks: Buffer[] = [];
    const cancel = systemClock.after(WAIT_LIMIT_MS, () => socket.destroy(new Error('no end in time')));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => {
      cancel();
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    socket.once('error', reject);
  });
}
