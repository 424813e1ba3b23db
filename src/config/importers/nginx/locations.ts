// Locations and nginx's order among them: exact, then `^~`, then patterns in the order of the file, then the longest prefix.
import { compilePcre } from '../pattern/pcre.ts';
import { type PathRegion, regionsOfPattern } from '../pattern/regions.ts';
import { type Directive, wordsOf } from './parser.ts';
import { openScope, type Scope } from './scopes.ts';

/** How a location matches. `named` is only reached by name. */
export type LocationKind = 'exact' | 'prefix' | 'final-prefix' | 'pattern' | 'named';

/** A location with the ones inside it. */
export interface Location {
  readonly kind: LocationKind;
  /** The path, the pattern or the name with its `@`. */
  readonly text: string;
  readonly scope: Scope;
  readonly directive: Directive;
  /** For a pattern that our language has paths for; undefined for any other pattern, which then never matches. */
  readonly regExp: RegExp | undefined;
  /** The paths that it is about; empty for named ones and for patterns that cannot be said. */
  readonly regions: readonly PathRegion[];
  /** Why a pattern cannot be said. */
  readonly problem: string | undefined;
  readonly inner: readonly Location[];
}

/** A location that was found, with the captures of its pattern. */
export interface FoundLocation {
  readonly location: Location;
  readonly captures: readonly (string | undefined)[] | undefined;
}

/** The locations of a block, in the order of the file. */
export function readLocations(scope: Scope): Location[] {
  return scope.own('location').map((directive) => {
    const inner = openScope(directive, scope);
    return { ...parseHead(directive), scope: inner, directive, inner: readLocations(inner) };
  });
}

type Head = Pick<Location, 'kind' | 'text' | 'regExp' | 'regions' | 'problem'>;

/** `= /x`, `^~ /x`, `~ x`, `~* x`, `/x`, `@x`; the space behind the sign may be missing. */
function parseHead(directive: Directive): Head {
  const words = wordsOf(directive);
  const [, sign = '', rest = ''] = /^(=|\^~|~\*|~)?(.*)$/s.exec(words[0] ?? '') ?? [];
  const text = words.length > 1 && rest === '' ? (words[1] ?? '') : rest;
  const plain = { text, regExp: undefined, problem: undefined };
  if (sign === '~' || sign === '~*') return parsePattern(text, sign === '~*');
  if (text.startsWith('@')) return { ...plain, kind: 'named', regions: [] };
  if (sign === '=') return { ...plain, kind: 'exact', regions: [{ path: text, kind: 'exact' }] };
  const region: PathRegion = { path: text, kind: text.endsWith('/') ? 'subtree' : 'open' };
  return { ...plain, kind: sign === '^~' ? 'final-prefix' : 'prefix', regions: text.startsWith('/') ? [region] : [] };
}

function parsePattern(text: string, ignoreCase: boolean): Head {
  const compiled = compilePcre(text, ignoreCase);
  const head = { kind: 'pattern', text } as const;
  if ('problem' in compiled) return { ...head, regExp: undefined, regions: [], problem: compiled.problem };
  const found = regionsOfPattern(text, 'path');
  if (found !== undefined) return { ...head, regExp: compiled.regExp, regions: found.regions, problem: undefined };
  return { ...head, regExp: undefined, regions: [], problem: 'it is about more than whole subtrees and exact paths' };
}

/** The location that takes `path` (decoded), as nginx finds it; undefined if the server block itself does. */
export function findLocation(locations: readonly Location[], path: string): FoundLocation | undefined {
  const found = search(locations, path);
  return found && { location: found.location, captures: found.captures };
}

/** `isFinal`: exact or by a pattern, so that patterns of the blocks around are not tried any more. */
function search(locations: readonly Location[], path: string): (FoundLocation & { isFinal: boolean }) | undefined {
  const exact = locations.find(({ kind, text }) => kind === 'exact' && text === path);
  if (exact !== undefined) return { location: exact, captures: undefined, isFinal: true };
  const longest = findLongestPrefix(locations, path);
  const inner = longest && search(longest.inner, path);
  if (inner?.isFinal === true) return inner;
  const prefix = inner ?? (longest && { location: longest, captures: undefined, isFinal: false });
  if (longest?.kind === 'final-prefix') return prefix;
  for (const location of locations) {
    const captures = location.regExp?.exec(path);
    if (captures === null || captures === undefined) continue;
    const deeper = search(location.inner, path);
    return { location, captures: [...captures], ...deeper, isFinal: true };
  }
  return prefix;
}

/** Directives whose location, if it ends in a slash, is also where its name without the slash leads. */
const REDIRECTING = ['proxy_pass', 'fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'memcached_pass', 'grpc_pass'];

/** `/app/` if `path` is `/app`, a location of that name forwards, and there is none for `/app` itself. */
export function findRedirect(locations: readonly Location[], path: string): Location | undefined {
  const every = allLocations(locations);
  if (every.some(({ kind, text }) => kind === 'exact' && text === path)) return undefined;
  return every.find(
    ({ kind, text, scope }) =>
      (kind === 'prefix' || kind === 'final-prefix') &&
      text === `${path}/` &&
      REDIRECTING.some((name) => scope.own(name).length > 0),
  );
}

function findLongestPrefix(locations: readonly Location[], path: string): Location | undefined {
  let longest: Location | undefined;
  for (const location of locations) {
    const isPrefix = location.kind === 'prefix' || location.kind === 'final-prefix';
    if (isPrefix && path.startsWith(location.text) && location.text.length >= (longest?.text.length ?? 0))
      longest = location;
  }
  return longest;
}

/** All locations, those inside others included. */
export function allLocations(locations: readonly Location[]): Location[] {
  return locations.flatMap((location) => [location, ...allLocations(location.inner)]);
}
