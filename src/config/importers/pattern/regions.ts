// What a pattern means for a site: the names it is about, or the paths.
import { compilePcre } from './pcre.ts';
import { type Alternative, findShape, type PatternShape, type Piece } from './shape.ts';

/** A name of a site in our language: exact, `*.example.net`, or `*`. */
export interface NamePattern {
  readonly host: string;
  /** The only port, if the pattern writes one; undefined for every port. */
  readonly port: number | undefined;
}

/** Ways in which a pattern matches more than its author meant. */
export type NameRemark = 'loose-dot' | 'open-start' | 'open-end';

/** The names of a pattern. */
export interface NamesOfPattern {
  readonly names: readonly NamePattern[];
  readonly remarks: readonly NameRemark[];
}

/**
 * The names that a pattern on the Host matches; undefined if our language cannot list them. An open start or end and a
 * loose dot are taken for what was meant, and remarked.
 */
export function namesOfPattern(pattern: string): NamesOfPattern | undefined {
  const shape = findShape(pattern);
  if (shape === undefined) return undefined;
  const names: NamePattern[] = [];
  const remarks = new Set<NameRemark>(shape.hasLooseDot ? ['loose-dot'] : []);
  for (const alternative of shape.alternatives) {
    const found = alternative.isExcluded ? undefined : namesOfAlternative(alternative, remarks);
    if (found === undefined) return undefined;
    for (const name of found) {
      if (!names.some((other) => other.host === name.host && other.port === name.port)) names.push(name);
    }
  }
  // A name that its own pattern refuses is one that cannot be written with a `*`, such as `^[0-9]+\.example$`.
  const compiled = compilePcre(pattern, true);
  if ('problem' in compiled || !names.every((name) => matchesSample(compiled.regExp, name))) return undefined;
  // `(:\d+)?` says twice what one name without a port says.
  const anyPort = new Set(names.filter((name) => name.port === undefined).map((name) => name.host));
  return { names: names.filter((name) => name.port === undefined || !anyPort.has(name.host)), remarks: [...remarks] };
}

/** The label that stands for any in sample requests: plain enough for most patterns, and in nobody's configuration. */
export const SAMPLE_LABEL = 'porticoprobe';

/** A name under a key of ours that no directive is about. */
export function sampleHost(name: string): string {
  return name === '*' ? `${SAMPLE_LABEL}.invalid` : name.replace(/^\*/, SAMPLE_LABEL);
}

function matchesSample(regExp: RegExp, { host, port }: NamePattern): boolean {
  return regExp.test(sampleHost(host) + (port === undefined ? '' : `:${port}`));
}

const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/;

function namesOfAlternative(alternative: Alternative, remarks: Set<NameRemark>): NamePattern[] | undefined {
  const pieces = withoutAnyPort(alternative.pieces);
  const [first, second] = pieces;
  if (first === undefined) return [{ host: '*', port: undefined }];
  if (first.kind === 'run' && second === undefined)
    return first.of === 'any' || first.of === 'name' ? [{ host: '*', port: undefined }] : undefined;
  if (first.kind === 'run' && first.of === 'other') return undefined;
  const text = first.kind === 'text' ? first : second;
  if (text?.kind !== 'text') return undefined;
  const behind = pieces.slice(first === text ? 1 : 2);
  if (behind.length > 0 && !isOpenTail(behind)) return undefined;
  if (!alternative.isAnchoredAtEnd || behind.length > 0) remarks.add('open-end');
  const [, host = '', portText] = /^(.*?)(?::(\d{1,5}))?$/.exec(text.text.toLowerCase()) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  const isOpen = first.kind === 'run' || !alternative.isAnchoredAtStart;
  // Open on both sides it is about whatever has the text in it.
  if (isOpen && first.kind !== 'run' && (!alternative.isAnchoredAtEnd || behind.length > 0)) return undefined;
  if (!isOpen) return HOST.test(host) ? [{ host, port }] : undefined;
  if (host.startsWith('.')) return HOST.test(host.slice(1)) ? [{ host: `*${host}`, port }] : undefined;
  if (!HOST.test(host)) return undefined;
  remarks.add('open-start');
  return [
    { host, port },
    { host: `*.${host}`, port },
  ];
}

/** Pieces without a final `:` and its run of digits. */
function withoutAnyPort(pieces: readonly Piece[]): readonly Piece[] {
  const last = pieces.at(-1);
  const before = pieces.at(-2);
  if (last?.kind !== 'run' || before?.kind !== 'text' || !before.text.endsWith(':')) return pieces;
  return [...pieces.slice(0, -2), { kind: 'text', text: before.text.slice(0, -1) }];
}

/** A set of paths that our language has a key for. */
export interface PathRegion {
  /** Ends in `/` for a subtree. */
  readonly path: string;
  /** `open`: everything that starts with the text, with no regard to segments: `/app` also takes `/apparel`. */
  readonly kind: 'exact' | 'subtree' | 'open';
}

