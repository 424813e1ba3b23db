// Our own front, the executable with `vhost:` in its configuration: acceptance checks 1 to 5, 8, 9, 21 and 22, by their numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../kit/ask.ts';
import { FRAMEWORK_APPS } from '../kit/framework-apps.ts';
import { writeFiles } from '../kit/front-servers.ts';
import { type Portico, startPortico } from '../kit/portico.ts';
import { PROJECT_FILES, SITE_FILES } from '../kit/recipes.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { readTable } from '../kit/table.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { skipUnlessTwisted, startTwistedSample } from '../kit/twisted.ts';
import { compareRows, compareUpstreamHeader, describeAnswer } from './_rows.ts';

const LIMIT = { timeout: 120_000 };
const HOST = ['Host: www.example.com'];

test('checks 1, 2, 5 and 7: every row of portico-whole-host.txt', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const recorded = await startPortico(t, { config: wholeHost(upstream.port) });
  let refused = 0;
  const app = await FRAMEWORK_APPS['node-http']?.({ log: () => refused++, factsPath: '/facts' });
  assert.ok(app !== undefined);
  t.after(() => app.close());
  const front = await startPortico(t, { config: wholeHost(app.port) });
  await compareRows(readTable('vhost-path/portico-whole-host.txt', 3), async ([target = '', sent = '', seen = '']) => {
    const countBefore = upstream.requests.length;
    await ask(recorded.port, target, { lines: HOST });
    const handledBefore = app.handled() + refused;
    const answer = await ask(front.port, target, { lines: HOST });
    const answerer = app.handled() + refused > handledBefore ? 'app' : 'front';
    return [
      `${target}: ${upstream.requests[countBefore]?.target ?? '-'} | ${describeAnswer(answer, answerer)}`,
      `${target}: ${sent} | ${seen}`,
    ];
  });
});

test('check 1: what the application redirects to reaches the client byte for byte', LIMIT, async (t) => {
  const location = 'http://www.example.com/a/b/?x=1&y=2';
  const upstream = await startUpstream(
    t,
    answering(() => okResponse('', [`Location: ${location}`], 'HTTP/1.1 302 Found')),
  );
  const front = await startPortico(t, { config: wholeHost(upstream.port) });
  const answer = await ask(front.port, '/a/b?x=1&y=2', { lines: HOST });
  assert.equal(upstream.requests[0]?.target, '/vhost/http/www.example.com/a/b?x=1&y=2');
  assert.equal(answer.headers['location'], location);
});

test('checks 3 and 4: ports, upper case, a trailing dot', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const front = await startPortico(t, { config: wholeHost(upstream.port) });
  const rows = [
    ['WWW.EXAMPLE.COM', '/vhost/http/www.example.com/x'],
    ['www.example.com.', '/vhost/http/www.example.com/x'],
    ['www.example.com:80', '/vhost/http/www.example.com/x'],
    ['www.example.com:18080', '/vhost/http/www.example.com:18080/x'],
  ];
  await compareRows(rows, async ([host = '', expected = '']) => {
    await ask(front.port, '/x', { lines: [`Host: ${host}`] });
    return [`${host} ${upstream.requests.at(-1)?.target}`, `${host} ${expected}`];
  });
});

test('check 3: https is said by a trusted front, and always with its port', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const front = await startPortico(t, { config: { ...wholeHost(upstream.port), trust: ['127.0.0.1'] } });
  const rows = [
    ['X-Forwarded-Host: www.example.com', '/vhost/https/www.example.com:443/x'],
    ['X-Forwarded-Host: www.example.com:8443', '/vhost/https/www.example.com:8443/x'],
  ];
  await compareRows(rows, async ([line = '', expected = '']) => {
    await ask(front.port, '/x', { lines: [...HOST, 'X-Forwarded-Proto: https', line] });
    return [`${line} ${upstream.requests.at(-1)?.target}`, `${line} ${expected}`];
  });
});

test('check 5: forms of clients are refused on every site, also where nothing writes forms', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const sites = { ...wholeHost(upstream.port).sites, 'plain.example': upstream.origin };
  const front = await startPortico(t, { config: { listen: '127.0.0.1:0', sites } });
  const forms = [
    '/vhost/https/evil.example:443/x/',
    '/%76host/http/h/',
    '//vhost/http/h/',
    '/VHOST/http/h/',
    '/%2Fvhost/',
    '/a/../vhost/http/h/',
    '/./vhost',
    '/%2e/vhost/',
    '/vhost/../x',
    '/\\vhost/http/h/',
    '/vhost/http/h%0d%0aX:1/',
    'http://www.example.com/a/%2e%2e/vhost/http/h/',
  ];
  for (const host of ['www.example.com', 'plain.example', 'unknown.example']) {
    for (const form of forms)
      assert.equal((await ask(front.port, form, { lines: [`Host: ${host}`] })).status, 403, form);
    assert.equal((await ask(front.port, '/a/../b/', { lines: [`Host: ${host}`] })).status, 400);
  }
  assert.equal(upstream.requests.length, 0);
  assert.equal((await ask(front.port, '/vhostess', { lines: HOST })).status, 200);
});

