// Byte classes of the HTML grammar and the few byte comparisons its rewriter needs. No strings, no allocation.

/** Bits of {@link CLASS}. */
export const SPACE = 1;
/** Ends a tag name: white space, `/`, `>`. */
export const TAG_NAME_END = 2;
/** Ends an attribute name: white space, `/`, `>`, `=`. */
export const ATTRIBUTE_NAME_END = 4;
/** An ASCII letter. */
export const LETTER = 8;
/** Ends an unquoted attribute value: white space and `>`. */
export const VALUE_END = 16;

/**
 * The classes of each octet, as bits. White space is tab, LF, FF, CR and space: the standard's input preprocessing turns
 * CR into LF before the tokenizer sees it (HTML, "Preprocessing the input stream"), so here CR counts as white space.
 */
export const CLASS: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, octet) => classOf(octet));

/** Each octet with A-Z folded to a-z, the others as they are (never `octet | 32`: that also folds `@`, `[` and others). */
export const LOWER: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet,
);

/** Whether `octet` does not end a name or value. All that does is at most `>`: most octets need no look at the table. */
export function isInName(octet: number, ends: number): boolean {
  return octet > 0x3e || ((CLASS[octet] ?? 0) & ends) === 0;
}

export function isSpace(octet: number): boolean {
  return octet <= 0x20 && ((CLASS[octet] ?? 0) & SPACE) !== 0;
}

/** Where `octet` stands first in `bytes` from `from` on, or -1. */
export function indexOfOctet(bytes: Buffer, octet: number, from: number): number {
  // Most runs in markup are short, and a native call costs as much as looking at some fifty octets.
  const near = from + 48 < bytes.length ? from + 48 : bytes.length;
  let at = from;
  while (at < near && bytes[at] !== octet) at++;
  if (at < near) return at;
  return near === bytes.length ? -1 : bytes.indexOf(octet, near);
}

/** Whether `name` (lower case) stands at `start`, in any case. The caller makes sure that the bytes are there. */
export function matchesAt(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    if (LOWER[bytes[start + index] ?? 0] !== name[index]) return false;
  }
  return true;
}

/** Whether the bytes from `start` to `end` are `name` (lower case), in any case. */
export function isName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  return end - start === name.length && matchesAt(bytes, start, name);
}

/** The bytes from `start` to `end`, one character each. */
export function readLatin1(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end);
}

function classOf(octet: number): number {
  const isSpace = octet === 0x20 || octet === 0x09 || octet === 0x0a || octet === 0x0c || octet === 0x0d;
  if (isSpace) return SPACE | TAG_NAME_END | ATTRIBUTE_NAME_END | VALUE_END;
  if (octet === 0x2f) return TAG_NAME_END | ATTRIBUTE_NAME_END;
  if (octet === 0x3e) return TAG_NAME_END | ATTRIBUTE_NAME_END | VALUE_END;
  if (octet === 0x3d) return ATTRIBUTE_NAME_END;
  const letter = octet | 32;
  return letter >= 0x61 && letter <= 0x7a ? LETTER : 0;
}