/** The regions of a pattern on paths. */
export interface RegionsOfPattern {
  readonly regions: readonly PathRegion[];
  readonly hasLooseDot: boolean;
}

/**
 * The paths that a pattern matches; undefined if they are no list of subtrees and exact paths.
 * `subject` says what the pattern is matched with: the path alone, or the path and `?query`.
 */
export function regionsOfPattern(pattern: string, subject: 'path' | 'path-and-query'): RegionsOfPattern | undefined {
  const shape = findShape(pattern);
  if (shape === undefined) return undefined;
  const regions: PathRegion[] = [];
  for (const alternative of shape.alternatives) {
    if (isNever(alternative)) continue;
    const region = regionOfAlternative(subject === 'path' ? alternative : cutQuery(alternative));
    if (region === undefined) return undefined;
    if (!regions.some((other) => other.path === region.path && other.kind === region.kind)) regions.push(region);
  }
  return regions.length === 0 ? undefined : { regions, hasLooseDot: shape.hasLooseDot && !isEverything(shape) };
}

/** Nothing at all, which no path is: what `^/?$` says besides `/`. */
function isNever({ pieces, isAnchoredAtStart, isAnchoredAtEnd }: Alternative): boolean {
  return pieces.length === 0 && isAnchoredAtStart && isAnchoredAtEnd;
}

function regionOfAlternative(alternative: Alternative): PathRegion | undefined {
  const { pieces, isAnchoredAtStart, isAnchoredAtEnd } = alternative;
  const everything: PathRegion = { path: '/', kind: 'subtree' };
  const [first, ...behind] = pieces;
  if (first === undefined) return everything;
  if (first.kind === 'run') return isOpenTail(pieces) ? everything : undefined;
  // Every path starts with a slash, so that the first one is found there.
  if (!isAnchoredAtStart) {
    const isAny = first.text === '/' && (behind.length > 0 ? isOpenTail(behind) : !isAnchoredAtEnd);
    return isAny ? everything : undefined;
  }
  if (!first.text.startsWith('/')) return undefined;
  if (behind.length === 0 && isAnchoredAtEnd) return { path: first.text, kind: 'exact' };
  if (behind.length > 0 && !isOpenTail(behind) && !isSegmentAndMore(behind, isAnchoredAtEnd)) return undefined;
  return { path: first.text, kind: first.text.endsWith('/') ? 'subtree' : 'open' };
}

/** Nothing but runs of anything. */
function isOpenTail(pieces: readonly Piece[]): boolean {
  return pieces.every((piece) => piece.kind === 'run' && (piece.of === 'any' || piece.of === 'no-query'));
}

/** `[^/]+` without an end: one segment, and then whatever follows. */
function isSegmentAndMore(pieces: readonly Piece[], isAnchoredAtEnd: boolean): boolean {
  const [first] = pieces;
  return pieces.length === 1 && first?.kind === 'run' && first.of === 'no-slash' && !isAnchoredAtEnd;
}

/** Without what an alternative says about the query. */
function cutQuery(alternative: Alternative): Alternative {
  const mark = alternative.pieces.findIndex((piece) => piece.kind === 'text' && piece.text.includes('?'));
  if (mark < 0) return alternative;
  const piece = alternative.pieces[mark];
  const text = piece?.kind === 'text' ? piece.text.slice(0, piece.text.indexOf('?')) : '';
  const pieces = alternative.pieces.slice(0, mark);
  return {
    ...alternative,
    pieces: text === '' ? pieces : [...pieces, { kind: 'text', text }],
    isAnchoredAtEnd: true,
  };
}

function isEverything(shape: PatternShape): boolean {
  return shape.alternatives.every((alternative) => regionOfAlternative(alternative)?.path === '/');
}

/** The endings that a pattern is about, such as `.css`; undefined if it is about something else as well. */
export function endingsOfPattern(pattern: string): string[] | undefined {
  const shape = findShape(pattern);
  if (shape === undefined) return undefined;
  const endings = shape.alternatives.map(({ pieces, isAnchoredAtStart, isAnchoredAtEnd, isExcluded }) => {
    const [first, second] = pieces;
    const text = first?.kind === 'run' ? second : first;
    const isOpen =
      first?.kind === 'run' ? first.of === 'any' && pieces.length === 2 : pieces.length === 1 && !isAnchoredAtStart;
    const isEnding =
      isOpen && isAnchoredAtEnd && !isExcluded && text?.kind === 'text' && /^\.[A-Za-z0-9._-]+$/.test(text.text);
    return isEnding ? text.text.toLowerCase() : undefined;
  });
  return endings.length > 0 && endings.every((ending) => ending !== undefined) ? [...new Set(endings)] : undefined;
}

/** Whether a pattern is about names that start with a dot, as the usual rules against `.ht*` and `.git` are. */
export function isAboutDotFiles(pattern: string): boolean {
  return /^(?:\(?(?:\?:)?\^\|\/\)?|\/|\^\/?)\\\./.test(pattern);
}
