// What the parts of the HTML scanner share while a window is scanned: the window, the edits, and where authorities may be.
import { EditList } from '../edit-list.ts';
import { remember } from '../look-behind.ts';
import { NeedleCursor } from '../needle-cursor.ts';
import type { Scanner } from '../scanner.ts';
import type { UrlMap } from '../url-map.ts';
import { Window } from '../window.ts';

/** One window under examination. */
export class Stage {
  readonly map: UrlMap;
  readonly needles: NeedleCursor;
  window: Window = Window.ofText('');
  /** The bytes of the window up to where it counts. */
  bytes: Buffer = Buffer.alloc(0);
  edits: EditList = new EditList();
  #isHinted = false;
  #from = 0;
  #behind = '';

  constructor(map: UrlMap) {
    this.map = map;
    this.needles = new NeedleCursor(map.matcher.needles);
  }

  /** Begins a document. */
  reset(): void {
    this.#behind = '';
  }

  /** Begins a window of which `[from, to)` counts. */
  open(window: Window, from: number, to: number, edits: EditList): void {
    this.window = window;
    this.bytes = to === window.length ? window.bytes : window.bytes.subarray(0, to);
    this.edits = edits;
    this.#from = from;
    this.needles.start(this.bytes, from, to);
    const { addsPrefix, matcher } = this.map;
    this.#isHinted = addsPrefix || (matcher.hasCase && matcher.isHintedIn(window.slice(from, to)));
  }

  /** Ends the window, which is settled up to `settled`. */
  close(settled: number): void {
    this.#behind = remember(this.#behind, this.window, this.#from, settled, this.map.matcher.lookBehind);
    this.window = NO_WINDOW;
    this.bytes = NO_BYTES;
  }

  /** Whether something in `[start, end)` can change. False is certain. `start` grows, as for {@link NeedleCursor.isIn}. */
  mayChange(start: number, end: number): boolean {
    return this.#isHinted || this.needles.isIn(start, end);
  }

  /**
   * Maps the authorities in `[start, end)`, which is text in any escape style. Answers how far it is settled: to `end` if
   * the text `isComplete` there.
   */
  mapAuthorities(start: number, end: number, isComplete: boolean): number {
    if (isComplete && !this.needles.isIn(start, end)) return end;
    const { matcher } = this.map;
    const behind = remember(this.#behind, this.window, this.#from, start, matcher.lookBehind);
    return matcher.scan(this.window, start, end, isComplete, behind, this.edits);
  }

  /** Runs `scanner` over `[start, end)` as a text of its own. */
  scanWhole(scanner: Scanner, start: number, end: number): void {
    scanner.reset();
    scanner.scan(this.window, start, end, true, this.edits);
  }
}

const NO_WINDOW = Window.ofText('');
const NO_BYTES = Buffer.alloc(0);
