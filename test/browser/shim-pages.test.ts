// Pages below a path in a real browser: where `location` leads, routers, workers, service workers, modules, cookies.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BrowserPage, WatchedPage } from '../kit/browsers.ts';
import { startInProcess } from '../kit/in-process.ts';
import { projectRoot } from '../kit/project-root.ts';
import { type Answer, type Application, startApplication } from './_application.ts';
import { type OpenPage, testInBrowsers } from './_in-browsers.ts';

const TIMEOUT_MS = 120_000;
const html = (body: string, headers = {}) => ({
  type: 'text/html',
  body: `<!DOCTYPE html><title>x</title>${body}`,
  headers,
});
const script = (body: string) => ({ type: 'text/javascript', body });

interface Visit extends WatchedPage {
  readonly origin: string;
  readonly backend: Application;
}

/** Opens a page of an application below `/app/`. */
async function visit(
  t: TestContext,
  openPage: OpenPage,
  path: string,
  answer: Answer,
  rewrite: object = {},
): Promise<Visit> {
  const backend = await startApplication(t, answer);
  const portico = await startInProcess(t, {
    listen: '127.0.0.1:0',
    sites: { '*': { '/app/': { proxy: `http://127.0.0.1:${backend.port}`, rewrite, log: 'off' } } },
  });
  const origin = `http://127.0.0.1:${portico.port()}`;
  const watched = await openPage();
  await watched.page.goto(origin + path);
  return { ...watched, origin, backend };
}

/** Nothing went wrong, and nothing was asked for outside of the mount. */
function assertClean({ requested, errors, origin, close }: Visit): Promise<void> {
  const outside = requested.filter((url) => url.startsWith('http') && !url.startsWith(`${origin}/app/`));
  assert.deepEqual(outside, []);
  assert.deepEqual(errors, []);
  return close();
}

const SINKS: readonly (readonly [name: string, code: string])[] = [
  ['location.href', 'location.href = target'],
  ['location', 'location = target'],
  ['window.location', 'window.location = target'],
  ['document.location', 'document.location = target'],
  ['location.pathname', 'location.pathname = "/" + "there"'],
  ['location.assign', 'location.assign(target)'],
  ['location.replace', 'location.replace(target)'],
  ['an absolute URL of the page', 'location.href = location.origin + target'],
  ['window.open', 'window.open(target, "_self")'],
  ['navigation.navigate', 'navigation.navigate(target)'],
  ['a click', 'document.links[0].attributes.href.value = target; document.links[0].click()'],
  ['a click beyond the root', 'document.links[0].attributes.href.value = "../../there"; document.links[0].click()'],
  ['a form', 'document.forms[0].attributes.action.value = target; document.forms[0].requestSubmit()'],
  [
    'a form with a body',
    'document.forms[0].method = "post"; document.forms[0].action = target; document.forms[0].submit()',
  ],
];

testInBrowsers('everything that leads a page away leads into the mount', TIMEOUT_MS, async (t, openPage) => {
  const away = await visit(t, openPage, '/app/deep/page', (path) =>
    path === '/there'
      ? html('there')
      : path === '/deep/page'
        ? html('<a href="x">x</a><form action="x"></form>')
        : undefined,
  );
  const { page, origin } = away;
  const hasNavigation = await page.evaluate<boolean>("'navigation' in window");
  const sinks = SINKS.filter(([name]) => hasNavigation || !name.startsWith('navigation.'));
  for (const [name, code] of sinks) {
    await page.goto(`${origin}/app/deep/page`);
    // By the clock of the page, so that the way out is not mistaken for an end of the evaluation.
    await page.evaluate(`setTimeout(() => { const target = '/' + 'there'; ${code} })`);
    await page.waitForURL(/\/there\??$/);
    assert.equal(new URL(await page.url()).pathname, '/app/there', name);
  }
  const { requests } = away.backend;
  assert.equal(requests.filter((line) => / \/there\??$/.test(line)).length, sinks.length, requests.join('\n'));
  assert.ok(requests.includes('POST /there'));
  // Without the Navigation API, what scripts set `location` to leaves the mount, and the rescue route leads it back.
  const requested = hasNavigation ? away.requested : away.requested.filter((url) => url !== `${origin}/there`);
  await assertClean({ ...away, requested });
});

