// The elements the tokenizer and the rewriter know by name, and how the content of each is read.
import { NameTable } from './name-table.ts';

/** Number of each element that something here treats differently from any other. 0 is every other element. */
export const ELEMENT = {
  other: 0,
  html: 1,
  head: 2,
  body: 3,
  base: 4,
  meta: 5,
  link: 6,
  script: 7,
  style: 8,
  title: 9,
  textarea: 10,
  xmp: 11,
  iframe: 12,
  noembed: 13,
  noframes: 14,
  plaintext: 15,
  svg: 16,
  math: 17,
  object: 18,
  param: 19,
  form: 20,
  template: 21,
  noscript: 22,
  /** In XML a processing instruction that has attributes like a tag, and is read as one. */
  '?xml-stylesheet': 23,
} as const;

/** Finds an element's number by the bytes of its name. */
export const ELEMENTS = new NameTable(new Map(Object.entries(ELEMENT).filter(([, id]) => id !== ELEMENT.other)));

/** How the content of an element is tokenized (HTML, "Parsing HTML fragments" and "The rules for parsing tokens"). */
export const CONTENT = {
  /** Markup. */
  markup: 0,
  /** Text up to the end tag of the same name: RCDATA and RAWTEXT, which differ in character references only. */
  text: 1,
  /** Script data, with its escaped states. */
  script: 2,
  /** Text to the end of the document. */
  plaintext: 3,
} as const;

/** By element number: a value of {@link CONTENT}. `noscript` is markup: what a user agent without scripting reads. */
export const CONTENT_OF: Readonly<Uint8Array> = contentTable();

/** By element number: its name in lower-case bytes. */
export const ELEMENT_NAMES: readonly Uint8Array[] = Object.keys(ELEMENT).map((name) =>
  Uint8Array.from(Buffer.from(name, 'latin1')),
);

function contentTable(): Uint8Array {
  const table = new Uint8Array(Object.keys(ELEMENT).length);
  const { title, textarea, style, xmp, iframe, noembed, noframes } = ELEMENT;
  for (const element of [title, textarea, style, xmp, iframe, noembed, noframes]) table[element] = CONTENT.text;
  table[ELEMENT.script] = CONTENT.script;
  table[ELEMENT.plaintext] = CONTENT.plaintext;
  return table;
}
