// XML documents: known formats tag by tag, anything else by search; the prolog in any case.
import type { EditList } from '../edit-list.ts';
import { JsScanner } from '../js/js-scanner.ts';
import { remember } from '../look-behind.ts';
import type { ScanOptions } from '../scan-options.ts';
import { rewriteText, type Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';
import { attributeMeaning, dialectOf, isIdentifierElement, localName, type XmlDialect } from './dialects.ts';
import { XmlSearch } from './xml-search.ts';
import { endOfDoctype, endOfTag, visitAttributes, type XmlAttribute } from './xml-tag.ts';

/*
 * States between windows:
 *   text         character data, between markup
 *   comment      <!-- … -->         scanned for authorities, like the next three
 *   cdata        <![CDATA[ … ]]>
 *   instruction  <? … ?>            but xml-stylesheet is held until it is whole
 *   long-tag     a tag, or a document type, too long to hold
 *   raw          text of style and script in SVG, for their own scanners
 *   raw-cdata    the same in a CDATA section
 */
type State = 'text' | 'comment' | 'cdata' | 'instruction' | 'long-tag' | 'raw' | 'raw-cdata';

/** A longer tag, processing instruction or URL is not held back: only authorities are mapped in it. */
const LONGEST_TAG = 65_536;
const LONGEST_URL = 4096;

/** A value in which a URL can stand that is no fragment: most refer to the drawing itself. */
const NEEDS_CSS = /url\(\s{0,8}["']?[^#"'\s]|src\(|image|\\|\/\*|:\/\//i;

const END_MARKS = { comment: '-->', cdata: ']]>', instruction: '?>', 'long-tag': '>' } as const;
const CDATA = '<![CDATA[';
const STYLESHEET = '<?xml-stylesheet';

/** What one call of `scan` works on. */
interface Run {
  readonly window: Window;
  /** The bytes of the window up to `to`. */
  readonly bytes: Buffer;
  readonly text: string;
  readonly to: number;
  readonly isLast: boolean;
  readonly edits: EditList;
}

/** What an XML scanner needs besides the map. */
export interface XmlScannerOptions extends ScanOptions {
  /** The scanner for style sheets and style attributes; without it only authorities are mapped there. */
  readonly css?: Scanner;
}

/** Scans one XML document. See `dialects.ts` for what is known. */
export class XmlScanner implements Scanner {
  readonly maxHeldBytes: number;
  readonly #map: UrlMap;
  readonly #search: XmlSearch;
  readonly #css: Scanner | undefined;
  readonly #script: Scanner;
  #state: State = 'text';
  /** `prolog` until the root element decides. */
  #kind: 'prolog' | 'search' | XmlDialect = 'prolog';
  /** The element whose text comes, if that is a URL or an identifier. */
  #text: 'url' | 'identifier' | undefined;
  /** The scanner of raw text. */
  #raw: Scanner | undefined;
  #ahead = 0;
  #behind = '';
  #plainFrom = 0;

  constructor(map: UrlMap, options: XmlScannerOptions = {}) {
    this.#map = map;
    this.#search = new XmlSearch(map);
    this.#css = options.css;
    this.#script = new JsScanner(map, options);
    this.maxHeldBytes =
      LONGEST_TAG + map.matcher.maxHeldBytes + this.#script.maxHeldBytes + (options.css?.maxHeldBytes ?? 0);
  }

  reset(): void {
    this.#state = 'text';
    this.#kind = 'prolog';
    this.#text = undefined;
    this.#raw = undefined;
    this.#ahead = 0;
    this.#behind = '';
    this.#search.reset();
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    if (this.#kind === 'search') return this.#search.scan(window, from, to, isLast, edits);
    const run: Run = { window, bytes: window.bytes.subarray(0, to), text: window.text, to, isLast, edits };
    this.#plainFrom = from;
    let at = Math.min(to, from + this.#ahead);
    this.#ahead = 0;
    while (at < to) {
      const next = this.#step(run, at);
      if (this.#isSearching()) return this.#search.scan(window, this.#plainFrom, to, isLast, edits);
      if (next < 0) return this.#plain(run, ~next, true);
      if (next === at) break;
      at = next;
    }
    const settled = this.#plain(run, at, isLast);
    this.#ahead = at - settled;
    return settled;
  }

  #isSearching(): boolean {
    return this.#kind === 'search';
  }

  /**
   * Goes on from `at`. Returns where it came to; `at` itself if more text is needed to go on; or `~index` if it is needed
   * from that index on, which is a place where no URL goes across.
   */
  #step(run: Run, at: number): number {
    switch (this.#state) {
      case 'text':
        return this.#readText(run, at);
      case 'raw':
        return this.#readRaw(run, at);
      case 'raw-cdata':
        return this.#readRawCdata(run, at);
      default:
        return this.#skipTo(run, at, END_MARKS[this.#state]);
    }
  }

  #readText(run: Run, at: number): number {
    if (this.#text === 'url') return this.#readUrlText(run, at);
    if (this.#text === 'identifier') return this.#skipIdentifier(run, at);
    const start = run.bytes.indexOf('<', at);
    return start < 0 ? run.to : this.#readMarkup(run, start);
  }

  #readMarkup(run: Run, at: number): number {
    const next = run.bytes[at + 1] ?? 0;
    if ((next | 0x20) >= 0x61 && (next | 0x20) <= 0x7a) return this.#readTag(run, at);
    const head = run.window.slice(at, Math.min(run.to, at + STYLESHEET.length));
    const isCut = !run.isLast && at + head.length === run.to;
    if (isCut && [CDATA, '<!--', STYLESHEET].some((mark) => mark.startsWith(head))) return ~at;
    if (head.startsWith('<!--')) return this.#enter('comment', at + 4);
    if (head.startsWith(CDATA)) return this.#enter('cdata', at + CDATA.length);
    if (head.startsWith('<!')) return this.#readDoctype(run, at);
    if (head === STYLESHEET) return this.#readStylesheet(run, at);
    if (head.startsWith('<?')) return this.#enter('instruction', at + 2);
    return /^<[^\s<>/=]/.test(head) || head.startsWith('</') ? this.#readTag(run, at) : at + 1;
  }

  #enter(state: State, at: number): number {
    this.#state = state;
    return at;
  }

  /** Passes over text in which only authorities matter, up to and behind `mark`. */
  #skipTo(run: Run, at: number, mark: string): number {
    const end = run.bytes.indexOf(mark, at);
    if (end >= 0) return this.#enter('text', end + mark.length);
    return run.isLast ? run.to : Math.max(at, run.to - mark.length + 1);
  }

  #readDoctype(run: Run, at: number): number {
    const end = endOfDoctype(run.bytes, at + 2, run.to);
    if (end < 0) return this.#isWaitable(run, at) ? ~at : this.#enter('long-tag', at + 2);
    this.#exclude(run, at, end + 1);
    return end + 1;
  }

  #readStylesheet(run: Run, at: number): number {
    const end = run.bytes.indexOf('?>', at);
    if (end < 0) return this.#isWaitable(run, at) ? ~at : this.#enter('instruction', at + 2);
    visitAttributes(run.text, at + STYLESHEET.length, end, ({ name, start, end: valueEnd }) => {
      if (name === 'href') this.#mapRange(run, start, valueEnd, (raw) => this.#map.toPublicEscaped(raw, 'html'));
    });
    return end + 2;
  }

  #readTag(run: Run, at: number): number {
    const end = endOfTag(run.bytes, at + 1, run.to);
    if (end < 0) return this.#isWaitable(run, at) ? ~at : this.#enter('long-tag', at + 1);
    const { text } = run;
    this.#text = undefined;
    if (text[at + 1] === '/') return end + 1;
    const nameEnd = endOfName(text, at + 1);
    const name = text.slice(at + 1, nameEnd);
    if (this.#kind === 'prolog') this.#kind = dialectOf(name) ?? 'search';
    if (this.#kind === 'search') {
      this.#plain(run, at, true);
      this.#search.resumeAfter(this.#behind);
      return at;
    }
    const dialect = this.#kind;
    visitAttributes(text, nameEnd, end, (attribute) => this.#readAttribute(run, attribute, dialect));
    if (text[end - 1] !== '/') this.#enterElement(run, name, text.slice(at, end), end + 1, dialect);
    return end + 1;
  }

  #enterElement(run: Run, name: string, tag: string, at: number, dialect: XmlDialect): void {
    const local = localName(name);
    if (dialect.urlElements.has(local)) this.#text = 'url';
    else if (isIdentifierElement(name, tag, dialect)) this.#text = 'identifier';
    if (!dialect.isGraphic) return;
    this.#raw = local === 'style' ? this.#css : local === 'script' ? this.#script : undefined;
    if (this.#raw === undefined) return;
    this.#plain(run, at, true);
    this.#raw.reset();
    this.#state = 'raw';
  }

  #readAttribute(run: Run, { name, start, end }: XmlAttribute, dialect: XmlDialect): void {
    switch (attributeMeaning(name, dialect)) {
      case 'identifier':
        this.#exclude(run, start, end);
        return;
      case 'url':
        this.#mapRange(run, start, end, (raw) => this.#map.toPublicEscaped(raw, 'html'));
        return;
      case 'location-pairs':
        this.#mapRange(run, start, end, (raw) => this.#mapPairs(raw));
        return;
      case 'css':
        this.#mapRange(run, start, end, (raw) => this.#mapCss(raw));
        return;
      case 'script':
        this.#mapRange(run, start, end, (raw) => rewriteText(this.#script, raw));
        return;
      default:
    }
  }

  #mapCss(raw: string): string {
    if (!NEEDS_CSS.test(raw)) return raw;
    return this.#css === undefined ? this.#map.matcher.replaceIn(raw) : rewriteText(this.#css, raw);
  }

  /** xsi:schemaLocation (XML Schema Part 1 §4.3.2): every second word is a place. */
  #mapPairs(raw: string): string {
    let count = 0;
    return raw.replace(/\S+/g, (word) => (count++ % 2 === 0 ? word : this.#map.toPublicEscaped(word, 'html')));
  }

  /** The text of an element that is a URL, up to its end, perhaps in a CDATA section. */
  #readUrlText(run: Run, at: number): number {
    const end = run.bytes.indexOf('<', at);
    if (end < 0 || end - at > LONGEST_URL)
      return end < 0 && this.#mayWait(run, at, LONGEST_URL) ? ~at : this.#leaveText(run, at);
    const head = run.window.slice(end, Math.min(run.to, end + CDATA.length));
    if (head !== CDATA) {
      if (!run.isLast && end + head.length === run.to && CDATA.startsWith(head)) return ~at;
      this.#mapRange(run, at, end, (raw) => this.#map.toPublicEscaped(raw, 'html'));
      return this.#leaveText(run, end);
    }
    const start = end + CDATA.length;
    const close = run.bytes.indexOf(']]>', start);
    if (close < 0) return this.#mayWait(run, at, LONGEST_URL) ? ~at : this.#leaveText(run, at);
    this.#mapRange(run, start, close, (raw) => this.#map.toPublic(raw));
    return this.#leaveText(run, close + 3);
  }

  /** What follows is ordinary text: goes on with it at once, because the element may have been empty. */
  #leaveText(run: Run, at: number): number {
    this.#text = undefined;
    return this.#readText(run, at);
  }

  #skipIdentifier(run: Run, at: number): number {
    const end = run.bytes.indexOf('</', at);
    if (end >= 0) {
      this.#exclude(run, at, end);
      return this.#leaveText(run, end);
    }
    const reached = run.isLast ? run.to : run.to - 1;
    if (reached <= at) return ~at;
    this.#exclude(run, at, reached);
    return reached;
  }

  #readRaw(run: Run, at: number): number {
    const end = run.bytes.indexOf('<', at);
    if (end < 0) return this.#scanRaw(run, at, run.to, run.isLast);
    const head = run.window.slice(end, Math.min(run.to, end + CDATA.length));
    const isCut = !run.isLast && end + head.length === run.to && head.length < CDATA.length;
    if (isCut && CDATA.startsWith(head)) return this.#scanRaw(run, at, end, false);
    this.#scanRaw(run, at, end, true);
    if (head === CDATA) {
      this.#exclude(run, end, end + CDATA.length);
      return this.#enter('raw-cdata', end + CDATA.length);
    }
    this.#raw = undefined;
    this.#state = 'text';
    return this.#readText(run, end);
  }

  #readRawCdata(run: Run, at: number): number {
    const end = run.bytes.indexOf(']]>', at);
    if (end < 0) return this.#scanRaw(run, at, run.isLast ? run.to : Math.max(at, run.to - 2), run.isLast);
    this.#scanRaw(run, at, end, true);
    this.#exclude(run, end, end + 3);
    return this.#enter('raw', end + 3);
  }

  /** Hands `[at, end)` to the scanner of raw text; its run is over with `isWhole`. */
  #scanRaw(run: Run, at: number, end: number, isWhole: boolean): number {
    const settled = this.#raw?.scan(run.window, at, end, isWhole, run.edits) ?? end;
    if (isWhole) this.#raw?.reset();
    this.#skipPlain(run, at, settled);
    return isWhole ? settled : ~settled;
  }

  #mayWait(run: Run, at: number, longest: number): boolean {
    return !run.isLast && run.to - at < longest;
  }

  #isWaitable(run: Run, at: number): boolean {
    return this.#mayWait(run, at, LONGEST_TAG);
  }

  /** Replaces `[start, end)` by what `map` makes of it; all before it is settled. */
  #mapRange(run: Run, start: number, end: number, map: (raw: string) => string): void {
    const raw = run.text.slice(start, end);
    if (!this.#map.isExamined(raw)) return;
    const mapped = map(raw);
    // What did not change and names no backend needs no exclusion from the search either.
    if (mapped === raw && !this.#map.matcher.isNamedIn(raw)) return;
    this.#plain(run, start, true);
    if (mapped !== raw) run.edits.replace(start, end, mapped);
    this.#skipPlain(run, start, end);
  }

  #exclude(run: Run, start: number, end: number): void {
    this.#plain(run, start, true);
    this.#skipPlain(run, start, end);
  }

  #skipPlain(run: Run, start: number, end: number): void {
    this.#behind = remember(this.#behind, run.window, start, end, this.#map.matcher.lookBehind);
    this.#plainFrom = end;
  }

  /** Scans for authorities from where that was last done up to `end`, and returns how far the text is settled. */
  #plain(run: Run, end: number, isWhole: boolean): number {
    const from = this.#plainFrom;
    if (from >= end) return from;
    const settled = this.#map.matcher.scan(run.window, from, end, isWhole, this.#behind, run.edits);
    this.#skipPlain(run, from, settled);
    return settled;
  }
}

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === 0x2f || code === 0x3e) return at;
    at++;
  }
  return at;
}
