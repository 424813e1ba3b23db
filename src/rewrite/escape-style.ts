// The ways a slash or a colon is written inside strings of other languages: what the authority matcher reads and re-uses.
import { RecentMap } from '../util/recent-map.ts';

/**
 * A backslash, itself perhaps percent-encoded. Repeated when text was quoted more than once: JSON in JavaScript in
 * JSON writes `\\\/`.
 */
const BACKSLASH = String.raw`(?:\\|%(?:25){0,3}5c)`;
const BACKSLASHES = `${BACKSLASH}{1,8}`;
/** `&`, perhaps as a character reference of its own, once or more. */
const AMPERSAND = '&(?:amp;){0,3}';

/**
 * One character in every spelling: itself, percent-encoded (also twice and more), `\/`, `\u002f`, `\u{2f}`, `\x2f`,
 * a CSS escape, a character reference. `named` is its name in HTML.
 */
function spellings(plain: string, hex: string, decimal: string, named: string): string {
  const percent = `%(?:25){0,4}${hex}`;
  const css = `(?:0{0,3}${hex}(?:[ \\t\\n]|(?![0-9a-f]))|0000${hex}[ \\t\\n]?)`;
  const escaped = `${BACKSLASHES}(?:${plain}|${percent}|u00${hex}|u\\{0{0,4}${hex}\\}|x${hex}|${css})`;
  const reference = `${AMPERSAND}(?:#0{0,5}${decimal};?|#x0{0,5}${hex};?|${named};)`;
  return `(?:${plain}|${percent}|${escaped}|${reference})`;
}

/** The beginning of a spelling of {@link spellings}, cut off anywhere; the empty string too. */
function cutSpellings(hex: string, decimal: string, named: string): string {
  const [first = '', second = ''] = hex;
  const percent = `%(?:25){0,4}(?:2|${first})?`;
  const escaped =
    `(?:${BACKSLASHES})?(?:%(?:25){0,3}[25]?)?|` +
    `${BACKSLASHES}(?:u(?:0{0,2}|00${first}|\\{0{0,4}(?:${first}${second}?)?)?|x${first}?|0{0,4}(?:${first}${second}?)?)`;
  const names = Array.from({ length: named.length }, (_, index) => named.slice(0, index + 1)).join('|');
  const reference = `${AMPERSAND}(?:a|am|amp|#(?:x0{0,5}(?:${first}${second}?)?|0{0,5}(?:${decimal[0]}(?:${decimal[1]})?)?)?|${names})?`;
  return `(?:${percent}|${escaped}|${reference}|)`;
}

const SLASH = spellings('/', '2f', '47', 'sol');
const COLON = spellings(':', '3a', '58', 'colon');
const CUT_SLASH = cutSpellings('2f', '47', 'sol');
const CUT_COLON = cutSpellings('3a', '58', 'colon');
const SCHEME = '(?:https?|wss?)';
/** Characters of userinfo (RFC 3986 §3.2.1) that are looked through for the `@` that ends it. */
const USERINFO = '[A-Za-z0-9._~!$*+=%&;:-]{1,64}';

/** The longest text {@link LEFT} can match, rounded up: what must be shown to it. */
export const LEFT_LENGTH = 320;

/** What stands directly left of a host: 1 scheme, 2 colon (both absent for `//host`), 3 and 4 slashes, 5 userinfo. */
export const LEFT = new RegExp(`(?:(${SCHEME})(${COLON}))?(${SLASH})(${SLASH})(?:(${USERINFO})@)?$`, 'i');

/** One slash at `lastIndex`. */
export const SLASH_HERE = new RegExp(SLASH, 'iy');

/** A colon (1) and the port behind it (2, perhaps empty) at `lastIndex`. */
export const PORT_HERE = new RegExp(`(${COLON})(\\d{0,12})`, 'iy');

/** A blob: or filesystem: scheme directly before: what follows is an identifier, not a place. */
export const OPAQUE_BEFORE = new RegExp(`(?:blob|filesystem)${COLON}$`, 'i');

/** Compiled once for hosts of about the same length: a map is made for every public address. */
const unfinished = new RecentMap<RegExp>(16);

/**
 * An unfinished URL at the end of a text: all that could still become a match of {@link LEFT} before a host of at most
 * `hostLength` characters.
 */
export function unfinishedAtEnd(hostLength: number): RegExp {
  const roundedLength = Math.ceil(hostLength / 32) * 32;
  return unfinished.getOrMake(String(roundedLength), () => compileUnfinished(roundedLength));
}

function compileUnfinished(hostLength: number): RegExp {
  const authority = `[A-Za-z0-9._~!$*+=%&;:@\\[\\]-]{0,${hostLength + 66}}`;
  const rest = `(?:${CUT_SLASH}|${SLASH}${CUT_SLASH}|${SLASH}${SLASH}${authority})`;
  return new RegExp(`(?:h|ht|htt|w|${SCHEME}(?:${CUT_COLON}|${COLON}${rest})|${rest})$`, 'i');
}

