// What no page of a test can show: APIs that need permissions, service workers of their own or HTTP/3, in a realm made up.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Realm } from './browser.ts';
import type { ShimConfig } from './config.ts';
import { installHooks } from './hooks.ts';
import { createMapper } from './mapper.ts';
import { createTextMaps } from './texts.ts';

const CONFIG: ShimConfig = { path: '/app/', base: '/', prefix: 'auto', except: [], backends: [] };
const maps = createTextMaps(createMapper(CONFIG, 'https://example.com'), CONFIG);

/** Interfaces whose constructors and methods answer what they were given. */
function createRealm() {
  class Given {
    readonly args: unknown[];
    constructor(...args: unknown[]) {
      this.args = args;
    }
  }
  const answer = (...args: unknown[]) => args;
  const owner = (...names: string[]) => ({ prototype: Object.fromEntries(names.map((name) => [name, answer])) });
  return {
    WebTransport: class extends Given {},
    Notification: class extends Given {},
    ServiceWorkerRegistration: owner('showNotification'),
    Clients: owner('openWindow'),
    WindowClient: owner('navigate'),
    CacheStorage: owner('match', 'delete'),
    Cache: owner('match', 'put', 'delete', 'addAll'),
    Worklet: owner('addModule'),
  };
}

type Methods = Record<string, (...args: unknown[]) => unknown[]>;

const realm = createRealm();
installHooks(realm as unknown as Realm, { maps, fixForm: () => {} });
const call = (name: Exclude<keyof typeof realm, 'WebTransport' | 'Notification'>, method: string, ...args: unknown[]) =>
  (realm[name].prototype as Methods)[method]?.(...args);

test('constructors: sockets of HTTP/3, notifications', () => {
  assert.deepEqual(new realm.WebTransport('/x', { serverCertificateHashes: [] }).args, [
    '/app/x',
    { serverCertificateHashes: [] },
  ]);
  assert.deepEqual(new realm.WebTransport('https://example.com/x').args, ['https://example.com/app/x']);
  assert.deepEqual(new realm.WebTransport('https://example.org/x').args, ['https://example.org/x']);
  const options = { icon: '/i', badge: 'https://example.com/b', image: 'i', body: '/left' };
  const mapped = { icon: '/app/i', badge: 'https://example.com/app/b', image: 'i', body: '/left' };
  assert.deepEqual(new realm.Notification('/title', options).args, ['/title', mapped]);
  assert.equal(options.icon, '/i');
  assert.ok(new realm.WebTransport('/x') instanceof realm.WebTransport);
});

const CALLS: readonly (readonly [...Parameters<typeof call>, expected: unknown[]])[] = [
  ['ServiceWorkerRegistration', 'showNotification', '/t', { icon: '/i' }, ['/t', { icon: '/app/i' }]],
  ['Clients', 'openWindow', '/x', ['/app/x']],
  ['WindowClient', 'navigate', '/x', ['/app/x']],
  ['CacheStorage', 'match', '/x', ['/app/x']],
  // The name of a cache, which is no URL.
  ['CacheStorage', 'delete', '/x', ['/x']],
  ['Cache', 'put', '/x', '/body', ['/app/x', '/body']],
  ['Cache', 'match', '/x', { ignoreSearch: true }, ['/app/x', { ignoreSearch: true }]],
  ['Cache', 'delete', new URL('https://example.com/x'), ['https://example.com/app/x']],
  ['Cache', 'addAll', ['/x', 'y', '/app/z'], [['/app/x', 'y', '/app/z']]],
  ['Worklet', 'addModule', '/x', { credentials: 'omit' }, ['/app/x', { credentials: 'omit' }]],
];

for (const [name, method, ...rest] of CALLS)
  test(`${name}.${method}(${JSON.stringify(rest.slice(0, -1))})`, () => {
    assert.deepEqual(call(name, method, ...rest.slice(0, -1)), rest.at(-1));
  });
