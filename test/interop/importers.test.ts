// Side by side: each fixture that the real server takes, in the real server and in Portico, the same requests, what clients and backends see.
// A difference is either mended or listed with its reason in importer-differences.txt; a line there that no longer
// stands for a difference fails too.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { FeatureTable } from '../../src/config/feature-table.ts';
import { IMPORTERS } from '../../src/config/importers/detect.ts';
import type { ImportedConfig } from '../../src/config/importers/importer.ts';
import { printImport } from '../../src/config/importers/print.ts';
import { createReadInclude } from '../../src/config/importers/read-include.ts';
import { builtInFeatures } from '../../src/features/index.ts';
import { createFixtureReader, FIXTURE_DIR, type Fixture, fixtureOf, readFixtures } from '../importers/fixtures.ts';
import {
  type Backends,
  PROGRAMS,
  serverEnvironment,
  startServer,
  type WrittenFixture,
  writeFixture,
  writeFolders,
} from '../importers/real-servers.ts';
import { readRecipes } from '../importers/recipes.ts';
import { ask } from '../kit/ask.ts';
import { atEnd } from '../kit/at-end.ts';
import { skipUnless } from '../kit/debian.ts';
import { startPortico } from '../kit/portico.ts';
import { readTable } from '../kit/table.ts';

const features = new Set(new FeatureTable(builtInFeatures).names);
const TIME = { timeout: 300_000 };

interface Request {
  /** As the fixture has it. */
  readonly port: number;
  readonly host: string;
  readonly target: string;
  readonly isSecure: boolean;
}

/** What came of one request, in words that can be compared. */
interface Seen {
  readonly status: string;
  readonly location: string;
  /** Who answered, with what: the file, or the target and Host that the backend got. */
  readonly body: string;
  readonly headers: string;
}

interface Difference {
  readonly fixture: string;
  readonly request: string;
  readonly aspect: keyof Seen;
  readonly theirs: string;
  readonly ours: string;
}

interface KnownDifference {
  readonly language: string;
  readonly fixture: RegExp;
  readonly request: RegExp;
  readonly aspect: RegExp;
  readonly theirs: RegExp;
  readonly ours: RegExp;
  readonly line: string;
  isUsed: boolean;
}

const known: KnownDifference[] = readTable('interop/importer-differences.txt', 7).map((cells) => {
  const [language = '', fixture = '', request = '', aspect = '', theirs = '', ours = ''] = cells;
  const pattern = (cell: string) => new RegExp(`^(?:${cell})$`, 's');
  return {
    language,
    fixture: pattern(fixture),
    request: pattern(request),
    aspect: pattern(aspect),
    theirs: pattern(theirs),
    ours: pattern(ours),
    line: cells.join(' | '),
    isUsed: false,
  };
});

for (const language of ['lighttpd', 'apache', 'nginx'] as const) {
  const skip = skipUnless(PROGRAMS[language]);
  const runnable = readFixtures(language).filter(({ options }) => !options.has('invalid'));
  // The recipes say the same in our language beside them, which test/importers/recipes.test.ts compares.
  const recipes = readRecipes().filter((recipe) => recipe.language === language);
  const fromRecipes = recipes.map(({ name, text }) => fixtureOf(language, `recipe ${name}`, text));
  for (const fixture of [...runnable, ...fromRecipes]) {
    test(`${language} ${fixture.name} behaves like the original`, { ...TIME, skip }, async (t) => {
      const differences = await compare(t, fixture);
      const unknown = differences.filter((difference) => !explains(language, difference));
      const lines = unknown.map(({ request, aspect, theirs, ours }) => `${request} | ${aspect} | ${theirs} | ${ours}`);
      assert.deepEqual(lines, [], 'request | aspect | the original | Portico');
    });
  }

  test(`every listed difference to ${language} is still one`, { skip }, () => {
    const unused = known.filter((row) => row.language === language && !row.isUsed).map(({ line }) => line);
    assert.deepEqual(unused, []);
  });
}

function explains(language: string, difference: Difference): boolean {
  const fits = known.filter(
    (row) =>
      row.language === language &&
      row.fixture.test(difference.fixture) &&
      row.request.test(difference.request) &&
      row.aspect.test(difference.aspect) &&
      row.theirs.test(difference.theirs) &&
      row.ours.test(difference.ours),
  );
  for (const row of fits) row.isUsed = true;
  return fits.length > 0;
}

async function compare(t: TestContext, fixture: Fixture): Promise<Difference[]> {
  const backends = await startBackends(t);
  const theirs = await writeFixture(t, fixture, backends);
  const ours = await writeFixture(t, fixture, backends);
  const config = importFixture(fixture);
  for (const { folder } of [theirs, ours]) writeFolders(folder, fixture, rootsIn(config));
  await startServer(t, theirs);
  await startPortico(t, {
    args: runArguments(ours),
    listeners: [config['listen']].flat().length,
    env: serverEnvironment(ours.folder),
  });
  const differences: Difference[] = [];
  for (const { port, host, target, isSecure } of requestsFor(config)) {
    const [one, other] = await Promise.all([
      see({ port, host, target, isSecure }, theirs, backends),
      see({ port, host, target, isSecure }, ours, backends),
    ]);
    for (const aspect of ['status', 'location', 'body', 'headers'] as const) {
      if (one[aspect] === other[aspect]) continue;
      const request = `${host}${port === 80 ? '' : `:${port}`} ${target}`;
      differences.push({ fixture: fixture.name, request, aspect, theirs: one[aspect], ours: other[aspect] });
    }
  }
  return differences;
}

