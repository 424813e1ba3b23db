// Finds absolute URLs of known servers in any text, in any escape style, and writes the URL of the other end in the same style.
import { type BaseUrl, isSamePort, printAuthority, translateScheme } from './base-url.ts';
import { EditList } from './edit-list.ts';
import {
  closeEscape,
  escapedAtEnd,
  LEFT,
  LEFT_LENGTH,
  OPAQUE_BEFORE,
  PORT_HERE,
  percentEncode,
  percentLevel,
  readLogical,
  SLASH_HERE,
  unfinishedAtEnd,
} from './escape-style.ts';
import { Window } from './window.ts';

/** One translation: URLs at or below `from` become URLs below `to`. */
export interface MatchRule {
  readonly from: BaseUrl;
  readonly to: BaseUrl;
  /**
   * What happens to paths: `add` replaces the base path, `auto` does so unless the path lies below `to` already,
   * `keep` leaves paths alone.
   */
  readonly prefix: 'auto' | 'add' | 'keep';
  /** Paths (ending in `/`) that are left alone at and below, whatever `prefix` says. */
  readonly except: readonly string[];
}

/** How much of a percent-encoded URL, or of any other, is looked at behind the authority before it is decided. */
const RIGHT_LENGTH = 256;
const NESTED_RIGHT_LENGTH = 768;
/** A text shorter than this is searched as a string: that is cheaper than a view of its bytes. */
const SMALL = 2048;
/** How far left a signature is looked for: the parameters before a nested URL. */
const LOOK_BEHIND = 256;

