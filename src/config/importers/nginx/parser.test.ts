// The syntax of nginx.conf: words, quotes, blocks, includes, and what a mistake costs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ImportReport } from '../report.ts';
import { type Directive, parseNginx } from './parser.ts';

function parse(text: string, files: Readonly<Record<string, string>> = {}) {
  const report = new ImportReport();
  const read = (pattern: string) =>
    Object.entries(files).flatMap(([file, content]) => (file === pattern ? [{ file, text: content }] : []));
  return {
    printed: parseNginx(text, '/etc/nginx/nginx.conf', read, report).map(print).join(' '),
    diagnostics: report.list(),
  };
}

test('directives', () => {
  const cases = [
    ['a;', 'a()'],
    ['a b c;', 'a(b,c)'],
    ['a "b c" \'d e\';', 'a(b c,d e)'],
    ['a "b\\"c" b\\"c;', 'a(b"c,b"c)'],
    ['a "\\t\\n\\\\\\d";', 'a(\t\n\\\\d)'],
    ['a b#c; # comment', 'a(b#c)'],
    ['a "line\nbreak";', 'a(line\nbreak)'],
    ['a ${b}c;', 'a(${b}c)'],
    ['location ~ \\.php$ { }', 'location(~,\\.php$){}'],
    ['a { b; c { d; } }', 'a(){b() c(){d()}}'],
    ['a{b;}', 'a(){b()}'],
    ['if ($x = "y") { return 1; }', 'if(($x,=,y,)){return(1)}'],
    ['a x\\;y;', 'a(x\\;y)'],
    ['content_by_lua_block { if a then b = {} end } z;', 'content_by_lua_block(){} z()'],
  ] as const;
  for (const [text, expected] of cases) {
    const { printed, diagnostics } = parse(text);
    assert.equal(printed, expected, text);
    assert.deepEqual(diagnostics, [], text);
  }
});

test('includes are read in place, from the folder of the main file', () => {
  const files = { '/etc/nginx/a.conf': 'x; include b.conf;', '/etc/nginx/b.conf': 'y;' };
  assert.equal(parse('http { include a.conf; z; }', files).printed, 'http(){x() y() z()}');
  const circle = parse('include a.conf;', { '/etc/nginx/a.conf': 'x; include a.conf;' });
  assert.match(circle.diagnostics.at(-1)?.message ?? '', /more than 16 deep/);
});

test('mistakes are reported and cost no more than they must', () => {
  const cases = [
    ['a b', ''],
    ['a; }', 'a()'],
    ['a { b;', 'a(){b()}'],
    ['a "b', ''],
    ['a "b"c;', 'a(b,c)'],
    [';', ''],
    ['{ x; } y;', 'y()'],
    ['a { '.repeat(200), undefined],
  ] as const;
  for (const [text, expected] of cases) {
    const { printed, diagnostics } = parse(text);
    if (expected !== undefined) assert.equal(printed, expected, text);
    assert.ok(
      diagnostics.some(({ severity }) => severity === 'error'),
      text.slice(0, 40),
    );
  }
});

function print({ name, args, block }: Directive): string {
  return `${name}(${args.map(({ text }) => text).join(',')})${block === undefined ? '' : `{${block.map(print).join(' ')}}`}`;
}
