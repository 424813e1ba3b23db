// The ask URL: the operator's own answer to whether a name that somebody asks for may have a certificate.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../util/clock.ts';
import { HttpClient } from './http-client.ts';

const TIMEOUT_MS = 5_000;
/** Refusals are remembered, so that a scanner costs one question. */
const REFUSAL_LIFETIME_MS = 60_000;
const REFUSALS_KEPT = 10_000;
/** Questions at one time; beyond, the answer is no. */
const IN_FLIGHT = 64;
const NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

/** Asks, in bounded time and number. A name that cannot be one of a public certificate is refused without a question. */
export class NamePermission {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #http: HttpClient;
  /** Name to the instant until which it is refused. */
  readonly #refused = new LRUCache<string, number>({ max: REFUSALS_KEPT });
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
    this.#http = new HttpClient({ clock, timeoutMs: TIMEOUT_MS, maxBodyBytes: 64 * 1024 });
  }

  /** True if the URL, with `?domain=NAME`, answers 2xx. No answer is a no. */
  ask(name: string): Promise<boolean> {
    const untilMs = this.#refused.get(name);
    if (!NAME.test(name) || (untilMs !== undefined && this.#clock.now() < untilMs)) return Promise.resolve(false);
    const known = this.#asking.get(name);
    if (known !== undefined) return known;
    if (this.#asking.size >= IN_FLIGHT) return Promise.resolve(false);
    const asking = this.#askNow(name).finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    return asking;
  }

  close(): void {
    this.#http.close();
  }

  async #askNow(name: string): Promise<boolean> {
    const url = new URL(this.#url);
    url.searchParams.set('domain', name);
    const status = await this.#http.ask({ method: 'GET', url: url.href }).then(
      (answer) => answer.status,
      () => 0,
    );
    const isAllowed = status >= 200 && status < 300;
    if (!isAllowed) this.#refused.set(name, this.#clock.now() + REFUSAL_LIFETIME_MS);
    return isAllowed;
  }
}
