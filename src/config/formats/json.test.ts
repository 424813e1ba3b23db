// parseJson: agrees with JSON.parse on every valid text, knows places, refuses duplicates, explains mistakes.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { LineIndex } from '../../util/source-position.ts';
import { parseJson } from './json.ts';

test('parseJson = JSON.parse on whatever JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      if (text.includes('"__proto__"')) return;
      assert.deepEqual(parseJson(text), { ...parseJson(text), value: JSON.parse(text), mistakes: [] });
    }),
  );
});

test('parseJson takes and refuses the same texts as JSON.parse, duplicates aside', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ \n01-.eu"truefalsn'), maxLength: 12 }), (text) => {
      const parsed = parseJson(text);
      if (parsed.mistakes.some((mistake) => mistake.message.includes('second time'))) return;
      assert.equal(parsed.mistakes.length === 0, isJson(text), text);
    }),
    { numRuns: 3000 },
  );
});

test('parseJson gives the span of every key and value', () => {
  const text = '{ "sites": {"a.b": ["x", 12]} }';
  const { spans } = parseJson(text);
  const cut = (path: (string | number)[]) => {
    const { key, value } = spans.get(path) ?? {};
    return [key && text.slice(key.start, key.end), value && text.slice(value.start, value.end)];
  };
  assert.deepEqual(cut([]), [undefined, text]);
  assert.deepEqual(cut(['sites', 'a.b']), ['"a.b"', '["x", 12]']);
  assert.deepEqual(cut(['sites', 'a.b', 1]), [undefined, '12']);
});

const MISTAKES: readonly [text: string, mistakes: string[]][] = [
  ['', ['1:1 expected a value, the document ends']],
  ['{"a": 1,}', ['1:9 expected a key in double quotes, got } (a comma too many)']],
  ['[1,\n]', ['2:1 expected a value, got ] (a comma too many)']],
  ['{\n  // hello\n}', ['2:3 expected a key in double quotes, got / (JSON has no comments; YAML does)']],
  ["{'a': 1}", ["1:2 expected a key in double quotes, got '"]],
  ['{"a" 1}', ['1:6 expected a colon, got 1']],
  ['{"a": 1 "b": 2}', ['1:9 expected a comma or }, got \\"']],
  ['[1 2]', ['1:4 expected a comma or ], got 2']],
  ['{"a": yes}', ['1:7 expected a value, got yes']],
  ['{} x', ['1:4 expected the end of the document, got x']],
  ['["a\nb"]', ['1:2 expected a text in double quotes, ended on the same line and with valid escapes, got \\"']],
  [
    '{"a": 1,\n "a": 2, "a": 3}',
    [1, 1].map(
      (_, index) =>
        `2:${index === 0 ? 2 : 10} the key "a" stands here a second time; the first is on line ${index + 1}`,
    ),
  ],
  ['{"__proto__": {}}', ['1:2 the key __proto__ is not allowed']],
  ['['.repeat(100), ['1:66 expected at most 64 levels, got [']],
];

for (const [text, expected] of MISTAKES) {
  test(`parseJson explains ${JSON.stringify(text.slice(0, 30))}`, () => {
    const lines = new LineIndex(text);
    const printed = parseJson(text).mistakes.map(({ span, message }) => {
      const { line, column } = lines.positionAt(span.start);
      return `${line}:${column} ${message}`;
    });
    assert.deepEqual(printed, expected);
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
