// lighttpd.conf as statements. A mistake is reported and costs its line, not the file.
import type { SourcePosition } from '../../../exchange/route.ts';
import type { ImportReport } from '../report.ts';
import { type Token, tokenize } from './lexer.ts';

/** A value as written: variables are not looked up yet. */
export type Expression =
  | { readonly kind: 'string'; readonly text: string; readonly source: SourcePosition }
  | { readonly kind: 'integer'; readonly value: number; readonly source: SourcePosition }
  | { readonly kind: 'variable'; readonly name: string; readonly source: SourcePosition }
  | { readonly kind: 'array'; readonly entries: readonly Entry[]; readonly source: SourcePosition }
  | { readonly kind: 'sum'; readonly parts: readonly Expression[]; readonly source: SourcePosition };

/** An element of an array, `key => value` or a value alone. */
export interface Entry {
  readonly key: Expression | undefined;
  readonly value: Expression;
}

/** `name = value`, `name := value` (replaces), `name += value` (appends to what is in force). */
export interface Assignment {
  readonly kind: 'assignment';
  readonly name: string;
  readonly operator: '=' | ':=' | '+=';
  readonly value: Expression;
  readonly source: SourcePosition;
}

/** How a condition compares: equal, regular expression, prefix, suffix, and the opposites of the first two. */
export type ConditionOperator = '==' | '!=' | '=~' | '!~' | '=^' | '=$';

/** `$HTTP["host"] =~ "..."`. */
export interface Condition {
  /** `HTTP`, `SERVER` or `REQUEST_HEADER`. */
  readonly variable: string;
  readonly key: Expression;
  readonly operator: ConditionOperator;
  readonly value: Expression;
}

/** One arm of a condition and its `else`s; the last may have no condition. */
export interface Branch {
  readonly condition: Condition | undefined;
  readonly body: readonly Statement[];
  readonly source: SourcePosition;
}

/** A line of the file, or a block. */
export type Statement =
  | Assignment
  | { readonly kind: 'choice'; readonly branches: readonly Branch[]; readonly source: SourcePosition }
  | { readonly kind: 'global'; readonly body: readonly Statement[]; readonly source: SourcePosition }
  | { readonly kind: 'include'; readonly name: Expression; readonly source: SourcePosition }
  | { readonly kind: 'include_shell'; readonly command: Expression; readonly source: SourcePosition };

/** Blocks, arrays and includes nested deeper than this are a mistake. */
const DEPTH_LIMIT = 64;

/** Parses a whole file. What is no statement is reported as an error. */
export function parseLighttpd(text: string, file: string, report: ImportReport): Statement[] {
  return new Parser(tokenize(text, file, report), report).parse();
}

