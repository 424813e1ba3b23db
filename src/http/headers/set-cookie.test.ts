import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { namePrefix, parseSetCookie, printSetCookie, withValue } from './set-cookie.ts';

describe('parseSetCookie', () => {
  const lines = [
    'a=b',
    'a=b; Path=/; HttpOnly',
    ' a = b ;PATH = /x; ;=',
    'a=b=c;d',
    'no-name; Secure',
    '',
    ';',
    'a="x;y"; Path=/',
  ];
  for (const line of lines)
    test(`prints ${JSON.stringify(line)} as it was`, () => assert.equal(printSetCookie(parseSetCookie(line)), line));

  test('names and values', () => {
    const { name, attributes } = parseSetCookie(' sid =1; PATH= /x ; HttpOnly');
    assert.equal(name, 'sid');
    assert.deepEqual(
      attributes.map(({ name: attribute, value }) => [attribute, value]),
      [
        ['path', '/x'],
        ['httponly', undefined],
      ],
    );
    assert.equal(parseSetCookie('value-only').name, '');
  });
});

test('withValue keeps the spelling', () => {
  const [attribute] = parseSetCookie('a=b; PATH = /x').attributes;
  assert.ok(attribute);
  assert.equal(withValue(attribute, '/y').text, ' PATH = /y');
});

test('namePrefix', () => {
  assert.deepEqual(['__Host-a', '__host-', '__Host-Http-a', '__Secure-a', '__Http-a', '_Host-a', 'a'].map(namePrefix), [
    'host',
    'host',
    'host',
    'secure',
    'secure',
    undefined,
    undefined,
  ]);
});
