// Preflight: what stops an order, what does not, as a table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { SessionTickets } from '../tls/session-tickets.ts';
import { ChallengeBoard, type ChallengeType } from './challenges.ts';
import { checkBefore, type Surroundings } from './preflight.ts';

const clock = new FakeClock();
const board = new ChallengeBoard(clock, new SessionTickets(clock));
const own = new Set(['192.0.2.1', '2001:db8::1']);

function surroundings(changes: Partial<Surroundings>): Surroundings {
  return {
    resolve: () => Promise.resolve(['192.0.2.1']),
    ownAddresses: () => own,
    fetch: async (url) => (await board.findHttp(new URL(url).pathname)) ?? 'something else',
    ...changes,
  };
}

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

const cases: readonly (readonly [
  what: string,
  challenge: ChallengeType,
  changes: Partial<Surroundings>,
  message: RegExp | undefined,
])[] = [
  ['our own token comes back', 'http-01', {}, undefined],
  [
    'the name does not resolve',
    'http-01',
    { resolve: failing('ENOTFOUND') },
    /a\.example does not resolve.*nothing was ordered/,
  ],
  ['the same for tls-alpn-01', 'tls-alpn-01', { resolve: failing('ENOTFOUND') }, /does not resolve/],
  ['for dns-01 the name need not exist', 'dns-01', { resolve: failing('ENOTFOUND') }, undefined],
  ['our name server is ill', 'http-01', { resolve: failing('EAI_AGAIN') }, undefined],
  [
    'something else answers',
    'http-01',
    { fetch: () => Promise.resolve('hello') },
    /leads to this machine \(192\.0\.2\.1\), but something else/,
  ],
  [
    'nobody answers',
    'http-01',
    { fetch: () => Promise.reject(new Error('refused')) },
    /port 80 does not answer: refused/,
  ],
  ['http is no matter for tls-alpn-01', 'tls-alpn-01', { fetch: () => Promise.resolve('hello') }, undefined],
  [
    'one address is of another machine: a balancer may stand there',
    'http-01',
    { resolve: () => Promise.resolve(['192.0.2.1', '198.51.100.1']), fetch: () => Promise.resolve('hello') },
    undefined,
  ],
];

for (const [what, challenge, changes, message] of cases)
  test(`checkBefore: ${what}`, async () => {
    const checking = checkBefore('a.example', challenge, board, surroundings(changes));
    await (message === undefined ? checking : assert.rejects(checking, message));
    assert.ok(board.isIdle, 'the token is taken down');
  });
