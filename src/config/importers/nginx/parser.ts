// nginx.conf as directives, includes read in place. A mistake is reported and costs its directive, not the file.
import { dirname, isAbsolute, join } from 'node:path';
import type { SourcePosition } from '../../../exchange/route.ts';
import type { ReadInclude } from '../importer.ts';
import { isGlob } from '../pattern/glob.ts';
import type { ForeignDirective, ImportReport } from '../report.ts';
import { type Token, tokenize } from './lexer.ts';

/** A word behind the name of a directive. */
export interface Argument {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** `name argument ...;` or `name argument ... { ... }`. */
export interface Directive extends ForeignDirective {
  readonly args: readonly Argument[];
  /** Undefined for a directive without block. */
  readonly block: readonly Directive[] | undefined;
}

const DEPTH_LIMIT = 64;
const INCLUDE_DEPTH_LIMIT = 16;

/** Parses a whole configuration. Relative includes start from the folder of `file`, as nginx takes that of its main file. */
export function parseNginx(text: string, file: string, readInclude: ReadInclude, report: ImportReport): Directive[] {
  return new Reader(dirname(file), readInclude, report).readText(text, file);
}

/** The texts of the arguments. */
export function wordsOf(directive: Directive): string[] {
  return directive.args.map(({ text }) => text);
}

class Reader {
  readonly #baseDir: string;
  readonly #readInclude: ReadInclude;
  readonly #report: ImportReport;
  #includeDepth = 0;

  constructor(baseDir: string, readInclude: ReadInclude, report: ImportReport) {
    this.#baseDir = baseDir;
    this.#readInclude = readInclude;
    this.#report = report;
  }

  readText(text: string, file: string): Directive[] {
    this.#report.noteFile(file);
    const directives = new Parser(tokenize(text, file, this.#report), this.#report).parse();
    return this.#withIncludes(directives);
  }

  #withIncludes(directives: readonly Directive[]): Directive[] {
    return directives.flatMap((directive) => {
      const { block } = directive;
      if (directive.name === 'include' && block === undefined) return this.#include(directive);
      return [block === undefined ? directive : { ...directive, block: this.#withIncludes(block) }];
    });
  }

  #include(directive: Directive): Directive[] {
    const [name = ''] = wordsOf(directive);
    this.#report.contribute(directive);
    if (this.#includeDepth >= INCLUDE_DEPTH_LIMIT) {
      const message = `includes are nested more than ${INCLUDE_DEPTH_LIMIT} deep`;
      this.#report.error(directive, message, 'break the circle');
      return [];
    }
    const found = this.#readInclude(isAbsolute(name) ? name : join(this.#baseDir, name));
    if (found.length === 0 && !isGlob(name))
      this.#report.error(directive, `there is no file ${name}`, 'give the path as nginx sees it');
    this.#includeDepth++;
    const included = found.flatMap((read) => {
      if ('text' in read) return this.readText(read.text, read.file);
      this.#report.error(directive, `${read.file} cannot be read: ${read.problem}`, 'make it readable');
      return [];
    });
    this.#includeDepth--;
    return included;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #report: ImportReport;
  #index = 0;

  constructor(tokens: readonly Token[], report: ImportReport) {
    this.#tokens = tokens;
    this.#report = report;
  }

  parse(): Directive[] {
    const directives: Directive[] = [];
    while (this.#kind() !== 'end') {
      directives.push(...this.#directives(0));
      if (this.#kind() !== '}') continue;
      this.#complain('this brace closes nothing', 'remove it');
      this.#index++;
    }
    return directives;
  }

  /** Directives up to a closing brace (left there) or the end. */
  #directives(depth: number): Directive[] {
    const directives: Directive[] = [];
    while (this.#kind() !== 'end' && this.#kind() !== '}') {
      if (this.#kind() === 'lua') this.#index++;
      else if (this.#kind() === 'word') {
        const directive = this.#directive(depth);
        if (directive !== undefined) directives.push(directive);
      } else {
        this.#complain('expected the name of a directive', 'remove this mark');
        this.#index++;
        if (this.#tokens[this.#index - 1]?.kind === '{') this.#skipBlock();
      }
    }
    return directives;
  }

  #directive(depth: number): Directive | undefined {
    const { text: name, source } = this.#token();
    this.#index++;
    const args: Argument[] = [];
    while (this.#kind() === 'word') {
      const { text, isQuoted } = this.#token();
      args.push({ text, isQuoted });
      this.#index++;
    }
    if (this.#kind() === ';') {
      this.#index++;
      return { name, args, block: undefined, source };
    }
    if (this.#kind() === '{') return { name, args, block: this.#block(depth, source, name), source };
    this.#report.sayAt('error', source, name, 'this directive has no end', 'put a semicolon behind it');
    return undefined;
  }

  #block(depth: number, source: SourcePosition, name: string): Directive[] {
    this.#index++;
    if (depth >= DEPTH_LIMIT) {
      this.#report.sayAt('error', source, name, `more than ${DEPTH_LIMIT} levels of blocks`, 'flatten the file');
      this.#skipBlock();
      return [];
    }
    const block = this.#directives(depth + 1);
    if (this.#kind() === '}') this.#index++;
    else this.#report.sayAt('error', source, name, 'this block is not closed', 'add a closing brace');
    return block;
  }

  /** Goes behind the brace that closes the block just opened. */
  #skipBlock(): void {
    for (let open = 1; open > 0 && this.#kind() !== 'end'; this.#index++) {
      if (this.#kind() === '{') open++;
      if (this.#kind() === '}') open--;
    }
  }

  #kind(): Token['kind'] {
    return this.#tokens[this.#index]?.kind ?? 'end';
  }

  #token(): Token {
    return this.#tokens[Math.min(this.#index, this.#tokens.length - 1)] ?? NO_TOKEN;
  }

  #complain(message: string, advice: string): void {
    const token = this.#token();
    this.#report.sayAt('error', token.source, token.kind === 'end' ? 'end of file' : token.text, message, advice);
  }
}

const NO_TOKEN: Token = { kind: 'end', text: '', isQuoted: false, source: { file: '', line: 1, column: 1 } };
