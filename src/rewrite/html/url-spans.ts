// Where URLs stand in attribute values that hold more than one URL, or more than a URL. Texts have no character references.
import { findRefreshUrl } from '../../http/headers/refresh.ts';
import { CLASS, SPACE } from './bytes.ts';

/** `[start, end)` of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const COMMA = 0x2c;
const OPEN_PAREN = 0x28;
const CLOSE_PAREN = 0x29;

/** The URLs of a list with white space between them (`ping`). */
export function findSpacedUrls(text: string): Span[] {
  return [...text.matchAll(/[^\t\n\f\r ]+/g)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** The URLs of image candidates (HTML, "Parsing a srcset attribute"): commas inside a URL and in parentheses do not part. */
export function findSrcsetUrls(text: string): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && (isSpace(text.charCodeAt(at)) || text.charCodeAt(at) === COMMA)) at++;
    if (at >= text.length) return spans;
    const start = at;
    while (at < text.length && !isSpace(text.charCodeAt(at))) at++;
    let end = at;
    while (text.charCodeAt(end - 1) === COMMA) end--;
    spans.push({ start, end });
    if (end === at) at = endOfDescriptors(text, at);
  }
}

function isSpace(code: number): boolean {
  return ((CLASS[code] ?? 0) & SPACE) !== 0;
}

function endOfDescriptors(text: string, from: number): number {
  let isInParentheses = false;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_PAREN) isInParentheses = true;
    else if (code === CLOSE_PAREN) isInParentheses = false;
    else if (code === COMMA && !isInParentheses) return at;
  }
  return text.length;
}

/** The URL of a refresh such as `5; url=/x`, if there is one. */
export function findRefreshUrls(text: string): Span[] {
  const url = findRefreshUrl(text);
  return url === undefined ? [] : [url];
}

/** The URLs of `name=value` lists such as `frequency=30;polling-uri=/x`: what stands behind a name that ends in `uri`. */
export function findUriParameters(text: string): Span[] {
  const matches = text.matchAll(/(?:^|;)[^=;]{0,64}uri\d?[\t\n\f\r ]*=[\t\n\f\r ]*([^;]+)/gi);
  return [...matches].map((match) => {
    const end = match.index + match[0].length;
    return { start: end - (match[1]?.length ?? 0), end };
  });
}
