// Paths below a base: found in every spelling that routing treats alike, moved to another base, dot segments minded.
import { routingPath, stripSegments } from '../http/target.ts';

/** Replaces the first `end` characters of a path by `text`. */
export interface PathEdit {
  readonly end: number;
  readonly text: string;
}

/** How one base path becomes another: see `MatchRule`. */
export interface PathRule {
  readonly from: string;
  readonly to: string;
  readonly prefix: 'auto' | 'add' | 'keep';
  readonly except: readonly string[];
}

/** What a rule makes of a path: an edit, nothing to change, or `outside` what the mount covers. */
export type PathAnswer = PathEdit | 'same' | 'outside';

const PATH_END = /[?#]/;
const HAS_DOTS = /[/\\](?:\.|%2e)/i;
const IS_PARENT = /^(?:\.|%2e){2}$/i;
const IS_HERE = /^(?:\.|%2e)$/i;

/** Applies `rule` to `path`, which starts with a slash and may go on with a query and a fragment. */
export function translatePath(path: string, rule: PathRule): PathAnswer {
  const { from, to, prefix } = rule;
  if (prefix === 'keep' || rule.except.some((base) => endOfBase(path, base) >= 0)) return 'same';
  if (prefix === 'auto' && isAlreadyBelow(path, rule)) return 'same';
  const end = from === '/' ? endOfClimb(path) : endOfBase(path, from);
  if (end < 0) return 'outside';
  const bare = to.slice(0, -1);
  // A path that ends in ".." is that of a folder.
  const isFolder = bare === '' || (from === '/' && end > 0);
  const text = isFolder && !isSlash(path.charCodeAt(end)) ? `${bare}/` : bare;
  return path.startsWith(text) && text.length === end ? 'same' : { end, text };
}

/** An application that knows its prefix writes it itself. Where the backend's base is the longer one, that one counts. */
function isAlreadyBelow(path: string, { from, to }: PathRule): boolean {
  if (to === '/') return false;
  if (from.length > to.length && from.startsWith(to) && endOfBase(path, from) >= 0) return false;
  const end = endOfBase(path, to);
  // Routing merges slashes, an application that knows its prefix does not write two.
  return end >= 0 && !/[/\\]{2}/.test(path.slice(0, end));
}

/**
 * The index in `path` of the slash, or of the end of the path, directly behind `base` without its last slash; -1 if
 * the path does not lie there. Merged slashes, encoded unreserved characters and backslashes count as routing and
 * browsers count them; a path that climbs out again by `..` does not lie there.
 */
export function endOfBase(path: string, base: string): number {
  if (base === '/') return 0;
  const end = path.startsWith(base) ? base.length - 1 : endOfOddSpelling(path, base);
  if (end < 0 || !HAS_DOTS.test(path)) return end;
  return endOfClimb(path.slice(end)) > 0 ? -1 : end;
}

function endOfOddSpelling(path: string, base: string): number {
  const bare = base.slice(0, -1);
  const mark = path.search(PATH_END);
  const received = mark < 0 ? path : path.slice(0, mark);
  if (received === bare) return bare.length;
  if (!/%|\\|\/\//.test(received)) return -1;
  const slashed = received.replaceAll('\\', '/');
  const routed = routingPath(slashed);
  if (routed !== bare && !routed.startsWith(base)) return -1;
  const count = base.split('/').length - 2;
  return slashed.length - stripSegments(slashed, count).length;
}

/** How much of `path` is undone by `..` segments that go above its beginning, where browsers stop: usually nothing. */
function endOfClimb(path: string): number {
  if (!HAS_DOTS.test(path)) return 0;
  let depth = 0;
  let climbed = 0;
  let start = 1;
  while (start <= path.length) {
    let end = start;
    while (end < path.length && !isSlash(path.charCodeAt(end)) && !PATH_END.test(path.charAt(end))) end++;
    const segment = path.slice(start, end);
    if (IS_PARENT.test(segment)) depth--;
    else if (!IS_HERE.test(segment)) depth++;
    if (depth < 0) {
      depth = 0;
      climbed = end;
    }
    if (end >= path.length || !isSlash(path.charCodeAt(end))) break;
    start = end + 1;
  }
  return climbed;
}

function isSlash(code: number): boolean {
  return code === 0x2f || code === 0x5c;
}
