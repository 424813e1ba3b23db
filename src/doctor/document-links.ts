// What a document leads to: the URLs in HTML and CSS that a browser would follow or load, as they are written.
import { unescapeValue } from '../rewrite/escapes.ts';
import { ATTRIBUTE_STRIDE, HtmlTokenizer, type Tag } from '../rewrite/html/tokenizer.ts';

/** One reference of a document. */
export interface Reference {
  /** As written, escapes resolved, white space around it gone. */
  readonly written: string;
  /** `page`: somebody may go there. `form`: something is sent there. `asset`: the browser loads it by itself. */
  readonly use: 'page' | 'form' | 'asset';
}

/** What {@link htmlReferences} found. */
export interface HtmlReferences {
  /** The `href` of the first `base`; undefined without one. */
  readonly base: string | undefined;
  readonly references: readonly Reference[];
}

/** Attributes that hold one URL, by element; `*` for any element. */
const URL_ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, Reference['use']>>>> = {
  a: { href: 'page' },
  area: { href: 'page' },
  form: { action: 'form' },
  button: { formaction: 'form' },
  input: { formaction: 'form', src: 'asset' },
  iframe: { src: 'page' },
  frame: { src: 'page' },
  object: { data: 'asset' },
  '*': { src: 'asset', poster: 'asset', background: 'asset' },
};
/** What `link` loads; other relations name things that nobody fetches for the page. */
const LOADED_RELATIONS =
  /(?:^|\s)(?:stylesheet|icon|apple-touch-icon|mask-icon|preload|modulepreload|prefetch|manifest)(?:\s|$)/i;
const CSS_URL =
  /url\(\s*(?:"([^"]*)"|'([^']*)'|((?:\\[0-9a-f]{1,6}\s?|\\.|[^"')\s\\])*))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')/gi;
const CSS_COMMENT = /\/\*[\s\S]*?\*\//g;

/** Reads a whole HTML document. */
export function htmlReferences(document: Buffer): HtmlReferences {
  const reader = new ReferenceReader(document);
  new HtmlTokenizer({
    text: nothing,
    rawText: (start, end) => reader.rawText(start, end),
    startTag: (tag) => reader.startTag(tag),
    endTag: nothing,
    otherMarkup: nothing,
    startTagPart: (tag) => reader.startTag(tag),
    oversized: nothing,
  }).scan(document, true);
  return { base: reader.base, references: reader.references };
}

/** Reads a whole style sheet. */
export function cssReferences(sheet: string): Reference[] {
  return [...sheet.replace(CSS_COMMENT, ' ').matchAll(CSS_URL)].flatMap(([, ...groups]) => {
    const raw = groups.find((group) => group !== undefined) ?? '';
    return asReference(unescapeValue(raw, 'css').text, 'asset');
  });
}

class ReferenceReader {
  base: string | undefined;
  readonly references: Reference[] = [];
  readonly #document: Buffer;
  #isInStyle = false;

  constructor(document: Buffer) {
    this.#document = document;
  }

  startTag(tag: Tag): void {
    const name = this.#text(tag.nameStart, tag.nameEnd).toLowerCase();
    const attributes = this.#attributesOf(tag);
    this.#isInStyle = name === 'style';
    if (name === 'base') this.base ??= attributes.get('href');
    else if (name === 'link') this.#link(attributes);
    else if (name === 'meta') this.#meta(attributes);
    else this.#element(name, attributes);
    const style = attributes.get('style');
    if (style !== undefined) this.references.push(...cssReferences(style));
  }

  rawText(start: number, end: number): void {
    if (this.#isInStyle) this.references.push(...cssReferences(this.#text(start, end)));
  }

  #element(name: string, attributes: ReadonlyMap<string, string>): void {
    for (const [attribute, use] of Object.entries({ ...URL_ATTRIBUTES['*'], ...URL_ATTRIBUTES[name] }))
      this.#add(attributes.get(attribute), use);
    for (const candidate of (attributes.get('srcset') ?? '').split(/,\s+|,$/))
      this.#add(candidate.trim().split(/\s/)[0], 'asset');
  }

  #link(attributes: ReadonlyMap<string, string>): void {
    if (LOADED_RELATIONS.test(attributes.get('rel') ?? '')) this.#add(attributes.get('href'), 'asset');
  }

  #meta(attributes: ReadonlyMap<string, string>): void {
    if (attributes.get('http-equiv')?.toLowerCase() !== 'refresh') return;
    const [, url] = /^\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?["']?([^"']*)/i.exec(attributes.get('content') ?? '') ?? [];
    this.#add(url, 'page');
  }

  #add(value: string | undefined, use: Reference['use']): void {
    if (value !== undefined) this.references.push(...asReference(value, use));
  }

  /** Names in lower case; of attributes given twice the first counts, as in browsers. */
  #attributesOf(tag: Tag): Map<string, string> {
    const attributes = new Map<string, string>();
    for (let slot = 0; slot < tag.attributesLength; slot += ATTRIBUTE_STRIDE) {
      const [nameStart = 0, nameEnd = 0, start = 0, end = 0] = tag.attributes.subarray(slot, slot + ATTRIBUTE_STRIDE);
      const name = this.#text(nameStart, nameEnd).toLowerCase();
      if (!attributes.has(name)) attributes.set(name, unescapeValue(this.#text(start, end), 'html').text);
    }
    return attributes;
  }

  #text(start: number, end: number): string {
    return this.#document.toString('utf8', start, end);
  }
}

function asReference(value: string, use: Reference['use']): Reference[] {
  const written = value.trim();
  return written === '' || written.startsWith('#') ? [] : [{ written, use }];
}

function nothing(): void {}