/** 1 at what ends a URL in every language at once: white space, controls, quotes, `<` and `>`. */
const HARD_ENDS = Uint8Array.from({ length: 256 }, (_, code) => (code <= 0x20 || code === 0x7f ? 1 : 0));
for (const character of '"\'<>`') HARD_ENDS[character.charCodeAt(0)] = 1;
/** What may stand directly before `//host`; with a scheme nothing alphanumeric may. */
const OPENS_URL = /["'(=\s,>`[{|]/;
const ALPHANUMERIC = /[A-Za-z0-9]/;
/** Parameters that carry a signature over the rest of the URL: changing one byte would void it. */
const SIGNATURE =
  /[?&;](?:amp;)?(?:[a-z0-9_.-]{0,20}signature|sig|sign|hmac|md5|x-[a-z]{2,6}-(?:signature|credential))=/i;

interface Found {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Left {
  readonly start: number;
  /** Lower case; empty for `//host`. */
  readonly scheme: string;
  readonly colon: string;
  readonly firstSlash: string;
  readonly slash: string;
  readonly userinfo: string;
}

/** Immutable; one per pair of public and backend base, shared by all bodies. */
export class AuthorityMatcher {
  /** How many characters of what stands before a text must be known to judge its first ones. */
  readonly lookBehind: number = LOOK_BEHIND;
  /** The most that {@link scan} leaves unsettled. */
  readonly maxHeldBytes: number = LEFT_LENGTH + NESTED_RIGHT_LENGTH + 128;
  readonly #rules = new Map<string, CompiledRule[]>();
  readonly #hosts: readonly string[];
  /** Every match contains one of these octet strings: where none of them is, nothing has to be looked at. */
  readonly needles: readonly Buffer[];
  /** Whether a needle has letters, so that it can be written in another case. */
  readonly hasCase: boolean;
  readonly #anyCase: RegExp;
  readonly #unfinished: RegExp;
  readonly #isNested: boolean;

  /** `isNested` false leaves percent-encoded URLs alone. Rules of one host are tried in order, the first match counts. */
  constructor(rules: readonly MatchRule[], isNested = true) {
    for (const rule of rules) {
      const compiled = compileRule(rule);
      for (const host of hostSpellings(rule.from.host)) {
        const known = this.#rules.get(host);
        if (known === undefined) this.#rules.set(host, [compiled]);
        else known.push(compiled);
      }
    }
    this.#hosts = [...this.#rules.keys()];
    const needles = chooseNeedles(rules);
    this.needles = needles.map((needle) => Buffer.from(needle, 'latin1'));
    this.hasCase = needles.some((needle) => /[a-z]/i.test(needle));
    this.#anyCase = new RegExp(needles.map(escapeRegExp).join('|'), 'i');
    this.#unfinished = unfinishedAtEnd(Math.max(0, ...this.#hosts.map((host) => host.length)));
    this.#isNested = isNested;
  }

  /** Whether one of the authorities can be in `bytes[from, to)`. False is certain; true needs a closer look. */
  mayContain(bytes: Buffer, from = 0, to = bytes.length): boolean {
    const part = from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
    for (const needle of this.needles) if (part.indexOf(needle) >= 0) return true;
    return false;
  }

  /** Whether a needle stands in `text`, in any case: then it may name us in some spelling other than the usual ones. */
  isHintedIn(text: string): boolean {
    return this.#anyCase.test(text);
  }

  /** Matches a needle in any case, or one of `more`. */
  hintPattern(more: readonly string[]): RegExp {
    return new RegExp([this.#anyCase.source, ...more.map(escapeRegExp)].join('|'), 'gi');
  }

  /** {@link isHintedIn} for bytes. */
  isHintedInBytes(bytes: Buffer): boolean {
    return this.hasCase ? this.isHintedIn(bytes.toString('latin1')) : this.mayContain(bytes);
  }

  /** Whether one of the hosts stands in `text`. False is certain. */
  isNamedIn(text: string): boolean {
    for (const host of this.#hosts) if (text.includes(host)) return true;
    return false;
  }

  /** Translates every URL in `text` (latin1). Returns the same string if there is none. `behind` stands before it. */
  replaceIn(text: string, behind = ''): string {
    if (!this.isNamedIn(text)) return text;
    const edits = new EditList();
    this.scan(Window.ofText(text), 0, text.length, true, behind, edits);
    return edits.length === 0 ? text : edits.apply(text, 0, text.length);
  }

  /**
   * Adds an edit for every URL in `[from, to)` and returns how far the text is settled (see `Scanner.scan`). `behind` is
   * what stands before `from`, at least its last {@link lookBehind} characters; empty where the text begins.
   */
  scan(window: Window, from: number, to: number, isLast: boolean, behind: string, edits: EditList): number {
    const isCheapAsText = window.hasText || to - from < SMALL;
    let settled = 0;
    if (isCheapAsText || this.mayContain(window.bytes, from, to)) {
      const text = from === 0 && to === window.length ? window.text : window.slice(from, to);
      const result = this.#scanText({ text, isLast, behind }, from, edits);
      if (result.isWaiting) return from + result.settled;
      settled = result.settled;
    }
    return isLast ? to : this.#holdUnfinished(window, from + settled, to);
  }

  #scanText(place: Place, offset: number, edits: EditList): { settled: number; isWaiting: boolean } {
    const { text } = place;
    const next = this.#hosts.map((host) => text.indexOf(host));
    let settled = 0;
    for (;;) {
      const nearest = nearestHit(next, this.#hosts);
      if (nearest < 0) return { settled, isWaiting: false };
      const at = next[nearest] ?? 0;
      const host = this.#hosts[nearest] ?? '';
      const found = at < settled ? undefined : this.#examine(place, at, host);
      if (typeof found === 'number') return { settled: Math.max(settled, found), isWaiting: true };
      if (found !== undefined && found.start >= settled) {
        if (text.slice(found.start, found.end) !== found.text)
          edits.replace(offset + found.start, offset + found.end, found.text);
        settled = found.end;
      }
      next[nearest] = text.indexOf(host, at + 1);
    }
  }

  /** A match, undefined for none, or the position from which more text is needed to know. */
  #examine(place: Place, at: number, host: string): Found | number | undefined {
    const { text } = place;
    const left = readLeft(place, at);
    if (left === undefined) return undefined;
    const level = percentLevel(left.slash);
    if (level > 0 && !this.#isNested) return undefined;
    const end = at + host.length;
    const limit = level > 0 ? NESTED_RIGHT_LENGTH : RIGHT_LENGTH;
    const stop = indexOfHardEnd(text, end, Math.min(text.length, end + limit));
    if (stop < 0 && text.length < end + limit && !place.isLast) return left.start;
    const right = text.slice(end, stop < 0 ? end + limit : stop + 1);
    for (const rule of this.#rules.get(host) ?? []) {
      const matched = matchRight(right, rule, left, level);
      if (matched === undefined) continue;
      if (isSigned(place, left.start, right)) return undefined;
      return { start: left.start, end: end + matched.width, text: matched.text };
    }
    return undefined;
  }

  /** Where the beginning of a URL may stand at the end of `[from, to)`: from there on the bytes must wait. */
  #holdUnfinished(window: Window, from: number, to: number): number {
    const start = Math.max(from, to - LEFT_LENGTH);
    if (start >= to) return to;
    const tail = window.slice(start, to);
    if (NEVER_UNFINISHED.test(tail)) return to;
    const match = this.#unfinished.exec(tail.slice(lastHardEnd(tail) + 1));
    return match === null ? to : to - match[0].length;
  }
}

interface Place {
  readonly text: string;
  readonly isLast: boolean;
  readonly behind: string;
}

/** The last character decides nearly always: nothing that ends so can be the beginning of a URL. */
const NEVER_UNFINISHED = /(?:["'<>()`,|^\0-\x08\x0b-\x1f\x80-\xff]|[^0-9a-f][ \t\n])$/i;

function indexOfHardEnd(text: string, from: number, to: number): number {
  for (let index = from; index < to; index++) if (isHardEnd(text.charCodeAt(index))) return index;
  return -1;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function isHardEnd(code: number): boolean {
  return HARD_ENDS[code] === 1;
}

function lastHardEnd(text: string): number {
  for (let index = text.length - 1; index >= 0; index--) {
    const code = text.charCodeAt(index);
    if (code === 0x22 || code === 0x27 || code === 0x3c || code === 0x3e || code === 0x60) return index;
  }
  return -1;
}

/** The index of the host whose next hit comes first; at equal places the longer host. -1 if there is none. */
function nearestHit(next: readonly number[], hosts: readonly string[]): number {
  let nearest = -1;
  for (let index = 0; index < next.length; index++) {
    const at = next[index] ?? -1;
    if (at < 0) continue;
    const best = next[nearest] ?? Number.POSITIVE_INFINITY;
    const isLonger = (hosts[index]?.length ?? 0) > (hosts[nearest]?.length ?? 0);
    if (at < best || (at === best && isLonger)) nearest = index;
  }
  return nearest;
}

/** The `count` characters left of `at`, across the beginning of the text. */
function before(place: Place, at: number, count: number): string {
  if (at >= count) return place.text.slice(at - count, at);
  return place.behind.slice(at - count) + place.text.slice(0, at);
}

const SCHEME_BEFORE = /(?:https?|wss?)$/i;

function readLeft(place: Place, at: number): Left | undefined {
  const { text } = place;
  const previous = at > 0 ? text.charCodeAt(at - 1) : -1;
  if (!canEndLeft(previous, text.charCodeAt(at - 2))) return undefined;
  const left = isPlain(text, at) ? readPlainLeft(text, at) : readStyledLeft(place, at);
  return left !== undefined && isFreeToTheLeft(before(place, left.start, 40), left.scheme) ? left : undefined;
}

/** Whether `://` or, at a place where only it can begin, `//` stands before `at`, without any escape. */
function isPlain(text: string, at: number): boolean {
  return at >= 3 && text.charCodeAt(at - 1) === 0x2f && text.charCodeAt(at - 2) === 0x2f && text[at - 3] === ':';
}

function readPlainLeft(text: string, at: number): Left | undefined {
  const scheme = SCHEME_BEFORE.exec(text.slice(Math.max(0, at - 8), at - 3))?.[0];
  if (scheme === undefined) return undefined;
  return {
    start: at - 3 - scheme.length,
    scheme: scheme.toLowerCase(),
    colon: ':',
    firstSlash: '/',
    slash: '/',
    userinfo: '',
  };
}

function readStyledLeft(place: Place, at: number): Left | undefined {
  const match = LEFT.exec(before(place, at, LEFT_LENGTH));
  if (match === null) return undefined;
  const [whole, scheme = '', colon = '', firstSlash = '', slash = '', userinfo] = match;
  const start = at - whole.length;
  if (start < 0) return undefined;
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  return { start, scheme: scheme.toLowerCase(), colon, firstSlash, slash, userinfo: user };
}

/** `/`, or the end of a spelling of one: `f`, `}`, `;`, `7`, `f` and white space (CSS); or the `@` of userinfo. */
function canEndLeft(code: number, codeBefore: number): boolean {
  if (code === 0x2f || code === 0x40 || code === 0x3b || code === 0x7d || code === 0x37) return true;
  if (code === 0x20 || code === 0x09 || code === 0x0a) return (codeBefore | 0x20) === 0x66;
  return (code | 0x20) === 0x66;
}

/** Whether a URL can begin behind `context`: no longer scheme, no blob:, no longer path. */
function isFreeToTheLeft(context: string, scheme: string): boolean {
  const last = context.slice(-1);
  const lastCode = last.charCodeAt(0);
  if (last === '' || (lastCode > 0x20 && isHardEnd(lastCode))) return true;
  if (scheme === '') {
    if (OPENS_URL.test(last)) return true;
    const escaped = escapedAtEnd(context);
    return escaped >= 0 && OPENS_URL.test(String.fromCharCode(escaped));
  }
  if (!ALPHANUMERIC.test(last)) return !OPAQUE_BEFORE.test(context);
  const escaped = escapedAtEnd(context);
  return escaped >= 0 && !ALPHANUMERIC.test(String.fromCharCode(escaped)) && !OPAQUE_BEFORE.test(context);
}

interface Matched {
  /** How much of the text behind the host belongs to what is replaced. */
  readonly width: number;
  readonly text: string;
}

/** A rule with what is the same for all its matches. */
interface CompiledRule extends MatchRule {
  /** The authority of `to`, without escapes. */
  readonly authority: string;
  /** The path of `to` without its final slash. */
  readonly barePath: string;
  /** Whether a path below `to` still is to be tested for `from`: see `isAlreadyBelow` in `path-map.ts`. */
  readonly leavesPublicPaths: boolean;
}

function compileRule(rule: MatchRule): CompiledRule {
  const { from, to, prefix } = rule;
  const isMoreSpecific = from.path.length > to.path.length && from.path.startsWith(to.path);
  return {
    ...rule,
    authority: printAuthority(to),
    barePath: to.path.slice(0, -1),
    leavesPublicPaths: prefix === 'auto' && to.path !== '/' && !isMoreSpecific,
  };
}

/** Compares what stands behind the host with a rule; `right` ends with what ends every URL, or at the limit. */
function matchRight(right: string, rule: CompiledRule, left: Left, level: number): Matched | undefined {
  const port = readPort(right, level);
  if (port === undefined || !isSamePort(rule.from, left.scheme, port.number)) return undefined;
  if (!endsAuthority(right, port.width, level)) return undefined;
  const style: Style = { slash: left.slash, colon: port.colon || left.colon || colonLike(left.slash), level };
  const scheme = left.scheme === '' ? '' : translateScheme(left.scheme, rule.to) + left.colon;
  const start = scheme + left.firstSlash + left.slash + left.userinfo + writeAuthority(rule, style);
  const only = { width: port.width, text: start };
  const { from, to } = rule;
  if (rule.prefix === 'keep') return only;
  for (const path of rule.except) if (matchPath(right, port.width, path, level) >= 0) return only;
  if (rule.leavesPublicPaths && matchPath(right, port.width, to.path, level) >= 0) return only;
  const pathEnd = matchPath(right, port.width, from.path, level);
  if (pathEnd < 0) return from.path === to.path && isPathEmpty(right, port.width, level) ? only : undefined;
  const slash = isCutAt(right, pathEnd, port.width, level) ? style.slash : '';
  return { width: pathEnd, text: start + writePath(rule, style) + slash };
}

/** An empty path in front of a query or a fragment is written out: the URL is whole then, nobody appends a path to it. */
function isCutAt(right: string, pathEnd: number, authorityEnd: number, level: number): boolean {
  if (pathEnd !== authorityEnd) return false;
  const { code } = readLogical(right, pathEnd, level);
  return code === 0x3f || code === 0x23;
}

interface Style {
  readonly slash: string;
  readonly colon: string;
  readonly level: number;
}

interface Port {
  readonly number: number | undefined;
  readonly width: number;
  readonly colon: string;
}

const NO_PORT: Port = { number: undefined, width: 0, colon: '' };

/** Reads `:port`. Undefined where something stands behind the colon that is no port: the URL goes on differently. */
function readPort(right: string, level: number): Port | undefined {
  const first = right.charCodeAt(0);
  // Nothing else begins a colon in any spelling.
  if (first !== 0x3a && first !== 0x25 && first !== 0x5c && first !== 0x26) return NO_PORT;
  if (first === 0x3a) {
    const width = endOfDigits(right, 1);
    if (width > 1) return toPort(right.slice(1, width), width, ':');
  }
  PORT_HERE.lastIndex = 0;
  const match = PORT_HERE.exec(right);
  if (match === null) return NO_PORT;
  const [whole, colon = '', digits = ''] = match;
  if (digits !== '') return toPort(digits, whole.length, colon);
  const next = readLogical(right, whole.length, level).code;
  // `http://host:/x` has an empty port; `http://host: text` is a sentence, whose colon stays.
  if (next === 0x2f || next === 0x3f || next === 0x23) return { number: undefined, width: whole.length, colon };
  return next === -1 || isHardEnd(next) ? NO_PORT : undefined;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
  return at;
}

function toPort(digits: string, width: number, colon: string): Port | undefined {
  const number = Number(digits);
  return number > 65_535 ? undefined : { number, width, colon };
}

const AUTHORITY_ENDS = /[/?#\\"'<>`\0-\x20\x7f]/;

/** Whether the authority ends at `index`: no longer host or port, and no `@` that makes all of it userinfo. */
function endsAuthority(right: string, index: number, level: number): boolean {
  if (right.charCodeAt(index) === 0x2f || index >= right.length || isHardEnd(right.charCodeAt(index))) return true;
  const { code, width } = readLogical(right, index, level);
  if (code < 0) return true;
  const character = String.fromCharCode(code);
  if (AUTHORITY_ENDS.test(character)) return true;
  if (/[A-Za-z0-9_-]/.test(character) || code > 0x7f) return false;
  if (character === '.') {
    const after = readLogical(right, index + width, level).code;
    if (after >= 0 && /[A-Za-z0-9_/:\\-]/.test(String.fromCharCode(after))) return false;
  }
  for (let at = index, count = 0; count < 128; count++) {
    const next = readLogical(right, at, level);
    if (next.code === 0x40) return false;
    if (next.code < 0 || AUTHORITY_ENDS.test(String.fromCharCode(next.code))) return true;
    at += next.width;
  }
  return true;
}

/** Where `base` (ending in `/`) ends in the text at `index`, at the slash behind it or at the path's end; -1 if it is not there. */
function matchPath(right: string, index: number, base: string, level: number): number {
  let at = index;
  if (base === '/') return at;
  if (right.charCodeAt(at) === 0x2f) {
    if (right.startsWith(base, at)) return at + base.length - 1;
    if (right.charCodeAt(at + 1) !== base.charCodeAt(1) && level === 0) return -1;
  } else if (at >= right.length || isHardEnd(right.charCodeAt(at))) return -1;
  for (const segment of base.slice(1, -1).split('/')) {
    SLASH_HERE.lastIndex = at;
    const slash = SLASH_HERE.exec(right);
    const wanted = percentEncode(segment, level);
    if (slash === null || !right.startsWith(wanted, at + slash[0].length)) return -1;
    at += slash[0].length + wanted.length;
  }
  const { code, width } = readLogical(right, at, level);
  if (code < 0) return at;
  const character = String.fromCharCode(code);
  if (/[A-Za-z0-9_~%!$*+=:@-]/.test(character) || code > 0x7f) return -1;
  if (character !== '.') return at;
  const after = readLogical(right, at + width, level).code;
  return after >= 0 && /[A-Za-z0-9_~%-]/.test(String.fromCharCode(after)) ? -1 : at;
}

function isPathEmpty(right: string, index: number, level: number): boolean {
  return readLogical(right, index, level).code !== 0x2f;
}

function writeAuthority({ authority, to }: CompiledRule, { colon, level }: Style): string {
  if (level === 0 && colon === ':') return authority;
  const port = authority.slice(to.host.length);
  const host = to.host.startsWith('[') ? percentEncode(to.host, level) : to.host;
  return host + (port === '' ? '' : closeEscape(colon) + port.slice(1));
}

function writePath({ barePath }: CompiledRule, { slash, level }: Style): string {
  if (slash === '/') return barePath;
  const segments = barePath.split('/').map((segment) => percentEncode(segment, level));
  return segments.join(closeEscape(slash));
}

/** The spelling of a colon that goes with a slash, for a URL that has none of its own: `%2F%2Fhost` and a port. */
function colonLike(slash: string): string {
  if (slash.includes('%')) return slash.replace(/2f$/i, '3A');
  return ':';
}

/** Whether a nested URL stands in the query of a signed URL: its bytes are what was signed. */
function isSigned(place: Place, start: number, right: string): boolean {
  if (start > 0 && isHardEnd(place.text.charCodeAt(start - 1))) return false;
  const context = before(place, start, LOOK_BEHIND);
  let open = context.length;
  while (open > 0 && !isHardEnd(context.charCodeAt(open - 1))) open--;
  const token = context.slice(open);
  return token.includes('?') && (SIGNATURE.test(token) || SIGNATURE.test(right));
}

/** The spellings under which a host is searched: an IPv6 address in a query has its brackets and colons encoded. */
function hostSpellings(host: string): string[] {
  if (!host.startsWith('[')) return [host];
  const once = percentEncode(host, 1);
  return [host, once, once.toLowerCase(), percentEncode(host, 2)];
}

/**
 * The fewest strings of which every match contains one: ports that are no default can stand for all hosts that share
 * them, so that three spellings of one backend cost one search.
 */
function chooseNeedles(rules: readonly MatchRule[]): string[] {
  const withPort = rules.filter((rule) => rule.from.port !== 80 && rule.from.port !== 443);
  const ports = new Set(withPort.map((rule) => String(rule.from.port)));
  const hosts = new Set(withPort.flatMap((rule) => hostSpellings(rule.from.host)));
  const rest = rules.filter((rule) => !withPort.includes(rule)).flatMap((rule) => hostSpellings(rule.from.host));
  const others = new Set(rest);
  return [...others, ...(ports.size < hosts.size ? ports : [...hosts].filter((host) => !others.has(host)))];
}
