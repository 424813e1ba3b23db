// Renewal windows (RFC 9773), waits that a CA wishes, and what two keepers of one store do, beside a scripted CA.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateKeeper } from '../../src/acme/keeper.ts';
import { renewalIdOf } from '../../src/acme/x509.ts';
import type { Owner } from '../kit/at-end.ts';
import { type ScriptedCa, startScriptedCa } from '../kit/scripted-ca.ts';
import { tempFolder } from '../kit/temp-folder.ts';
import { issuerOptions } from './_issuer.ts';

const TIME = { timeout: 120_000 };
const NAME = 'www.example.org';
const DAY_MS = 24 * 3600_000;

async function startKeeper(owner: Owner, ca: ScriptedCa, dir = tempFolder(owner), email?: string) {
  const options = issuerOptions(owner, ca, { email }, dir);
  const keeper = new CertificateKeeper({ ...options, random: () => 0.5 });
  owner.after(async () => keeper.close());
  await keeper.keep(NAME);
  const has = (message: string, count = 1) =>
    options.waiting.until(
      `${count} times "${message}"`,
      () => options.lines.filter((line) => line.message.startsWith(message)).length >= count,
      30_000,
    );
  return { ...options, keeper, has, report: () => keeper.report(NAME) };
}

const window = (startMs: number, endMs: number, headers: Record<string, string> = {}) => ({
  headers,
  body: {
    suggestedWindow: { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() },
    explanationURL: 'https://ca.example/why',
  },
});

/** Looks, and waits until the look is over. */
async function look({ keeper }: { keeper: CertificateKeeper }): Promise<void> {
  keeper.look();
  await keeper.find(NAME);
  while (keeper.report(NAME)?.isBusy) await new Promise((resolve) => setImmediate(resolve));
}

test(
  'the window of the CA says when a certificate is renewed, and the new order names the old one',
  TIME,
  async (t) => {
    const ca = await startScriptedCa(t);
    const kept = await startKeeper(t, ca);
    kept.keeper.start();
    await kept.has('a certificate was issued');
    await look(kept);
    const first = await kept.keeper.find(NAME);
    assert.ok(first);
    const id = await renewalIdOf(first.leaf);
    const nowMs = kept.clock.epochMs();
    ca.answers.set(`/renewal/${id}`, window(nowMs + 10 * DAY_MS, nowMs + 12 * DAY_MS));
    kept.clock.putForward(7 * 3600_000);
    await look(kept);
    const report = kept.report();
    assert.ok(Math.abs((report?.renewMs ?? 0) - (nowMs + 11 * DAY_MS)) < 2000, 'in the middle, as drawn by 0.5');
    assert.equal(report?.window?.explanationUrl, 'https://ca.example/why');
    assert.equal(ca.sentTo('/order').length, 1);

    kept.clock.putForward(11 * DAY_MS);
    await kept.has('a certificate was issued', 2);
    assert.equal(ca.sentTo('/order')[0]?.['replaces'], undefined);
    assert.equal(ca.sentTo('/order')[1]?.['replaces'], id);
  },
);

test('a window that has begun, as after a mass revocation, renews at once', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const kept = await startKeeper(t, ca);
  kept.keeper.start();
  await kept.has('a certificate was issued');
  await look(kept);
  const first = await kept.keeper.find(NAME);
  assert.ok(first);
  const nowMs = kept.clock.epochMs();
  ca.answers.set(`/renewal/${await renewalIdOf(first.leaf)}`, window(nowMs - 2 * DAY_MS, nowMs - DAY_MS));
  kept.clock.putForward(7 * 3600_000);
  await kept.has('a certificate was issued', 2);
  assert.notEqual((await kept.keeper.find(NAME))?.leaf.serialNumber, first.leaf.serialNumber);
});

test('a CA that calls the old certificate replaced already still takes the order', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const kept = await startKeeper(t, ca);
  kept.keeper.start();
  await kept.has('a certificate was issued');
  ca.answers.set('/order', (request, response) => {
    ca.answers.delete('/order');
    response
      .writeHead(409, { 'Content-Type': 'application/problem+json', 'Replay-Nonce': 'bm9uY2U' })
      .end(JSON.stringify({ type: 'urn:ietf:params:acme:error:alreadyReplaced', detail: 'no' }));
    request.resume();
  });
  const report = await kept.keeper.renew(NAME);
  assert.equal(report?.facts.attempt, undefined);
  assert.equal(ca.sentTo('/order').length, 3);
});

