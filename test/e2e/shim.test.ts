// The shim in answers: which ones get it, under which policies, and the file itself.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { askOnce } from '../kit/raw-client.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { startBelowApp, startProxy } from './_proxy.ts';

const LIMIT = { timeout: 120_000 };
const NAVIGATION = ['Sec-Fetch-Dest: document', 'Accept: text/html'];
const HTML = 'Content-Type: text/html';
const SHIM = /<script src="(\/app\/\.portico\/shim-[0-9a-f]{16}\.js)"([^>]*)><\/script>/g;

function request(path: string, lines: readonly string[], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: example.com', ...lines, '', ''].join('\r\n');
}

interface Answer {
  readonly text: string;
  readonly headers: ReadonlyMap<string, string>;
  /** What stands behind the URL in each tag of the shim. */
  readonly tags: readonly string[];
  readonly path: string;
  ask(path: string, lines: readonly string[], method?: string): ReturnType<typeof askOnce>;
}

/** What a browser gets of a page below `/app/`. */
async function visit(
  t: Parameters<typeof startUpstream>[0],
  page: { html?: string; headers?: readonly string[]; asked?: readonly string[]; mount?: object },
): Promise<Answer> {
  const { html = '<p>x', headers = [HTML], asked = NAVIGATION, mount = {} } = page;
  const upstream = await startUpstream(
    t,
    answering(() => okResponse(html, headers)),
  );
  const portico = await startBelowApp(t, upstream.origin, mount);
  const ask = (path: string, lines: readonly string[], method?: string) =>
    askOnce({ port: portico.port }, request(path, lines, method));
  const answer = await ask('/app/', asked);
  const text = answer.body.toString('latin1');
  const tags = [...text.matchAll(SHIM)];
  return {
    text,
    headers: new Map(answer.headers.lines.map(([name, value]) => [name.toLowerCase(), value])),
    tags: tags.map(([, , rest = '']) => rest),
    path: tags[0]?.[1] ?? '',
    ask,
  };
}

const WHO_GETS_IT: readonly (readonly [name: string, page: Parameters<typeof visit>[1], count: number])[] = [
  ['a page', {}, 1],
  ['a frame', { asked: ['Sec-Fetch-Dest: iframe'] }, 1],
  ['a page over plain HTTP, where browsers say less', { asked: ['Accept: text/html,*/*;q=0.8'] }, 1],
  ['a page without Content-Type', { html: '<!DOCTYPE html><p>x', headers: [] }, 1],
  ['fetched markup', { asked: ['Sec-Fetch-Dest: empty', 'Accept: text/html'] }, 0],
  ['markup fetched by a library', { asked: ['Accept: text/html', 'X-Requested-With: XMLHttpRequest'] }, 0],
  ['a program', { asked: ['Accept: */*'] }, 0],
  ['a download', { headers: [HTML, 'Content-Disposition: attachment'] }, 0],
  ['a page that must not be transformed', { headers: [HTML, 'Cache-Control: no-transform'] }, 0],
  ['a page without scripts', { headers: [HTML, 'Content-Security-Policy: sandbox allow-forms'] }, 0],
  ['a text', { headers: ['Content-Type: text/plain'] }, 0],
  ['shim: off', { mount: { rewrite: { shim: 'off' } } }, 0],
  ['prefix: keep', { mount: { rewrite: { prefix: 'keep' } } }, 0],
  ['rewrite: headers', { mount: { rewrite: 'headers' } }, 0],
];

for (const [name, page, count] of WHO_GETS_IT) {
  test(`${count === 1 ? 'the shim for' : 'no shim for'} ${name}`, LIMIT, async (t) => {
    const { tags, text } = await visit(t, page);
    assert.equal(tags.length, count, text);
  });
}

test('no shim at the root of a site, unless it is asked for', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('<p>x', [HTML])),
  );
  for (const [shim, expected] of [
    ['auto', false],
    ['on', true],
  ] as const) {
    const portico = await startProxy(t, upstream.origin, { mount: { rewrite: { shim } } });
    const { body } = await askOnce({ port: portico.port }, request('/', NAVIGATION));
    assert.equal(body.toString().includes('/.portico/shim-'), expected, shim);
  }
});

test('our own error pages have no shim', LIMIT, async (t) => {
  const portico = await startBelowApp(t, 'http://127.0.0.1:1');
  const { status, body } = await askOnce({ port: portico.port }, request('/app/', NAVIGATION));
  assert.equal(status, 502);
  assert.ok(!body.toString().includes('<script'));
});

