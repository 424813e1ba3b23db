// Where in an HTML document each edit lies: which attribute of which element, which inline language, or its text.
import { ATTRIBUTES, KIND, KIND_OF } from '../html/attributes.ts';
import { ELEMENT } from '../html/elements.ts';
import { ATTRIBUTE_STRIDE, HtmlTokenizer, type Tag, type TokenReader } from '../html/tokenizer.ts';
import { type ScriptLanguage, scriptLanguage } from '../script.ts';
import type { Language } from '../select.ts';
import { EditCursor } from './edit-cursor.ts';
import type { TracedEdit } from './rewrite-trace.ts';

/** Names the places in a text of another language that stands in the document. */
type NamePlaces = (
  language: Language | ScriptLanguage,
  bytes: Buffer,
  edits: readonly TracedEdit[],
) => readonly string[];

/** See `namePlaces`, which is handed in for scripts and style sheets. */
export function htmlPlaces(
  bytes: Buffer,
  edits: readonly TracedEdit[],
  isXml: boolean,
  namePlaces: NamePlaces,
): readonly string[] {
  const reader = new PlaceReader(bytes, edits, namePlaces);
  new HtmlTokenizer(reader, { isXml, maxHeldBytes: bytes.length + 1 }).scan(bytes, true);
  return reader.cursor.places.map((place, index) => (isInsertion(edits[index]) ? 'the head' : place));
}

/** What goes in beside the URLs: elements of ours. */
function isInsertion(edit: TracedEdit | undefined): boolean {
  return edit !== undefined && edit.start === edit.end && edit.text.startsWith('<');
}

class PlaceReader implements TokenReader {
  readonly cursor: EditCursor;
  readonly #bytes: Buffer;
  readonly #namePlaces: NamePlaces;
  /** What the raw text that comes next is in. */
  #inline: { readonly language: Language | ScriptLanguage; readonly name: string } | undefined;

  constructor(bytes: Buffer, edits: readonly TracedEdit[], namePlaces: NamePlaces) {
    this.#bytes = bytes;
    this.#namePlaces = namePlaces;
    this.cursor = new EditCursor(edits, 'markup');
  }

  text(start: number, end: number): void {
    this.cursor.claim(start, end, () => 'text of the page');
  }

  rawText(start: number, end: number): void {
    const inline = this.#inline;
    if (inline === undefined) return;
    this.cursor.claimAll(start, end, (edits) =>
      this.#namePlaces(inline.language, this.#bytes.subarray(start, end), edits).map(
        (place) => `${place} in ${inline.name}`,
      ),
    );
  }

  startTag(tag: Tag): void {
    const name = this.#read(tag.nameStart, tag.nameEnd).toLowerCase();
    for (let slot = 0; slot < tag.attributesLength; slot += ATTRIBUTE_STRIDE) {
      const [nameStart = 0, nameEnd = 0, start = 0, end = 0] = tag.attributes.subarray(slot, slot + ATTRIBUTE_STRIDE);
      this.cursor.claim(start, end, () => this.#nameAttribute(tag, name, nameStart, nameEnd));
    }
    const type = this.#value(tag, 'type');
    if (tag.element === ELEMENT.script) this.#inline = { language: scriptLanguage(type), name: scriptName(type) };
    else this.#inline = tag.element === ELEMENT.style ? { language: 'css', name: '<style>' } : undefined;
  }

  startTagPart(tag: Tag): void {
    this.startTag(tag);
  }

  oversized(): void {}
  endTag(): void {}
  otherMarkup(): void {}

  #nameAttribute(tag: Tag, element: string, nameStart: number, nameEnd: number): string {
    const attribute = this.#read(nameStart, nameEnd).toLowerCase();
    const kind = KIND_OF[ATTRIBUTES.find(this.#bytes, nameStart, nameEnd)];
    if (kind === KIND.content) {
      for (const key of ['http-equiv', 'name', 'property', 'itemprop']) {
        const value = this.#value(tag, key);
        if (value !== undefined) return `${attribute} of <${element} ${key}=${value.slice(0, 40)}>`;
      }
    }
    return `${attribute} of <${element}>`;
  }

  /** The raw value of the first attribute of that name. */
  #value(tag: Tag, name: string): string | undefined {
    for (let slot = 0; slot < tag.attributesLength; slot += ATTRIBUTE_STRIDE) {
      const [nameStart = 0, nameEnd = 0, start = 0, end = 0] = tag.attributes.subarray(slot, slot + ATTRIBUTE_STRIDE);
      if (this.#read(nameStart, nameEnd).toLowerCase() === name) return this.#read(start, end);
    }
    return undefined;
  }

  #read(start: number, end: number): string {
    return this.#bytes.toString('latin1', start, end);
  }
}

function scriptName(type: string | undefined): string {
  return type === undefined || type === '' ? '<script>' : `<script type=${type.slice(0, 40)}>`;
}
