// One page in a real browser, with a record of everything that went wrong on it; steered by a visit step by step.
import type { Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Request, WebSocket } from 'playwright-core';
import type { Clock } from '../util/clock.ts';
import { parseUrl } from '../util/parse-url.ts';
import { type MountPlace, placeOf } from './mount-place.ts';

/** A WebSocket that a page opened. */
export interface SocketRecord {
  readonly url: string;
  /** Whether a message came or went. */
  isUsed: boolean;
  error: string | undefined;
}

/** What happened on a page since it was opened. URLs are as the browser asked for them. */
export interface PageRecord {
  /** Answers of 400 and above, and requests that failed on the way. */
  readonly failed: { readonly url: string; readonly why: string }[];
  /** Error messages of the console and errors that no script caught. */
  readonly consoleErrors: string[];
  /** The latter alone. */
  readonly scriptErrors: string[];
  /** Requests and WebSockets that went to the backend itself. */
  readonly escapes: string[];
  /** Requests to the public origin that are not in the mount. */
  readonly outside: string[];
  readonly sockets: SocketRecord[];
  /** What the page's content security policy forbade: directive and URL. */
  readonly policyViolations: { readonly directive: string; readonly url: string }[];
  /** Insecure URLs on a secure page. */
  readonly mixedContent: string[];
}

/** A link or form of a page, resolved as the browser would. */
export interface PageLink {
  readonly url: string;
  /** The attribute as the page has it. */
  readonly written: string;
}

/** What a page shows. */
export interface PageView {
  readonly url: string;
  /** Text that can be seen, white space folded. */
  readonly text: string;
  readonly links: readonly PageLink[];
}

/** How long a page may take. */
export interface PagePatience {
  readonly clock: Clock;
  /** For a navigation, and again for what it shows. */
  readonly limitMs: number;
}

/** How long nothing may be asked for before a page counts as done. */
const QUIET_MS = 500;
/** How often a page is looked at while something is waited for. */
const LOOK_INTERVAL_MS = 100;

/** Runs in a world of its own: scripts of the page cannot have changed what it calls. */
const VIEW_SCRIPT = `(() => {
  const attributeOf = { A: 'href', AREA: 'href', FORM: 'action' };
  const links = [...document.querySelectorAll('a[href], area[href], form[action]')].map((element) => {
    const written = element.getAttribute(attributeOf[element.tagName]);
    try { return { url: new URL(written, document.baseURI).href, written }; } catch { return undefined; }
  });
  const text = document.body === null ? '' : document.body.innerText;
  return { url: location.href, text: text.replace(/\\s+/g, ' ').trim(), links: links.filter((link) => link) };
})()`;

/** A page with its record. Close it. */
export class VisitedPage {
  readonly record: PageRecord = {
    failed: [],
    consoleErrors: [],
    scriptErrors: [],
    escapes: [],
    outside: [],
    sockets: [],
    policyViolations: [],
    mixedContent: [],
  };
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #session: CDPSession;
  readonly #place: MountPlace;
  readonly #patience: PagePatience;
  #lastRequestAt: number;

  private constructor(page: Page, session: CDPSession, place: MountPlace, patience: PagePatience) {
    this.page = page;
    this.#context = page.context();
    this.#session = session;
    this.#place = place;
    this.#patience = patience;
    this.#lastRequestAt = patience.clock.now();
    this.#listen();
  }

  /** An empty page in a profile of its own: no cookies, no cache, no storage of earlier ones. */
  static async open(browser: Browser, place: MountPlace, patience: PagePatience): Promise<VisitedPage> {
    const context = await browser.newContext();
    context.setDefaultTimeout(patience.limitMs);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    const visited = new VisitedPage(page, session, place, patience);
    await session.send('Audits.enable');
    return visited;
  }

  /** Goes to a URL and waits until it is loaded; answers the status, undefined where there is none. */
  async goTo(url: string): Promise<number | undefined> {
    try {
      const response = await this.page.goto(url, { waitUntil: 'load' });
      return response?.status();
    } catch (error) {
      this.record.failed.push({ url, why: firstLine(error) });
      return undefined;
    }
  }

  /** Waits until nothing has been asked for during half a second, or time is up. */
  async settle(): Promise<void> {
    await this.#until(async () => this.#patience.clock.now() - this.#lastRequestAt >= QUIET_MS);
  }

