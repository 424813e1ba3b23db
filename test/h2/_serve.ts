// What the HTTP/2 tests share: a server in this process in front of one upstream, and a client of Node's.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { FeatureTable } from '../../src/config/feature-table.ts';
import { loadValue } from '../../src/config/load.ts';
import { builtInFeatures } from '../../src/features/index.ts';
import { type Server, type ServerOptions, startServer } from '../../src/server/server.ts';
import { atEnd, type Owner } from '../kit/at-end.ts';

const features = new FeatureTable(builtInFeatures);
const quiet = { info() {}, warn() {}, error() {} };

/** Starts a server that proxies everything to `to`; it is stopped when the owner is done. */
export async function serve(
  owner: Owner,
  to: string,
  root: object = {},
  options: Omit<ServerOptions, 'log'> = {},
): Promise<{ readonly server: Server; readonly port: number }> {
  const document = { listen: '127.0.0.1:0', sites: { '*': { proxy: to, rewrite: 'off' } }, ...root };
  const resolution = loadValue(document, { cwd: '/', features, environment: {} });
  if (!resolution.isValid) throw new Error(resolution.diagnostics.map(({ message }) => message).join('\n'));
  const server = await startServer(resolution.config, builtInFeatures, { log: quiet, ...options });
  atEnd(owner, () => server.stop());
  return { server, port: Number(new URL(server.addresses[0] ?? '').port) };
}

/** Connects with prior knowledge; the session is destroyed when the owner is done. */
export function connectHttp2(owner: Owner, port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  atEnd(owner, () => session.destroy());
  return session;
}

/** A whole answer. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly interim: readonly IncomingHttpHeaders[];
}

/** Reads the answer of a stream; rejects if it is reset. */
export function readAnswer(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const interim: IncomingHttpHeaders[] = [];
    let head: IncomingHttpHeaders | undefined;
    let trailers: IncomingHttpHeaders | undefined;
    stream.on('headers', (headers) => interim.push(headers));
    stream.on('response', (headers) => {
      head = headers;
    });
    stream.on('trailers', (headers) => {
      trailers = headers;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (head === undefined || stream.rstCode !== 0) reject(new Error(`no whole answer, code ${stream.rstCode}`));
      else resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks), trailers, interim });
    });
  });
}

/** Sends one request and reads its answer. */
export function ask(session: ClientHttp2Session, headers: object, body?: Buffer | string): Promise<Http2Answer> {
  const stream = session.request({ ...headers });
  const answer = readAnswer(stream);
  stream.end(body);
  return answer;
}
