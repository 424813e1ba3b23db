// Check 21: real lighttpd and Apache with the recipe's configurations in front of our backend library, row by row of the tables.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ask } from '../kit/ask.ts';
import { skipUnless } from '../kit/debian.ts';
import { FRAMEWORK_APPS, type RunningApp } from '../kit/framework-apps.ts';
import { type FrontConfig, type FrontServer, startApache, startLighttpd, writeFiles } from '../kit/front-servers.ts';
import {
  apacheBelowPath,
  apacheHardened,
  apacheHeadersOnly,
  apacheWholeHost,
  lighttpdBelowPathByMap,
  lighttpdBelowPathByRewrite,
  lighttpdHardened,
  lighttpdHeadersOnly,
  lighttpdStaticSplit,
  lighttpdWholeHost,
  PROJECT_FILES,
  type Recipe,
  SITE_FILES,
} from '../kit/recipes.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { readTable } from '../kit/table.ts';
import { compareRows, compareUpstreamHeader, describeAnswer } from './_rows.ts';

const LIMIT = { timeout: 120_000 };
const skip = skipUnless('lighttpd', 'apache2');

const TABLES = [
  {
    server: 'lighttpd',
    recipe: lighttpdWholeHost,
    table: 'lighttpd-whole-host.txt',
    columns: 4,
    host: 'www.example.com',
  },
  {
    server: 'lighttpd',
    recipe: lighttpdStaticSplit,
    table: 'lighttpd-static-split.txt',
    columns: 5,
    host: 'www.example.org',
  },
  { server: 'apache', recipe: apacheWholeHost, table: 'apache-whole-host.txt', columns: 4, host: 'www.example.com' },
] as const;

/** An application behind a front, and how to ask through both. */
interface Pair {
  readonly front: FrontServer;
  /** Asks for a target of a host and says what a client sees, in the words of the tables. */
  see(host: string, target: string): Promise<string>;
}

for (const framework of ['node-http', 'express 5', 'fastify']) {
  describe(`check 21: ${framework}`, { timeout: 600_000, skip }, () => {
    for (const { server, recipe, table, columns, host } of TABLES) {
      test(`behind ${server} as in ${table}`, LIMIT, async (t) => {
        const { front, see } = await startPair(t, framework, server, recipe);
        writeFiles(front.folder, PROJECT_FILES);
        await compareRows(
          readTable(`vhost-path/${table}`, columns),
          async ([target = '', , original = '', ours = '']) => {
            return [`${target}: ${await see(host, target)}`, `${target}: ${ours === '=' ? original : ours}`];
          },
        );
      });
    }

    const columns = [
      ['lighttpd', lighttpdBelowPathByMap],
      ['lighttpd', lighttpdBelowPathByRewrite],
      ['apache', apacheBelowPath],
    ] as const;
    for (const [column, [server, recipe]] of columns.entries()) {
      test(`below a path, behind ${server}: ${recipe.name}`, LIMIT, async (t) => {
        const { front, see } = await startPair(t, framework, server, recipe);
        writeFiles(front.folder, SITE_FILES);
        await compareRows(readTable('vhost-path/below-a-path.txt', 5), async ([target = '', ...seen]) => {
          return [`${target}: ${await see('www.example.net', target)}`, `${target}: ${seen[column]}`];
        });
      });
    }
  });
}

for (const [column, server, recipe] of [
  [1, 'lighttpd', lighttpdWholeHost],
  [2, 'apache', apacheWholeHost],
] as const) {
  test(`the Host header behind ${server}`, { ...LIMIT, skip }, async (t) => {
    const { front, see } = await startPair(t, 'node-http', server, recipe);
    await compareRows(readTable('vhost-path/host-header.txt', 3), async (row) => {
      const [lines = '', expected = ''] = [row[0], row[column]];
      return [`${lines}: ${await see(lines.replace('PORT', String(front.port)), '/a/')}`, `${lines}: ${expected}`];
    });
  });
}