test('check 5: unless told otherwise', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const vhost = { dialect: 'nevow', clients: 'pass' };
  const config = { listen: '127.0.0.1:0', sites: { 'www.example.com': { proxy: upstream.origin, vhost } } };
  const front = await startPortico(t, { config });
  assert.equal((await ask(front.port, '/vhost/https/evil.example:443/x/', { lines: HOST })).status, 200);
  assert.equal(upstream.requests[0]?.target, '/vhost/http/www.example.com/vhost/https/evil.example:443/x/');
});

for (const { check, table, column, host, files, mounts } of [
  {
    check: 'check 6',
    table: 'lighttpd-static-split.txt',
    column: 4,
    host: 'www.example.org',
    files: PROJECT_FILES,
    mounts: (folder: string, app: object) => ({ '/static/': `${folder}/static`, '/': app }),
  },
  {
    check: 'check 13, without import',
    table: 'below-a-path.txt',
    column: 4,
    host: 'www.example.net',
    files: SITE_FILES,
    mounts: (folder: string, app: object) => ({ '/': folder, '/app/': app }),
  },
]) {
  test(`${check}: Portico's column of ${table}`, LIMIT, async (t) => {
    let refused = 0;
    const app = await FRAMEWORK_APPS['node-http']?.({ log: () => refused++, factsPath: '/facts' });
    assert.ok(app !== undefined);
    t.after(() => app.close());
    const folder = tempFolder(t);
    writeFiles(folder, files);
    const proxied = { proxy: `http://127.0.0.1:${app.port}`, vhost: 'nevow' };
    const config = { listen: '127.0.0.1:0', sites: { [host]: mounts(folder, proxied) } };
    const front = await startPortico(t, { config });
    await compareRows(readTable(`vhost-path/${table}`, 5), async (row) => {
      const [target = ''] = row;
      const handledBefore = app.handled() + refused;
      const answer = await ask(front.port, target, { lines: [`Host: ${host}`] });
      const answerer = app.handled() + refused > handledBefore ? 'app' : 'front';
      assert.doesNotMatch(answer.body, /SECRET/);
      return [`${target}: ${describeAnswer(answer, answerer)}`, `${target}: ${row[column]}`];
    });
  });
}

for (const server of ['lighttpd', 'apache'] as const) {
  test(`check 7: with compat, every row of ${server}-whole-host.txt`, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => okResponse()),
    );
    const recorded = await startPortico(t, { config: compatHost(server, upstream.port) });
    let refused = 0;
    const app = await FRAMEWORK_APPS['node-http']?.({ log: () => refused++, factsPath: '/facts' });
    assert.ok(app !== undefined);
    t.after(() => app.close());
    const front = await startPortico(t, { config: compatHost(server, app.port) });
    await compareRows(readTable(`vhost-path/${server}-whole-host.txt`, 4), async (row) => {
      const [target = '', sent = '', original = '', ours = ''] = row;
      const countBefore = upstream.requests.length;
      await ask(recorded.port, target, { lines: HOST });
      const handledBefore = app.handled() + refused;
      const answer = await ask(front.port, target, { lines: HOST });
      const answerer = app.handled() + refused > handledBefore ? 'app' : 'front';
      return [
        `${target}: ${upstream.requests[countBefore]?.target ?? '-'} | ${describeAnswer(answer, answerer)}`,
        `${target}: ${sent} | ${ours === '=' ? original : ours}`,
      ];
    });
  });
}

test('check 8: which hosts are served', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const front = await startPortico(t, { config: wholeHost(upstream.port) });
  const rows = [
    ['Host: wwwXexample.com', '404'],
    ['Host: other.example', '404'],
    ['Host: 192.0.2.1', '404'],
    ['Host: www.example.com|Host: www.example.com', '400'],
    ['Host: user@www.example.com', '400'],
    ['Host: www.example.com/evil', '400'],
    ['Accept: */*', '400'],
  ];
  await compareRows(rows, async ([lines = '', status = '']) => {
    const answer = await ask(front.port, '/', { lines: lines.split('|') });
    return [`${lines} ${answer.status}`, `${lines} ${status}`];
  });
  assert.equal((await ask(front.port, '/', { lines: [], version: 'HTTP/1.0' })).status, 404);
  assert.equal(upstream.requests.length, 0);
});

test('check 9: headers on the way up', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() => okResponse()),
  );
  const front = await startPortico(t, { config: wholeHost(upstream.port) });
  await compareRows(readTable('vhost-path/upstream-headers.txt', 7), (row) =>
    compareUpstreamHeader(front.port, upstream, row, 4),
  );
});

for (const [column, server] of [
  [5, 'lighttpd'],
  [6, 'apache'],
] as const) {
  test(`check 9: with compat, headers on the way up are those of ${server}`, LIMIT, async (t) => {
    const upstream = await startUpstream(
      t,
      answering(() => okResponse()),
    );
    const front = await startPortico(t, { config: compatHost(server, upstream.port) });
    await compareRows(readTable('vhost-path/upstream-headers.txt', 7), (row) => {
      const same = row[column] === '=' ? column - 3 : column;
      return compareUpstreamHeader(front.port, upstream, row, same);
    });
  });
}

