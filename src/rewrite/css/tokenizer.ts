// A streaming CSS tokenizer that finds the URLs of a style sheet and nothing else; it reports spans and copies nothing.
import { HEX_VALUE } from '../../util/ascii.ts';

/** Hears where URLs stand, in order. Offsets count in the window given to {@link CssTokenizer.scan} last. */
export interface UrlReader {
  /** The text of a URL as it stands between quotes or in `url(...)`, escapes included. Never empty, never `data:`. */
  url(start: number, end: number): void;
  /** What must stay as it is, whatever it holds: `data:` URLs, and the names in `@namespace`. In pieces. */
  kept(start: number, end: number): void;
}

/** Longest URL, name or comment opening that is held back until it is complete. A longer URL is not reported. */
export const MAX_HELD_BYTES = 64 * 1024;

// What the tokenizer is inside of.
const NORMAL = 0;
const COMMENT = 1;
/** A string that is no URL. */
const STRING = 2;
/** A string that is a URL; held back from its first octet on. */
const URL_STRING = 3;
/** Behind `url(` and white space. */
const URL_START = 4;
/** An unquoted URL; held back from its first octet on. */
const URL_UNQUOTED = 5;
/** White space behind an unquoted URL: only a `)` makes it one. */
const URL_END = 6;
/** Up to an unescaped `)`: the remnants of a bad url (CSS Syntax 3 §4.3.14), and a `url()` that is too long. */
const BAD_URL = 7;
/** Behind `@import`, where a string is a URL. */
const IMPORT = 8;
/** The prelude of `@namespace`. */
const NAMESPACE = 9;
/** The URL of a `sourceMappingURL` comment; held back from its first octet on. */
const SOURCE_MAP = 10;

// Where in an escape. From ESCAPED_CR + 1 on: so many hex digits were seen.
const NO_ESCAPE = 0;
const ESCAPE_START = 1;
/** Behind a CR that belongs to the escape: an LF does, too. */
const ESCAPED_CR = 2;
const LAST_HEX_DIGIT = ESCAPED_CR + 6;
/** Behind the first byte of a two-byte character: the second is no escape, whatever it looks like. */
const IN_CHARACTER = LAST_HEX_DIGIT + 1;

// What an open parenthesis belongs to.
const PLAIN_PAREN = 0;
/** `image-set(`: every string directly inside is a URL. */
const IMAGE_SET = 1;
/** `src(`: its first string is a URL, those of the modifiers behind it are not. */
const SRC = 2;
/** Deeper parentheses are only counted. */
const MAX_DEPTH = 256;

// Classes of octets, as bits.
const NAME = 1;
/** Something to look at outside of strings, comments and URLs. */
const STOP = 2;
const SPACE = 4;
const NEWLINE = 8;
/** Not allowed in an unquoted URL: quotes, `(` and what is not printable (CSS Syntax 3 §4.3.6). */
const BAD_IN_URL = 16;
/** Part of a name, or the `#` of a hash: what the search backward for the start of a name passes over. */
const NAME_OR_HASH = 32;
/** The first of two bytes of a character. */
const LEAD = 64;

/** Longest name that is looked at. No function or at-rule of ours comes near, even with every letter escaped. */
const MAX_NAME_BYTES = 256;
const MAX_SOURCE_MAP_OPENING_BYTES = 40;
const SOURCE_MAP_OPENING = /^\/\*[#@][ \t]{1,16}sourceMappingURL=/;

const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const SINGLE_QUOTE = 0x27;
const OPEN_PAREN = 0x28;
const CLOSE_PAREN = 0x29;
const ASTERISK = 0x2a;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const AT = 0x40;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const LF = 0x0a;
const CR = 0x0d;

const CLASS: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, octet) => classOf(octet));
const EMPTY = Buffer.alloc(0);

/**
 * Reads one style sheet or style attribute by CSS Syntax Level 3 §4. The owner shows it windows of the text: after `scan`,
 * what stands from {@link heldFrom} on is needed again at the start of the next window, and {@link moveBy} tells how its
 * offsets changed. What is reported does not depend on where the windows are cut.
 */
