// The doctor's HTTP client: asks for one URL, follows nothing, decodes nothing, and bounds what it reads and how long.
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';

/** How requests reach their server. */
export interface ClientOptions {
  /** Where connections go instead of the host of the URL: for names that do not lead here (yet). */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  /** Whether certificates that nobody vouches for are taken. Default false. */
  readonly acceptsAnyCertificate?: boolean;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/** One answer, as it came. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  /** Names as sent, in order, repeated lines apart. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Cut off at the limit. */
  readonly body: Buffer;
}

/** The value of the first header line with this lower-case name. */
export function headerOf({ headers }: Pick<Answer, 'headers'>, name: string): string | undefined {
  return headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

/** Asks with GET. Rejects with an Error whose message says what went wrong on the way. */
export function ask(url: string, headers: Readonly<Record<string, string>>, options: ClientOptions): Promise<Answer> {
  const { protocol, hostname, host, port, pathname, search } = new URL(url);
  const isSecure = protocol === 'https:';
  const { connectTo, timeoutMs, maxBodyBytes } = options;
  const name = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? requestSecure : requestPlain)({
      host: connectTo?.host ?? name,
      port: connectTo?.port ?? (port === '' ? (isSecure ? 443 : 80) : Number(port)),
      path: pathname + search,
      headers: { Host: host, Accept: '*/*', 'Accept-Encoding': 'identity', Connection: 'close', ...headers },
      signal: AbortSignal.timeout(timeoutMs),
      agent: false,
      ...(isSecure ? { servername: name, rejectUnauthorized: options.acceptsAnyCertificate !== true } : {}),
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = () =>
        resolve({
          url,
          status: incoming.statusCode ?? 0,
          headers: pairsOf(incoming.rawHeaders),
          body: Buffer.concat(chunks).subarray(0, maxBodyBytes),
        });
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < maxBodyBytes) return;
        finish();
        incoming.destroy();
      });
      incoming.on('end', finish);
      incoming.on('error', reject);
    });
    outgoing.on('error', (error) =>
      reject(error.name === 'TimeoutError' ? new Error(`no answer within ${timeoutMs / 1000} seconds`) : error),
    );
    outgoing.end();
  });
}

function pairsOf(raw: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? '']);
}
