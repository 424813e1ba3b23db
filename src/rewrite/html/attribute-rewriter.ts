// Rewrites the attributes of one tag: what each holds is told by the table, and in a few cases by the element it is on.
import { policyToPublic } from '../content-security.ts';
import { referrerPolicyToPublic } from '../referrer-policy.ts';
import type { Scanner } from '../scanner.ts';
import { replaceResolved, resolveValue, scanResolved } from './attribute-value.ts';
import { ATTRIBUTE, ATTRIBUTES, INTEGRITY_ENDS, KIND, KIND_OF } from './attributes.ts';
import { CLASS, LETTER, LOWER, readLatin1 } from './bytes.ts';
import { ELEMENT } from './elements.ts';
import { isUrlParam, readMetaContent } from './meta.ts';
import type { Stage } from './stage.ts';
import { ATTRIBUTE_STRIDE, type Tag } from './tokenizer.ts';
import {
  findRefreshUrls,
  findUriParameters,
  type Span,
  type VisitUrl,
  visitSpacedUrls,
  visitSrcsetUrls,
} from './url-spans.ts';
import { UrlValue } from './url-value.ts';

/** The scanners for the languages that attributes hold. Each is run over whole values, one at a time. */
export interface AttributeLanguages {
  readonly css: Scanner;
  /** Event handlers and `javascript:` URLs. */
  readonly script: Scanner;
  /** Answers the scanner for the document of a `srcdoc`; undefined where documents are nested too deep. */
  openDocument(): Scanner | undefined;
  /** Whether requests to the own origin must tell where they come from: see `referrer-policy.ts`. */
  readonly needsReferrer: boolean;
  /** Tells of a policy in a meta element, as the client gets it. */
  addPolicy(policy: string): void;
}

const AMPERSAND = 0x26;
const OPEN_PAREN = 0x28;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const NO_NUMBER = 0;

/** The document asks for something with its hash: that is to be learned. */
const HAS_INTEGRITY = new RegExp(INTEGRITY_ENDS.join('|'));
/** A source of a policy that may name our host without its port. */
export const ANY_PORT = ':*';
/** How long the names `csp`, `srcdoc` and `data-no-rewrite` are. */
const LENGTHS_WITH_MEANING = new Set([3, 6, 15]);

/** Rewrites the attributes in the windows of one document. */
export class AttributeRewriter {
  readonly #stage: Stage;
  readonly #languages: AttributeLanguages;
  readonly #url: UrlValue;
  readonly #mapUrl: VisitUrl;

  constructor(stage: Stage, languages: AttributeLanguages) {
    this.#stage = stage;
    this.#languages = languages;
    const url = new UrlValue(stage, languages);
    this.#url = url;
    this.#mapUrl = (start, end) => url.map(start, end);
  }

  /** Adds the edits for all attributes of `tag`. Answers false if one of them opts the element out; then there are none. */
  rewrite(tag: Tag): boolean {
    // What a meta holds depends on its other attributes, and some of it changes by itself.
    if (tag.element !== ELEMENT.meta && !this.#stage.mayChange(tag.start, tag.end)) return this.#passOver(tag);
    const bytes = this.#stage.bytes;
    const { attributes, attributesLength } = tag;
    for (let slot = 0; slot < attributesLength; slot += ATTRIBUTE_STRIDE) {
      const nameStart = attributes[slot] ?? 0;
      const number = ATTRIBUTES.find(bytes, nameStart, attributes[slot + 1] ?? 0);
      const start = attributes[slot + 2] ?? 0;
      const end = attributes[slot + 3] ?? 0;
      const kind = KIND_OF[number] ?? KIND.text;
      if (kind === KIND.url) this.#url.map(start, end);
      else if (number === NO_NUMBER) this.#rewriteOther(nameStart, attributes[slot + 1] ?? 0, start, end);
      else if (kind === KIND.optOut) {
        // Not what was put before the tag itself.
        this.#stage.edits.dropFrom(tag.start + 1);
        return false;
      } else if (kind !== KIND.kept && start < end) this.#rewriteKnown(kind, tag, start, end);
    }
    return true;
  }

  /** {@link rewrite} for a tag that holds no URL of ours: only what has a meaning of its own is looked at. */
  #passOver(tag: Tag): boolean {
    const bytes = this.#stage.bytes;
    const { attributes, attributesLength } = tag;
    for (let slot = 0; slot < attributesLength; slot += ATTRIBUTE_STRIDE) {
      const nameStart = attributes[slot] ?? 0;
      const nameEnd = attributes[slot + 1] ?? 0;
      if (!LENGTHS_WITH_MEANING.has(nameEnd - nameStart)) continue;
      const kind = KIND_OF[ATTRIBUTES.find(bytes, nameStart, nameEnd)];
      if (kind === KIND.optOut) return false;
      const start = attributes[slot + 2] ?? 0;
      const end = attributes[slot + 3] ?? 0;
      if ((kind === KIND.html || kind === KIND.policy) && start < end) this.#rewriteKnown(kind, tag, start, end);
    }
    return true;
  }

