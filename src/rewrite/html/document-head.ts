// Watches the elements that load and run things: what was found in a document, and what is put into its head.
import { rewriteText, type Scanner } from '../scanner.ts';
import { type ScriptLanguage, scriptLanguage } from '../script.ts';
import type { AttributeRewriter } from './attribute-rewriter.ts';
import { ATTRIBUTE } from './attributes.ts';
import { readLatin1 } from './bytes.ts';
import { ELEMENT } from './elements.ts';
import type { HtmlFindings, UrlForm } from './findings.ts';
import { type HeadEvent, type HeadInsertion, HeadTracker, type ScriptPlace } from './head-insertion.ts';
import type { Stage } from './stage.ts';
import type { Tag } from './tokenizer.ts';

const MAX_KNOWN_TYPES = 16;

/** Serves one document. Is told of tags before their attributes are rewritten, and behind. */
export class DocumentHead {
  readonly #stage: Stage;
  readonly #attributes: AttributeRewriter;
  readonly #findings: HtmlFindings;
  readonly #insertion: HeadInsertion | undefined;
  readonly #tracker = new HeadTracker();
  /** Open `template` and `noscript` elements: scripts in them do not run. */
  #inertDepth = 0;
  #headStartsBehind = -1;
  #hasImportMap = false;
  readonly #languages = new Map<string | undefined, ScriptLanguage>();
  #scriptType: string | undefined;
  #scriptLanguage: ScriptLanguage = 'javascript';
  #eventInText: HeadEvent = 'nothing';

  constructor(
    stage: Stage,
    attributes: AttributeRewriter,
    findings: HtmlFindings,
    insertion: HeadInsertion | undefined,
  ) {
    this.#stage = stage;
    this.#attributes = attributes;
    this.#findings = findings;
    this.#insertion = insertion;
  }

  /** Whether only elements known by name need to be told of any more. */
  get isOver(): boolean {
    return this.#insertion === undefined || this.#tracker.isDone;
  }