export class CssTokenizer {
  readonly #reader: UrlReader;
  readonly #classes: Readonly<Uint8Array>;
  #bytes: Buffer = EMPTY;
  #end = 0;
  #isLast = false;
  #state = NORMAL;
  /** The octet to go on with. */
  #at = 0;
  /** The octet from which on a name or an opening is held back, or -1. */
  #held = -1;
  /** The quote that closes the string; in a namespace 0 outside of strings. */
  #quote = 0;
  /** Where in an escape the tokenizer stands inside a string or URL. */
  #escape = NO_ESCAPE;
  #valueStart = 0;
  #valueEnd = 0;
  /** The value is a `data:` URL: not held back; what was told of it ends at #valueStart. */
  #isData = false;
  #hasStar = false;
  #stateBehindComment = NORMAL;
  /** Names before this offset were read forward already. */
  #nameLimit = 0;
  readonly #parens: number[] = [];
  #excessParens = 0;
  /** Open parentheses in the prelude of `@namespace`. */
  #namespaceDepth = 0;

  /** @param leadBytes see `ScanOptions.leadBytes`. */
  constructor(reader: UrlReader, leadBytes?: Readonly<Uint8Array>) {
    this.#reader = reader;
    this.#classes =
      leadBytes === undefined ? CLASS : CLASS.map((bits, octet) => (leadBytes[octet] ? LEAD | STOP : bits));
  }

  /** The first octet of the window that is needed again. */
  get heldFrom(): number {
    if (this.#held >= 0) return this.#held;
    return this.#isInValue() && !this.#isData ? this.#valueStart : this.#at;
  }

  /** Begins a new style sheet at the offset `at`. */
  reset(at: number): void {
    this.#state = NORMAL;
    this.#at = at;
    this.#held = -1;
    this.#quote = 0;
    this.#escape = NO_ESCAPE;
    this.#hasStar = false;
    this.#isData = false;
    this.#nameLimit = at;
    this.#parens.length = 0;
    this.#excessParens = 0;
  }

  /** Tells that what stood at an offset now stands `distance` further (nearer, if it is negative). */
  moveBy(distance: number): void {
    this.#at += distance;
    this.#valueStart += distance;
    this.#valueEnd += distance;
    this.#nameLimit += distance;
  }

  /** Reads on in `bytes` up to `end`. With `isLast` the style sheet ends there. */
  scan(bytes: Buffer, end: number, isLast: boolean): void {
    this.#bytes = end === bytes.length ? bytes : bytes.subarray(0, end);
    this.#end = end;
    this.#isLast = isLast;
    this.#held = -1;
    while (this.#at < end && this.#step()) {
      // Each step ends where the state changes.
    }
    if (isLast) this.#finish();
    else if (this.#isInValue() || this.#isData) this.#boundValue();
    this.#bytes = EMPTY;
  }

  /** Goes on in the current state. Answers false when the window is used up, or its rest is held back. */
  #step(): boolean {
    switch (this.#state) {
      case NORMAL:
        return this.#readNormal();
      case COMMENT:
        return this.#readComment();
      case STRING:
      case URL_STRING:
        return this.#readString();
      case URL_START:
        return this.#readUrlStart();
      case URL_UNQUOTED:
        return this.#readUnquoted();
      case URL_END:
        return this.#readUrlEnd();
      case BAD_URL:
        return this.#readBadUrl();
      case IMPORT:
        return this.#readImport();
      case NAMESPACE:
        return this.#readNamespace();
      default:
        return this.#readSourceMap();
    }
  }

  #isInValue(): boolean {
    const state = this.#state;
    return state === URL_STRING || state === URL_UNQUOTED || state === URL_END || state === SOURCE_MAP;
  }