  /** Whether the element has an `integrity` that is spelled as {@link INTEGRITY_ENDS} says. */
  hasIntegrity(tag: Tag): boolean {
    const slot = this.#find(tag, ATTRIBUTE.integrity);
    const end = slot < 0 ? 0 : (tag.attributes[slot + 1] ?? 0);
    return HAS_INTEGRITY.test(readLatin1(this.#stage.bytes, tag.attributes[slot] ?? 0, end));
  }

  /** The resolved value of the attribute of that number (a value of `ATTRIBUTE`), or undefined. The first one counts. */
  read(tag: Tag, number: number): string | undefined {
    const slot = this.#find(tag, number);
    if (slot < 0) return undefined;
    const start = tag.attributes[slot + 2] ?? 0;
    const raw = readLatin1(this.#stage.bytes, start, tag.attributes[slot + 3] ?? 0);
    return raw.includes('&') ? resolveValue(raw, start).text : raw;
  }

  #find(tag: Tag, number: number): number {
    const { attributes, attributesLength } = tag;
    const bytes = this.#stage.bytes;
    for (let slot = 0; slot < attributesLength; slot += ATTRIBUTE_STRIDE) {
      if (ATTRIBUTES.find(bytes, attributes[slot] ?? 0, attributes[slot + 1] ?? 0) === number) return slot;
    }
    return -1;
  }

  /** An attribute without a number: an event handler, a namespace, or text. */
  #rewriteOther(nameStart: number, nameEnd: number, start: number, end: number): void {
    const bytes = this.#stage.bytes;
    const isHandler =
      LOWER[bytes[nameStart] ?? 0] === 0x6f &&
      LOWER[bytes[nameStart + 1] ?? 0] === 0x6e &&
      nameEnd - nameStart > 2 &&
      ((CLASS[bytes[nameStart + 2] ?? 0] ?? 0) & LETTER) !== 0;
    if (isHandler) {
      if (this.#holds(start, end, SLASH, BACKSLASH)) this.#rewriteIn(this.#languages.script, start, end);
    } else if (this.#stage.needles.isIn(start, end) && !this.#isNamespace(nameStart, nameEnd)) {
      this.#stage.mapAuthorities(start, end, true);
    }
  }

  #isNamespace(nameStart: number, nameEnd: number): boolean {
    return readLatin1(this.#stage.bytes, nameStart, Math.min(nameEnd, nameStart + 6)).toLowerCase() === 'xmlns:';
  }

  #rewriteKnown(kind: number, tag: Tag, start: number, end: number): void {
    switch (kind) {
      case KIND.srcset:
        this.#rewriteList(start, end, visitSrcsetUrls);
        return;
      case KIND.urls:
        this.#rewriteList(start, end, visitSpacedUrls);
        return;
      case KIND.css:
        if (this.#holds(start, end, OPEN_PAREN, BACKSLASH)) this.#rewriteIn(this.#languages.css, start, end);
        return;
      case KIND.html: {
        const document = this.#languages.openDocument();
        if (document !== undefined) this.#rewriteIn(document, start, end, HAS_INTEGRITY);
        return;
      }
      case KIND.content:
        if (tag.element === ELEMENT.meta) this.#rewriteMeta(tag, start, end);
        else this.#stage.mapAuthorities(start, end, true);
        return;
      case KIND.value:
        if (tag.element === ELEMENT.param) this.#rewriteParam(tag, start, end);
        return;
      case KIND.policy:
        this.#rewritePolicy(start, end);
        return;
      default: {
        const isUrl = tag.element === (kind === KIND.objectUrl ? ELEMENT.object : ELEMENT.html);
        if (isUrl) this.#url.map(start, end);
        else this.#stage.mapAuthorities(start, end, true);
      }
    }
  }

  /** Whether one of two octets, a reference that may stand for one, or an authority of ours is in the value. */
  #holds(start: number, end: number, one: number, other: number): boolean {
    const bytes = this.#stage.bytes;
    for (let at = start; at < end; at++) {
      const octet = bytes[at];
      if (octet === one || octet === other || octet === AMPERSAND) return true;
    }
    return this.#stage.needles.isIn(start, end);
  }

  /** A value that is not examined is scanned all the same if it has `meaning`. */
  #rewriteIn(scanner: Scanner, start: number, end: number, meaning?: RegExp): void {
    const { window, edits, map } = this.#stage;
    const raw = window.slice(start, end);
    if (!map.isExamined(raw) && !meaning?.test(raw)) return;
    if (raw.includes('&')) scanResolved(scanner, resolveValue(raw, start), edits);
    else this.#stage.scanWhole(scanner, start, end);
  }