  /** The type of the script that {@link beforeTag} was told of last, and what language that makes it. */
  get script(): { readonly type: string | undefined; readonly language: ScriptLanguage } {
    return { type: this.#scriptType, language: this.#scriptLanguage };
  }

  /** Tells of a start tag whose attributes were not rewritten yet. */
  beforeTag(tag: Tag): void {
    if (tag.element === ELEMENT.script) this.#readScriptType(tag);
    this.#headStartsBehind = -1;
    if (!this.isOver) {
      const { before, behind } = this.#tracker.startTag(tag.element, this.#inertDepth === 0);
      this.#insert(before, tag.start);
      if (behind !== 'nothing') this.#headStartsBehind = tag.start;
    }
    if (this.#inertDepth === 0) this.#look(tag);
  }

  /** Tells of a complete start tag whose attributes were rewritten. */
  behindTag(tag: Tag): void {
    if (this.#headStartsBehind >= 0) this.#insert('start', tag.end);
    this.#headStartsBehind = -1;
    if (isInert(tag.element) && !tag.isEmpty) this.#inertDepth++;
  }

  /** Tells of an end tag. */
  endTag(tag: Tag): void {
    if (isInert(tag.element) && this.#inertDepth > 0) this.#inertDepth--;
    if (this.isOver) return;
    const name = readLatin1(this.#stage.bytes, tag.nameStart, Math.min(tag.nameEnd, tag.nameStart + 8)).toLowerCase();
    this.#insert(this.#tracker.endTag(tag.element, name, this.#inertDepth === 0), tag.start);
  }

  /** Tells of text. Answers where in it something is put by {@link insertInText}, or -1. */
  findInText(start: number, end: number): number {
    const { at, event } = this.#tracker.text(this.#stage.bytes, start, end, this.#inertDepth === 0);
    this.#eventInText = event;
    return at;
  }

  /** Puts what {@link findInText} announced at `at`, before any edit behind it. */
  insertInText(at: number): void {
    this.#insert(this.#eventInText, at);
  }

  /** Tells of the end of the document. */
  end(at: number): void {
    if (this.#inertDepth === 0) this.#insert(this.#tracker.end(), at);
  }

  /** Whether the script that {@link beforeTag} was told of last is the import map to merge with. */
  mergesIntoScript(): boolean {
    if (this.#insertion === undefined || this.#hasImportMap || this.#inertDepth > 0) return false;
    this.#hasImportMap = this.#scriptLanguage === 'importmap';
    return this.#hasImportMap;
  }

  /** Rewrites the import map in `[start, end)` with `scanner` and merges it. */
  mergeImportMap(scanner: Scanner, start: number, end: number): void {
    const text = this.#stage.window.slice(start, end);
    const mapped = rewriteText(scanner, text);
    const merged = this.#insertion?.mergeImportMap(mapped) ?? mapped;
    if (merged !== text) this.#stage.edits.replace(start, end, merged);
  }

  #insert(event: HeadEvent, at: number): void {
    if (event === 'nothing' || this.#insertion === undefined) return;
    let markup = event === 'end' ? '' : this.#insertion.atHeadStart(this.#findings);
    if (event !== 'start') markup += this.#insertion.atHeadEnd(this.#findings);
    this.#put(markup, at);
  }

  #put(markup: string, at: number): void {
    if (markup !== '') this.#stage.edits.replace(at, at, markup);
  }

  /** Notes what a tag loads, and asks what goes before it. */
  #look(tag: Tag): void {
    switch (tag.element) {
      case ELEMENT.base:
        if (this.#findings.base === 'none')
          this.#findings.base = this.#formOf(this.#attributes.read(tag, ATTRIBUTE.href));
        return;
      case ELEMENT.script:
        this.#lookAtScript(tag);
        return;
      case ELEMENT.link:
        this.#lookAtLink(tag);
        return;
      default:
    }
  }

  #lookAtScript(tag: Tag): void {
    const url = this.#attributes.read(tag, ATTRIBUTE.src);
    const form = this.#formOf(url);
    const kind = this.#scriptKind();
    if (kind !== 'data') this.#ask(tag, { kind, form });
    if (kind === 'classic' || kind === 'module') this.#findings.scripts[form]++;
    this.#findings.nonce ??= this.#attributes.read(tag, ATTRIBUTE.nonce);
    this.#noteIntegrity(tag, url, form);
  }

  #readScriptType(tag: Tag): void {
    const type = this.#attributes.read(tag, ATTRIBUTE.type);
    const language = type === undefined ? this.#attributes.read(tag, ATTRIBUTE.language) : undefined;
    // The type that the obsolete `language` attribute names (HTML, "prepare the script element").
    this.#scriptType = language ? `text/${language}` : type;
    this.#scriptLanguage = this.#languageOf(this.#scriptType);
  }

  /** Pages have many scripts of few types. */
  #languageOf(type: string | undefined): ScriptLanguage {
    const known = this.#languages.get(type);
    if (known !== undefined) return known;
    const language = scriptLanguage(type);
    if (this.#languages.size < MAX_KNOWN_TYPES) this.#languages.set(type, language);
    return language;
  }

  #scriptKind(): ScriptPlace['kind'] | 'data' {
    if (this.#scriptLanguage === 'importmap') return 'import-map';
    if (this.#scriptLanguage !== 'javascript') return 'data';
    return this.#scriptType?.trim().toLowerCase() === 'module' ? 'module' : 'classic';
  }

  #lookAtLink(tag: Tag): void {
    const url = this.#attributes.read(tag, ATTRIBUTE.href);
    const form = this.#formOf(url);
    const relations = (this.#attributes.read(tag, ATTRIBUTE.rel) ?? '').toLowerCase().split(/[\t\n\f\r ]+/);
    if (relations.includes('modulepreload')) {
      this.#ask(tag, { kind: 'module-preload', form });
      this.#findings.scripts[form]++;
    }
    this.#noteIntegrity(tag, url, form);
  }

  #ask(tag: Tag, place: ScriptPlace): void {
    this.#put(this.#insertion?.beforeScript(place, this.#findings) ?? '', tag.start);
  }

  #noteIntegrity(tag: Tag, url: string | undefined, form: UrlForm): void {
    if (url === undefined || form === 'none' || form === 'foreign') return;
    if (this.#attributes.hasIntegrity(tag)) this.#findings.addIntegrityUrl(url.trim());
  }

  #formOf(value: string | undefined): UrlForm {
    const url = (value ?? '').trim();
    if (url === '') return 'none';
    const isRooted = /^[/\\](?![/\\])/.test(url);
    if (isRooted) return this.#stage.map.addsPrefix && this.#stage.map.toPublic(url) === url ? 'public' : 'rooted';
    if (!/^(?:[/\\]{2}|[a-z][a-z0-9+.-]*:)/i.test(url)) return 'relative';
    return this.#stage.map.toPublic(url) === url ? 'foreign' : 'absolute';
  }
}

function isInert(element: number): boolean {
  return element === ELEMENT.template || element === ELEMENT.noscript;
}
