// The front's half on built exchanges: what goes upstream for which request, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testExchange } from '../../../test/kit/exchange.ts';
import { emptyBody } from '../../exchange/body.ts';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FeatureContext } from '../../exchange/feature.ts';
import type { Reply } from '../../exchange/handler.ts';
import { TARGET_WRAPPER } from '../../exchange/target-wrapper.ts';
import { HeaderList } from '../../http/header-list.ts';
import { createVhost, createWrapper } from './handler.ts';
import { refusedForm, vhostOptions } from './options.ts';

interface Case {
  readonly name: string;
  readonly options?: Record<string, unknown>;
  readonly mount?: string;
  readonly scheme?: 'http' | 'https';
  readonly host?: string | undefined;
  readonly target: string;
  readonly base?: string;
  /** The wrapped target, or the code of the refusal. */
  readonly result: string;
}

const nevow = { dialect: 'nevow' };
const zope = { dialect: 'zope' };
const wide = { mount: '/app/', base: '/root/', options: zope };

const CASES: readonly Case[] = [
  { name: 'check 1: recipe 1', target: '/a/b?x=1&y=2', result: '/vhost/http/www.example.com/a/b?x=1&y=2' },
  { name: 'check 2: root', target: '/', result: '/vhost/http/www.example.com/' },
  { name: 'check 2: root with an empty query', target: '/?', result: '/vhost/http/www.example.com/?' },
  { name: 'check 3: https', scheme: 'https', target: '/x', result: '/vhost/https/www.example.com:443/x' },
  {
    name: 'check 3: https on 8443',
    scheme: 'https',
    host: 'www.example.com:8443',
    target: '/x',
    result: '/vhost/https/www.example.com:8443/x',
  },
  {
    name: 'check 3: http on 18080',
    host: 'www.example.com:18080',
    target: '/x',
    result: '/vhost/http/www.example.com:18080/x',
  },
  { name: 'check 4: upper case', host: 'WWW.EXAMPLE.COM', target: '/', result: '/vhost/http/www.example.com/' },
  { name: 'check 4: trailing dot', host: 'www.example.com.', target: '/', result: '/vhost/http/www.example.com/' },
  { name: 'check 4: default port', host: 'www.example.com:80', target: '/', result: '/vhost/http/www.example.com/' },
  { name: 'a longer name is no form', target: '/vhostess', result: '/vhost/http/www.example.com/vhostess' },
  { name: 'escapes stay', target: '/a%2Fb/%7e?%zz', result: '/vhost/http/www.example.com/a%2Fb/%7e?%zz' },
  { name: 'OPTIONS *', target: '*', result: '*' },
  { name: 'a form of the client', target: '/vhost/https/evil.example:443/x/', result: 'request_denied' },
  { name: 'a form of the client, escaped', target: '/%76host/https/evil.example:443/x/', result: 'request_denied' },
  { name: 'a form of the client, doubled slash', target: '//vhost/https/evil.example:443/', result: 'request_denied' },
  {
    name: 'a form of the client, let through',
    options: { ...nevow, clients: 'pass' },
    target: '/vhost/https/evil.example:443/x/',
    result: '/vhost/http/www.example.com/vhost/https/evil.example:443/x/',
  },
  { name: 'no host', host: undefined, target: '/', result: 'request_malformed' },
  { name: 'a host outside the grammar', host: "a!$&'b", target: '/', result: 'misdirected' },
  { name: 'IPv6 for the original', host: '[::1]:8080', target: '/', result: 'misdirected' },
  {
    name: 'IPv6 for our own reader',
    options: { ...nevow, ipv6: true },
    host: '[::1]:8080',
    target: '/',
    result: '/vhost/http/[::1]:8080/',
  },
  {
    name: 'a fixed authority',
    options: { ...nevow, authority: 'Public.example:8080' },
    target: '/',
    result: '/vhost/http/public.example:8080/',
  },
  {
    name: 'a fixed address serves requests without a host',
    options: { ...nevow, scheme: 'https', authority: 'public.example' },
    host: undefined,
    target: '/',
    result: '/vhost/https/public.example:443/',
  },
  {
    name: 'another mount',
    options: { ...nevow, mount: '/_v' },
    target: '/vhost',
    result: '/_v/http/www.example.com/vhost',
  },
  {
    name: 'nevow has no prefix',
    mount: '/app/',
    target: '/app/x',
    base: '/app/',
    result: '/vhost/http/www.example.com/app/x',
  },
  {
    ...wide,
    name: 'check 22: zope',
    scheme: 'https',
    host: 'h',
    target: '/root/a/b',
    result: '/VirtualHostBase/https/h:443/root/VirtualHostRoot/_vh_app/a/b',
  },
  {
    ...wide,
    name: 'zope, the bare mount',
    host: 'h',
    target: '/root?q',
    result: '/VirtualHostBase/http/h:80/root/VirtualHostRoot/_vh_app/?q',
  },
  {
    ...wide,
    name: 'zope, at the root',
    mount: '/',
    base: '/',
    target: '/a',
    host: 'h',
    result: '/VirtualHostBase/http/h:80/VirtualHostRoot/a',
  },
  { ...wide, name: 'zope, a prefix of the client', target: '/root/_vh_evil/a', result: 'request_denied' },
  { ...wide, name: 'zope, a root of the client', target: '/root/VirtualHostRoot/a', result: 'request_denied' },
];

