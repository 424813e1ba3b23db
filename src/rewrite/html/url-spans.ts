// Where URLs stand in attribute values that hold more than one URL, or more than a URL. Texts have no character references.
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

/** A number that is not looked at closer, and perhaps `url=`; the rest, perhaps quoted, is the URL. */
const REFRESH =
  /^[\t\n\f\r ]*[\d.]+(?:[\t\n\f\r ]*[;,][\t\n\f\r ]*|[\t\n\f\r ]+)(?:url[\t\n\f\r ]*=[\t\n\f\r ]*)?(["']?)/i;

/** The URL of a refresh, as in `5; url=/x` (HTML, "Shared declarative refresh steps"); none without one. */
export function findRefreshUrl(text: string): Span[] {
  const match = REFRESH.exec(text);
  if (match === null) return [];
  const [opening, quote = ''] = match;
  const start = opening.length;
  const close = quote === '' ? -1 : text.indexOf(quote, start);
  const end = close < 0 ? text.length : close;
  return end > start ? [{ start, end }] : [];
}

/** The URLs of `name=value` lists such as `frequency=30;polling-uri=/x`: what stands behind a name that ends in `uri`. */
export function findUriParameters(text: string): Span[] {
  const matches = text.matchAll(/(?:^|;)[^=;]{0,64}uri\d?[\t\n\f\r ]*=[\t\n\f\r ]*([^;]+)/gi);
  return [...matches].map((match) => {
    const end = match.index + match[0].length;
    return { start: end - (match[1]?.length ?? 0), end };
  });
}
