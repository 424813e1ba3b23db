// Acceptance checks 10 to 14: what becomes of the recipe's texts and of the answers to its open questions when they are imported and run.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { IMPORTERS } from '../../src/config/importers/detect.ts';
import type { ForeignLanguage, ImportResult } from '../../src/config/importers/importer.ts';
import { printImport } from '../../src/config/importers/print.ts';
import { ask } from '../kit/ask.ts';
import { skipUnless } from '../kit/debian.ts';
import { FRAMEWORK_APPS } from '../kit/framework-apps.ts';
import { freePort } from '../kit/free-ports.ts';
import { startApache, startLighttpd, writeFiles } from '../kit/front-servers.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import {
  apacheBelowPath,
  apacheWholeHost,
  lighttpdBelowPathByMap,
  lighttpdBelowPathByRewrite,
  lighttpdStaticSplit,
  lighttpdWholeHost,
  PROJECT_FILES,
  type Recipe,
  SITE_FILES,
} from '../kit/recipes.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { readTable } from '../kit/table.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { compareRows, describeAnswer } from './_rows.ts';

const LIMIT = { timeout: 120_000 };

test("check 10: the recipe's lighttpd text with its single quotes is repaired and warned about", () => {
  const printed = lighttpdWholeHost(8080)(80, '/srv').replaceAll('"', "'");
  const { config, diagnostics } = importText('lighttpd', `server.document-root = '/srv'\n${printed}`);
  assert.deepEqual(sitesOf(config)['www.example.com'], { proxy: 'http://127.0.0.1:8080', vhost: 'nevow' });
  assertWarned(diagnostics, /single quotes/, /a dot without backslash/, /there is no guard/);
});

test('check 10: the static split', () => {
  const { config, diagnostics } = importText('lighttpd', lighttpdStaticSplit(8080)(80, '/srv/project'));
  const site = sitesOf(config)['www.example.org'] as Record<string, unknown>;
  assert.deepEqual(site['/'], { proxy: 'http://127.0.0.1:8080', vhost: 'nevow' });
  assert.match(JSON.stringify(site['/static/']), /\/srv\/project\/static/);
  assertWarned(diagnostics, /a dot without backslash/, /there is no guard/);
});

test("check 10: the recipe's Apache text, whose address is a name", () => {
  const { config, diagnostics } = importText(
    'apache',
    '<VirtualHost www.example.com>\nProxyPass / http://localhost:8080/vhost/http/www.example.com/\nServerName www.example.com\n</VirtualHost>\n',
  );
  assert.deepEqual(sitesOf(config)['www.example.com'], { proxy: 'http://localhost:8080', vhost: 'nevow' });
  assertWarned(diagnostics, /is taken for an address/, /there is no guard/);
});

for (const [language, recipe] of [
  ['lighttpd', lighttpdWholeHost],
  ['apache', apacheWholeHost],
] as const) {
  test(
    `check 10: imported from ${language}, the whole host sends and shows what checks 1 and 2 say`,
    LIMIT,
    async (t) => {
      const upstream = await startUpstream(
        t,
        answering(() => okResponse()),
      );
      const recorded = await startImported(t, language, recipe(upstream.port), {});
      const { see } = await startBefore(t, language, recipe, {});
      await compareRows(
        readTable('vhost-path/portico-whole-host.txt', 3),
        async ([target = '', sent = '', seen = '']) => {
          const before = upstream.requests.length;
          await ask(recorded.port, target, { lines: ['Host: www.example.com'] });
          const upstreamTarget = upstream.requests[before]?.target ?? '-';
          return [
            `${target}: ${upstreamTarget} | ${await see('www.example.com', target)}`,
            `${target}: ${sent} | ${seen}`,
          ];
        },
      );
    },
  );

  test(
    `check 10: imported from ${language} with --compat, the whole host is that of the original`,
    LIMIT,
    async (t) => {
      const { see } = await startBefore(t, language, recipe, {}, ['--compat']);
      const table = readTable(`vhost-path/${language}-whole-host.txt`, 4);
      await compareRows(table, async ([target = '', , original = '', ours = '']) => [
        `${target}: ${await see('www.example.com', target)}`,
        `${target}: ${ours === '=' ? original : ours}`,
      ]);
    },
  );
}

