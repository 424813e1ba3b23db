// `portico doctor` at a deliberately broken little application for each finding: found, named with its setting, mended by it.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommandLine } from '../../src/cli/main.ts';
import type { DoctorReport } from '../../src/doctor/examine.ts';
import type { Finding, FindingKind } from '../../src/doctor/finding.ts';
import { TestAuthority } from '../kit/certificates.ts';
import { skipUnless } from '../kit/debian.ts';
import { startInProcess } from '../kit/in-process.ts';
import type { ReadRequest } from '../kit/message-reader.ts';
import { startPortico } from '../kit/portico.ts';
import { answering, closedPort, okResponse, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };
const IN_BROWSER = { ...LIMIT, skip: skipUnless('chromium') };
const HTML = ['Content-Type: text/html'];
const PLAIN = ['Content-Type: text/plain'];

/** An application: what it answers, as bytes. */
type Answer = (asked: ReadRequest, origin: string) => string;

/** One thing that is wrong, and what mends it. */
interface Case {
  readonly answer: Answer;
  /** Keys of the mount besides `proxy`. */
  readonly broken?: object;
  readonly kind: FindingKind;
  readonly subject: RegExp;
  readonly key: string | undefined;
  /** Keys of the mount after which nothing is found. Undefined: no setting of ours helps. */
  readonly mended?: object;
  readonly args?: readonly string[];
}

/** A page at `/`, and what `more` has. */
function app(page: (origin: string) => string, more: Readonly<Record<string, string>> = {}): Answer {
  return ({ target }, origin) => {
    if (target === '/') return okResponse(page(origin), HTML);
    return more[target] ?? okResponse('no', PLAIN, 'HTTP/1.1 404 Not Found');
  };
}

const fine = okResponse('fine', PLAIN);
const ALIAS = 'http://backend.internal:9999';

const CASES: Readonly<Record<string, Case>> = {
  'an address of the backend in a page': {
    answer: app((origin) => `<p>${origin}/x`),
    broken: { rewrite: 'headers' },
    kind: 'leak',
    subject: /^127\.0\.0\.1:\d+ in the body \(text\/html\)$/,
    key: 'rewrite',
    mended: {},
  },
  'an address of the backend in a header': {
    answer: ({ target }, origin) =>
      target === '/'
        ? okResponse('', [`Location: ${origin}/y`], 'HTTP/1.1 302 Found')
        : okResponse('fine', [...PLAIN, `Content-Location: ${origin}/y`]),
    broken: { rewrite: 'off' },
    kind: 'leak',
    subject: /^127\.0\.0\.1:\d+ in location$/,
    key: 'rewrite',
    mended: { rewrite: 'headers' },
  },
  'an address of the backend in a type that is passed on': {
    answer: (_asked, origin) => okResponse(`see ${origin}/x`, PLAIN),
    kind: 'leak',
    subject: /in the body \(text\/plain\)$/,
    key: 'rewrite.types',
    mended: { rewrite: { types: { 'text/plain': 'text' } } },
  },
  'a name of the backend that the mount does not know': {
    answer: app(() => `<a href="${ALIAS}/x">`, { '/x': fine }),
    kind: 'leak',
    subject: /^backend\.internal:9999 in the body/,
    key: 'rewrite.also',
    mended: { rewrite: { also: [ALIAS] } },
    args: ['--backend', ALIAS],
  },
  'an asset that is not there': {
    answer: app(() => '<style>a { background: url("img/no.png") }</style>'),
    kind: 'not-found',
    subject: /\/app\/img\/no\.png$/,
    key: 'proxy',
  },
  'a prefix that stands twice': {
    answer: app(() => '<a href="/app/x">', { '/x': fine }),
    broken: { rewrite: { prefix: 'add' } },
    kind: 'not-found',
    subject: /\/app\/app\/x$/,
    key: 'rewrite.prefix',
    mended: { rewrite: { prefix: 'keep' } },
  },
  'a link out of the mount': {
    answer: app(() => '<a href="/x">', { '/x': fine }),
    broken: { rewrite: { prefix: 'keep', shim: 'off' } },
    kind: 'link-out',
    subject: /:\d+\/x$/,
    key: 'rewrite.prefix',
    mended: { rewrite: { prefix: 'auto' } },
  },
  'a redirect out of the mount': {
    answer: ({ target }) => (target === '/' ? okResponse('', ['Location: /x'], 'HTTP/1.1 302 Found') : fine),
    broken: { rewrite: 'off' },
    kind: 'link-out',
    subject: /:\d+\/x$/,
    key: 'rewrite.prefix',
    mended: {},
  },
  'a redirect to where it came from': {
    answer: ({ headers }, origin) =>
      `http://${headers.get('host')}` === origin
        ? fine
        : okResponse('', [`Location: ${origin}/`], 'HTTP/1.1 301 Moved Permanently'),
    kind: 'redirect-loop',
    subject: /\/app\/$/,
    key: 'host',
    mended: { host: 'upstream' },
  },
  'a name that the application refuses': {
    answer: ({ headers }, origin) =>
      `http://${headers.get('host')}` === origin ? fine : okResponse('who?', PLAIN, 'HTTP/1.1 421 Misdirected Request'),
    kind: 'refused',
    subject: /\/app\/$/,
    key: 'host',
    mended: { host: 'upstream' },
  },
  'an application that fails': {
    answer: () => okResponse('oh', PLAIN, 'HTTP/1.1 500 Internal Server Error'),
    kind: 'server-error',
    subject: /\/app\/$/,
    key: undefined,
  },
  'a cookie for the whole origin': {
    answer: () => okResponse('fine', [...PLAIN, 'Set-Cookie: sid=1; Path=/']),
    broken: { rewrite: 'off' },
    kind: 'cookie-path',
    subject: /^sid$/,
    key: 'rewrite',
    mended: { rewrite: 'headers' },
  },
  'a cookie that the mount never sees again': {
    answer: () => okResponse('fine', [...PLAIN, 'Set-Cookie: sid=1; Path=/admin']),
    broken: { rewrite: 'off' },
    kind: 'cookie-path',
    subject: /^sid$/,
    key: 'rewrite',
    mended: { rewrite: 'headers' },
  },
  'a cookie for the domain of the backend': {
    answer: () => okResponse('fine', [...PLAIN, 'Set-Cookie: sid=1; Domain=backend.internal']),
    kind: 'cookie-domain',
    subject: /^sid$/,
    key: 'rewrite.also',
    mended: { rewrite: { also: ['http://backend.internal'] } },
  },
};