  /** Looks until `isThere` holds for what is shown, or time is up; answers the last look. */
  async lookUntil(isThere: (view: PageView) => boolean): Promise<PageView> {
    let view = await this.look();
    await this.#until(async () => {
      if (isThere(view)) return true;
      view = await this.look();
      return isThere(view);
    });
    return view;
  }

  /** What the page shows now. */
  async look(): Promise<PageView> {
    try {
      const { frameTree } = await this.#session.send('Page.getFrameTree');
      const { executionContextId: contextId } = await this.#session.send('Page.createIsolatedWorld', {
        frameId: frameTree.frame.id,
        worldName: 'portico-doctor',
      });
      const { result } = await this.#session.send('Runtime.evaluate', {
        expression: VIEW_SCRIPT,
        contextId,
        returnByValue: true,
      });
      // The script above says what it is; nothing if the page went away meanwhile.
      return (result.value as PageView | undefined) ?? EMPTY_VIEW;
    } catch {
      return EMPTY_VIEW;
    }
  }

  /** Closes the page and forgets its profile. */
  close(): Promise<void> {
    return this.#context.close();
  }

  async #until(isThere: () => Promise<boolean>): Promise<void> {
    const { clock, limitMs } = this.#patience;
    const end = clock.now() + limitMs;
    while (!(await isThere()) && clock.now() < end) {
      await new Promise<void>((resolve) => void clock.after(LOOK_INTERVAL_MS, resolve));
    }
  }

  #listen(): void {
    const { page, record } = this;
    page.on('request', (request) => this.#onRequest(request));
    page.on('requestfinished', () => this.#touch());
    page.on('requestfailed', (request) => this.#onFailure(request));
    page.on('response', (response) => {
      this.#touch();
      if (response.status() >= 400) this.#fail(response.url(), String(response.status()));
    });
    page.on('console', (message) => this.#onConsole(message));
    page.on('pageerror', (error) => {
      record.consoleErrors.push(firstLine(error));
      record.scriptErrors.push(firstLine(error));
    });
    page.on('websocket', (socket) => this.#onSocket(socket));
    this.#session.on('Audits.issueAdded', ({ issue }) => {
      const { contentSecurityPolicyIssueDetails: policy, mixedContentIssueDetails: mixed } = issue.details;
      if (policy !== undefined && !policy.isReportOnly)
        record.policyViolations.push({ directive: policy.violatedDirective, url: policy.blockedURL ?? 'inline' });
      if (mixed !== undefined) record.mixedContent.push(mixed.insecureURL);
    });
  }

  #touch(): void {
    this.#lastRequestAt = this.#patience.clock.now();
  }

  #onRequest(request: Request): void {
    this.#touch();
    this.#judge(request.url());
  }

  #judge(url: string): void {
    if (isImplicitIcon(url)) return;
    const place = placeOf(url, this.#place);
    if (place === 'backend') this.record.escapes.push(url);
    if (place === 'outside') this.record.outside.push(url);
  }

  #onFailure(request: Request): void {
    this.#touch();
    const why = request.failure()?.errorText ?? 'failed';
    // The page itself, or a navigation, cancelled it.
    if (why !== 'net::ERR_ABORTED') this.#fail(request.url(), why);
  }

  #fail(url: string, why: string): void {
    if (!isImplicitIcon(url)) this.record.failed.push({ url, why });
  }

  #onConsole(message: ConsoleMessage): void {
    if (message.type() !== 'error' || isImplicitIcon(message.location().url)) return;
    this.record.consoleErrors.push(`${message.text()} (${message.location().url})`);
  }

  #onSocket(socket: WebSocket): void {
    const record: SocketRecord = { url: socket.url(), isUsed: false, error: undefined };
    this.record.sockets.push(record);
    this.#judge(socket.url().replace(/^ws/, 'http'));
    const use = () => {
      record.isUsed = true;
      this.#touch();
    };
    socket.on('framereceived', use);
    socket.on('framesent', use);
    socket.on('socketerror', (error) => {
      record.error = error;
    });
  }
}

const EMPTY_VIEW: PageView = { url: '', text: '', links: [] };

/** Asked for by the browser whatever the page says, at its leisure: whether and when differs from run to run. */
function isImplicitIcon(url: string): boolean {
  return parseUrl(url)?.pathname.endsWith('/favicon.ico') === true;
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}
