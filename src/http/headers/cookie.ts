// Cookie (RFC 6265bis §4.2): the pairs a client sends.

/** One pair. */
export interface CookiePair {
  /** Trimmed; empty for a pair without `=`. */
  readonly name: string;
  /** The pair, trimmed. */
  readonly text: string;
}

/** The pairs of a Cookie header in their order. */
export function readCookiePairs(value: string): CookiePair[] {
  const texts = value.split(';').map((part) => part.trim());
  return texts.filter((text) => text !== '').map((text) => ({ name: nameOf(text), text }));
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? '' : pair.slice(0, equals).trim();
}
