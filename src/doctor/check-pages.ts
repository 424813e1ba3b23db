// Visits pages of a mount in a real browser, and turns what went wrong on them into findings.
import type { Browser } from 'playwright-core';
import type { Clock } from '../util/clock.ts';
import type { ExaminedMount } from './check-answers.ts';
import type { FindingList } from './finding.ts';
import { placeOf } from './mount-place.ts';
import {
  MIXED_CONTENT,
  remedyForEscape,
  remedyForLinkOut,
  remedyForPolicy,
  remedyForStatus,
  remedyForStray,
  SCRIPT_ERROR,
} from './remedies.ts';
import { type PageView, VisitedPage } from './visited-page.ts';

/** How far the visit goes. */
export interface PageBounds {
  readonly pages: number;
  readonly timeMs: number;
  /** How long one page may take. */
  readonly pageMs: number;
}

/** Visits the pages one after the other, each in a profile of its own. Answers how many it came to. */
export async function checkPages(
  browser: Browser,
  urls: readonly string[],
  mount: ExaminedMount,
  bounds: PageBounds,
  clock: Clock,
  findings: FindingList,
): Promise<number> {
  const end = clock.now() + bounds.timeMs;
  let visited = 0;
  for (const url of urls.slice(0, bounds.pages)) {
    if (clock.now() >= end) break;
    const page = await VisitedPage.open(browser, mount, { clock, limitMs: bounds.pageMs });
    try {
      await page.goTo(url);
      await page.settle();
      report(page, await page.look(), url, mount, findings);
      visited++;
    } finally {
      await page.close();
    }
  }
  return visited;
}

function report(page: VisitedPage, view: PageView, at: string, mount: ExaminedMount, findings: FindingList): void {
  const { record } = page;
  const known = new Set(mount.known.map((origin) => new URL(origin).host));
  for (const url of record.escapes) {
    const detail = 'the page asked the backend itself';
    findings.add({
      kind: 'escape',
      subject: url,
      at,
      detail,
      remedy: remedyForEscape(url, known.has(new URL(url).host)),
    });
  }
  for (const url of record.outside)
    findings.add({
      kind: 'stray-request',
      subject: url,
      at,
      detail: 'asked for by the page',
      remedy: remedyForStray(url),
    });
  for (const { url, why } of record.failed) reportFailure(url, why, at, mount, findings);
  for (const { url, written } of view.links) {
    if (placeOf(url, mount) !== 'outside') continue;
    const detail = `link or form written "${written}"`;
    findings.add({ kind: 'link-out', subject: url, at, detail, remedy: remedyForLinkOut(url) });
  }
  for (const url of record.mixedContent)
    findings.add({
      kind: 'mixed-content',
      subject: url,
      at,
      detail: 'blocked or upgraded by the browser',
      remedy: MIXED_CONTENT,
    });
  for (const { url, directive } of record.policyViolations)
    findings.add({
      kind: 'policy-violation',
      subject: url,
      at,
      detail: `forbidden by ${directive}`,
      remedy: remedyForPolicy(url),
    });
  for (const text of record.scriptErrors)
    findings.add({ kind: 'script-error', subject: text, at, detail: 'no script caught it', remedy: SCRIPT_ERROR });
  for (const { url, error } of record.sockets)
    if (error !== undefined) reportFailure(url, `WebSocket: ${error}`, at, mount, findings);
}

/** What fails beside the mount is a stray request already; what fails elsewhere is not the mount's. */
function reportFailure(url: string, why: string, at: string, mount: ExaminedMount, findings: FindingList): void {
  if (placeOf(url.replace(/^ws/, 'http'), mount) !== 'inside' || why === 'csp') return;
  const status = /^\d{3}$/.test(why) ? Number(why) : 0;
  const remedy = remedyForStatus(status, new URL(url).pathname, new URL(mount.base).pathname);
  const kind = status === 404 || status === 410 ? 'not-found' : status === 0 ? 'unreachable' : 'refused';
  findings.add({ kind: status >= 500 ? 'server-error' : kind, subject: url, at, detail: `answers ${why}`, remedy });
}
