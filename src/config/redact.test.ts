// redact: no secret of any known kind comes through, everything else does.
import assert from 'node:assert/strict';
import test from 'node:test';
import { redact, redactText } from './redact.ts';

const TEXTS: readonly [text: string, redacted: string][] = [
  ['http://user:pass@host/x', 'http://user:(secret)@host/x'],
  ['redis://:pass@host', 'redis://:(secret)@host'],
  ['one http://a:b@c and https://d:e@f', 'one http://a:(secret)@c and https://d:(secret)@f'],
  ['http://user@host/', 'http://user@host/'],
  ['http://host:8080/a@b', 'http://host:8080/a@b'],
  ['plain', 'plain'],
];

for (const [text, redacted] of TEXTS) {
  test(`redactText of ${text}`, () => assert.equal(redactText(text), redacted));
}

test('redact hides values below keys that say they are secret, at any depth', () => {
  const value = {
    password: 'x',
    apiKey: 'x',
    list: [{ clientSecret: 'x', name: 'n' }],
    token: { kind: 'map' },
    tokens: 3,
    run: () => 1,
  };
  assert.deepEqual(redact(value), {
    password: '(secret)',
    apiKey: '(secret)',
    list: [{ clientSecret: '(secret)', name: 'n' }],
    token: { kind: 'map' },
    tokens: 3,
    run: '(function)',
  });
});
