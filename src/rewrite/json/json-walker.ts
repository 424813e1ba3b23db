// Walks through JSON text window by window: knows where strings begin and end and under which members they stand.

/** What stands at the current place of a document. */
export interface JsonPlace {
  /** Names of the members around, outermost first; `[]` for an array. At most 32: deeper members are not named. */
  readonly path: readonly string[];
  /** Whether the string is a member's name. `path` then ends with the object it belongs to. */
  readonly isName: boolean;
}

/** Deeper than this, members are counted but not named. */
const NAMED_DEPTH = 32;
/** Longer names are not of any vocabulary we know. */
const LONGEST_NAME = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The state of a walk. It does not check the grammar: whatever is no string, bracket, comma or colon is passed over, so
 * that broken JSON, JSON lines and JSON behind a guard such as `)]}'` are walked as well as they can be.
 */
export class JsonWalker {
  /** One entry per open bracket: the name of the member being read, `[]` in an array. */
  readonly #open: string[] = [];
  #depth = 0;
  #expectsName = false;

  reset(): void {
    this.#open.length = 0;
    this.#depth = 0;
    this.#expectsName = false;
  }

  /** Where a string that begins now stands. */
  get place(): JsonPlace {
    if (!this.#expectsName) return { path: this.#open, isName: false };
    return { path: this.#open.slice(0, -1), isName: true };
  }

  /** Whether a string that begins now is a member's name. */
  get isName(): boolean {
    return this.#expectsName;
  }

  /** Passes over structure from `index` on and returns where the next string begins (its quote), or `to`. */
  skipToString(bytes: Buffer, index: number, to: number): number {
    for (let at = index; at < to; at++) {
      switch (bytes[at]) {
        case QUOTE:
          return at;
        case 0x7b: // {
          this.#push('');
          this.#expectsName = true;
          break;
        case 0x5b: // [
          this.#push('[]');
          this.#expectsName = false;
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#pop();
          this.#expectsName = false;
          break;
        case 0x2c: // ,
          this.#expectsName = this.#depth > 0 && this.#open[this.#depth - 1] !== '[]' && this.#depth <= NAMED_DEPTH;
          break;
        case 0x3a: // :
          this.#expectsName = false;
          break;
        default:
      }
    }
    return to;
  }

  /** Tells the name that was read, without quotes, escapes resolved. */
  setName(name: string): void {
    if (this.#depth > 0 && this.#depth <= NAMED_DEPTH) this.#open[this.#depth - 1] = name.slice(0, LONGEST_NAME);
    this.#expectsName = false;
  }

  #push(name: string): void {
    this.#depth++;
    if (this.#depth <= NAMED_DEPTH) this.#open.push(name);
  }

  #pop(): void {
    if (this.#depth === 0) return;
    if (this.#depth <= NAMED_DEPTH) this.#open.pop();
    this.#depth--;
  }
}

/** The index of the quote that ends the string whose content begins at `index`; -1 if it is not before `to`. */
export function endOfString(bytes: Buffer, index: number, to: number): number {
  for (let at = index; at < to; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}
