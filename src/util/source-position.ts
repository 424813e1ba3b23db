// Offsets in a text to lines and columns, for diagnostics.

/** A place in a text as people count: lines and columns from 1, columns in UTF-16 units as editors do. */
export interface LineAndColumn {
  readonly line: number;
  readonly column: number;
}

/** The line starts of one text; answers where an offset is, and what a line says. */
export class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1))
      this.#starts.push(index + 1);
  }

  /** Where `offset` is. Offsets outside the text are taken for its nearest end. */
  positionAt(offset: number): LineAndColumn {
    const inside = Math.max(0, Math.min(offset, this.#text.length));
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#startOf(middle) <= inside) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: inside - this.#startOf(low) + 1 };
  }

  /** The offset of a line and column: the reverse of {@link positionAt}. */
  offsetAt({ line, column }: LineAndColumn): number {
    return this.#startOf(Math.max(0, Math.min(line, this.#starts.length) - 1)) + column - 1;
  }

  /** The text of a line without its end; empty for a line that does not exist. */
  lineText(line: number): string {
    if (line < 1 || line > this.#starts.length) return '';
    const end = line < this.#starts.length ? this.#startOf(line) : this.#text.length;
    return this.#text.slice(this.#startOf(line - 1), end).replace(/\r?\n$/, '');
  }

  #startOf(lineIndex: number): number {
    return this.#starts[lineIndex] ?? 0;
  }
}
