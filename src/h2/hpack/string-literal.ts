// Strings of HPACK: a length, and octets as they are or in the Huffman code (RFC 7541 §5.2).
import { readLatin1, writeLatin1 } from '../../util/latin1.ts';
import { decodeHuffman, encodeHuffman, huffmanLength } from './huffman.ts';
import { type Cursor, INTEGER_OCTETS_LIMIT, readInteger, writeInteger } from './integer.ts';

const HUFFMAN = 0x80;
const LENGTH_MASK = 0x7f;

/** Reads a string, octets as latin1; undefined if it is cut off or its code is broken. */
export function readString(cursor: Cursor): string | undefined {
  const isHuffman = cursor.at < cursor.end && (cursor.bytes[cursor.at] ?? 0) >= HUFFMAN;
  const length = readInteger(cursor, LENGTH_MASK);
  const start = cursor.at;
  if (length < 0 || length > cursor.end - start) return undefined;
  cursor.at = start + length;
  return isHuffman ? decodeHuffman(cursor.bytes, start, cursor.at) : readLatin1(cursor.bytes, start, cursor.at);
}

/** Room that {@link writeString} may need for `text`. */
export function stringRoom(text: string): number {
  return text.length + INTEGER_OCTETS_LIMIT;
}

/** Writes `text`, in the Huffman code where that is shorter; answers where it ends. There must be room. */
export function writeString(target: Buffer, start: number, text: string): number {
  const coded = huffmanLength(text);
  if (coded < text.length) return encodeHuffman(text, target, writeInteger(target, start, HUFFMAN, LENGTH_MASK, coded));
  const at = writeInteger(target, start, 0, LENGTH_MASK, text.length);
  return text === '' ? at : at + writeLatin1(target, text, at);
}
