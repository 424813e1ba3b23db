import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Comment, type Node, parse } from 'acorn';
import * as fc from 'fast-check';
import { projectRoot } from '../../../test/kit/project-root.ts';
import { Window } from '../window.ts';
import { JsLexer } from './js-lexer.ts';

/** Where the lexer saw strings that begin with a slash or backslash, and comments. */
function lex(source: string, cuts: readonly number[] = []): { strings: number[]; comments: number[] } {
  const bytes = Buffer.from(source, 'latin1');
  const strings: number[] = [];
  const comments: number[] = [];
  let base = 0;
  const lexer = new JsLexer({
    onString: (at) => strings.push(base + at) > 0,
    onComment: (at) => comments.push(base + at) > 0,
  });
  lexer.reset();
  for (const end of [...cuts, bytes.length])
    base += lexer.run(Window.of(bytes.subarray(base, end)), 0, end - base, end === bytes.length);
  assert.equal(base, bytes.length);
  return { strings, comments };
}

/** The same according to acorn; undefined for what it cannot parse. */
function parseWithAcorn(source: string): { strings: number[]; comments: number[] } | undefined {
  for (const sourceType of ['module', 'script'] as const) {
    const comments: Comment[] = [];
    try {
      const tree = parse(source, {
        ecmaVersion: 'latest',
        sourceType,
        allowHashBang: true,
        allowReturnOutsideFunction: true,
        onComment: comments,
      });
      const strings = literalsIn(tree).filter((start) => /[/\\]/.test(source[start + 1] ?? ''));
      const starts = comments
        .map(({ start }) => start)
        .filter((start) => !source.startsWith('#!', start) && !source.startsWith('-->', start));
      return {
        strings: strings.sort((a, b) => a - b),
        comments: starts.filter((start) => !source.startsWith('<!--', start)).sort((a, b) => a - b),
      };
    } catch {
      // Not this kind of program.
    }
  }
  return undefined;
}

function literalsIn(node: unknown): number[] {
  if (Array.isArray(node)) return node.flatMap(literalsIn);
  if (typeof node !== 'object' || node === null) return [];
  const inside = Object.values(node).flatMap(literalsIn);
  const { type, start } = node as Node;
  const value = 'value' in node ? node.value : undefined;
  const isText = (type === 'Literal' && typeof value === 'string') || type === 'TemplateLiteral';
  return isText ? [start, ...inside] : inside;
}

