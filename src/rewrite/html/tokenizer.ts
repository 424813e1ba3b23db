// A streaming HTML tokenizer by the WHATWG states that reports spans of bytes: it decodes nothing and copies nothing.
import {
  ATTRIBUTE_NAME_END,
  CLASS,
  indexOfOctet,
  isInName,
  isSpace,
  LETTER,
  matchesAt,
  readLatin1,
  TAG_NAME_END,
  VALUE_END,
} from './bytes.ts';
import { CONTENT, CONTENT_OF, ELEMENT, ELEMENT_NAMES, ELEMENTS } from './elements.ts';
import { ForeignContent } from './foreign-content.ts';
import { XmlDoctype } from './xml-doctype.ts';

/**
 * Hears the tokens of one document, in order. Offsets count from the start of the window that was given to
 * {@link HtmlTokenizer.scan} last, and hold during the call only.
 */
export interface TokenReader {
  /**
   * How far text and tags from `at` on, the end of a token, need not be told: to `at`, or to the `<` of a tag, or behind a tag
   * that leaves the tokenizer outside of tags, raw text and foreign elements. Asked in HTML only.
   */
  skipPlain?(at: number): number;
  /** Characters that are no markup; a run comes in as many pieces as the document was cut in. */
  text(start: number, end: number): void;
  /**
   * The content of the script, style, title, textarea ... whose start tag came last. `isComplete` says that the end tag
   * stands at `end`, or that the document ends there; it comes exactly once, if only with an empty span.
   */
  rawText(start: number, end: number, isComplete: boolean): void;
  /** A start tag, or what is left of one that was too long (`tag.isRest`). */
  startTag(tag: Tag): void;
  /** An end tag. Its attributes mean nothing. */
  endTag(tag: Tag): void;
  /** A comment, doctype, processing instruction or other markup without meaning here; in pieces, like text. */
  otherMarkup(start: number, end: number): void;
  /**
   * A start tag is longer than may be held back: these are its complete attributes so far. What follows is told by
   * {@link oversized}, then by further parts, and the last by {@link startTag}. The tag's bytes up to here will go out.
   */
  startTagPart(tag: Tag): void;
  /**
   * A piece of the attribute that overflowed: of its value if `tag` said where one starts. `isComplete` with the last.
   * The attribute is not reported otherwise.
   */
  oversized(start: number, end: number, isComplete: boolean): void;
}

/** Offsets in {@link Tag.attributes}: four for each attribute. */
export const ATTRIBUTE_STRIDE = 4;

/** A tag, as spans. One object is used again for every tag of a document. */
export interface Tag {
  /** Where the `<` stands; in a rest, where the rest begins. */
  readonly start: number;
  /** Behind the `>`. */
  readonly end: number;
  /** The name's span. Empty in a rest. */
  readonly nameStart: number;
  readonly nameEnd: number;
  /** A value of `ELEMENT`; kept in a rest. */
  readonly element: number;
  /** How the content behind a start tag is read: a value of `CONTENT`; `markup` for everything in SVG and MathML. */
  readonly content: number;
  /** Name start, name end, value start, value end of each attribute; without a value the last two equal the name's end. */
  readonly attributes: Int32Array;
  /** How many offsets in `attributes` count: four times the number of attributes. */
  readonly attributesLength: number;
  /** In a part that overflowed: the name's span of the attribute being read; equal if there is none. */
  readonly openNameStart: number;
  readonly openNameEnd: number;
  /** Whether the tag ends in `/>`. */
  readonly isSelfClosing: boolean;
  /** Whether that makes the element empty: in SVG, MathML and XML. */
  readonly isEmpty: boolean;
  /** Whether a part of this tag was reported by `startTagPart` before. */
  readonly isRest: boolean;
}

/** How a document is read. */
export interface HtmlTokenizerOptions {
  /** XML rules, for application/xhtml+xml: CDATA everywhere, `?>`, raw text only where no element may stand. Default false. */
  readonly isXml?: boolean;
  /** Longest tag that is held back until it is complete. Default 256 KiB. */
  readonly maxHeldBytes?: number;
}

const DEFAULT_MAX_HELD_BYTES = 256 * 1024;

