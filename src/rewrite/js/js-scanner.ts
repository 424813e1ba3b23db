// JavaScript: authorities anywhere, and root-relative literals where nothing at run time could map them.
import { EditList } from '../edit-list.ts';
import { unescapeValue } from '../escapes.ts';
import { remember } from '../look-behind.ts';
import type { ScanOptions } from '../scan-options.ts';
import type { Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';
import { JsLexer, type JsListener } from './js-lexer.ts';
import { isImportScripts, isSink } from './js-sinks.ts';

const SOURCE_MAP = /^\/[/*][#@][ \t]sourceMappingURL=[ \t]{0,4}/;
const SOURCE_MAP_BEGUN = /^\/[/*](?:[#@](?:[ \t](?:s[a-zA-Z=]{0,15}|sourceMappingURL=[ \t]{0,4})?)?)?$/;
const SOURCE_MAP_LENGTH = 26;

/**
 * Maps backend authorities wherever they stand, and root-relative literals in module specifiers, `location` sinks,
 * worker and importScripts URLs and source map comments. Every other root-relative string stays: the shim sees it when
 * it is used. Where root-relative URLs do not change, nothing is lexed.
 */
export class JsScanner implements Scanner, JsListener {
  readonly maxHeldBytes: number;
  readonly #map: UrlMap;
  readonly #strings: ReadonlySet<string> | undefined;
  readonly #lexer: JsLexer;
  /** How much of a literal is looked at: enough to see whether it lies below the mount in any escape style. */
  readonly #literalLength: number;
  readonly #sinkEdits = new EditList();
  readonly #authorityEdits = new EditList();
  #behind = '';
  /** How far the lexer is ahead of what is settled. */
  #ahead = 0;
  #importScripts = -1;
  #window: Window | undefined;
  #to = 0;
  #isLast = false;

  constructor(map: UrlMap, options: ScanOptions = {}) {
    this.#map = map;
    this.#strings = options.strings?.size ? options.strings : undefined;
    this.#lexer = new JsLexer(this, options.leadBytes);
    const longest = Math.max(map.public.path.length, map.backend.path.length, ...lengths(this.#strings));
    this.#literalLength = 64 + 6 * longest;
    this.maxHeldBytes = map.matcher.maxHeldBytes + this.#literalLength + SOURCE_MAP_LENGTH;
  }

  reset(): void {
    this.#lexer.reset();
    this.#behind = '';
    this.#ahead = 0;
    this.#importScripts = -1;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    const { matcher } = this.#map;
    this.#authorityEdits.clear();
    let settled = matcher.scan(window, from, to, isLast, this.#behind, this.#authorityEdits);
    if (this.#map.addsPrefix) settled = this.#lex(window, from, settled, isLast);
    this.#authorityEdits.dropFrom(settled);
    edits.mergeFrom(this.#authorityEdits, this.#sinkEdits);
    this.#behind = remember(this.#behind, window, from, settled, matcher.lookBehind);
    return settled;
  }

  /** Lexes up to `to` and returns how far the text is settled: not inside an edit that the lexer stopped in. */
  #lex(window: Window, from: number, to: number, isLast: boolean): number {
    this.#sinkEdits.clear();
    this.#window = window;
    this.#to = to;
    this.#isLast = isLast;
    const lexed = this.#lexer.run(window, from + this.#ahead, Math.max(to, from + this.#ahead), isLast);
    this.#window = undefined;
    const settled = this.#authorityEdits.startOfCovering(Math.min(lexed, to));
    this.#ahead = lexed - settled;
    return settled;
  }

  onString(at: number): boolean {
    const code = this.#lexer.codeBefore(at);
    const isUrl = this.#isSink(code);
    if (!isUrl && this.#strings === undefined) return true;
    const content = this.#literal(at + 1, this.#window?.bytes[at] ?? 0);
    if (content === undefined) return false;
    const edit = this.#map.rootRelativeEdit(content.raw, 'json');
    if (edit === undefined || !(isUrl || this.#isListed(content))) return true;
    this.#sinkEdits.replace(at + 1 + edit.start, at + 1 + edit.end, edit.text);
    return true;
  }

  onComment(at: number): boolean {
    const { text } = this.#slice(at, SOURCE_MAP_LENGTH);
    const sign = SOURCE_MAP.exec(text)?.[0];
    if (sign === undefined) return this.#isLast || at + text.length < this.#to || !SOURCE_MAP_BEGUN.test(text);
    const start = at + sign.length;
    const value = this.#slice(start, this.#literalLength);
    const end = value.text.search(/[\s*"']/);
    if (end < 0 && !value.isEnough) return false;
    const edit = this.#map.rootRelativeEdit(end < 0 ? value.text : value.text.slice(0, end), 'json');
    if (edit !== undefined) this.#sinkEdits.replace(start + edit.start, start + edit.end, edit.text);
    return true;
  }

  #isSink(code: string): boolean {
    if (isImportScripts(code)) {
      this.#importScripts = this.#lexer.innermost;
      return true;
    }
    if (code.endsWith(',') && this.#importScripts > 0 && this.#lexer.innermost === this.#importScripts) return true;
    return isSink(code);
  }

  #isListed({ raw, isWhole }: Literal): boolean {
    return isWhole && this.#strings?.has(unescapeValue(raw, 'json').text) === true;
  }

  /** The content of a literal as far as it is looked at; undefined if more text is needed. */
  #literal(start: number, quote: number): Literal | undefined {
    const { text, isEnough } = this.#slice(start, this.#literalLength);
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === 0x5c) index++;
      else if (code === quote || code === 0x0a) return { raw: text.slice(0, index), isWhole: code === quote };
      else if (quote === 0x60 && code === 0x24 && text.charCodeAt(index + 1) === 0x7b)
        return { raw: text.slice(0, index), isWhole: false };
    }
    return isEnough ? { raw: text, isWhole: false } : undefined;
  }

  #slice(start: number, length: number): { text: string; isEnough: boolean } {
    const end = Math.min(this.#to, start + length);
    return { text: this.#window?.text.slice(start, end) ?? '', isEnough: this.#isLast || end === start + length };
  }
}

interface Literal {
  readonly raw: string;
  /** Whether `raw` is all of it. */
  readonly isWhole: boolean;
}

function lengths(strings: ReadonlySet<string> | undefined): number[] {
  return [...(strings ?? [])].map((string) => string.length);
}
