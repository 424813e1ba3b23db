// Integers of HPACK: the low bits of an octet, and octets of seven bits behind it where those are not enough (RFC 7541 §5.1).

/** Where a block is read: `at` moves on with each read, `end` is behind the last octet. */
export interface Cursor {
  bytes: Buffer;
  at: number;
  end: number;
}

/** What an integer takes in a block at most, for those who make room: this one octet and five behind it. */
export const INTEGER_OCTETS_LIMIT = 6;
/** RFC 7541 §5.1 wants limits on value and length. Nothing that a block holds comes near this one. */
const INTEGER_LIMIT = 2 ** 31 - 1;

/** Reads an integer whose prefix is the bits of `mask`, a row of low ones. Answers -1 where there is none, or one too large. */
export function readInteger(cursor: Cursor, mask: number): number {
  const { bytes, end } = cursor;
  if (cursor.at >= end) return -1;
  let value = (bytes[cursor.at++] ?? 0) & mask;
  if (value < mask) return value;
  // Multiplied, not shifted: five octets of seven bits are more than a shift can carry.
  for (let weight = 1, count = 1; count < INTEGER_OCTETS_LIMIT; weight *= 128, count++) {
    if (cursor.at >= end) return -1;
    const octet = bytes[cursor.at++] ?? 0;
    value += (octet & 0x7f) * weight;
    if (octet < 0x80) return value <= INTEGER_LIMIT ? value : -1;
  }
  return -1;
}

/** Writes `value` behind the bits of `pattern`, which are those of the octet that `mask` leaves free. Answers where it ends. */
export function writeInteger(target: Buffer, start: number, pattern: number, mask: number, value: number): number {
  let at = start;
  if (value < mask) {
    target[at++] = pattern | value;
    return at;
  }
  target[at++] = pattern | mask;
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) + 128;
  target[at++] = rest;
  return at;
}
