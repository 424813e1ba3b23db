// AcmeClient: signed requests to one CA: its directory, its nonces, its errors; what every exchange of RFC 8555 rests on.
import { readPem } from '../tls/files.ts';
import type { Clock } from '../util/clock.ts';
import { AcmeError } from './acme-error.ts';
import { type HttpAnswer, HttpClient, type HttpQuestion, retryAfterOf } from './http-client.ts';
import type { AccountKey } from './jws.ts';
import { type Directory, parseAnswer, problemError } from './messages.ts';

/** A certificate authority that speaks ACME. */
export interface AcmeAuthority {
  /** The URL of its directory. */
  readonly directory: string;
  /** The file with the root, in PEM, that the CA's own https comes from; undefined for the public ones. */
  readonly ca: string | undefined;
  /** RFC 8555 §7.3.4: who we are to the CA already; `secret` in base64url. */
  readonly eab: { readonly kid: string; readonly secret: string } | undefined;
  /** The kind of certificate, where the CA offers several. */
  readonly profile: string | undefined;
}

/** Who signs a request. Without `url` the key itself is sent along, as for a new account. */
export interface Signer {
  readonly key: AccountKey;
  readonly url?: string | undefined;
}

/** How often a request is sent again because its nonce was too old (RFC 8555 §6.5). */
const NONCE_ATTEMPTS = 12;
/** Nonces that are kept; each answer brings one. */
const NONCES_KEPT = 16;
const NONCE = /^[A-Za-z0-9_-]{1,512}$/;
/** A directory is asked for again after this time. */
const DIRECTORY_LIFETIME_MS = 3600_000;

/** One per CA. Rejects with `AcmeError`. */
export class AcmeClient {
  readonly authority: AcmeAuthority;
  readonly #clock: Clock;
  #http: Promise<HttpClient> | undefined = undefined;
  #directory: { readonly value: Directory; readonly readAtMs: number } | undefined = undefined;
  readonly #nonces: string[] = [];

  constructor(authority: AcmeAuthority, clock: Clock) {
    this.authority = authority;
    this.#clock = clock;
  }

  async directory(): Promise<Directory> {
    const known = this.#directory;
    if (known !== undefined && this.#clock.now() - known.readAtMs < DIRECTORY_LIFETIME_MS) return known.value;
    const answer = await this.get(this.authority.directory);
    if (answer.status >= 300)
      throw new AcmeError('malformed', `the CA answered ${answer.status} instead of its directory: is the URL right?`);
    const value = parseAnswer('directory', answer.text);
    this.#directory = { value, readAtMs: this.#clock.now() };
    return value;
  }

  /** A request without a signature. Rejects on problem documents and on failures of the server. */
  async get(url: string): Promise<HttpAnswer> {
    const answer = await this.#ask({ method: 'GET', url });
    if (answer.status >= 400) throw this.#refusal(answer);
    return answer;
  }

  /** A signed request; `payload` undefined reads what is at `url` (POST-as-GET). Rejects on every status from 400 on. */
  async post(url: string, payload: object | undefined, { key, url: kid }: Signer): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      const nonce = this.#nonces.pop() ?? (await this.#newNonce());
      const body = await key.sign(payload, { url, nonce, ...(kid === undefined ? {} : { kid }) });
      const answer = await this.#ask({
        method: 'POST',
        url,
        body,
        headers: {
          'Content-Type': 'application/jose+json',
          Accept: 'application/json, application/pem-certificate-chain',
        },
      });
      if (answer.status < 300) return answer;
      const error = this.#refusal(answer);
      // RFC 8555 §6.5: the refusal brings a nonce that is good.
      if (error.type !== 'badNonce' || attempt >= NONCE_ATTEMPTS) throw error;
    }
  }

  /** How long an answer asks to wait, in milliseconds. */
  retryAfterOf(answer: HttpAnswer): number | undefined {
    return retryAfterOf(answer, this.#clock);
  }

  close(): void {
    void this.#http?.then(
      (http) => http.close(),
      () => {},
    );
  }

  async #newNonce(): Promise<string> {
    const { newNonce } = await this.directory();
    const answer = await this.#ask({ method: 'HEAD', url: newNonce });
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new AcmeError('malformed', `the CA gave no nonce (status ${answer.status})`);
    return nonce;
  }

  async #ask(question: HttpQuestion): Promise<HttpAnswer> {
    this.#http ??= this.#open();
    const http = await this.#http;
    const answer = await http.ask(question);
    const nonce = answer.headers['replay-nonce'];
    if (typeof nonce === 'string' && NONCE.test(nonce) && this.#nonces.length < NONCES_KEPT) this.#nonces.push(nonce);
    return answer;
  }

  async #open(): Promise<HttpClient> {
    const { ca } = this.authority;
    try {
      return new HttpClient({ clock: this.#clock, ca: ca === undefined ? undefined : await readPem(ca) });
    } catch (error) {
      // The file may be there the next time.
      this.#http = undefined;
      throw error;
    }
  }

  #refusal(answer: HttpAnswer): AcmeError {
    const facts = { status: answer.status, retryAfterMs: this.retryAfterOf(answer) };
    const isProblem = /^application\/(?:problem\+)?json\b/i.test(answer.headers['content-type'] ?? '');
    if (isProblem) {
      try {
        return problemError(JSON.parse(answer.text), facts);
      } catch {
        // No JSON in spite of its type: the status is all there is.
      }
    }
    return new AcmeError('unreachable', `the CA answered ${answer.status} without saying why`, facts);
  }
}