const ROUTER = readFileSync(join(projectRoot, 'test', 'browser', 'router.page.js'), 'utf8');
const routed: Answer = (path) =>
  path === '/router.js'
    ? script(ROUTER)
    : path.endsWith('.svg')
      ? undefined
      : html('<div id="root"></div><script type="module" src="/router.js"></script>');

/** What the router shows, and where the address bar says that it is. */
async function state(page: BrowserPage, heading: string): Promise<string> {
  const isShown = `document.querySelector('h1')?.textContent === '${heading}' && location.pathname.startsWith('/app/')`;
  await page.waitForFunction(isShown);
  return new URL(await page.url()).pathname;
}

testInBrowsers(
  'a history-mode router: home, click, reload, back, forward, deep link',
  TIMEOUT_MS,
  async (t, openPage) => {
    const router = await visit(t, openPage, '/app/', routed);
    const { page, origin, backend } = router;
    assert.equal(await state(page, 'home'), '/app/');
    await page.click('a[href$="/about"]');
    assert.equal(await state(page, 'about'), '/app/about');
    await page.click('a[href$="/users/1"]');
    assert.equal(await state(page, 'user 1'), '/app/users/1');
    await page.goBack();
    assert.equal(await state(page, 'about'), '/app/about');
    await page.reload();
    assert.equal(await state(page, 'about'), '/app/about');
    await page.goForward();
    assert.equal(await state(page, 'user 1'), '/app/users/1');
    await page.goto(`${origin}/app/about`);
    assert.equal(await state(page, 'about'), '/app/about');
    await page.goBack();
    assert.equal(await state(page, 'user 1'), '/app/users/1');
    // Relative URLs are those of the true address, and cookies those of the mount.
    assert.ok(backend.requests.includes('GET /users/pixel.svg'), backend.requests.join('\n'));
    assert.equal(await page.evaluate('document.documentElement.dataset.cookie'), 'token=t1');
    assert.equal(await page.evaluate("document.querySelector('base')"), null);
    await assertClean(router);
  },
);

testInBrowsers('spa: off: the same router sees the whole path', TIMEOUT_MS, async (t, openPage) => {
  const router = await visit(t, openPage, '/app/about', routed, { spa: 'off' });
  assert.equal(await state(router.page, 'not found: /app/about'), '/app/about');
  await router.close();
});

testInBrowsers('an application that finds out its prefix is left to it', TIMEOUT_MS, async (t, openPage) => {
  const own = await visit(t, openPage, '/app/', (path) =>
    path === '/app.js'
      ? script('document.body.dataset.base = new URL(".", document.currentScript.src).pathname + location.pathname')
      : html('<body><script src="app.js"></script>'),
  );
  assert.equal(await own.page.evaluate('document.body.dataset.base'), '/app//app/');
  await assertClean(own);
});

const WORKER = `
  fetch('/from-' + name);
  new WebSocket('ws://' + location.host + '/socket-' + name);
`;

testInBrowsers(
  'workers map what they ask for: classic, module, shared, nested scripts',
  TIMEOUT_MS,
  async (t, openPage) => {
    const page = `<script>
    new Worker('/classic' + '.js', { name: 'classic' });
    new Worker('/module' + '.js', { name: 'module', type: 'module' });
    new SharedWorker('/shared' + '.js', { name: 'shared' });
  </script>`;
    const workers = await visit(t, openPage, '/app/', (path) => {
      if (path === '/') return html(page);
      if (path === '/classic.js') return script(`"use strict"; importScripts('/imported' + '.js'); ${WORKER}`);
      if (path === '/module.js') return script(`import { name } from './part.js'; ${WORKER}`);
      if (path === '/part.js') return script('export const name = "module";');
      return path === '/shared.js' ? script(WORKER) : undefined;
    });
    const expected = [
      'GET /imported.js',
      ...['classic', 'module', 'shared'].flatMap((name) => [`GET /from-${name}`, `WS /socket-${name}`]),
    ];
    const { waiting, requests } = workers.backend;
    await waiting.until('the requests of workers', () => expected.every((line) => requests.includes(line)));
    await assertClean(workers);
  },
);