for (const { name, options = nevow, mount = '/', scheme = 'http', target, base = '/', result, ...rest } of CASES) {
  test(`vhost ${name}`, () => {
    const host = 'host' in rest ? rest.host : 'www.example.com';
    const wrap = createWrapper(vhostOptions.parse(options), mount);
    assert.equal(
      outcome(() => wrap(exchangeFor(scheme, host), target, base)),
      result,
    );
  });
}

test('vhost keeps apart the hosts, schemes and ports that follow one another on a mount', () => {
  const wrap = createWrapper(vhostOptions.parse(nevow), '/');
  for (const [scheme, host, result] of [
    ['http', 'a', '/vhost/http/a/'],
    ['http', 'a', '/vhost/http/a/'],
    ['https', 'a', '/vhost/https/a:443/'],
    ['https', 'b', '/vhost/https/b:443/'],
    ['https', 'b:80', '/vhost/https/b:80/'],
    ['http', 'b:80', '/vhost/http/b/'],
    ['http', '[::1]', 'misdirected'],
    ['http', 'b', '/vhost/http/b/'],
  ] as const) {
    assert.equal(
      outcome(() => wrap(exchangeFor(scheme, host), '/', '/')),
      result,
    );
  }
});

test('vhost leaves its wrapper to the proxy and goes on', () => {
  // Exception: the feature uses nothing of its context but the mount.
  const context = { mount: { site: '*', path: '/', source: undefined } } as FeatureContext;
  const { handle, explain } = createVhost(vhostOptions.parse(nevow), context);
  const exchange = exchangeFor('http', 'h');
  const reply: Reply = { head: { status: 204, reason: '', headers: new HeaderList() }, body: emptyBody };
  assert.equal(
    handle?.(exchange, () => reply),
    reply,
  );
  assert.equal(exchange.get(TARGET_WRAPPER)?.(exchange, '/x', '/'), '/vhost/http/h/x');
  assert.deepEqual(explain?.(), ['writes /vhost/SCHEME/HOST before the backend path']);
});

test('the zope dialect refuses a mount that has no prefix to give', () => {
  assert.throws(() => createWrapper(vhostOptions.parse(zope), '/old'), { name: 'RangeError', message: /"\/old"/ });
});

const MISTAKES: readonly [options: unknown, path: string, message: RegExp][] = [
  [{ dialect: 'apache' }, 'dialect', /"nevow" or "zope"/],
  [{ dialect: 'nevow', mount: '/a/b' }, 'mount', /one segment/],
  [{ dialect: 'zope', mount: '/vhost' }, 'mount', /always starts with/],
  [{ dialect: 'nevow', authority: 'https://x' }, 'authority', /host:port/],
  [{ dialect: 'nevow', authority: 'u@h' }, 'authority', /host:port/],
  [{ dialect: 'nevow', client: 'pass' }, '', /client/],
];

for (const [options, path, message] of MISTAKES) {
  test(`vhost options ${JSON.stringify(options)} are a mistake`, () => {
    const [issue] = vhostOptions.safeParse(options).error?.issues ?? [];
    assert.equal(issue?.path.join('.'), path);
    assert.match(issue?.message ?? '', message);
  });
}

test('the form that clients must not send is the written one, unless they may', () => {
  assert.deepEqual(refusedForm(vhostOptions.parse({ ...nevow, mount: '/_v' }))?.mount, '/_v');
  assert.equal(refusedForm(vhostOptions.parse({ ...nevow, clients: 'pass' })), undefined);
});

function outcome(wrap: () => string): string {
  try {
    return wrap();
  } catch (error) {
    assert.ok(error instanceof ProxyError);
    return error.code;
  }
}

function exchangeFor(scheme: 'http' | 'https', host: string | undefined): Exchange {
  return testExchange({ host: host ?? null, isSecure: scheme === 'https' });
}
