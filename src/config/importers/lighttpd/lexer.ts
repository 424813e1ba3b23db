// lighttpd.conf as tokens. Follows lighttpd's own tokenizer, and repairs single quotes, which people write but it refuses.
import type { SourcePosition } from '../../../exchange/route.ts';
import type { ImportReport } from '../report.ts';
import { SourceLexer } from '../source-lexer.ts';

/** `eol` ends a statement; inside parentheses line ends are white space. `text` of a string is unescaped. */
export interface Token {
  readonly kind: 'word' | 'string' | 'integer' | 'mark' | 'eol' | 'end';
  readonly text: string;
  readonly source: SourcePosition;
}

const SPACE = /[ \t\u00a0]+|#[^\r\n]*/y;
const LINE_END = /\r\n?|\n/y;
const WORD = /[A-Za-z0-9._-]+/y;
const INTEGER = /[0-9]+/y;
const MARK = /=[>=~^$]|![=~]|\+=|:=|[=+(){}[\],$]/y;
/** A backslash is literal, except before the quote (which ends the string everywhere else). */
const DOUBLE_QUOTED = /"[^"\\]*(?:\\(?:"|(?!"))[^"\\]*)*"/y;
const SINGLE_QUOTED = /'([^'\r\n]*)'/y;

/** Splits `text` into tokens, the last of kind `end`. What is no token is reported and left out. */
export function tokenize(text: string, file: string, report: ImportReport): Token[] {
  const lexer = new Lexer(text, file, report);
  return lexer.run();
}

class Lexer extends SourceLexer {
  readonly #tokens: Token[] = [];
  #parentheses = 0;
  #hasSingleQuotes = false;

  run(): Token[] {
    while (this.offset < this.text.length) this.#step();
    this.#push('eol', '', this.offset);
    this.#push('end', '', this.offset);
    return this.#tokens;
  }

  #step(): void {
    const start = this.offset;
    if (this.match(SPACE) !== undefined) return;
    const next = this.text.charAt(start);
    if (this.match(LINE_END) !== undefined) {
      if (this.#parentheses === 0) this.#push('eol', '', start);
    } else if (next === '"' || next === "'") this.#string(next, start);
    else if (!this.#mark(start) && !this.#take('integer', INTEGER, start) && !this.#take('word', WORD, start)) {
      this.offset++;
      const message = `the character ${JSON.stringify(next)} has no meaning here`;
      this.refuse(start, next, message, 'remove it, or put the text in double quotes');
    }
  }

  #mark(start: number): boolean {
    const mark = this.match(MARK);
    if (mark === undefined) return false;
    if (mark === '(') this.#parentheses++;
    if (mark === ')') this.#parentheses = Math.max(0, this.#parentheses - 1);
    // A comma outside of parentheses means nothing to lighttpd.
    if (mark !== ',' || this.#parentheses > 0) this.#push('mark', mark, start);
    return true;
  }

  #take(kind: Token['kind'], pattern: RegExp, start: number): boolean {
    const text = this.match(pattern);
    if (text !== undefined) this.#push(kind, text, start);
    return text !== undefined;
  }

  #string(quote: string, start: number): void {
    const whole = this.match(quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED);
    if (whole === undefined) {
      this.offset = this.lineEnd(start);
      this.refuse(start, quote, 'a string starts here and does not end', 'close the quote');
      this.#push('string', this.text.slice(start + 1, this.offset), start);
      return;
    }
    const body = whole.slice(1, -1);
    if (quote === "'" && !this.#hasSingleQuotes) {
      this.#hasSingleQuotes = true;
      const message = 'lighttpd refuses single quotes; they are read as double ones, here and below';
      this.report.sayAt('warning', this.position(start), whole, message, `write "${body}"`);
    }
    this.#push('string', quote === '"' ? body.replaceAll('\\"', '"') : body, start);
  }

  #push(kind: Token['kind'], text: string, start: number): void {
    this.#tokens.push({ kind, text, source: this.position(start) });
  }
}
