// Moves paths from the backend base to the mount: what `rewrite/path-map.ts` does, for paths that are spelled as browsers do.

/** How what lies below `base` comes to lie below `path`: see `PathRule` of the rewriter. A mount's configuration is one. */
export interface PathRule {
  readonly base: string;
  readonly path: string;
  readonly prefix: 'auto' | 'add' | 'keep';
  readonly except: readonly string[];
}

/** Whether a path begins with a slash, as browsers see one. */
export const isRooted = (path: string) => /^[/\\]/.test(path);

/** Whether `path` is `base`, perhaps without its last slash, or lies below. */
function isBelow(path: string, base: string): boolean {
  const bare = base.slice(0, -1);
  return path.startsWith(bare) && /^(?:[/\\?#]|$)/.test(path.slice(bare.length));
}

/**
 * The moved path, the same one where nothing changes, undefined where `rule` does not cover it. Dot segments are resolved
 * first. Merged slashes and encoded letters are not seen through: what is built at run time has none.
 */
export function movePath(written: string, { base, path, prefix, except }: PathRule): string | undefined {
  const { pathname, search, hash } = new URL(`http://h${written}`);
  const plain = /[/\\](?:\.|%2e)/i.test(written) ? pathname + search + hash : written;
  if (prefix === 'keep' || except.some((left) => isBelow(plain, left))) return written;
  // An application that knows its prefix writes it itself. Where the backend's base is the longer one, that one counts.
  const isCovered = isBelow(plain, base);
  const isLonger = base.length > path.length && base.startsWith(path) && isCovered;
  if (prefix === 'auto' && path !== '/' && isBelow(plain, path) && !isLonger) return written;
  if (!isCovered) return undefined;
  const rest = plain.slice(base.length - 1);
  if (path !== '/') return path.slice(0, -1) + rest;
  // `//x` would name a host, and an empty path is none.
  if (/^[/\\]{2}/.test(rest)) return `/.${rest}`;
  return isRooted(rest) ? rest : `/${rest}`;
}