for (const { server, recipe, table, columns, host } of TABLES) {
  test(`what ${server} sends upstream is as in ${table}`, { ...LIMIT, skip }, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => okResponse()),
    );
    const front = await startFront(t, server, recipe(upstream.port));
    await compareRows(readTable(`vhost-path/${table}`, columns), async ([target = '', expected]) => {
      const countBefore = upstream.requests.length;
      await ask(front.port, target, { lines: [`Host: ${host}`] });
      return [`${target}: ${upstream.requests[countBefore]?.target ?? '-'}`, `${target}: ${expected}`];
    });
  });
}

for (const [column, server, recipe] of [
  [2, 'lighttpd', lighttpdWholeHost],
  [3, 'apache', apacheWholeHost],
] as const) {
  test(`headers that ${server} sends upstream`, { ...LIMIT, skip }, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => okResponse()),
    );
    const front = await startFront(t, server, recipe(upstream.port));
    await compareRows(readTable('vhost-path/upstream-headers.txt', 7), (row) =>
      compareUpstreamHeader(front.port, upstream, row, column),
    );
  });
}

for (const [server, recipe] of [
  ['lighttpd', lighttpdHardened],
  ['apache', apacheHardened],
] as const) {
  test(`the hardened configuration of the manual, ${server}`, { ...LIMIT, skip }, async (t) => {
    const { see } = await startPair(t, 'node-http', server, recipe);
    const rows = [
      ['/', '200 app http://www.example.com/'],
      ['/a/b?x=1', '302 app -> http://www.example.com/a/b/?x=1'],
      ['/vhostess/', '200 app http://www.example.com/vhostess/'],
      ...['/vhost', '/vhost/http/h/', '/%76host/http/h/', '//vhost/http/h/', '/a/../vhost/http/h/'].map((form) => [
        form,
        '403 front',
      ]),
    ];
    await compareRows(rows, async ([target = '', expected = '']) => [
      `${target}: ${await see('www.example.com', target)}`,
      `${target}: ${expected}`,
    ]);
  });
}

for (const [server, recipe, headers, result] of [
  ['lighttpd', lighttpdHeadersOnly, ['x-forwarded-proto', 'x-forwarded-host'], 'http://www.example.com/a/'],
  ['apache', apacheHeadersOnly, ['x-forwarded-host'], 'http://www.example.com/a/'],
  ['apache', apacheHeadersOnly, 'none', 'http://127.0.0.1:BACKEND/a/'],
] as const) {
  test(`headers instead of a form, believed from ${server}: ${headers}`, { ...LIMIT, skip }, async (t) => {
    const app = await FRAMEWORK_APPS['express 5']?.({ log: () => {}, headers, factsPath: '/facts' });
    assert.ok(app !== undefined);
    t.after(() => app.close());
    const front = await startFront(t, server, recipe(app.port));
    const spoof = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https', 'Forwarded: host=evil.example'];
    const answer = await ask(front.port, '/a/', { lines: ['Host: www.example.com', ...spoof] });
    assert.equal(answer.body, result.replace('BACKEND', String(app.port)));
  });
}

async function startPair(
  t: TestContext,
  framework: string,
  server: 'lighttpd' | 'apache',
  recipe: Recipe,
): Promise<Pair> {
  let refused = 0;
  const start = FRAMEWORK_APPS[framework];
  assert.ok(start !== undefined);
  const app: RunningApp = await start({ log: () => refused++, factsPath: '/facts' });
  t.after(() => app.close());
  const front = await startFront(t, server, recipe(app.port));
  return {
    front,
    async see(host, target) {
      const handledBefore = app.handled() + refused;
      // "-" stands for no Host line at all, "," divides several.
      const lines = host === '-' ? [] : host.split(',').map((one) => `Host: ${one}`);
      const answer = await ask(front.port, target, { lines });
      return describeAnswer(answer, app.handled() + refused > handledBefore ? 'app' : 'front');
    },
  };
}

function startFront(t: TestContext, server: 'lighttpd' | 'apache', config: FrontConfig): Promise<FrontServer> {
  return server === 'lighttpd' ? startLighttpd(t, config) : startApache(t, config);
}