describe('JsLexer', () => {
  // In every source the strings that begin with "/s" are strings, and nothing else is.
  const sources = [
    'a = "/s"; b = \'/s\'; c = `/s`;',
    '"x \\" /no"; "/s"',
    '`a ${b + "/s" + `n ${{}} "` } "/no" ` + "/s"',
    '// "/no"\n"/s" /* \'/no\' */ + "/s"',
    'r = /"\\/no"/; "/s"',
    'r = /["/]/; "/s"',
    'r = a / b / "/s".length',
    'r = a[0] / 2; "/s" / g',
    'if (a) /"/.test(b); "/s"',
    'f(a) / "/s"; g(/"/)',
    'while (a) /"/.exec("/s")',
    'for await (a of b) /"/.exec("/s")',
    'return /"/; "/s"',
    'x = typeof /"/; "/s"',
    'a.return / "/s"',
    '{} /"/.test(a); "/s"',
    'x = {} / "/s"',
    'x = { a: 1 } / 2; "/s"',
    'function f() {} /"/.test("/s")',
    '() => {}\n/"/.test("/s")',
    'a++ / "/s"; b-- / "/s"',
    'a /* c */ / "/s"',
    'a = /* c */ /"/; "/s"',
    'x = a // c\n / "/s"',
    '`${a}` / "/s"',
    '`${`${"/s"}`}` + "/s"',
    'x = y ? /"/ : "/s"',
    'x = (a, /"/); "/s"',
    '#!/usr/bin/env "node"\n"/s"',
    'x = a\n<!-- "no"\n"/s"',
    'x = a < b; "/s"',
    '"a\\\n/no"; "/s"',
    '"a\\\r\n/no"; "/s"',
    'a = "unterminated\n"/s"',
    'a = /unterminated "\n"/s"',
    'yield /"/; "/s"',
    'class A { m() { return /"/ } } "/s"',
    'x = function () {}; "/s"',
    'do /"/.test("/s"); while (a)',
    'else /"/.test("/s")',
    'case /"/: "/s"',
    'switch (a) { case 1: /"/.test("/s") }',
    'a = b\n/c/ "/s"',
  ];
  for (const source of sources)
    test(JSON.stringify(source), () => {
      const expected = [...source.matchAll(/(["'`])\/s/g)].map(({ index }) => index);
      assert.deepEqual(lex(source).strings, expected);
      for (let cut = 1; cut < source.length; cut++)
        assert.deepEqual(lex(source, [cut]).strings, expected, `cut at ${cut}`);
      assert.deepEqual(lex(source, [...source].map((_, index) => index).slice(1)).strings, expected, 'byte by byte');
    });

  test('the number of the innermost bracket names a list of arguments', () => {
    const seen: number[] = [];
    const lexer = new JsLexer({ onString: () => seen.push(lexer.innermost) > 0, onComment: () => true });
    const source = 'f("/1", g("/2"), "/3"); h("/4"); "/5"';
    lexer.reset();
    lexer.run(Window.ofText(source), 0, source.length, true);
    assert.deepEqual(seen, [1, 2, 1, 3, 0]);
  });

  test('the code before a place goes across comments and windows', () => {
    const codes: string[] = [];
    const lexer = new JsLexer({ onString: (at) => codes.push(lexer.codeBefore(at)) > 0, onComment: () => true });
    for (const pieces of [['import /* a */ // b\n "/x"'], ['imp', 'ort /*', ' a */', ' // b', '\n ', '"/x"']]) {
      lexer.reset();
      pieces.forEach((piece, index) => {
        const settled = lexer.run(Window.ofText(piece), 0, piece.length, index === pieces.length - 1);
        assert.equal(settled, piece.length);
      });
    }
    assert.deepEqual(codes, ['import', 'import']);
  });

  test('nesting without end is bounded', () => {
    const source = `${'('.repeat(1_000_000)}"/s"${')'.repeat(1_000_000)}`;
    assert.deepEqual(lex(source).strings, [1_000_000]);
  });

  test('a second byte that looks like a backslash hides nothing where lead bytes are known', () => {
    const bytes = Buffer.from('a = "\x95\x5c"; b = "/s"', 'latin1');
    const strings: number[] = [];
    const leadBytes = new Uint8Array(256);
    leadBytes[0x95] = 1;
    const lexer = new JsLexer({ onString: (at) => strings.push(at) > 0, onComment: () => true }, leadBytes);
    lexer.reset();
    lexer.run(Window.of(bytes), 0, bytes.length, true);
    assert.deepEqual(strings, [bytes.lastIndexOf('"/s"')]);
  });
});

describe('acorn agrees', { timeout: 600_000 }, () => {
  const folder = join(projectRoot, 'node_modules');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:m|c)?js$/.test(name))
    .sort();
  // Every twentieth file of what happens to be installed: some hundred programs by many hands.
  const chosen = names.filter((_, index) => index % 20 === 0);

  test(`on ${chosen.length} files`, () => {
    let strings = 0;
    for (const name of chosen) {
      const source = readFileSync(join(folder, name)).toString('latin1');
      const wanted = source.length < 1_000_000 ? parseWithAcorn(source) : undefined;
      if (wanted === undefined) continue;
      assert.deepEqual(lex(source), wanted, name);
      strings += wanted.strings.length;
    }
    assert.ok(strings > 20, `${strings} strings compared`);
  });

  test('on programs put together from pieces', () => {
    const expression = fc.constantFrom(
      'a',
      '1',
      '"/s"',
      "'/s'",
      '`/s`',
      '/re"/g',
      '/[/"]/',
      '(a)',
      '[a]',
      '{}',
      'f(a)',
      '`${a}/s`',
      'a++',
      'x=>{}',
      'function(){}',
      'class{}',
      'typeof a',
      '({a:1})',
      '!a',
      'a?b:c',
    );
    const operator = fc.constantFrom(
      '/',
      '+',
      ' / ',
      '/*c"*/',
      '/',
      ',',
      '\n/ ',
      ' in ',
      '=>',
      '?',
      ':',
      '=',
      '<',
      '//"\n+',
    );
    const statement = fc.constantFrom(
      'if(a)',
      'while(a)',
      'for(;;)',
      ';',
      '\n',
      '{',
      '}',
      'else ',
      'do ',
      'return ',
      '(',
      ')',
      'x=',
      'f(',
      'throw ',
      '${',
      '`',
    );
    const program = fc
      .array(fc.oneof(expression, expression, operator, statement), { maxLength: 12 })
      .map((all) => all.join(''));
    let compared = 0;
    fc.assert(
      fc.property(program, (source) => {
        const wanted = parseWithAcorn(source);
        // The one thing only a parser knows: whether the braces before a slash are a block or an object.
        if (wanted === undefined || /\}\s*(?:\/\*c"\*\/\s*)*\//.test(source)) return;
        compared++;
        assert.deepEqual(lex(source), wanted);
      }),
      { numRuns: 20_000 },
    );
    assert.ok(compared > 200, `${compared} programs compared`);
  });
});
