import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecentMap } from './recent-map.ts';

describe('RecentMap', () => {
  test('makes a value once while it remembers it', () => {
    const map = new RecentMap<object>(2);
    const value = map.getOrMake('a', () => ({}));
    assert.equal(
      map.getOrMake('a', () => ({})),
      value,
    );
  });

  test('forgets what was asked for longest ago', () => {
    const map = new RecentMap<string>(2);
    const made: string[] = [];
    const make = (key: string) => {
      made.push(key);
      return key;
    };
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) map.getOrMake(key, () => make(key));
    assert.deepEqual(made, ['a', 'b', 'c', 'b']);
  });
});
