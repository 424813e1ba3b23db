// Where URLs stand in attribute values that hold more than one URL, or more than a URL. Texts have no character references.

/** `[start, end)` of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const SPACE = /[\t\n\f\r ]/;

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
    while (at < text.length && (SPACE.test(text.charAt(at)) || text[at] === ',')) at++;
    if (at >= text.length) return spans;
    const start = at;
    while (at < text.length && !SPACE.test(text.charAt(at))) at++;
    let end = at;
    while (end > start && text[end - 1] === ',') end--;
    spans.push({ start, end });
    if (end === at) at = endOfDescriptors(text, at);
  }
}

function endOfDescriptors(text: string, from: number): number {
  let isInParentheses = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '(') isInParentheses = true;
    else if (character === ')') isInParentheses = false;
    else if (character === ',' && !isInParentheses) return at;
  }
  return text.length;
}

/** A number that is not looked at closer, and perhaps `url=`; the rest, perhaps quoted, is the URL. */
const REFRESH =
  /^[\t\n\f\r ]*[\d.]+(?:[\t\n\f\r ]*[;,][\t\n\f\r ]*|[\t\n\f\r ]+)(?:url[\t\n\f\r ]*=[\t\n\f\r ]*)?(["']?)/i;

/** The URL of a refresh, as in `5; url=/x` (HTML, "Shared declarative refresh steps"); undefined without one. */
export function findRefreshUrl(text: string): Span | undefined {
  const match = REFRESH.exec(text);
  if (match === null) return undefined;
  const [opening, quote = ''] = match;
  const start = opening.length;
  const close = quote === '' ? -1 : text.indexOf(quote, start);
  const end = close < 0 ? text.length : close;
  return end > start ? { start, end } : undefined;
}

/** The URLs of `name=value` lists such as `frequency=30;polling-uri=/x`: what stands behind a name that ends in `uri`. */
export function findUriParameters(text: string): Span[] {
  const matches = text.matchAll(/(?:^|;)[^=;]{0,64}uri\d?[\t\n\f\r ]*=[\t\n\f\r ]*([^;]+)/gi);
  return [...matches].map((match) => {
    const end = match.index + match[0].length;
    return { start: end - (match[1]?.length ?? 0), end };
  });
}
