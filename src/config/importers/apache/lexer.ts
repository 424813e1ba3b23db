// httpd.conf as logical lines and their words: continuations joined, comments dropped, quotes and escapes as ap_getword_conf.
import type { SourcePosition } from '../../../exchange/route.ts';

/** A line with its continuations. */
export interface LogicalLine {
  readonly text: string;
  /** Where its first character that is not white space stands. */
  readonly source: SourcePosition;
}

/** Splits a text into lines that say something. A comment continues over a backslash at the end like any other line. */
export function readLines(text: string, file: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  const physical = text.replace(/^\ufeff/, '').split(/\r?\n/);
  for (let index = 0; index < physical.length; index++) {
    const first = index;
    let joined = physical[index] ?? '';
    while (endsInContinuation(joined) && index + 1 < physical.length)
      joined = joined.slice(0, -1) + (physical[++index] ?? '');
    const trimmed = joined.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const column = (physical[first] ?? '').search(/\S/) + 1;
    lines.push({ text: trimmed, source: { file, line: first + 1, column: Math.max(1, column) } });
  }
  return lines;
}

/** A backslash at the very end; two of them are one of the text. */
function endsInContinuation(line: string): boolean {
  return line.endsWith('\\') && !line.endsWith('\\\\');
}

/**
 * The words of a line. Double and single quotes hold words together at their start; inside of them a backslash escapes the
 * quote and itself, outside it is literal.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const quote = rest.charAt(0);
    if (quote === '"' || quote === "'") {
      const end = findQuote(rest, quote);
      words.push(unescapeQuoted(rest.slice(1, end), quote));
      rest = rest.slice(end + 1).trimStart();
    } else {
      const [word = ''] = /^\S+/.exec(rest) ?? [];
      words.push(word);
      rest = rest.slice(word.length).trimStart();
    }
  }
  return words;
}

/** The index of the closing quote; the length if there is none. */
function findQuote(text: string, quote: string): number {
  for (let index = 1; index < text.length; index++) {
    if (text.charAt(index) === '\\' && index + 1 < text.length) index++;
    else if (text.charAt(index) === quote) return index;
  }
  return text.length;
}

function unescapeQuoted(text: string, quote: string): string {
  return text.replace(/\\([\s\S])/g, (whole, char: string) => (char === quote || char === '\\' ? char : whole));
}
