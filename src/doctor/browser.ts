// The one file that knows playwright-core: finds a Chromium on this machine and opens it without a window.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';

/** How to open a browser. */
export interface BrowserOptions {
  /** Its executable; default: the first of {@link BROWSER_NAMES} in PATH. */
  readonly executable?: string | undefined;
  /** Chromium's rules for names, such as `MAP example.com 127.0.0.1`; they hold for this browser only. */
  readonly hostRules?: readonly string[];
  /** Whether certificates that nobody vouches for are taken. Default false. */
  readonly acceptsAnyCertificate?: boolean;
}

/** No browser can be opened. The message is a whole sentence that says what to install. */
export class BrowserMissing extends Error {
  override name = 'BrowserMissing';
}

/** How long a browser may take to start: a busy machine reads a lot of program from its disk. */
const START_LIMIT_MS = 60_000;

/** What Chromium is called in the distributions. */
export const BROWSER_NAMES: readonly string[] = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
];

/** Nothing of its own on the network, no first-run pages, no GPU; QUIC would ask for names that rules do not cover. */
const ARGUMENTS: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of an installed Chromium, or undefined. */
export function findBrowser(path: string | undefined = process.env['PATH']): string | undefined {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  return BROWSER_NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Opens a browser with a profile of its own, which is deleted when it closes. Rejects with {@link BrowserMissing}. */
export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const executablePath = options.executable ?? findBrowser();
  if (executablePath === undefined)
    throw new BrowserMissing(`No browser was found: install Chromium (Debian: apt-get install chromium).`);
  const { chromium } = await loadDriver();
  const rules = options.hostRules ?? [];
  const args = [...ARGUMENTS];
  if (rules.length > 0) args.push(`--host-resolver-rules=${rules.join(', ')}`);
  if (options.acceptsAnyCertificate === true) args.push('--ignore-certificate-errors');
  // Chromium refuses to sandbox itself when root runs it.
  const chromiumSandbox = process.getuid?.() !== 0;
  try {
    return await chromium.launch({ executablePath, args, chromiumSandbox, timeout: START_LIMIT_MS });
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new BrowserMissing(`${executablePath} could not be started: ${reason}`, { cause: error });
  }
}

/** The driver is an optional peer dependency: whoever wants a browser installs it. */
async function loadDriver(): Promise<typeof import('playwright-core')> {
  try {
    return await import('playwright-core');
  } catch (error) {
    const message = 'The driver of the browser is not installed: npm install playwright-core.';
    throw new BrowserMissing(message, { cause: error });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
