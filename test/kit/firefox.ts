// Firefox under test, driven by WebDriver BiDi: a fresh profile that asks nobody for anything, and pages that are watched.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd, type Owner } from './at-end.ts';
import { Bidi, type BidiData, fromRemote } from './bidi.ts';
import type { BrowserKind, BrowserPage, WatchedPage } from './browsers.ts';
import { programPath } from './debian.ts';
import { startProcess } from './process.ts';
import { tempFolder } from './temp-folder.ts';
import { Waiting } from './waiting.ts';

/** A busy machine starts a browser slowly, and loads pages slowly. */
const LIMIT_MS = 60_000;

/**
 * Names are not asked for, and whatever does not go to loopback goes to a proxy that nobody serves: what a release does not
 * let one switch off, such as the fetching of settings, fails at once. The rest is quiet.
 */
const PREFERENCES: Readonly<Record<string, string | number | boolean>> = {
  'network.proxy.type': 1,
  'network.proxy.socks': '127.0.0.1',
  'network.proxy.socks_port': 9,
  'network.proxy.socks_remote_dns': true,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.chrome.site_icons': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  // As other browsers do.
  'browser.send_pings': true,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.http.speculative-parallel-limit': 0,
  'network.dns.forceResolve': '127.0.0.1',
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.server': 'data:,',
};

/** How many documents may pass while a condition is waited for. */
const DOCUMENTS_LIMIT = 10;

const EVENTS = [
  'browsingContext.load',
  'browsingContext.navigationCommitted',
  'log.entryAdded',
  'network.beforeRequestSent',
];

/** Firefox for tests that run in every browser. */
export const firefox: BrowserKind = {
  program: 'firefox-esr',
  start: async (owner) => {
    const bidi = await startFirefox(owner);
    return { openPage: () => openPage(bidi) };
  },
};

async function startFirefox(owner: Owner): Promise<Bidi> {
  const profile = tempFolder(owner);
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, 'user.js'), lines.join(''));
  const args = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile];
  const options = { env: { HOME: profile }, ownGroup: true };
  const browser = startProcess(owner, programPath('firefox-esr'), args, options);
  await browser.untilOutput(/BiDi listening on ws:\S+\s/, LIMIT_MS);
  const bidi = await Bidi.connect(owner, /ws:\S+/.exec(browser.output)?.[0] ?? '');
  atEnd(owner, async () => {
    await bidi.send('browser.close', {});
    await browser.ended(LIMIT_MS);
  });
  return bidi;
}

async function openPage(bidi: Bidi): Promise<WatchedPage> {
  const { userContext } = await bidi.send('browser.createUserContext', {});
  const requested: string[] = [];
  const errors: string[] = [];
  const { context } = await bidi.send('browsingContext.create', { type: 'tab', userContext });
  const page = new FirefoxPage(bidi, context);
  bidi.listen((method, params) => {
    if (method === 'network.beforeRequestSent') requested.push(params.request.url);
    else if (method === 'log.entryAdded' && params.level === 'error') errors.push(describe(params));
    else if (params.context === context) page.moved(method, params);
  });
  await bidi.send('session.subscribe', { events: EVENTS, userContexts: [userContext] });
  return {
    page,
    requested,
    errors,
    cookies: async () => (await bidi.send('storage.getCookies', { partition: { type: 'context', context } })).cookies,
    close: () => bidi.send('browser.removeUserContext', { userContext }),
  };
}

function describe({ text, stackTrace }: BidiData): string {
  return `${text} (${stackTrace?.callFrames[0]?.url})`;
}

class FirefoxPage implements BrowserPage {
  readonly #bidi: Bidi;
  readonly #context: string;
  readonly #waiting = new Waiting(() => this.#loaded);
  readonly #navigations = new Set<string>();
  #loaded = 'about:blank';

  constructor(bidi: Bidi, context: string) {
    this.#bidi = bidi;
    this.#context = context;
  }

  /** The page has another document. */
  moved(method: string, { url, navigation }: BidiData): void {
    if (method === 'browsingContext.load') {
      this.#loaded = url;
      this.#navigations.add(navigation);
    } else if (method === 'browsingContext.navigationCommitted') this.#loaded = '';
    this.#waiting.changed();
  }

  goto(url: string): Promise<void> {
    return this.#load('browsingContext.navigate', { url });
  }

  reload(): Promise<void> {
    return this.#load('browsingContext.reload', {});
  }

  goBack(): Promise<unknown> {
    return this.#send('browsingContext.traverseHistory', { delta: -1 });
  }

  goForward(): Promise<unknown> {
    return this.#send('browsingContext.traverseHistory', { delta: 1 });
  }

  async evaluate<T>(expression: string): Promise<T> {
    const target = { context: this.#context };
    const answer = await this.#bidi.send('script.evaluate', { expression, target, awaitPromise: true });
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
    return fromRemote(answer.result) as T;
  }

  async waitForFunction(expression: string): Promise<unknown> {
    const look = `new Promise((resolve) => {
      const look = () => ((${expression}) ? resolve(true) : setTimeout(look, 20));
      look();
    })`;
    let failure: unknown;
    for (let documents = 0; documents < DOCUMENTS_LIMIT; documents++) {
      try {
        return await this.evaluate(look);
      } catch (error) {
        // The document went while it looked: the next one is asked.
        failure = error;
      }
    }
    throw failure;
  }

  waitForURL(pattern: RegExp): Promise<void> {
    return this.#waiting.until(`a page at ${pattern}`, () => pattern.test(this.#loaded), LIMIT_MS);
  }

  async click(selector: string): Promise<void> {
    const locator = { type: 'css', value: selector };
    const { nodes } = await this.#send('browsingContext.locateNodes', { locator, maxNodeCount: 1 });
    const origin = { type: 'element', element: nodes[0] };
    const actions = [
      { type: 'pointerMove', x: 0, y: 0, origin },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    await this.#send('input.performActions', { actions: [{ type: 'pointer', id: 'mouse', actions }] });
  }

  /** Asked for: not every release tells of what `history.pushState` does. */
  async url(): Promise<string> {
    const { contexts } = await this.#bidi.send('browsingContext.getTree', { root: this.#context, maxDepth: 0 });
    return contexts[0].url;
  }

  /** Firefox may answer before a first page has loaded, even when asked to wait: the event is what counts. */
  async #load(method: string, params: object): Promise<void> {
    const { navigation } = await this.#send(method, { ...params, wait: 'none' });
    await this.#waiting.until('the page to load', () => this.#navigations.has(navigation), LIMIT_MS);
  }

  #send(method: string, params: object): Promise<BidiData> {
    return this.#bidi.send(method, { context: this.#context, ...params });
  }
}
