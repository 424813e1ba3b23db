// XML of no known format: authorities are mapped wherever they stand, except in attributes that are identifiers.
import type { AuthorityMatcher } from '../authority-matcher.ts';
import { EditList } from '../edit-list.ts';
import { remember } from '../look-behind.ts';
import type { Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import type { Window } from '../window.ts';
import { attributeMeaning } from './dialects.ts';

const ATTRIBUTE = /([\w:.-]{1,64})\s{0,8}=\s{0,8}$/;
const URL_ELEMENT = /<(?:[\w.-]{1,32}:)?(?:loc|link|url|href|uri)(?:\s[^<>]{0,128})?>\s{0,16}$/i;

/** Search only: no byte without a hit is looked at twice. What stands left of a hit tells where it is. */
export class XmlSearch implements Scanner {
  readonly maxHeldBytes: number;
  readonly #matcher: AuthorityMatcher;
  readonly #hits = new EditList();
  #behind = '';

  constructor(map: UrlMap) {
    this.#matcher = map.matcher;
    this.maxHeldBytes = map.matcher.maxHeldBytes;
  }

  reset(): void {
    this.#behind = '';
  }

  /** Goes on behind `behind`, which somebody else has settled. */
  resumeAfter(behind: string): void {
    this.#behind = behind;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    this.#hits.clear();
    const settled = this.#matcher.scan(window, from, to, isLast, this.#behind, this.#hits);
    const count = this.#matcher.lookBehind;
    this.#hits.forEach((start, end, text) => {
      const left = remember(this.#behind, window, from, start, count);
      if (isInIdentifier(left)) return;
      const isWhole = window.slice(end, end + 1) === '<' && URL_ELEMENT.test(left);
      edits.replace(start, end, isWhole && isBare(window.slice(start, end)) ? `${text}/` : text);
    });
    this.#behind = remember(this.#behind, window, from, settled, count);
    return settled;
  }
}

/** Whether the text ends inside the value of an attribute that is an identifier. */
function isInIdentifier(left: string): boolean {
  for (let index = left.length - 1; index >= 0; index--) {
    const code = left.charCodeAt(index);
    if (code === 0x3c || code === 0x3e) return false;
    if (code !== 0x22 && code !== 0x27) continue;
    const name = ATTRIBUTE.exec(left.slice(0, index))?.[1];
    if (name === undefined) return false;
    const meaning = attributeMeaning(name, undefined);
    if (meaning !== 'location-pairs') return meaning === 'identifier';
    // xsi:schemaLocation lists pairs of a namespace and a place: the first of each pair is the identifier.
    return (
      left
        .slice(index + 1)
        .trim()
        .split(/\s+/)
        .filter(Boolean).length %
        2 ===
      0
    );
  }
  return false;
}

/** An authority without a path: where it is the whole of a URL, it needs its slash. */
function isBare(source: string): boolean {
  return /^(?:[a-z]+:)?\/\/[^/]+$/i.test(source);
}