/** The file itself; where it has errors `run` refuses it, and what `import` prints is run. */
function runArguments({ fixture, file, folder }: WrittenFixture): string[] {
  const compat = fixture.options.has('compat');
  const text = readFileSync(file, 'utf8');
  const result = IMPORTERS[fixture.language](text, file, createReadInclude(), { compat, features });
  if (result.diagnostics.every(({ severity }) => severity !== 'error'))
    return ['run', '-c', file, ...(compat ? ['--compat'] : [])];
  const imported = join(folder, 'imported.yaml');
  writeFileSync(imported, printImport(result, file));
  return ['run', '-c', imported];
}

function importFixture(fixture: Fixture): ImportedConfig {
  const text = [...fixture.files.values()][0] ?? '';
  const compat = fixture.options.has('compat');
  return IMPORTERS[fixture.language](text, fixture.main, createFixtureReader(fixture), { compat, features }).config;
}

/** The folders of `files`, below that of the fixture: they must exist. */
function rootsIn(value: unknown): string[] {
  if (typeof value === 'string')
    return value.startsWith(`${FIXTURE_DIR}/`) ? [value.slice(FIXTURE_DIR.length + 1)] : [];
  const inner = Object.values(Object(value) as object).flatMap(rootsIn);
  return inner.filter((root) => !/\.\w{2,4}$/.test(root));
}

/** Every name with every path that the import mentions, and what clients try around them. */
function requestsFor(config: ImportedConfig): Request[] {
  const listen = new Map(
    [config['listen']].flat().map((address) => {
      const port = Number(/(\d+)$/.exec(String(address))?.[1] ?? 80);
      return [port, /^https:/.test(String(address)) || (port === 443 && !/^http:/.test(String(address)))] as const;
    }),
  );
  const sites = Object.entries(config['sites'] as Record<string, unknown>);
  const hosts = new Set(
    sites.flatMap(([key]) =>
      key
        .split(', ')
        .map((name) =>
          name.replace(/:\d+$/, '').replace(/^\*\.?/, (star) => (star === '*' ? 'unknown.invalid' : 'some.')),
        ),
    ),
  );
  const paths = new Set(['/']);
  for (const [, site] of sites)
    for (const key of Object.keys(Object(site) as object)) if (key.startsWith('/')) paths.add(key);
  const targets = new Set<string>();
  for (const path of paths) {
    targets.add(path);
    targets.add(`${path}?a=b`);
    if (path.endsWith('/'))
      for (const rest of ['hello.txt', 'missing', 'sub/hello.txt?x=/y?z']) targets.add(path + rest);
    if (path !== '/') targets.add(path.replace(/\/$/, '')).add(`${path.replace(/\/$/, '')}rel`);
  }
  for (const more of ['/vhost/http/evil.example/x/', '/style.css', '//hello.txt', '/a%20b', '/.hidden'])
    targets.add(more);
  return [...listen].flatMap(([port, isSecure]) =>
    [...hosts].flatMap((host) => [...targets].map((target) => ({ port, host, target, isSecure }))),
  );
}

async function see(request: Request, { ports, fixture }: WrittenFixture, backends: Backends): Promise<Seen> {
  const needsPort = ports.size > 1 || fixture.options.has('with-port');
  const { host, target, isSecure } = request;
  const port = ports.get(request.port) ?? request.port;
  const authority = needsPort ? `${host}:${port}` : host;
  // As browsers ask for a document: what answers for missing files only answers to them.
  const lines = [`Host: ${authority}`, 'Accept: text/html,*/*;q=0.8'];
  const tls = isSecure ? { tls: { servername: host } } : {};
  const answer = await ask(port, target, { lines, ...tls }).catch((error: unknown) => String(error));
  if (typeof answer === 'string')
    return { status: /the connection ended/.test(answer) ? 'none' : answer, location: '', body: '', headers: '' };
  const plain = (text: string) => {
    let result = text.replaceAll(`:${port}`, '');
    for (const [name, real] of ports) result = result.replaceAll(`:${real}`, `:${name}`);
    for (const [name, real] of backends) result = result.replaceAll(`:${real}`, `:${name}`);
    return result;
  };
  const isOwnPage = answer.status >= 300;
  const freshness = answer.status < 300 ? (answer.headers['cache-control'] ?? '') : '';
  const shown = ['x-frame-options', 'x-added', 'x-outer', 'x-percent'].flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  return {
    status: String(answer.status),
    location: plain(printLocation(answer.headers['location'], authority, request)).replace(`http://${host}/`, '/'),
    body: isOwnPage && !answer.body.startsWith('backend') ? '' : plain(answer.body.trim()),
    headers: [...shown, ...(freshness === '' ? [] : [`cache-control: ${freshness}`])].join('; '),
  };
}

/** RFC 9110 §10.2.2: a relative Location stands for what it resolves to. Of one on this server, path and query. */
function printLocation(location: string | undefined, authority: string, { target, isSecure }: Request): string {
  if (location === undefined) return '';
  const base = `${isSecure ? 'https' : 'http'}://${authority}`;
  const { href } = new URL(location, `${base}${target.replace(/^\/\/+/, '/')}`);
  return href.startsWith(`${base}/`) ? href.slice(base.length) : href;
}

/** Backends that answer with what they were asked. `PORT` is that of the fixtures. */
async function startBackends(t: TestContext): Promise<Map<number, number>> {
  const ports = new Map<number, number>();
  for (const name of [8081, 8082]) {
    const server = createServer((request, response) => answerAsked(name, request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.set(name, address.port);
  }
  return ports;
}

function answerAsked(name: number, request: IncomingMessage, response: ServerResponse): void {
  const { url = '', headers } = request;
  response.setHeader('Content-Type', 'text/plain');
  response.end(`backend ${name}: ${url} Host ${headers.host ?? ''} ${headers['x-name'] ?? ''}`.trim());
}
