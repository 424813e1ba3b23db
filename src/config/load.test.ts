// loadConfig: which file is taken, what is said about files that cannot be, and that scripts are read anew.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { z } from 'zod';
import { FeatureTable } from './feature-table.ts';
import { DEFAULT_FILES, loadConfig, loadValue } from './load.ts';
import type { Resolution } from './resolve.ts';

const features = new FeatureTable([
  { name: 'files', role: 'serve', shorthand: 'root', options: z.strictObject({ root: z.string() }) },
]);

test('loadConfig takes the first of the default files that exists', { timeout: 120_000 }, async (t) => {
  const cwd = folder(t);
  for (const name of DEFAULT_FILES.toReversed()) {
    const isScript = /\.m?[jt]s$/.test(name);
    const document = `{ "sites": { "${name}": "./x" } }`;
    writeFileSync(join(cwd, name), isScript ? `export default ${document};` : document);
    const resolution = await loadConfig({ cwd, features, environment: {} });
    assert.equal(siteOf(resolution), name);
  }
});

test('loadConfig names what it looked for where there is nothing', async (t) => {
  const [message = ''] = messagesOf(await loadConfig({ cwd: folder(t), features, environment: {} }));
  assert.match(message, /^no configuration in .*: looked for portico\.config\.ts, .*portico\.json$/);
});

test('loadConfig explains files that cannot be read', async (t) => {
  const cwd = folder(t, { 'x.toml': '', 'inner/x.yaml': '' });
  const load = async (file: string) => messagesOf(await loadConfig({ cwd, file, features, environment: {} }));
  assert.deepEqual(await load('nope.yaml'), ['there is no such file']);
  assert.deepEqual(await load('inner'), ['this is a folder, expected a file']);
  assert.deepEqual(await load('x.toml'), [
    'expected a file that ends in .yaml, .yml, .json, .ts, .mts, .js or .mjs, or a configuration of lighttpd, Apache or nginx',
  ]);
});

test('loadConfig resolves paths from the folder of the document, and ignores a byte order mark', async (t) => {
  const cwd = folder(t, { 'inner/x.json': '\ufeff{ "storage": "s", "sites": { "*": "./x" } }' });
  const resolution = await loadConfig({ cwd, file: 'inner/x.json', features, environment: {} });
  assert.ok(resolution.isValid);
  assert.equal(resolution.config.baseDir, join(cwd, 'inner'));
  assert.equal(resolution.config.storage.dir, join(cwd, 'inner', 's'));
});

test('loadConfig lets the event loop turn while it resolves a large document', { timeout: 120_000 }, async (t) => {
  const sites = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`s${index}.example`, './x']));
  const cwd = folder(t, { 'portico.json': JSON.stringify({ sites }) });
  let turn = 0;
  let isLoading = true;
  const count = () => {
    turn++;
    if (isLoading) setImmediate(count);
  };
  setImmediate(count);
  const turnsOfChecks = new Set<number>();
  const root = z.string().refine(() => turnsOfChecks.add(turn));
  const watched = new FeatureTable([
    { name: 'files', role: 'serve', shorthand: 'root', options: z.strictObject({ root }) },
  ]);
  const { isValid } = await loadConfig({ cwd, file: 'portico.json', features: watched, environment: {} });
  isLoading = false;
  assert.ok(isValid);
  assert.ok(turnsOfChecks.size > 1, 'all options were checked in one turn');
});

test('loadConfig reads a script and what it imports anew each time', { timeout: 120_000 }, async (t) => {
  const cwd = folder(t, {
    'portico.config.ts':
      "import { name } from './parts/name.ts';\nimport { tail } from './parts/tail.mjs';\nexport default { sites: { [name + tail]: './x' } };",
    'parts/tail.mjs': "export const tail = '.example';",
  });
  for (const name of ['one', 'two', 'three']) {
    writeFileSync(join(cwd, 'parts/name.ts'), `export const name: string = '${name}';`);
    assert.equal(siteOf(await loadConfig({ cwd, features, environment: {} })), `${name}.example`);
  }
});

test('loadConfig gives the place of a failure in a module that a script imports to the script', async (t) => {
  const cwd = folder(t, {
    'portico.config.ts': "import './inner.ts';\nexport default {};",
    'inner.ts': "const x: string = 'boom';\nthrow new Error(x);",
  });
  const resolution = await loadConfig({ cwd, features, environment: {} });
  assert.deepEqual(messagesOf(resolution), ['the script failed while it ran: boom']);
});

test('loadConfig freezes the configuration, but not what a script hands in', { timeout: 120_000 }, async (t) => {
  const any = new FeatureTable([{ name: 'handler', role: 'serve', options: z.any() }]);
  const cwd = folder(t, {
    'portico.config.mjs': 'class Own { n = 0 }\nexport default { sites: { a: { handler: new Own() } } };',
  });
  const resolution = await loadConfig({ cwd, features: any, environment: {} });
  assert.ok(resolution.isValid);
  const { sites } = resolution.config;
  assert.ok(Object.isFrozen(sites) && Object.isFrozen(sites[0]?.mounts[0]?.serve));
  assert.ok(!Object.isFrozen(sites[0]?.mounts[0]?.serve.options));
});

test('loadConfig prints the same diagnostics as data', async (t) => {
  const cwd = folder(t, { 'portico.yaml': 'sites:\n  a.example: { fils: ./x }\n' });
  const resolution = await loadConfig({ cwd, features, environment: {} });
  assert.deepEqual(resolution, {
    isValid: false,
    diagnostics: [
      {
        file: join(cwd, 'portico.yaml'),
        line: 2,
        column: 16,
        length: 4,
        path: ['sites', 'a.example', 'fils'],
        message: 'unknown key "fils"',
        suggestion: 'did you mean "files"?',
        excerpt: '  a.example: { fils: ./x }',
      },
    ],
  });
});

test('loadValue resolves plain data from the folder it is given, without places and admin socket', () => {
  const resolution = loadValue({ sites: { '*': './x' } }, { cwd: '/srv', features, environment: {} });
  assert.ok(resolution.isValid);
  const { file, baseDir, sites, admin } = resolution.config;
  assert.deepEqual([file, baseDir, sites[0]?.source, admin.socketPath], [undefined, '/srv', undefined, undefined]);
});

test('loadConfig bounds a value without end that a script makes', { timeout: 120_000 }, async (t) => {
  const cwd = folder(t, {
    'portico.config.mjs': 'const config = { sites: {} };\nconfig.sites.a = config;\nexport default config;',
  });
  const message = messagesOf(await loadConfig({ cwd, features, environment: {} })).join();
  assert.match(message, /more than 64 levels/);
});

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'portico-load-'));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'parts'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

function siteOf(resolution: Resolution): string | undefined {
  assert.ok(resolution.isValid, JSON.stringify(resolution));
  return resolution.config.sites[0]?.key;
}

function messagesOf(resolution: Resolution): string[] {
  return resolution.isValid ? [] : resolution.diagnostics.map(({ message }) => message);
}
