// HLS and other M3U playlists, line by line: URLs are whole lines and the values of URI attributes (RFC 8216 §4).
import type { EditList } from '../edit-list.ts';
import { remember } from '../look-behind.ts';
import type { Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';

/** A longer line is not held back: only authorities are mapped in it. */
const LONGEST_LINE = 8192;
/** RFC 8216 §4.3 names every URL attribute `…URI`; interstitials add X-ASSET-LIST. */
const URI_ATTRIBUTE = /(?:^|[:,])(?:[A-Z0-9-]{0,32}URI|X-ASSET-LIST)="([^"]{0,4096})"/g;

/** Maps every URL of a playlist, root-relative ones included. */
export class PlaylistScanner implements Scanner {
  readonly maxHeldBytes: number;
  readonly #map: UrlMap;
  #behind = '';
  /** Whether the current line is passed on piece by piece because it is too long. */
  #isInLongLine = false;

  constructor(map: UrlMap) {
    this.#map = map;
    this.maxHeldBytes = LONGEST_LINE + map.matcher.maxHeldBytes;
  }

  reset(): void {
    this.#behind = '';
    this.#isInLongLine = false;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    let at = from;
    while (at < to) {
      const lineFeed = window.bytes.indexOf(0x0a, at);
      const hasEnd = lineFeed >= 0 && lineFeed < to;
      const end = hasEnd ? lineFeed : to;
      if (!hasEnd && !isLast && !this.#isInLongLine && end - at < LONGEST_LINE) return at;
      if (this.#isInLongLine || end - at >= LONGEST_LINE) {
        const settled = this.#scanText(window, at, end, isLast || hasEnd, edits);
        this.#isInLongLine = !hasEnd;
        if (!hasEnd) return settled;
      } else this.#mapLine(window, at, end, edits);
      at = hasEnd ? end + 1 : end;
    }
    return to;
  }

  #mapLine(window: Window, start: number, end: number, edits: EditList): void {
    const line = window.slice(start, end);
    this.#behind = '';
    if (!line.startsWith('#')) {
      const mapped = this.#map.toPublic(line);
      if (mapped !== line) edits.replace(start, end, mapped);
      return;
    }
    let plainFrom = start;
    for (const match of line.matchAll(URI_ATTRIBUTE)) {
      const value = match[1] ?? '';
      const valueEnd = start + match.index + match[0].length - 1;
      const valueStart = valueEnd - value.length;
      this.#scanText(window, plainFrom, valueStart, true, edits);
      const mapped = this.#map.toPublic(value);
      if (mapped !== value) edits.replace(valueStart, valueEnd, mapped);
      plainFrom = valueEnd;
    }
    this.#scanText(window, plainFrom, end, true, edits);
  }

  #scanText(window: Window, from: number, to: number, isWhole: boolean, edits: EditList): number {
    const settled = this.#map.matcher.scan(window, from, to, isWhole, this.#behind, edits);
    this.#behind = remember(this.#behind, window, from, settled, this.#map.matcher.lookBehind);
    return settled;
  }
}
