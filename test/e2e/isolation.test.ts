// Two applications on one origin: neither overwrites, reads, forgets or takes over what is the other's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Owner } from '../kit/at-end.ts';
import { startInProcess } from '../kit/in-process.ts';
import type { ReadResponse } from '../kit/message-reader.ts';
import { askOnce } from '../kit/raw-client.ts';
import { answering, okResponse, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';

const LIMIT = { timeout: 120_000 };

const HEADERS = [
  'Set-Cookie: sid=1; Path=/; HttpOnly',
  'Set-Cookie: __Host-sid=2; Path=/; Secure; HttpOnly',
  'Set-Cookie: __Host-csrf=3; Path=/; Secure',
  'Strict-Transport-Security: max-age=0; includeSubDomains',
  'Clear-Site-Data: "cookies", "storage", "cache"',
  'Service-Worker-Allowed: /',
  'NEL: {"report_to":"n","max_age":100}',
];

interface Origin {
  readonly upstream: ScriptedUpstream;
  ask(path: string, cookie?: string): Promise<ReadResponse>;
  /** The Cookie lines that the backend got last. */
  sent(): readonly string[] | undefined;
}

async function start(owner: Owner, paths: readonly string[]): Promise<Origin> {
  const upstream = await startUpstream(
    owner,
    answering(() => okResponse('ok', HEADERS)),
  );
  const mounts = Object.fromEntries(paths.map((path) => [path, { proxy: upstream.origin }]));
  const server = await startInProcess(owner, { listen: '127.0.0.1:0', admin: false, sites: { '*': mounts } });
  return {
    upstream,
    ask: (path, cookie) => {
      const lines = [
        `GET ${path} HTTP/1.1`,
        'Host: example.com',
        ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
      ];
      return askOnce({ port: server.port() }, [...lines, '', ''].join('\r\n'));
    },
    sent: () => upstream.requests.at(-1)?.headers.getAll('cookie'),
  };
}

/** The cookies that an answer sets, names and values. */
function cookiesOf({ headers }: ReadResponse): string[] {
  return headers.getAll('set-cookie').map((line) => line.split(';', 1)[0] ?? '');
}

test('one mount alone: its cookies keep their names', LIMIT, async (t) => {
  const { ask, sent } = await start(t, ['/app/']);
  assert.deepEqual(cookiesOf(await ask('/app/')), ['sid=1', '__Host-sid=2', '__Host-csrf=3']);
  await ask('/app/', '__Host-sid=2; a=1; a=2');
  assert.deepEqual(sent(), ['__Host-sid=2; a=1; a=2']);
});

test('two mounts that set the same cookies: each gets its own back', LIMIT, async (t) => {
  const { ask, sent } = await start(t, ['/one/', '/two/']);
  const one = await ask('/one/');
  const two = await ask('/two/');
  assert.match(one.headers.getAll('set-cookie')[0] ?? '', /^sid=1; Path=\/one; HttpOnly$/);
  assert.match(two.headers.getAll('set-cookie')[0] ?? '', /^sid=1; Path=\/two; HttpOnly$/);
  const [, ofOne = '', csrf] = cookiesOf(one);
  const [, ofTwo = ''] = cookiesOf(two);
  assert.match(ofOne, /^__Host-p[0-9a-f]{8}-sid=2$/);
  assert.match(ofTwo, /^__Host-p[0-9a-f]{8}-sid=2$/);
  assert.notEqual(ofOne, ofTwo);
  assert.equal(csrf, '__Host-csrf=3', 'a script reads it by its name');
  // A browser sends what has Path=/ to both.
  const jar = `${ofOne.replace('=2', '=ONE')}; ${ofTwo.replace('=2', '=TWO')}; __Host-csrf=3`;
  await ask('/one/', jar);
  assert.deepEqual(sent(), ['__Host-sid=ONE; __Host-csrf=3']);
  await ask('/two/', jar);
  assert.deepEqual(sent(), ['__Host-sid=TWO; __Host-csrf=3']);
  await ask('/two/', ofOne);
  assert.deepEqual(sent(), [], 'nothing is left of a Cookie header');
});

test(
  'a mount below an application at the root: the nearer cookie counts, marked ones stay in the mount',
  LIMIT,
  async (t) => {
    const { ask, sent } = await start(t, ['/', '/app/']);
    assert.deepEqual(cookiesOf(await ask('/')), ['sid=1', '__Host-sid=2', '__Host-csrf=3']);
    const [, marked = ''] = cookiesOf(await ask('/app/'));
    // Browsers send the longest path first: RFC 6265bis §5.8.3.
    const jar = `sid=app; sid=root; __Host-sid=root; ${marked.replace('=2', '=app')}`;
    await ask('/app/', jar);
    assert.deepEqual(sent(), ['sid=app; __Host-sid=app']);
    await ask('/', `sid=root; __Host-sid=root; ${marked}`);
    assert.deepEqual(sent(), ['sid=root; __Host-sid=root']);
  },
);

test('only the mount at the root speaks for the origin', LIMIT, async (t) => {
  const { ask } = await start(t, ['/', '/app/']);
  const names = ['strict-transport-security', 'clear-site-data', 'service-worker-allowed', 'nel'];
  const read = async (path: string) => {
    const { headers } = await ask(path);
    return names.map((name) => headers.get(name));
  };
  assert.deepEqual(await read('/app/'), [undefined, '"cache"', '/app/', undefined]);
  assert.deepEqual(
    await read('/'),
    HEADERS.slice(3).map((line) => line.slice(line.indexOf(':') + 2)),
  );
});
