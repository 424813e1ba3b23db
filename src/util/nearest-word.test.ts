// nearestWord: which slips are forgiven, and which words are too far to guess.
import assert from 'node:assert/strict';
import test from 'node:test';
import { nearestWord } from './nearest-word.ts';

const KEYS = ['listen', 'sites', 'defaults', 'trust', 'vhost', 'headers', 'to', 'connections-per-address'];

const CASES: readonly [word: string, nearest: string | undefined][] = [
  ['vhsot', 'vhost'],
  ['vhos', 'vhost'],
  ['vvhost', 'vhost'],
  ['vhozt', 'vhost'],
  ['Listen', 'listen'],
  ['site', 'sites'],
  ['header', 'headers'],
  ['haeders', 'headers'],
  ['connectionsPerAddress', 'connections-per-address'],
  ['too', 'to'],
  ['xyz', undefined],
  ['q', undefined],
  ['', undefined],
  ['s'.repeat(1000), undefined],
];

for (const [word, nearest] of CASES) {
  test(`nearestWord of "${word.slice(0, 30)}" is ${nearest}`, () => {
    assert.equal(nearestWord(word, KEYS), nearest);
  });
}

test('nearestWord prefers the nearer of two candidates, wherever it stands', () => {
  assert.equal(nearestWord('hosts', ['vhosts', 'host', 'hosts']), 'hosts');
});
