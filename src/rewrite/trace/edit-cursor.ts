// Hands edits to the places they lie in: both come in ascending order.
import type { TracedEdit } from './rewrite-trace.ts';

/** What `place` says of an edit: what it is part of, such as `href of <a>`. */
export type NamePlace = (edit: TracedEdit) => string;

/** Walks once over the edits of a text. */
export class EditCursor {
  readonly #edits: readonly TracedEdit[];
  readonly #places: string[];
  #next = 0;

  constructor(edits: readonly TracedEdit[], otherwise: string) {
    this.#edits = edits;
    this.#places = edits.map(() => otherwise);
  }

  /** The name of the place of each edit. */
  get places(): readonly string[] {
    return this.#places;
  }

  /** Names the place of the edits in `[start, end]`; those before keep the name that they have. */
  claim(start: number, end: number, name: NamePlace): void {
    this.#skipTo(start);
    for (let edit = this.#edits[this.#next]; edit !== undefined && edit.end <= end; edit = this.#edits[this.#next])
      this.#places[this.#next++] = name(edit);
  }

  /** The same with the names that `describe` gives to all of them at once; they are shifted so that `start` is 0. */
  claimAll(start: number, end: number, describe: (edits: readonly TracedEdit[]) => readonly string[]): void {
    this.#skipTo(start);
    const inside: TracedEdit[] = [];
    for (let index = this.#next; ; index++) {
      const edit = this.#edits[index];
      if (edit === undefined || edit.end > end) break;
      inside.push({ ...edit, start: edit.start - start, end: edit.end - start });
    }
    const names = inside.length === 0 ? [] : describe(inside);
    for (const name of names) this.#places[this.#next++] = name;
  }

  #skipTo(start: number): void {
    while ((this.#edits[this.#next]?.start ?? Number.POSITIVE_INFINITY) < start) this.#next++;
  }
}