  /** The style sheet ends: open strings and URLs are closed by that (CSS Syntax 3 §4.3.5, §4.3.6: EOF). */
  #finish(): void {
    if (this.#isInValue()) this.#reportUrl(this.#state === URL_END ? this.#valueEnd : this.#end);
    else if (this.#isData) this.#keepData(this.#end);
    this.#isData = false;
    this.#at = this.#end;
    this.#held = -1;
    this.#state = NORMAL;
  }

  /** The window ends inside a URL, which is held back unless it is `data:`, or too long: then it passes as text. */
  #boundValue(): void {
    if (this.#checkData(this.#end)) this.#keepData(this.#end);
    else if (this.#end - this.#valueStart > MAX_HELD_BYTES) {
      if (this.#state === URL_STRING) this.#state = STRING;
      else this.#state = this.#state === SOURCE_MAP ? COMMENT : BAD_URL;
    }
  }

  /** Whether the value, known up to `end`, is a `data:` URL. */
  #checkData(end: number): boolean {
    const start = this.#valueStart;
    this.#isData ||= end - start >= 5 && this.#readText(start, start + 5) === 'data:';
    return this.#isData;
  }

  #keepData(end: number): void {
    if (end > this.#valueStart) this.#reader.kept(this.#valueStart, end);
    this.#valueStart = end;
  }

  #readText(start: number, end: number): string {
    return this.#bytes.toString('latin1', start, end).toLowerCase();
  }

  #reportUrl(end: number): void {
    if (this.#checkData(end)) this.#keepData(end);
    else if (end > this.#valueStart) this.#reader.url(this.#valueStart, end);
    this.#isData = false;
  }

  #hold(from: number): false {
    this.#held = from;
    this.#at = from;
    return false;
  }

