// The shape of a regular expression: which texts it can match, as far as that is a short list of texts and runs.
// It is what tells a pattern that means "these names" or "this subtree" from one that our language has no word for.

/** What a run of characters may hold. `no-dot` is at most one label of a name, `name` any name; `other` is the rest. */
export type RunOf = 'any' | 'no-query' | 'no-slash' | 'no-dot' | 'name' | 'other';

/** A part of what an alternative matches: a fixed text, or `min` or more characters of a kind. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'run'; readonly of: RunOf; readonly min: number };

/** One way of matching. Neighbouring texts are joined. */
export interface Alternative {
  readonly isAnchoredAtStart: boolean;
  readonly isAnchoredAtEnd: boolean;
  readonly pieces: readonly Piece[];
  /** Comes from a negative lookahead: what the pattern names in order to leave it out. */
  readonly isExcluded: boolean;
}

/** What a pattern matches. */
export interface PatternShape {
  readonly alternatives: readonly Alternative[];
  /** A dot without backslash stands for a single character; it was taken for a dot. */
  readonly hasLooseDot: boolean;
}

type Item =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'dot' }
  | { readonly type: 'start' }
  | { readonly type: 'end' }
  | { readonly type: 'set'; readonly members: readonly string[]; readonly of: RunOf }
  | { readonly type: 'group'; readonly alternatives: readonly (readonly Item[])[]; readonly isExcluded: boolean }
  | { readonly type: 'repeat'; readonly item: Item; readonly min: number; readonly max: number };

/** Thrown inside this file only: the pattern has no shape. */
class Shapeless extends Error {}

const ALTERNATIVE_LIMIT = 64;
const DEPTH_LIMIT = 32;
/** Sets of at most this many characters are written out as alternatives. */
const SET_LIMIT = 4;

/** Finds the shape of a Perl pattern; undefined if it has none (or is not a pattern at all). */
export function findShape(pattern: string): PatternShape | undefined {
  try {
    const parser = new PatternParser(pattern.replace(/^\(\?[is]+\)/, ''));
    const alternatives = parser.parseWhole().flatMap((items) => expand(items, []));
    if (alternatives.length > ALTERNATIVE_LIMIT) return undefined;
    return { alternatives: alternatives.map(toAlternative), hasLooseDot: parser.hasLooseDot };
  } catch (error) {
    if (error instanceof Shapeless || error instanceof RangeError) return undefined;
    throw error;
  }
}

