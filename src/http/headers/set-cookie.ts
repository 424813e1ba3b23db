// Set-Cookie (RFC 6265bis §4.1): taken apart without losing a byte, so that one attribute can change and the rest stays.

/** One attribute of a cookie: the text between two semicolons. */
export interface CookieAttribute {
  /** Lower case, trimmed. */
  readonly name: string;
  /** Trimmed; undefined without `=`. */
  readonly value: string | undefined;
  /** The attribute as written, without its semicolon. */
  readonly text: string;
}

/** A Set-Cookie line. `printSetCookie` of it is the line again, byte for byte. */
export interface SetCookie {
  /** The cookie's name, trimmed; empty for a cookie without `=`. */
  readonly name: string;
  /** Everything before the first semicolon, as written. */
  readonly pair: string;
  readonly attributes: readonly CookieAttribute[];
}

/** Splits a Set-Cookie value at its semicolons (RFC 6265bis §5.6); there is no quoting in it. */
export function parseSetCookie(value: string): SetCookie {
  const [pair = '', ...attributes] = value.split(';');
  const equals = pair.indexOf('=');
  return { name: equals < 0 ? '' : pair.slice(0, equals).trim(), pair, attributes: attributes.map(parseAttribute) };
}

function parseAttribute(text: string): CookieAttribute {
  const equals = text.indexOf('=');
  if (equals < 0) return { name: text.trim().toLowerCase(), value: undefined, text };
  return { name: text.slice(0, equals).trim().toLowerCase(), value: text.slice(equals + 1).trim(), text };
}

/** The line of a cookie. */
export function printSetCookie(cookie: SetCookie): string {
  return [cookie.pair, ...cookie.attributes.map((attribute) => attribute.text)].join(';');
}

/** The attribute with another value, its spelling and white space kept. */
export function withValue(attribute: CookieAttribute, value: string): CookieAttribute {
  const equals = attribute.text.indexOf('=');
  const head = attribute.text.slice(0, equals + 1);
  const space = /^\s*/.exec(attribute.text.slice(equals + 1))?.[0] ?? '';
  return { name: attribute.name, value, text: `${head}${space}${value}` };
}

/** What a cookie's name promises (RFC 6265bis §4.1.3): browsers refuse the cookie if its attributes break it. */
export function namePrefix(name: string): 'host' | 'secure' | undefined {
  if (/^__host-/i.test(name)) return 'host';
  return /^__(?:secure|http)-/i.test(name) ? 'secure' : undefined;
}
