// Chromium under test: one process per test file, a fresh profile, and everything that a page asked for or complained of.
import type { Browser } from 'playwright-core';
import { openBrowser } from '../../src/doctor/browser.ts';
import { atEnd, type Owner } from './at-end.ts';
import type { BrowserKind, WatchedPage } from './browsers.ts';
import { programPath } from './debian.ts';

/** How long a page may take for whatever it is asked to do, on a busy machine. */
const PAGE_LIMIT_MS = 100_000;

/** Starts Chromium; it ends with the owner. */
export async function startChromium(owner: Owner): Promise<Browser> {
  const browser = await openBrowser({ executable: programPath('chromium') });
  atEnd(owner, () => browser.close());
  return browser;
}

/** Chromium for tests that run in every browser. */
export const chromium: BrowserKind = {
  program: 'chromium',
  start: async (owner) => {
    const browser = await startChromium(owner);
    return { openPage: () => openPage(browser) };
  },
};

async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PAGE_LIMIT_MS);
  const page = await context.newPage();
  const requested: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => requested.push(request.url()));
  page.on('websocket', (socket) => requested.push(socket.url()));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  return { page, requested, errors, cookies: () => context.cookies(), close: () => context.close() };
}
