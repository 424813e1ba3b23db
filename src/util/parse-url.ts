// A URL of the URL standard, or undefined for a text that is none: what `URL.parse` of newer Node.js versions does.

/**
 * Parses `text`, relative to `base` if there is one. Never throws. In place of `URL.canParse`, which parses twice and, in
 * Node.js 20 once it is compiled, takes characters above U+007F for other ones than the constructor.
 */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
