// Puts off the scanning of bytes in which nothing can change until something comes that can, which in most bodies is never.

import { invariant } from '../util/invariant.ts';
import { SlabPool } from '../util/slab-pool.ts';
import { EditList } from './edit-list.ts';
import type { Marks } from './marks.ts';
import type { Scanner } from './scanner.ts';
import { Window } from './window.ts';

/** How far before the needle that it is about an edit may begin. Every authority in one of its usual spellings fits in. */
const NEAR = 640;
/**
 * The most bytes that are kept, having gone out unscanned. A body in which more have is scanned at
 * once from there on. Nothing is kept while the client takes nothing: see {@link DeferredScanner.keepLittle}.
 */
const MAX_KEPT_BYTES = 256 * 1024;
const keptBuffers = new SlabPool(MAX_KEPT_BYTES, 8);
/** Up to this much is kept in memory of its own, for the many bodies that are short. */
const SHORT_BYTES = 16 * 1024;
/** What no edit reaches across on its way to its needle: quotes, angles, and white space that ends no escape of CSS. */
const BARRIER = /[<>"'`]|[^0-9a-f][ \t\n]/i;
const SPACE_OR_BARRIER = /[\s<>"'`]/;
const NOTHING = Buffer.alloc(0);

/**
 * A scanner for maps that change authorities only. Every edit must be about a needle (or another hint) that stands in it or
 * less than {@link NEAR} behind its beginning, with no barrier between: one that is not is not made. That rule is what
 * allows windows without a mark to leave at once but for what stands behind their last barrier: no edit can begin in them.
 *
 *     document   [ scanned | kept: gone out, not scanned | window ... | held ]
 *
 * The inner scanner sees the same bytes, only later, so its answer is the same.
 */
export class DeferredScanner implements Scanner {
  readonly #makeInner: () => Scanner;
  /** Made when the first mark comes. */
  #inner: Scanner | undefined;
  readonly #marks: Marks;
  readonly #edits = new EditList();
  readonly #holdBytes: number;
  /** The kept bytes, and room for more: a pooled buffer, or some memory of our own. */
  #kept: Buffer = NOTHING;
  #keptBytes = 0;
  #isTooLong = false;

  constructor(makeInner: () => Scanner, marks: Marks) {
    this.#makeInner = makeInner;
    this.#marks = marks;
    this.#holdBytes = NEAR + marks.longest + 2;
  }

  get maxHeldBytes(): number {
    return (this.#inner?.maxHeldBytes ?? 0) + this.#holdBytes;
  }

  get unexaminedBytes(): number {
    return this.#inner?.unexaminedBytes ?? 0;
  }

  /** How many bytes are kept that have gone out. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  reset(): void {
    this.#inner?.reset();
    this.#forgetKept();
    this.#isTooLong = false;
  }

  /** A stalled client holds what was written to it, and that may be as much as one may cost. */
  keepLittle(): void {
    if (this.#keptBytes > 0) this.#catchUp(this.#kept.subarray(0, this.#keptBytes));
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    const bytes = from === 0 && to === window.length ? window.bytes : window.bytes.subarray(from, to);
    if (this.#isTooLong || this.#marks.areIn(bytes)) return this.#scanNow(window, bytes, from, to, isLast, edits);
    if (isLast) {
      this.#forgetKept();
      return to;
    }
    const passed = this.#holdFrom(bytes);
    this.#keep(bytes.subarray(0, passed));
    return from + passed;
  }

  #scanner(): Scanner {
    return (this.#inner ??= this.#makeInner());
  }

  /** Behind the last barrier in `bytes`, or as far as an edit can reach back from what comes next. */
  #holdFrom(bytes: Buffer): number {
    const floor = Math.max(0, bytes.length - this.#holdBytes);
    for (let at = bytes.length; at > floor; at--) if (isBarrier(bytes, at - 1)) return at;
    return floor;
  }

  #keep(bytes: Buffer): void {
    const size = this.#keptBytes + bytes.length;
    if (size > MAX_KEPT_BYTES) {
      this.#isTooLong = true;
      this.#catchUp(this.#joinedWith(bytes));
      return;
    }
    this.#makeRoom(size);
    bytes.copy(this.#kept, this.#keptBytes);
    this.#keptBytes = size;
  }

  #makeRoom(size: number): void {
    if (size <= this.#kept.length) return;
    const roomier = size > SHORT_BYTES ? keptBuffers.take() : Buffer.allocUnsafe(SHORT_BYTES);
    this.#kept.copy(roomier, 0, 0, this.#keptBytes);
    this.#giveRoom();
    this.#kept = roomier;
  }

  #giveRoom(): void {
    if (this.#kept.length === MAX_KEPT_BYTES) keptBuffers.give(this.#kept);
    this.#kept = NOTHING;
  }

  #forgetKept(): void {
    this.#giveRoom();
    this.#keptBytes = 0;
  }

  /** The kept bytes with `bytes` behind them. They stay with whoever kept them. */
  #joinedWith(bytes: Buffer): Buffer {
    const size = this.#keptBytes + bytes.length;
    if (size > this.#kept.length) return Buffer.concat([this.#kept.subarray(0, this.#keptBytes), bytes], size);
    bytes.copy(this.#kept, this.#keptBytes);
    return this.#kept.subarray(0, size);
  }

  /** The inner scanner reads what has gone out. It finds nothing to change in it, only where it stands. */
  #catchUp(bytes: Buffer): void {
    this.#edits.clear();
    const settled = this.#scanner().scan(Window.of(bytes), 0, bytes.length, false, this.#edits);
    this.#keepRest(bytes.subarray(settled));
  }

  /** What the inner scanner has not settled, in memory of its own; the room that it may stand in is given back. */
  #keepRest(bytes: Buffer): void {
    const rest = Buffer.from(bytes);
    this.#giveRoom();
    this.#kept = rest;
    this.#keptBytes = rest.length;
  }

  #scanNow(window: Window, bytes: Buffer, from: number, to: number, isLast: boolean, edits: EditList): number {
    this.#edits.clear();
    if (this.#keptBytes === 0) {
      const settled = this.#scanner().scan(window, from, to, isLast, this.#edits);
      this.#addLocal(window.bytes, 0, from, edits);
      return settled;
    }
    const count = this.#keptBytes;
    const joined = this.#joinedWith(bytes);
    const settled = this.#scanner().scan(Window.of(joined), 0, joined.length, isLast, this.#edits);
    this.#addLocal(joined, from - count, count, edits);
    this.#keepRest(joined.subarray(Math.min(settled, count), count));
    return Math.max(from, from + settled - count);
  }

  /** Adds the edits of `bytes` that are near their hint, moved by `distance`. None of those begins before `floor`. */
  #addLocal(bytes: Buffer, distance: number, floor: number, edits: EditList): void {
    this.#edits.forEach((start, end, text) => {
      const { front, back, rest } = trim(bytes, start, end, text);
      if (!this.#isNearHint(bytes, start, front)) return;
      invariant(front >= floor, 'deferred scanner: an edit in what is gone');
      edits.replace(front + distance, back + distance, rest);
    });
  }

  /** Whether the edit that begins at `start`, and differs from `front` on, has a hint before that, or near behind it. */
  #isNearHint(bytes: Buffer, start: number, front: number): boolean {
    const { longest, hintPattern } = this.#marks;
    const from = Math.max(0, start - longest);
    const text = bytes.toString('latin1', from, front + this.#holdBytes);
    for (const { index, 0: hint } of text.matchAll(hintPattern)) {
      const at = from + index;
      if (at + hint.length < start) continue;
      if (at <= front) return true;
      const between = text.slice(front - from, index);
      return between.length <= NEAR && !BARRIER.test(between) && !SPACE_OR_BARRIER.test(between.charAt(0));
    }
    return false;
  }
}

/** What of an edit differs from the bytes. */
function trim(bytes: Buffer, start: number, end: number, text: string): { front: number; back: number; rest: string } {
  const limit = Math.min(end - start, text.length);
  let same = 0;
  while (same < limit && bytes[start + same] === text.charCodeAt(same)) same++;
  let tail = 0;
  while (tail < limit - same && bytes[end - 1 - tail] === text.charCodeAt(text.length - 1 - tail)) tail++;
  return { front: start + same, back: end - tail, rest: text.slice(same, text.length - tail) };
}

/** Whether no edit reaches from before `at` or from it to what is behind it. */
function isBarrier(bytes: Buffer, at: number): boolean {
  const octet = bytes[at] ?? 0;
  if (octet === 0x20 || octet === 0x09 || octet === 0x0a) return at > 0 && !isHexDigit(bytes[at - 1] ?? 0);
  return octet === 0x3c || octet === 0x3e || octet === 0x22 || octet === 0x27 || octet === 0x60;
}

function isHexDigit(octet: number): boolean {
  return (octet >= 0x30 && octet <= 0x39) || ((octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x66);
}
