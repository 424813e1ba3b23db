// Entity tags: grammar, lists, comparison.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isEntityTag, isWeakTag, matchesStrongly, matchesWeakly, parseEntityTags } from './etag.ts';

const tagArbitrary = fc
  .tuple(fc.boolean(), fc.stringMatching(/^[\x21\x23-\x7e\x80-\xff]{0,12}$/))
  .map(([isWeak, opaque]) => `${isWeak ? 'W/' : ''}"${opaque}"`);

test('isEntityTag: quotes needed, W/ in capitals, no spaces or quotes inside', () => {
  for (const tag of ['"a"', '""', 'W/"a"', '"\\"', '"a,b"', '"\xe4"']) assert.ok(isEntityTag(tag), tag);
  for (const text of ['a', 'w/"a"', '"a', '"a b"', '"a""b"', 'W/a', '', '"\x7f"', '"\u0100"'])
    assert.ok(!isEntityTag(text), text);
});

test('parseEntityTags: lists, the asterisk, and what is neither', () => {
  const cases: [string, ReturnType<typeof parseEntityTags>][] = [
    ['*', '*'],
    [' * ', '*'],
    ['"a"', ['"a"']],
    ['"a", W/"b"', ['"a"', 'W/"b"']],
    ['"a","b"', ['"a"', '"b"']],
    [', "a" ,, "b" ,', ['"a"', '"b"']],
    ['"a,b", "\\"', ['"a,b"', '"\\"']],
    ['', undefined],
    [',', undefined],
    ['a', undefined],
    ['"a" "b"', undefined],
    ['"a", *', undefined],
    ['"a', undefined],
  ];
  for (const [value, expected] of cases) assert.deepEqual(parseEntityTags(value), expected, value);
});

test('matchesStrongly and matchesWeakly: the table of RFC 9110 §8.8.3.2', () => {
  const cases: [string, string, boolean, boolean][] = [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ];
  for (const [a, b, strong, weak] of cases) {
    assert.equal(matchesStrongly(a, b), strong, `${a} ${b} strong`);
    assert.equal(matchesWeakly(a, b), weak, `${a} ${b} weak`);
  }
});

test('laws: a list of tags parses to those tags; strong implies weak; both are symmetric', () => {
  fc.assert(
    fc.property(fc.array(tagArbitrary, { minLength: 1, maxLength: 5 }), tagArbitrary, (tags, other) => {
      assert.deepEqual(parseEntityTags(tags.join(', ')), tags);
      for (const tag of tags) {
        if (matchesStrongly(tag, other)) assert.ok(matchesWeakly(tag, other));
        assert.equal(matchesStrongly(tag, other), matchesStrongly(other, tag));
        assert.equal(matchesWeakly(tag, other), matchesWeakly(other, tag));
        assert.equal(matchesStrongly(tag, tag), !isWeakTag(tag));
      }
    }),
  );
});