test('the file: immutable, compressed, without the name of the backend', LIMIT, async (t) => {
  const { path, ask } = await visit(t, {});
  const whole = await ask(path, []);
  assert.equal(whole.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(whole.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.ok(!whole.body.includes('127.0.0.1') && !whole.body.includes('example.com'));
  const coded = await ask(path, ['Accept-Encoding: br']);
  assert.equal(coded.headers.get('content-encoding'), 'br');
  assert.deepEqual(brotliDecompressSync(coded.body), whole.body);
  const old = await ask(path.replace(/[0-9a-f]{16}/, '0'.repeat(16)), []);
  assert.equal(old.headers.get('cache-control'), 'no-store');
  assert.deepEqual(old.body, whole.body);
  const head = await ask(path, [], 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(whole.body.length)]);
});

test('what the shim depends on is in Vary and in the tag', LIMIT, async (t) => {
  const page = { headers: [HTML, 'ETag: "a"'] };
  const asDocument = await visit(t, page);
  const asFetched = await visit(t, { ...page, asked: ['Sec-Fetch-Dest: empty'] });
  assert.match(asDocument.headers.get('vary') ?? '', /Sec-Fetch-Dest/);
  assert.match(asFetched.headers.get('vary') ?? '', /Sec-Fetch-Dest/);
  assert.notEqual(asDocument.headers.get('etag'), asFetched.headers.get('etag'));
});

const WORKER = ['Sec-Fetch-Dest: worker'];
const JS = ['Content-Type: text/javascript'];

test('the script of a worker has the shim in front', LIMIT, async (t) => {
  const { text, headers } = await visit(t, { html: '"use strict";\nwork();', headers: JS, asked: WORKER });
  assert.match(text, /^\(.+\)\(\{"path":"\/app\/".+\}\);"use strict";\nwork\(\);$/);
  assert.match(headers.get('vary') ?? '', /Sec-Fetch-Dest/);
  const plain = await visit(t, { html: 'work();', headers: JS, asked: ['Sec-Fetch-Dest: script'] });
  assert.equal(plain.text, 'work();');
});

const HASH = /'sha256-[A-Za-z0-9+/=]{44}'/;
const POLICIES: readonly (readonly [policy: string, tag: RegExp, expected: RegExp])[] = [
  ["script-src 'self' 'unsafe-inline'", /^$/, /^script-src 'self' 'unsafe-inline'$/],
  ["script-src 'self'", /^$/, new RegExp(`^script-src 'self' ${HASH.source}$`)],
  ["script-src 'nonce-abc'", /^ nonce="abc"$/, /^script-src 'nonce-abc'$/],
  ["script-src 'nonce-abc' 'strict-dynamic'", /^ nonce="abc"$/, /^script-src 'nonce-abc' 'strict-dynamic'$/],
  [
    "script-src 'sha256-x'",
    /^ integrity="sha256-[^"]+"$/,
    new RegExp(`^script-src 'sha256-x' http://example.com/app/.portico/shim-[0-9a-f]{16}.js ${HASH.source}$`),
  ],
  [
    "script-src 'sha256-x' 'strict-dynamic'",
    /^ integrity="sha256-[^"]+"$/,
    new RegExp(`^script-src 'sha256-x' 'strict-dynamic' ${HASH.source} ${HASH.source}$`),
  ],
  [
    "default-src 'none'; img-src *",
    /^ integrity="sha256-[^"]+"$/,
    new RegExp(`^default-src 'none'; img-src \\*; script-src-elem http://example.com/\\S+ ${HASH.source}$`),
  ],
  [
    "object-src 'none'; require-trusted-types-for 'script'",
    /^$/,
    /^object-src 'none'; require-trusted-types-for 'script'$/,
  ],
];

for (const [policy, tag, expected] of POLICIES) {
  test(`the shim under ${policy}`, LIMIT, async (t) => {
    const { headers, tags, text } = await visit(t, { headers: [HTML, `Content-Security-Policy: ${policy}`] });
    assert.equal(tags.length, 1, text);
    assert.match(tags[0] ?? '', tag);
    const sent = headers.get('content-security-policy') ?? '';
    assert.match(sent, expected);
    const inline = /<script type="importmap"[^>]*>(.*?)<\/script>/.exec(text)?.[1] ?? '';
    const hash = createHash('sha256').update(inline).digest('base64');
    if (!/nonce|unsafe-inline/.test(policy) && /script-src|default-src/.test(policy)) assert.ok(sent.includes(hash));
  });
}

test('the import map stands before the first module, or in that of the page', LIMIT, async (t) => {
  const alone = await visit(t, { html: '<title>x</title><script>1</script><script type=module>import "/x"</script>' });
  assert.match(
    alone.text,
    /1<\/script><script type="importmap">\{"imports":\{"\/":"\/app\/","\/app\/":"\/app\/"\}\}<\/script><script type=module>/,
  );
  const own = await visit(t, {
    html: '<script type="importmap">{"imports":{"a":"/a.js"}}</script><script type=module></script>',
  });
  assert.match(
    own.text,
    /<script type="importmap">\{"imports":\{"\/":"\/app\/","\/app\/":"\/app\/","a":"\/app\/a.js"\}\}<\/script>/,
  );
  assert.equal(own.text.split('importmap').length, 2);
});

const EVIDENCE: readonly (readonly [html: string, windows: readonly string[]])[] = [
  ['<script src="/a.js"></script>', ['on']],
  ['<link rel=modulepreload href="/a.js"><script src="/b.js"></script>', ['on']],
  ['<script src="a.js"></script><script src="/b.js"></script>', []],
  ['<script src="/a.js"></script><script src="b.js"></script>', ['on', 'off']],
  ['<script src="/app/a.js"></script><script src="/b.js"></script>', []],
  ['<script src="https://cdn.example/a.js"></script><script>1</script>', []],
  ['<meta http-equiv="Content-Security-Policy" content="base-uri \'none\'"><script src="/a.js"></script>', []],
];

for (const [html, windows] of EVIDENCE) {
  test(`the virtual-location window: ${html}`, LIMIT, async (t) => {
    const { tags } = await visit(t, { html });
    assert.deepEqual(
      tags.slice(1).map((rest) => /data-spa="(\w+)"/.exec(rest)?.[1]),
      windows,
    );
  });
}

test('spa: on and off', LIMIT, async (t) => {
  const on = await visit(t, { mount: { rewrite: { spa: 'on' } } });
  assert.deepEqual(on.tags, [' data-spa="on"']);
  const off = await visit(t, { html: '<script src="/a.js"></script>', mount: { rewrite: { spa: 'off' } } });
  assert.deepEqual(off.tags, ['']);
});