// What the tokenizer is inside of. The names follow the standard's states, merged where the bytes are treated alike.
const DATA = 0;
/** A tag, from behind its `<` or `</` on; #tagState says where in it. */
const TAG = 1;
/** RCDATA and RAWTEXT. */
const RAW_TEXT = 2;
/** Script data; #escape says in which of its three levels. */
const SCRIPT = 3;
const PLAINTEXT = 4;
/** Behind `<!`, and behind `<!-`. */
const MARKUP_DECLARATION = 5;
const MARKUP_DECLARATION_DASH = 6;
/** Behind `<!--` and `<!---`, where `>` ends the comment at once. */
const COMMENT_START = 7;
const COMMENT_START_DASH = 8;
const COMMENT = 9;
const COMMENT_END_DASH = 10;
const COMMENT_END = 11;
/** Behind `--!`. */
const COMMENT_END_BANG = 12;
/** Bogus comments and, as every one of its states ends at `>`, the doctype. */
const BOGUS_COMMENT = 13;
/** Behind `<!` and some octets of `[CDATA[`; #matched counts them. */
const CDATA_OPEN = 14;
/** #matched counts the `]` seen. */
const CDATA = 15;
/** XML only: `<?` up to `?>`; #matched is 1 behind a `?`. */
const PROCESSING_INSTRUCTION = 16;
/** XML only: a doctype, which may hold an internal subset. */
const XML_DOCTYPE = 17;
/** XML only: script, style, textarea, title, whose CDATA sections may hold what looks like their end tag. */
const XML_RAW_TEXT = 18;

// Where inside a tag.
const TAG_NAME = 0;
const BEFORE_NAME = 1;
const NAME = 2;
const AFTER_NAME = 3;
const BEFORE_VALUE = 4;
const DOUBLE_QUOTED = 5;
const SINGLE_QUOTED = 6;
const UNQUOTED = 7;
const SELF_CLOSING = 8;

// How deep script data is escaped.
const NOT_ESCAPED = 0;
const ESCAPED = 1;
const DOUBLE_ESCAPED = 2;

const BANG = 0x21;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const DASH = 0x2d;
const SLASH = 0x2f;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;
const QUESTION_MARK = 0x3f;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const CDATA_OPENING = Uint8Array.from(Buffer.from('[CDATA[', 'latin1'));
const STYLESHEET_NAME = Uint8Array.from(Buffer.from('?xml-stylesheet', 'latin1'));
const SCRIPT_NAME = Uint8Array.from(Buffer.from('script', 'latin1'));

/**
 * Reads one document. The owner keeps a window of its bytes and calls `scan` whenever it grew:
 *
 *     window   [ ... done ... | held back | new bytes ]
 *                             ^ heldFrom  ^ scan(window, isLast) goes on where it stood
 *
 * After `scan`, bytes from {@link heldFrom} on belong to a token that is not complete: the owner keeps them (or more), puts
 * the next bytes behind them, and tells by {@link dropFront} how many bytes went away at the front.
 * What is reported does not depend on how the document is cut, except that text comes in more pieces.
 */
export class HtmlTokenizer implements Tag {
  start = 0;
  end = 0;
  nameStart = 0;
  nameEnd = 0;
  element: number = ELEMENT.other;
  content: number = CONTENT.markup;
  attributes: Int32Array = new Int32Array(16 * ATTRIBUTE_STRIDE);
  attributesLength = 0;
  openNameStart = 0;
  openNameEnd = 0;
  isSelfClosing = false;
  isEmpty = false;
  isRest = false;

  readonly #reader: TokenReader;
  readonly #isXml: boolean;
  readonly #maxHeldBytes: number;
  readonly #foreign = new ForeignContent();
  #bytes: Buffer = Buffer.alloc(0);
  #isLast = false;
  #state: number = DATA;
  /** The octet to go on with. */
  #at = 0;
  /** The start of the token that is held back, or -1. */
  #held = -1;

  #tagState: number = TAG_NAME;
  #isEndTag = false;
  #valueStart = 0;
  /** The attribute being read overflowed: it is told in pieces and not recorded. */
  #isOversized = false;
  /** The next piece of the oversized attribute starts here. */
  #oversizedFrom = 0;

  #escape: number = NOT_ESCAPED;
  /** Dashes in a row before #at, two at most: script data and comments end behind two. */
  #dashes = 0;
  #matched = 0;
  #xmlDoctype = new XmlDoctype();

  constructor(reader: TokenReader, options: HtmlTokenizerOptions = {}) {
    this.#reader = reader;
    this.#isXml = options.isXml ?? false;
    this.#maxHeldBytes = options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES;
  }

  /** The first byte of the window that the tokenizer still needs: its length unless a token is incomplete. */
  get heldFrom(): number {
    return this.#held < 0 ? this.#at : this.#held;
  }

  /** Whether markup put behind what was read would be read as such: not inside a tag, a comment or raw text. */
  get isBetweenTokens(): boolean {
    return this.#state === DATA;
  }

