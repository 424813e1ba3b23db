// YAML text to a value with the place of every part, on top of the `yaml` package. One document, plain data only.
import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
  type Document as YamlDocument,
} from 'yaml';
import { DEPTH_LIMIT, type KeyPath, type ParsedText, type Span, SpanMap, type SpellingMistake } from '../document.ts';
import { badKeyMessage } from './json.ts';

/** Values that a document may have once its aliases are followed: an alias in an alias in an alias grows without end. */
const VALUE_LIMIT = 200_000;

/**
 * Parses one YAML 1.2 document (core schema: `yes` is a text, `1.10` a number) with anchors, aliases and merge keys.
 * All mistakes of spelling are reported; `value` is worth something only if there are none.
 */
export function parseYaml(text: string): ParsedText {
  const lineCounter = new LineCounter();
  const options = { prettyErrors: false, uniqueKeys: false, lineCounter, strict: true } as const;
  const document = parseDocument(text, options);
  const spans = new SpanMap();
  const mistakes = describeErrors(text, [...document.errors, ...document.warnings], lineCounter);
  if (mistakes.length > 0) return { value: undefined, spans, mistakes };
  const reader = new YamlReader(text, document, spans);
  const value = document.contents === null ? undefined : reader.read(document.contents, [], undefined, 0);
  return { value, spans, mistakes: reader.mistakes };
}

class YamlReader {
  readonly mistakes: SpellingMistake[] = [];
  readonly #text: string;
  readonly #document: YamlDocument;
  readonly #spans: SpanMap;
  #valueCount = 0;

  constructor(text: string, document: YamlDocument, spans: SpanMap) {
    this.#text = text;
    this.#document = document;
    this.#spans = spans;
  }

