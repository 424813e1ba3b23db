// Text of no particular language: backend-absolute URLs are mapped wherever they stand, and nothing else.
import type { AuthorityMatcher } from '../authority-matcher.ts';
import type { EditList } from '../edit-list.ts';
import { remember } from '../look-behind.ts';
import type { Scanner } from '../scanner.ts';
import type { Window } from '../window.ts';

/**
 * Maps authorities only. Serves text nodes, JSON-like text, event streams and every language of which no more is known.
 * A line end, a quote or a bracket is never held back, so events and JSON lines pass as they come.
 */
export class TextScanner implements Scanner {
  readonly maxHeldBytes: number;
  readonly #matcher: AuthorityMatcher;
  #behind = '';

  constructor(map: { readonly matcher: AuthorityMatcher }) {
    this.#matcher = map.matcher;
    this.maxHeldBytes = map.matcher.maxHeldBytes;
  }

  reset(): void {
    this.#behind = '';
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    const settled = this.#matcher.scan(window, from, to, isLast, this.#behind, edits);
    this.#behind = remember(this.#behind, window, from, settled, this.#matcher.lookBehind);
    return settled;
  }
}
