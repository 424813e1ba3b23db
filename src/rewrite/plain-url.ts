// Maps URLs that are written plainly by looking at their bytes: most URLs, and no string is made for them.
import { printOrigin } from './base-url.ts';
import type { EditList } from './edit-list.ts';
import type { NeedleCursor } from './needle-cursor.ts';
import type { UrlMap } from './url-map.ts';

const SLASH = 0x2f;

// Classes of octets in a URL.
/** Ends the path or the authority: `?` and `#`. */
const ENDS_PATH = 1;
/** Not plain in a path: `%`, `\`, `&`, controls and spaces. */
const ODD = 2;
const IS_SLASH = 4;
/** Letters and digits of a scheme, and `+`, `-`, `.`. */
const IN_SCHEME = 8;
/** Lower-case letters, digits, `-`, `.`, `_`, `:`: an authority that is what it looks like. */
const IN_PLAIN_AUTHORITY = 16;
const CLASS = Uint8Array.from({ length: 256 }, (_, octet) => classOf(octet));

const WEB_SCHEMES = new Set(['http', 'https', 'ws', 'wss']);

/** What became of a URL: `unknown` leaves it to {@link UrlMap.toPublicEscaped}, which decides the same where it is known. */
export type PlainAnswer = 'same' | 'changed' | 'unknown';

/**
 * Knows the URLs that begin with one slash, those that begin with the backend's origin in its usual spelling, and those
 * that cannot be ours. Everything with an escape, a backslash or a space in it is unknown.
 */
