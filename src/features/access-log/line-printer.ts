// What the formats of the access log have in common: the contract, the bounds of what clients choose, instants, phases.
import type { Exchange } from '../../exchange/exchange.ts';
import type { RequestHead } from '../../exchange/head.ts';
import type { Mount } from '../../exchange/route.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { truncate } from '../../observe/escape.ts';
import type { Clock } from '../../util/clock.ts';

/**
 * Prints the line of one exchange, line feed included. Nothing but printable ASCII stands in it, whatever the client
 * sent. Called once per exchange: adds up strings, and remembers what repeats.
 */
export type LinePrinter = (exchange: Exchange, status: number) => string;

/** What a client chose freely, cut to a length that a line can bear; still to be escaped. */
export interface ClientTexts {
  readonly method: string;
  /** Path and query as received. */
  readonly target: string;
  readonly host: string;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

/** Longer ones are cut and end in `...`. */
const METHOD_LENGTH = 32;
const HOST_LENGTH = 300;
const TARGET_LENGTH = 8192;
const REFERER_LENGTH = 2048;
const USER_AGENT_LENGTH = 1024;

/** Reads what formats show of a request. */
export function readClientTexts({ request, client }: Exchange): ClientTexts {
  const { headers } = request;
  return {
    method: methodOf(request),
    target: targetOf(request),
    host: client.authority === undefined ? '' : truncate(client.authority.text, HOST_LENGTH),
    referer: readReferer(headers),
    userAgent: readUserAgent(headers),
  };
}

export function methodOf({ method }: RequestHead): string {
  return truncate(method, METHOD_LENGTH);
}

export function targetOf({ target }: RequestHead): string {
  return truncate(target.text, TARGET_LENGTH);
}

export function readReferer(headers: ReadonlyHeaderList): string | undefined {
  const referer = headers.get('referer');
  return referer === undefined ? undefined : truncate(referer, REFERER_LENGTH);
}

export function readUserAgent(headers: ReadonlyHeaderList): string | undefined {
  const userAgent = headers.get('user-agent');
  return userAgent === undefined ? undefined : truncate(userAgent, USER_AGENT_LENGTH);
}

/** Prints the wall clock; what is the same for a whole second is printed once a second. */
export class LogTime {
  readonly #clock: Clock;
  readonly #printSecond: (date: Date) => string;
  #secondMs = Number.NaN;
  #text = '';

  constructor(clock: Clock, printSecond: (date: Date) => string) {
    this.#clock = clock;
    this.#printSecond = printSecond;
  }

  /** The current second. */
  second(): string {
    this.#update(this.#clock.epochMs());
    return this.#text;
  }

  /** The current second with `.123` behind it. */
  millisecond(): string {
    const nowMs = this.#clock.epochMs();
    this.#update(nowMs);
    return this.#text + (FRACTIONS[Math.floor(nowMs - this.#secondMs)] ?? '.000');
  }

  #update(nowMs: number): void {
    const ageMs = nowMs - this.#secondMs;
    if (ageMs >= 0 && ageMs < 1000) return;
    this.#secondMs = Math.floor(nowMs / 1000) * 1000;
    this.#text = this.#printSecond(new Date(this.#secondMs));
  }
}

/** What says where a request was served, printed once per mount. */
export class MountTexts {
  readonly #print: (mount: Mount) => string;
  readonly #known = new WeakMap<Mount, string>();

  /** `print` is called once per mount; site or path are empty where no site or no mount took a request. */
  constructor(print: (mount: Mount) => string) {
    this.#print = print;
  }

  get(mount: Mount): string {
    let text = this.#known.get(mount);
    if (text === undefined) {
      text = this.#print(mount);
      this.#known.set(mount, text);
    }
    return text;
  }
}

/** `.000` to `.999`. */
const FRACTIONS: readonly string[] = Array.from({ length: 1000 }, (_, index) => `.${String(index).padStart(3, '0')}`);

/** Prints milliseconds with three decimals; never a negative. By hand: printing a fraction costs ten times as much as two whole numbers. */
export function printMs(durationMs: number): string {
  const micros = Math.max(0, Math.round(durationMs * 1000));
  const whole = Math.floor(micros / 1000);
  return whole + (FRACTIONS[micros - whole * 1000] ?? '.000');
}
