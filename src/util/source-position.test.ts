// LineIndex: offsets to lines and columns and back, at every offset of texts with every kind of line end.
import assert from 'node:assert/strict';
import test from 'node:test';
import { LineIndex } from './source-position.ts';

test('LineIndex agrees with counting line ends, at every offset, both ways', () => {
  for (const text of ['', 'a', 'a\nbc\n', '\n\n', 'x\r\nyz', 'no end\nlast']) {
    const index = new LineIndex(text);
    for (let offset = 0; offset <= text.length; offset++) {
      const before = text.slice(0, offset);
      const position = { line: before.split('\n').length, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
      assert.deepEqual(index.positionAt(offset), position, JSON.stringify([text, offset]));
      assert.equal(index.offsetAt(position), offset);
    }
  }
});

test('LineIndex takes offsets outside the text for its ends', () => {
  const index = new LineIndex('ab\ncd');
  assert.deepEqual(index.positionAt(-3), { line: 1, column: 1 });
  assert.deepEqual(index.positionAt(99), { line: 2, column: 3 });
});

test('LineIndex.lineText gives a line without its end, and nothing for lines that do not exist', () => {
  const index = new LineIndex('ab\r\ncd\n');
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((line) => index.lineText(line)),
    ['', 'ab', 'cd', '', ''],
  );
});
