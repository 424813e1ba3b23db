// The two-way URL map of one mount: the only place in Portico that changes a URL.
import { createHash } from 'node:crypto';
import { AuthorityMatcher, type MatchRule } from './authority-matcher.ts';
import { type BaseUrl, isSamePort, printAuthority, printBaseUrl, printOrigin, translateScheme } from './base-url.ts';
import { type EscapeLanguage, escapeSign, unescapeValue } from './escapes.ts';
import { endOfBase, type PathEdit, type PathRule, translatePath } from './path-map.ts';

/** What is done with paths that may or may not know the mount: see {@link UrlMapOptions.prefix}. */
export type PrefixPolicy = 'auto' | 'add' | 'keep';

/** A link from this mount to another one: URLs of that backend become URLs of its public base. */
export interface CrossLink {
  readonly backend: BaseUrl;
  readonly public: BaseUrl;
}

/** What makes a {@link UrlMap}. */
export interface UrlMapOptions {
  /** Where clients see the mount. */
  readonly public: BaseUrl;
  /** Where its requests go. */
  readonly backend: BaseUrl;
  /** Other spellings of the backend, each with the path that stands for the mount's root there. */
  readonly also?: readonly BaseUrl[];
  /** Other mounts whose backends this application links to. */
  readonly crossLinks?: readonly CrossLink[];
  /**
   * `auto` (default) leaves a path alone that lies below the mount already, because some applications know their
   * prefix; `add` maps even those, for a backend that has a route named like the mount; `keep` never changes a path.
   */
  readonly prefix?: PrefixPolicy;
  /** Paths (ending in `/`) at and below which nothing is mapped: parts of the site that the application links to. */
  readonly except?: readonly string[];
  /** Whether percent-encoded backend URLs, as in `?next=http%3A%2F%2F...`, are mapped. Default true. */
  readonly nested?: boolean;
  /**
   * Whether the backend is sent the public Host. It then writes its URLs with the public authority, and those outside
   * the mount are its own as well. Default false.
   */
  readonly sendsPublicHost?: boolean;
}

/** The change of a root-relative URL: `[start, end)` of the raw value becomes `text`. */
export interface RootRelativeEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A rule, and what it does to paths alone. */
interface MapRule extends MatchRule {
  readonly path: PathRule;
}

/** One of the two ways through the map. */
interface Direction {
  readonly rules: readonly MapRule[];
  /** The rule for URLs without authority. */
  readonly own: MapRule;
  readonly matcher: AuthorityMatcher;
  /** The plain spellings of what the rules translate, up to the path. */
  readonly fronts: ReadonlyMap<string, PlainFront>;
  readonly hosts: ReadonlySet<string>;
}

/** A URL up to its path, as it is usually written, and what becomes of it. */
interface PlainFront {
  readonly text: string;
  readonly rule: MapRule;
}

/** Changes with every change of what the rewriters do to a body: part of the validators of rewritten responses. */
const REWRITER_VERSION = 2;

/**
 * Maps URLs between the public base and the backend base of a mount. Pure and immutable.
 *
 * Laws: `toBackend(toPublic(u)) = u` for every URL of the backend (an empty path is `/`, RFC 9110 §4.2.3; other
 * spellings of the backend come back as the first); `toPublic(toPublic(u)) = toPublic(u)` unless `prefix` is `add`;
 * the form of the URL and everything outside it stay byte for byte; what is not known stays as it is.
 */
export class UrlMap {
  readonly public: BaseUrl;
  readonly backend: BaseUrl;
  /** Whether a root-relative URL of the backend can change; if not, only authorities matter. */
  readonly addsPrefix: boolean;
  /**
   * What is put before a root-relative URL that is written plainly (no escapes, no backslashes, no empty or dot segments)
   * and does not lie at or below it already; undefined where there is more to know. {@link toPublic} agrees.
   */
  readonly plainPrefix: string | undefined;
  readonly #options: UrlMapOptions;
  readonly #inwardPath: PathRule;
  // Made when first asked for: most exchanges hold no URL to map, and every public address has a map of its own.
  #outward: Direction | undefined;
  #inward: Direction | undefined;
  #fingerprint: string | undefined;

  constructor(options: UrlMapOptions) {
    this.public = options.public;
    this.backend = options.backend;
    this.#options = options;
    this.#inwardPath = pathRule(inwardRule(options));
    this.addsPrefix = options.prefix !== 'keep' && options.public.path !== options.backend.path;
    const { prefix = 'auto', except = [] } = options;
    const isPlain = this.addsPrefix && prefix === 'auto' && except.length === 0 && options.backend.path === '/';
    this.plainPrefix = isPlain ? options.public.path.slice(0, -1) : undefined;
  }

