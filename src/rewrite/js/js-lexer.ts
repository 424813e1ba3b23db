// Walks through JavaScript window by window: tells strings, templates, comments and regular expressions from code.
import type { Window } from '../window.ts';

/*
 * States:
 *   code        outside of everything below
 *   string      '…' or "…"; a line end ends it, because it cannot be one
 *   template    `…`; `${` goes back to code until its `}`
 *   line        // … to the end of the line; also <!-- in scripts, #! at the start
 *   block       /* … *​/
 *   regex       /…/ outside a class
 *   class       […] inside a regular expression
 *
 * Whether `/` begins a regular expression or divides depends on what stands before it; the brackets that are open tell
 * what a closing one closed. A wrong guess costs at most the rest of the line.
 */

type State = 'code' | 'string' | 'template' | 'line' | 'block' | 'regex' | 'class';

/** What an open bracket is: a parenthesis (of a statement head), a block, an object, `${`. */
type Bracket = 'paren' | 'head' | 'block' | 'object' | 'template';

/** Told about what may be of interest; `at` is an index into the window. */
export interface JsListener {
  /**
   * A string or template begins at `at` (its quote) whose content begins with a slash or a backslash. False: more text
   * is needed to decide, show it again.
   */
  onString(at: number): boolean;
  /** A comment begins at `at`. False: more text is needed. */
  onComment(at: number): boolean;
}

/** How deep brackets are followed. Deeper code is lexed on, with `}` and `)` taken for ends of blocks. */
const DEEPEST = 4096;
/** How much code before the current place is kept. */
const CODE_BEHIND = 192;

const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const SINGLE_QUOTE = 0x27;
const SLASH = 0x2f;
const STAR = 0x2a;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const CLOSE_BRACE = 0x7d;
const LF = 0x0a;
const CR = 0x0d;

/** 1 at each byte that a walk must stop at. */
const CODE_STOPS = stopsAt('"\'`/(){}<');

function stopsAt(characters: string, also?: Readonly<Uint8Array>): Uint8Array {
  const stops = new Uint8Array(256);
  if (also !== undefined) stops.set(also);
  for (const character of characters) stops[character.charCodeAt(0)] = 1;
  return stops;
}

const REGEX_MAY_FOLLOW =
  /(?:^|[^\w$.\x80-\xff])(?:return|typeof|instanceof|in|of|new|delete|void|throw|case|do|else|yield|await)$/;
const ENDS_IN_WORD = /[\w$\x80-\xff]$/;
const STATEMENT_HEAD = /(?:^|[^\w$.\x80-\xff])(?:if|while|for|with)(?:\s+await)?$/;
const BLOCK_MAY_FOLLOW = /(?:^|[);{}]|=>|[^\w$.\x80-\xff](?:else|do|try|finally)|^(?:else|do|try|finally))$/;

/** A resumable lexer of ECMAScript (ECMA-262 §12), as far as it takes to know what is code. */
export class JsLexer {
  readonly #listener: JsListener;
  readonly #leadBytes: Readonly<Uint8Array> | undefined;
  readonly #stringStops: Readonly<Uint8Array>;
  readonly #templateStops: Readonly<Uint8Array>;
  #state: State = 'code';
  #quote = 0;
  readonly #open: Bracket[] = [];
  #deeper = 0;
  /** What the last closing bracket closed. */
  #closed: Bracket = 'paren';
  readonly #serials: number[] = [];
  #serial = 0;
  /** The code up to `#prefixEnd`, comments left out; an index into the window. */
  #prefix = '';
  #prefixEnd = 0;
  /** Whether the prefix ends with a regular expression, and where one ended in the window last. */
  #prefixIsRegex = false;
  #regexEnd = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #text = '';
  #isAtStart = true;

  constructor(listener: JsListener, leadBytes?: Readonly<Uint8Array>) {
    this.#listener = listener;
    this.#leadBytes = leadBytes;
    this.#stringStops = stopsAt('"\'\\\n\r', leadBytes);
    this.#templateStops = stopsAt('`$\\', leadBytes);
  }

