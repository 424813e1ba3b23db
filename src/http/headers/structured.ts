// Structured field values (RFC 9651), as far as strings in them are concerned.

/** Maps the content of every string (§3.3.3) of a list, dictionary or item, wherever it stands; escapes stay raw. */
export function mapStrings(value: string, map: (text: string) => string): string {
  return value.replace(/"((?:[^"\\]|\\.)*)"/g, (_, text: string) => `"${map(text)}"`);
}