  #rewriteList(start: number, end: number, visitUrls: typeof visitSrcsetUrls): void {
    const { bytes } = this.#stage;
    let at = start;
    while (at < end && bytes[at] !== AMPERSAND) at++;
    if (at === end) {
      visitUrls(bytes, start, end, this.#mapUrl);
      return;
    }
    const value = resolveValue(readLatin1(bytes, start, end), start);
    const text = Buffer.from(value.text, 'latin1');
    visitUrls(text, 0, text.length, (from, to) => this.#mapUrl(value.place(from), value.place(to)));
  }

  #rewriteSpans(start: number, end: number, find: (text: string) => readonly Span[]): void {
    const value = resolveValue(this.#stage.window.slice(start, end), start);
    for (const span of find(value.text)) this.#url.map(value.place(span.start), value.place(span.end));
  }

  #rewriteMeta(tag: Tag, start: number, end: number): void {
    const name =
      this.read(tag, ATTRIBUTE.name) ?? this.read(tag, ATTRIBUTE.property) ?? this.read(tag, ATTRIBUTE.itemprop) ?? '';
    switch (readMetaContent(this.read(tag, ATTRIBUTE['http-equiv']) ?? '', name)) {
      case 'refresh':
        this.#rewriteSpans(start, end, findRefreshUrls);
        return;
      case 'url':
        this.#url.map(start, end);
        return;
      case 'uri-parameters':
        this.#rewriteSpans(start, end, findUriParameters);
        return;
      case 'referrer':
        if (this.#languages.needsReferrer) this.#rewriteReferrer(start, end);
        return;
      case 'policy':
        this.#languages.addPolicy(this.#rewritePolicy(start, end));
        return;
      default:
        this.#stage.mapAuthorities(start, end, true);
    }
  }

  #rewriteReferrer(start: number, end: number): void {
    const value = resolveValue(this.#stage.window.slice(start, end), start);
    const policy = referrerPolicyToPublic(value.text);
    if (policy !== value.text) replaceResolved(value, 0, value.text.length, policy, this.#stage.edits);
  }

  #rewriteParam(tag: Tag, start: number, end: number): void {
    if (isUrlParam(this.read(tag, ATTRIBUTE.name) ?? '')) this.#url.map(start, end);
    else this.#stage.mapAuthorities(start, end, true);
  }

  #rewritePolicy(start: number, end: number): string {
    const { window, map } = this.#stage;
    const raw = window.slice(start, end);
    const value = resolveValue(raw, start);
    if (!map.isExamined(raw) && !raw.includes(ANY_PORT)) return value.text;
    const policy = policyToPublic(value.text, map);
    replaceResolved(value, 0, value.text.length, policy, this.#stage.edits);
    return policy;
  }
}