for (const [name, one] of Object.entries(CASES)) {
  test(`doctor finds ${name}`, LIMIT, async (t) => {
    const examine = await startExamination(t, one.answer);
    await proveCase(one, (mount) => examine(mount, ['--no-browser', ...(one.args ?? [])]));
  });
}

const BROWSER_CASES: Readonly<Record<string, Case>> = {
  'a request that a script sends past the mount': {
    answer: app(() => "<script>fetch('/api')</script>", { '/api': fine }),
    broken: { rewrite: { shim: 'off', rescue: false } },
    kind: 'stray-request',
    subject: /:\d+\/api$/,
    key: 'rewrite.strings',
    mended: { rewrite: { shim: 'off', strings: ['/api'] } },
  },
  'a request to the backend itself': {
    answer: app((origin) => `<script>fetch('http:' + '//127.0.0' + '.1:${origin.split(':').at(-1)}/api')</script>`, {
      '/api': fine,
    }),
    broken: { rewrite: { shim: 'off' } },
    kind: 'escape',
    subject: /:\d+\/api$/,
    key: 'rewrite.shim',
    mended: {},
  },
  'a policy that forbids what the page does': {
    answer: ({ target }) =>
      target === '/'
        ? okResponse('<script>1</script>', [...HTML, "Content-Security-Policy: script-src 'self'"])
        : okResponse('no', PLAIN, 'HTTP/1.1 404 Not Found'),
    kind: 'policy-violation',
    subject: /^inline$/,
    key: undefined,
  },
  'a script that fails': {
    answer: app(() => "<script>throw new Error('lost')</script>"),
    kind: 'script-error',
    subject: /lost/,
    key: 'rewrite.spa',
  },
  'a link out that a script makes': {
    answer: app(() => "<script>document.write('<a hr' + 'ef=\"/x\">x</a>')</script>", { '/x': fine }),
    broken: { rewrite: { shim: 'off' } },
    kind: 'link-out',
    subject: /:\d+\/x$/,
    key: 'rewrite.prefix',
    mended: {},
  },
};

for (const [name, one] of Object.entries(BROWSER_CASES)) {
  test(`doctor finds, in a browser, ${name}`, IN_BROWSER, async (t) => {
    const examine = await startExamination(t, one.answer);
    await proveCase(one, (mount) => examine(mount, one.args ?? []));
  });
}

