// From a selection to the transform of a body: finds out what is still open, and puts scanner and encoding together.
import { PassingSink, type Release, type Sink, type Transform } from '../exchange/body.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import type { AuthorityMatcher } from './authority-matcher.ts';
import { type Charset, detectCharset, leadBytesOf, PRESCAN_BYTES } from './charset.ts';
import { CssScanner } from './css/css-scanner.ts';
import { DeferredScanner } from './deferred-scanner.ts';
import { ANY_PORT } from './html/attribute-rewriter.ts';
import { INTEGRITY_ENDS } from './html/attributes.ts';
import { type HtmlOptions, HtmlScanner } from './html/html-scanner.ts';
import { JsScanner } from './js/js-scanner.ts';
import { isOpenApi, JsonScanner, VocabularyScanner } from './json/json-scanner.ts';
import { importMapMeaning, manifestMeaning, speculationMeaning } from './json/vocabularies.ts';
import { Marks } from './marks.ts';
import { PlaylistScanner } from './playlist/playlist-scanner.ts';
import { type ScanTally, scanTransform } from './scan-sink.ts';
import type { Scanner } from './scanner.ts';
import { type Language, sniffLanguage } from './select.ts';
import { TextScanner } from './text/text-scanner.ts';
import type { UrlMap } from './url-map.ts';
import { decodeUtf16, encodeUtf16 } from './utf-16.ts';
import { XmlScanner } from './xml/xml-scanner.ts';

type MakeScanner = (map: UrlMap, options: HtmlOptions) => Scanner;

/** Which scanner serves which language. */
const SCANNERS: Readonly<Partial<Record<Language, MakeScanner>>> = {
  html: (map, options) => defer('html', map, options, () => new HtmlScanner(map, options)),
  xhtml: (map, options) => defer('xhtml', map, options, () => new HtmlScanner(map, { ...options, isXml: true })),
  css: (map, options) => defer('css', map, options, () => new CssScanner(map, options)),
  javascript: (map, options) => new JsScanner(map, options),
  json: (map, options) => new JsonScanner(map, options),
  manifest: (map) => new VocabularyScanner(map, manifestMeaning),
  importmap: (map) => new VocabularyScanner(map, importMapMeaning),
  speculationrules: (map) => new VocabularyScanner(map, speculationMeaning),
  xml: (map, options) =>
    defer('xml', map, options, () => new XmlScanner(map, { ...options, css: new CssScanner(map, options) })),
  playlist: (map) => new PlaylistScanner(map),
  text: (map) => new TextScanner(map),
};

/** Where no path changes, what cannot change is not scanned. */
function defer(language: Language, map: UrlMap, options: HtmlOptions, make: () => Scanner): Scanner {
  const marks = marksOf(language, map, options);
  return marks === undefined ? make() : new DeferredScanner(make, marks);
}

/** Without which a document does not change, and teaches us nothing; undefined where no search can tell. */
function marksOf(language: Language, map: UrlMap, options: HtmlOptions): Marks | undefined {
  const { matcher, addsPrefix } = map;
  if (addsPrefix) return undefined;
  if (language === 'css' || language === 'xml') return NEEDLES.get(matcher);
  if (language !== 'html' && language !== 'xhtml') return undefined;
  const { insertion, needsReferrer, strings } = options;
  return insertion !== undefined || needsReferrer || strings?.size ? undefined : HTML_MARKS.get(matcher);
}

/** The marks of some languages, made once for each matcher. */
class MarksByMatcher {
  readonly #known = new WeakMap<AuthorityMatcher, Marks>();
  readonly #hints: readonly string[];
  readonly #lessons: readonly string[];

  constructor(hints: readonly string[], lessons: readonly string[]) {
    this.#hints = hints;
    this.#lessons = lessons;
  }