  read(node: Node | null, path: KeyPath, key: Span | undefined, depth: number): unknown {
    const span = spanOf(node) ?? key ?? { start: 0, end: 0 };
    this.#spans.set(path, { key, value: span });
    if (this.#isTooMuch(span, depth)) return undefined;
    if (isAlias(node)) return this.#readAlias(node, path, key, depth);
    if (isMap(node)) return this.#readMap(node, path, depth);
    if (isSeq(node)) return node.items.map((item, index) => this.#readItem(item, [...path, index], depth + 1));
    return isScalar(node) ? node.value : undefined;
  }

  #readAlias(alias: Alias, path: KeyPath, key: Span | undefined, depth: number): unknown {
    const target = alias.resolve(this.#document);
    if (target !== undefined) return this.read(target, path, key, depth + 1);
    const span = spanOf(alias) ?? { start: 0, end: 0 };
    this.mistakes.push({ span, path, ...unknownAnchor(`*${alias.source}`) });
    return undefined;
  }

  /** An item of a list. A lone `key: value` pair in a flow list arrives as a pair and stands for a map of one. */
  #readItem(item: unknown, path: KeyPath, depth: number): unknown {
    if (!isPair(item)) return this.read(item as Node | null, path, undefined, depth);
    const object: Record<string, unknown> = {};
    this.#readPair(item as Pair<Node, Node | null>, object, path, depth, new Map());
    return object;
  }

  #readMap(map: YAMLMap, path: KeyPath, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const seen = new Map<string, number>();
    const merges: (Node | null)[] = [];
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(pair.key)) merges.push(pair.value);
      else this.#readPair(pair, object, path, depth, seen);
    }
    for (const source of merges) this.#merge(source, object, path, depth);
    return object;
  }

  #readPair(
    pair: Pair<Node, Node | null>,
    object: Record<string, unknown>,
    path: KeyPath,
    depth: number,
    seen: Map<string, number>,
  ): void {
    const span = spanOf(pair.key) ?? { start: 0, end: 0 };
    if (!isScalar(pair.key)) {
      this.mistakes.push({ span, path, message: 'a key must be a text' });
      return;
    }
    const key = keyText(pair.key);
    const first = seen.get(key);
    if (first !== undefined || key === '__proto__') {
      this.mistakes.push({ span, path: [...path, key], message: badKeyMessage(this.#text, key, first) });
      return;
    }
    seen.set(key, span.start);
    object[key] = this.read(pair.value, [...path, key], span, depth + 1);
  }

  /** `<<: *other` or `<<: [*one, *two]`: keys that are not there yet, the earlier map first. */
  #merge(source: Node | null, object: Record<string, unknown>, path: KeyPath, depth: number): void {
    const span = spanOf(source) ?? { start: 0, end: 0 };
    if (this.#isTooMuch(span, depth)) return;
    const target = isAlias(source) ? (source.resolve(this.#document) ?? null) : source;
    if (isSeq(target)) {
      for (const item of target.items) this.#merge(item as Node | null, object, path, depth + 1);
      return;
    }
    if (!isMap(target)) {
      this.mistakes.push({ span, path, message: 'only a map can be merged' });
      return;
    }
    for (const pair of target.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(pair.key)) this.#merge(pair.value, object, path, depth + 1);
      else if (isScalar(pair.key) && !Object.hasOwn(object, keyText(pair.key)))
        this.#readPair(pair, object, path, depth, new Map());
    }
  }

  /** Counts one more value, and refuses the document once if there are too many or they are too deep. */
  #isTooMuch(span: Span, depth: number): boolean {
    this.#valueCount++;
    if (this.#valueCount <= VALUE_LIMIT && depth <= DEPTH_LIMIT) return false;
    const what = depth > DEPTH_LIMIT ? `${DEPTH_LIMIT} levels` : `${VALUE_LIMIT} values`;
    const message = `the document has more than ${what}, aliases followed`;
    if (this.mistakes.every((mistake) => mistake.message !== message)) this.mistakes.push({ span, path: [], message });
    return true;
  }
}

/** A key as text: `404` and `0x10` as they are written. */
function keyText(key: Scalar): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.source === '<<' && key.type === 'PLAIN';
}

/** `range` is [start, end of the value, end with trailing white space]. */
function spanOf(node: Node | null | undefined): Span | undefined {
  const range = node?.range;
  return range === null || range === undefined ? undefined : { start: range[0], end: range[1] };
}

/** The errors of the `yaml` package, the first of each line: the others of the line follow from it. */
function describeErrors(text: string, errors: readonly YAMLError[], lineCounter: LineCounter): SpellingMistake[] {
  const byLine = new Map<number, SpellingMistake>();
  for (const error of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = lineCounter.linePos(error.pos[0]);
    if (!byLine.has(line)) byLine.set(line, describe(text, error));
  }
  return [...byLine.values()];
}

/** An error of the `yaml` package in our words, with the slip that most often is behind it. */
function describe(text: string, error: YAMLError): SpellingMistake {
  const [start, end] = error.pos;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const [, indent = '', alias] = /^(\s*)(\*\S*?):?(?:\s|$)/.exec(text.slice(lineStart)) ?? [];
  if (alias !== undefined) {
    const aliasStart = lineStart + indent.length;
    return { span: { start: aliasStart, end: aliasStart + alias.length }, path: [], ...unknownAnchor(alias) };
  }
  return { span: { start, end }, path: [], message: messageFor(error) };
}

function messageFor(error: YAMLError): string {
  if (error.code === 'TAB_AS_INDENT') return 'a tab indents this line; YAML wants spaces';
  if (error.code === 'MULTIPLE_DOCS') return 'a second document starts here; a configuration is one document';
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY')
    return 'a key inside a value: either this line is indented wrongly, or a text with ": " in it needs quotes';
  if (error.code === 'RESOURCE_EXHAUSTION') return 'the document is nested too deeply';
  const [first = ''] = error.message.split('\n');
  return `not valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}

function unknownAnchor(alias: string): { message: string; suggestion?: string } {
  const message = `${alias} without quotes is an alias in YAML, and there is no anchor of this name`;
  return { message, suggestion: `put it in quotes: "${alias}"` };
}