export class PlainUrl {
  readonly #addsPrefix: boolean;
  /** Whether a URL without a needle never changes. */
  readonly #needsNeedle: boolean;
  readonly #prefix: string | undefined;
  readonly #prefixBytes: Buffer;
  /** The backend's origin as it is usually written, and the public one. */
  readonly #origin: Buffer;
  readonly #publicOrigin: string;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(map: UrlMap) {
    this.#addsPrefix = map.addsPrefix;
    this.#needsNeedle = !map.addsPrefix && !map.matcher.hasCase;
    this.#prefix = map.plainPrefix;
    this.#prefixBytes = Buffer.from(this.#prefix ?? '', 'latin1');
    this.#origin = Buffer.from(printOrigin(map.backend), 'latin1');
    this.#publicOrigin = printOrigin(map.public);
  }

  /** Looks at the URL in `[start, end)` of `bytes`, in which `needles` walks, and adds the edit that it needs. */
  map(bytes: Buffer, start: number, end: number, needles: NeedleCursor, edits: EditList): PlainAnswer {
    if (end <= start) return 'same';
    this.#bytes = bytes;
    if (needles.isIn(start, end)) return this.#mapAbsolute(start, end, needles, edits);
    if (this.#needsNeedle) return 'same';
    const answer = bytes[start] === SLASH ? this.#judgeRooted(start, end) : this.#judgeOther(start, end);
    if (answer === 'look') return 'unknown';
    if (answer === 'same') return 'same';
    edits.replace(start, start, this.#prefix ?? '');
    return 'changed';
  }

  #mapAbsolute(start: number, end: number, needles: NeedleCursor, edits: EditList): PlainAnswer {
    if (this.#prefix === undefined) return 'unknown';
    const bytes = this.#bytes;
    const origin = this.#origin;
    const path = start + origin.length;
    if (path >= end || bytes[path] !== SLASH) return 'unknown';
    for (let index = 0; index < origin.length; index++) if (bytes[start + index] !== origin[index]) return 'unknown';
    // Another authority inside: a nested URL.
    if (needles.isIn(path, end)) return 'unknown';
    const answer = this.#judgeRooted(path, end);
    if (answer === 'look') return 'unknown';
    edits.replace(start, path, answer === 'same' ? this.#publicOrigin : this.#publicOrigin + this.#prefix);
    return 'changed';
  }

  /** What becomes of a URL that begins with a slash and names no authority of ours in plain. */
  #judgeRooted(start: number, end: number): 'same' | 'prefix' | 'look' {
    if (this.#prefix === undefined) return this.#addsPrefix ? 'look' : this.#judgeUnprefixed(start, end);
    const bytes = this.#bytes;
    let isBehindSlash = true;
    for (let at = start + 1; at < end; at++) {
      const octet = bytes[at] ?? 0;
      const octetClass = CLASS[octet] ?? 0;
      if (octetClass & ENDS_PATH) break;
      // An empty segment at the front is an authority, elsewhere it and a segment of dots may hide the mount's path.
      if (octetClass & ODD || (isBehindSlash && (octet === SLASH || octet === 0x2e))) return 'look';
      isBehindSlash = octet === SLASH;
    }
    return this.#isBelowPrefix(start, end) ? 'same' : 'prefix';
  }

  /** Without a prefix to add only `//host` and its odd spellings can change. */
  #judgeUnprefixed(start: number, end: number): 'same' | 'look' {
    const next = CLASS[this.#bytes[start + 1] ?? 0] ?? 0;
    return end - start > 1 && next & (ODD | IS_SLASH) ? 'look' : 'same';
  }

  #isBelowPrefix(start: number, end: number): boolean {
    const prefix = this.#prefixBytes;
    const bytes = this.#bytes;
    const behind = start + prefix.length;
    if (behind > end) return false;
    for (let index = 1; index < prefix.length; index++) if (bytes[start + index] !== prefix[index]) return false;
    return behind === end || ((CLASS[bytes[behind] ?? 0] ?? 0) & (ENDS_PATH | IS_SLASH)) !== 0;
  }

  /** A URL that begins otherwise: relative, or with a scheme; nothing changes unless it names us in an odd spelling. */
  #judgeOther(start: number, end: number): 'same' | 'look' {
    const bytes = this.#bytes;
    let at = start;
    while (at < end && (CLASS[bytes[at] ?? 0] ?? 0) & IN_SCHEME) at++;
    if (at === end) return 'same';
    const octet = bytes[at] ?? 0;
    if (octet === 0x3a && at > start) return this.#judgeScheme(start, at, end);
    // Something odd, and nothing before it has ended the first segment: a tab or a reference in a scheme.
    return (CLASS[octet] ?? 0) & ODD ? 'look' : 'same';
  }

  #judgeScheme(start: number, colon: number, end: number): 'same' | 'look' {
    const scheme = this.#bytes.toString('latin1', start, colon).toLowerCase();
    if (scheme === 'javascript') return 'look';
    return WEB_SCHEMES.has(scheme) && !this.#isPlainForeign(colon + 1, end) ? 'look' : 'same';
  }

  /** Whether `//` and a host name in its one usual spelling stand at `at`: then it would have been found if it were ours. */
  #isPlainForeign(at: number, end: number): boolean {
    const bytes = this.#bytes;
    if (bytes[at] !== SLASH || bytes[at + 1] !== SLASH) return false;
    let index = at + 2;
    let labelStart = index;
    while (index < end && (CLASS[bytes[index] ?? 0] ?? 0) & IN_PLAIN_AUTHORITY) {
      if (bytes[index] === 0x3a) break;
      if (bytes[index] === 0x2e) labelStart = index + 1;
      index++;
    }
    // The last label of a name begins with a letter; anything else may be an address in disguise.
    const first = bytes[labelStart] ?? 0;
    if (labelStart >= index || first < 0x61 || first > 0x7a) return false;
    while (index < end && (CLASS[bytes[index] ?? 0] ?? 0) & IN_PLAIN_AUTHORITY) index++;
    return index >= end || ((CLASS[bytes[index] ?? 0] ?? 0) & (ENDS_PATH | IS_SLASH)) !== 0;
  }
}

function classOf(octet: number): number {
  const isDigit = octet >= 0x30 && octet <= 0x39;
  const isLower = octet >= 0x61 && octet <= 0x7a;
  const isUpper = octet >= 0x41 && octet <= 0x5a;
  if (octet === 0x3f || octet === 0x23) return ENDS_PATH;
  if (octet <= 0x20 || octet === 0x25 || octet === 0x5c || octet === 0x26) return ODD;
  if (octet === SLASH) return IS_SLASH;
  if (octet === 0x2d || octet === 0x2e || isDigit || isLower) return IN_SCHEME | IN_PLAIN_AUTHORITY;
  if (octet === 0x5f || octet === 0x3a) return IN_PLAIN_AUTHORITY;
  return isUpper || octet === 0x2b ? IN_SCHEME : 0;
}
