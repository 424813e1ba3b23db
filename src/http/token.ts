// Grammar shared by many headers: tokens, quoted strings, comma lists and parameters (RFC 9110 §5.6).

/** tchar of RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** No controls but HTAB, no code units above FF (RFC 9110 §5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether `text` is a token: one or more tchar (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether `text` may be sent as a field value: no controls but HTAB (RFC 9110 §5.5). Code units above FF do not pass. */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Splits a comma list at the top level, quoted strings kept whole; empty elements are dropped (RFC 9110 §5.6.1.2). */
export function splitList(value: string): string[] {
  return splitQuoted(value, ',').filter((element) => element !== '');
}

/** A value such as `text/html; charset=utf-8` taken apart. Parameter names are in lower case, values unquoted. */
export interface Parameterized {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parses `value *( OWS ";" OWS name "=" (token / quoted-string) )`. Lenient: a broken parameter is left out. */
export function parseParameterized(text: string): Parameterized {
  const [value = '', ...parts] = splitQuoted(text, ';');
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals <= 0) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    if (!parameters.has(name)) parameters.set(name, unquote(part.slice(equals + 1).trim()));
  }
  return { value, parameters };
}

/** The content of a quoted-string with its escapes resolved, or the text itself if it is none. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** `text` as a token where it is one, else as a quoted-string. */
export function quoteIfNeeded(text: string): string {
  return isToken(text) ? text : quote(text);
}

/** `text` as a quoted-string; characters that cannot stand in one are dropped. */
export function quote(text: string): string {
  const safe = text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
  return `"${safe.replace(/["\\]/g, '\\$&')}"`;
}

/** Splits at `separator` outside quoted strings and trims each part. */
function splitQuoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isQuoted && character === '\\') index++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === separator) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
