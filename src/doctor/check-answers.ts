// Checks what a crawl meets, answer by answer: statuses, leaks, links, cookies, insecure URLs, redirects in a circle.
import { HeaderList } from '../http/header-list.ts';
import { parseSetCookie } from '../http/headers/set-cookie.ts';
import { parseBaseUrl } from '../rewrite/base-url.ts';
import { LeakDetector } from '../rewrite/leaks.ts';
import { type CrawlListener, type CrawlStep, locationOf, type ResolvedReference } from './crawler.ts';
import type { FindingKind, FindingList } from './finding.ts';
import { type MountPlace, placeOf } from './mount-place.ts';
import {
  COOKIE_SECURE,
  MIXED_CONTENT,
  remedyForCookieDomain,
  remedyForCookiePath,
  remedyForLeak,
  remedyForLinkOut,
  remedyForLoop,
  remedyForStatus,
  UNREACHABLE,
} from './remedies.ts';

/** A mount, and which names of its backend its configuration knows. */
export interface ExaminedMount extends MountPlace {
  /** Origins that need no `rewrite.also`, out of `backends`. */
  readonly known: readonly string[];
}

/** Adds what is wrong with the answers of a crawl to `findings`. */
export function checkAnswers(mount: ExaminedMount, findings: FindingList): CrawlListener {
  return new AnswerChecks(mount, findings);
}

class AnswerChecks implements CrawlListener {
  readonly #mount: ExaminedMount;
  readonly #findings: FindingList;
  readonly #leaks: LeakDetector;
  readonly #knownHosts: ReadonlySet<string>;
  readonly #basePath: string;
  readonly #isSecure: boolean;

  constructor(mount: ExaminedMount, findings: FindingList) {
    this.#mount = mount;
    this.#findings = findings;
    this.#leaks = new LeakDetector(mount.backends.map(parseBaseUrl));
    this.#knownHosts = new Set(mount.known.map((origin) => new URL(origin).host));
    const { pathname, protocol } = new URL(mount.base);
    this.#basePath = pathname;
    this.#isSecure = protocol === 'https:';
  }

  onAnswer(step: CrawlStep): void {
    this.#checkStatus(step);
    this.#checkLeaks(step);
    this.#checkRedirect(step);
    this.#checkCookies(step);
    for (const reference of step.references) this.#checkReference(reference, step.answer.url);
  }

  onFailure(url: string, from: string, error: Error): void {
    this.#findings.add({ kind: 'unreachable', subject: url, at: from, detail: error.message, remedy: UNREACHABLE });
  }

  onLoop(chain: readonly string[], from: string): void {
    const remedy = remedyForLoop(chain);
    const detail = chain.map((url) => url.replace(new URL(url).origin, '')).join(' -> ');
    this.#findings.add({ kind: 'redirect-loop', subject: chain[0] ?? '', at: from, detail, remedy });
  }

  #checkStatus({ answer: { status, url }, from }: CrawlStep): void {
    if (status < 400) return;
    const remedy = remedyForStatus(status, new URL(url).pathname, this.#basePath);
    this.#findings.add({ kind: kindOfStatus(status), subject: url, at: from, detail: `answers ${status}`, remedy });
  }

  #checkLeaks({ answer, body, mediaType }: CrawlStep): void {
    const note = (authority: string, place: string, sample: string) => {
      const remedy = remedyForLeak(authority, place, mediaType, this.#knownHosts.has(authority));
      const where = place === 'body' ? `the body (${mediaType === '' ? 'no Content-Type' : mediaType})` : place;
      const subject = `${authority} in ${where}`;
      this.#findings.add({ kind: 'leak', subject, at: answer.url, detail: sample.trim(), remedy });
    };
    const headers = HeaderList.from(answer.headers);
    this.#leaks.checkHeaders(headers, ({ authority, place, sample }) => note(authority, place, sample));
    this.#leaks.checkBytes(body, ({ authority, place, sample }) => note(authority, place, sample));
  }

  /** A redirect to the backend is a leak in a header. */
  #checkRedirect({ answer }: CrawlStep): void {
    const location = locationOf(answer);
    if (location === undefined || placeOf(location, this.#mount) !== 'outside') return;
    this.#linkOut(location, answer.url, `redirects with ${answer.status}`);
  }

  /** A link to the backend is a leak in the body. */
  #checkReference({ url, written, use }: ResolvedReference, at: string): void {
    if (placeOf(url, this.#mount) === 'outside') this.#linkOut(url, at, `${use} written "${written}"`);
    if (!this.#isSecure || use === 'page' || !url.startsWith('http:')) return;
    const detail = use === 'form' ? 'a form is sent there' : 'browsers upgrade or block it';
    this.#findings.add({ kind: 'mixed-content', subject: url, at, detail, remedy: MIXED_CONTENT });
  }

  #linkOut(url: string, at: string, detail: string): void {
    this.#findings.add({ kind: 'link-out', subject: url, at, detail, remedy: remedyForLinkOut(url) });
  }

  #checkCookies({ answer }: CrawlStep): void {
    for (const [name, value] of answer.headers)
      if (name.toLowerCase() === 'set-cookie') this.#checkCookie(value, answer.url);
  }

  #checkCookie(line: string, at: string): void {
    const { name, attributes } = parseSetCookie(line);
    const last = (attribute: string) => attributes.findLast((candidate) => candidate.name === attribute);
    const add = (kind: FindingKind, detail: string, remedy: ReturnType<typeof remedyForCookiePath>) =>
      this.#findings.add({ kind, subject: name, at, detail, remedy });
    const path = last('path')?.value;
    if (path?.startsWith('/') === true && !covers(path, this.#basePath) && !covers(this.#basePath, path))
      add('cookie-path', `Path=${path} is not in the mount`, remedyForCookiePath(false));
    else if (path?.startsWith('/') === true && !covers(this.#basePath, path) && !/^__host-/i.test(name))
      add('cookie-path', `Path=${path} is wider than the mount`, remedyForCookiePath(true));
    const domain = last('domain')?.value?.toLowerCase().replace(/^\./, '') ?? '';
    const host = new URL(at).hostname;
    if (domain !== '' && host !== domain && !host.endsWith(`.${domain}`))
      add('cookie-domain', `Domain=${domain} is not that of ${host}`, remedyForCookieDomain(domain));
    if (last('secure') !== undefined && !this.#isSecure && !isTrustworthy(host))
      add('cookie-secure', 'Secure, and the page is plain http', COOKIE_SECURE);
  }
}

function kindOfStatus(status: number): FindingKind {
  if (status >= 500) return 'server-error';
  return status === 404 || status === 410 ? 'not-found' : 'refused';
}

/** Whether a cookie of `path` is sent with requests for `target` (RFC 6265 §5.1.4). */
function covers(path: string, target: string): boolean {
  const base = path.endsWith('/') ? path : `${path}/`;
  return target.startsWith(base) || target === path || `${target}/` === base;
}

/** Hosts whose plain http browsers take for secure (Secure Contexts §3.1). */
function isTrustworthy(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\./.test(host);
}
