// JSON: authorities anywhere, and whole URLs in the members that a vocabulary names. Generic JSON has no vocabulary.
import type { EditList } from '../edit-list.ts';
import { unescapeValue } from '../escapes.ts';
import { remember } from '../look-behind.ts';
import type { ScanOptions } from '../scan-options.ts';
import type { Scanner } from '../scanner.ts';
import { TextScanner } from '../text/text-scanner.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';
import { endOfString, JsonWalker } from './json-walker.ts';
import { type JsonMeaning, type JsonVocabulary, openApiMeaning } from './vocabularies.ts';

/** Longer strings are not taken as URLs as a whole; authorities in them are still mapped. */
const LONGEST_URL = 4096;

/** JSON with a vocabulary. Small documents: it walks every byte. */
export class VocabularyScanner implements Scanner {
  readonly maxHeldBytes: number;
  readonly #map: UrlMap;
  readonly #vocabulary: JsonVocabulary;
  readonly #walker = new JsonWalker();
  #behind = '';
  /** Whether the text goes on inside a string that was too long to wait for. */
  #isInLongString = false;
  /** Whether the first byte to come is escaped by the backslash that ended the window, in a long string. */
  #isEscaped = false;
  /** How far the walk is ahead of what is settled: an unfinished URL in a string that nobody asked for. */
  #ahead = 0;

  constructor(map: UrlMap, vocabulary: JsonVocabulary) {
    this.#map = map;
    this.#vocabulary = vocabulary;
    this.maxHeldBytes = LONGEST_URL + map.matcher.maxHeldBytes;
  }

