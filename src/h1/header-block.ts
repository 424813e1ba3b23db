// Parses header lines of heads and trailers (RFC 9112 §5): strict, from one contiguous string.
import { HeaderList } from '../http/header-list.ts';
import { lowerHeaderName } from '../http/header-names.ts';

/** What is wrong with a header block. */
export type HeaderFault = 'malformed' | 'too-many';

/** Controls other than HTAB; CR and LF too, because the lines are split at CRLF before (RFC 9110 §5.5). */
const FORBIDDEN_IN_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * Parses `text`, zero or more header lines separated by CRLF without the final empty line.
 * Refused: folded lines, white space before the colon or before the first name, a name that is no token, controls,
 * a bare CR or LF (RFC 9112 §2.2, §5.1, §5.2).
 */
export function parseHeaderBlock(text: string, countLimit: number): HeaderList | HeaderFault {
  const names: string[] = [];
  const lowerNames: string[] = [];
  const values: string[] = [];
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    if (names.length >= countLimit) return 'too-many';
    const colon = text.indexOf(':', start);
    if (colon <= start || colon > end) return 'malformed';
    const name = text.slice(start, colon);
    const lowerName = lowerHeaderName(name);
    if (lowerName === undefined) return 'malformed';
    const value = trimWhitespace(text, colon + 1, end);
    if (FORBIDDEN_IN_VALUE.test(value)) return 'malformed';
    names.push(name);
    lowerNames.push(lowerName);
    values.push(value);
    start = end + 2;
  }
  return new HeaderList(names, lowerNames, values);
}

/** OWS is SP and HTAB only (RFC 9110 §5.6.3); String.prototype.trim takes more. */
function trimWhitespace(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isWhitespace(text.charCodeAt(from))) from++;
  while (to > from && isWhitespace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