  reset(): void {
    this.#state = 'code';
    this.#open.length = 0;
    this.#serials.length = 0;
    this.#deeper = 0;
    this.#prefix = '';
    this.#prefixIsRegex = false;
    this.#isAtStart = true;
  }

  /** A number for the innermost open bracket: the same number later means the same list of arguments. 0 for none. */
  get innermost(): number {
    return this.#serials[this.#serials.length - 1] ?? 0;
  }

  /**
   * Walks `[from, to)` and returns how far it came: `to`, or a little less where more text decides. The next call goes
   * on from there.
   */
  run(window: Window, from: number, to: number, isLast: boolean): number {
    const { bytes } = window;
    this.#bytes = bytes;
    this.#text = window.text;
    this.#prefixEnd = from;
    this.#regexEnd = -1;
    let at = this.#skipHashbang(from, to);
    while (at < to) {
      const next = this.#step(at, to, isLast);
      if (next === at) break;
      at = next;
    }
    if (this.#state !== 'line' && this.#state !== 'block') this.#closePrefix(at);
    return isLast ? to : at;
  }

  /** The code before `at`, without white space and comments at its end: its last 192 characters or a few more. */
  codeBefore(at: number): string {
    const end = this.#endOfCode(at);
    const start = Math.max(this.#prefixEnd, end - CODE_BEHIND);
    const near = this.#text.slice(start, end);
    if (start > this.#prefixEnd) return near;
    return near === '' ? this.#prefix.trimEnd() : this.#prefix + near;
  }

  /** Where the white space before `at` begins. */
  #endOfCode(at: number): number {
    let end = at;
    while (end > this.#prefixEnd && (this.#bytes[end - 1] ?? 0) <= 0x20) end--;
    return end;
  }

  /** Whether the code before `at` ends with a regular expression (without flags), not with a division. */
  #isRegexBefore(at: number): boolean {
    const end = this.#endOfCode(at);
    return end === this.#prefixEnd ? this.#prefixIsRegex : end === this.#regexEnd;
  }

  /** Makes all code before `at` the prefix; what comes next begins anew there. */
  #closePrefix(at: number): void {
    this.#prefixIsRegex = this.#isRegexBefore(at);
    const isSpaced = this.#endOfCode(at) < at || (this.#prefixEnd === at && this.#prefix.endsWith(' '));
    this.#prefix = this.codeBefore(at).slice(-CODE_BEHIND) + (isSpaced ? ' ' : '');
    this.#prefixEnd = at;
  }

  #step(at: number, to: number, isLast: boolean): number {
    switch (this.#state) {
      case 'code':
        return this.#walkCode(at, to, isLast);
      case 'string':
        return this.#walkString(at, to, isLast);
      case 'template':
        return this.#walkTemplate(at, to, isLast);
      case 'line':
        return this.#walkLine(at, to);
      case 'block':
        return this.#walkBlock(at, to, isLast);
      default:
        return this.#walkRegex(at, to, isLast);
    }
  }

