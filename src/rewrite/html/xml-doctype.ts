// Finds the end of an XML document type declaration: its internal subset may hold `>` in quotes, comments and declarations.

const NORMAL = 0;
const COMMENT = 1;
const INSTRUCTION = 2;

/** Reads one doctype, from behind `<!` on, in as many pieces as it comes (XML 1.0 §2.8, productions 28 to 28b). */
export class XmlDoctype {
  #state = NORMAL;
  /** The quote that a literal was opened with, or 0. */
  #quote = 0;
  /** Open `[`, and declarations inside it. */
  #depth = 0;
  /** The last four octets. */
  #recent = 0;

  /** Where the `>` of the doctype stands in `bytes`, searched from `from` on; -1 if it comes later. */
  findEnd(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const octet = bytes[at] ?? 0;
      this.#recent = ((this.#recent << 8) | octet) >>> 0;
      if (this.#isEnd(octet)) return at;
    }
    return -1;
  }

  #isEnd(octet: number): boolean {
    if (this.#state === COMMENT) {
      if ((this.#recent & 0xffffff) === 0x2d2d3e) this.#state = NORMAL;
      return false;
    }
    if (this.#state === INSTRUCTION) {
      if ((this.#recent & 0xffff) === 0x3f3e) this.#state = NORMAL;
      return false;
    }
    if (this.#quote !== 0) {
      if (octet === this.#quote) this.#quote = 0;
      return false;
    }
    return this.#isEndOutside(octet);
  }

  #isEndOutside(octet: number): boolean {
    if (octet === 0x22 || octet === 0x27) this.#quote = octet;
    else if (octet === 0x5b || octet === 0x3c) this.#depth++;
    else if (octet === 0x5d) this.#depth = Math.max(0, this.#depth - 1);
    else if (this.#recent === 0x3c212d2d) this.#enterInside(COMMENT);
    else if ((this.#recent & 0xffff) === 0x3c3f) this.#enterInside(INSTRUCTION);
    else if (octet === 0x3e) {
      if (this.#depth === 0) return true;
      this.#depth--;
    }
    return false;
  }

  /** The `<` was counted as a declaration; what it opens has an end of its own. */
  #enterInside(state: number): void {
    this.#state = state;
    this.#depth = Math.max(0, this.#depth - 1);
    this.#recent = 0;
  }
}
