// Cookie (RFC 6265bis §4.2): the pairs a client sends.

/** Replaces the name of each pair by `rename(name)`; undefined leaves the pair out. Undefined if none is left. */
export function renameCookies(value: string, rename: (name: string) => string | undefined): string | undefined {
  const kept: string[] = [];
  for (const part of value.split(';')) {
    const text = part.trim();
    if (text === '') continue;
    const equals = text.indexOf('=');
    const name = equals < 0 ? '' : text.slice(0, equals).trim();
    const renamed = rename(name);
    if (renamed !== undefined) kept.push(renamed === name ? text : `${renamed}${text.slice(equals)}`);
  }
  return kept.length === 0 ? undefined : kept.join('; ');
}
