// Passes over the markup of a page that is written as usual, which is most of it, with regular expressions.
import { PlainUrl } from '../plain-url.ts';
import { ATTRIBUTES, KIND, KIND_OF } from './attributes.ts';
import { indexOfOctet } from './bytes.ts';
import { ELEMENT } from './elements.ts';
import type { Stage } from './stage.ts';
import { visitSrcsetUrls } from './url-spans.ts';

/** The most that is made a string at a time. */
const STRETCH_BYTES = 64 * 1024;
/** A shorter stretch is not worth a string. */
const SHORT_BYTES = 128;
const DOUBLE_QUOTE = 0x22;
const AMPERSAND = 0x26;
const LESS_THAN = 0x3c;
/** The last letter of `srcset`; no other name of {@link URLS} ends in it. */
const SMALL_T = 0x74;

/** The name of an element that the rewriter does not know. */
const NAME = String.raw`(?!(?:${elementNames().join('|')})[ \n/>])[a-z][a-z0-9-]*`;
/** Attributes whose URL is mapped, or list of URLs, on every element. */
const URLS = '(?:href|src(?:set)?|action|formaction|poster)';
/** Attributes that change nothing. No `<` in them, so that the last one that was passed over begins a tag. */
const ATTRIBUTE = [
  String.raw`(?!on|(?:${attributeNames().join('|')})[ \n/>=])[a-z][a-z0-9-]*(?:=(?:"[^"<]*"|[\w.#%-]+))?`,
  String.raw`(?:href|src)=(?:"(?:#[^"<]*|https?:\/\/(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?:\/[^"<]*)?)"|#[\w.-]+)`,
  String.raw`style="[^"(\\&<]*"`,
].join('|');
const END_OF_TAG = String.raw`[ \n]*\/?>`;
/** From behind a name, or a value, to the end of the tag or to where a URL in quotes begins. */
const REST = String.raw`(?:[ \n]+(?:${ATTRIBUTE}))*(?:${END_OF_TAG}|[ \n]+${URLS}=")`;

/**
 * A script of JSON, with its content: only authorities matter in it, unless it begins as OpenAPI does, as its first member may
 * be `openapi` or `swagger`.
 */
const DATA = String.raw`script type="application\/json"(?:[ \n]+(?:id|class|data-[a-z-]+)="[^"<]*")*>[^"<]*(?:"(?![os])[^<]*)?<\/script>`;

/**
 * Text, and the usual spelling of tags that mean nothing unless one of our authorities is in them: names and attributes that
 * the rewriter does not know, fragments, URLs of others in plain, styles without functions. It stops behind such a tag, or
 * inside of one, where another URL begins: nothing goes on behind `="`. What it does not match is no fault: it is read as
 * everything was before.
 */
function plain(more: string): RegExp {
  return new RegExp(String.raw`(?:(?<!=")[^<]*<(?:\/${NAME}${END_OF_TAG}|${NAME}${REST}${more}))*`, 'y');
}
const PLAIN = plain('');
const PLAIN_AND_DATA = plain(`|${DATA}`);
/** What of a tag stands behind the value of a URL, up to the same places. */
const REST_OF_TAG = new RegExp(REST, 'y');

function elementNames(): string[] {
  return Object.keys(ELEMENT).filter((name) => /^[a-z]+$/.test(name) && name !== 'other');
}

/** The attributes that mean something on an element that has no number. */
function attributeNames(): string[] {
  const { text, kept, content, value, objectUrl, htmlUrl } = KIND;
  const plain: readonly number[] = [text, kept, content, value, objectUrl, htmlUrl];
  return ATTRIBUTES.names.filter(([, number]) => !plain.includes(KIND_OF[number] ?? text)).map(([name]) => name);
}

/** Serves the windows of one document. */
export class PlainMarkup {
  readonly #stage: Stage;
  readonly #url: PlainUrl;
  readonly #plain: RegExp;
  /** The stretch at hand: `[#from, #to)` of the window. No needle begins in it. */
  #text = '';
  #from = 0;
  #to = 0;
  /** Whether all URLs of the value at hand were known. */
  #isKnown = true;
  readonly #mapUrl = (start: number, end: number): void => {
    const { bytes, needles, edits } = this.#stage;
    if (this.#url.map(bytes, start, end, needles, edits) === 'unknown') this.#isKnown = false;
  };

  /** `readsData`: whether strings in scripts of JSON may change that name no authority. */
  constructor(stage: Stage, readsData: boolean) {
    this.#stage = stage;
    this.#url = new PlainUrl(stage.map);
    this.#plain = readsData ? PLAIN : PLAIN_AND_DATA;
  }

  /** The window is over. */
  end(): void {
    this.#to = 0;
    // A body may wait long for its next window.
    this.#text = '';
  }

  /**
   * Passes over what it knows, from where text begins at `at`, and adds the edits for its URLs. Answers how far: to `at`, behind
   * a tag, or before one. It never goes beyond a needle but in a URL.
   */
  skip(at: number): number {
    const { bytes, needles } = this.#stage;
    for (let start = at; ; ) {
      if (!this.#reach(start)) return start;
      const { next } = needles;
      const stop = this.#match(this.#plain, start);
      if (stop === start || bytes[stop - 1] !== DOUBLE_QUOTE) return stop;
      const behind = this.#mapTag(stop);
      if (behind < 0) return this.#giveUpTag(bytes.lastIndexOf(LESS_THAN, stop), next);
      start = behind;
    }
  }

  /** Has a stretch in which `at` stands. Answers false where it is not worth it. */
  #reach(at: number): boolean {
    if (at < this.#to) return true;
    const { bytes, needles, window } = this.#stage;
    needles.skipTo(at);
    const to = Math.min(needles.next, bytes.length, at + STRETCH_BYTES);
    if (to - at < SHORT_BYTES) return false;
    this.#text = window.slice(at, to);
    this.#from = at;
    this.#to = to;
    return true;
  }

  /** The end of what matches at `at`; `at` where nothing does. */
  #match(pattern: RegExp, at: number): number {
    pattern.lastIndex = at - this.#from;
    return pattern.test(this.#text) ? this.#from + pattern.lastIndex : at;
  }

  /** Maps the URLs of the tag in which a value begins at `from`. Answers where it ends, or -1 where something is unknown. */
  #mapTag(from: number): number {
    const { bytes } = this.#stage;
    for (let start = from; ; ) {
      const end = indexOfOctet(bytes, DOUBLE_QUOTE, start);
      if (end < 0 || !this.#mapValue(start, end) || !this.#reach(end + 1)) return -1;
      const stop = this.#match(REST_OF_TAG, end + 1);
      if (stop === end + 1) return -1;
      if (bytes[stop - 1] !== DOUBLE_QUOTE) return stop;
      start = stop;
    }
  }

  #mapValue(start: number, end: number): boolean {
    const { bytes } = this.#stage;
    this.#isKnown = true;
    if (bytes[start - 3] !== SMALL_T) this.#mapUrl(start, end);
    else if (bytes.subarray(start, end).includes(AMPERSAND)) return false;
    else visitSrcsetUrls(bytes, start, end, this.#mapUrl);
    return this.#isKnown;
  }

  /** Everything in the tag at `start` is to be read; `next` was the next needle then. */
  #giveUpTag(start: number, next: number): number {
    const { bytes, needles, edits } = this.#stage;
    // What was put before the tag stays.
    edits.dropFrom(start + 1);
    if (needles.next !== next) needles.start(bytes, start, bytes.length);
    return start;
  }
}
