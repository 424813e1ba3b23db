// Values as they stand in a source: character references of HTML and escapes of CSS and JSON, read without losing positions.

/** The language whose escapes a raw value may hold; `json` includes those of JavaScript strings. */
export type EscapeLanguage = 'html' | 'css' | 'json';

/** A raw value with its escapes resolved as far as they can matter to a URL, and where each character came from. */
export interface Unescaped {
  readonly text: string;
  /** The index in the raw value of each character of `text`, and behind them the raw length. */
  readonly origins: readonly number[];
}

/** Only references to ASCII matter to a URL's front; every other one stays as it is written. */
const NAMED_REFERENCES: Readonly<Record<string, string>> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  sol: '/',
  colon: ':',
  period: '.',
  commat: '@',
  quest: '?',
  num: '#',
  bsol: '\\',
  equals: '=',
  percnt: '%',
  lsqb: '[',
  lbrack: '[',
  rsqb: ']',
  rbrack: ']',
  lowbar: '_',
  Tab: '\t',
  NewLine: '\n',
};
const JSON_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

const HTML_ESCAPE = /&(?:#0{0,8}(\d{1,4});?|#x0{0,8}([0-9a-f]{1,3});?|([A-Za-z]{2,7});)/giy;
const CSS_ESCAPE = /\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\n\r\f])?|([^0-9a-f\n\r\f]))/iy;
/** JSON's escapes, and those that JavaScript adds: `\\x2f` and `\\u{2f}`. No JSON text holds them. */
const JSON_ESCAPE = /\\(?:u([0-9a-f]{4})|u\{0{0,4}([0-9a-f]{1,3})\}|x([0-9a-f]{2})|([\s\S]))/iy;

/** The character that begins every escape of `language`: a value without it is what it says. */
export function escapeSign(language: EscapeLanguage): string {
  return language === 'html' ? '&' : '\\';
}

/** Resolves the escapes of a raw value. Characters above U+007F stay escaped: they cannot be part of what is mapped. */
export function unescapeValue(raw: string, language: EscapeLanguage): Unescaped {
  const sign = escapeSign(language);
  const origins: number[] = [];
  let text = '';
  let index = 0;
  while (index < raw.length) {
    origins.push(index);
    const found = raw[index] === sign ? readEscape(raw, index, language) : undefined;
    if (found === undefined) text += raw[index++];
    else {
      text += found.character;
      index += found.width;
    }
  }
  origins.push(raw.length);
  return { text, origins };
}

interface Escape {
  readonly character: string;
  readonly width: number;
}

function readEscape(raw: string, index: number, language: EscapeLanguage): Escape | undefined {
  if (language === 'html') return readReference(raw, index);
  return language === 'css' ? readCssEscape(raw, index) : readJsonEscape(raw, index);
}

function readReference(raw: string, index: number): Escape | undefined {
  const match = execAt(HTML_ESCAPE, raw, index);
  if (match === null) return undefined;
  const [whole, decimal, hex, name] = match;
  if (name !== undefined) {
    const character = Object.hasOwn(NAMED_REFERENCES, name) ? NAMED_REFERENCES[name] : undefined;
    return character === undefined ? undefined : { character, width: whole.length };
  }
  return fromCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16), whole.length);
}

/** CSS Syntax Level 3 §4.3.7. */
function readCssEscape(raw: string, index: number): Escape | undefined {
  const match = execAt(CSS_ESCAPE, raw, index);
  if (match === null) return undefined;
  const [whole, hex, other = ''] = match;
  return hex === undefined
    ? { character: other, width: whole.length }
    : fromCode(Number.parseInt(hex, 16), whole.length);
}

/** RFC 8259 §7, ECMA-262 §12.9.4. */
function readJsonEscape(raw: string, index: number): Escape | undefined {
  const match = execAt(JSON_ESCAPE, raw, index);
  if (match === null) return undefined;
  const [whole, four, braced, two, other = ''] = match;
  const hex = four ?? braced ?? two;
  if (hex !== undefined) return fromCode(Number.parseInt(hex, 16), whole.length);
  return { character: JSON_ESCAPES[other] ?? other, width: whole.length };
}

function fromCode(code: number, width: number): Escape | undefined {
  return code > 0 && code < 0x80 ? { character: String.fromCharCode(code), width } : undefined;
}

function execAt(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(text);
}
