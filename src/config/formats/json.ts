// JSON text to a value with the place of every part. Strict (RFC 8259), and duplicate keys are refused.
import { DEPTH_LIMIT, type KeyPath, type ParsedText, type Span, SpanMap, type SpellingMistake } from '../document.ts';

/** Parses a whole JSON text. Stops at the first mistake, which it describes; JSON.parse would say less and not where. */
export function parseJson(text: string): ParsedText {
  return new JsonParser(text).parse();
}

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const LITERALS: ReadonlyMap<string, unknown> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Thrown inside the parser only, to leave it at the first mistake. */
class Refusal extends Error {
  readonly mistake: SpellingMistake;

  constructor(mistake: SpellingMistake) {
    super(mistake.message);
    this.mistake = mistake;
  }
}

class JsonParser {
  readonly #text: string;
  readonly #spans = new SpanMap();
  readonly #duplicates: SpellingMistake[] = [];
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedText {
    try {
      const value = this.#value([], undefined);
      this.#skipSpace();
      if (this.#offset < this.#text.length) this.#refuse([], 'expected the end of the document');
      return { value, spans: this.#spans, mistakes: this.#duplicates };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { value: undefined, spans: this.#spans, mistakes: [...this.#duplicates, error.mistake] };
    }
  }

  #value(path: KeyPath, key: Span | undefined): unknown {
    if (path.length > DEPTH_LIMIT) this.#refuse(path, `expected at most ${DEPTH_LIMIT} levels`);
    this.#skipSpace();
    const start = this.#offset;
    const value = this.#bareValue(path);
    this.#spans.set(path, { key, value: { start, end: this.#offset } });
    return value;
  }

  #bareValue(path: KeyPath): unknown {
    const next = this.#text[this.#offset];
    if (next === '{') return this.#object(path);
    if (next === '[') return this.#array(path);
    if (next === '"') return this.#string(path);
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number);
    const start = this.#offset;
    const word = this.#match(WORD);
    if (word !== undefined && LITERALS.has(word)) return LITERALS.get(word);
    this.#offset = start;
    return this.#refuse(path, 'expected a value');
  }

  #object(path: KeyPath): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const seen = new Map<string, number>();
    this.#offset++;
    if (this.#isNext('}')) return object;
    do {
      this.#skipSpace();
      const start = this.#offset;
      if (this.#text[start] !== '"') this.#refuse(path, 'expected a key in double quotes');
      const key = this.#string(path);
      const span = { start, end: this.#offset };
      const first = seen.get(key);
      if (first !== undefined || key === '__proto__') this.#noteBadKey([...path, key], span, first);
      if (!this.#isNext(':')) this.#refuse([...path, key], 'expected a colon');
      const value = this.#value([...path, key], span);
      if (key !== '__proto__') object[key] = value;
      seen.set(key, start);
    } while (this.#isNext(','));
    if (!this.#isNext('}')) this.#refuse(path, 'expected a comma or }');
    return object;
  }

  #array(path: KeyPath): unknown[] {
    const array: unknown[] = [];
    this.#offset++;
    if (this.#isNext(']')) return array;
    do array.push(this.#value([...path, array.length], undefined));
    while (this.#isNext(','));
    if (!this.#isNext(']')) this.#refuse(path, 'expected a comma or ]');
    return array;
  }

  #string(path: KeyPath): string {
    const literal = this.#match(STRING);
    if (literal !== undefined) return String(JSON.parse(literal));
    return this.#refuse(path, 'expected a text in double quotes, ended on the same line and with valid escapes');
  }

  /** Consumes white space and `mark`, if that is what comes. */
  #isNext(mark: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#offset] !== mark) return false;
    this.#offset++;
    return true;
  }

  #skipSpace(): void {
    this.#match(WHITESPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#offset += found?.length ?? 0;
    return found;
  }

  #noteBadKey(path: KeyPath, span: Span, first: number | undefined): void {
    this.#duplicates.push({ span, path, message: badKeyMessage(this.#text, String(path.at(-1)), first) });
  }

  #refuse(path: KeyPath, expected: string): never {
    const start = this.#offset;
    const rest = this.#text.slice(start);
    const isComment = /^(\/[/*]|#)/.test(rest);
    const isTrailingComma = /^[}\]]/.test(rest) && /,\s*$/.test(this.#text.slice(0, start));
    const [found = ''] = /^(?:[\w$.+-]+|.)/su.exec(rest) ?? [];
    const got = rest === '' ? 'the document ends' : `got ${JSON.stringify(found).slice(1, -1)}`;
    const hint = isComment ? ' (JSON has no comments; YAML does)' : isTrailingComma ? ' (a comma too many)' : '';
    throw new Refusal({ span: { start, end: start + found.length }, path, message: `${expected}, ${got}${hint}` });
  }
}

/** What is wrong with a key that came before (at offset `first`) or may not come at all. Shared by the formats. */
export function badKeyMessage(text: string, key: string, first: number | undefined): string {
  if (first === undefined) return `the key ${key} is not allowed`;
  const line = text.slice(0, first).split('\n').length;
  return `the key "${key}" stands here a second time; the first is on line ${line}`;
}
