// Visits one application at one address in a browser: its first page, and where there is something to press, the way on and back.
import type { Browser } from 'playwright-core';
import { ask } from '../../src/doctor/http-client.ts';
import { behindBase, type MountPlace, placeOf, spellingsOf } from '../../src/doctor/mount-place.ts';
import { type PageRecord, type PageView, VisitedPage } from '../../src/doctor/visited-page.ts';
import { systemClock } from '../../src/util/clock.ts';
import type { RealApplication } from './application.ts';
import { similarity } from './similarity.ts';

/** What a step of a visit showed. Texts and paths are independent of where the application is mounted. */
export interface StepView {
  readonly step: string;
  readonly path: string;
  readonly text: string;
}

/** All that a visit brought. */
export interface AppVisit {
  readonly base: string;
  readonly record: PageRecord;
  readonly steps: readonly StepView[];
  /** Links and forms that lead to the backend, or to the public origin beside the mount. */
  readonly linksOut: readonly string[];
  /** What `/favicon.ico` of the origin answers to who comes from the first page. */
  readonly iconStatus: number;
}

/** Where to go, and what is expected there. */
export interface VisitTask {
  readonly base: string;
  /** The application itself, to notice who goes to it. */
  readonly direct: string;
  /** Where names lead that only the browser knows; undefined for the direct visit. */
  readonly port: number;
  /** The direct visit, for the others: they wait for what it showed. */
  readonly model?: AppVisit;
}

/** How long a step waits for what it is to show. */
const PATIENCE_MS = 45_000;
/** How long the direct visit must show the same before it is believed to be all. */
const STILL_MS = 1000;
/** Texts at least this similar are the same but for what changes by itself. */
export const SAME_TEXT = 0.9;
const TEXT_LENGTH = 400;
/** Names that applications make up anew on every visit. */
const RANDOM_ID = /\b[0-9a-f]{16,}\b/g;

/** Makes the whole visit in a profile of its own. */
export async function visitApplication(browser: Browser, app: RealApplication, task: VisitTask): Promise<AppVisit> {
  const isDirect = task.base === task.direct;
  const place: MountPlace = { base: task.base, backends: isDirect ? [] : spellingsOf(task.direct) };
  const page = await VisitedPage.open(browser, place, { clock: systemClock, limitMs: PATIENCE_MS });
  try {
    const visit = new Visit(page, app, task, place);
    await visit.run();
    const iconStatus = await askForIcon(task, app);
    return { base: task.base, record: page.record, steps: visit.steps, linksOut: [...visit.linksOut], iconStatus };
  } finally {
    await page.close();
  }
}

class Visit {
  readonly steps: StepView[] = [];
  readonly linksOut = new Set<string>();
  readonly #visited: VisitedPage;
  readonly #app: RealApplication;
  readonly #task: VisitTask;
  readonly #place: MountPlace;

  constructor(visited: VisitedPage, app: RealApplication, task: VisitTask, place: MountPlace) {
    this.#visited = visited;
    this.#app = app;
    this.#task = task;
    this.#place = place;
  }

  async run(): Promise<void> {
    const { page } = this.#visited;
    const { path, shows, click } = this.#app;
    await this.#visited.goTo(this.#task.base + path.slice(1));
    await this.#note('home', shows);
    await this.#untilSockets();
    if (click === undefined) return;
    const link = page.locator(click.selector).first();
    const isPressed = await link.click().then(
      () => true,
      () => false,
    );
    await this.#note('click', click.shows);
    if (!isPressed) return;
    const there = page.url();
    await page.reload({ waitUntil: 'load' });
    await this.#note('reload', click.shows);
    await page.goBack().catch(() => {});
    await this.#note('back', shows);
    await page.goForward().catch(() => {});
    await this.#note('forward', click.shows);
    await page.goto('about:blank');
    await this.#visited.goTo(there);
    await this.#note('deep link', click.shows);
  }

  /** Writes down what the page shows once it shows what is expected, or no more is to be waited for. */
  async #note(step: string, shows: string | undefined): Promise<void> {
    const expected = this.#task.model?.steps.find((known) => known.step === step);
    await this.#visited.lookUntil(({ text }) => shows === undefined || text.includes(shows));
    await this.#visited.settle();
    let last: StepView | undefined;
    let since = 0;
    const view = await this.#visited.lookUntil((candidate) => {
      const now = this.#toStep(step, candidate);
      if (expected !== undefined) return this.#isLike(now, expected);
      if (last?.path !== now.path || last.text !== now.text) since = systemClock.now();
      last = now;
      return systemClock.now() - since >= STILL_MS;
    });
    this.steps.push(this.#toStep(step, view));
    for (const { url } of view.links) {
      const where = placeOf(url, this.#place);
      if (where === 'outside' || where === 'backend') this.linksOut.add(url);
    }
  }

  #isLike(view: StepView, expected: StepView): boolean {
    return view.path === expected.path && similarity(view.text, expected.text) >= SAME_TEXT;
  }

  #toStep(step: string, view: PageView): StepView {
    const text = withoutPlace(view.text, this.#task.base).slice(0, TEXT_LENGTH);
    return { step, path: behindBase(view.url, this.#place).replace(RANDOM_ID, '#'), text };
  }

  async #untilSockets(): Promise<void> {
    const wanted = usedSockets(this.#task.model?.record);
    await this.#visited.lookUntil(() => usedSockets(this.#visited.record) >= wanted);
  }
}

/** WebSockets over which something went. */
export function usedSockets(record: PageRecord | undefined): number {
  return record?.sockets.filter(({ isUsed }) => isUsed).length ?? 0;
}

/** A text without the address it was seen at, and with every number as `#`: those change by themselves. */
export function withoutPlace(text: string, base: string): string {
  const { origin, host } = new URL(base);
  return text
    .replaceAll(base, 'BASE/')
    .replaceAll(base.slice(0, -1), 'BASE')
    .replaceAll(origin, 'ORIGIN')
    .replaceAll(host, 'HOST')
    .replace(/\d+/g, '#');
}

async function askForIcon({ base, port }: VisitTask, app: RealApplication): Promise<number> {
  const connectTo = { host: '127.0.0.1', port };
  const options = { connectTo, timeoutMs: PATIENCE_MS, maxBodyBytes: 1024 };
  const headers = { Referer: base + app.path.slice(1), 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'image' };
  const first = await ask(new URL('/favicon.ico', base).href, headers, options);
  const location = first.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
  if (location === undefined || first.status < 300 || first.status > 399) return first.status;
  return (await ask(new URL(location, base).href, headers, options)).status;
}
