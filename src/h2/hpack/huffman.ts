// The Huffman code of HPACK, both ways: octets to text by a machine that takes whole octets (RFC 7541 §5.2, Appendix B).
import { readLatin1 } from '../../util/latin1.ts';

/**
 * How many bits the code of each octet has; the last is EOS. The lengths say it all, because the code is canonical:
 * shorter codes are smaller, and those of one length go up with the octet.
 */
// biome-ignore format: thirty-two octets a row
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const EOS = 256;

const CODES = assignCodes();
/** The same for octets alone, in a form that is quick to read. */
const OCTET_BITS = Uint8Array.from(CODE_BITS.slice(0, EOS));
const OCTET_CODES = Uint32Array.from(CODES.slice(0, EOS));

/** The code as a tree: at `2 * node + bit` the next node, or the complement of the symbol that ends there. */
const TREE = buildTree();

/**
 * The machine: a state is an inner node of the tree, state 0 its root. `STEPS[state * 256 + octet]` says what eight bits
 * more lead to:
 *
 *     26     25-24   23-16        15-8           7-0
 *     fails  count   next state   second octet   first octet
 *
 * No code is shorter than five bits, so eight bits end at most two. No step is 0: that one is not made yet. Steps are made
 * when they are first taken, because most never are, and every start of the program would pay for all.
 */
const STEPS = new Int32Array(EOS * 256);
const FAILS = 1 << 26;

/** RFC 7541 §5.2: padding is the beginning of EOS, ones, and shorter than eight bits. In these states a string may end. */
const MAY_END = findEndStates();

/** The scratch space is kept up to this size: longer strings are rare, and get space of their own. */
const SCRATCH_BYTES = 16 * 1024;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** The text whose code stands in `bytes` from `start` to `end`; undefined if that is no code of a text (RFC 7541 §5.2). */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  // Two octets of text for each of code at most, and each step writes two.
  const room = (end - start) * 2 + 2;
  const text = room <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(room);
  let length = 0;
  let state = 0;
  let faults = 0;
  for (let at = start; at < end; at++) {
    const index = (state << 8) | (bytes[at] ?? 0);
    const step = STEPS[index] || makeStep(index);
    text[length] = step & 0xff;
    text[length + 1] = (step >>> 8) & 0xff;
    length += (step >>> 24) & 3;
    state = (step >>> 16) & 0xff;
    faults |= step;
  }
  if ((faults & FAILS) !== 0 || MAY_END[state] !== 1) return undefined;
  return readLatin1(text, 0, length);
}

/** How many octets {@link encodeHuffman} takes for `text`. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += OCTET_BITS[text.charCodeAt(index) & 0xff] ?? 0;
  return (bits + 7) >>> 3;
}

/** Writes the code of `text` into `target` from `start`; answers where it ends. There must be room. */
export function encodeHuffman(text: string, target: Buffer, start: number): number {
  let at = start;
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < text.length; index++) {
    const octet = text.charCodeAt(index) & 0xff;
    let code = OCTET_CODES[octet] ?? 0;
    let bits = OCTET_BITS[octet] ?? 0;
    if (bits > 24) {
      // With up to seven bits that wait it would not fit in 32: all but its last sixteen go first.
      pending = (pending << (bits - 16)) | (code >>> 16);
      for (pendingBits += bits - 16; pendingBits >= 8; ) target[at++] = pending >>> (pendingBits -= 8);
      code &= 0xffff;
      bits = 16;
    }
    pending = (pending << bits) | code;
    for (pendingBits += bits; pendingBits >= 8; ) target[at++] = pending >>> (pendingBits -= 8);
    pending &= 0x7f;
  }
  if (pendingBits > 0) target[at++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return at;
}

function assignCodes(): number[] {
  const codes = new Array<number>(CODE_BITS.length).fill(0);
  let next = 0;
  for (let bits = 1; bits <= 30; bits++, next *= 2)
    CODE_BITS.forEach((length, symbol) => {
      if (length === bits) codes[symbol] = next++;
    });
  return codes;
}

function buildTree(): Int16Array {
  const tree = new Int16Array(2 * EOS);
  let nodes = 1;
  CODES.forEach((code, symbol) => {
    let node = 0;
    for (let bit = (CODE_BITS[symbol] ?? 0) - 1; bit > 0; bit--) {
      const branch = 2 * node + ((code >>> bit) & 1);
      if (tree[branch] === 0) tree[branch] = nodes++;
      node = tree[branch] ?? 0;
    }
    tree[2 * node + (code & 1)] = ~symbol;
  });
  return tree;
}

function makeStep(index: number): number {
  let node = index >>> 8;
  let count = 0;
  let octets = 0;
  for (let bit = 7; bit >= 0; bit--) {
    const next = TREE[2 * node + ((index >>> bit) & 1)] ?? 0;
    // RFC 7541 §5.2: EOS in a string is an error, whatever follows.
    if (~next === EOS) return (STEPS[index] = FAILS);
    if (next < 0) octets |= ~next << (8 * count++);
    node = Math.max(next, 0);
  }
  return (STEPS[index] = (count << 24) | (node << 16) | octets);
}

function findEndStates(): Uint8Array {
  const states = new Uint8Array(EOS);
  for (let bits = 0, node = 0; bits < 8; bits++, node = TREE[2 * node + 1] ?? 0) states[node] = 1;
  return states;
}
