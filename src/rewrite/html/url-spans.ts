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

/** Calls `visit` with the start and end of a URL. */
export type VisitUrl = (start: number, end: number) => void;

/** Visits the URLs of a list with white space between them (`ping`). */
export function visitSpacedUrls(bytes: Uint8Array, from: number, to: number, visit: VisitUrl): void {
  for (let at = from; at < to; ) {
    const start = skipSpace(bytes, at, to);
    at = skipUrl(bytes, start, to);
    if (at > start) visit(start, at);
  }
}

/** Visits the URLs of image candidates (HTML, "Parsing a srcset attribute"): commas in a URL or in parentheses do not part. */
export function visitSrcsetUrls(bytes: Uint8Array, from: number, to: number, visit: VisitUrl): void {
  for (let at = from; ; ) {
    while (at < to && (isSpace(bytes[at]) || bytes[at] === COMMA)) at++;
    if (at >= to) return;
    const start = at;
    at = skipUrl(bytes, start, to);
    let end = at;
    while (bytes[end - 1] === COMMA) end--;
    visit(start, end);
    if (end === at) at = endOfDescriptors(bytes, at, to);
  }
}

function isSpace(octet: number | undefined): boolean {
  return ((CLASS[octet ?? 0] ?? 0) & SPACE) !== 0;
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at])) at++;
  return at;
}

function skipUrl(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && !isSpace(bytes[at])) at++;
  return at;
}

function endOfDescriptors(bytes: Uint8Array, from: number, to: number): number {
  let isInParentheses = false;
  for (let at = from; at < to; at++) {
    const octet = bytes[at];
    if (octet === OPEN_PAREN) isInParentheses = true;
    else if (octet === CLOSE_PAREN) isInParentheses = false;
    else if (octet === COMMA && !isInParentheses) return at;
  }
  return to;
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
