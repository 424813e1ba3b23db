// Rewrites style sheets and style attributes: the URLs that CSS reads as such, and backend-absolute ones anywhere else.
import type { AuthorityMatcher } from '../authority-matcher.ts';
import { EditList } from '../edit-list.ts';
import { remember } from '../look-behind.ts';
import { NeedleCursor } from '../needle-cursor.ts';
import { PlainUrl } from '../plain-url.ts';
import type { ScanOptions } from '../scan-options.ts';
import type { Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import { Window } from '../window.ts';
import { CssTokenizer, MAX_HELD_BYTES, type UrlReader } from './tokenizer.ts';

const NO_WINDOW = Window.ofText('');

/**
 * Maps `url()`, `src()`, strings of `@import` and `image-set()`, and `sourceMappingURL` comments as URLs. Every other
 * string and comment is text, in which only authorities matter. `@namespace` and `data:` stay as they are.
 */
export class CssScanner implements Scanner, UrlReader {
  readonly maxHeldBytes: number;
  readonly #map: UrlMap;
  readonly #matcher: AuthorityMatcher;
  readonly #tokenizer: CssTokenizer;
  readonly #needles: NeedleCursor;
  readonly #plain: PlainUrl;
  #window = NO_WINDOW;
  #edits = new EditList();
  /** Where the latest window was settled, in its own offsets. */
  #settled = 0;
  /** Where the text begins that is no URL and was not searched yet. */
  #textStart = 0;
  #behind = '';
  #from = 0;
  #isFresh = true;

  constructor(map: UrlMap, options: ScanOptions = {}) {
    this.#map = map;
    this.#matcher = map.matcher;
    this.#tokenizer = new CssTokenizer(this, options.leadBytes);
    this.#needles = new NeedleCursor(map.matcher.needles);
    this.#plain = new PlainUrl(map);
    this.maxHeldBytes = Math.max(MAX_HELD_BYTES, map.matcher.maxHeldBytes) + 1;
  }

  reset(): void {
    this.#isFresh = true;
    this.#behind = '';
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    this.#window = window;
    this.#edits = edits;
    this.#from = from;
    if (this.#isFresh) this.#tokenizer.reset(from);
    else this.#tokenizer.moveBy(from - this.#settled);
    this.#isFresh = false;
    this.#textStart = from;
    this.#needles.start(window.bytes, from, to);
    this.#tokenizer.scan(window.bytes, to, isLast);
    const held = this.#tokenizer.heldFrom;
    const settled = this.#textStart < held ? this.#scanText(this.#textStart, held, isLast) : held;
    this.#behind = remember(this.#behind, window, from, settled, this.#matcher.lookBehind);
    this.#settled = settled;
    this.#window = NO_WINDOW;
    return settled;
  }

  url(start: number, end: number): void {
    this.#endText(start);
    this.#textStart = end;
    if (this.#plain.map(this.#window.bytes, start, end, this.#needles, this.#edits) !== 'unknown') return;
    const raw = this.#window.slice(start, end);
    if (!this.#map.isExamined(raw)) return;
    const mapped = this.#map.toPublicEscaped(raw, 'css');
    if (mapped !== raw) this.#edits.replace(start, end, mapped);
  }

  kept(start: number, end: number): void {
    this.#endText(start);
    this.#textStart = end;
  }

  /** The text since the last URL ends at `end`: nothing of it stays unsettled. */
  #endText(end: number): void {
    if (this.#needles.isIn(this.#textStart, end)) this.#scanText(this.#textStart, end, true);
  }

  #scanText(start: number, end: number, isLast: boolean): number {
    if (isLast && !this.#needles.isIn(start, end)) return end;
    const behind = remember(this.#behind, this.#window, this.#from, start, this.#matcher.lookBehind);
    return this.#matcher.scan(this.#window, start, end, isLast, behind, this.#edits);
  }
}
