// The key `compat` against the servers that it names: every octet, raw and escaped, in path and query, and shapes of dots and slashes.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { ask } from '../kit/ask.ts';
import { skipUnless } from '../kit/debian.ts';
import { type FrontConfig, startApache, startLighttpd } from '../kit/front-servers.ts';
import { startPortico } from '../kit/portico.ts';
import { answering, okResponse, type ScriptedUpstream, startUpstream } from '../kit/scripted-upstream.ts';

const LIMIT = { timeout: 300_000 };
const HOST = ['Host: www.example.com'];

const escapes = Array.from({ length: 256 }, (_, code) => `%${code.toString(16).padStart(2, '0')}`);
/** What a request line can carry; our parser refuses `#` and octets above 7E whatever server is named. */
const raw = Array.from({ length: 0x7f - 0x21 }, (_, index) => String.fromCharCode(0x21 + index)).filter(
  (text) => text !== '#',
);
const SHAPES = [
  ...['/.', '/..', '/a/.', '/a/..', '/a/../', '/a/../..', '/a/b/../../../c', '/...', '/.../', '/.a', '/a.', '/a/.b/..'],
  ...['//', '///a', '/a//', '//a//../b', '/a/%2e', '/a/%2E%2e/', '/a%2fb', '/a%2F..%2Fb', '/%2F', '/a/..%2f..%2fb'],
  ...[
    '/a%2',
    '/a%',
    '/a%g0',
    '/%25%32%66',
    '/a%%41',
    '/a;/../b',
    '/a;x/..;/b',
    '/a\\..\\b',
    '/?',
    '/??',
    '/a?b?c',
    '/a?%',
  ],
  ...['/a?%2', '/a?%zz', '/a?../b', '/a?b//c', '/a?%2e%2f', '/%c3%a9', '/%C3%28', '/%ed%a0%80', '/*', '/a:b', '/@'],
];
const TARGETS = [
  ...escapes.flatMap((text) => [`/a${text}b/`, `/a?x${text}y`]),
  ...raw.flatMap((text) => [`/a${text}b/`, `/a?x${text}y`]),
  ...SHAPES,
];

for (const [server, start, config] of [
  [
    'lighttpd',
    startLighttpd,
    (port: number): FrontConfig =>
      () =>
        `proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${port} ) ) )`,
  ],
  [
    'apache',
    startApache,
    (port: number): FrontConfig =>
      () =>
        `ProxyPass / http://127.0.0.1:${port}/`,
  ],
] as const) {
  const skip = skipUnless(server === 'apache' ? 'apache2' : server);
  test(`check 7: compat: ${server} reads ${TARGETS.length} targets as ${server} does`, {
    ...LIMIT,
    skip,
  }, async (t) => {
    const [one, other] = [await recorder(t), await recorder(t)];
    const theirs = await start(t, config(one.port));
    const ours = await startPortico(t, {
      config: { listen: '127.0.0.1:0', compat: server, sites: { '*': other.origin } },
    });
    const actual: string[] = [];
    const expected: string[] = [];
    for (const target of TARGETS) {
      const [wanted, seen] = await Promise.all([see(theirs.port, one, target), see(ours.port, other, target)]);
      expected.push(`${target} ${wanted}`);
      actual.push(`${target} ${seen}`);
    }
    assert.deepEqual(
      actual
        .filter((line, index) => line !== expected[index])
        .map((line) => `${line}, not ${expected[actual.indexOf(line)]}`),
      [],
    );
  });
}

/** What goes upstream, or the status without it. */
async function see(port: number, upstream: ScriptedUpstream, target: string): Promise<string> {
  const before = upstream.requests.length;
  const { status } = await ask(port, target, { lines: HOST });
  return upstream.requests[before]?.target ?? String(status);
}

function recorder(t: TestContext): Promise<ScriptedUpstream> {
  return startUpstream(
    t,
    answering(() => okResponse()),
  );
}
