// Moves paths from the backend base to the mount: what `rewrite/path-map.ts` does, for paths that are spelled as browsers do.

/** How one base path becomes another: see `PathRule` of the rewriter. */
export interface PathRule {
  readonly from: string;
  readonly to: string;
  readonly prefix: 'auto' | 'add' | 'keep';
  readonly except: readonly string[];
}

/** Whether `path` is `base`, perhaps without its last slash, or lies below. */
function isBelow(path: string, base: string): boolean {
  const bare = base.slice(0, -1);
  return path.startsWith(bare) && /^(?:[/\\?#]|$)/.test(path.slice(bare.length));
}

/**
 * The moved path, the same one where nothing changes, undefined where `rule` does not cover it. Dot segments are resolved
 * first. Merged slashes and encoded letters are not seen through: what is built at run time has none.
 */
export function movePath(path: string, { from, to, prefix, except }: PathRule): string | undefined {
  const { pathname, search, hash } = new URL(`http://h${path}`);
  const plain = /[/\\](?:\.|%2e)/i.test(path) ? pathname + search + hash : path;
  if (prefix === 'keep' || except.some((base) => isBelow(plain, base))) return path;
  // An application that knows its prefix writes it itself. Where the backend's base is the longer one, that one counts.
  const isLonger = from.length > to.length && from.startsWith(to) && isBelow(plain, from);
  if (prefix === 'auto' && to !== '/' && isBelow(plain, to) && !isLonger) return path;
  if (!isBelow(plain, from)) return undefined;
  const rest = plain.slice(from.length - 1);
  if (to !== '/') return to.slice(0, -1) + rest;
  // `//x` would name a host, and an empty path is none.
  return /^[/\\](?![/\\])/.test(rest) ? rest : `/${rest && /^[/\\]/.test(rest) ? '.' : ''}${rest}`;
}
