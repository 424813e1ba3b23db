// A configuration document after reading: the plain value it stands for, and where each part of it was written.
import type { SourcePosition } from '../exchange/route.ts';
import { LineIndex } from '../util/source-position.ts';

/** The way from the top of a document to one of its values: keys of maps and indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** A stretch of the text, as offsets: `end` is the first one behind it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a value was written: its own span and that of its key, where it has one. */
export interface Spans {
  readonly key: Span | undefined;
  readonly value: Span;
}

/** A mistake that a format found: in the spelling, not in the meaning. */
export interface SpellingMistake {
  readonly span: Span;
  readonly path: KeyPath;
  readonly message: string;
  readonly suggestion?: string;
}

/** What a format makes of a text. `value` means nothing where there are mistakes. */
export interface ParsedText {
  readonly value: unknown;
  readonly spans: SpanMap;
  readonly mistakes: readonly SpellingMistake[];
}

/** Values nested deeper than this are a mistake in every format: no configuration needs it, and recursion must end. */
export const DEPTH_LIMIT = 64;

/** The spans of a document by key path: a tree of the same shape as the document. */
export class SpanMap {
  readonly #root: SpanNode = { spans: undefined, children: undefined };

  set(path: KeyPath, spans: Spans): void {
    let node = this.#root;
    for (const key of path) {
      node.children ??= new Map();
      let child = node.children.get(key);
      if (child === undefined) {
        child = { spans: undefined, children: undefined };
        node.children.set(key, child);
      }
      node = child;
    }
    node.spans = spans;
  }

  get(path: KeyPath): Spans | undefined {
    let node: SpanNode | undefined = this.#root;
    for (const key of path) node = node?.children?.get(key);
    return node?.spans;
  }

  /** The spans of `path`, or of the nearest map or list around it that was written down. */
  nearest(path: KeyPath): Spans | undefined {
    let node: SpanNode | undefined = this.#root;
    let spans = node.spans;
    for (const key of path) {
      node = node?.children?.get(key);
      spans = node?.spans ?? spans;
    }
    return spans;
  }
}

interface SpanNode {
  spans: Spans | undefined;
  children: Map<string | number, SpanNode> | undefined;
}

/** A span as people see it. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly excerpt: string;
}

/** A document: a value with its places. A generated one has no file and no places. */
export class Document {
  /** Absolute path; undefined for a generated document. */
  readonly file: string | undefined;
  readonly text: string;
  readonly value: unknown;
  readonly #spans: SpanMap;
  readonly #lines: LineIndex;

  constructor(file: string | undefined, text: string, value: unknown, spans: SpanMap) {
    this.file = file;
    this.text = text;
    this.value = value;
    this.#spans = spans;
    this.#lines = new LineIndex(text);
  }

  /** A document that no file holds: what a command makes of its arguments. */
  static generated(value: unknown): Document {
    return new Document(undefined, '', value, new SpanMap());
  }

  /** The longest beginning of `path` that the document has; a short form leaves out what its long form has. */
  existingPath(path: KeyPath): KeyPath {
    let value = this.value;
    const missing = path.findIndex((key) => {
      const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
      value = isThere ? Reflect.get(value as object, key) : undefined;
      return !isThere;
    });
    return missing < 0 ? path : path.slice(0, missing);
  }

  /** Where the key at `path`, or the nearest one around it, was written. */
  keySpan(path: KeyPath): Span {
    const spans = this.#spans.nearest(path);
    return spans?.key ?? spans?.value ?? { start: 0, end: 0 };
  }

  /** Where the value at `path`, or the nearest one around it, was written. */
  valueSpan(path: KeyPath): Span {
    return this.#spans.nearest(path)?.value ?? { start: 0, end: 0 };
  }

  /** A span in lines: where it starts, how much of that line it covers (at least 1), and the line itself. */
  placeOf({ start, end }: Span): Place {
    const { line, column } = this.#lines.positionAt(start);
    const excerpt = this.#lines.lineText(line);
    return { line, column, length: Math.max(1, Math.min(end - start, excerpt.length - column + 1)), excerpt };
  }

  /** {@link keySpan} as a position, or undefined in a generated document. */
  keyPosition(path: KeyPath): SourcePosition | undefined {
    return this.#positionOf(this.keySpan(path));
  }

  /** {@link valueSpan} as a position, or undefined in a generated document. */
  valuePosition(path: KeyPath): SourcePosition | undefined {
    return this.#positionOf(this.valueSpan(path));
  }

  #positionOf({ start }: Span): SourcePosition | undefined {
    return this.file === undefined ? undefined : { file: this.file, ...this.#lines.positionAt(start) };
  }
}

/** A key path for people: `sites > www.example.org > /app/ > vhost`. */
export function printKeyPath(path: KeyPath): string {
  return path.join(' > ');
}
