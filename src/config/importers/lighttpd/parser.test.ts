// The syntax of lighttpd.conf: tokens and statements, and what a mistake costs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ImportReport } from '../report.ts';
import { tokenize } from './lexer.ts';
import { type Expression, parseLighttpd, type Statement } from './parser.ts';

test('tokens', () => {
  const cases = [
    ['a.b = "x"', 'word:a.b mark:= string:x'],
    ['a += ( 1, "b" => 2 )', 'word:a mark:+= mark:( integer:1 mark:, string:b mark:=> integer:2 mark:)'],
    ['a := 1 # comment', 'word:a mark::= integer:1'],
    ['$HTTP["host"] =~ "x"', 'mark:$ word:HTTP mark:[ string:host mark:] mark:=~ string:x'],
    ['$X["a"]==""', 'mark:$ word:X mark:[ string:a mark:] mark:== string:'],
    ['"a\\"b" "c\\d" "e\\\\f"', 'string:a"b string:c\\d string:e\\\\f'],
    ['a = (\n1,\n# x\n2\n)', 'word:a mark:= mark:( integer:1 mark:, integer:2 mark:)'],
    ['a\r\nb\rc', 'word:a eol: word:b eol: word:c'],
    ['\ufeffa\u00a0b', 'word:a word:b'],
    ["'x'", 'string:x'],
    ['10-a a10', 'integer:10 word:-a word:a10'],
    ['', ''],
  ] as const;
  for (const [text, expected] of cases) {
    const tokens = tokenize(text, '/x', new ImportReport()).slice(0, -2);
    assert.equal(tokens.map(({ kind, text: token }) => `${kind}:${token}`).join(' '), expected, text);
  }
});

test('tokens know where they stand', () => {
  const tokens = tokenize('a\n  bc = "x\ny" z', '/x', new ImportReport());
  assert.deepEqual(
    tokens.filter(({ kind }) => kind !== 'eol').map(({ source: { line, column } }) => [line, column]),
    [
      [1, 1],
      [2, 3],
      [2, 6],
      [2, 8],
      [3, 4],
      [3, 5],
    ],
  );
});

test('statements', () => {
  const cases = [
    ['a = 1', 'var.a = 1'],
    ['a.b += "x" + c + 2', 'a.b += "x"+var.c+2'],
    ['a.b := ( "k" => ( 1, 2, ), )', 'a.b := (k=>(1,2))'],
    ['include "x" + ".conf"', 'include "x"+".conf"'],
    ['include_shell "ls"', 'include_shell "ls"'],
    ['global { a = 1 }', 'global{var.a = 1}'],
    ['$HTTP["a"] == "b" { a = 1 } else { a = 2 }', 'HTTP["a"]=="b"{var.a = 1} else{var.a = 2}'],
    ['$A["a"] == "b" {\n}\n\nelse $A["c"] =^ "d" {\n}', 'A["a"]=="b"{} elseA["c"]=^"d"{}'],
    [
      'if $A["a"] == "b" { } elseif $A["c"] =$ "d" { } elsif $A["e"] != "f" { }',
      'A["a"]=="b"{} elseA["c"]=$"d"{} elseA["e"]!="f"{}',
    ],
    ['$A["a"] !~ "b" { $B["c"] =~ "d" { x.y = 1 } }', 'A["a"]!~"b"{B["c"]=~"d"{x.y = 1}}'],
  ] as const;
  for (const [text, expected] of cases) {
    const report = new ImportReport();
    assert.equal(parseLighttpd(text, '/x', report).map(printStatement).join('; '), expected, text);
    assert.deepEqual(report.list(), [], text);
  }
});

test('a mistake costs its line and is reported with its place', () => {
  const text = 'a.a = 1\nb.b 2\nc.c = 3\n$HTTP["x"] = "y" {\n  d.d = 4\n}\ne.e = 5\n';
  const report = new ImportReport();
  assert.equal(parseLighttpd(text, '/x', report).map(printStatement).join('; '), 'a.a = 1; c.c = 3; e.e = 5');
  assert.deepEqual(
    report.list().map(({ line, column, severity }) => [line, column, severity]),
    [
      [2, 5, 'error'],
      [4, 12, 'error'],
    ],
  );
});

test('blocks and lists without end, and deep ones, end', () => {
  for (const text of [
    '$HTTP["a"] == "b" {',
    'a = (',
    'a = "',
    '$',
    '}',
    '{',
    'a = ( 1 2 )',
    '('.repeat(500),
    '$A["a"]=="b"{'.repeat(500),
  ]) {
    const report = new ImportReport();
    parseLighttpd(text, '/x', report);
    assert.ok(
      report.list().some(({ severity }) => severity === 'error'),
      text.slice(0, 40),
    );
  }
});

function printStatement(statement: Statement): string {
  if (statement.kind === 'assignment')
    return `${statement.name} ${statement.operator} ${printExpression(statement.value)}`;
  if (statement.kind === 'global') return `global{${statement.body.map(printStatement).join('; ')}}`;
  if (statement.kind === 'include') return `include ${printExpression(statement.name)}`;
  if (statement.kind === 'include_shell') return `include_shell ${printExpression(statement.command)}`;
  return statement.branches
    .map(({ condition, body }) => {
      const head =
        condition === undefined
          ? ''
          : `${condition.variable}[${printExpression(condition.key)}]${condition.operator}${printExpression(condition.value)}`;
      return `${head}{${body.map(printStatement).join('; ')}}`;
    })
    .join(' else');
}

function printExpression(expression: Expression): string {
  if (expression.kind === 'string') return JSON.stringify(expression.text);
  if (expression.kind === 'integer') return String(expression.value);
  if (expression.kind === 'variable') return expression.name;
  if (expression.kind === 'sum') return expression.parts.map(printExpression).join('+');
  const entries = expression.entries.map(
    ({ key, value }) =>
      `${key === undefined ? '' : `${key.kind === 'string' ? key.text : ''}=>`}${printExpression(value)}`,
  );
  return `(${entries.join(',')})`;
}
