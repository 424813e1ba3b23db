// The examination of one mount: a crawl over plain HTTP, then the same pages in a browser where there is one.
import type { Clock } from '../util/clock.ts';
import { BrowserMissing, type BrowserOptions, openBrowser } from './browser.ts';
import { checkAnswers, type ExaminedMount } from './check-answers.ts';
import { checkPages } from './check-pages.ts';
import { type CrawlBounds, crawl } from './crawler.ts';
import { type Finding, FindingList } from './finding.ts';
import type { ClientOptions } from './http-client.ts';

/** What to examine, and how far. */
export interface Examination {
  /** The first page. */
  readonly url: string;
  readonly mount: ExaminedMount;
  readonly bounds: CrawlBounds & { readonly pages: number };
  readonly client: ClientOptions;
  /** Undefined: no browser is wanted. */
  readonly browser: BrowserOptions | undefined;
  readonly clock: Clock;
}

/** What came out. */
export interface DoctorReport {
  readonly url: string;
  readonly mount: string;
  readonly backends: readonly string[];
  readonly requests: number;
  readonly pages: number;
  /** The bound that ended the crawl; null: everything reachable was seen. */
  readonly endedBy: keyof CrawlBounds | null;
  /** How many pages the browser visited; null where there was none, and why. */
  readonly browserPages: number | null;
  readonly browserMissing: string | null;
  readonly findings: readonly Finding[];
}

/** How long a page may take in the browser. */
const PAGE_MS = 15_000;

/** Examines a mount. Rejects only for faults of our own. */
export async function examine(examination: Examination): Promise<DoctorReport> {
  const { url, mount, bounds, client, clock } = examination;
  const findings = new FindingList();
  const result = await crawl(url, mount, bounds, client, clock, checkAnswers(mount, findings));
  const visited = await visitPages(examination, result.pages, findings);
  return {
    url,
    mount: mount.base,
    backends: mount.backends,
    requests: result.requests,
    pages: result.pages.length,
    endedBy: result.endedBy ?? null,
    ...visited,
    findings: findings.all,
  };
}

async function visitPages(
  { browser: options, mount, bounds, clock }: Examination,
  urls: readonly string[],
  findings: FindingList,
): Promise<Pick<DoctorReport, 'browserPages' | 'browserMissing'>> {
  if (options === undefined) return { browserPages: null, browserMissing: 'No browser was wanted (--no-browser).' };
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  try {
    browser = await openBrowser(options);
  } catch (error) {
    if (!(error instanceof BrowserMissing)) throw error;
    return { browserPages: null, browserMissing: error.message };
  }
  try {
    const pageBounds = { pages: bounds.pages, timeMs: bounds.timeMs, pageMs: PAGE_MS };
    return { browserPages: await checkPages(browser, urls, mount, pageBounds, clock, findings), browserMissing: null };
  } finally {
    await browser.close();
  }
}