/** How deep a spelling is percent-encoded: `/` 0, `%2F` 1, `%252F` 2. */
export function percentLevel(spelling: string): number {
  const percent = spelling.lastIndexOf('%');
  return percent < 0 ? 0 : (spelling.length - percent - 1) / 2;
}

/** `text` percent-encoded `level` times, where it holds characters that a URL's query would not take as they are. */
export function percentEncode(text: string, level: number): string {
  let result = text;
  for (let depth = 0; depth < level; depth++) result = result.replace(/[%[\]:/@]/g, encodeOctet);
  return result;
}

function encodeOctet(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** A CSS escape of fewer than six digits swallows a hexadecimal digit behind it: it then needs its closing space. */
export function closeEscape(slash: string): string {
  return /\\[0-9a-f]{1,5}$/i.test(slash) ? `${slash} ` : slash;
}

/** One character of a text as the innermost language reads it. */
export interface LogicalCharacter {
  /** Its code; -1 at the end of the text. */
  readonly code: number;
  /** How many characters of the text it takes. */
  readonly width: number;
}

const ESCAPED_HERE = /\\{1,8}(?:u00([0-9a-f]{2})|u\{0{0,4}([0-9a-f]{1,2})\}|x([0-9a-f]{2})|([\s\S]))/iy;
const REFERENCE_HERE = /&(?:amp;){0,3}(?:#0{0,5}(\d{1,3});?|#x0{0,5}([0-9a-f]{1,2});?|([a-z]{2,7});)/iy;
const PERCENT_HERE = /%(?:25){0,4}([0-9a-f]{2})/iy;
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, f: 12, v: 11 };
const NAMED: Readonly<Record<string, number>> = {
  quot: 0x22,
  apos: 0x27,
  lt: 0x3c,
  gt: 0x3e,
  sol: 0x2f,
  colon: 0x3a,
  commat: 0x40,
  quest: 0x3f,
  num: 0x23,
  bsol: 0x5c,
  equals: 0x3d,
  lpar: 0x28,
  rpar: 0x29,
  comma: 0x2c,
  period: 0x2e,
  nbsp: 0xa0,
};

/** Reads the character at `index` with whatever escape it is written in. Percent-encoding counts only at `level` > 0. */
export function readLogical(text: string, index: number, level: number): LogicalCharacter {
  const code = index < text.length ? text.charCodeAt(index) : -1;
  if (code === 0x5c) return readEscape(text, index);
  if (code === 0x26) return readReference(text, index);
  if (code === 0x25 && level > 0) {
    PERCENT_HERE.lastIndex = index;
    const match = PERCENT_HERE.exec(text);
    if (match) return { code: Number.parseInt(match[1] ?? '', 16), width: match[0].length };
  }
  return { code, width: 1 };
}

function readEscape(text: string, index: number): LogicalCharacter {
  ESCAPED_HERE.lastIndex = index;
  const match = ESCAPED_HERE.exec(text);
  if (match === null) return { code: 0x5c, width: 1 };
  const hex = match[1] ?? match[2] ?? match[3];
  const width = match[0].length;
  if (hex !== undefined) return { code: Number.parseInt(hex, 16), width };
  const character = match[4] ?? '';
  return { code: CONTROL_ESCAPES[character] ?? character.charCodeAt(0), width };
}

function readReference(text: string, index: number): LogicalCharacter {
  REFERENCE_HERE.lastIndex = index;
  const match = REFERENCE_HERE.exec(text);
  if (match === null) return { code: 0x26, width: 1 };
  const [whole, decimal, hex, name = ''] = match;
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : named;
  return code === undefined ? { code: 0x26, width: 1 } : { code, width: whole.length };
}

const ENDS_IN_ESCAPE =
  /(?:\\(?:[nrtbfv0]|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2}))|%(?:25){0,4}([0-9a-f]{2})|&(?:amp;){0,3}(?:#0{0,5}(\d{1,3});?|#x0{0,5}([0-9a-f]{1,2});?|([a-z]{2,7});))$/i;

/**
 * The character that the end of `text` stands for when that is an escape: the newline of `\n`, the quote of `%22`.
 * -1 if the text does not end in an escape; the code of its last character is then all there is to know.
 */
export function escapedAtEnd(text: string): number {
  const match = ENDS_IN_ESCAPE.exec(text);
  if (match === null) return -1;
  const hex = match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[6];
  if (hex !== undefined) return Number.parseInt(hex, 16);
  if (match[5] !== undefined) return Number(match[5]);
  const name = match[7];
  if (name === undefined) return 0x0a;
  return Object.hasOwn(NAMED, name) ? (NAMED[name] ?? -1) : -1;
}
