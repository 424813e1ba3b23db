// `portico explain --diff`: the answer of a backend, through the pipeline, with each change, its place and its rule.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommandLine } from '../../src/cli/main.ts';
import type { Owner } from '../kit/at-end.ts';
import { answering, okResponse, startUpstream } from '../kit/scripted-upstream.ts';
import { tempFolder } from '../kit/temp-folder.ts';

const LIMIT = { timeout: 120_000 };

/** Runs the command with a document of one site. */
async function explain(owner: Owner, site: object, ...args: readonly string[]) {
  const cwd = tempFolder(owner);
  writeFileSync(join(cwd, 'portico.yaml'), JSON.stringify({ sites: { '*': site } }));
  let [stdout, stderr] = ['', ''];
  const terminal = {
    cwd,
    environment: process.env,
    hasColors: false,
    print: (text: string) => {
      stdout += text;
    },
    error: (text: string) => {
      stderr += text;
    },
  };
  const status = await runCommandLine(['explain', '--diff', ...args], terminal);
  return { status, stdout, stderr };
}

const PAGE = '<p>é\n<a href="/x">\x1b[2J';

test('a compressed page: offsets count in its text, controls cannot steer the terminal', LIMIT, async (t) => {
  const body = gzipSync(PAGE);
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\nLocation: /login\r\n\r\n`;
  const upstream = await startUpstream(
    t,
    answering(() => Buffer.concat([Buffer.from(head), body])),
  );
  const site = { '/app/': { proxy: upstream.origin } };
  const { status, stdout, stderr } = await explain(t, site, '-H', 'X-Own: 1', 'http://example.com/app/p?q');
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(upstream.requests[0]?.target, '/p?q');
  assert.equal(upstream.requests[0]?.headers.get('x-own'), '1');
  assert.match(stdout, /\n {2}location at 0-6 {2}a URL that clients follow\n {4}- \/login\n {4}\+ \/app\/login\n/);
  assert.match(stdout, /\n {2}content-encoding {2}the content coding is ours\n {4}- gzip\n/);
  assert.match(stdout, /\n {2}body: read as html, 1 change, 23 bytes became 27\n/);
  assert.ok(
    stdout.endsWith(
      [
        '  2:10 (byte 15)  href of <a>  root-relative URL: /app/ goes before it',
        '    - <p>é\\x0a<a href="/x">\\x1b[2J',
        '    + <p>é\\x0a<a href="/app/x">\\x1b[2J',
        '',
      ].join('\n'),
    ),
    stdout,
  );
});

test('as JSON, with what is left of the backend in the answer', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(() =>
      okResponse(`{"a":"${upstream.origin}/x"}`, ['Content-Type: application/json', `X-Debug: ${upstream.origin}`]),
    ),
  );
  const { stdout } = await explain(t, { '/app/': { proxy: upstream.origin } }, '--json', 'http://example.com/app/');
  const { outcome, answer } = JSON.parse(stdout);
  assert.equal(outcome, 'served');
  assert.deepEqual([answer.status, answer.language, answer.isCut], [200, 'json', false]);
  assert.deepEqual(answer.changes, [
    {
      ...{ start: 6, end: 6 + upstream.origin.length, line: 1, column: 7 },
      ...{ before: upstream.origin, after: 'http://example.com/app', context: ['{"a":"', '/x"}'] },
      ...{ place: 'member a', rule: 'URL of the backend: becomes the public one' },
    },
  ]);
  assert.deepEqual([answer.leaks.length, answer.leaks[0].place], [1, 'header x-debug']);
});

test('what is not rewritten, not proxied, or fails is said to be so', LIMIT, async (t) => {
  const upstream = await startUpstream(
    t,
    answering(({ target }) =>
      target === '/file'
        ? okResponse('{}', ['Content-Type: application/json', 'Content-Disposition: attachment'])
        : 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc',
    ),
  );
  const site = { '/app/': { proxy: upstream.origin }, '/fixed': { respond: 204 } };
  const ask = async (path: string, ...lines: string[]) => {
    const { stdout, stderr } = await explain(t, site, ...lines, `http://example.com${path}`);
    assert.equal(stderr, '');
    return stdout;
  };
  assert.match(await ask('/app/file'), /body: 2 bytes, passed as it is \(attachment\)/);
  assert.match(await ask('/app/bad'), /\n {2}502, answered by 127\.0\.0\.1:\d+: response_content_coding\n/);
  assert.match(await ask('/fixed'), /\n {2}204, answered by Portico itself\n/);
  assert.match(await ask('/none'), /\n {2}404, answered by Portico itself: mount_unknown\n/);
  const rescued = await ask('/x', '-H', 'Referer: http://example.com/app/');
  assert.match(rescued, /\n {2}307, answered by Portico itself\n[\s\S]*\/x missed its mount and was sent into it/);
  assert.match(await ask('/app/../x'), /refused with 400/);
});
