// The real applications that CI visits: shim, WebSocket, missing Content-Type, routers, server-rendered pages, PHP, a control.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startChromium } from '../kit/chromium.ts';
import { skipUnless } from '../kit/debian.ts';
import { applicationNamed } from './applications.ts';
import { installApplication } from './install.ts';
import { runApplication } from './run-application.ts';
import { withoutPlace } from './visit.ts';

const NAMES = [
  'swagger-ui',
  'socket.io-chat',
  'ungit',
  'vite-react-spa',
  'next',
  'dokuwiki',
  'haproxy-stats',
  'http.server',
] as const;

/** The first run installs and builds, on a machine that tests other things at the same time. */
const OPTIONS = { timeout: 900_000, skip: skipUnless('chromium') };

for (const name of NAMES) {
  test(`${name} is no worse behind Portico than directly`, OPTIONS, async (t) => {
    const app = applicationNamed(name);
    const installation = installApplication(app, { installsDebian: false });
    if ('missing' in installation) {
      t.skip(installation.missing);
      return;
    }
    const browser = await startChromium(t);
    const { direct, rootWorse, belowWorse } = await runApplication(t, browser, app, installation.folder);
    const [home] = direct.steps;
    const shows = withoutPlace(app.shows ?? '', direct.base);
    assert.ok(home?.text.includes(shows), `the application itself shows "${home?.text}"`);
    assert.deepEqual({ rootWorse, belowWorse }, { rootWorse: [], belowWorse: [] });
  });
}
