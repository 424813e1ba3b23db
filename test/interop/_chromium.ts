// Chromium of Debian without a window, driven by playwright-core, with a profile of its own that is deleted.
import { type Browser, chromium, type Page } from 'playwright-core';
import { atEnd, type Owner } from '../kit/at-end.ts';
import { programPath } from '../kit/debian.ts';

/** It asks nobody but the test: nothing in the background, no QUIC, and a sandbox that root may not have. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const START_LIMIT_MS = 60_000;
/** How long a page may take for whatever it is asked to do, on a busy machine. */
const PAGE_LIMIT_MS = 100_000;

/** Starts the browser; it ends with its owner. */
export async function startChromium(owner: Owner): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: programPath('chromium'),
    headless: true,
    args: ARGUMENTS,
    timeout: START_LIMIT_MS,
  });
  atEnd(owner, () => browser.close());
  return browser;
}

/** Opens a page in a context of its own, whatever certificate the server shows. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(PAGE_LIMIT_MS);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}
