// Diagnostics: what is wrong with a configuration, as data: where, what, and what was probably meant.
import type { Document, KeyPath, Span } from './document.ts';

/** One mistake of the operator. Lines and columns count from 1; 0 where the document as a whole is meant. */
export interface Diagnostic {
  /** Absolute path; undefined for a configuration that a command generated. */
  readonly file: string | undefined;
  readonly line: number;
  readonly column: number;
  /** How many characters of the line are meant; at least 1 where there is a line. */
  readonly length: number;
  /** The keys that lead to the place, as far as they are written in the document. */
  readonly path: KeyPath;
  /** A sentence without capital and full stop. */
  readonly message: string;
  /** What to write instead, as a sentence of the same kind; undefined where nobody can tell. */
  readonly suggestion: string | undefined;
  /** The line in question; empty without one. */
  readonly excerpt: string;
}

/** Collects the mistakes of one document. */
export class MistakeList {
  readonly document: Document;
  readonly #found: Diagnostic[] = [];
  readonly #silenced = new Set<string>();

  constructor(document: Document) {
    this.document = document;
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** A mistake in the key at `path`: it should not be there, or something is missing below it. */
  atKey(path: KeyPath, message: string, suggestion?: string): void {
    this.#add(this.document.keySpan(path), path, message, suggestion);
  }

  /** A mistake in the value at `path`. */
  atValue(path: KeyPath, message: string, suggestion?: string): void {
    if (!this.#silenced.has(JSON.stringify(this.document.existingPath(path))))
      this.#add(this.document.valueSpan(path), path, message, suggestion);
  }

  /** {@link atValue} without showing the line: it holds a secret. */
  atSecret(path: KeyPath, message: string): void {
    this.#add(this.document.valueSpan(path), path, message, undefined, true);
  }

  /** Further mistakes in the value at `path` follow from one that is reported already, and are dropped. */
  silence(path: KeyPath): void {
    this.#silenced.add(JSON.stringify(path));
  }

  /** A mistake of spelling that a format found, which knows its place itself. */
  atSpan(span: Span, path: KeyPath, message: string, suggestion?: string): void {
    this.#add(span, path, message, suggestion);
  }

  /** All mistakes in the order of the document, without repetitions. */
  list(): Diagnostic[] {
    const seen = new Set<string>();
    return this.#found
      .toSorted((a, b) => a.line - b.line || a.column - b.column)
      .filter(({ line, column, message }) => {
        const fingerprint = `${line}:${column} ${message}`;
        return !seen.has(fingerprint) && seen.add(fingerprint);
      });
  }

  #add(span: Span, path: KeyPath, message: string, suggestion: string | undefined, isSecret = false): void {
    const { file } = this.document;
    const place = file === undefined ? NOWHERE : this.document.placeOf(span);
    const excerpt = isSecret ? '' : place.excerpt;
    this.#found.push({ file, ...place, excerpt, path: this.document.existingPath(path), message, suggestion });
  }
}

const NOWHERE = { line: 0, column: 0, length: 0, excerpt: '' };

/** A mistake about a file as a whole: it is not there, cannot be read, is of no known kind. */
export function fileDiagnostic(file: string | undefined, message: string, suggestion?: string): Diagnostic {
  return { file, ...NOWHERE, path: [], message, suggestion };
}
