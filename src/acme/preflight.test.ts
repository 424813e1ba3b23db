// Preflight: what stops an order, what does not, as a table.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { SessionTickets } from '../tls/session-tickets.ts';
import { systemClock } from '../util/clock.ts';
import { ChallengeBoard, type ChallengeType } from './challenges.ts';
import { checkBefore, realSurroundings, type Surroundings } from './preflight.ts';
import { createChallengeCertificate } from './x509.ts';

const clock = new FakeClock();
const board = new ChallengeBoard(clock, new SessionTickets(clock));
const own = new Set(['192.0.2.1', '2001:db8::1']);

function surroundings(changes: Partial<Surroundings>): Surroundings {
  return {
    resolve: () => Promise.resolve(['192.0.2.1']),
    ownAddresses: () => own,
    fetch: async (url) => (await board.findHttp(new URL(url).pathname)) ?? 'something else',
    handshake: async (serverName) => {
      const identity = await board.find({ serverName, alpnProtocols: ['acme-tls/1'] });
      return identity?.certificates[0]?.leaf.raw ?? Buffer.from('something else');
    },
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
    'something else speaks TLS',
    'tls-alpn-01',
    { handshake: () => Promise.resolve(Buffer.from('another')) },
    /leads to this machine \(192\.0\.2\.1\), but something else answers on port 443; nothing was ordered/,
  ],
  [
    'nobody takes the protocol',
    'tls-alpn-01',
    { handshake: () => Promise.reject(new Error('no application protocol')) },
    /port 443 does not answer to acme-tls\/1: no application protocol; nothing was ordered/,
  ],
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
    const identity = await board.find({ serverName: 'a.example', alpnProtocols: ['acme-tls/1'] });
    assert.equal(identity, undefined, 'the certificate is taken down');
  });

for (const [what, protocols, outcome] of [
  ['shows its certificate', ['acme-tls/1'], /^$/],
  ['speaks other protocols', ['h2', 'http/1.1'], /no application protocol/i],
  ['knows nothing of protocols', undefined, /it was not agreed on/],
] as const)
  test(`a handshake as a CA makes it, with a server that ${what}`, async (t) => {
    const now = Date.now();
    const validity = { fromMs: now - 1_000_000, toMs: now + 1_000_000 };
    const { chain, key } = await createChallengeCertificate('localhost', 'answer', validity);
    const server = createServer({ cert: chain, key, ...(protocols && { ALPNProtocols: [...protocols] }) }, (socket) =>
      socket.on('error', () => {}).end(),
    );
    server.listen(0, 'localhost');
    t.after(() => server.close());
    await once(server, 'listening');
    const { handshake } = realSurroundings(systemClock, (server.address() as AddressInfo).port);
    const seen = handshake('localhost');
    if (outcome.source === '^$') assert.deepEqual(await seen, new X509Certificate(chain).raw);
    else await assert.rejects(seen, outcome);
  });