/** Thrown inside the parser only, to leave a statement. */
class Refusal extends Error {}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #report: ImportReport;
  #index = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], report: ImportReport) {
    this.#tokens = tokens;
    this.#report = report;
  }

  parse(): Statement[] {
    const statements: Statement[] = [];
    while (this.#peek().kind !== 'end') {
      statements.push(...this.#statements());
      if (this.#isNext('}')) this.#complain(this.#take(), 'this brace closes nothing', 'remove it');
    }
    return statements;
  }

  /** Statements up to a closing brace (left there) or the end. */
  #statements(): Statement[] {
    const statements: Statement[] = [];
    while (this.#peek().kind !== 'end' && !this.#isNext('}')) {
      if (this.#peek().kind === 'eol') {
        this.#index++;
        continue;
      }
      const start = this.#index;
      const depth = this.#depth;
      try {
        statements.push(this.#statement());
        this.#endOfStatement();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.#depth = depth;
        this.#skipLine(start);
      }
    }
    return statements;
  }

  #statement(): Statement {
    const token = this.#peek();
    const { source, text } = token;
    if (this.#isCondition()) return this.#choice();
    if (token.kind === 'word' && /^(?:else|elif|elsif|elseif)$/.test(text))
      this.#refuse(token, 'an else without a condition before it', 'put it right behind the block it belongs to');
    if (token.kind !== 'word')
      this.#refuse(token, 'expected a directive, a condition or an include', 'see the line above');
    this.#index++;
    if (text === 'include') return { kind: 'include', name: this.#expression(), source };
    if (text === 'include_shell') return { kind: 'include_shell', command: this.#expression(), source };
    if (text === 'global') return { kind: 'global', body: this.#block(), source };
    const operator = this.#take();
    if (operator.text !== '=' && operator.text !== ':=' && operator.text !== '+=')
      this.#refuse(operator, `expected =, := or += behind ${text}`, `write ${text} = value`);
    const name = text.includes('.') ? text : `var.${text}`;
    return { kind: 'assignment', name, operator: operator.text, value: this.#expression(), source };
  }

  /** `if $X`, `$X`: the word `if` is allowed and means nothing. */
  #isCondition(): boolean {
    if (this.#isNext('$')) return true;
    return this.#peek().text === 'if' && this.#tokens[this.#index + 1]?.text === '$';
  }

  #choice(): Statement {
    const { source } = this.#peek();
    const branches: Branch[] = [this.#conditionalBranch()];
    for (;;) {
      const before = this.#index;
      while (this.#peek().kind === 'eol') this.#index++;
      const word = this.#peek();
      if (word.kind !== 'word' || !/^(?:else|elif|elsif|elseif)$/.test(word.text)) {
        this.#index = before;
        return { kind: 'choice', branches, source };
      }
      this.#index++;
      if (branches.at(-1)?.condition === undefined)
        this.#refuse(word, 'nothing can follow an else without condition', 'remove this branch');
      if (this.#isCondition()) branches.push(this.#conditionalBranch());
      else branches.push({ condition: undefined, body: this.#block(), source: word.source });
    }
  }

  #conditionalBranch(): Branch {
    if (this.#peek().text === 'if') this.#index++;
    const { source } = this.#expect('$');
    const variable = this.#take();
    if (variable.kind !== 'word')
      this.#refuse(variable, 'expected HTTP, SERVER or REQUEST_HEADER', 'write $HTTP["host"]');
    this.#expect('[');
    const key = this.#expression();
    this.#expect(']');
    const operator = this.#take();
    if (!isConditionOperator(operator.text))
      this.#refuse(operator, 'expected ==, !=, =~, !~, =^ or =$', 'use one of these operators');
    const condition = { variable: variable.text, key, operator: operator.text, value: this.#expression() };
    return { condition, body: this.#block(), source };
  }

  #block(): Statement[] {
    while (this.#peek().kind === 'eol') this.#index++;
    const open = this.#expect('{');
    if (++this.#depth > DEPTH_LIMIT)
      this.#refuse(open, `more than ${DEPTH_LIMIT} levels of blocks`, 'flatten the file');
    const body = this.#statements();
    this.#depth--;
    if (this.#isNext('}')) this.#index++;
    else this.#complain(open, 'this block is not closed', 'add a closing brace');
    return body;
  }

  #expression(): Expression {
    const first = this.#value();
    const parts = [first];
    while (this.#isNext('+')) {
      this.#index++;
      parts.push(this.#value());
    }
    return parts.length === 1 ? first : { kind: 'sum', parts, source: first.source };
  }

  #value(): Expression {
    const token = this.#take();
    const { source, text } = token;
    if (token.kind === 'string') return { kind: 'string', text, source };
    if (token.kind === 'integer') return { kind: 'integer', value: Number(text), source };
    if (token.kind === 'word') return { kind: 'variable', name: text.includes('.') ? text : `var.${text}`, source };
    if (token.text !== '(')
      this.#refuse(token, 'expected a value', 'write a text in double quotes, a number or ( ... )');
    if (++this.#depth > DEPTH_LIMIT)
      this.#refuse(token, `more than ${DEPTH_LIMIT} levels of arrays`, 'flatten the value');
    const entries = this.#entries();
    this.#depth--;
    return { kind: 'array', entries, source };
  }

  #entries(): Entry[] {
    const entries: Entry[] = [];
    while (!this.#isNext(')')) {
      if (this.#isNext(',')) {
        this.#index++;
        continue;
      }
      if (this.#peek().kind === 'end')
        this.#refuse(this.#peek(), 'an array is not closed', 'add a closing parenthesis');
      const first = this.#expression();
      if (!this.#isNext('=>')) entries.push({ key: undefined, value: first });
      else {
        this.#index++;
        entries.push({ key: first, value: this.#expression() });
      }
      if (!this.#isNext(',') && !this.#isNext(')'))
        this.#refuse(this.#peek(), 'expected a comma or a closing parenthesis', 'separate the elements by commas');
    }
    this.#index++;
    return entries;
  }

  #endOfStatement(): void {
    const token = this.#peek();
    if (token.kind === 'eol' || token.kind === 'end' || token.text === '}') return;
    const previous = this.#tokens[this.#index - 1];
    if (previous?.text === '}' && previous.kind === 'mark') return;
    this.#complain(token, 'a second statement on the same line', 'lighttpd wants one statement a line');
  }

  /** Goes on behind the line of the mistake, over blocks that opened in it. */
  #skipLine(start: number): void {
    this.#index = Math.max(this.#index, start + 1);
    let braces = 0;
    for (let index = start; index < this.#index; index++) braces += braceOf(this.#tokens[index]);
    while (this.#peek().kind !== 'end') {
      const token = this.#peek();
      if (token.kind === 'eol' && braces <= 0) return;
      if (braces <= 0 && token.text === '}' && token.kind === 'mark') return;
      braces += braceOf(token);
      this.#index++;
    }
  }

  #expect(mark: string): Token {
    const token = this.#take();
    if (token.kind === 'mark' && token.text === mark) return token;
    return this.#refuse(token, `expected ${mark}`, 'see the manual for the form of this line');
  }

  #isNext(mark: string): boolean {
    const token = this.#peek();
    return token.kind === 'mark' && token.text === mark;
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#index, this.#tokens.length - 1)] ?? NO_TOKEN;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#index++;
    return token;
  }

  #complain(token: Token, message: string, advice: string): void {
    const got = token.kind === 'end' ? 'end of file' : token.kind === 'eol' ? 'end of line' : token.text;
    this.#report.sayAt('error', token.source, got, message, advice);
  }

  #refuse(token: Token, message: string, advice: string): never {
    this.#complain(token, message, advice);
    throw new Refusal(message);
  }
}

const NO_TOKEN: Token = { kind: 'end', text: '', source: { file: '', line: 1, column: 1 } };

function braceOf(token: Token | undefined): number {
  if (token?.kind !== 'mark') return 0;
  return token.text === '{' ? 1 : token.text === '}' ? -1 : 0;
}

function isConditionOperator(text: string): text is ConditionOperator {
  return ['==', '!=', '=~', '!~', '=^', '=$'].includes(text);
}
