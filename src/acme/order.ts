// One order (RFC 8555 §7.4): from a name to a certificate: authorization, challenge, finalization, download.
import type { Clock } from '../util/clock.ts';
import { parseUrl } from '../util/parse-url.ts';
import type { Account } from './account.ts';
import { AcmeError } from './acme-error.ts';
import type { ChallengeSolver } from './challenges.ts';
import type { AcmeClient } from './client.ts';
import type { HttpAnswer } from './http-client.ts';
import { type Authorization, type Challenge, type Order, parseAnswer, problemError } from './messages.ts';
import { createRequest } from './x509.ts';

/** What to order, and how. */
export interface OrderOptions {
  readonly client: AcmeClient;
  readonly account: Account;
  readonly clock: Clock;
  /** A host name, or a wildcard. */
  readonly name: string;
  /** PEM of the private key. */
  readonly key: string;
  /** Best first; the first that the CA offers for the name is tried. */
  readonly solvers: readonly ChallengeSolver[];
  /** See `renewalIdOf`: the certificate that this one is to replace (RFC 9773 §5). */
  readonly replaces: string | undefined;
}

/** What came of it. */
export interface Ordered {
  /** PEM, the certificate first. */
  readonly chain: string;
  /** Where the CA has it. */
  readonly url: string;
  readonly challenge: string | undefined;
}

/** How long validation and issuance may take each. CAs answer within seconds. */
const WAIT_LIMIT_MS = 180_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;

/** Carries out an order. Rejects with `AcmeError`; what was put up for challenges is taken down in any case. */
export async function runOrder(options: OrderOptions): Promise<Ordered> {
  return new OrderRun(options).run();
}

class OrderRun {
  readonly #options: OrderOptions;
  #challenge: string | undefined = undefined;

  constructor(options: OrderOptions) {
    this.#options = options;
  }

  async run(): Promise<Ordered> {
    const { client, name, key } = this.#options;
    const [url, first] = await this.#create();
    for (const authorization of first.authorizations) await this.#authorize(authorization);
    const ready = await this.#wait(url, 'order', ({ status }) => status !== 'pending');
    failIfInvalid(ready);
    if (ready.status === 'ready')
      await client.post(ready.finalize, { csr: await createRequest(name, key) }, this.#options.account);
    const done = await this.#wait(url, 'order', ({ status }) => status === 'valid' || status === 'invalid');
    failIfInvalid(done);
    if (done.certificate === undefined)
      throw new AcmeError('malformed', 'the CA finished the order without a certificate');
    const { text } = await client.post(done.certificate, undefined, this.#options.account);
    return { chain: text, url: done.certificate, challenge: this.#challenge };
  }

  async #create(): Promise<[url: string, order: Order]> {
    const { client, name, replaces } = this.#options;
    const { newOrder, meta } = await client.directory();
    const { profile } = client.authority;
    if (profile !== undefined && meta?.profiles?.[profile] === undefined)
      throw new AcmeError(
        'local',
        `this CA has no profile "${profile}"; it has ${Object.keys(meta?.profiles ?? {}).join(', ') || 'none'}`,
      );
    const order = {
      identifiers: [{ type: 'dns', value: name }],
      ...(profile === undefined ? {} : { profile }),
    };
    const answer = await this.#send(newOrder, order, replaces);
    const url = answer.headers.location;
    if (url === undefined || parseUrl(url)?.protocol !== 'https:')
      throw new AcmeError('malformed', 'the CA took the order and did not say where it is (no Location)');
    return [url, parseAnswer('order', answer.text)];
  }

  /** RFC 9773 §5: a CA that knows of another successor refuses the word, not the order. */
  async #send(newOrder: string, order: object, replaces: string | undefined): Promise<HttpAnswer> {
    const { client, account } = this.#options;
    if (replaces === undefined) return client.post(newOrder, order, account);
    try {
      return await client.post(newOrder, { ...order, replaces }, account);
    } catch (error) {
      if (!(error instanceof AcmeError) || (error.type !== 'alreadyReplaced' && error.type !== 'malformed'))
        throw error;
      return client.post(newOrder, order, account);
    }
  }

  async #authorize(url: string): Promise<void> {
    const { client, account } = this.#options;
    const authorization = parseAnswer('authorization', (await client.post(url, undefined, account)).text);
    if (authorization.status === 'valid') return;
    const [solver, challenge] = this.#choose(authorization);
    this.#challenge = solver.type;
    const { token } = challenge;
    if (token === undefined) throw new AcmeError('malformed', `the CA offered ${solver.type} without a token`);
    const takeDown = await solver.present(authorization.identifier.value, token, account.key.authorize(token));
    try {
      await client.post(challenge.url, {}, account);
      const judged = await this.#wait(url, 'authorization', ({ status }) => status !== 'pending');
      if (judged.status !== 'valid') throw refusalOf(judged, solver.type);
    } finally {
      await takeDown();
    }
  }

  #choose({ challenges, identifier }: Authorization): [solver: ChallengeSolver, challenge: Challenge] {
    for (const solver of this.#options.solvers) {
      const challenge = challenges.find(({ type }) => type === solver.type);
      if (challenge !== undefined) return [solver, challenge];
    }
    const offered = challenges.map(({ type }) => type).join(', ') || 'nothing';
    const ours = this.#options.solvers.map(({ type }) => type).join(', ') || 'nothing';
    throw new AcmeError('local', `for ${identifier.value} the CA offers ${offered}; here is ${ours}`);
  }

  /** Reads `url` again and again until `isDone`, at the pace that the CA wishes (RFC 8555 §7.5.1). */
  async #wait<What extends 'order' | 'authorization'>(
    url: string,
    what: What,
    isDone: (answer: ReturnType<typeof parseAnswer<What>>) => boolean,
  ): Promise<ReturnType<typeof parseAnswer<What>>> {
    const { client, account, clock } = this.#options;
    const startedMs = clock.now();
    for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
      const answer = await client.post(url, undefined, account);
      const parsed = parseAnswer(what, answer.text);
      if (isDone(parsed)) return parsed;
      if (clock.now() - startedMs > WAIT_LIMIT_MS)
        throw new AcmeError('unreachable', `the CA did not finish the ${what} in ${WAIT_LIMIT_MS / 1000} seconds`);
      await sleep(clock, Math.min(LONGEST_WAIT_MS, Math.max(waitMs, client.retryAfterOf(answer) ?? 0)));
    }
  }
}

function failIfInvalid({ status, error }: Order): void {
  if (status === 'invalid') throw problemError(error);
}

function refusalOf({ status, challenges }: Authorization, type: string): AcmeError {
  const failed = challenges.find((challenge) => challenge.error !== undefined);
  if (failed === undefined) return new AcmeError('refused', `the CA called the authorization ${status} without a word`);
  const refusal = problemError(failed.error);
  return new AcmeError('refused', `${type}: ${refusal.message}`, { type: refusal.type, status: refusal.status });
}

/** Resolves after `delayMs` of the clock. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