  get(matcher: AuthorityMatcher): Marks {
    const known = this.#known.get(matcher);
    if (known !== undefined) return known;
    const marks = new Marks(matcher, this.#hints, this.#lessons);
    this.#known.set(matcher, marks);
    return marks;
  }
}

const NEEDLES = new MarksByMatcher([], []);
/** What a document holds besides URLs: policies that may name our host without its port, and hashes. */
const HTML_MARKS = new MarksByMatcher([ANY_PORT], INTEGRITY_ENDS);

/**
 * Whether nothing changes in a body of which `bytes` are all, and nothing is to be learned from it: then it needs no
 * {@link rewriteTransform}. False is no proof.
 */
export function isUntouched(map: UrlMap, facts: BodyFacts, options: HtmlOptions, bytes: Buffer): boolean {
  const { language } = facts;
  if (language === 'sniff') return false;
  const head = bytes.toString('latin1', 0, PRESCAN_BYTES);
  const mayChange = isForMatcher(language, map, options, head)
    ? map.matcher.mayContain(bytes)
    : (marksOf(language, map, options)?.areIn(bytes) ?? true);
  if (mayChange) return false;
  const kind = detectCharset(head, true, facts.charset, language)?.kind;
  return kind === 'ascii' || kind === 'double-byte';
}

/** Whether a body that begins with `head` is read by the matcher of authorities alone. */
function isForMatcher(language: Language, { addsPrefix }: UrlMap, { strings }: HtmlOptions, head: string): boolean {
  if (language === 'javascript') return !addsPrefix;
  return language === 'text' || (language === 'json' && !strings?.size && !isOpenApi(head));
}

/** A new scanner for a language; undefined if none serves it. */
export function makeScanner(language: Language, map: UrlMap, options: HtmlOptions = {}): Scanner | undefined {
  return SCANNERS[language]?.(map, options);
}

/** What {@link rewriteTransform} is told about a body. */
export interface BodyFacts {
  /** As selected; `sniff` decides by the first bytes. */
  readonly language: Language | 'sniff';
  /** The charset of the Content-Type. */
  readonly charset: string | undefined;
}

/**
 * The transform that rewrites one body, content codings already undone. Passes the body on untouched where its language
 * turns out to be none of ours or its encoding cannot be read. At most 1 KiB waits until that is known.
 */
export function rewriteTransform(
  map: UrlMap,
  facts: BodyFacts,
  options: HtmlOptions = {},
  tally?: ScanTally,
): Transform {
  return (next) => new DetectingSink(next, (head, isWhole) => decide(map, facts, options, tally, head, isWhole));
}

const passOn: Transform = (next) => next;

/** The transform for a body that begins with `head`; undefined if more of it is needed. */
function decide(
  map: UrlMap,
  facts: BodyFacts,
  options: HtmlOptions,
  tally: ScanTally | undefined,
  head: string,
  isWhole: boolean,
): Transform | undefined {
  const language = facts.language === 'sniff' ? sniffLanguage(head, isWhole) : facts.language;
  if (language === undefined) return undefined;
  if (language === 'none') return passOn;
  const charset = detectCharset(head, isWhole, facts.charset, language);
  if (charset === undefined) return undefined;
  return transformFor(map, language, charset, options, tally);
}

function transformFor(
  map: UrlMap,
  language: Language,
  { kind, label }: Charset,
  options: HtmlOptions,
  tally: ScanTally | undefined,
): Transform {
  tally?.watch?.onLanguage(language, kind);
  if (kind === 'opaque' && tally !== undefined) tally.opaqueBodies = (tally.opaqueBodies ?? 0) + 1;
  const make = SCANNERS[language];
  if (make === undefined || kind === 'opaque') return passOn;
  const withBytes = kind === 'double-byte' ? { ...options, leadBytes: leadBytesOf(label ?? '') } : options;
  const scan = scanTransform(() => make(map, withBytes), tally);
  if (kind === 'ascii' || kind === 'double-byte') return scan;
  const isBigEndian = kind === 'utf-16be';
  return (next) => decodeUtf16(isBigEndian)(scan(encodeUtf16(isBigEndian)(next)));
}

/** Holds the beginning of a body until `decide` says what it goes through. */
class DetectingSink extends PassingSink implements Sink {
  readonly #decide: (head: string, isWhole: boolean) => Transform | undefined;
  #sink: Sink | undefined;
  #held: Buffer[] = [];
  #head = '';

  constructor(next: Sink, decide: (head: string, isWhole: boolean) => Transform | undefined) {
    super(next);
    this.#decide = decide;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    if (this.#sink !== undefined) return this.#sink.write(chunk, release);
    this.#head += chunk.toString('latin1', 0, Math.min(chunk.length, PRESCAN_BYTES));
    const sink = this.#decide(this.#head.slice(0, PRESCAN_BYTES), this.#head.length >= PRESCAN_BYTES)?.(this.next);
    if (sink === undefined) {
      this.#held.push(release === undefined ? chunk : Buffer.from(chunk));
      release?.();
      return true;
    }
    const goesOn = this.#open(sink);
    return sink.write(chunk, release) && goesOn;
  }

  override end(trailers?: ReadonlyHeaderList): void {
    if (this.#sink === undefined) this.#open((this.#decide(this.#head, true) ?? passOn)(this.next));
    (this.#sink ?? this.next).end(trailers);
  }

  #open(sink: Sink): boolean {
    this.#sink = sink;
    let goesOn = true;
    for (const chunk of this.#held) goesOn = sink.write(chunk) && goesOn;
    this.#held = [];
    return goesOn;
  }
}