  /** Tells that the window lost its first `count` bytes; at most as many as {@link heldFrom} said. */
  dropFront(count: number): void {
    if (count === 0) return;
    this.#at -= count;
    if (this.#state !== TAG) return;
    this.start -= count;
    this.nameStart -= count;
    this.nameEnd -= count;
    this.openNameStart -= count;
    this.openNameEnd -= count;
    this.#valueStart -= count;
    this.#oversizedFrom -= count;
    for (let index = 0; index < this.attributesLength; index++) {
      this.attributes[index] = (this.attributes[index] ?? 0) - count;
    }
  }

  /** Reads what is new in `window`. With `isLast` the document ends with it, and nothing is held back. */
  scan(window: Buffer, isLast: boolean): void {
    this.#bytes = window;
    this.#isLast = isLast;
    this.#held = this.#state === TAG && !this.#isOversized ? this.start : -1;
    while (this.#step()) {
      // Each step ends where the state changes.
    }
    if (isLast) this.#finish();
    this.#bytes = EMPTY;
  }

  /** Goes on in the current state. Answers false when the window is used up. */
  #step(): boolean {
    switch (this.#state) {
      case DATA:
        return this.#readData();
      case TAG:
        return this.#readTag();
      case RAW_TEXT:
        return this.#readRawText();
      case SCRIPT:
        return this.#readScript();
      case PLAINTEXT:
        return this.#readPlaintext();
      case BOGUS_COMMENT:
        return this.#readBogusComment();
      case CDATA:
        return this.#readCdata();
      case PROCESSING_INSTRUCTION:
        return this.#readProcessingInstruction();
      case XML_DOCTYPE:
        return this.#readXmlDoctype();
      case XML_RAW_TEXT:
        return this.#readXmlRawText();
      case COMMENT:
        return this.#readComment();
      default:
        return this.#readMarkupOctet();
    }
  }

  /** The end of the document: what is incomplete is dropped by browsers; here its bytes pass unreported. */
  #finish(): void {
    const end = this.#bytes.length;
    this.#at = end;
    this.#held = -1;
    if (this.#isOversized) this.#reader.oversized(end, end, true);
    const isRaw = this.#state === RAW_TEXT || this.#state === SCRIPT || this.#state === XML_RAW_TEXT;
    if (isRaw || this.#state === PLAINTEXT) this.#reader.rawText(end, end, true);
  }

  #readData(): boolean {
    const bytes = this.#bytes;
    const length = bytes.length;
    let textStart = this.#at;
    let at = textStart;
    for (;;) {
      if (at === textStart && !this.#isXml && !this.#foreign.isOpen) {
        at = textStart = this.#reader.skipPlain?.(at) ?? at;
      }
      at = indexOfOctet(bytes, LESS_THAN, at);
      if (at < 0) return this.#endText(textStart, length);
      if (at + 1 >= length) return this.#isLast ? this.#endText(textStart, length) : this.#holdText(textStart, at);
      let nameStart = at + 1;
      let next = bytes[nameStart] ?? 0;
      const isEndTag = next === SLASH;
      if (isEndTag) {
        if (++nameStart >= length)
          return this.#isLast ? this.#endText(textStart, length) : this.#holdText(textStart, at);
        next = bytes[nameStart] ?? 0;
      }
      if ((CLASS[next] ?? 0) & LETTER) {
        if (at > textStart) this.#reader.text(textStart, at);
        if (!this.#readTagFrom(at, nameStart, isEndTag)) return false;
        if (this.#state !== DATA) return true;
        at = textStart = this.#at;
      } else if (isEndTag || next === BANG || next === QUESTION_MARK) {
        if (at > textStart) this.#reader.text(textStart, at);
        return this.#openOther(at, next, isEndTag);
      } else at++;
    }
  }

  /** At a `<` that begins a comment, a declaration or something bogus. `next` stands behind it, or behind `</`. */
  #openOther(at: number, next: number, isEndTag: boolean): boolean {
    if (isEndTag || (next === QUESTION_MARK && !this.#isXml)) return this.#enter(BOGUS_COMMENT, at, at + 2);
    if (next === QUESTION_MARK) {
      const match = this.#matchName(at + 1, STYLESHEET_NAME);
      if (match === 'unknown') return this.#holdText(at, at);
      if (match === 'yes') return this.#readTagFrom(at, at + 1, false);
    }
    this.#matched = 0;
    return this.#enter(next === BANG ? MARKUP_DECLARATION : PROCESSING_INSTRUCTION, at, at + 2);
  }

  /** Begins markup without meaning: its opening octets go out, and the rest is read in `state`. */
  #enter(state: number, start: number, at: number): boolean {
    this.#state = state;
    this.#at = at;
    this.#reader.otherMarkup(start, at);
    return true;
  }

  #endText(start: number, end: number): false {
    if (end > start) this.#reader.text(start, end);
    this.#at = end;
    return false;
  }

  /** Reports the text before the `<` at `at`, which is held back: the octet behind it decides what it is. */
  #holdText(start: number, at: number): false {
    if (at > start) this.#reader.text(start, at);
    this.#at = this.#held = at;
    return false;
  }

