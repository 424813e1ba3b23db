// Elements with `data-no-rewrite`: nothing in them is touched, up to their end tag.
import { readLatin1 } from './bytes.ts';
import type { Tag } from './tokenizer.ts';

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/** Follows the element that opted out by counting tags of its name: such an element must have its end tag. */
export class OptOut {
  #name = '';
  #depth = 0;

  /** Whether the scanner stands inside an element that opted out. */
  get isActive(): boolean {
    return this.#depth > 0;
  }

  reset(): void {
    this.#depth = 0;
  }

  /** Begins with the element of a start tag, unless it cannot have content. */
  begin(tag: Tag, bytes: Buffer): void {
    const name = readName(tag, bytes);
    if (VOID.has(name) || tag.isEmpty) return;
    this.#name = name;
    this.#depth = 1;
  }

  startTag(tag: Tag, bytes: Buffer): void {
    if (!tag.isEmpty && readName(tag, bytes) === this.#name) this.#depth++;
  }

  endTag(tag: Tag, bytes: Buffer): void {
    if (readName(tag, bytes) === this.#name) this.#depth--;
  }
}

/** The rest of a tag that was too long has no name, and belongs to a tag that was counted. */
function readName(tag: Tag, bytes: Buffer): string {
  return tag.isRest ? '' : readLatin1(bytes, tag.nameStart, tag.nameEnd).toLowerCase();
}
