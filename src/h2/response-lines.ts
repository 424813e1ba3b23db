// Response heads as HTTP/2 sends them: canonical, whatever was returned (RFC 9113 §8.2, §8.3.2).
import type { ResponseHead } from '../exchange/head.ts';
import { currentHttpDate } from '../http/date.ts';
import { wireLines } from './wire-lines.ts';

/** The Content-Length to send: a number, `keep` for that of the head, `none` for no such line. */
export type SentLength = number | 'keep' | 'none';

const CONTENT_LENGTH: ReadonlySet<string> = new Set(['content-length']);

/** The lines of a head that was sent before: answers repeat, and equal lines are encoded once. */
interface Printed {
  status: number;
  length: SentLength;
  date: string | undefined;
  lines: readonly string[];
}

const PRINTED_KEY = {};

/** A final head: names and values by turns. The same list is handed out for the same answer. */
export function finalLines(head: ResponseHead, length: SentLength): readonly string[] {
  const { headers, status } = head;
  // RFC 9110 §6.6.1: a recipient with a clock adds Date when the origin sent none.
  const date = headers.has('date') ? undefined : currentHttpDate();
  const printed = headers.derive(
    PRINTED_KEY,
    (): Printed => ({ status: 0, length: 'none', date: undefined, lines: [] }),
  );
  if (printed.status === status && printed.length === length && printed.date === date) return printed.lines;
  const lines = [':status', String(status), ...wireLines(headers, length === 'keep' ? undefined : CONTENT_LENGTH)];
  if (typeof length === 'number') lines.push('content-length', String(length));
  if (date !== undefined) lines.push('date', date);
  Object.assign(printed, { status, length, date, lines });
  return lines;
}

/** The head of a tunnel: 200 in place of 101, without what proves a switch in HTTP/1.1 (RFC 8441 §5). */
export function tunnelLines({ headers }: ResponseHead, dropped: ReadonlySet<string>): readonly string[] {
  const lines = [':status', '200', ...wireLines(headers, dropped)];
  if (!headers.has('date')) lines.push('date', currentHttpDate());
  return lines;
}

/** An informational head: no content, no Date. */
export function interimLines({ status, headers }: ResponseHead): readonly string[] {
  return [':status', String(status), ...wireLines(headers, CONTENT_LENGTH)];
}
