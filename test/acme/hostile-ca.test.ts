// A CA that lies, breaks off or never ends: every answer leads to a clear error, in bounded time and memory.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { AcmeError } from '../../src/acme/acme-error.ts';
import { Issuer } from '../../src/acme/issuer.ts';
import { TestAuthority } from '../kit/certificates.ts';
import { type ScriptedAnswer, type ScriptedCa, startScriptedCa } from '../kit/scripted-ca.ts';
import { issuerOptions } from './_issuer.ts';

const TIME = { timeout: 120_000 };
const pem = { 'Content-Type': 'application/pem-certificate-chain' };

interface Case {
  readonly what: string;
  readonly path: string;
  readonly answer: (ca: ScriptedCa) => ScriptedAnswer | Promise<ScriptedAnswer>;
  readonly message: RegExp;
}

const order = (ca: ScriptedCa, changes: object) => ({
  status: 201,
  headers: { Location: `${ca.origin}/order/1` },
  body: {
    status: 'pending',
    authorizations: [`${ca.origin}/authorization`],
    finalize: `${ca.origin}/finalize`,
    ...changes,
  },
});

const authorization = (ca: ScriptedCa, token: unknown) => ({
  body: {
    status: 'pending',
    identifier: { type: 'dns', value: 'www.example.org' },
    challenges: [{ type: 'http-01', url: `${ca.origin}/challenge`, token }],
  },
});

const problem = (detail: string, type = 'malformed') => ({
  status: 400,
  headers: { 'Content-Type': 'application/problem+json' },
  body: { type: `urn:ietf:params:acme:error:${type}`, detail },
});

const cases: readonly Case[] = [
  {
    what: 'a directory that is no JSON',
    path: '/dir',
    answer: () => ({ body: '<html>' }),
    message: /no JSON where its directory/,
  },
  {
    what: 'a directory without an address for orders',
    path: '/dir',
    answer: (ca) => ({ body: { ...ca.directoryBody(), newOrder: undefined } }),
    message: /wrong directory at newOrder/,
  },
  {
    what: 'an address in cleartext',
    path: '/dir',
    answer: (ca) => ({ body: { ...ca.directoryBody(), newNonce: 'http://127.0.0.1:1/nonce' } }),
    message: /wrong directory at newNonce: expected a URL that begins with https/,
  },
  {
    what: 'a directory that is elsewhere',
    path: '/dir',
    answer: () => ({ status: 302, headers: { Location: 'https://elsewhere.example/' } }),
    message: /answered 302 instead of its directory/,
  },
  {
    what: 'an answer without end',
    path: '/dir',
    answer: () => (_request, response) => pourWithoutEnd(response),
    message: /cannot reach 127\.0\.0\.1:\d+: the answer is longer than 524288 bytes/,
  },
  {
    what: 'an answer that breaks off',
    path: '/dir',
    answer: () => (_request, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('{', () => response.destroy());
    },
    message: /cannot reach 127\.0\.0\.1:\d+: (the connection (was cut|closed within the answer)|aborted)/,
  },
  {
    what: 'a head without end',
    path: '/dir',
    answer: () => ({ headers: { X: 'x'.repeat(40_000) } }),
    message: /cannot reach .*header/i,
  },
  {
    what: 'no nonce',
    path: '/dir',
    answer: (ca) => {
      ca.answers.set('/nonce', (_request, response) => response.writeHead(204).end());
      return (_request, response) => response.end(JSON.stringify(ca.directoryBody()));
    },
    message: /gave no nonce/,
  },
  {
    what: 'a nonce that is always wrong',
    path: '/account',
    answer: () => problem('again', 'badNonce'),
    message: /the CA said: "again" \(badNonce, 400\)/,
  },
  {
    what: 'an account without an address',
    path: '/account',
    answer: () => ({ status: 201, body: { status: 'valid' } }),
    message: /did not say where/,
  },
  {
    what: 'a problem with control characters',
    path: '/order',
    answer: () => problem('one\u0007\u001b[31m\r\nlevel=error two\u202e'),
    message: /the CA said: "one \[31m level=error two" \(malformed, 400\)$/,
  },
  {
    what: 'a problem that is a book',
    path: '/order',
    answer: () => problem('x'.repeat(100_000)),
    message: /^.{600,800}$/,
  },
  {
    what: 'a failure without a word',
    path: '/order',
    answer: () => ({ status: 500, headers: { 'Content-Type': 'text/html' } }),
    message: /answered 500 without saying why/,
  },
  {
    what: 'an order without authorizations',
    path: '/order',
    answer: (ca) => order(ca, { authorizations: [] }),
    message: /wrong order at authorizations/,
  },
  {
    what: 'an order with a million authorizations',
    path: '/order',
    answer: (ca) => order(ca, { authorizations: Array.from({ length: 10_000 }, () => `${ca.origin}/a`) }),
    message: /wrong order at authorizations/,
  },
  {
    what: 'a token that leads out of its folder',
    path: '/authorization',
    answer: (ca) => authorization(ca, '../../../../etc/passwd-of-somebody'),
    message: /wrong authorization at challenges\.0\.token/,
  },
  {
    what: 'a token of one bit',
    path: '/authorization',
    answer: (ca) => authorization(ca, 'a'),
    message: /wrong authorization at challenges\.0\.token/,
  },
  {
    what: 'no token',
    path: '/authorization',
    answer: (ca) => authorization(ca, undefined),
    message: /offered http-01 without a token/,
  },
  {
    what: 'only challenges that nobody knows',
    path: '/authorization',
    answer: () => ({ body: { status: 'pending', identifier: { type: 'dns', value: 'x' }, challenges: [] } }),
    message: /the CA offers nothing; here is http-01/,
  },
  {
    what: 'a certificate that is none',
    path: '/certificate',
    answer: () => ({ headers: pem, body: 'hello' }),
    message: /no certificate in PEM/,
  },
  {
    what: 'the certificate of somebody else',
    path: '/certificate',
    answer: async () => ({
      headers: pem,
      body: (await (await TestAuthority.create()).issue({ names: ['www.example.org'] })).cert,
    }),
    message: /the private key belongs to another certificate/,
  },
];

