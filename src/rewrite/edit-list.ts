// Changes to a text, collected in ascending order and applied in one go: the only way a rewriter alters bytes.
import { invariant } from '../util/invariant.ts';

/** Replacements of ranges of one text. Ranges never overlap and come in ascending order. */
export class EditList {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #texts: string[] = [];

  get length(): number {
    return this.#starts.length;
  }

  /** Replaces `[start, end)` by `text` (latin1). `start === end` inserts. Must not lie before an earlier edit's end. */
  replace(start: number, end: number, text: string): void {
    const last = this.#ends[this.#ends.length - 1] ?? 0;
    invariant(start >= last && end >= start, `edit [${start}, ${end}) out of order`);
    this.#starts.push(start);
    this.#ends.push(end);
    this.#texts.push(text);
  }

  /** Where the edit at `index` begins. */
  startAt(index: number): number {
    return this.#starts[index] ?? Number.POSITIVE_INFINITY;
  }

  /** Takes over the edits of `other` that begin before `limit`, merged by position. They must not overlap ours. */
  merge(other: EditList, limit: number): void {
    const mine = this.#starts.map((start, index) => ({ start, end: this.#ends[index], text: this.#texts[index] }));
    const theirs = other.#starts.map((start, index) => ({ start, end: other.#ends[index], text: other.#texts[index] }));
    const all = [...mine, ...theirs.filter((edit) => edit.start < limit)].sort((a, b) => a.start - b.start);
    this.clear();
    for (const { start, end = start, text = '' } of all) this.replace(start, end, text);
  }

  /** Forgets the edits that begin at `limit` or behind. */
  dropFrom(limit: number): void {
    while (this.#starts.length > 0 && this.startAt(this.#starts.length - 1) >= limit) {
      this.#starts.pop();
      this.#ends.pop();
      this.#texts.pop();
    }
  }

  clear(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#texts.length = 0;
  }

  /** `text.slice(from, to)` with all edits applied, which must lie inside. The same slice if there are none. */
  apply(text: string, from: number, to: number): string {
    let result = '';
    let copied = from;
    for (let index = 0; index < this.#starts.length; index++) {
      result += text.slice(copied, this.#starts[index]) + this.#texts[index];
      copied = this.#ends[index] ?? copied;
    }
    return copied === from ? text.slice(from, to) : result + text.slice(copied, to);
  }
}