testInBrowsers('a service worker keeps to its mount', TIMEOUT_MS, async (t, openPage) => {
  const service = await visit(t, openPage, '/app/', (path) =>
    path === '/sw.js'
      ? script(
          "addEventListener('install', (event) => event.waitUntil(caches.open('c').then((c) => c.addAll(['/', '/cached']))));",
        )
      : path === '/'
        ? html('x')
        : undefined,
  );
  const scope = await service.page.evaluate(`
    navigator.serviceWorker.register('/sw.js', { scope: '/' }).then(() => navigator.serviceWorker.ready).then(({ scope }) => scope)
  `);
  assert.equal(scope, `${service.origin}/app/`);
  assert.ok(service.backend.requests.includes('GET /cached'));
  await assertClean(service);
});

testInBrowsers(
  'module specifiers from the root, with and without a map of the page',
  TIMEOUT_MS,
  async (t, openPage) => {
    const modules = `<script type="module">import '/a.js'; await import('/b' + '.js'); await import('own');</script>`;
    const own = '<script type="importmap">{"imports":{"own":"/own.js"}}</script>';
    const mapped = await visit(t, openPage, '/app/', (path) =>
      path.endsWith('.js') ? script(`import '/deep.js'`) : html(own + modules),
    );
    const expected = ['/a.js', '/b.js', '/own.js', '/deep.js'].map((path) => `GET ${path}`);
    const { waiting, requests } = mapped.backend;
    await waiting.until('the modules', () => expected.every((line) => requests.includes(line)));
    await assertClean(mapped);
  },
);

testInBrowsers('cookies that scripts set belong to the mount', TIMEOUT_MS, async (t, openPage) => {
  const jar = await visit(t, openPage, '/app/deep/page', () => html('x'));
  await jar.page.evaluate(`
    document.cookie = 'a=1; path=/';
    document.cookie = 'b=2; Path=/deep; SameSite=Lax';
    document.cookie = 'c=3; path=/app/deep';
    cookieStore.set('d', '4');
  `);
  // Whether the Cookie Store API ends paths with a slash depends on the browser.
  const cookies = await jar.cookies();
  assert.deepEqual(cookies.map(({ name, path }) => `${name} ${path.replace(/\/$/, '')}`).sort(), [
    'a /app',
    'b /app/deep',
    'c /app/deep',
    'd /app',
  ]);
  await assertClean(jar);
});

testInBrowsers('a sandboxed frame runs with the shim, and nothing is thrown', TIMEOUT_MS, async (t, openPage) => {
  const frames = await visit(t, openPage, '/app/', (path) =>
    path === '/frame'
      ? html(
          `<script src="/a.js"></script><script>new Image().src = '/from-' + 'frame'; parent.postMessage('ok', '*')</script>`,
        )
      : path === '/a.js'
        ? script('')
        : html('<iframe sandbox="allow-scripts" src="/frame"></iframe>'),
  );
  const { waiting, requests } = frames.backend;
  await waiting.until('the request of the frame', () => requests.includes('GET /from-frame'));
  await assertClean(frames);
});

testInBrowsers('what a notification shows comes from the mount', TIMEOUT_MS, async (t, openPage) => {
  const notifying = await visit(t, openPage, '/app/', () => html('x'));
  // Without permission nothing is shown, but the object says what would be.
  const { icon, isNative } = await notifying.page.evaluate<{ icon: string; isNative: boolean }>(`
    const shown = new Notification('/title', { icon: '/' + 'icon.png' });
    ({ icon: shown.icon, isNative: shown instanceof Notification && Notification.name === 'Notification' })
  `);
  assert.equal(icon, `${notifying.origin}/app/icon.png`);
  assert.equal(isNative, true);
  await assertClean(notifying);
});
