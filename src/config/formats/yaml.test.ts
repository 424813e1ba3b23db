// parseYaml: values, places, aliases and merge keys, and what it says about slips.
import assert from 'node:assert/strict';
import test from 'node:test';
import { LineIndex } from '../../util/source-position.ts';
import type { KeyPath, Span } from '../document.ts';
import { parseYaml } from './yaml.ts';

test('parseYaml gives the value and the span of every key and value', () => {
  const text =
    'listen: ":80"\nsites:\n  a.example: &x {proxy: "http://b"}\n  c.example: *x\nlist:\n  - 1\n  - [true, null]\n';
  const { value, spans, mistakes } = parseYaml(text);
  assert.deepEqual(mistakes, []);
  assert.deepEqual(value, {
    listen: ':80',
    sites: { 'a.example': { proxy: 'http://b' }, 'c.example': { proxy: 'http://b' } },
    list: [1, [true, null]],
  });
  const cases: readonly [KeyPath, string | undefined, string][] = [
    [['listen'], 'listen', '":80"'],
    [['sites', 'a.example'], 'a.example', '{proxy: "http://b"}'],
    [['sites', 'a.example', 'proxy'], 'proxy', '"http://b"'],
    [['sites', 'c.example'], 'c.example', '{proxy: "http://b"}'],
    [['sites', 'c.example', 'proxy'], 'proxy', '"http://b"'],
    [['list', 1, 0], undefined, 'true'],
  ];
  for (const [path, key, written] of cases) {
    const found = spans.get(path);
    assert.equal(cut(text, found?.value), written, path.join());
    assert.equal(cut(text, found?.key), key, path.join());
  }
});

const VALUES: readonly [text: string, value: unknown][] = [
  ['', undefined],
  ['# nothing\n', null],
  ['a: yes\nb: 1.50\nc: 0x1F\nd: ~\n', { a: 'yes', b: 1.5, c: 31, d: null }],
  ['404: ./x\n0x10: y\ntrue: z', { '404': './x', '0x10': 'y', true: 'z' }],
  ['base: &b {x: 1, y: 2}\nof:\n  <<: *b\n  y: 3\n', { base: { x: 1, y: 2 }, of: { x: 1, y: 3 } }],
  ['a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n', { a: { x: 1 }, b: { x: 2, y: 2 }, c: { x: 1, y: 2 } }],
  ['a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}', { a: { x: 1 }, b: { x: 1, y: 2 }, c: { x: 1, y: 2 } }],
  ['"<<": 1', { '<<': 1 }],
  ['[a: 1, b]', [{ a: 1 }, 'b']],
  ['a: |\n  two\n  lines\n', { a: 'two\nlines\n' }],
];

for (const [text, value] of VALUES) {
  test(`parseYaml reads ${JSON.stringify(text)}`, () => {
    const parsed = parseYaml(text);
    assert.deepEqual(parsed.mistakes, []);
    assert.deepEqual(parsed.value ?? null, value ?? null);
  });
}

const MISTAKES: readonly [text: string, mistakes: string[]][] = [
  ['sites:\n  *.example.net: x\n', ['2:3 *.example.net without quotes is an alias']],
  ['sites:\n  *: x\n', ['2:3 * without quotes is an alias']],
  ['a: *nowhere\n', ['1:4 *nowhere without quotes is an alias']],
  ['a:\n\tb: 1\n', ['2:1 a tab indents this line']],
  ['a: 1\n b: 2\n', ['1:4 a key inside a value']],
  ['a: http://x: y\n', ['1:4 a key inside a value']],
  ['a: 1\n---\nb: 1\n', ['2:1 a second document starts here']],
  ['a: "x\nb: 1', ['2:5 not valid YAML: missing closing "quote']],
  ['a: !tag x', ['1:4 not valid YAML: unresolved tag: !tag']],
  ['a: 1\nb: 2\na: 3\n', ['3:1 the key "a" stands here a second time; the first is on line 1']],
  ['x: {a: 1}\n__proto__: {y: 1}', ['2:1 the key __proto__ is not allowed']],
  ['? [a]\n: b', ['1:3 a key must be a text']],
  ['a: 1\n<<: 3', ['2:5 only a map can be merged']],
  ['a: &x {b: *x}', ['1:7 the document has more than 64 levels']],
  ['a: &x {<<: *x}\nb: *x', ['1:12 the document has more than 64 levels']],
  [`${'['.repeat(5000)}`, ['1:', 'nested too deeply']],
  ['a: @x\nb: @y', ['1:4 not valid YAML: plain value cannot', '2:4 not valid YAML: plain value cannot']],
];

for (const [text, expected] of MISTAKES) {
  test(`parseYaml explains ${JSON.stringify(text.slice(0, 40))}`, () => {
    const lines = new LineIndex(text);
    const printed = parseYaml(text).mistakes.map(({ span, message }) => {
      const { line, column } = lines.positionAt(span.start);
      return `${line}:${column} ${message}`;
    });
    if (expected[0] === '1:') assert.match(printed.join('\n'), /nested too deeply/);
    else
      assert.deepEqual(
        printed.map((line, index) => line.slice(0, expected[index]?.length)),
        expected,
      );
  });
}

for (const kind of ['lists', 'merges']) {
  test(`parseYaml bounds what aliases multiply to: ${kind}`, { timeout: 120_000 }, () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const items = Array.from({ length: 9 }, () => (level === 0 ? '{x: 1}' : `*l${level - 1}`)).join(', ');
      return kind === 'lists' ? `l${level}: &l${level} [${items}]` : `l${level}: &l${level} {<<: [${items}]}`;
    });
    const { mistakes } = parseYaml(levels.join('\n'));
    assert.deepEqual(
      mistakes.map((mistake) => mistake.message),
      ['the document has more than 200000 values, aliases followed'],
    );
  });
}

function cut(text: string, span: Span | undefined): string | undefined {
  return span === undefined ? undefined : text.slice(span.start, span.end);
}