test('doctor finds mixed content on a secure page, and a loop of who insists on https', LIMIT, async (t) => {
  const folder = tempFolder(t);
  const authority = await TestAuthority.create();
  const { cert, key } = await authority.issue({ names: ['a.test'] });
  writeFileSync(join(folder, 'a.pem'), cert);
  writeFileSync(join(folder, 'a.key'), key);
  const upstream = await startUpstream(
    t,
    answering(({ target }) =>
      target === '/app/loop'
        ? okResponse('', ['Location: https://a.test/app/loop'], 'HTTP/1.1 301 Moved Permanently')
        : okResponse('<img src="http://a.test/app/x.png"><a href="loop">', HTML),
    ),
  );
  const config = {
    listen: { address: '127.0.0.1:0', tls: true },
    tls: { cert: join(folder, 'a.pem'), key: join(folder, 'a.key') },
    sites: { 'a.test': { '/app/': { proxy: `${upstream.origin}/app/`, rewrite: 'off' } } },
  };
  const server = await startServer(t, config);
  const connect = ['--connect', `127.0.0.1:${server.port}`, '--insecure', '--no-browser', '--requests', '3'];
  const { report } = await runDoctor(server.folder, [...connect, 'https://a.test/app/']);
  const mixed = report.findings.find(({ kind }) => kind === 'mixed-content');
  assert.equal(mixed?.subject, 'http://a.test/app/x.png');
  assert.equal(mixed.remedy.key, 'trust');
  const loop = report.findings.find(({ kind }) => kind === 'redirect-loop');
  assert.equal(loop?.remedy.key, 'trust');
});

test('doctor finds a Secure cookie on a plain page, by a name that leads nowhere', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('fine', [...PLAIN, 'Set-Cookie: sid=1; Secure'])),
  );
  const server = await startServer(t, document(upstream, { rewrite: 'off' }));
  const args = ['--connect', `127.0.0.1:${server.port}`, '--no-browser', 'http://www.example.test/app/'];
  const { report } = await runDoctor(server.folder, args);
  assert.deepEqual(report.findings.map(summaryOf), ['cookie-secure sid trust']);
});

test('doctor says that nothing answers', LIMIT, async (t) => {
  const url = `http://127.0.0.1:${await closedPort()}/app/`;
  const { report } = await runDoctor(tempFolder(t), ['--mount', '/app/', '--no-browser', url]);
  assert.deepEqual(report.findings.map(summaryOf), [`unreachable ${url} listen`]);
});

test('doctor goes as far as its bounds, and says which one ended it', LIMIT, async (t) => {
  const endless = app(() => '<a href="/1">');
  const upstream = await startUpstream(
    t,
    answering((asked) => {
      const page = Number(asked.target.slice(1));
      return page > 0 ? okResponse(`<a href="/${page + 1}">`, HTML) : endless(asked, '');
    }),
  );
  const server = await startServer(t, document(upstream, {}));
  const run = (...args: string[]) => runDoctor(server.folder, ['--no-browser', ...args, `${server.origin}/app/`]);
  const few = (await run('--requests', '5', '--depth', '99')).report;
  assert.deepEqual([few.requests, few.endedBy], [5, 'requests']);
  const shallow = (await run('--depth', '2')).report;
  assert.deepEqual([shallow.requests, shallow.endedBy], [3, 'depth']);
});

test(
  'doctor follows no link that signs out, leaves neighbours alone, and reads gzip that nobody asked for',
  LIMIT,
  async (t) => {
    const page = gzipSync('<a href="/logout"><a href="/shop/"><a href="no">').toString('latin1');
    const upstream = await startUpstream(
      t,
      answering(({ target }) =>
        target === '/'
          ? Buffer.from(okResponse(page, [...HTML, 'Content-Encoding: gzip', 'Cache-Control: no-transform']), 'latin1')
          : okResponse('no', PLAIN, 'HTTP/1.1 404 Not Found'),
      ),
    );
    const sites = { '*': { '/': { proxy: upstream.origin }, '/shop/': { respond: 200 } } };
    const server = await startServer(t, { listen: '127.0.0.1:0', admin: false, sites });
    const { report, status } = await runDoctor(server.folder, ['--no-browser', `${server.origin}/`]);
    assert.deepEqual(report.findings.map(summaryOf), [`not-found ${server.origin}/no proxy`]);
    assert.deepEqual([status, report.requests], [1, 2]);
  },
);

