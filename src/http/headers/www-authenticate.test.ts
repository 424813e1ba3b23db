import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mapChallenges } from './www-authenticate.ts';

describe('mapChallenges', () => {
  const rows: [string, string[]][] = [
    ['Basic realm="x"', ['basic realm x']],
    ['Bearer realm="http://a/b",service="c"', ['bearer realm http://a/b', 'bearer service c']],
    ['Negotiate, Basic realm = "a, b=c", charset=UTF-8', ['basic realm a, b=c', 'basic charset UTF-8']],
    [
      'Digest realm="a\\"b", domain="/a /b", stale=false',
      ['digest realm a\\"b', 'digest domain /a /b', 'digest stale false'],
    ],
    ['Bearer abc123==', []],
    ['Bearer resource_metadata=https://a/b', ['bearer resource_metadata https://a/b']],
    ['', []],
  ];
  for (const [value, expected] of rows)
    test(value, () => {
      const seen: string[] = [];
      const same = mapChallenges(value, (scheme, name, text) => {
        seen.push(`${scheme} ${name} ${text}`);
        return text;
      });
      assert.deepEqual(seen, expected);
      assert.equal(same, value);
    });

  test('changes one value, nothing else', () => {
    assert.equal(
      mapChallenges('Basic realm = "x" , Bearer realm=y', (scheme, _, value) => (scheme === 'bearer' ? 'Z' : value)),
      'Basic realm = "x" , Bearer realm=Z',
    );
  });
});