  reset(): void {
    this.#walker.reset();
    this.#behind = '';
    this.#isInLongString = false;
    this.#isEscaped = false;
    this.#ahead = 0;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    const { bytes } = window;
    let plainFrom = from;
    let at = from + this.#ahead;
    this.#ahead = 0;
    while (at < to) {
      if (this.#isInLongString) {
        at = this.#skipLongString(bytes, at, to);
        continue;
      }
      const start = this.#walker.skipToString(bytes, at, to) + 1;
      if (start > to) {
        at = to;
        break;
      }
      const end = endOfString(bytes, start, to);
      if (end < 0 && !isLast && to - start < LONGEST_URL)
        return this.#scanPlain(window, plainFrom, start - 1, true, edits);
      if (end < 0 || end - start > LONGEST_URL) {
        if (this.#walker.isName) this.#walker.setName('');
        this.#isInLongString = true;
        at = start;
        continue;
      }
      if (this.#mapString(window, plainFrom, start, end, edits)) plainFrom = end;
      at = end + 1;
    }
    const settled = this.#scanPlain(window, plainFrom, to, isLast, edits);
    this.#ahead = Math.max(0, Math.min(at, to) - settled);
    return settled;
  }

  /** Leaves a long string behind its closing quote, or stays in it. */
  #skipLongString(bytes: Buffer, at: number, to: number): number {
    const start = this.#isEscaped ? at + 1 : at;
    const end = endOfString(bytes, start, to);
    this.#isInLongString = end < 0;
    this.#isEscaped = end < 0 && endsInBackslash(bytes, start, to);
    return end < 0 ? to : end + 1;
  }

  /** Decides about the string `[start, end)`; true if it was mapped, and all before it with it. */
  #mapString(window: Window, plainFrom: number, start: number, end: number, edits: EditList): boolean {
    const { place } = this.#walker;
    const raw = window.text.slice(start, end);
    const value = raw.includes('\\') ? unescapeValue(raw, 'json').text : raw;
    if (place.isName) this.#walker.setName(value);
    const meaning = this.#vocabulary(place, value);
    if (meaning === undefined) return false;
    const mapped = mapMeaning(this.#map, raw, meaning);
    // What did not change and names no backend needs no exclusion from the search either.
    if (mapped === raw && !this.#map.matcher.isNamedIn(raw)) return false;
    this.#scanPlain(window, plainFrom, start, true, edits);
    if (mapped !== raw) edits.replace(start, end, mapped);
    this.#behind = remember(this.#behind, window, start, end, this.#map.matcher.lookBehind);
    return true;
  }

  #scanPlain(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    const settled = this.#map.matcher.scan(window, from, to, isLast, this.#behind, edits);
    this.#behind = remember(this.#behind, window, from, settled, this.#map.matcher.lookBehind);
    return settled;
  }
}

/** Whether `[start, to)` ends with a backslash that escapes what comes next. */
function endsInBackslash(bytes: Buffer, start: number, to: number): boolean {
  let count = 0;
  while (to - 1 - count >= start && bytes[to - 1 - count] === 0x5c) count++;
  return count % 2 === 1;
}

/** The raw content of a JSON string after mapping it as what it means. The same string if nothing changes. */
function mapMeaning(map: UrlMap, raw: string, meaning: JsonMeaning): string {
  switch (meaning) {
    case 'url':
      return map.toPublicEscaped(raw, 'json');
    case 'origin':
      return map.originToPublic(raw);
    case 'host': {
      const mapped = map.originToPublic(`http://${raw}`);
      return mapped === `http://${raw}` ? raw : mapped.slice(mapped.indexOf('//') + 2);
    }
    case 'base-path': {
      const mapped = map.toPublicEscaped(raw, 'json');
      return mapped.length > 1 && raw === '/' ? mapped.slice(0, -1) : mapped;
    }
    default:
      return raw;
  }
}

/** How an OpenAPI document begins. Only its first member is looked at: generators write the version first. */
const OPEN_API = /^(?:\xef\xbb\xbf)?[ \t\r\n]{0,64}\{[ \t\r\n]{0,64}"(?:openapi|swagger)"[ \t\r\n]{0,8}:/;
/** Whether a document that begins with `head` is read as OpenAPI. */
export function isOpenApi(head: string): boolean {
  return OPEN_API.test(head);
}

/** Texts that could still become one. */
const OPEN_API_BEGUN =
  /^(?:\xef(?:\xbb\xbf?)?)?[ \t\r\n]{0,64}(?:\{[ \t\r\n]{0,64}(?:"(?:o|op|ope|open|opena|openap|openapi|s|sw|swa|swag|swagg|swagge|swagger)?|"(?:openapi|swagger)"[ \t\r\n]{0,8})?)?$/;
const SNIFF_BYTES = 256;

/**
 * JSON of no stated kind. Authorities are mapped wherever they stand; root-relative strings stay, because only the
 * program that reads them knows what they are. A document that begins as OpenAPI is treated as such.
 */
export class JsonScanner implements Scanner {
  readonly maxHeldBytes: number;
  readonly #openApi: Scanner;
  readonly #generic: Scanner;
  #inner: Scanner | undefined;

  constructor(map: UrlMap, options: ScanOptions = {}) {
    const { strings } = options;
    const listed: JsonVocabulary = ({ isName }, value) => (!isName && strings?.has(value) ? 'url' : undefined);
    this.#openApi = new VocabularyScanner(map, (place, value) => openApiMeaning(place) ?? listed(place, value));
    this.#generic = strings?.size ? new VocabularyScanner(map, listed) : new TextScanner(map);
    this.maxHeldBytes = Math.max(this.#openApi.maxHeldBytes, this.#generic.maxHeldBytes);
  }

  reset(): void {
    this.#inner = undefined;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    if (this.#inner === undefined) {
      const head = window.slice(from, Math.min(to, from + SNIFF_BYTES));
      if (!isLast && OPEN_API_BEGUN.test(head)) return from;
      this.#inner = isOpenApi(head) ? this.#openApi : this.#generic;
      this.#inner.reset();
    }
    return this.#inner.scan(window, from, to, isLast, edits);
  }
}
