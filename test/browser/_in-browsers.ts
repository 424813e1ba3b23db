// Tests that run in every browser that is installed: each file starts a browser when its first test needs it.
import { after, type TestContext, test } from 'node:test';
import { BROWSERS, type OpenBrowser, type WatchedPage } from '../kit/browsers.ts';
import { Scope } from '../kit/clean-up.ts';
import { skipUnless } from '../kit/debian.ts';

/** Opens a page in the browser of the test. */
export type OpenPage = () => Promise<WatchedPage>;

const scope = new Scope();
const open = new Map<string, Promise<OpenBrowser>>();
after(() => scope.end());

/** A test for each of {@link BROWSERS}, skipped with the reason where that is not installed. */
export function testInBrowsers(
  name: string,
  timeout: number,
  run: (t: TestContext, openPage: OpenPage) => Promise<void>,
): void {
  for (const { program, start } of BROWSERS) {
    test(`${program}: ${name}`, { timeout, skip: skipUnless(program) }, async (t) => {
      const browser = open.get(program) ?? start(scope);
      open.set(program, browser);
      const { openPage } = await browser;
      await run(t, openPage);
    });
  }
}