for (const { what, path, answer, message } of cases)
  test(`a CA with ${what}`, TIME, async (t) => {
    const ca = await startScriptedCa(t);
    const options = issuerOptions(t, ca);
    if (path === '/authorization') ca.answers.set('/order', order(ca, {}));
    ca.answers.set(path, await answer(ca));
    const issuer = new Issuer(options);
    t.after(() => issuer.close());
    await assert.rejects(issuer.obtain('www.example.org', undefined, 0), (error) => {
      assert.ok(error instanceof AcmeError, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert.ok(ca.seen.length < 40, `${ca.seen.length} requests`);
  });

test('a CA with certificates that have ended', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const issuer = new Issuer(issuerOptions(t, ca));
  t.after(() => issuer.close());
  ca.validity = { fromMs: Date.now() - 2000, toMs: Date.now() - 1000 };
  await assert.rejects(issuer.obtain('www.example.org', undefined, 0), /the CA sent a certificate that ended on/);
});

for (const [key, kind] of [
  ['ecdsa', 'ec'],
  ['rsa', 'rsa'],
] as const)
  test(`a CA that is honest, and a key of kind ${key}`, TIME, async (t) => {
    const ca = await startScriptedCa(t);
    const issuer = new Issuer(issuerOptions(t, ca, { key }));
    t.after(() => issuer.close());
    const { certificate } = await issuer.obtain('www.example.org', undefined, 0);
    assert.equal(certificate.leaf.subjectAltName, 'DNS:www.example.org');
    assert.equal(certificate.keyKind, kind);
  });

test('a CA with profiles: the one that is wished is ordered, an unknown one is refused here', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  ca.answers.set('/dir', { body: { ...ca.directoryBody(), meta: { profiles: { short: 'a week', long: 'a year' } } } });
  const wish = (profile: string) => ({
    authorities: [{ directory: ca.directory, ca: ca.ca, eab: undefined, profile }],
  });
  const [good, bad] = ['short', 'tall'].map((profile) => new Issuer(issuerOptions(t, ca, wish(profile))));
  t.after(() => {
    good?.close();
    bad?.close();
  });
  await good?.obtain('www.example.org', undefined, 0);
  assert.equal(ca.sentTo('/order')[0]?.['profile'], 'short');
  await assert.rejects(
    bad?.obtain('www.example.org', undefined, 0) ?? Promise.resolve(),
    /no profile "tall"; it has short, long/,
  );
});

test('a public CA is not asked for a name that does not resolve, a private one is', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const surroundings = {
    resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
    ownAddresses: () => new Set<string>(),
    handshake: () => Promise.reject(new Error('not asked for')),
    fetch: () => Promise.reject(new Error('not asked')),
  };
  const authorities = [{ directory: ca.directory, ca: undefined, eab: undefined, profile: undefined }];
  const toPublic = new Issuer({ ...issuerOptions(t, ca, { authorities }), surroundings });
  const toPrivate = new Issuer({ ...issuerOptions(t, ca), surroundings });
  t.after(() => {
    toPublic.close();
    toPrivate.close();
  });
  await assert.rejects(
    toPublic.obtain('www.example.org', undefined, 0),
    /preflight: the name www\.example\.org does not resolve/,
  );
  assert.equal(ca.seen.length, 0);
  await toPrivate.obtain('www.example.org', undefined, 0);
});

function pourWithoutEnd(response: ServerResponse): void {
  const block = 'x'.repeat(65_536);
  const pour = () => {
    while (!response.destroyed && response.write(block));
  };
  response.on('drain', pour);
  response.on('error', () => {});
  pour();
}
