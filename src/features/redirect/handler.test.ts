// Redirects: placeholders, queries, and that no request can choose the host.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHandler, runHandler, testContext, testExchange } from '../../../test/kit/exchange.ts';
import { mistakesOf } from '../../../test/kit/schema.ts';
import { parseTarget } from '../../http/target.ts';
import { redirect } from './index.ts';
import { checkTemplate } from './location.ts';
import { redirectOptions } from './options.ts';

async function locate(options: object, mount: string, target: string, host?: string | null): Promise<string> {
  const handle = await createHandler(redirect, options, testContext({ mount }));
  const reply = await runHandler(handle, testExchange({ target, mount, ...(host === undefined ? {} : { host }) }));
  return reply.headers.get('location') ?? '';
}

test('redirect: status, note, headers', async () => {
  const handle = await createHandler(redirect, { to: '/new' });
  const reply = await runHandler(handle, testExchange({ target: '/old?a=b' }));
  assert.deepEqual([reply.status, reply.headers.get('location')], [307, '/new?a=b']);
  assert.equal(reply.text, '307 Temporary Redirect\n/new?a=b\n');
  assert.equal(reply.headers.get('content-length'), String(reply.bytes.length));
  for (const status of [301, 302, 303, 308, '308'])
    assert.equal(
      (await runHandler(await createHandler(redirect, { to: '/new', status }), testExchange())).status,
      Number(status),
    );
});

test('redirect: placeholders', async () => {
  const cases: [to: string, mount: string, target: string, expected: string][] = [
    ['/new/{rest}', '/old/', '/old/a/b%20c?q=1', '/new/a/b%20c?q=1'],
    ['/new/{rest}', '/old/', '/old/', '/new/'],
    ['/new{path}', '/', '/a', '/new/a'],
    ['https://{host}{path}', '/', '/a?b', 'https://www.example.org/a?b'],
    ['https://{host}:8443{path}', '/', '/a', 'https://www.example.org:8443/a'],
    ['{scheme}://www.{host}/', '/', '/x', 'http://www.www.example.org/'],
    ['https://other.example/{rest}', '/app/', '//app///x/', 'https://other.example/x/'],
    ['/search?q={query}&x', '/', '/s?a', '/search?q=a&x'],
    ['/{rest}#top', '/a/', '/a/b?c', '/b?c#top'],
    ['/new?x=1', '/', '/?y=2', '/new?x=1&y=2'],
    ['?lang=en', '/x', '/x?a', '?lang=en&a'],
  ];
  for (const [to, mount, target, expected] of cases) assert.equal(await locate({ to }, mount, target), expected, to);
  assert.equal(await locate({ to: '/new', query: 'drop' }, '/', '/?a'), '/new');
  assert.equal(await locate({ to: '/new?{query}', query: 'drop' }, '/', '/?a'), '/new?a');
});

test('redirect: a port of the request is not part of {host}; without Host there is none', async () => {
  assert.equal(await locate({ to: 'https://{host}/' }, '/', '/', 'Example.ORG:8080'), 'https://example.org/');
  assert.equal(await locate({ to: 'https://{host}/' }, '/', '/', '[::1]:8080'), 'https://[::1]/');
  await assert.rejects(locate({ to: 'https://{host}/' }, '/', '/', null), { code: 'request_malformed' });
});

test('redirect: a path or query of the client never becomes a host', async () => {
  assert.equal(await locate({ to: '{path}/' }, '/', '//evil.example'), '/evil.example/');
  assert.equal(await locate({ to: '/{rest}' }, '/old/', '/old//evil.example'), '/evil.example');
  assert.equal(await locate({ to: '/{query}' }, '/', '/?/evil.example'), '/evil.example');
  assert.equal(await locate({ to: '/{query}' }, '/', '/?\\evil.example'), '/evil.example');
  assert.equal(
    await locate({ to: 'https://good.example{path}' }, '/', '//evil.example'),
    'https://good.example//evil.example',
  );
});