  #readNormal(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    for (;;) {
      while (at < end && ((this.#classes[bytes[at] ?? 0] ?? 0) & STOP) === 0) at++;
      this.#at = at;
      if (at >= end) return this.#endNormal();
      switch (bytes[at]) {
        case OPEN_PAREN:
          if (this.#openParen(at)) return true;
          break;
        case CLOSE_PAREN:
          if (this.#excessParens > 0) this.#excessParens--;
          else this.#parens.pop();
          break;
        case SLASH:
          if (at + 1 >= end && !this.#isLast) return this.#hold(at);
          if (bytes[at + 1] === ASTERISK) return this.#openComment(NORMAL);
          break;
        case AT:
          return this.#readAtKeyword(at);
        case BACKSLASH:
          return this.#readEscapedName(at);
        case DOUBLE_QUOTE:
        case SINGLE_QUOTE:
          return this.#openString(this.#isUrlExpected());
        default:
          if (at + 1 >= end && !this.#isLast) return this.#hold(at);
          at++;
      }
      at++;
    }
  }

  /** The window ends: a name there may go on, and become a function. */
  #endNormal(): false {
    const end = this.#end;
    if (this.#isLast || ((this.#classes[this.#bytes[end - 1] ?? 0] ?? 0) & NAME_OR_HASH) === 0) return false;
    const start = this.#nameStart(end);
    return this.#hold(start < end ? start : end - MAX_NAME_BYTES);
  }

  /**
   * Where the name that ends before `end` begins, as far as it has no escapes; `end` if it is too long to matter.
   * `#` counts as part of it: `#url(` is a hash and a parenthesis.
   */
  #nameStart(end: number): number {
    const bytes = this.#bytes;
    const limit = Math.max(0, this.#nameLimit);
    const least = Math.max(limit, end - MAX_NAME_BYTES);
    let start = end;
    while (start > least && (this.#classes[bytes[start - 1] ?? 0] ?? 0) & NAME_OR_HASH) start--;
    return start === least && least > limit ? end : start;
  }

  /** Looks at the name before the `(` at `at`. Answers whether that changed the state. */
  #openParen(at: number): boolean {
    const start = this.#nameStart(at);
    return this.#openFunction(this.#mayMatter(start, at - start) ? this.#readText(start, at) : '', at);
  }

  /** Whether a name of that length may be `url`, `src` or an image set: most functions are none by their first letter. */
  #mayMatter(start: number, length: number): boolean {
    const first = (this.#bytes[start] ?? 0) | 32;
    if (length === 3) return first === 0x75 || first === 0x73;
    return (length === 9 && first === 0x69) || (length === 17 && first === 0x2d);
  }

  #openFunction(name: string, paren: number): boolean {
    if (name === 'url') {
      this.#at = paren + 1;
      this.#state = URL_START;
      return true;
    }
    const isImageSet = name === 'image-set' || name === '-webkit-image-set';
    this.#pushParen(isImageSet ? IMAGE_SET : name === 'src' ? SRC : PLAIN_PAREN);
    return false;
  }

  #pushParen(kind: number): void {
    if (this.#parens.length < MAX_DEPTH) this.#parens.push(kind);
    else this.#excessParens++;
  }

  /** Whether a string that stands here is a URL. */
  #isUrlExpected(): boolean {
    const depth = this.#parens.length;
    const kind = this.#parens[depth - 1];
    if (kind === SRC) this.#parens[depth - 1] = PLAIN_PAREN;
    return kind === SRC || kind === IMAGE_SET;
  }

  /** At the quote that #at stands on. */
  #openString(isUrl: boolean): true {
    this.#quote = this.#bytes[this.#at] ?? 0;
    this.#escape = NO_ESCAPE;
    this.#valueStart = ++this.#at;
    this.#state = isUrl ? URL_STRING : STRING;
    return true;
  }

  /** A string ends at its quote, or unclosed at the end of the line, and is no URL then (CSS Syntax 3 §4.3.5). */
  #readString(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    const quote = this.#quote;
    let at = this.#at;
    for (; at < end; at++) {
      const octet = bytes[at] ?? 0;
      if (this.#escape !== NO_ESCAPE && this.#isInEscape(octet)) continue;
      if (octet === BACKSLASH) this.#escape = ESCAPE_START;
      else if ((this.#classes[octet] ?? 0) & LEAD) this.#escape = IN_CHARACTER;
      else if (octet === quote || (this.#classes[octet] ?? 0) & NEWLINE) {
        if (this.#state === URL_STRING) this.#endUrlString(at, octet === quote);
        return this.#enter(NORMAL, at + 1);
      }
    }
    this.#at = at;
    return false;
  }

  /**
   * Whether `octet` belongs to the escape that is open: any character behind the backslash, or up to six hex digits and
   * one white space (CSS Syntax 3 §4.3.7). An escaped line end belongs to it, too: in a string it continues the line.
   */
  #isInEscape(octet: number): boolean {
    const place = this.#escape;
    if (place === IN_CHARACTER) {
      this.#escape = NO_ESCAPE;
      return true;
    }
    if (place === ESCAPED_CR) {
      this.#escape = NO_ESCAPE;
      return octet === LF;
    }
    const isHex = HEX_VALUE[octet] !== 255;
    if (isHex && place < LAST_HEX_DIGIT) this.#escape = Math.max(place, ESCAPED_CR) + 1;
    else this.#escape = octet === CR ? ESCAPED_CR : NO_ESCAPE;
    return isHex ? place < LAST_HEX_DIGIT : place === ESCAPE_START || ((this.#classes[octet] ?? 0) & SPACE) !== 0;
  }

  #endUrlString(at: number, isClosed: boolean): void {
    if (isClosed || this.#checkData(at)) this.#reportUrl(at);
  }

  #readUrlStart(): boolean {
    this.#skipSpace();
    if (this.#at >= this.#end) return false;
    const octet = this.#bytes[this.#at];
    if (octet === DOUBLE_QUOTE || octet === SINGLE_QUOTE) {
      this.#pushParen(PLAIN_PAREN);
      return this.#openString(true);
    }
    this.#valueStart = this.#at;
    this.#escape = NO_ESCAPE;
    this.#state = URL_UNQUOTED;
    return true;
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    while (this.#at < this.#end && (this.#classes[bytes[this.#at] ?? 0] ?? 0) & SPACE) this.#at++;
  }

  #readUnquoted(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#at; at < this.#end; at++) {
      const octet = bytes[at] ?? 0;
      const octetClass = this.#classes[octet] ?? 0;
      // A backslash at the end of a line is no escape, and has no place in a URL.
      if (this.#escape === ESCAPE_START && octetClass & NEWLINE) return this.#spoilUrl(at);
      if (this.#escape !== NO_ESCAPE && this.#isInEscape(octet)) continue;
      if (octet === BACKSLASH) this.#escape = ESCAPE_START;
      else if (octetClass & LEAD) this.#escape = IN_CHARACTER;
      else if (octet === CLOSE_PAREN) {
        this.#reportUrl(at);
        return this.#enter(NORMAL, at + 1);
      } else if (octetClass & SPACE) {
        this.#valueEnd = at;
        return this.#enter(URL_END, at);
      } else if (octetClass & BAD_IN_URL) return this.#spoilUrl(at);
    }
    this.#at = this.#end;
    return false;
  }

  #enter(state: number, at: number): true {
    this.#state = state;
    this.#at = at;
    this.#escape = NO_ESCAPE;
    return true;
  }

  #readUrlEnd(): boolean {
    this.#skipSpace();
    if (this.#at >= this.#end) return false;
    if (this.#bytes[this.#at] !== CLOSE_PAREN) return this.#spoilUrl(this.#at);
    this.#reportUrl(this.#valueEnd);
    return this.#enter(NORMAL, this.#at + 1);
  }

  /** What was read is no URL. An unquoted `data:` URL with quotes in it still must not be touched. */
  #spoilUrl(at: number): true {
    this.#checkData(at);
    return this.#enter(BAD_URL, at);
  }

  #readBadUrl(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#at; at < this.#end; at++) {
      const octet = bytes[at] ?? 0;
      if (this.#escape !== NO_ESCAPE) this.#escape = NO_ESCAPE;
      else if (octet === BACKSLASH || (this.#classes[octet] ?? 0) & LEAD) this.#escape = ESCAPE_START;
      else if (octet === CLOSE_PAREN) {
        if (this.#isData) this.#keepData(at);
        this.#isData = false;
        return this.#enter(NORMAL, at + 1);
      }
    }
    this.#at = this.#end;
    return false;
  }

  /** At the `@` at `at`. */
  #readAtKeyword(at: number): boolean {
    const name = this.#readName(at + 1);
    if (name === undefined) return this.#hold(at);
    this.#nameLimit = name.end;
    this.#namespaceDepth = 0;
    this.#quote = 0;
    if (name.text === 'namespace') return this.#enter(NAMESPACE, name.end);
    return this.#enter(name.text === 'import' ? IMPORT : NORMAL, name.end);
  }

  /** At the backslash at `at`, in or before a name that escapes are part of; `u\72l(` is a function, too. */
  #readEscapedName(at: number): boolean {
    const start = this.#nameStart(at);
    const isHash = this.#bytes.subarray(start, at).includes(HASH);
    const name = this.#readName(isHash ? at : start);
    if (name === undefined) return this.#hold(start);
    // Not an escape, or a name too long to matter: the octet behind the backslash must not open anything.
    if (name.end <= at) return this.#enter(NORMAL, Math.min(at + 2, this.#end));
    this.#at = this.#nameLimit = name.end;
    if (this.#bytes[name.end] !== OPEN_PAREN || name.end >= this.#end) return true;
    if (!this.#openFunction(isHash ? '' : name.text, name.end)) this.#at = name.end + 1;
    return true;
  }

  /** The name that starts at `start`, escapes resolved, in lower case; undefined if the window ends before it does. */
  #readName(start: number): { text: string; end: number } | undefined {
    let text = '';
    let at = start;
    const most = Math.min(this.#end, start + MAX_NAME_BYTES);
    while (at < most) {
      const octet = this.#bytes[at] ?? 0;
      if ((this.#classes[octet] ?? 0) & NAME) {
        text += String.fromCharCode(octet);
        at++;
      } else if (octet === BACKSLASH && !((this.#classes[this.#bytes[at + 1] ?? 0] ?? 0) & NEWLINE)) {
        const [sequence = '', digits = ''] =
          ESCAPE.exec(this.#bytes.toString('latin1', at, Math.min(at + 9, this.#end))) ?? [];
        text += digits === '' ? sequence.slice(1) : String.fromCharCode(Number.parseInt(digits, 16) & 0xffff);
        at += Math.max(1, sequence.length);
      } else return { text: text.toLowerCase(), end: at };
    }
    const isCut = at >= this.#end && !this.#isLast && this.#end - start < MAX_NAME_BYTES;
    return isCut ? undefined : { text: '', end: Math.min(at, this.#end) };
  }

  #readImport(): boolean {
    this.#skipSpace();
    const at = this.#at;
    if (at >= this.#end) return false;
    const octet = this.#bytes[at];
    if (octet === SLASH) {
      if (at + 1 >= this.#end && !this.#isLast) return this.#hold(at);
      if (this.#bytes[at + 1] === ASTERISK) return this.#openComment(IMPORT);
    }
    if (octet === DOUBLE_QUOTE || octet === SINGLE_QUOTE) return this.#openString(true);
    return this.#enter(NORMAL, at);
  }

  /** The prelude of `@namespace` up to its `;`; strings and parentheses may hold one. */
  #readNamespace(): boolean {
    const start = this.#at;
    for (let at = start; at < this.#end; at++) {
      const octet = this.#bytes[at] ?? 0;
      if (this.#quote !== 0) {
        if (octet === this.#quote || (this.#classes[octet] ?? 0) & NEWLINE) this.#quote = 0;
      } else if (octet === DOUBLE_QUOTE || octet === SINGLE_QUOTE) this.#quote = octet;
      else if (octet === OPEN_PAREN) this.#namespaceDepth++;
      else if (octet === CLOSE_PAREN) this.#namespaceDepth--;
      else if ((octet === SEMICOLON || octet === OPEN_BRACE) && this.#namespaceDepth <= 0) {
        this.#reader.kept(start, at);
        return this.#enter(NORMAL, at + 1);
      }
    }
    this.#reader.kept(start, this.#end);
    this.#at = this.#end;
    return false;
  }

  /** At the `/` of a comment, which #at stands on. */
  #openComment(stateBehind: number): boolean {
    const start = this.#at;
    const opening = this.#bytes.toString('latin1', start, Math.min(this.#end, start + MAX_SOURCE_MAP_OPENING_BYTES));
    const match = SOURCE_MAP_OPENING.exec(opening);
    if (match === null && !this.#isLast && mayBecomeSourceMap(opening)) return this.#hold(start);
    this.#stateBehindComment = stateBehind;
    this.#hasStar = false;
    this.#valueStart = start + (match?.[0].length ?? 2);
    return this.#enter(match === null ? COMMENT : SOURCE_MAP, this.#valueStart);
  }

  #readComment(): boolean {
    if (this.#hasStar && this.#bytes[this.#at] === SLASH) return this.#enter(this.#stateBehindComment, this.#at + 1);
    const close = this.#bytes.indexOf('*/', this.#at, 'latin1');
    if (close >= 0) return this.#enter(this.#stateBehindComment, close + 2);
    this.#hasStar = this.#bytes[this.#end - 1] === ASTERISK;
    this.#at = this.#end;
    return false;
  }

  #readSourceMap(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < this.#end && bytes[at] !== ASTERISK && !((this.#classes[bytes[at] ?? 0] ?? 0) & SPACE)) at++;
    this.#at = at;
    if (at >= this.#end) return false;
    this.#reportUrl(at);
    this.#hasStar = false;
    return this.#enter(COMMENT, at);
  }
}

/** An escape: up to six hex digits and one white space, or any other character (CSS Syntax 3 §4.3.7). */
const ESCAPE = /^\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|[\s\S])/i;

function mayBecomeSourceMap(opening: string): boolean {
  return (
    opening.length < MAX_SOURCE_MAP_OPENING_BYTES && /^\/\*(?:$|[#@](?:$|[ \t]{1,16}[a-zA-Z]{0,16}$))/.test(opening)
  );
}

function classOf(octet: number): number {
  const isLetter = (octet | 32) >= 0x61 && (octet | 32) <= 0x7a;
  const isDigit = octet >= 0x30 && octet <= 0x39;
  if (isLetter || isDigit || octet === 0x2d || octet === 0x5f || octet >= 0x80) return NAME | NAME_OR_HASH;
  if (octet === HASH) return NAME_OR_HASH;
  if (octet === LF || octet === CR || octet === 0x0c) return SPACE | NEWLINE;
  if (octet === 0x20 || octet === 0x09) return SPACE;
  if (octet === DOUBLE_QUOTE || octet === SINGLE_QUOTE || octet === OPEN_PAREN) return STOP | BAD_IN_URL;
  if (octet === CLOSE_PAREN || octet === SLASH || octet === AT || octet === BACKSLASH) return STOP;
  // NUL becomes U+FFFD in preprocessing, which is a name character; the other controls are not printable.
  if (octet === 0) return NAME | NAME_OR_HASH;
  return octet < 0x20 || octet === 0x7f ? BAD_IN_URL : 0;
}
