// The contract of what is put into a document's head, and the little of the tree builder that says where its head is.
import { CLASS, SPACE } from './bytes.ts';
import { ELEMENT } from './elements.ts';
import type { HtmlFindings, UrlForm } from './findings.ts';

/** A script element, or a link that preloads one, before which something can be put. */
export interface ScriptPlace {
  readonly kind: 'classic' | 'module' | 'import-map' | 'module-preload';
  /** How its URL is written; `none` for an inline script. */
  readonly form: UrlForm;
}

/**
 * Puts markup (latin1) into one document. Every method may answer '' and is called in document order; findings are
 * those of what stands before. Nothing is asked inside `template` and `noscript`, where scripts do not run.
 */
export interface HeadInsertion {
  /** First in the head: behind `<head>`, or where the parser opens the head by itself. Once, in every document with content. */
  atHeadStart(findings: HtmlFindings): string;
  /** Directly before a script, anywhere in the document; not before one of a type that is not run. */
  beforeScript(script: ScriptPlace, findings: HtmlFindings): string;
  /** Before `</head>`, or where the parser ends the head by itself; once if the head was begun. */
  atHeadEnd(findings: HtmlFindings): string;
  /**
   * The text of the document's first import map (public URLs in it already); what it is replaced by. Not called for one
   * that is longer than is held back.
   */
  mergeImportMap(text: string): string;
}

const BEFORE_HEAD = 0;
const IN_HEAD = 1;
const BEHIND_HEAD = 2;

/** Follows the insertion modes "initial" to "after head" of the tree builder, as far as they decide where the head is. */
export class HeadTracker {
  #state = BEFORE_HEAD;

  /** Whether nothing more is to be told: every call costs. */
  get isDone(): boolean {
    return this.#state === BEHIND_HEAD;
  }

  /** Whether the head was begun and did not end. */
  get isInside(): boolean {
    return this.#state === IN_HEAD;
  }

  /** Tells of a start tag. `before` and `behind` say what happens directly before or behind it. */
  startTag(element: number, mayEndHead: boolean): { readonly before: HeadEvent; readonly behind: HeadEvent } {
    if (this.#state === BEFORE_HEAD) {
      if (element === ELEMENT.html || element === ELEMENT['?xml-stylesheet']) return NOTHING_HAPPENS;
      this.#state = IN_HEAD;
      if (element === ELEMENT.head) return { before: 'nothing', behind: 'start' };
      if (IN_HEAD_ELEMENTS.has(element)) return { before: 'start', behind: 'nothing' };
      this.#state = BEHIND_HEAD;
      return { before: 'start-and-end', behind: 'nothing' };
    }
    const isInHead = IN_HEAD_ELEMENTS.has(element) || element === ELEMENT.html || element === ELEMENT.head;
    if (this.#state === BEHIND_HEAD || isInHead || !mayEndHead) return NOTHING_HAPPENS;
    this.#state = BEHIND_HEAD;
    return { before: 'end', behind: 'nothing' };
  }

  /** Tells of an end tag; answers what happens directly before it. */
  endTag(element: number, name: string, mayEndHead: boolean): HeadEvent {
    const endsHead = element === ELEMENT.head || element === ELEMENT.body || element === ELEMENT.html || name === 'br';
    if (this.#state === BEHIND_HEAD || !endsHead || !mayEndHead) return 'nothing';
    const event = this.#state === BEFORE_HEAD ? 'start-and-end' : 'end';
    this.#state = BEHIND_HEAD;
    return event;
  }

  /** Tells of text; answers where in it something happens, or -1, and what. White space does not count. */
  text(
    bytes: Buffer,
    start: number,
    end: number,
    mayEndHead: boolean,
  ): { readonly at: number; readonly event: HeadEvent } {
    let at = start;
    while (at < end && (CLASS[bytes[at] ?? 0] ?? 0) & SPACE) at++;
    if (at >= end || this.#state === BEHIND_HEAD || !mayEndHead) return NO_TEXT_EVENT;
    const event = this.#state === BEFORE_HEAD ? 'start-and-end' : 'end';
    this.#state = BEHIND_HEAD;
    return { at, event };
  }

  /** Tells of the end of the document; answers what happens there. */
  end(): HeadEvent {
    const event = this.#state === IN_HEAD ? 'end' : 'nothing';
    this.#state = BEHIND_HEAD;
    return event;
  }
}

/** Where the head begins, ends, or does both because nothing is in it. */
export type HeadEvent = 'nothing' | 'start' | 'end' | 'start-and-end';

const NOTHING_HAPPENS = { before: 'nothing', behind: 'nothing' } as const;
const NO_TEXT_EVENT = { at: -1, event: 'nothing' } as const;

/** What the "in head" insertion mode takes in. */
const IN_HEAD_ELEMENTS: ReadonlySet<number> = new Set([
  ...[ELEMENT.base, ELEMENT.meta, ELEMENT.link, ELEMENT.script, ELEMENT.style, ELEMENT.title],
  ...[ELEMENT.template, ELEMENT.noscript, ELEMENT.noframes],
]);