test('law: whatever is let through by the configuration leads to a host that it names', async () => {
  const pieces = [
    '/',
    '{path}',
    '{rest}',
    '{query}',
    '{host}',
    '{scheme}',
    '://',
    'https://',
    'good.example',
    '.',
    ':',
    '@',
    '?',
    '#',
    '\\',
    'a',
  ];
  const template = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  const targets = [
    '//evil.example',
    '/old//evil.example/@evil.example',
    '/old/?//evil.example',
    '/old/?\\\\evil.example',
    '/old/.evil.example',
    '/:1@evil.example',
  ];
  await fc.assert(
    fc.asyncProperty(template, fc.constantFrom(...targets), async (to, target) => {
      fc.pre(checkTemplate(to) === undefined && typeof parseTarget('GET', target) !== 'string');
      const handle = await createHandler(redirect, { to }, testContext({ mount: '/old/' })).catch(() => undefined);
      if (handle === undefined) return;
      const reply = await runHandler(handle, testExchange({ target, mount: '/old/' }));
      const location = reply.headers.get('location') ?? '';
      if (!URL.canParse(location, 'http://www.example.org/')) return;
      const { hostname } = new URL(location, 'http://www.example.org/');
      assert.ok(!hostname.includes('evil'), `${to} ${target} -> ${location}`);
    }),
    { numRuns: 3000 },
  );
});

test("redirect: to itself is the operator's mistake", async () => {
  for (const [to, mount] of [
    ['/a', '/a'],
    ['/a?x=1', '/a'],
    ['/app/', '/app/'],
    ['{path}', '/'],
    ['{path}?x', '/app/'],
  ] as const)
    await assert.rejects(createHandler(redirect, { to }, testContext({ mount })), /for ever/, `${mount} ${to}`);
  for (const [to, mount] of [
    ['/app/new', '/app/'],
    ['https://{host}{path}', '/'],
  ] as const)
    await createHandler(redirect, { to }, testContext({ mount }));
});

test('redirectOptions: mistakes', () => {
  const cases: [object, RegExp][] = [
    [{ to: 'new' }, /to: expected a path that begins with a slash, or a URL/],
    [{ to: '' }, /to: expected a path/],
    [{ to: '//evil.example' }, /expected a scheme in front/],
    [{ to: '{rest}' }, /expected a path that begins with a slash/],
    [{ to: '{query}' }, /expected a path that begins with a slash/],
    [{ to: '/{path}' }, /begins with a slash itself/],
    [{ to: 'https://good.example{rest}' }, /expected a slash between the host and a placeholder/],
    [{ to: 'https://{rest}' }, /expected a host/],
    [{ to: 'https://{path}' }, /expected a host/],
    [{ to: 'https:///x' }, /expected a host/],
    [{ to: 'https://good.example@evil.example/' }, /expected a host/],
    [{ to: 'javascript:alert(1)' }, /expected a path that begins with a slash, or a URL/],
    [{ to: '/{user}' }, /unknown placeholder \{user\}; there are \{path\}, \{rest\}/],
    [{ to: '/{toString}' }, /unknown placeholder/],
    [{ to: '/a{b' }, /a brace without its partner/],
    [{ to: '/a b' }, /no spaces/],
    [{ to: '/ä' }, /percent-encoded/],
    [{ to: '/a\r\nX: y' }, /no spaces/],
    [{ to: '/\\evil.example' }, /no backslash/],
    [{ to: '/a', status: 200 }, /status: /],
    [{ to: '/a', status: 304 }, /status: expected 301, 302, 303, 307 or 308/],
    [{ to: '/a?{query}', query: 'keep' }, /query: the query would be there twice/],
    [{}, /to: expected a path or a URL/],
  ];
  for (const [options, expected] of cases)
    assert.match(mistakesOf(redirectOptions, options).join('\n'), expected, JSON.stringify(options));
});
