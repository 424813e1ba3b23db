import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EscapeLanguage, unescapeValue } from './escapes.ts';

describe('unescapeValue', () => {
  const rows: [EscapeLanguage, string, string, number[]][] = [
    ['html', 'a&amp;b', 'a&b', [0, 1, 6, 7]],
    ['html', '&#47;&#x2F;&#x2fx', '///x', [0, 5, 11, 16, 17]],
    ['html', '&unknown;', '&unknown;', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['html', '&#233;', '&#233;', [0, 1, 2, 3, 4, 5, 6]],
    ['html', '&', '&', [0, 1]],
    ['html', '&Tab;x', '\tx', [0, 5, 6]],
    ['css', '\\2f x', '/x', [0, 4, 5]],
    ['css', '\\00002fx', '/x', [0, 7, 8]],
    ['css', '\\)', ')', [0, 2]],
    ['css', '\\', '\\', [0, 1]],
    ['json', '\\/\\u002f\\n', '//\n', [0, 2, 8, 10]],
    ['json', '\\x2f\\u{2f}', '//', [0, 4, 10]],
    ['json', '\\u20ac', '\\u20ac', [0, 1, 2, 3, 4, 5, 6]],
    ['json', '\\', '\\', [0, 1]],
  ];
  for (const [language, raw, text, origins] of rows)
    test(`${language}: ${raw}`, () => assert.deepEqual(unescapeValue(raw, language), { text, origins }));

  test('names of object members are no references', () => {
    assert.equal(unescapeValue('&valueOf;&toString;', 'html').text, '&valueOf;&toString;');
  });
});
