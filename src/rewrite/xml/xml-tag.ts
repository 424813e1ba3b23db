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

/** 1 at what ends a name: white space, `=`, `/`, `>` and quotes. */
const NAME_ENDS = new Uint8Array(256);
for (const character of '\t\n\r =/>"\'?') NAME_ENDS[character.charCodeAt(0)] = 1;

/**
 * Calls `visit` for each attribute of the tag or processing instruction that stands at `[from, to)` of `text`; `from` is
 * behind its name. Indexes are those of `text`.
 */
export function visitAttributes(
  text: string,
  from: number,
  to: number,
  visit: (attribute: XmlAttribute) => void,
): void {
  let at = from;
  while (at < to) {
    while (at < to && NAME_ENDS[text.charCodeAt(at)] === 1) at++;
    const nameStart = at;
    while (at < to && NAME_ENDS[text.charCodeAt(at)] !== 1) at++;
    const nameEnd = at;
    while (at < to && text.charCodeAt(at) <= 0x20) at++;
    if (at >= to || text.charCodeAt(at) !== 0x3d) continue;
    at++;
    while (at < to && text.charCodeAt(at) <= 0x20) at++;
    const quote = text.charCodeAt(at);
    if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) continue;
    const end = text.indexOf(quote === DOUBLE_QUOTE ? '"' : "'", at + 1);
    if (end < 0 || end >= to) return;
    visit({ name: text.slice(nameStart, nameEnd), start: at + 1, end });
    at = end + 1;
  }
}