class PatternParser {
  hasLooseDot = false;
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parseWhole(): Item[][] {
    const alternatives = this.#parseAlternatives(0);
    if (this.#index < this.#text.length) throw new Shapeless();
    return alternatives;
  }

  #parseAlternatives(depth: number): Item[][] {
    if (depth > DEPTH_LIMIT) throw new Shapeless();
    const alternatives: Item[][] = [[]];
    while (this.#index < this.#text.length && this.#peek() !== ')') {
      if (this.#peek() === '|') {
        this.#index++;
        alternatives.push([]);
      } else alternatives.at(-1)?.push(this.#parseQuantified(depth));
    }
    return alternatives;
  }

  #parseQuantified(depth: number): Item {
    const item = this.#parseAtom(depth);
    const [whole, sign = '', min, comma, max] = /^(?:([*+?])|\{(\d+)(,)?(\d+)?\})[?+]?/.exec(this.#rest()) ?? [];
    if (whole === undefined) {
      if (item.type === 'dot') this.hasLooseDot = true;
      return item;
    }
    this.#index += whole.length;
    if (sign === '*') return { type: 'repeat', item, min: 0, max: Number.POSITIVE_INFINITY };
    if (sign === '+') return { type: 'repeat', item, min: 1, max: Number.POSITIVE_INFINITY };
    if (sign === '?') return { type: 'repeat', item, min: 0, max: 1 };
    const least = Number(min);
    const most = max === undefined ? (comma === undefined ? least : Number.POSITIVE_INFINITY) : Number(max);
    return { type: 'repeat', item, min: least, max: most };
  }

  #parseAtom(depth: number): Item {
    const char = this.#text.charAt(this.#index++);
    if (char === '^') return { type: 'start' };
    if (char === '$') return { type: 'end' };
    if (char === '.') return { type: 'dot' };
    if (char === '(') return this.#parseGroup(depth);
    if (char === '[') return this.#parseSet();
    if (char === '\\') return this.#parseEscape();
    if (/[*+?{]/.test(char) && !/^\{(?!\d)/.test(char + this.#rest())) throw new Shapeless();
    return { type: 'text', text: char };
  }

  #parseGroup(depth: number): Item {
    const [prefix = ''] = /^\?(?::|!|P?<[A-Za-z_]\w*>|>)/.exec(this.#rest()) ?? [];
    if (prefix === '' && this.#peek() === '?') throw new Shapeless();
    this.#index += prefix.length;
    const alternatives = this.#parseAlternatives(depth + 1);
    if (this.#text.charAt(this.#index++) !== ')') throw new Shapeless();
    return { type: 'group', alternatives, isExcluded: prefix === '?!' };
  }

  #parseEscape(): Item {
    const char = this.#text.charAt(this.#index++);
    if (char === 'd' || char === 'w') return { type: 'set', members: [], of: 'no-dot' };
    if (char === 'A') return { type: 'start' };
    if (char === 'z' || char === 'Z') return { type: 'end' };
    if (char === '' || /[A-Za-z0-9]/.test(char)) throw new Shapeless();
    return { type: 'text', text: char };
  }

  #parseSet(): Item {
    const [whole = '', negation = '', body = ''] = /^(\^?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]/s.exec(this.#rest()) ?? [];
    if (whole === '') throw new Shapeless();
    this.#index += whole.length;
    const plain = body.replace(/\\([^A-Za-z0-9])/g, '$1');
    if (negation !== '') return { type: 'set', members: [], of: classifyNegated(plain) };
    const isEnumerable = !/\\|\[:|.-./s.test(body.replace(/\\[^A-Za-z0-9]/g, 'x')) && [...plain].length <= SET_LIMIT;
    return { type: 'set', members: isEnumerable ? [...plain] : [], of: plain.includes('.') ? 'name' : 'no-dot' };
  }

  #peek(): string {
    return this.#text.charAt(this.#index);
  }

  #rest(): string {
    return this.#text.slice(this.#index);
  }
}

function classifyNegated(members: string): RunOf {
  const set = new Set([...members.replace(/\\s/g, '').replace(/#/g, '')]);
  if (set.has('/')) return set.size === 1 || (set.size === 2 && set.has('?')) ? 'no-slash' : 'no-dot';
  if (set.has('.')) return 'no-dot';
  if (set.size === 0) return 'any';
  return set.size === 1 && set.has('?') ? 'no-query' : set.size === 1 && set.has(':') ? 'name' : 'other';
}

/** What {@link expand} produces before texts are joined. */
type Part = Piece | { readonly kind: 'start' } | { readonly kind: 'end' } | { readonly kind: 'excluded' };

/** Every way through `items`, appended to `prefix`. */
function expand(items: readonly Item[], prefix: readonly Part[]): Part[][] {
  let ways: Part[][] = [[...prefix]];
  for (const item of items) {
    const next: Part[][] = [];
    for (const way of ways) {
      // What a negative lookahead names ends there: nothing that follows it can be matched by that way.
      if (way.some((part) => part.kind === 'excluded')) next.push(way);
      else for (const step of expandItem(item)) next.push([...way, ...step]);
    }
    if (next.length > ALTERNATIVE_LIMIT) throw new Shapeless();
    ways = next;
  }
  return ways;
}

function expandItem(item: Item): Part[][] {
  if (item.type === 'text') return [[{ kind: 'text', text: item.text }]];
  if (item.type === 'dot') return [[{ kind: 'text', text: '.' }]];
  if (item.type === 'start') return [[{ kind: 'start' }]];
  if (item.type === 'end') return [[{ kind: 'end' }]];
  if (item.type === 'repeat') return expandRepeat(item.item, item.min, item.max);
  if (item.type === 'set') {
    if (item.members.length > 0) return item.members.map((text) => [{ kind: 'text', text }]);
    return [[{ kind: 'run', of: 'other', min: 1 }]];
  }
  const ways = item.alternatives.flatMap((items) => expand(items, []));
  if (!item.isExcluded) return ways;
  return [[], ...ways.map((way): Part[] => [...way, { kind: 'excluded' }])];
}

function expandRepeat(item: Item, min: number, max: number): Part[][] {
  if (max === 1) return min === 1 ? expandItem(item) : [[], ...expandItem(item)];
  if (min === max && item.type === 'text' && max <= 16) return [[{ kind: 'text', text: item.text.repeat(max) }]];
  const least = Math.min(min, 1);
  if (item.type === 'dot')
    return [[{ kind: 'run', of: max === Number.POSITIVE_INFINITY ? 'any' : 'other', min: least }]];
  if (item.type === 'set') {
    const of = item.members.length === 0 || !item.members.includes('.') ? item.of : 'name';
    return [[{ kind: 'run', of: max === Number.POSITIVE_INFINITY ? of : 'other', min: least }]];
  }
  // Routing merges slashes, so that several are as good as one.
  if (item.type === 'text' && item.text === '/' && max === Number.POSITIVE_INFINITY)
    return min === 0 ? [[], [{ kind: 'text', text: '/' }]] : [[{ kind: 'text', text: '/' }]];
  throw new Shapeless();
}

function toAlternative(parts: readonly Part[]): Alternative {
  const pieces: Piece[] = [];
  let isAnchoredAtStart = false;
  let isAnchoredAtEnd = false;
  for (const part of parts) {
    if (part.kind === 'start') {
      if (pieces.length > 0) throw new Shapeless();
      isAnchoredAtStart = true;
    } else if (part.kind === 'end') isAnchoredAtEnd = true;
    else if (part.kind !== 'excluded') {
      if (isAnchoredAtEnd) throw new Shapeless();
      appendPiece(pieces, part);
    }
  }
  return { isAnchoredAtStart, isAnchoredAtEnd, pieces, isExcluded: parts.some((part) => part.kind === 'excluded') };
}

function appendPiece(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  if (piece.kind === 'text' && last?.kind === 'text')
    pieces[pieces.length - 1] = { ...last, text: last.text + piece.text };
  else pieces.push(piece);
}
