// WebDAV's If header (RFC 4918 §10.4): resource tags found in place.

/** Maps every resource tag `<URL>`; state tokens and entity tags in parentheses stay. */
export function mapResourceTags(value: string, map: (url: string) => string): string {
  let result = '';
  let at = 0;
  let depth = 0;
  while (at < value.length) {
    const character = value[at];
    if (character === '(') depth++;
    else if (character === ')') depth = Math.max(0, depth - 1);
    else if (character === '<') {
      const close = value.indexOf('>', at);
      if (close < 0) break;
      const url = value.slice(at + 1, close);
      result += `<${depth === 0 ? map(url) : url}>`;
      at = close + 1;
      continue;
    }
    result += character;
    at++;
  }
  return result + value.slice(at);
}
