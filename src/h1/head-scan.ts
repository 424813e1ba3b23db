// Finds where a head begins and ends in the bytes of a connection (RFC 9112 §2.2).
import { CR, LF } from '../util/ascii.ts';

/** A buffer, because the encoding of a text would be looked up at each search. */
const EMPTY_LINE = Buffer.from('\r\n\r\n', 'latin1');

/** The index behind the empty line that ends the head which starts at `start`, or -1 if it is not all here. */
export function findHeadEnd(bytes: Buffer, start: number): number {
  const index = bytes.indexOf(EMPTY_LINE, start);
  return index < 0 ? -1 : index + 4;
}

/** The index behind the empty lines at `start` that may precede a request line: RFC 9112 §2.2 asks to skip at least one. */
export function skipEmptyLines(bytes: Buffer, start: number): number {
  let index = start;
  while (bytes[index] === CR && bytes[index + 1] === LF) index += 2;
  return index;
}

/** Whether a line ends in LF alone: such a head would never end by CRLF, so it is refused before it is whole. */
export function hasBareLineFeed(bytes: Buffer, start: number): boolean {
  let index = bytes.indexOf(LF, start);
  while (index >= 0) {
    if (index === 0 || bytes[index - 1] !== CR) return true;
    index = bytes.indexOf(LF, index + 1);
  }
  return false;
}

/** RFC 9113 §3.4: the first half of the preface reads as a request head that no client of HTTP/1.1 sends. */
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\n';

/** Whether `bytes` begin with the first half of the client's connection preface of HTTP/2. */
export function isHttp2Preface(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, HTTP2_PREFACE.length) === HTTP2_PREFACE;
}
