// The contract of every rewriter: look at a run of text window by window, and say what to change.
import { EditList } from './edit-list.ts';
import { Window } from './window.ts';

/**
 * Rewrites one run of text: a body, a script element, a text node. It is shown consecutive windows and adds edits;
 * what it has settled is gone, what it has not is shown again at the start of the next window.
 *
 *     reset  ( scan … scan(isLast) )        one run; reset begins another
 *
 * The result must not depend on where the windows are cut. A scanner remembers for itself what stood before `from`.
 */
export interface Scanner {
  /** How much it may leave unsettled: `scan` returns at least `to - maxHeldBytes`. */
  readonly maxHeldBytes: number;

  /** Bytes of the run so far that went by unexamined, because something in it is too long to be held back. Absent: none. */
  readonly unexaminedBytes?: number;

  /** Nothing of the result is taken for now: gives up memory that only saves work, as it may be a long while. */
  keepLittle?(): void;

  /** Forgets the run so far; the next window begins a new one. */
  reset(): void;

  /**
   * Examines `[from, to)` of `window`, which begins where the last call settled, and adds its edits in ascending
   * order, all of them before the returned position. What lies outside `[from, to)` does not exist for it.
   *
   * Returns how far the text is settled: nothing before it will be changed any more. Once `isLast` is true that is
   * `to`.
   */
  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number;
}

/** Runs `scanner` over a whole text (latin1). Returns the very same string if nothing changes. */
export function rewriteText(scanner: Scanner, text: string): string {
  const edits = new EditList();
  scanner.reset();
  scanner.scan(Window.ofText(text), 0, text.length, true, edits);
  return edits.length === 0 ? text : edits.apply(text, 0, text.length);
}
