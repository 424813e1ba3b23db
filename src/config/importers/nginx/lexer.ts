// nginx.conf as tokens, after ngx_conf_read_token: words, quoted words, and the three marks.
import type { SourcePosition } from '../../../exchange/route.ts';
import type { ImportReport } from '../report.ts';
import { SourceLexer } from '../source-lexer.ts';

/** `text` of a word is unescaped. `lua` is the raw body of a Lua block, without its braces. */
export interface Token {
  readonly kind: 'word' | '{' | '}' | ';' | 'lua' | 'end';
  readonly text: string;
  readonly isQuoted: boolean;
  readonly source: SourcePosition;
}

const SPACE = /(?:[ \t\r\n]+|#[^\n]*)+/y;
/** A brace directly behind a dollar belongs to a variable. A backslash takes the next character with it. */
const WORD = /(?:\$\{|\\[\s\S]|\\$|[^ \t\r\n;{\\])+/y;
const DOUBLE_QUOTED = /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const SINGLE_QUOTED = /'([^'\\]*(?:\\[\s\S][^'\\]*)*)'/y;
const LUA_BLOCK = /_by_lua_block$/;

/** Splits `text` into tokens, the last of kind `end`. */
export function tokenize(text: string, file: string, report: ImportReport): Token[] {
  return new Lexer(text, file, report).run();
}

class Lexer extends SourceLexer {
  readonly #tokens: Token[] = [];
  /** The first word of the directive being read. */
  #directive = '';

  run(): Token[] {
    for (;;) {
      this.match(SPACE);
      if (this.offset >= this.text.length) break;
      this.#step();
    }
    this.#push('end', '', false, this.offset);
    return this.#tokens;
  }

  #step(): void {
    const start = this.offset;
    const char = this.text.charAt(start);
    if (char === ';' || char === '}' || char === '{') {
      this.offset++;
      this.#push(char, char, false, start);
      if (char === '{' && LUA_BLOCK.test(this.#directive)) this.#lua();
      this.#directive = '';
    } else if (char === '"' || char === "'") this.#quoted(char, start);
    else {
      const word = this.match(WORD) ?? '';
      this.#word(unescapeWord(word), false, start);
    }
  }

  #quoted(quote: string, start: number): void {
    const whole = this.match(quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED);
    if (whole === undefined) {
      const rest = this.text.slice(start).search(/\n/);
      this.offset = rest < 0 ? this.text.length : start + rest;
      this.refuse(start, quote, 'a quoted text starts here and does not end', 'close the quote');
      return;
    }
    const next = this.text.charAt(this.offset);
    if (next !== '' && !/[\s;{)]/.test(next))
      this.refuse(
        this.offset,
        next,
        'nothing may stand directly behind a closing quote',
        'put a space or a semicolon there',
      );
    this.#word(unescapeWord(whole.slice(1, -1)), true, start);
  }

  #word(text: string, isQuoted: boolean, start: number): void {
    if (this.#directive === '') this.#directive = text;
    this.#push('word', text, isQuoted, start);
  }

  /** Lua is not nginx's syntax: its braces are counted, and its strings and comments are not looked into. */
  #lua(): void {
    const start = this.offset;
    let depth = 1;
    while (this.offset < this.text.length) {
      const char = this.text.charAt(this.offset);
      if (char === '{') depth++;
      if (char === '}' && --depth === 0) break;
      this.offset++;
    }
    this.#push('lua', this.text.slice(start, this.offset), false, start);
  }

  #push(kind: Token['kind'], text: string, isQuoted: boolean, start: number): void {
    this.#tokens.push({ kind, text, isQuoted, source: this.position(start) });
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' };

/** Before quotes, backslashes and t, r, n a backslash is an escape; before anything else it stays. */
function unescapeWord(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, char: string) => ESCAPES[char] ?? whole);
}
