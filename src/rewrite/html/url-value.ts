// Maps one URL that stands in an attribute: byte by byte where it is written plainly, through the URL map where it is not.
import { printOrigin } from '../base-url.ts';
import { rewriteText, type Scanner } from '../scanner.ts';
import { replaceResolved, resolveValue } from './attribute-value.ts';
import type { Stage } from './stage.ts';

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

const SCRIPT_URL =
  /^[\0- ]*j[\t\n\r]*a[\t\n\r]*v[\t\n\r]*a[\t\n\r]*s[\t\n\r]*c[\t\n\r]*r[\t\n\r]*i[\t\n\r]*p[\t\n\r]*t[\t\n\r]*:/i;
const WEB_SCHEMES = new Set(['http', 'https', 'ws', 'wss']);

/** Maps URLs in the windows of one document. */
export class UrlValue {
  readonly #stage: Stage;
  readonly #languages: { readonly script: Scanner };
  readonly #prefix: string | undefined;
  readonly #prefixBytes: Buffer;
  /** The backend's origin as it is usually written, and the public one. */
  readonly #origin: Buffer;
  readonly #publicOrigin: string;

  /** @param languages has the scanner for `javascript:` URLs. */
  constructor(stage: Stage, languages: { readonly script: Scanner }) {
    this.#stage = stage;
    this.#languages = languages;
    this.#prefix = stage.map.plainPrefix;
    this.#prefixBytes = Buffer.from(this.#prefix ?? '', 'latin1');
    this.#origin = Buffer.from(printOrigin(stage.map.backend), 'latin1');
    this.#publicOrigin = printOrigin(stage.map.public);
  }

  /** Maps the raw URL in `[start, end)`. Answers whether it changed. */
  map(start: number, end: number): boolean {
    if (end <= start) return false;
    const stage = this.#stage;
    if (!stage.needles.isIn(start, end)) {
      const isRooted = stage.bytes[start] === SLASH;
      const answer = isRooted ? this.#judgeRooted(start, end) : this.#judgeOther(start, end);
      if (answer === 'same') return false;
      if (answer === 'prefix') {
        stage.edits.replace(start, start, this.#prefix ?? '');
        return true;
      }
    } else if (this.#mapPlainAbsolute(start, end)) return true;
    return this.#mapWith(start, end);
  }

  /** Maps the backend's origin in its usual spelling with a plain path behind it; answers false for anything else. */
  #mapPlainAbsolute(start: number, end: number): boolean {
    if (this.#prefix === undefined) return false;
    const { bytes, needles, edits } = this.#stage;
    const origin = this.#origin;
    const path = start + origin.length;
    if (path >= end || bytes[path] !== SLASH) return false;
    for (let index = 0; index < origin.length; index++) if (bytes[start + index] !== origin[index]) return false;
    if (needles.isIn(path, end)) return false;
    const answer = this.#judgeRooted(path, end);
    if (answer === 'look') return false;
    edits.replace(start, path, answer === 'same' ? this.#publicOrigin : this.#publicOrigin + this.#prefix);
    return true;
  }

  /** What becomes of a URL that begins with a slash and names no authority of ours in plain. */
  #judgeRooted(start: number, end: number): 'same' | 'prefix' | 'look' {
    if (this.#prefix === undefined) return this.#stage.map.addsPrefix ? 'look' : this.#judgeUnprefixed(start, end);
    const bytes = this.#stage.bytes;
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
    const next = CLASS[this.#stage.bytes[start + 1] ?? 0] ?? 0;
    return end - start > 1 && next & (ODD | IS_SLASH) ? 'look' : 'same';
  }

  #isBelowPrefix(start: number, end: number): boolean {
    const prefix = this.#prefixBytes;
    const bytes = this.#stage.bytes;
    const behind = start + prefix.length;
    if (behind > end) return false;
    for (let index = 1; index < prefix.length; index++) if (bytes[start + index] !== prefix[index]) return false;
    return behind === end || ((CLASS[bytes[behind] ?? 0] ?? 0) & (ENDS_PATH | IS_SLASH)) !== 0;
  }

  /** A URL that begins otherwise: relative, or with a scheme; nothing changes unless it names us in an odd spelling. */
  #judgeOther(start: number, end: number): 'same' | 'look' {
    const bytes = this.#stage.bytes;
    let at = start;
    while (at < end && (CLASS[bytes[at] ?? 0] ?? 0) & IN_SCHEME) at++;
    if (at === end) return 'same';
    const octet = bytes[at] ?? 0;
    if (octet === 0x3a && at > start) return this.#judgeScheme(start, at, end);
    // Something odd, and nothing before it has ended the first segment: a tab or a reference in a scheme.
    return (CLASS[octet] ?? 0) & ODD ? 'look' : 'same';
  }

  #judgeScheme(start: number, colon: number, end: number): 'same' | 'look' {
    const scheme = this.#stage.bytes.toString('latin1', start, colon).toLowerCase();
    if (scheme === 'javascript') return 'look';
    return WEB_SCHEMES.has(scheme) && !this.#isPlainForeign(colon + 1, end) ? 'look' : 'same';
  }

  /** Whether `//` and a host name in its one usual spelling stand at `at`: then it would have been found if it were ours. */
  #isPlainForeign(at: number, end: number): boolean {
    const bytes = this.#stage.bytes;
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

  #mapWith(start: number, end: number): boolean {
    const { window, map, edits } = this.#stage;
    const raw = window.slice(start, end);
    const mapped = map.toPublicEscaped(raw, 'html');
    if (mapped !== raw) {
      edits.replace(start, end, mapped);
      return true;
    }
    const value = resolveValue(raw, start);
    const scheme = SCRIPT_URL.exec(value.text)?.[0];
    if (scheme === undefined) return false;
    const script = value.text.slice(scheme.length);
    const rewritten = rewriteText(this.#languages.script, script);
    if (rewritten === script) return false;
    replaceResolved(value, scheme.length, value.text.length, rewritten, edits);
    return true;
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
