import assert from 'node:assert/strict';
import test from 'node:test';
import type { PageRecord } from '../../src/doctor/visited-page.ts';
import { applicationNamed } from './applications.ts';
import { worseThan } from './compare.ts';
import type { AppVisit } from './visit.ts';

const app = applicationNamed('vite-react-spa');
const DIRECT = 'http://127.0.0.1:1/';
const BELOW = 'http://site.localhost:2/app/';
const home = { step: 'home', path: '/', text: 'home about Home items #' };
const socket = { url: 'ws://a/', isUsed: true, error: undefined };

function visit(base: string, record: Partial<PageRecord> = {}, more: Partial<AppVisit> = {}): AppVisit {
  const nothing: PageRecord = {
    failed: [],
    consoleErrors: [],
    scriptErrors: [],
    escapes: [],
    outside: [],
    sockets: [],
    policyViolations: [],
    mixedContent: [],
  };
  return { base, record: { ...nothing, ...record }, steps: [home], linksOut: [], iconStatus: 200, ...more };
}

const direct = visit(DIRECT, {
  failed: [{ url: `${DIRECT}rules?t=1`, why: '404' }],
  consoleErrors: [`no rules (${DIRECT}rules)`],
  sockets: [socket],
});

test('what fails directly too is not worse, nor are other numbers and another address', () => {
  const same = visit(BELOW, {
    failed: [{ url: `${BELOW}rules?t=22`, why: '404' }],
    consoleErrors: [`no rules (${BELOW}rules)`],
    sockets: [socket],
  });
  assert.deepEqual(worseThan(app, direct, same), []);
});

test('the same failure without a reason phrase, as HTTP/2 has none, is not worse', () => {
  const missing = (base: string, path: string, reason: string) =>
    visit(base, { consoleErrors: [`the server responded with a status of 404 (${reason}) (${base}${path})`] });
  const before = missing(DIRECT, 'rules', 'Not Found');
  assert.deepEqual(worseThan(app, before, missing(BELOW, 'rules', '')), []);
  assert.equal(worseThan(app, before, missing(BELOW, 'style', '')).length, 1);
});

const WORSE: readonly (readonly [what: string, record: Partial<PageRecord>, more: Partial<AppVisit>, said: RegExp])[] =
  [
    ['another failure', { failed: [{ url: `${BELOW}x`, why: '404' }] }, {}, /^failed request: 404 BASE\/x$/],
    ['another message', { consoleErrors: ['oh'] }, {}, /^console error: oh$/],
    ['an escape', { escapes: [DIRECT] }, {}, /^request to the backend: /],
    ['a link out', {}, { linksOut: ['http://site.localhost:2/x'] }, /^link out of the mount: /],
    ['no WebSocket', { sockets: [] }, {}, /^0 WebSockets instead of 1$/],
    ['a broken WebSocket', { sockets: [socket, { ...socket, error: 'x' }] }, {}, /^1 WebSocket errors instead of 0$/],
    ['another path', {}, { steps: [{ ...home, path: '/x' }] }, /^home: at \/x instead of \/$/],
    ['another text', {}, { steps: [{ ...home, text: 'home about' }] }, /^home: shows "home about" instead of /],
    ['a step less', {}, { steps: [] }, /^home: not reached$/],
    ['no icon', {}, { iconStatus: 404 }, /^\/favicon\.ico: 404$/],
  ];

for (const [what, record, more, said] of WORSE) {
  test(`${what} is worse`, () => {
    const [first, ...rest] = worseThan(app, direct, visit(BELOW, { sockets: [socket], ...record }, more));
    assert.match(first ?? '', said);
    assert.deepEqual(rest, []);
  });
}
