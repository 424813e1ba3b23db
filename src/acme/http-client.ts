// The HTTP client towards CAs, and towards what else is asked on the way to a certificate: node:https, with bounds.
// This traffic is not proxied: it has nothing to do with the engine of exchanges.
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '../util/clock.ts';
import { AcmeError, quoteWords } from './acme-error.ts';

/** One request. */
export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The whole answer. Redirects are answers too: nothing is followed. */
export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Bounds and trust. */
export interface HttpClientOptions {
  readonly clock: Clock;
  /** PEM of the authorities that the server's certificate must come from; undefined for the public ones. */
  readonly ca?: string | undefined;
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
}

/** CAs that validate many names before they answer take some seconds. */
const TIMEOUT_MS = 30_000;
/** Chains of certificates are the largest answers, some 10 KB. */
const BODY_LIMIT_BYTES = 512 * 1024;
const HEAD_LIMIT_BYTES = 32 * 1024;
/** RFC 8555 §6.1 asks for one. */
const USER_AGENT = 'portico (acme)';

/** Keeps a few connections open between requests. Rejects with {@link AcmeError} of kind `unreachable`. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const { ca } = options;
    this.#agents = {
      http: new http.Agent({ keepAlive: false }),
      https: new https.Agent({
        keepAlive: true,
        maxSockets: 4,
        timeout: TIMEOUT_MS,
        ...(ca === undefined ? {} : { ca }),
      }),
    };
  }

  async ask(question: HttpQuestion): Promise<HttpAnswer> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const giveUp = new AbortController();
    const cancel = clock.after(timeoutMs, () =>
      giveUp.abort(new Error(`no answer within ${timeoutMs / 1000} seconds`)),
    );
    try {
      return await this.#exchange(question, giveUp.signal);
    } catch (error) {
      const reason: unknown = giveUp.signal.aborted ? giveUp.signal.reason : error;
      throw new AcmeError('unreachable', `cannot reach ${hostOf(question.url)}: ${describe(reason)}`, {
        cause: reason,
      });
    } finally {
      cancel();
    }
  }

  /** Closes kept connections. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #exchange(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, url, headers, body } = question;
    const isSecure = new URL(url).protocol === 'https:';
    const { maxBodyBytes = BODY_LIMIT_BYTES } = this.#options;
    return new Promise((resolve, reject) => {
      const options = {
        method,
        signal,
        maxHeaderSize: HEAD_LIMIT_BYTES,
        headers: {
          'User-Agent': USER_AGENT,
          ...headers,
          ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
        },
      };
      const onAnswer = (incoming: http.IncomingMessage) => {
        readBody(incoming, maxBodyBytes).then(
          (text) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
          reject,
        );
      };
      const outgoing = isSecure
        ? https.request(url, { ...options, agent: this.#agents.https }, onAnswer)
        : http.request(url, { ...options, agent: this.#agents.http }, onAnswer);
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the server closed in this very moment: the request did not arrive.
        if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve(this.#exchange(question, signal));
        else reject(error);
      });
      outgoing.end(body);
    });
  }
}

function readBody(incoming: http.IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBytes) incoming.destroy(new Error(`the answer is longer than ${maxBytes} bytes`));
    });
    incoming.on('error', reject);
    incoming.on('close', () => reject(new Error('the connection closed within the answer')));
    incoming.on('end', () => resolve(Buffer.concat(chunks).toString()));
  });
}

/**
 * How long an answer asks to wait (RFC 9110 §10.2.3): seconds or a date. Undefined for none or for nonsense; bounded,
 * because nobody gains by waiting for a week that a mistake asked for.
 */
export function retryAfterOf({ headers }: HttpAnswer, clock: Clock, limitMs = 24 * 3600_000): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.epochMs();
  return Number.isNaN(waitMs) ? undefined : Math.min(limitMs, Math.max(0, waitMs));
}

function hostOf(url: string): string {
  return quoteWords(new URL(url).host);
}

/** The codes of Node.js and OpenSSL that operators meet, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name cannot be resolved now',
  ECONNRESET: 'the connection was cut',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of no authority that is trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of no authority that is trusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of no authority that is trusted',
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  // An AggregateError of several addresses has an empty message.
  return REASONS[code] ?? quoteWords(error.message === '' ? code : error.message);
}
