// Follows the links and assets of a mount over plain HTTP, within bounds, and shows every answer to whoever checks them.
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { Clock } from '../util/clock.ts';
import { parseUrl } from '../util/parse-url.ts';
import { cssReferences, htmlReferences, type Reference } from './document-links.ts';
import { type Answer, ask, type ClientOptions, headerOf } from './http-client.ts';
import { type MountPlace, placeOf } from './mount-place.ts';

/** How far a crawl goes. Whatever is reached first ends it. */
export interface CrawlBounds {
  /** Requests in all. */
  readonly requests: number;
  /** Clicks from the first page. */
  readonly depth: number;
  readonly timeMs: number;
}

/** A reference with what it resolves to, as a browser would. */
export interface ResolvedReference extends Reference {
  readonly url: string;
}

/** An answer on the way. */
export interface CrawlStep {
  readonly answer: Answer;
  /** Body without content coding; the body as it is where the coding cannot be undone. */
  readonly body: Buffer;
  /** Media type, lower case, without parameters; empty where none is said. */
  readonly mediaType: string;
  /** Where the reference to it stood. */
  readonly from: string;
  readonly references: readonly ResolvedReference[];
}

/** Hears what a crawl meets. */
export interface CrawlListener {
  onAnswer(step: CrawlStep): void;
  /** A request that got no answer. */
  onFailure(url: string, from: string, error: Error): void;
  /** A redirect that leads back to where its chain has been, or goes on for too long. */
  onLoop(chain: readonly string[], from: string): void;
}

/** What a crawl did. */
export interface CrawlResult {
  readonly requests: number;
  /** HTML answers with 2xx, in the order they were met. */
  readonly pages: readonly string[];
  /** Which bound ended it; undefined: there was nothing left. */
  readonly endedBy: keyof CrawlBounds | undefined;
}

interface Task {
  readonly url: string;
  readonly from: string;
  readonly depth: number;
  readonly isPage: boolean;
}

/** As the Fetch standard: more than these are a network error. */
const REDIRECTS_LIMIT = 20;
/** Nobody is signed out by a doctor. */
const SIGNS_OUT = /(?:log|sign)[-_]?(?:out|off)/i;

/** Crawls from `start` on what lies in the mount. Never rejects. */
export async function crawl(
  start: string,
  place: MountPlace,
  bounds: CrawlBounds,
  client: ClientOptions,
  clock: Clock,
  listener: CrawlListener,
): Promise<CrawlResult> {
  return new Crawl(place, bounds, client, clock, listener).run(start);
}

class Crawl {
  readonly #place: MountPlace;
  readonly #bounds: CrawlBounds;
  readonly #client: ClientOptions;
  readonly #clock: Clock;
  readonly #listener: CrawlListener;
  readonly #seen = new Set<string>();
  readonly #tasks: Task[] = [];
  readonly #pages: string[] = [];
  #requests = 0;
  #isTooDeep = false;
  #endMs = 0;

  constructor(place: MountPlace, bounds: CrawlBounds, client: ClientOptions, clock: Clock, listener: CrawlListener) {
    this.#place = place;
    this.#bounds = bounds;
    this.#client = client;
    this.#clock = clock;
    this.#listener = listener;
  }

