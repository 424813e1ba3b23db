// Changes to a text, collected in ascending order and applied in one go: the only way a rewriter alters bytes.
import { invariant } from '../util/invariant.ts';

/** Replacements of ranges of one text. Ranges never overlap and come in ascending order. */
export class EditList {
  // Never made shorter: a list serves window after window, and giving its memory back costs more than keeping it.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #texts: string[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Replaces `[start, end)` by `text` (latin1). `start === end` inserts. Must not lie before an earlier edit's end. */
  replace(start: number, end: number, text: string): void {
    const index = this.#length;
    const last = index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
    // The message is made only when it is needed: this runs for every changed URL.
    if (start < last || end < start) invariant(false, `edit [${start}, ${end}) out of order`);
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#texts[index] = text;
    this.#length = index + 1;
  }

  /** Where the edit at `index` begins. */
  startAt(index: number): number {
    return index < this.#length ? (this.#starts[index] ?? 0) : Number.POSITIVE_INFINITY;
  }

  /** Appends the edits of two lists, merged by position. They must not overlap. */
  mergeFrom(a: EditList, b: EditList): void {
    let inA = 0;
    let inB = 0;
    while (inA < a.length || inB < b.length) {
      if (a.startAt(inA) <= b.startAt(inB)) this.#take(a, inA++);
      else this.#take(b, inB++);
    }
  }

  /** `index`, or the start of the edit in whose middle it lies. */
  startOfCovering(index: number): number {
    for (let at = this.#length - 1; at >= 0; at--) {
      const start = this.startAt(at);
      if (start < index) return index < (this.#ends[at] ?? 0) ? start : index;
    }
    return index;
  }

  #take(other: EditList, index: number): void {
    this.replace(other.startAt(index), other.#ends[index] ?? 0, other.#texts[index] ?? '');
  }

  /** Forgets the edits that begin at `limit` or behind. */
  dropFrom(limit: number): void {
    while (this.#length > 0 && this.startAt(this.#length - 1) >= limit) this.#length--;
  }

  /** Calls `visit` for every edit in order. */
  forEach(visit: (start: number, end: number, text: string) => void): void {
    for (let index = 0; index < this.#length; index++)
      visit(this.startAt(index), this.#ends[index] ?? 0, this.#texts[index] ?? '');
  }

  clear(): void {
    this.#length = 0;
  }

  /** How many bytes {@link applyTo} needs to work in. */
  roomFor(to: number): number {
    let inserted = 0;
    for (let index = 0; index < this.#length; index++) inserted += this.#texts[index]?.length ?? 0;
    return inserted + to;
  }

  /**
   * `bytes` up to `to` with all edits applied, which must lie before: in `result`, which has at least the {@link roomFor}
   * it. No string is made of the bytes: they are copied to the end of the room at once, and what stays is moved from there
   * to its place.
   */
  applyTo(bytes: Buffer, to: number, result: Buffer): Buffer {
    const inserted = result.length - to;
    result.set(to === bytes.length ? bytes : bytes.subarray(0, to), inserted);
    let at = 0;
    let copied = 0;
    for (let index = 0; index < this.#length; index++) {
      const start = this.#starts[index] ?? 0;
      if (start > copied) result.copyWithin(at, inserted + copied, inserted + start);
      at += start - copied;
      at += write(this.#texts[index] ?? '', result, at);
      copied = this.#ends[index] ?? copied;
    }
    if (to > copied) result.copyWithin(at, inserted + copied, inserted + to);
    return result.subarray(0, at + to - copied);
  }

  /** `text.slice(from, to)` with all edits applied, which must lie inside. The same slice if there are none. */
  apply(text: string, from: number, to: number): string {
    let result = '';
    let copied = from;
    for (let index = 0; index < this.#length; index++) {
      result += text.slice(copied, this.#starts[index]) + this.#texts[index];
      copied = this.#ends[index] ?? copied;
    }
    return this.#length === 0 ? text.slice(from, to) : result + text.slice(copied, to);
  }
}

/** A native call costs as much as writing some thirty characters. */
const SHORT = 32;

function write(text: string, bytes: Buffer, at: number): number {
  if (text.length > SHORT) return bytes.write(text, at, 'latin1');
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return text.length;
}
