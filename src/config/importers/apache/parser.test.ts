// The syntax of httpd.conf: lines, words, sections, and everything that is decided while the file is read.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ImportReport } from '../report.ts';
import { splitWords } from './lexer.ts';
import { type Directive, parseApache } from './parser.ts';

function parse(text: string, files: Readonly<Record<string, string>> = {}) {
  const report = new ImportReport();
  const read = (pattern: string) =>
    Object.entries(files).flatMap(([file, content]) => (file === pattern ? [{ file, text: content }] : []));
  const directives = parseApache(text, '/etc/apache2/apache2.conf', read, report);
  return { printed: directives.map(print).join(' '), diagnostics: report.list(), directives };
}

test('words', () => {
  const cases = [
    ['a b  c', ['a', 'b', 'c']],
    ['"a b" c', ['a b', 'c']],
    ["'a b' c", ['a b', 'c']],
    ['"a \\" b" \'c \\\' d\'', ['a " b', "c ' d"]],
    ['"^/(.*)\\.html$" "\\\\x"', ['^/(.*)\\.html$', '\\x']],
    ['a"b c', ['a"b', 'c']],
    ['"open', ['open']],
    ['', []],
  ] as const;
  for (const [text, expected] of cases) assert.deepEqual(splitWords(text), expected, text);
});

test('lines and sections', () => {
  const cases = [
    ['A b c', 'a(b,c)'],
    ['  A \\\n  b \\\n c', 'a(b,c)'],
    ['# x \\\nA b\nC', 'c()'],
    ['A b # no comment', 'a(b,#,no,comment)'],
    ['A "b\\\\"', 'a(b\\)'],
    ['<VirtualHost *:80>\nA b\n</VirtualHost>', 'virtualhost(*:80){a(b)}'],
    ['<Location "/a b">\n<Limit GET>\nX\n</Limit>\n</location>', 'location(/a b){limit(GET){x()}}'],
    ['Define X y\nA ${X}z', 'define(X,y) a(yz)'],
    ['A ${UNSET}', 'a(\ue000{UNSET})'],
    ['<IfModule mod_x.c>\nA\n</IfModule>', 'a()'],
    ['<IfModule !mod_x.c>\nA\n</IfModule>', ''],
    [
      'LoadModule y_module y.so\n<IfModule mod_x.c>\nA\n</IfModule>\n<IfModule y_module>\nB\n</IfModule>',
      'loadmodule(y_module,y.so) b()',
    ],
    ['<IfDefine X>\n<IfModule a>\nA\n</IfModule>\n</IfDefine>\nB', 'b()'],
    [
      '<IfVersion >= 2.4>\nA\n</IfVersion>\n<IfVersion < 2.4.62>\nB\n</IfVersion>\n<IfVersion 2.2>\nC\n</IfVersion>',
      'a()',
    ],
    ['<Macro M $a $ab>\nX $a $ab\n</Macro>\nUse M 1 2\nUse m 3 4', 'x(1,2) x(3,4)'],
  ] as const;
  for (const [text, expected] of cases) {
    const { printed, diagnostics } = parse(text);
    assert.equal(printed, expected, text);
    assert.deepEqual(diagnostics, [], text);
  }
});

test('places are those of the first line', () => {
  const { directives } = parse('\n  A \\\n b\n\tC');
  assert.deepEqual(
    directives.map(({ source: { line, column } }) => [line, column]),
    [
      [2, 3],
      [4, 2],
    ],
  );
});

test('includes start from ServerRoot', () => {
  assert.equal(parse('Include a.conf', { '/etc/apache2/a.conf': 'A' }).printed, 'a()');
  assert.equal(parse('ServerRoot /srv\nInclude a.conf', { '/srv/a.conf': 'A' }).printed, 'serverroot(/srv) a()');
  assert.equal(parse('IncludeOptional none.conf').diagnostics.length, 0);
  assert.match(parse('Include none.conf').diagnostics[0]?.message ?? '', /no file/);
  assert.match(
    parse('Include a.conf', { '/etc/apache2/a.conf': 'Include a.conf' }).diagnostics.at(-1)?.message ?? '',
    /16 deep/,
  );
});

test('mistakes are reported', () => {
  const mistakes = [
    '</VirtualHost>',
    '<VirtualHost *>\nA',
    '<A>\n<B>\n</A>',
    'Use Nothing',
    '<Macro M>\nX',
    '<A>\n'.repeat(200),
  ];
  for (const text of mistakes)
    assert.ok(
      parse(text).diagnostics.some(({ severity }) => severity === 'error'),
      text.slice(0, 40),
    );
});

test('a macro that uses itself ends', () => {
  parse('<Macro M>\nUse M\nUse M\n</Macro>\nUse M');
});

function print({ key, args, block }: Directive): string {
  return `${key}(${args.join(',')})${block === undefined ? '' : `{${block.map(print).join(' ')}}`}`;
}