test('the wait that a CA wishes is kept, by the next process too', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  ca.answers.set('/order', {
    status: 429,
    headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '86400' },
    body: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates' },
  });
  const dir = tempFolder(t);
  const kept = await startKeeper(t, ca, dir);
  kept.keeper.start();
  await kept.has('no certificate was issued');
  await look(kept);
  const attempt = kept.report()?.facts.attempt;
  assert.match(attempt?.error ?? '', /the CA said: "too many certificates" \(rateLimited, 429\)/);
  assert.equal((attempt?.nextMs ?? 0) - (attempt?.atMs ?? 0), DAY_MS);
  kept.keeper.close();

  ca.answers.clear();
  const next = await startKeeper(t, ca, dir);
  next.keeper.start();
  await look(next);
  assert.equal(ca.sentTo('/order').length, 1, 'it is not asked again');
  next.clock.putForward(DAY_MS + 1000);
  await next.has('a certificate was issued');
});

test('two keepers of one store make one order, and both have its certificate', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const dir = tempFolder(t);
  const both = [await startKeeper(t, ca, dir), await startKeeper(t, ca, dir)];
  for (const { keeper } of both) keeper.start();
  const certificates = await Promise.all(both.map(({ keeper }) => keeper.find(NAME)));
  assert.equal(ca.sentTo('/order').length, 1);
  assert.equal(ca.sentTo('/account').length, 1);
  const serials = certificates.map((certificate) => certificate?.leaf.serialNumber);
  assert.equal(serials[0], serials[1]);
  assert.ok(serials[0]);
});

test('a renewal by one process is seen by the other', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const dir = tempFolder(t);
  const [one, two] = [await startKeeper(t, ca, dir), await startKeeper(t, ca, dir)];
  one.keeper.start();
  await one.has('a certificate was issued');
  two.keeper.start();
  await look(two);
  await one.keeper.renew(NAME);
  await look(two);
  const serials = await Promise.all([one, two].map(async ({ keeper }) => (await keeper.find(NAME))?.leaf.serialNumber));
  assert.equal(serials[0], serials[1]);
  assert.equal(ca.sentTo('/order').length, 2);
});

test('another CA in the configuration fetches anew, and shows the old certificate until then', TIME, async (t) => {
  const [ca, other] = [await startScriptedCa(t), await startScriptedCa(t)];
  const dir = tempFolder(t);
  const first = await startKeeper(t, ca, dir);
  first.keeper.start();
  await first.has('a certificate was issued');
  await look(first);
  const old = (await first.keeper.find(NAME))?.leaf.serialNumber;
  first.keeper.close();
  const second = await startKeeper(t, other, dir);
  assert.equal((await second.keeper.find(NAME))?.leaf.serialNumber, old);
  second.keeper.start();
  await second.has('a certificate was issued');
  assert.notEqual((await second.keeper.find(NAME))?.leaf.serialNumber, old);
  assert.equal(other.sentTo('/order')[0]?.['replaces'], undefined, 'it knows nothing of the other certificate');
});

test('a new mail address is told to the CA, once, and a refusal of it stops nothing', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const dir = tempFolder(t);
  ca.answers.set('/account/1', { body: { status: 'valid' } });
  for (const email of ['one@example.org', 'two@example.org', 'two@example.org', 'three@example.org']) {
    if (email.startsWith('three'))
      ca.answers.set('/account/1', { status: 400, headers: { 'Content-Type': 'application/problem+json' }, body: {} });
    const kept = await startKeeper(t, ca, dir, email);
    await kept.keeper.renew(NAME);
    assert.equal(kept.report()?.facts.attempt, undefined);
    kept.keeper.close();
  }
  assert.deepEqual(ca.sentTo('/account'), [{ termsOfServiceAgreed: true, contact: ['mailto:one@example.org'] }]);
  const changes = ['mailto:two@example.org', 'mailto:three@example.org'].map((contact) => ({ contact: [contact] }));
  assert.deepEqual(ca.sentTo('/account/1'), changes);
  assert.equal(ca.sentTo('/order').length, 4);
});

test('an order that a stop cuts off is no failure: the next process begins at once', TIME, async (t) => {
  const ca = await startScriptedCa(t);
  const dir = tempFolder(t);
  const cut = await startKeeper(t, ca, dir);
  const asked = new Promise<void>((resolve) => ca.answers.set('/order', () => resolve()));
  cut.keeper.start();
  await asked;
  const over = cut.keeper.find(NAME);
  cut.keeper.close();
  assert.equal(await over, undefined);
  assert.equal(cut.report()?.facts.attempt, undefined);
  ca.answers.clear();
  const next = await startKeeper(t, ca, dir);
  next.keeper.start();
  assert.ok(await next.keeper.find(NAME));
});