test('check 10: imported, the static split serves as check 6 says', LIMIT, async (t) => {
  const { see } = await startBefore(t, 'lighttpd', lighttpdStaticSplit, PROJECT_FILES);
  await compareRows(readTable('vhost-path/lighttpd-static-split.txt', 5), async (row) => {
    const [target = '', , , , expected = ''] = row;
    // The recipe says what `/static` is: a path of the application.
    const imported = target === '/static' ? row[2] : expected;
    return [`${target}: ${withoutIndex(await see('www.example.org', target))}`, `${target}: ${withoutIndex(imported)}`];
  });
});

test('check 3: with --compat, a pattern without a port does not match where the port is odd', LIMIT, async (t) => {
  const { front, see } = await startBefore(t, 'lighttpd', lighttpdWholeHost, {}, ['--compat']);
  assert.equal(await see(`www.example.com:${front.port}`, '/x/'), '404 front');
});

const CAUGHT = `
$HTTP["host"] == "x.y" {
  url.rewrite-once = ( "^/(.*)" => "/vhost/http/%0/$1" )
  proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => 8080 ) ) )
}
`;

for (const compat of [false, true]) {
  test(`check 11: == with %0 is warned about, and exactly that host is served${compat ? ', as compat says' : ''}`, () => {
    const { config, diagnostics } = importText('lighttpd', CAUGHT, compat);
    assertWarned(
      diagnostics,
      /turns this comparison into a pattern because of %, and a dot then matches any character/,
    );
    const vhost = compat ? { dialect: 'nevow', clients: 'pass' } : 'nevow';
    assert.deepEqual(sitesOf(config), {
      'x.y': { proxy: 'http://127.0.0.1:8080', vhost },
      '*': { respond: 404 },
    });
  });
}

const NESTED: Recipe = (port) => (_, folder) =>
  `
$HTTP["host"] == "www.example.net" {
  server.document-root = "${folder}"
  $HTTP["url"] =~ "^/app/" {
    url.rewrite-once = ( "^/(.*)" => "/vhost/http/www.example.net/$1" )
    proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${port} ) ) )
  }
}`;

test(
  'check 12: a condition on the url around rewrite and proxy.server is warned about, and 404 with --compat',
  LIMIT,
  async (t) => {
    const { diagnostics } = importText('lighttpd', NESTED(8080)(80, '/srv'));
    assertWarned(diagnostics, /never matches after the rewrite/);
    const kept = await startBefore(t, 'lighttpd', NESTED, SITE_FILES, ['--compat']);
    assert.equal(await kept.see('www.example.net', '/app/x'), '404 front');
    const meant = await startBefore(t, 'lighttpd', NESTED, SITE_FILES);
    assert.equal(await meant.see('www.example.net', '/app/x'), '302 app -> http://www.example.net/app/x/');
  },
);

for (const [column, language, recipe] of [
  [1, 'lighttpd', lighttpdBelowPathByMap],
  [2, 'lighttpd', lighttpdBelowPathByRewrite],
  [3, 'apache', apacheBelowPath],
] as const) {
  test(`check 13: imported, ${recipe.name} behaves as Portico's own form`, LIMIT, async (t) => {
    const { see } = await startBefore(t, language, recipe, SITE_FILES);
    await compareRows(readTable('vhost-path/below-a-path.txt', 5), async ([target = '', ...seen]) => [
      `${target}: ${withoutIndex(await see('www.example.net', target))}`,
      `${target}: ${withoutIndex(seen[3])}`,
    ]);
  });

  test(`check 13: imported with --compat, ${recipe.name} reproduces its column`, LIMIT, async (t) => {
    const { see } = await startBefore(t, language, recipe, SITE_FILES, ['--compat']);
    await compareRows(readTable('vhost-path/below-a-path.txt', 5), async ([target = '', ...seen]) => [
      `${target}: ${withoutIndex(await see('www.example.net', target))}`,
      `${target}: ${withoutIndex(seen[column - 1])}`,
    ]);
  });
}

const lighttpdWayBack: Recipe = (port) => () =>
  `
$HTTP["host"] == "www.example.com" {
  proxy.server = ( "/app/" => ( ( "host" => "127.0.0.1", "port" => ${port} ) ) )
  proxy.header = (
    "map-urlpath" => ( "/app/" => "/back/" ),
    "map-host-response" => ( "127.0.0.1:${port}" => "www.example.com", "backend.local" => "www.example.com" ),
  )
}`;

const apacheWayBack: Recipe = (port) => (frontPort) =>
  `
<VirtualHost *:${frontPort}>
  ServerName www.example.com
  ProxyPass /app/ http://127.0.0.1:${port}/back/
  ProxyPassReverse /app/ http://127.0.0.1:${port}/back/
  ProxyPassReverseCookieDomain backend.local www.example.com
  ProxyPassReverseCookiePath /back/ /app/
</VirtualHost>`;