  /** Finds the backend's URLs in any text and writes their public form. */
  get matcher(): AuthorityMatcher {
    return this.#forward().matcher;
  }

  /** Names this configuration of the map and this version of the rewriters: eight letters and digits. */
  get fingerprint(): string {
    return (this.#fingerprint ??= fingerprint(this.#options));
  }

  /** Whether a URL of the backend can be in `bytes[from, to)`. False is certain. */
  mayContain(bytes: Buffer, from = 0, to = bytes.length): boolean {
    return this.matcher.mayContain(bytes, from, to);
  }

  /**
   * Whether a value that stands so in a source (latin1, with its escapes) is examined at all. Where no path changes, only
   * one with a needle of the matcher in it is, in any case of its letters.
   */
  isExamined(raw: string): boolean {
    return this.addsPrefix || this.matcher.isHintedIn(raw);
  }

  /**
   * The public form of a URL as the backend writes it (latin1 text, anything a browser would take for a URL, white
   * space around it included). Returns the same string when nothing changes. Scripts (`javascript:`) and `data:` are
   * not looked into.
   */
  toPublic(url: string): string {
    return mapUrl(url, this.#forward());
  }

  /** The backend form of a public URL; what does not lie in the mount stays as it is. */
  toBackend(url: string): string {
    return mapUrl(url, this.#backward());
  }

  /** {@link toPublic} for a value as it stands in HTML, CSS or JSON source: escapes are understood and kept. */
  toPublicEscaped(raw: string, language: EscapeLanguage): string {
    if (!raw.includes(escapeSign(language))) return mapUrl(raw, this.#forward());
    const { text, origins } = unescapeValue(raw, language);
    return mapSpelled(raw, withoutControls(text, origins), this.#forward());
  }

  /**
   * The change that makes a raw value, if it is a root-relative URL, a public one; undefined where it is none or does
   * not change. The value may be cut off behind its first few hundred characters. Cheaper than
   * {@link toPublicEscaped}, and enough where something else looks for authorities.
   */
  rootRelativeEdit(raw: string, language: EscapeLanguage): RootRelativeEdit | undefined {
    if (!this.addsPrefix) return undefined;
    const spelled = raw.includes(escapeSign(language)) ? unescapeValue(raw, language) : undefined;
    const { text, origins, offset } = withoutControls(spelled?.text ?? raw, spelled?.origins);
    if (!isPath(text)) return undefined;
    const front = readFront(text, this.#forward());
    const [piece] = front?.pieces ?? [];
    if (piece === undefined) return undefined;
    const place = (index: number) => origins?.[index] ?? index + offset;
    const slash = raw.slice(place(0), place(1));
    return { start: place(0), end: place(piece.end), text: piece.text.replaceAll('/', slash) };
  }

  /** The public origin for a backend origin (`scheme://host[:port]`, no path); anything else unchanged. */
  originToPublic(origin: string): string {
    return mapOrigin(origin, this.#forward());
  }

  /** The backend origin for the public origin; anything else unchanged. */
  originToBackend(origin: string): string {
    return mapOrigin(origin, this.#backward());
  }

  /** The public form of an absolute path, unchanged if it is none of the backend's. No query is looked into. */
  pathToPublic(path: string): string {
    return mapPath(path, this.#forward().own.path);
  }

  /** The backend form of an absolute path below the mount; any other unchanged. */
  pathToBackend(path: string): string {
    return mapPath(path, this.#inwardPath);
  }

  /**
   * The request target to send upstream for an origin-form target (RFC 9112 §3.2.1) below the mount, its octets kept;
   * undefined if it does not lie below. `isNestedMapped` also maps public URLs inside the query back, which undoes what
   * {@link toPublic} did to links; right where the backend is sent its own Host.
   */
  targetToBackend(target: string, isNestedMapped = false): string | undefined {
    if (endOfBase(target, this.public.path) < 0) return undefined;
    const answer = translatePath(target, this.#inwardPath);
    const mapped = typeof answer === 'string' ? target : answer.text + target.slice(answer.end);
    const mark = mapped.indexOf('?');
    if (!isNestedMapped || mark < 0) return mapped;
    return mapped.slice(0, mark) + this.#backward().matcher.replaceIn(mapped.slice(mark), mapped.slice(0, mark));
  }

  /** Whether a cookie's Domain is that of a backend spelling or above it, so that no public host can be meant. */
  coversBackendHost(domain: string): boolean {
    const name = domain.toLowerCase().replace(/^\./, '').replace(/\.$/, '');
    const covers = (host: string) => host === name || host.endsWith(`.${name}`);
    if (name === '' || covers(this.public.host)) return false;
    return this.#forward().rules.some(({ from }) => covers(from.host));
  }

  #forward(): Direction {
    return (this.#outward ??= direction(outwardRules(this.#options), this.#options.nested ?? true));
  }

  #backward(): Direction {
    return (this.#inward ??= direction([inwardRule(this.#options)], this.#options.nested ?? true));
  }
}

function direction(matchRules: readonly MatchRule[], isNested: boolean): Direction {
  const rules = matchRules.map((rule) => ({ ...rule, path: pathRule(rule) }));
  const [own] = rules;
  if (own === undefined) throw new RangeError('Cannot make a URL map without a rule');
  const hosts = new Set(rules.map((rule) => rule.from.host));
  return { rules, own, matcher: new AuthorityMatcher(rules, isNested), fronts: plainFronts(rules), hosts };
}

function pathRule({ from, to, prefix, except }: MatchRule): PathRule {
  return { from: from.path, to: to.path, prefix, except };
}

function plainFronts(rules: readonly MapRule[]): Map<string, PlainFront> {
  const fronts = new Map<string, PlainFront>();
  for (const rule of rules) {
    const authority = printAuthority(rule.from);
    for (const scheme of ['http', 'https', 'ws', 'wss', '']) {
      const start = scheme === '' ? '' : `${scheme}:`;
      const key = `${start}//${authority}`;
      const translated = scheme === '' ? '' : `${translateScheme(scheme, rule.to)}:`;
      // Of rules for one authority the first that covers the path counts: the general way finds out.
      if (fronts.has(key)) fronts.delete(key);
      else fronts.set(key, { text: `${translated}//${printAuthority(rule.to)}`, rule });
    }
  }
  return fronts;
}

function outwardRules(options: UrlMapOptions): MatchRule[] {
  const { prefix = 'auto', except = [] } = options;
  const rules: MatchRule[] = [options.backend, ...(options.also ?? [])].map((from) => ({
    from,
    to: options.public,
    prefix,
    except,
  }));
  if (options.sendsPublicHost) {
    const from = { ...options.public, path: options.backend.path };
    rules.push({ from, to: options.public, prefix: prefix === 'keep' ? 'keep' : 'auto', except });
  }
  for (const link of options.crossLinks ?? []) {
    rules.push({ from: link.backend, to: link.public, prefix: 'auto', except: [] });
  }
  return rules;
}

function inwardRule(options: UrlMapOptions): MatchRule {
  return { from: options.public, to: options.backend, prefix: 'add', except: [] };
}

function fingerprint(options: UrlMapOptions): string {
  const rules = outwardRules(options).map((rule) => [
    printBaseUrl(rule.from),
    printBaseUrl(rule.to),
    rule.prefix,
    ...rule.except,
  ]);
  const text = JSON.stringify([REWRITER_VERSION, options.nested ?? true, rules]);
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function mapPath(path: string, rule: PathRule): string {
  if (!isPath(path)) return path;
  const answer = translatePath(path, rule);
  return typeof answer === 'string' ? path : frontOfPath(answer, path) + path.slice(answer.end);
}

/**
 * What goes before the rest of a path. Where a base is taken off in front of an empty segment, `//x` would name a host:
 * a dot segment keeps it a path (URL standard, URL serialising).
 */
function frontOfPath({ end, text }: PathEdit, path: string): string {
  return text === '' && !isPath(path.slice(end, end + 2)) ? '/.' : text;
}

/** One slash, and what follows makes no authority of it: browsers skip tabs and newlines and read `\` as `/`. */
function isPath(text: string): boolean {
  const next = text.charCodeAt(1);
  return text.charCodeAt(0) === 0x2f && next !== 0x2f && next !== 0x5c;
}

const CONTROL = /[\t\n\r]/;

function mapUrl(url: string, way: Direction): string {
  const first = url.charCodeAt(0);
  // A fragment stays in the client.
  if (first === 0x23) return url;
  if (first === 0x2f && isPath(url) && url.charCodeAt(url.length - 1) > 0x20 && !CONTROL.test(url))
    return mapRootRelative(url, way);
  return mapPlainAbsolute(url, way) ?? mapSpelled(url, withoutControls(url, undefined), way);
}

/** 1 at what stands in the authority of a URL that is written as usual. */
const PLAIN_AUTHORITY = new Uint8Array(128);
for (const character of 'abcdefghijklmnopqrstuvwxyz0123456789.-:[]') PLAIN_AUTHORITY[character.charCodeAt(0)] = 1;
/** What makes a URL's path something to look at more closely: controls, spaces around, backslashes. */
const ODD_PATH = /[\0-\x1f\\]| $/;

/** The short way for absolute URLs without anything odd in them; undefined for all others. */
function mapPlainAbsolute(url: string, way: Direction): string | undefined {
  const slashes = url.indexOf('//');
  if (slashes < 0 || slashes > 6) return undefined;
  let end = slashes + 2;
  while (PLAIN_AUTHORITY[url.charCodeAt(end)] === 1) end++;
  const next = url.charCodeAt(end);
  const isEnd = end === url.length || next === 0x2f || next === 0x3f || next === 0x23;
  if (!isEnd || ODD_PATH.test(url)) return undefined;
  const front = way.fronts.get(url.slice(0, end));
  if (front === undefined) return isForeign(url, slashes, end, way) ? way.matcher.replaceIn(url) : undefined;
  const path = url.slice(end);
  const answer = translateBehindAuthority(path, front.rule);
  if (answer === undefined) return undefined;
  const tail = path.slice(answer.end);
  return front.text + answer.text + way.matcher.replaceIn(tail, front.text);
}

/** Whether the authority at `[slashes + 2, end)` is a name that no rule knows, behind a scheme of ours. */
function isForeign(url: string, slashes: number, end: number, way: Direction): boolean {
  if (slashes > 0 && !MAPPED_SCHEMES.has(url.slice(0, slashes - 1))) return false;
  if (slashes > 0 && url.charCodeAt(slashes - 1) !== 0x3a) return false;
  const colon = url.indexOf(':', slashes);
  const hostEnd = colon < 0 || colon > end ? end : colon;
  // A last label that begins with a letter is no number in disguise.
  const host = url.slice(slashes + 2, hostEnd);
  const label = host.charCodeAt(host.lastIndexOf('.') + 1);
  return label >= 0x61 && label <= 0x7a && !way.hosts.has(host);
}

function mapRootRelative(url: string, way: Direction): string {
  const rest = way.matcher.replaceIn(url);
  return mapPath(rest, way.own.path);
}

/** A URL as the URL standard reads it, and where each of its characters stands in the source. */
interface Spelled {
  readonly text: string;
  readonly origins: readonly number[] | undefined;
  /** Without `origins`: where `text` begins in the source. */
  readonly offset: number;
}

/** What a URL parser removes first: C0 controls and spaces around, tabs and newlines anywhere (URL standard, §4.4). */
function withoutControls(text: string, origins: readonly number[] | undefined): Spelled {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  if (origins === undefined && !CONTROL.test(text)) return { text: text.slice(start, end), origins, offset: start };
  const kept: number[] = [];
  let result = '';
  for (let index = start; index < end; index++) {
    if (CONTROL.test(text.charAt(index))) continue;
    result += text.charAt(index);
    kept.push(origins?.[index] ?? index);
  }
  kept.push(origins?.[end] ?? end);
  return { text: result, origins: kept, offset: 0 };
}

/** A replacement of `[start, end)` of a spelled text. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function mapSpelled(raw: string, spelled: Spelled, way: Direction): string {
  const front = readFront(spelled.text, way);
  if (front === undefined) return raw;
  const place = (index: number) => spelled.origins?.[index] ?? index + spelled.offset;
  const slash = front.slashAt < 0 ? '/' : raw.slice(place(front.slashAt), place(front.slashAt + 1));
  let result = '';
  let copied = 0;
  for (const piece of front.pieces) {
    result += raw.slice(copied, place(piece.start)) + (slash === '/' ? piece.text : piece.text.replaceAll('/', slash));
    copied = place(piece.end);
  }
  const tail = raw.slice(copied);
  const mapped = way.matcher.replaceIn(tail, raw.slice(0, copied));
  return mapped === tail && front.pieces.length === 0 ? raw : result + mapped;
}

interface Front {
  readonly pieces: readonly Piece[];
  /** The slash whose spelling inserted slashes take; -1 for none. */
  readonly slashAt: number;
}

const UNCHANGED: Front = { pieces: [], slashAt: -1 };
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const TWO_SLASHES = /^[/\\]{2,}/;
/** Schemes whose URLs have an authority that can be ours, and a query that can hold URLs of ours. */
const MAPPED_SCHEMES = new Set(['http', 'https', 'ws', 'wss']);

/** How the beginning of a URL changes; undefined where even what follows must not be looked into. */
function readFront(text: string, way: Direction): Front | undefined {
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined && !MAPPED_SCHEMES.has(scheme.toLowerCase())) return undefined;
  const start = scheme === undefined ? 0 : scheme.length + 1;
  const slashes = TWO_SLASHES.exec(text.slice(start))?.[0];
  if (slashes !== undefined) return readAuthority(text, scheme ?? '', start + slashes.length, way);
  if (scheme !== undefined) return UNCHANGED;
  const first = text.charCodeAt(0);
  if (first !== 0x2f && first !== 0x5c) return UNCHANGED;
  const answer = translatePath(text, way.own.path);
  if (typeof answer === 'string') return UNCHANGED;
  const piece = { start: 0, end: answer.end, text: frontOfPath(answer, text) };
  return { pieces: [piece], slashAt: first === 0x2f ? 0 : -1 };
}

const AUTHORITY_END = /[/\\?#]/;
const HOST_AND_PORT = /^(.*?)(?::([0-9]*))?$/s;

function readAuthority(text: string, scheme: string, start: number, way: Direction): Front {
  const length = text.slice(start).search(AUTHORITY_END);
  const end = length < 0 ? text.length : start + length;
  const hostStart = Math.max(start, text.lastIndexOf('@', end - 1) + 1);
  const [, host = '', portText = ''] = HOST_AND_PORT.exec(text.slice(hostStart, end)) ?? [];
  const port = portText === '' ? undefined : Number(portText);
  const name = normalizeHost(host);
  const lowerScheme = scheme.toLowerCase();
  for (const rule of way.rules) {
    if (rule.from.host !== name || !isSamePort(rule.from, lowerScheme, port)) continue;
    const path = translateBehindAuthority(text.slice(end), rule);
    if (path === undefined) continue;
    const pieces: Piece[] = [{ start: hostStart, end: end + path.end, text: printAuthority(rule.to) + path.text }];
    if (scheme !== '') pieces.unshift({ start: 0, end: scheme.length, text: translateScheme(lowerScheme, rule.to) });
    const isSlashed = text.charCodeAt(start - 1) === 0x2f;
    return { pieces, slashAt: isSlashed ? start - 1 : -1 };
  }
  return UNCHANGED;
}

/** What becomes of the path behind an authority of ours; undefined if the mount does not cover it. */
function translateBehindAuthority(path: string, rule: MapRule): { end: number; text: string } | undefined {
  const { from, to, prefix } = rule;
  const isEmpty = !/^[/\\]/.test(path);
  if (isEmpty && prefix !== 'keep') {
    // An empty path is "/" (RFC 9110 §4.2.3), and without it relative links would resolve outside the mount.
    if (from.path === '/') return { end: 0, text: to.path };
    return from.path === to.path ? { end: 0, text: '' } : undefined;
  }
  const answer = isEmpty ? 'same' : translatePath(path, rule.path);
  if (answer === 'outside') return undefined;
  return answer === 'same' ? { end: 0, text: '' } : answer;
}

/** A name whose last label is no number, or an address as it is usually written: nothing to normalize. */
const PLAIN_HOST =
  /^(?:[a-z0-9_-]+\.)*(?!0x[0-9a-f]*$)[a-z0-9_-]*[a-z_-][a-z0-9_-]*$|^[1-9]\d*(?:\.(?:0|[1-9]\d*)){3}$/;

/** Lower case, without a final dot; addresses in odd notations (`0x7f.1`, `[0:0::1]`) as the URL standard prints them. */
function normalizeHost(host: string): string {
  const lower = host.toLowerCase();
  const name = lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower;
  if (PLAIN_HOST.test(name)) return name;
  if (!/^[\x21-\x7e]{1,255}$/.test(name) || !URL.canParse(`http://${name}/`)) return name;
  return new URL(`http://${name}/`).hostname;
}

function mapOrigin(origin: string, way: Direction): string {
  const match = /^(https?|wss?):\/\/([^/?#@\\]+)$/i.exec(origin);
  if (match === null) return origin;
  const [, scheme = '', authority = ''] = match;
  const [, host = '', portText = ''] = HOST_AND_PORT.exec(authority) ?? [];
  const port = portText === '' ? undefined : Number(portText);
  const rule = way.rules.find(
    ({ from }) => from.host === normalizeHost(host) && isSamePort(from, scheme.toLowerCase(), port),
  );
  if (rule === undefined) return origin;
  const bare = printOrigin(rule.to);
  return translateScheme(scheme.toLowerCase(), rule.to) + bare.slice(bare.indexOf(':'));
}
