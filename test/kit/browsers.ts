// The browsers that tests of pages run in: what a test may ask of a page, whichever browser shows it.
import type { Owner } from './at-end.ts';
import { chromium } from './chromium.ts';
import type { Program } from './debian.ts';
import { firefox } from './firefox.ts';

/** A page, by the part of playwright's `Page` that tests use. Scripts are expressions; promises are waited for. */
export interface BrowserPage {
  /** Resolves when the page has loaded. */
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  goBack(): Promise<unknown>;
  goForward(): Promise<unknown>;
  /** The value of an expression, as JSON would have it. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until the expression is true, in this document or one that follows. */
  waitForFunction(expression: string): Promise<unknown>;
  /** Waits until a page with such a URL has loaded. */
  waitForURL(pattern: RegExp): Promise<void>;
  /** Clicks in the middle of the first element that the selector finds, as a mouse does. */
  click(selector: string): Promise<void>;
  /** What the address bar says. */
  url(): string | Promise<string>;
}

/** A page with cookies and caches of its own, and what it did. */
export interface WatchedPage {
  readonly page: BrowserPage;
  /** The URL of every request it began, workers and frames included. */
  readonly requested: readonly string[];
  /** Errors of the console, and exceptions that nobody caught. */
  readonly errors: readonly string[];
  cookies(): Promise<readonly { readonly name: string; readonly path: string }[]>;
  close(): Promise<void>;
}

/** A running browser. */
export interface OpenBrowser {
  openPage(): Promise<WatchedPage>;
}

/** A browser that may be installed. */
export interface BrowserKind {
  readonly program: Program;
  /** Starts it with a profile of its own; it ends with the owner. */
  start(owner: Owner): Promise<OpenBrowser>;
}

/** Every browser that the tests know. */
export const BROWSERS: readonly BrowserKind[] = [chromium, firefox];
