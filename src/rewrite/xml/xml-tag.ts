// The inside of XML markup: where a tag or a document type ends, and where its attributes stand.

/** One attribute of a tag; `[start, end)` is its value, without quotes. */
export interface XmlAttribute {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const GT = 0x3e;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

/** The index of the `>` that ends the tag, quoted values minded; -1 if it is not before `to`. */
export function endOfTag(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === GT) return at;
    if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) continue;
    at = bytes.indexOf(byte, at + 1);
    if (at < 0 || at >= to) return -1;
  }
  return -1;
}

/** The index of the `>` that ends a document type declaration with its internal subset (XML 1.0 §2.8); -1 to wait. */
export function endOfDoctype(bytes: Buffer, from: number, to: number): number {
  let depth = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === GT && depth === 0) return at;
    if (byte === 0x5b) depth++;
    else if (byte === 0x5d) depth--;
    else if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) at = bytes.indexOf(byte, at + 1);
    else if (byte === 0x3c && bytes[at + 1] === 0x21 && bytes[at + 2] === 0x2d) at = bytes.indexOf('-->', at);
    if (at < 0) return -1;
  }
  return -1;
}

const ATTRIBUTE = /([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The attributes of a tag or processing instruction (its text, from its `<` on). */
export function readAttributes(tag: string): XmlAttribute[] {
  const attributes: XmlAttribute[] = [];
  for (const match of tag.matchAll(ATTRIBUTE)) {
    const [whole, name = '', double, single] = match;
    const length = (double ?? single ?? '').length;
    const end = match.index + whole.length - 1;
    attributes.push({ name, start: end - length, end });
  }
  return attributes;
}
