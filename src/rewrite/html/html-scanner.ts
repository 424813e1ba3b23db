// Rewrites HTML documents: attributes by their kind, scripts and styles by their language, text by its authorities.
import { MAX_HELD_BYTES } from '../css/tokenizer.ts';
import { EditList } from '../edit-list.ts';
import type { ScanOptions } from '../scan-options.ts';
import type { Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';
import { AttributeRewriter } from './attribute-rewriter.ts';
import { ATTRIBUTES, KIND, KIND_OF } from './attributes.ts';
import { DocumentHead } from './document-head.ts';
import { CONTENT, ELEMENT } from './elements.ts';
import { HtmlFindings } from './findings.ts';
import type { HeadInsertion } from './head-insertion.ts';
import { Languages } from './languages.ts';
import { OptOut } from './opt-out.ts';
import { PlainMarkup } from './plain-markup.ts';
import { Stage } from './stage.ts';
import { HtmlTokenizer, type Tag, type TokenReader } from './tokenizer.ts';

/** What an HTML scanner can be told besides the map. */
export interface HtmlOptions extends ScanOptions {
  /** XML rules, for application/xhtml+xml. Default false. */
  readonly isXml?: boolean;
  /** Whether backend-absolute URLs in text nodes are mapped. Default true. */
  readonly mapsText?: boolean;
  /** Whether a referrer policy of the document that keeps paths from its own origin is relaxed. Default false. */
  readonly needsReferrer?: boolean;
  /** What to put into the head. Default nothing. */
  readonly insertion?: HeadInsertion;
  /** Told at once of every resource of the backend that the document asks for with `integrity`, as it was written. */
  readonly onIntegrityUrl?: (url: string) => void;
  /** Longest tag or import map that is held back until it is complete. Default 256 KiB. */
  readonly maxHeldBytes?: number;
}

const DEFAULT_MAX_HELD_BYTES = 256 * 1024;
/** Documents in documents: deeper `srcdoc` stays as it is. */
const MAX_NESTING = 4;
const BYTE_ORDER_MARK = Buffer.from('\xef\xbb\xbf', 'latin1');

/**
 * Rewrites one document after the other (`reset` between them). Everything but the URLs goes through byte for byte, broken
 * markup included. {@link findings} is about the latest.
 *
 * Left alone: comments, doctypes, titles, text areas and other raw text, form data, identifiers, and elements with a
 * `data-no-rewrite` attribute with all that is in them (they need their end tag).
 */
export class HtmlScanner implements Scanner, TokenReader {
  readonly maxHeldBytes: number;
  readonly #options: HtmlOptions;
  readonly #stage: Stage;
  readonly #attributes: AttributeRewriter;
  readonly #languages: Languages;
  readonly #mapsText: boolean;
  #findings: HtmlFindings;
  #tokenizer: HtmlTokenizer;
  #head: DocumentHead;
  readonly #optOut = new OptOut();
  readonly #plain: PlainMarkup;
  #isAtStart = true;
  /** Where the latest window was settled, in its own offsets. */
  #settled = 0;
  /** Where the text begins that is not settled, or -1 outside of text. */
  #textStart = -1;
  /** Where something is to be put into the text, or -1. */
  #insertAt = -1;
  /** Reads text in its place: the content of a style or script in SVG, which is no raw text there. */
  #textScanner: Scanner | undefined;
  /** Reads the raw text that is open. */
  #rawScanner: Scanner | undefined;
  #rawStart = -1;
  #isRawScript = false;
  /** The import map that is open is to be merged: held back until it is complete. */
  #isMerging = false;
  /** Where the text of the attribute begins that overflowed and is not settled, or -1. */
  #oversizedStart = -1;
  #isOversizedText = false;

  /** `nesting` counts the documents around this one. */
  constructor(map: UrlMap, options: HtmlOptions = {}, nesting = 0) {
    this.#options = options;
    this.#findings = new HtmlFindings(options.onIntegrityUrl);
    this.#mapsText = options.mapsText ?? true;
    this.#stage = new Stage(map);
    this.#plain = new PlainMarkup(this.#stage, (options.strings?.size ?? 0) > 0);
    const makeDocument = () => {
      const { isXml: _, insertion: __, ...rest } = options;
      return nesting < MAX_NESTING ? new HtmlScanner(map, rest, nesting + 1) : undefined;
    };
    this.#languages = new Languages(map, options, makeDocument, () => this.#findings);
    this.#attributes = new AttributeRewriter(this.#stage, this.#languages);
    this.#tokenizer = this.#makeTokenizer();
    this.#head = new DocumentHead(this.#stage, this.#attributes, this.#findings, options.insertion);
    const tagBytes = options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES;
    this.maxHeldBytes = Math.max(tagBytes, MAX_HELD_BYTES) + map.matcher.maxHeldBytes + SLACK_BYTES;
  }

  /** What was found so far in the document at hand. */
  get findings(): HtmlFindings {
    return this.#findings;
  }

  get unexaminedBytes(): number {
    return this.#findings.unexaminedBytes;
  }

  #makeTokenizer(): HtmlTokenizer {
    const maxHeldBytes = this.#options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES;
    return new HtmlTokenizer(this, { isXml: this.#options.isXml ?? false, maxHeldBytes });
  }

  reset(): void {
    if (this.#isAtStart) return;
    this.#isAtStart = true;
    this.#tokenizer = this.#makeTokenizer();
    this.#findings = new HtmlFindings(this.#options.onIntegrityUrl);
    this.#head = new DocumentHead(this.#stage, this.#attributes, this.#findings, this.#options.insertion);
    this.#stage.reset();
    this.#optOut.reset();
    this.#settled = 0;
    this.#textStart = this.#insertAt = this.#rawStart = this.#oversizedStart = -1;
    this.#textScanner = this.#rawScanner = undefined;
    this.#isMerging = this.#isOversizedText = false;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    let start = from;
    if (this.#isAtStart) {
      if (to - from < BYTE_ORDER_MARK.length && !isLast) return from;
      this.#isAtStart = false;
      // Not text: it must not open the body before the head was seen.
      const opening = window.bytes.subarray(from, Math.min(to, from + BYTE_ORDER_MARK.length));
      if (opening.equals(BYTE_ORDER_MARK)) start += BYTE_ORDER_MARK.length;
      this.#settled = 0;
    }
    this.#moveBy(start - this.#settled);
    this.#stage.open(window, start, to, edits);
    this.#tokenizer.scan(this.#stage.bytes, isLast);
    const settled = this.#settle(to, isLast);
    this.#stage.close(settled);
    this.#plain.end();
    this.#settled = settled;
    return settled;
  }

  #moveBy(distance: number): void {
    this.#tokenizer.dropFront(-distance);
    if (this.#textStart >= 0) this.#textStart += distance;
    if (this.#insertAt >= 0) this.#insertAt += distance;
    if (this.#rawStart >= 0) this.#rawStart += distance;
    if (this.#oversizedStart >= 0) this.#oversizedStart += distance;
  }

  /** The window is used up. Answers how far the document is settled. */
  #settle(to: number, isLast: boolean): number {
    const held = this.#tokenizer.heldFrom;
    if (isLast) {
      this.#endText(held);
      if (this.#tokenizer.isBetweenTokens) this.#head.end(to);
      return to;
    }
    let settled = held;
    if (this.#textStart >= 0 && this.#textStart < held) {
      this.#textStart = this.#scanOpenText(held);
      settled = Math.min(settled, this.#textStart);
    }
    if (this.#rawStart >= 0) settled = Math.min(settled, this.#rawStart);
    if (this.#oversizedStart >= 0) settled = Math.min(settled, this.#oversizedStart);
    return settled;
  }

  skipPlain(at: number): number {
    const isPlain =
      this.#textStart < 0 && this.#textScanner === undefined && this.#head.isOver && !this.#optOut.isActive;
    return isPlain ? this.#plain.skip(at) : at;
  }

  text(start: number, end: number): void {
    if (this.#textStart < 0) this.#textStart = start;
    if (!this.#head.isOver) this.#insertAt = this.#head.findInText(start, end);
  }

  /** The run of text that is open, if any, ends at `end`. */
  #endText(end: number): void {
    const start = this.#textStart;
    if (start < 0) return;
    this.#textStart = -1;
    this.#insertInText();
    this.#scanText(start, end, true);
    this.#textScanner?.reset();
  }

  #insertInText(): void {
    if (this.#insertAt < 0) return;
    this.#head.insertInText(this.#insertAt);
    this.#insertAt = -1;
  }

  /** The window ends in text. An insertion waits until the character behind it is settled, as every edit must. */
  #scanOpenText(end: number): number {
    if (this.#insertAt < 0) return this.#scanText(this.#textStart, end, false);
    const { edits } = this.#stage;
    const later = new EditList();
    this.#stage.edits = later;
    const settled = this.#scanText(this.#textStart, end, false);
    this.#stage.edits = edits;
    if (settled <= this.#insertAt) return this.#insertAt;
    this.#insertInText();
    later.forEach((start, stop, text) => {
      edits.replace(start, stop, text);
    });
    return settled;
  }

  #scanText(start: number, end: number, isComplete: boolean): number {
    if (!this.#mapsText || this.#optOut.isActive) return end;
    if (this.#textScanner === undefined) return this.#stage.mapAuthorities(start, end, isComplete);
    return this.#textScanner.scan(this.#stage.window, start, end, isComplete, this.#stage.edits);
  }

  startTag(tag: Tag): void {
    this.#endText(tag.start);
    if (this.#optOut.isActive) {
      this.#optOut.startTag(tag, this.#stage.bytes);
      this.#rawScanner = undefined;
      return;
    }
    const isKnown = tag.element !== ELEMENT.other || !this.#head.isOver;
    if (isKnown && !tag.isRest) this.#head.beforeTag(tag);
    if (tag.attributesLength > 0 && !this.#attributes.rewrite(tag)) this.#optOut.begin(tag, this.#stage.bytes);
    if (isKnown) this.#openElement(tag);
  }

  startTagPart(tag: Tag): void {
    this.#endText(tag.start);
    if (this.#optOut.isActive) return;
    if (!tag.isRest && (tag.element !== ELEMENT.other || !this.#head.isOver)) this.#head.beforeTag(tag);
    if (!this.#attributes.rewrite(tag)) this.#optOut.begin(tag, this.#stage.bytes);
    const number = ATTRIBUTES.find(this.#stage.bytes, tag.openNameStart, tag.openNameEnd);
    this.#isOversizedText = (KIND_OF[number] ?? KIND.text) === KIND.text;
  }

  oversized(start: number, end: number, isComplete: boolean): void {
    if (!this.#isOversizedText || this.#optOut.isActive) {
      this.#findings.unexaminedBytes += end - start;
      return;
    }
    const from = this.#oversizedStart < 0 ? start : this.#oversizedStart;
    const settled = this.#stage.mapAuthorities(from, end, isComplete);
    this.#oversizedStart = isComplete ? -1 : settled;
  }

  endTag(tag: Tag): void {
    this.#endText(tag.start);
    this.#textScanner = undefined;
    if (this.#optOut.isActive) this.#optOut.endTag(tag, this.#stage.bytes);
    else if (tag.element !== ELEMENT.other || !this.#head.isOver) this.#head.endTag(tag);
  }

  otherMarkup(start: number): void {
    this.#endText(start);
  }

  /** What happens behind the start tag of an element that is known by name, or that may end the head. */
  #openElement(tag: Tag): void {
    this.#rawScanner = undefined;
    this.#head.behindTag(tag);
    const isScript = tag.element === ELEMENT.script;
    if (this.#optOut.isActive || (!isScript && tag.element !== ELEMENT.style)) return;
    const scanner = isScript ? this.#scriptScanner() : this.#languages.styleElement;
    scanner.reset();
    if (tag.content === CONTENT.markup) {
      if (!tag.isEmpty) this.#textScanner = scanner;
      return;
    }
    this.#rawScanner = scanner;
    this.#isRawScript = isScript;
    this.#isMerging = isScript && this.#head.mergesIntoScript();
  }

  #scriptScanner(): Scanner {
    const { type, language } = this.#head.script;
    return this.#languages.forScript(type, language);
  }

  rawText(start: number, end: number, isComplete: boolean): void {
    const scanner = this.#rawScanner;
    if (scanner === undefined) return;
    const from = this.#rawStart < 0 ? start : this.#rawStart;
    if (this.#isMerging) {
      this.#rawStart = this.#mergeImportMap(scanner, from, end, isComplete);
      return;
    }
    // Most scripts are elsewhere, most data in them is short, and names nobody: the scanner, at its beginning, need not look.
    if (isComplete && this.#rawStart < 0 && (from === end || this.#isPlainData(from, end))) return;
    const settled = scanner.scan(this.#stage.window, from, end, isComplete, this.#stage.edits);
    this.#rawStart = isComplete ? -1 : settled;
  }

  #isPlainData(start: number, end: number): boolean {
    if (!this.#isRawScript || this.#stage.needles.isIn(start, end)) return false;
    return this.#languages.isText(this.#head.script.language, this.#stage.bytes, start, end);
  }

  /** The import map is held back until it is complete, or too long to be merged. */
  #mergeImportMap(scanner: Scanner, from: number, end: number, isComplete: boolean): number {
    const { window, edits } = this.#stage;
    const isTooLong = end - from > (this.#options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES);
    if (!isComplete && !isTooLong) return from;
    this.#isMerging = false;
    if (!isTooLong) {
      this.#head.mergeImportMap(scanner, from, end);
      return -1;
    }
    const settled = scanner.scan(window, from, end, isComplete, edits);
    return isComplete ? -1 : settled;
  }
}

/** The tokenizer's end tags of raw text, and a script's own tail. */
const SLACK_BYTES = 8 * 1024;