for (const [column, language, recipe] of [
  [2, 'lighttpd', lighttpdWayBack],
  [3, 'apache', apacheWayBack],
] as const) {
  const skip = skipUnless(language === 'apache' ? 'apache2' : language);
  test(`check 14: what ${language} makes of what a backend answers`, { ...LIMIT, skip }, async (t) => {
    await compareWayBack(
      t,
      column,
      (config) => (language === 'lighttpd' ? startLighttpd(t, config) : startApache(t, config)),
      recipe,
    );
  });

  for (const flags of [[], ['--compat']]) {
    test(`check 14: imported from ${language} ${flags}, what becomes of what a backend answers`, LIMIT, async (t) => {
      await compareWayBack(t, 4, (config) => startImported(t, language, config, {}, flags), recipe);
    });
  }
}

async function compareWayBack(
  t: TestContext,
  column: number,
  start: (config: ReturnType<Recipe>) => Promise<{ readonly port: number }>,
  recipe: Recipe,
): Promise<void> {
  let line = '';
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('', [line])),
  );
  const place = (text: string) => text.replaceAll('BACKEND/', `127.0.0.1:${upstream.port}/`);
  const front = await start(recipe(upstream.port));
  await compareRows(readTable('vhost-path/way-back.txt', 5), async (row) => {
    const [name = '', value = ''] = row;
    line = `${name}: ${place(value)}`;
    const { headers } = await ask(front.port, '/app/', { lines: ['Host: www.example.com'] });
    const expected = row[column] === '=' ? value : (row[column] ?? '');
    return [`${name}: ${value}: ${headers[name.toLowerCase()]}`, `${name}: ${value}: ${place(expected)}`];
  });
}

interface Before {
  readonly front: Portico;
  see(host: string, target: string): Promise<string>;
}

/** A recipe imported and run before our backend library, and how to ask through both. */
async function startBefore(
  t: TestContext,
  language: ForeignLanguage,
  recipe: Recipe,
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Before> {
  let refused = 0;
  const app = await FRAMEWORK_APPS['node-http']?.({ log: () => refused++, factsPath: '/facts' });
  assert.ok(app !== undefined);
  t.after(() => app.close());
  const front = await startImported(t, language, recipe(app.port), files, flags);
  return {
    front,
    async see(host, target) {
      const handledBefore = app.handled() + refused;
      const answer = await ask(front.port, target, { lines: [`Host: ${host}`] });
      return describeAnswer(answer, app.handled() + refused > handledBefore ? 'app' : 'front');
    },
  };
}

/** `portico run -c` with the text of another server, which gets what an installation says around it. */
async function startImported(
  t: TestContext,
  language: ForeignLanguage,
  recipe: ReturnType<Recipe>,
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Portico> {
  const folder = tempFolder(t);
  writeFiles(folder, { 'default/empty': '', ...files });
  const port = await freePort();
  const around =
    language === 'lighttpd'
      ? `server.bind = "127.0.0.1"\nserver.port = ${port}\nserver.document-root = "${folder}/default"\nindex-file.names = ( "index.html" )\n`
      : `Listen 127.0.0.1:${port}\n`;
  const file = join(folder, language === 'lighttpd' ? 'lighttpd.conf' : 'httpd.conf');
  writeFileSync(file, around + recipe(port, folder));
  return startPortico(t, { args: ['run', '-c', file, ...flags] });
}

function importText(language: ForeignLanguage, text: string, compat = false): ImportResult {
  const result = IMPORTERS[language](text, '/srv/server.conf', () => [], { compat });
  assert.ok(printImport(result, '/srv/server.conf').endsWith('\n'));
  return result;
}

function sitesOf(config: ImportResult['config']): Record<string, unknown> {
  return config['sites'] as Record<string, unknown>;
}

function assertWarned(diagnostics: ImportResult['diagnostics'], ...patterns: readonly RegExp[]): void {
  const warnings = diagnostics.filter(({ severity }) => severity === 'warning').map(({ message }) => message);
  for (const pattern of patterns)
    assert.ok(
      warnings.some((message) => pattern.test(message)),
      `${pattern}\n${warnings.join('\n')}`,
    );
}

/** Folders are redirected to with 301 or 308, by an absolute or a relative Location: that is compared elsewhere. */
function withoutIndex(seen = ''): string {
  return seen.replace(/^30[18] front -> .*/, '30x front');
}
