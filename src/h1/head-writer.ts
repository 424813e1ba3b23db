// Heads to bytes: canonical HTTP/1.1, whatever came in (RFC 9112 §2, §3, §4). Header blocks are kept with their lists.
import type { ResponseHead } from '../exchange/head.ts';
import { currentHttpDate } from '../http/date.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { lowerHeaderName } from '../http/header-names.ts';
import { isFieldValue } from '../http/token.ts';
import { invariant } from '../util/invariant.ts';

/** How the body behind a head is framed. `none`: no framing line at all. `keep`: the list's own Content-Length. */
export type OutFraming = 'none' | 'keep' | 'length' | 'chunked' | 'until-close';

interface HeaderBlock {
  readonly text: string;
  readonly contentLength: string | undefined;
  readonly hasDate: boolean;
  readonly hasUpgrade: boolean;
  /** What the Connection line of a request says: options whose headers stand in the block (RFC 9110 §7.6.1). */
  readonly requestConnection: string;
  /** The last response head that was printed with this block: answers repeat too. */
  last: PrintedHead | undefined;
}

/** A response head in full, and what it was printed for. */
interface PrintedHead {
  readonly status: number;
  readonly reason: string;
  readonly framing: OutFraming;
  readonly length: number;
  readonly connection: string;
  readonly text: string;
}

/** Lines that the writer sets itself, so that framing and connection handling have one source. */
const OWN_LINES: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);
const BLOCK_KEY = {};
const COMMON_LENGTHS = 4096;
const lengthLines: string[] = [];

/** Prints a response head. `connection` is the value of the Connection line, empty for none. */
export function printResponseHead(head: ResponseHead, framing: OutFraming, length: number, connection: string): string {
  const block = headerBlock(head.headers);
  const { last } = block;
  if (
    last !== undefined &&
    last.status === head.status &&
    last.reason === head.reason &&
    last.framing === framing &&
    last.length === length &&
    last.connection === connection
  )
    return last.text;
  const text = responseHead(head, block, framing, length, connection);
  const { status, reason } = head;
  if (block.hasDate || status < 200) block.last = { status, reason, framing, length, connection, text };
  return text;
}

function responseHead(
  head: ResponseHead,
  block: HeaderBlock,
  framing: OutFraming,
  length: number,
  connection: string,
): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n${block.text}`;
  // RFC 9110 §6.6.1: a recipient with a clock adds Date when the origin sent none.
  if (!block.hasDate && head.status >= 200) text += `Date: ${currentHttpDate()}\r\n`;
  text += framingLine(framing, length, block);
  return connection === '' ? `${text}\r\n` : `${text}Connection: ${connection}\r\n\r\n`;
}

/** Prints an informational response (1xx): no body, no framing, no Connection, no Date. */
export function printInterimHead(head: ResponseHead): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${headerBlock(head.headers).text}\r\n`;
}

/**
 * Prints a request head. `target` was validated when it was parsed or mapped. Upgrade and TE in `headers` are announced
 * in Connection.
 */
export function printRequestHead(
  method: string,
  target: string,
  headers: ReadonlyHeaderList,
  framing: OutFraming,
  length: number,
): string {
  const block = headerBlock(headers);
  const text = `${method} ${target} HTTP/1.1\r\n${block.text}${framingLine(framing, length, block)}`;
  return block.requestConnection === '' ? `${text}\r\n` : `${text}Connection: ${block.requestConnection}\r\n\r\n`;
}

/** Whether a request with these headers asks to switch protocols. */
export function asksForUpgrade(headers: ReadonlyHeaderList): boolean {
  return headerBlock(headers).hasUpgrade;
}

/** Prints a trailer section without its final empty line. */
export function printTrailers(trailers: ReadonlyHeaderList): string {
  return printLines(trailers);
}

function framingLine(framing: OutFraming, length: number, block: HeaderBlock): string {
  if (framing === 'length') return lengthLine(length);
  if (framing === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  if (framing === 'keep' && block.contentLength !== undefined) return `Content-Length: ${block.contentLength}\r\n`;
  return '';
}

function lengthLine(length: number): string {
  if (length >= COMMON_LENGTHS) return `Content-Length: ${length}\r\n`;
  return (lengthLines[length] ??= `Content-Length: ${length}\r\n`);
}

function headerBlock(headers: ReadonlyHeaderList): HeaderBlock {
  return headers.derive(BLOCK_KEY, makeBlock);
}

function makeBlock(headers: ReadonlyHeaderList): HeaderBlock {
  const hasUpgrade = headers.has('upgrade');
  return {
    text: flatten(printLines(headers)),
    contentLength: headers.get('content-length'),
    hasDate: headers.has('date'),
    hasUpgrade,
    requestConnection: hasUpgrade ? 'Upgrade' : headers.has('te') ? 'TE' : '',
    last: undefined,
  };
}

/** One piece of memory instead of a tree of the pieces it was joined from, which every write would walk again. */
function flatten(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** The last gate before the wire: nothing that could end a line early gets through (RFC 9112 §11.1). */
function printLines(headers: ReadonlyHeaderList): string {
  let text = '';
  for (let index = 0; index < headers.length; index++) {
    if (OWN_LINES.has(headers.lowerNameAt(index))) continue;
    const name = headers.nameAt(index);
    const value = headers.valueAt(index);
    if (lowerHeaderName(name) === undefined || !isFieldValue(value))
      invariant(false, `header ${JSON.stringify(name)} cannot be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}