  #walkCode(start: number, to: number, isLast: boolean): number {
    const bytes = this.#bytes;
    let at = start;
    while (at < to && CODE_STOPS[bytes[at] ?? 0] === 0) at++;
    if (at >= to) return to;
    switch (bytes[at]) {
      case DOUBLE_QUOTE:
      case SINGLE_QUOTE:
      case BACKTICK:
        return this.#openString(at, to, isLast);
      case SLASH:
        return this.#readSlash(at, to, isLast);
      case 0x3c:
        return this.#readLess(at, to, isLast);
      case 0x28:
        this.#push(this.#isStatementHead(at) ? 'head' : 'paren');
        return at + 1;
      case 0x7b:
        this.#push(this.#beginsBlock(at) ? 'block' : 'object');
        return at + 1;
      default:
        this.#close(bytes[at] ?? 0);
        return at + 1;
    }
  }

  #openString(at: number, to: number, isLast: boolean): number {
    const first = this.#bytes[at + 1];
    if (at + 1 >= to) {
      if (!isLast) return at;
    } else if ((first === SLASH || first === BACKSLASH) && !this.#listener.onString(at)) return at;
    this.#quote = this.#bytes[at] ?? 0;
    this.#state = this.#quote === BACKTICK ? 'template' : 'string';
    return at + 1;
  }

  #readSlash(at: number, to: number, isLast: boolean): number {
    if (at + 1 >= to) return isLast ? to : at;
    const next = this.#bytes[at + 1];
    if (next === SLASH || next === STAR) {
      if (!this.#listener.onComment(at)) return at;
      this.#enterComment(at, next === SLASH ? 'line' : 'block');
      return at + 2;
    }
    if (this.#mayBeRegex(at)) this.#state = 'regex';
    return at + 1;
  }

  /** `<!--` begins a comment in scripts (ECMA-262 §B.1.1); where it does not, it is an odd expression. */
  #readLess(at: number, to: number, isLast: boolean): number {
    if (at + 1 < to && this.#bytes[at + 1] !== 0x21) return at + 1;
    const rest = this.#text.slice(at, Math.min(to, at + 4));
    if (rest === '<!--') {
      this.#enterComment(at, 'line');
      return at + 4;
    }
    return rest.length < 4 && !isLast && '<!--'.startsWith(rest) ? at : at + 1;
  }

  #enterComment(at: number, state: 'line' | 'block'): void {
    this.#prefixIsRegex = this.#isRegexBefore(at);
    this.#prefix = `${this.codeBefore(at)} `;
    this.#state = state;
  }

  #leaveComment(end: number): void {
    this.#prefixEnd = end;
    this.#state = 'code';
  }

  #walkString(start: number, to: number, isLast: boolean): number {
    const bytes = this.#bytes;
    const stops = this.#stringStops;
    for (let at = start; ; at++) {
      while (at < to && stops[bytes[at] ?? 0] === 0) at++;
      if (at >= to) return to;
      const byte = bytes[at] ?? 0;
      if (byte === this.#quote || byte === LF || byte === CR) {
        this.#state = 'code';
        return at + 1;
      }
      if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) continue;
      const next = this.#skipPair(at, to, isLast);
      if (next < 0) return at;
      at = next;
    }
  }

  #walkTemplate(start: number, to: number, isLast: boolean): number {
    const bytes = this.#bytes;
    const stops = this.#templateStops;
    for (let at = start; ; at++) {
      while (at < to && stops[bytes[at] ?? 0] === 0) at++;
      if (at >= to) return to;
      const byte = bytes[at] ?? 0;
      if (byte === BACKTICK) {
        this.#state = 'code';
        return at + 1;
      }
      if (byte !== DOLLAR) {
        const next = this.#skipPair(at, to, isLast);
        if (next < 0) return at;
        at = next;
      } else if (at + 1 >= to) return isLast ? to : at;
      else if (bytes[at + 1] === 0x7b) {
        this.#push('template');
        this.#state = 'code';
        return at + 2;
      }
    }
  }

  /** The index of the last byte of the pair that begins at `at` (a line end of two bytes counts as one); -1 to wait. */
  #skipPair(at: number, to: number, isLast: boolean): number {
    const isCrLf = this.#bytes[at] === BACKSLASH && this.#bytes[at + 1] === CR;
    if (at + (isCrLf ? 2 : 1) >= to) return isLast ? to : -1;
    return isCrLf && this.#bytes[at + 2] === LF ? at + 2 : at + 1;
  }

  #walkLine(start: number, to: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at < to && bytes[at] !== LF && bytes[at] !== CR) at++;
    if (at >= to) return to;
    this.#leaveComment(at + 1);
    return at + 1;
  }

  #walkBlock(start: number, to: number, isLast: boolean): number {
    const end = this.#bytes.subarray(0, to).indexOf('*/', start, 'latin1');
    if (end < 0) {
      const isCut = this.#bytes[to - 1] === STAR && to > start && !isLast;
      return isCut ? to - 1 : to;
    }
    this.#leaveComment(end + 2);
    return end + 2;
  }

  #walkRegex(start: number, to: number, isLast: boolean): number {
    const bytes = this.#bytes;
    for (let at = start; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === LF || byte === CR || (byte === SLASH && this.#state === 'regex')) {
        this.#state = 'code';
        if (byte === SLASH) this.#regexEnd = at + 1;
        return at + 1;
      }
      if (byte === 0x5b) this.#state = 'class';
      else if (byte === 0x5d) this.#state = 'regex';
      else if (byte === BACKSLASH || this.#isLead(byte)) {
        if (at + 1 >= to) return isLast ? to : at;
        const next = bytes[at + 1];
        if (next !== LF && next !== CR) at++;
      }
    }
    return to;
  }

  #isLead(byte: number): boolean {
    return this.#leadBytes !== undefined && this.#leadBytes[byte] === 1;
  }

  #push(bracket: Bracket): void {
    if (this.#open.length >= DEEPEST) {
      this.#deeper++;
      return;
    }
    this.#open.push(bracket);
    this.#serials.push(++this.#serial);
  }

  #pop(): Bracket | undefined {
    this.#serials.pop();
    return this.#open.pop();
  }

  /** Closes the innermost bracket of the kind; parentheses that a lost `)` left open go with their brace. */
  #close(byte: number): void {
    if (this.#deeper > 0) {
      this.#deeper--;
      this.#closed = 'block';
      return;
    }
    if (byte !== CLOSE_BRACE) {
      const top = this.#open[this.#open.length - 1];
      if (top === 'paren' || top === 'head') this.#closed = this.#pop() ?? 'paren';
      else this.#closed = 'paren';
      return;
    }
    let top = this.#pop();
    while (top === 'paren' || top === 'head') top = this.#pop();
    this.#closed = top ?? 'block';
    if (top === 'template') this.#state = 'template';
  }

  /** Whether the parenthesis at `at` belongs to `if`, `while`, `for` or `with`. */
  #isStatementHead(at: number): boolean {
    const end = this.#endOfCode(at);
    const bytes = this.#bytes;
    const last = end > this.#prefixEnd ? (bytes[end - 1] ?? 0) : 0;
    const previous = end > this.#prefixEnd + 1 ? (bytes[end - 2] ?? 0) : 0;
    // Cheap first look at two bytes: if, while, for, with, for await end so, or a comment stands between.
    const pair = (previous << 8) | last;
    const mayBe = pair === 0x6966 || pair === 0x6c65 || pair === 0x6f72 || pair === 0x7468 || pair === 0x6974;
    return (mayBe || end - this.#prefixEnd < 2) && STATEMENT_HEAD.test(this.codeBefore(at).slice(-24));
  }

  /** Whether the brace at `at` opens statements, not an object: decided by the last character of the code before it. */
  #beginsBlock(at: number): boolean {
    const end = this.#endOfCode(at);
    const last = end > this.#prefixEnd ? (this.#bytes[end - 1] ?? 0) : 0;
    if (last === 0x29 || last === 0x3b || last === 0x7b || last === CLOSE_BRACE) return true;
    if (last === 0x3d || last === 0x28 || last === 0x2c || last === 0x3a || last === 0x5b || last === 0x3f)
      return false;
    return BLOCK_MAY_FOLLOW.test(this.codeBefore(at).slice(-12));
  }

  #mayBeRegex(at: number): boolean {
    const code = this.codeBefore(at);
    const last = code.charCodeAt(code.length - 1);
    if (code === '') return true;
    if (last === SLASH) return !this.#isRegexBefore(at);
    if (last === 0x29) return this.#closed === 'head';
    if (last === CLOSE_BRACE) return this.#closed === 'block';
    if (last === 0x5d || last === DOUBLE_QUOTE || last === SINGLE_QUOTE || last === BACKTICK) return false;
    if (ENDS_IN_WORD.test(code)) return REGEX_MAY_FOLLOW.test(code.slice(-16));
    return !code.endsWith('++') && !code.endsWith('--');
  }

  #skipHashbang(from: number, to: number): number {
    if (!this.#isAtStart || to === from) return from;
    this.#isAtStart = false;
    if (this.#bytes[from] !== 0x23) return from;
    this.#enterComment(from, 'line');
    return from + 1;
  }
}