const USAGE_MISTAKES: readonly (readonly [args: string[], stderr: RegExp])[] = [
  [['ftp://a/'], /no http URL/],
  [['--mount', 'app', 'http://a/app/'], /--mount is a path, write \/app\//],
  [['--mount', '/app/', 'http://a/other/'], /is not below --mount/],
  [['--backend', 'http://b', 'http://a/'], /--mount is missing/],
  [['--backend', 'b', '--mount', '/', 'http://a/'], /--backend is a URL/],
  [['--connect', 'b', '--mount', '/', 'http://a/'], /--connect is HOST:PORT/],
  [['--depth', 'x', '--mount', '/', 'http://a/'], /--depth is a number/],
  [['--time', '5', '--mount', '/', 'http://a/'], /--time is a duration/],
  [['http://a/'], /no configuration in/],
];

for (const [args, expected] of USAGE_MISTAKES) {
  test(`portico doctor ${args.join(' ')} ends with 2`, async (t) => {
    const { status, stderr } = await run(tempFolder(t), args);
    assert.equal(status, 2);
    assert.match(stderr, expected);
  });
}

test('doctor ends with 2 for a URL that the configuration does not serve', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'portico.yaml'), 'sites: { a.example: { /app/: { respond: 200 } } }');
  const { status, stderr } = await run(folder, ['http://a.example/other']);
  assert.equal(status, 2);
  assert.match(stderr, /the configuration has no mount for http:\/\/a\.example\/other/);
});

test('without a browser the report says what to install, and stands by itself', LIMIT, async (t) => {
  const upstream: ScriptedUpstream = await startUpstream(
    t,
    answering((asked) => app((origin) => `<p>${origin}/x`)(asked, upstream.origin)),
  );
  const portico = await startPortico(t, { config: document(upstream, { rewrite: 'headers' }) });
  const folder = join(portico.folder, 'empty');
  mkdirSync(folder);
  const missing = join(folder, 'chromium');
  const { status, stdout } = await run(portico.folder, ['--browser', missing, `${portico.origin}/app/`]);
  assert.equal(status, 1);
  assert.match(stdout, /no browser: .*chromium could not be started/);
  assert.match(
    stdout,
    /Leaks: .*\n {2}127\.0\.0\.1:\d+ in the body \(text\/html\)\n {4}at http:.*\n {4}rewrite: \{\} \| /,
  );
  assert.match(stdout, /\n1 found\.\n$/);
});

/** Broken: found, with its setting. Mended: nothing is found at all. */
async function proveCase(one: Case, examine: (mount: object) => Promise<Outcome>): Promise<void> {
  const { report, status } = await examine(one.broken ?? {});
  const found = report.findings.find(({ kind, subject }) => kind === one.kind && one.subject.test(subject));
  assert.ok(found, JSON.stringify(report.findings, null, 2));
  assert.equal(found.remedy.key, one.key);
  assert.equal(status, 1);
  if (one.mended === undefined) return;
  const mended = await examine(one.mended);
  assert.deepEqual(mended.report.findings, []);
  assert.equal(mended.status, 0);
}

/** The application behind a Portico with the keys of the mount that are asked for, examined by the command. */
async function startExamination(
  t: TestContext,
  answer: Answer,
): Promise<(mount: object, args: readonly string[]) => Promise<Outcome>> {
  const upstream: ScriptedUpstream = await startUpstream(
    t,
    answering((asked) => answer(asked, upstream.origin)),
  );
  return async (mount, args) => {
    const { folder, origin } = await startServer(t, document(upstream, mount));
    return runDoctor(folder, [...args, `${origin}/app/`]);
  };
}

/** A server in this process, and a folder with its configuration. */
async function startServer(t: TestContext, config: object): Promise<{ folder: string; port: number; origin: string }> {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'portico.yaml'), JSON.stringify(config));
  const server = await startInProcess(t, config);
  const port = server.port();
  return { folder, port, origin: `http://127.0.0.1:${port}` };
}

function document(upstream: ScriptedUpstream, mount: object): object {
  return { listen: '127.0.0.1:0', admin: false, sites: { '*': { '/app/': { proxy: upstream.origin, ...mount } } } };
}

interface Outcome {
  readonly status: number;
  readonly report: DoctorReport;
}

async function runDoctor(cwd: string, args: readonly string[]): Promise<Outcome> {
  const { status, stdout, stderr } = await run(cwd, ['--json', ...args]);
  assert.equal(stderr, '');
  return { status, report: JSON.parse(stdout) as DoctorReport };
}

async function run(cwd: string, args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const status = await runCommandLine(['doctor', ...args], {
    cwd,
    environment: process.env,
    hasColors: false,
    print: (text) => {
      stdout += text;
    },
    error: (text) => {
      stderr += text;
    },
  });
  return { status, stdout, stderr };
}

function summaryOf({ kind, subject, remedy }: Finding): string {
  return `${kind} ${subject} ${remedy.key}`;
}