test('check 21: twisted.web behind our front', { ...LIMIT, skip: skipUnlessTwisted() }, async (t) => {
  const port = await startTwistedSample(t);
  const front = await startPortico(t, { config: { ...wholeHost(port), trust: ['127.0.0.1'] } });
  const rows = readTable('vhost-path/portico-whole-host.txt', 3).filter(([, sent]) => sent !== '-');
  await compareRows(rows, async ([target = '', , seen = '']) => {
    const answer = await ask(front.port, target, { lines: HOST });
    return [`${target}: ${describeAnswer(answer, 'app')}`, `${target}: ${respell(seen)}`];
  });
  const secure = await ask(front.port, '/a/', { lines: [...HOST, 'X-Forwarded-Proto: https'] });
  assert.equal(secure.body, 'https://www.example.com/a/');
  const ported = await ask(front.port, '/a/', { lines: ['Host: www.example.com:8080'] });
  assert.equal(ported.body, 'http://www.example.com:8080/a/');
  assert.equal((await ask(front.port, '/a/', { lines: ['Host: [::1]'] })).status, 404);
});

for (const [framework, start] of Object.entries(FRAMEWORK_APPS)) {
  test(`check 21: our library on ${framework} behind our front, below a path and at the root`, LIMIT, async (t) => {
    const app = await start({ log: () => {}, factsPath: '/facts' });
    t.after(() => app.close());
    const front = await startPortico(t, {
      config: {
        listen: '127.0.0.1:0',
        sites: { '*': { '/app/': { proxy: `http://127.0.0.1:${app.port}`, vhost: { dialect: 'nevow', ipv6: true } } } },
      },
    });
    const rows = [
      ['/app', '302 http://h/app/'],
      ['/app/', '200 http://h/app/'],
      ['/app/x?y=1', '302 http://h/app/x/?y=1'],
      ['/app/x%2Fy/', '200 http://h/app/x%2Fy/'],
      ['/apparel/', '404'],
    ];
    await compareRows(rows, async ([target = '', expected = '']) => [
      `${target} ${await look(front, target, 'h')}`,
      `${target} ${expected}`,
    ]);
    assert.equal(await look(front, '/app/', '[::1]:8080'), '200 http://[::1]:8080/app/');
  });
}

test('check 22: zope, our front to our library', LIMIT, async (t) => {
  const app = await FRAMEWORK_APPS['express 5']?.({ log: () => {}, dialect: 'zope', factsPath: '/root/a' });
  assert.ok(app !== undefined);
  t.after(() => app.close());
  const front = await startPortico(t, {
    config: {
      listen: '127.0.0.1:0',
      sites: { '*': { '/app/': { proxy: `http://127.0.0.1:${app.port}/root/`, vhost: 'zope' } } },
    },
  });
  const facts = JSON.parse((await ask(front.port, '/app/a/b?x', { lines: ['Host: h'] })).body);
  assert.equal(facts.hereWithQuery, 'http://h/app/a/b?x');
  assert.equal(facts.baseUrl, '/app');
  assert.equal(facts.url, '/root/a/b?x');
  for (const form of ['/VirtualHostBase/http/evil:80/', '/app/_vh_evil/x', '/virtualhostroot/_vh_evil/'])
    assert.equal((await ask(front.port, form, { lines: ['Host: h'] })).status, 403, form);
});

/** The same with the habits of another server, its missing guard included. */
function compatHost(compat: 'lighttpd' | 'apache', port: number) {
  const host = compat === 'apache' ? { host: 'upstream' } : {};
  const site = { proxy: `http://127.0.0.1:${port}`, ...host, vhost: { dialect: 'nevow', clients: 'pass' } };
  return { listen: '127.0.0.1:0', compat, sites: { 'www.example.com': site } };
}

function wholeHost(port: number) {
  const site = { proxy: `http://127.0.0.1:${port}`, vhost: 'nevow' };
  return { listen: '127.0.0.1:0', sites: { 'www.example.com': site } };
}

async function look(front: Portico, target: string, host: string): Promise<string> {
  const { status, headers, body } = await ask(front.port, target, { lines: [`Host: ${host}`] });
  if (status === 200) return `200 ${body}`;
  return headers['location'] === undefined ? String(status) : `${status} ${headers['location']}`;
}

/** Twisted decodes and encodes the path anew when it prints its address: mostly the same address, spelled differently. */
function respell(seen: string): string {
  const query = seen.indexOf('?');
  const [start = ''] = /^.*?www\.example\.com/.exec(seen) ?? [];
  const path = seen.slice(start.length, query < 0 ? undefined : query);
  const segments = path.split('/').map((segment) => {
    const octets = segment.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return encodeURIComponent(octets).replace(
      /[!'()*]/g,
      (text) => `%${text.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  });
  return start + segments.join('/') + (query < 0 ? '' : seen.slice(query));
}
