// Shell globs as include directives use them: `*`, `?`, `[...]` inside a path segment and `{a,b}` anywhere.

/** More alternatives than this of one `{a,b}` pattern are cut off. */
const ALTERNATIVE_LIMIT = 256;

/** Whether `pattern` is more than a plain path. */
export function isGlob(pattern: string): boolean {
  return /[*?[\]{}]/.test(pattern);
}

/** `{a,b}` written out: `/x/{a,b}.conf` is `/x/a.conf` and `/x/b.conf`. A brace without comma or end stays as it is. */
export function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const open = [pattern];
  while (open.length > 0 && done.length + open.length <= ALTERNATIVE_LIMIT) {
    const next = open.shift() ?? '';
    const match = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(next);
    if (match === null) done.push(next);
    else open.unshift(...(match[2] ?? '').split(',').map((part) => `${match[1]}${part}${match[3]}`));
  }
  return done;
}

/** Whether one path segment (no slash) fits a glob. A leading dot must be written out, as in a shell. */
export function matchesGlob(glob: string, name: string): boolean {
  if (name.startsWith('.') && !glob.startsWith('.')) return false;
  return globToRegExp(glob).test(name);
}

/** One segment's glob as an anchored regular expression. A class without end is taken literally. */
function globToRegExp(glob: string): RegExp {
  let source = '';
  for (let index = 0; index < glob.length; index++) {
    const char = glob.charAt(index);
    const end = char === '[' ? glob.indexOf(']', index + 2) : -1;
    if (char === '*') source += source.endsWith('.*') ? '' : '.*';
    else if (char === '?') source += '.';
    else if (end > 0) {
      const members = glob
        .slice(index + 1, end)
        .replace(/^!/, '^')
        .replace(/[\\\][]/g, '\\$&');
      source += `[${members}]`;
      index = end;
    } else if (char === '\\' && index + 1 < glob.length) source += escapeRegExp(glob.charAt(++index));
    else source += escapeRegExp(char);
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return new RegExp(`^${escapeRegExp(glob)}$`, 's');
  }
}

/** `text` as a regular expression that matches it and nothing else. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