  /** Reads the tag whose `<` stands at `start`. Answers false if the window ends before it does. */
  #readTagFrom(start: number, nameStart: number, isEndTag: boolean): boolean {
    const bytes = this.#bytes;
    const length = bytes.length;
    this.#openTag(start, nameStart, isEndTag);
    let at = nameStart + 1;
    while (at < length && isInName(bytes[at] ?? 0, TAG_NAME_END)) at++;
    this.nameEnd = this.#at = at;
    if (at >= length) return this.#holdTag();
    if (bytes[at] === GREATER_THAN) {
      // Half of all tags end here.
      this.#at = at + 1;
      return this.#closeTag();
    }
    this.#tagState = BEFORE_NAME;
    return this.#readTag();
  }

  #openTag(start: number, nameStart: number, isEndTag: boolean): void {
    this.#state = TAG;
    this.#tagState = TAG_NAME;
    this.#isEndTag = isEndTag;
    this.start = start;
    this.nameStart = nameStart;
    this.element = ELEMENT.other;
    this.attributesLength = 0;
    this.isSelfClosing = false;
    this.isEmpty = false;
    this.isRest = false;
  }

  /**
   * Reads on inside a tag, up to its `>` or to the end of the window. Answers false in the second case.
   * The locals are the hot part of the machine: nothing is written back before the tag or the window ends.
   */
  #readTag(): boolean {
    const bytes = this.#bytes;
    const length = bytes.length;
    let attributes = this.attributes;
    let slot = this.attributesLength;
    let at = this.#at;
    let state = this.#tagState;
    let nameStart = this.openNameStart;
    let nameEnd = this.openNameEnd;
    let valueStart = this.#valueStart;
    while (at < length) {
      let isAttributeDone = false;
      let valueEnd = at;
      switch (state) {
        case TAG_NAME:
          while (at < length && isInName(bytes[at] ?? 0, TAG_NAME_END)) at++;
          this.nameEnd = at;
          if (at < length) state = BEFORE_NAME;
          break;
        case BEFORE_NAME: {
          while (at < length && isSpace(bytes[at] ?? 0)) at++;
          if (at >= length) break;
          const octet = bytes[at];
          if (octet === GREATER_THAN) {
            this.#at = at + 1;
            this.attributesLength = slot;
            return this.#closeTag();
          }
          if (octet === SLASH) {
            at++;
            state = SELF_CLOSING;
            break;
          }
          // An `=` here is part of the name ("unexpected-equals-sign-before-attribute-name").
          nameStart = at++;
          state = NAME;
          while (at < length && isInName(bytes[at] ?? 0, ATTRIBUTE_NAME_END)) at++;
          // The usual `name="value"` is read in one go; whatever differs takes the states one by one.
          if (at + 1 >= length || bytes[at] !== EQUALS) break;
          const quote = bytes[at + 1];
          if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) break;
          nameEnd = at;
          valueStart = at + 2;
          state = quote === DOUBLE_QUOTE ? DOUBLE_QUOTED : SINGLE_QUOTED;
          valueEnd = indexOfOctet(bytes, quote, valueStart);
          if (valueEnd < 0) {
            at = length;
            break;
          }
          at = valueEnd + 1;
          isAttributeDone = true;
          break;
        }
        case NAME:
          while (at < length && isInName(bytes[at] ?? 0, ATTRIBUTE_NAME_END)) at++;
          nameEnd = at;
          if (at >= length) break;
          if (bytes[at] === EQUALS) {
            at++;
            state = BEFORE_VALUE;
          } else state = AFTER_NAME;
          break;
        case AFTER_NAME: {
          while (at < length && isSpace(bytes[at] ?? 0)) at++;
          if (at >= length) break;
          if (bytes[at] === EQUALS) {
            at++;
            state = BEFORE_VALUE;
          } else {
            valueStart = valueEnd = nameEnd;
            isAttributeDone = true;
          }
          break;
        }
        case BEFORE_VALUE: {
          while (at < length && isSpace(bytes[at] ?? 0)) at++;
          if (at >= length) break;
          const octet = bytes[at];
          if (octet === DOUBLE_QUOTE) {
            state = DOUBLE_QUOTED;
            valueStart = ++at;
          } else if (octet === SINGLE_QUOTE) {
            state = SINGLE_QUOTED;
            valueStart = ++at;
          } else if (octet === GREATER_THAN) {
            valueStart = valueEnd = at;
            isAttributeDone = true;
          } else {
            state = UNQUOTED;
            valueStart = at;
          }
          break;
        }
        case DOUBLE_QUOTED:
        case SINGLE_QUOTED: {
          const close = indexOfOctet(bytes, state === DOUBLE_QUOTED ? DOUBLE_QUOTE : SINGLE_QUOTE, at);
          if (close < 0) {
            at = length;
            break;
          }
          valueEnd = close;
          at = close + 1;
          isAttributeDone = true;
          break;
        }
        case UNQUOTED:
          while (at < length && isInName(bytes[at] ?? 0, VALUE_END)) at++;
          if (at >= length) break;
          valueEnd = at;
          isAttributeDone = true;
          break;
        default:
          // Self-closing start tag state: `/` and not `>` is no more than a separator.
          if (bytes[at] === GREATER_THAN) this.isSelfClosing = true;
          state = BEFORE_NAME;
      }
      if (!isAttributeDone) continue;
      state = BEFORE_NAME;
      if (this.#isOversized) {
        this.#endOversized(valueEnd, at);
        continue;
      }
      if (slot + ATTRIBUTE_STRIDE > attributes.length) attributes = this.#growAttributes();
      attributes[slot] = nameStart;
      attributes[slot + 1] = nameEnd;
      attributes[slot + 2] = valueStart;
      attributes[slot + 3] = valueEnd;
      slot += ATTRIBUTE_STRIDE;
    }
    this.#at = at;
    this.#tagState = state;
    this.attributesLength = slot;
    this.openNameStart = nameStart;
    this.openNameEnd = state === NAME ? at : nameEnd;
    this.#valueStart = valueStart;
    return this.#holdTag();
  }

  #growAttributes(): Int32Array {
    const grown = new Int32Array(this.attributes.length * 2);
    grown.set(this.attributes);
    this.attributes = grown;
    return grown;
  }

  /** The window ends inside a tag: it is held back, or given up in parts once it is too long. */
  #holdTag(): false {
    const length = this.#bytes.length;
    if (this.#isOversized) {
      this.#reader.oversized(this.#oversizedFrom, length, false);
      this.#oversizedFrom = length;
      this.#held = -1;
      return false;
    }
    this.#held = this.start;
    if (length - this.start > this.#maxHeldBytes && !this.#isLast) this.#overflow();
    return false;
  }

  #overflow(): void {
    const length = this.#bytes.length;
    const state = this.#tagState;
    this.end = length;
    if (!this.#isEndTag) {
      if (state !== TAG_NAME) this.#resolveElement();
      const isInAttribute = state >= NAME && state <= UNQUOTED;
      if (!isInAttribute) this.openNameStart = this.openNameEnd = length;
      this.#reader.startTagPart(this);
      if (isInAttribute) this.#beginOversized(state);
    }
    this.isRest = true;
    this.attributesLength = 0;
    this.start = length;
    this.nameStart = this.nameEnd = length;
    this.#held = -1;
  }

  #beginOversized(state: number): void {
    const length = this.#bytes.length;
    const isInValue = state >= DOUBLE_QUOTED && state <= UNQUOTED;
    this.#isOversized = true;
    this.#reader.oversized(isInValue ? this.#valueStart : this.openNameStart, length, false);
    this.#oversizedFrom = length;
  }

  /** The oversized attribute ends: at `end`; the tag goes on at `at`, as a part of its own. */
  #endOversized(end: number, at: number): void {
    this.#isOversized = false;
    // A name without a value may have ended before the white space that overflowed.
    this.#reader.oversized(this.#oversizedFrom, Math.max(end, this.#oversizedFrom), true);
    this.start = at;
  }

  #resolveElement(): void {
    if (this.isRest) return;
    this.element = ELEMENTS.find(this.#bytes, this.nameStart, this.nameEnd);
  }

  /** The tag ends before #at. */
  #closeTag(): true {
    this.#state = DATA;
    this.#held = -1;
    this.end = this.#at;
    this.#resolveElement();
    if (this.#isEndTag) {
      if (this.#foreign.isOpen) this.#foreign.closeTag(this.#readName());
      this.#reader.endTag(this);
      return true;
    }
    this.content = this.#isXml ? this.#xmlContent() : this.#htmlContent();
    this.#reader.startTag(this);
    if (this.content !== CONTENT.markup) this.#enterRawText();
    return true;
  }

  /** How the content behind this start tag is read; keeps count of foreign elements. */
  #htmlContent(): number {
    const element = this.element;
    if (this.#foreign.isOpen || element === ELEMENT.svg || element === ELEMENT.math) {
      const isHtml = this.#foreign.openTag(this.#readName(), this.isSelfClosing, (name) => this.#readValue(name));
      if (!isHtml) {
        this.isEmpty = this.isSelfClosing;
        return CONTENT.markup;
      }
    }
    return CONTENT_OF[element] ?? CONTENT.markup;
  }

  #xmlContent(): number {
    this.isEmpty = this.isSelfClosing;
    const { script, style, textarea, title } = ELEMENT;
    const isRaw = [script, style, textarea, title].some((element) => element === this.element);
    return isRaw && !this.isSelfClosing ? CONTENT.text : CONTENT.markup;
  }

  #enterRawText(): void {
    if (this.#isXml) this.#state = XML_RAW_TEXT;
    else if (this.content === CONTENT.script) this.#state = SCRIPT;
    else this.#state = this.content === CONTENT.plaintext ? PLAINTEXT : RAW_TEXT;
    this.#escape = NOT_ESCAPED;
    this.#dashes = 0;
    this.#matched = 0;
  }

  #readName(): string {
    if (this.isRest) return (Object.keys(ELEMENT)[this.element] ?? '').replace('other', '');
    return readLatin1(this.#bytes, this.nameStart, this.nameEnd).toLowerCase();
  }

  /** The raw value of the first attribute of that name, or undefined. */
  #readValue(wanted: string): string | undefined {
    const attributes = this.attributes;
    for (let slot = 0; slot < this.attributesLength; slot += ATTRIBUTE_STRIDE) {
      const name = readLatin1(this.#bytes, attributes[slot] ?? 0, attributes[slot + 1] ?? 0);
      if (name.toLowerCase() === wanted)
        return readLatin1(this.#bytes, attributes[slot + 2] ?? 0, attributes[slot + 3] ?? 0);
    }
    return undefined;
  }

  #readRawText(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (;;) {
      at = indexOfOctet(bytes, LESS_THAN, at);
      if (at < 0) return this.#endRawPiece(start, bytes.length);
      const match = this.#matchEndTag(at, ELEMENT_NAMES[this.element] ?? EMPTY);
      if (match === 'yes') return this.#endRawText(start, at);
      if (match === 'unknown') return this.#holdRawText(start, at);
      at++;
    }
  }

  #endRawPiece(start: number, end: number): false {
    if (end > start) this.#reader.rawText(start, end, false);
    this.#at = end;
    return false;
  }

  #holdRawText(start: number, at: number): false {
    if (at > start) this.#reader.rawText(start, at, false);
    this.#at = this.#held = at;
    return false;
  }

  /** The end tag of the raw text stands at `at`. */
  #endRawText(start: number, at: number): true {
    this.#reader.rawText(start, at, true);
    this.#openTag(at, at + 2, true);
    this.nameEnd = this.#at = at + 2;
    return true;
  }

  /** Whether `</name` and an octet that ends a tag name stand at `at` ("appropriate end tag token"). */
  #matchEndTag(at: number, name: Uint8Array): Match {
    const bytes = this.#bytes;
    if (at + 1 < bytes.length && bytes[at + 1] !== SLASH) return 'no';
    return this.#matchName(at + 2, name);
  }

  /** Whether `name` and an octet that ends a tag name stand at `at`; unknown if the window ends too soon. */
  #matchName(at: number, name: Uint8Array): Match {
    const bytes = this.#bytes;
    const end = at + name.length;
    if (end < bytes.length) {
      return matchesAt(bytes, at, name) && (CLASS[bytes[end] ?? 0] ?? 0) & TAG_NAME_END ? 'yes' : 'no';
    }
    const isPrefix = at >= bytes.length || matchesAt(bytes, at, name.subarray(0, bytes.length - at));
    return isPrefix && !this.#isLast ? 'unknown' : 'no';
  }

  /** Script data and its escaped states (HTML, "Script data state" to "Script data double escape end state"). */
  #readScript(): boolean {
    const bytes = this.#bytes;
    const length = bytes.length;
    const start = this.#at;
    let at = start;
    while (at < length) {
      if (this.#escape === NOT_ESCAPED) {
        at = indexOfOctet(bytes, LESS_THAN, at);
        if (at < 0) break;
      } else {
        at = this.#skipEscaped(at);
        if (at >= length) break;
        if (this.#escape === NOT_ESCAPED) continue;
      }
      const match = this.#matchInScript(at);
      if (match === 'yes') return this.#endRawText(start, at);
      if (match === 'unknown') return this.#holdRawText(start, at);
      at++;
    }
    return this.#endRawPiece(start, length);
  }

  /** From `at` to the next `<` in escaped script data, or behind the `-->` that ends the escape. */
  #skipEscaped(from: number): number {
    const bytes = this.#bytes;
    let dashes = this.#dashes;
    let at = from;
    for (; at < bytes.length; at++) {
      const octet = bytes[at];
      if (octet === DASH) dashes = dashes < 2 ? dashes + 1 : 2;
      else if (octet === LESS_THAN) {
        dashes = 0;
        break;
      } else if (octet === GREATER_THAN && dashes === 2) {
        this.#escape = NOT_ESCAPED;
        dashes = 0;
        at++;
        break;
      } else dashes = 0;
    }
    this.#dashes = dashes;
    return at;
  }

  /** What the `<` at `at` does in script data: `yes` if it begins the script's end tag. May change the level of escape. */
  #matchInScript(at: number): Match {
    if (this.#escape === NOT_ESCAPED) {
      const comment = this.#matchCommentOpening(at);
      if (comment === 'no') return this.#matchEndTag(at, SCRIPT_NAME);
      // Its two dashes count for the `-->` that ends the escape: `<!-->` is complete.
      if (comment === 'yes') this.#escape = ESCAPED;
      return comment === 'unknown' ? comment : 'no';
    }
    const end = this.#matchEndTag(at, SCRIPT_NAME);
    if (this.#escape === ESCAPED) {
      if (end !== 'no') return end;
      const start = this.#matchName(at + 1, SCRIPT_NAME);
      if (start === 'yes') this.#escape = DOUBLE_ESCAPED;
      return start === 'unknown' ? start : 'no';
    }
    if (end === 'yes') this.#escape = ESCAPED;
    return end === 'unknown' ? end : 'no';
  }

  #matchCommentOpening(at: number): Match {
    const bytes = this.#bytes;
    for (let index = 1; index < 4; index++) {
      if (at + index >= bytes.length) return this.#isLast ? 'no' : 'unknown';
      if (bytes[at + index] !== (index === 1 ? BANG : DASH)) return 'no';
    }
    return 'yes';
  }

  #readPlaintext(): boolean {
    return this.#endRawPiece(this.#at, this.#bytes.length);
  }

  #readBogusComment(): boolean {
    return this.#endMarkup(this.#bytes.indexOf(GREATER_THAN, this.#at));
  }

  /** Ends markup without meaning behind the octet at `close`, or with the window if that is negative. */
  #endMarkup(close: number): boolean {
    const end = close < 0 ? this.#bytes.length : close + 1;
    if (end > this.#at) this.#reader.otherMarkup(this.#at, end);
    this.#at = end;
    if (close >= 0) this.#state = DATA;
    return close >= 0;
  }

  #readComment(): boolean {
    const dash = indexOfOctet(this.#bytes, DASH, this.#at);
    if (dash < 0) return this.#endMarkup(-1);
    this.#state = COMMENT_END_DASH;
    this.#reader.otherMarkup(this.#at, dash + 1);
    this.#at = dash + 1;
    return true;
  }

  /** One octet in the states behind `<!` and around the dashes of a comment. */
  #readMarkupOctet(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const octet = this.#bytes[this.#at] ?? 0;
    const next = this.#nextMarkupState(octet);
    if (next !== RECONSUME_AS_COMMENT && next !== RECONSUME_AS_BOGUS) {
      this.#reader.otherMarkup(this.#at, this.#at + 1);
      this.#at++;
      this.#state = next;
    } else this.#state = next === RECONSUME_AS_COMMENT ? COMMENT : this.#declarationState(octet);
    return true;
  }

  #nextMarkupState(octet: number): number {
    switch (this.#state) {
      case MARKUP_DECLARATION:
        if (octet === DASH) return MARKUP_DECLARATION_DASH;
        if (octet !== OPEN_BRACKET || !(this.#isXml || this.#foreign.isForeignNode)) return RECONSUME_AS_BOGUS;
        this.#matched = 1;
        return CDATA_OPEN;
      case MARKUP_DECLARATION_DASH:
        return octet === DASH ? (this.#isXml ? COMMENT : COMMENT_START) : RECONSUME_AS_BOGUS;
      case CDATA_OPEN:
        if (octet !== CDATA_OPENING[this.#matched]) return RECONSUME_AS_BOGUS;
        if (++this.#matched < CDATA_OPENING.length) return CDATA_OPEN;
        this.#matched = 0;
        return CDATA;
      case COMMENT_START:
        if (octet === GREATER_THAN) return DATA;
        return octet === DASH ? COMMENT_START_DASH : RECONSUME_AS_COMMENT;
      case COMMENT_START_DASH:
        if (octet === GREATER_THAN) return DATA;
        return octet === DASH ? COMMENT_END : RECONSUME_AS_COMMENT;
      case COMMENT_END_DASH:
        return octet === DASH ? COMMENT_END : RECONSUME_AS_COMMENT;
      case COMMENT_END:
        if (octet === GREATER_THAN) return DATA;
        if (octet === DASH) return COMMENT_END;
        return octet === BANG && !this.#isXml ? COMMENT_END_BANG : RECONSUME_AS_COMMENT;
      default:
        // Comment end bang.
        if (octet === GREATER_THAN) return DATA;
        return octet === DASH ? COMMENT_END_DASH : RECONSUME_AS_COMMENT;
    }
  }

  /** `<!` and neither a comment nor CDATA: a doctype or a bogus comment. */
  #declarationState(octet: number): number {
    const mayBeDoctype = this.#state === MARKUP_DECLARATION && (octet === 0x44 || octet === 0x64);
    if (!this.#isXml || !mayBeDoctype) return BOGUS_COMMENT;
    this.#xmlDoctype = new XmlDoctype();
    return XML_DOCTYPE;
  }

  /** CDATA is text, but its `]]>` is markup. The brackets are reported with the text: no URL ends in them. */
  #readCdata(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let brackets = this.#matched;
    for (; at < bytes.length; at++) {
      const octet = bytes[at];
      if (octet === CLOSE_BRACKET) brackets = brackets < 2 ? brackets + 1 : 2;
      else if (octet === GREATER_THAN && brackets === 2) {
        this.#reader.text(start, at + 1);
        this.#at = at + 1;
        this.#state = DATA;
        return true;
      } else brackets = 0;
    }
    this.#matched = brackets;
    return this.#endText(start, at);
  }

  #readProcessingInstruction(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (; at < bytes.length; at++) {
      if (bytes[at] === GREATER_THAN && this.#matched === 1) return this.#endMarkup(at);
      this.#matched = bytes[at] === QUESTION_MARK ? 1 : 0;
    }
    return this.#endMarkup(-1);
  }

  #readXmlDoctype(): boolean {
    return this.#endMarkup(this.#xmlDoctype.findEnd(this.#bytes, this.#at));
  }

  /** XML script, style and the like: text up to the end tag, except inside a CDATA section. #matched is 1 in such a section. */
  #readXmlRawText(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (;;) {
      if (this.#matched === 1) {
        const close = bytes.indexOf(']]>', at, 'latin1');
        if (close < 0) {
          const keep = this.#isLast ? bytes.length : Math.max(at, bytes.length - 2);
          return keep < bytes.length ? this.#holdRawText(start, keep) : this.#endRawPiece(start, keep);
        }
        this.#matched = 0;
        at = close + 3;
      }
      at = indexOfOctet(bytes, LESS_THAN, at);
      if (at < 0) return this.#endRawPiece(start, bytes.length);
      const match = this.#matchEndTag(at, ELEMENT_NAMES[this.element] ?? EMPTY);
      if (match === 'yes') return this.#endRawText(start, at);
      const opening = match === 'unknown' ? 'unknown' : this.#matchCdataOpening(at);
      if (opening === 'unknown') return this.#holdRawText(start, at);
      if (opening === 'yes') this.#matched = 1;
      at++;
    }
  }

  #matchCdataOpening(at: number): Match {
    const bytes = this.#bytes;
    for (let index = 1; index <= CDATA_OPENING.length + 1; index++) {
      if (at + index >= bytes.length) return this.#isLast ? 'no' : 'unknown';
      if (bytes[at + index] !== (index === 1 ? BANG : CDATA_OPENING[index - 2])) return 'no';
    }
    return 'yes';
  }
}

type Match = 'yes' | 'no' | 'unknown';

const EMPTY = Buffer.alloc(0);
const RECONSUME_AS_COMMENT = -1;
const RECONSUME_AS_BOGUS = -2;
