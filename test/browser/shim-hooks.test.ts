// Every API that takes a URL, with URLs of eight shapes, under six policies, in a real browser: who was asked for what.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startInProcess } from '../kit/in-process.ts';
import { projectRoot } from '../kit/project-root.ts';
import { type Application, startApplication } from './_application.ts';
import { testInBrowsers } from './_in-browsers.ts';

const TIMEOUT_MS = 300_000;
const SCRIPT = readFileSync(join(projectRoot, 'test', 'browser', 'hooks.page.js'), 'utf8');
const HASH = `sha256-${createHash('sha256').update(SCRIPT).digest('base64')}`;

/** Media wait for everything else in a busy browser. */
const LIMIT_MS = 60_000;

interface Run {
  readonly tried: readonly string[];
  readonly thrown: readonly string[];
}

interface Policy {
  readonly name: string;
  readonly header?: string;
  /** Attributes of the page's own script. */
  readonly attributes?: string;
  readonly trustedTypes?: boolean;
  /** Whether scripts can be added that have no nonce. */
  readonly runsScripts: boolean;
}

const POLICIES: readonly Policy[] = [
  { name: 'no policy', runsScripts: true },
  { name: "'self'", header: "script-src 'self'", runsScripts: true },
  {
    name: 'a nonce',
    header: "script-src 'nonce-n1'; worker-src 'self'",
    attributes: 'nonce=n1',
    runsScripts: false,
  },
  {
    name: 'a hash',
    header: `script-src '${HASH}'; worker-src 'self'`,
    attributes: `integrity="${HASH}"`,
    runsScripts: false,
  },
  {
    name: "'strict-dynamic'",
    header: "script-src 'nonce-n1' 'strict-dynamic'; worker-src 'self'",
    attributes: 'nonce=n1',
    runsScripts: true,
  },
  {
    name: 'Trusted Types',
    header: "require-trusted-types-for 'script'; trusted-types page; script-src 'self'",
    trustedTypes: true,
    runsScripts: true,
  },
];

for (const policy of POLICIES) {
  testInBrowsers(`every API with every shape of URL, under ${policy.name}`, TIMEOUT_MS, async (t, openPage) => {
    const { header, attributes = '', trustedTypes = false, runsScripts } = policy;
    const html = `<!DOCTYPE html><title>x</title><body><script src="/hooks.js" ${attributes}></script>`;
    const headers = header === undefined ? {} : { 'Content-Security-Policy': header };
    const backend = await startApplication(t, (path) => {
      if (path === '/page') return { type: 'text/html', body: html, headers };
      return path === '/hooks.js' ? { type: 'text/javascript', body: SCRIPT } : undefined;
    });
    const foreign = await startApplication(t, () => undefined);
    const portico = await startInProcess(t, {
      listen: '127.0.0.1:0',
      sites: { '*': { '/app/': { proxy: `http://127.0.0.1:${backend.port}`, log: 'off' } } },
    });
    const origin = `http://127.0.0.1:${portico.port()}`;

    const { page, requested, errors, close } = await openPage();
    await page.goto(`${origin}/app/page`);
    const settings = JSON.stringify({ backendPort: backend.port, foreignPort: foreign.port, runsScripts });
    if (trustedTypes && !(await page.evaluate<boolean>("'trustedTypes' in window"))) {
      t.skip('this release of the browser has no Trusted Types');
      await close();
      return;
    }
    if (trustedTypes) await page.evaluate('useTrustedTypes()');
    let uses = 0;
    const hooks = await page.evaluate<string[]>('hooks');
    for (const hook of hooks) {
      const { tried, thrown } = await page.evaluate<Run>(`run(${JSON.stringify(hook)}, ${settings})`);
      assert.deepEqual(thrown, []);
      uses += tried.length;
      const isSeen = ({ requests }: Application, shape: string) =>
        requests.some((line) =>
          line.includes(`/x?hook=${encodeURIComponent(hook)}&shape=${encodeURIComponent(shape)}`),
        );
      const own = tried.filter((shape) => shape !== 'foreign' && shape !== 'data');
      await backend.waiting.until(
        `${hook} with ${own.join(', ')}`,
        () => own.every((shape) => isSeen(backend, shape)),
        LIMIT_MS,
      );
      if (tried.includes('foreign'))
        await foreign.waiting.until(`${hook} with a foreign URL`, () => isSeen(foreign, 'foreign'), LIMIT_MS);
    }
    const outside = requested.filter((url) => /^(?:http|ws)/.test(url) && !isAt(url, `${origin}/app/`));
    assert.deepEqual(
      outside.filter((url) => !(url.includes('shape=foreign') && isAt(url, `http://127.0.0.1:${foreign.port}/x`))),
      [],
      'what was asked for elsewhere',
    );
    const strays = foreign.requests.filter((line) => !/shape=foreign| \/favicon\.ico$/.test(line));
    assert.deepEqual(strays, [], 'what another server was asked for');
    // What is served is no font, of which Firefox complains.
    assert.deepEqual(
      errors.filter((error) => !error.startsWith('downloadable font: ')),
      [],
    );
    t.diagnostic(`${uses} uses of ${hooks.length} APIs`);
    await close();
  });
}

function isAt(url: string, base: string): boolean {
  return url.replace(/^ws/, 'http').startsWith(base);
}
