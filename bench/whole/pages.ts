// The pages of the rewriting workloads: what the HTML rewriter's own benchmark reads.
import { applicationPage, bookPage, sourcePage } from '../micro/rewrite-html/inputs.ts';

/** A page of the backend, under /pages/. */
export interface Page {
  readonly name: string;
  readonly title: string;
  /** As generated; the backend puts its own address in, which is of about the same length. */
  readonly bytes: Buffer;
  /** MB per CPU second that Portico must reach (design of the mount map). */
  readonly barMbPerSecond: number;
}

/** In the order of the table. */
export const PAGES: readonly Page[] = [
  { name: 'app100k.html', title: 'application page, 100 kB', bytes: applicationPage(100_000), barMbPerSecond: 129 },
  { name: 'app1m.html', title: 'application page, 1 MB', bytes: applicationPage(1_000_000), barMbPerSecond: 130 },
  { name: 'book.html', title: 'book on one page, 1.9 MB', bytes: bookPage(1_900_000), barMbPerSecond: 231 },
  { name: 'source.html', title: 'source page, 112 kB', bytes: sourcePage(112_000), barMbPerSecond: 212 },
];