  async run(start: string): Promise<CrawlResult> {
    this.#endMs = this.#clock.now() + this.#bounds.timeMs;
    this.#plan({ url: start, from: 'the command line', depth: 0, isPage: true });
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      const endedBy = this.#bound();
      if (endedBy !== undefined) return { requests: this.#requests, pages: this.#pages, endedBy };
      await this.#visit(task);
    }
    return { requests: this.#requests, pages: this.#pages, endedBy: this.#isTooDeep ? 'depth' : undefined };
  }

  #bound(): keyof CrawlBounds | undefined {
    if (this.#requests >= this.#bounds.requests) return 'requests';
    return this.#clock.now() >= this.#endMs ? 'timeMs' : undefined;
  }

  /** Assets first: a page that is looked at is looked at whole. */
  #plan(task: Task): void {
    const { url, isPage, depth } = task;
    if (this.#seen.has(url)) return;
    if (depth > this.#bounds.depth) {
      this.#isTooDeep = true;
      return;
    }
    this.#seen.add(url);
    if (isPage) this.#tasks.push(task);
    else this.#tasks.unshift(task);
  }

  /** Asks for a URL and follows its redirects as far as they stay in the mount. */
  async #visit(task: Task): Promise<void> {
    const chain: string[] = [];
    let url = task.url;
    for (;;) {
      chain.push(url);
      const location = await this.#ask(url, task);
      if (location === undefined) return;
      const next = withoutFragment(location);
      if (placeOf(next, this.#place) !== 'inside') return;
      if (chain.includes(next) || chain.length > REDIRECTS_LIMIT) {
        this.#listener.onLoop([...chain, next], task.from);
        return;
      }
      if (this.#bound() !== undefined || this.#seen.has(next)) return;
      this.#seen.add(next);
      url = next;
    }
  }

  /** One request; answers where it is redirected to. */
  async #ask(url: string, task: Task): Promise<string | undefined> {
    this.#requests++;
    let answer: Answer;
    try {
      answer = await ask(url, refererOf(task.from), this.#client);
    } catch (error) {
      this.#listener.onFailure(url, task.from, error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
    const step = toStep(answer, task.from);
    this.#listener.onAnswer(step);
    const isGood = answer.status >= 200 && answer.status < 300;
    if (isGood && isHtml(step.mediaType)) this.#pages.push(url);
    if (isGood) this.#planReferences(step, task.depth);
    return locationOf(answer);
  }

  #planReferences({ answer, references }: CrawlStep, depth: number): void {
    for (const { url, use } of references) {
      if (use === 'form' || SIGNS_OUT.test(url) || placeOf(url, this.#place) !== 'inside') continue;
      const isPage = use === 'page';
      this.#plan({ url: withoutFragment(url), from: answer.url, depth: isPage ? depth + 1 : depth, isPage });
    }
  }
}

/** The absolute URL that an answer redirects to; undefined for one that does not. */
export function locationOf(answer: Answer): string | undefined {
  const location = headerOf(answer, 'location');
  if (location === undefined || answer.status < 300 || answer.status > 399) return undefined;
  return parseUrl(location, answer.url)?.href;
}

function toStep(answer: Answer, from: string): CrawlStep {
  const mediaType = (headerOf(answer, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const body = decode(answer);
  return { answer, body, mediaType, from, references: referencesIn(answer.url, mediaType, body) };
}

function referencesIn(url: string, mediaType: string, body: Buffer): ResolvedReference[] {
  if (isHtml(mediaType)) {
    const { base, references } = htmlReferences(body);
    return resolve(references, (base === undefined ? undefined : parseUrl(base, url)?.href) ?? url);
  }
  return mediaType === 'text/css' ? resolve(cssReferences(body.toString()), url) : [];
}

function resolve(references: readonly Reference[], base: string): ResolvedReference[] {
  return references.flatMap((reference) => {
    const parsed = parseUrl(reference.written, base);
    return parsed !== undefined && /^https?:$/.test(parsed.protocol) ? [{ ...reference, url: parsed.href }] : [];
  });
}

function isHtml(mediaType: string): boolean {
  return mediaType === 'text/html' || mediaType === 'application/xhtml+xml';
}

/** A server may encode though nobody asked. What is cut off at the limit cannot be decoded and stays as it is. */
function decode(answer: Answer): Buffer {
  const coding = headerOf(answer, 'content-encoding')?.trim().toLowerCase();
  const decoders = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync };
  if (coding === undefined || !Object.hasOwn(decoders, coding)) return answer.body;
  try {
    return decoders[coding as keyof typeof decoders](answer.body, { maxOutputLength: DECODED_BYTES_LIMIT });
  } catch {
    return answer.body;
  }
}

const DECODED_BYTES_LIMIT = 32 * 1024 * 1024;

function withoutFragment(url: string): string {
  const { href, hash } = new URL(url);
  return hash === '' ? href : href.slice(0, -hash.length);
}

function refererOf(from: string): Record<string, string> {
  return parseUrl(from) !== undefined ? { Referer: from, 'Sec-Fetch-Site': 'same-origin' } : {};
}
