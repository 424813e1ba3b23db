// Puts off the scanning of bytes in which nothing can change until something comes that can, which in most bodies is never.

import { invariant } from '../util/invariant.ts';
import type { AuthorityMatcher } from './authority-matcher.ts';
import { EditList } from './edit-list.ts';
import type { Scanner } from './scanner.ts';
import { Window } from './window.ts';

/** How far before the needle that it is about an edit may begin. Every authority in one of its usual spellings fits in. */
const NEAR = 640;
/** Bytes that went out and were not scanned: past this the scanner catches up. */
const MAX_KEPT_BYTES = 256 * 1024;
/** What no edit reaches across on its way to its needle: quotes, angles, and white space that ends no escape of CSS. */
const BARRIER = /[<>"'`]|[^0-9a-f][ \t\n]/i;
const SPACE_OR_BARRIER = /[\s<>"'`]/;
const LONGEST_LESSON = 16;
const NOTHING = Buffer.alloc(0);

/** What makes a window worth looking at. */
export interface Marks {
  readonly matcher: AuthorityMatcher;
  /** Other strings an edit may be about, beside the needles. */
  readonly hints: readonly string[];
  /** What the scanner is to learn about: matches at most 16 characters, none of them a barrier. */
  readonly lesson?: RegExp;
}

/**
 * A scanner for maps that change authorities only. Every edit must be about a needle (or another hint) that stands in it or
 * less than {@link NEAR} behind its beginning, with no barrier between: one that is not is not made. That rule is what
 * allows windows without a mark to leave at once but for what stands behind their last barrier: no edit can begin in them.
 *
 *     document   [ scanned | kept: gone out, not scanned | window ... | held ]
 *
 * The inner scanner sees the same bytes, only later, so its answer is the same. Where the kept bytes are too many it catches
 * up on them, in which there is nothing to change.
 */
export class DeferredScanner implements Scanner {
  readonly maxHeldBytes: number;
  readonly #inner: Scanner;
  readonly #marks: Marks;
  readonly #edits = new EditList();
  readonly #hint: RegExp;
  readonly #longest: number;
  readonly #holdBytes: number;
  readonly #needles: readonly Buffer[];
  #kept: Buffer[] = [];
  #keptBytes = 0;

  constructor(inner: Scanner, marks: Marks) {
    this.#inner = inner;
    this.#marks = marks;
    const { matcher, hints } = marks;
    this.#hint = matcher.hintPattern(hints);
    this.#needles = hints.map((hint) => Buffer.from(hint, 'latin1'));
    this.#longest = Math.max(LONGEST_LESSON, ...[...matcher.needles, ...this.#needles].map(({ length }) => length));
    this.#holdBytes = NEAR + this.#longest + 2;
    this.maxHeldBytes = inner.maxHeldBytes + this.#holdBytes;
  }

  get unexaminedBytes(): number {
    return this.#inner.unexaminedBytes ?? 0;
  }

  isUntouched(bytes: Buffer): boolean {
    return !this.#hasMark(bytes);
  }

  reset(): void {
    this.#inner.reset();
    this.#kept = [];
    this.#keptBytes = 0;
  }

  scan(window: Window, from: number, to: number, isLast: boolean, edits: EditList): number {
    const bytes = from === 0 && to === window.length ? window.bytes : window.bytes.subarray(from, to);
    if (this.#hasMark(bytes)) return this.#scanNow(window, bytes, from, to, isLast, edits);
    if (isLast) return to;
    const passed = this.#holdFrom(bytes);
    this.#keep(bytes.subarray(0, passed));
    return from + passed;
  }

  #hasMark(bytes: Buffer): boolean {
    if (this.#marks.matcher.isHintedInBytes(bytes)) return true;
    for (const needle of this.#needles) if (bytes.includes(needle)) return true;
    return this.#marks.lesson?.test(bytes.toString('latin1')) ?? false;
  }

  /** Behind the last barrier in `bytes`, or as far as an edit can reach back from what comes next. */
  #holdFrom(bytes: Buffer): number {
    const floor = Math.max(0, bytes.length - this.#holdBytes);
    for (let at = bytes.length; at > floor; at--) if (isBarrier(bytes, at - 1)) return at;
    return floor;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#kept.push(Buffer.from(bytes));
    this.#keptBytes += bytes.length;
    if (this.#keptBytes <= MAX_KEPT_BYTES) return;
    const kept = Buffer.concat(this.#kept);
    this.#edits.clear();
    this.#dropKept(kept, this.#inner.scan(Window.of(kept), 0, kept.length, false, this.#edits));
  }

  #dropKept(kept: Buffer, count: number): void {
    const rest = count < kept.length ? Buffer.from(kept.subarray(count)) : NOTHING;
    this.#kept = rest.length > 0 ? [rest] : [];
    this.#keptBytes = rest.length;
  }

  #scanNow(window: Window, bytes: Buffer, from: number, to: number, isLast: boolean, edits: EditList): number {
    this.#edits.clear();
    if (this.#keptBytes === 0) {
      const settled = this.#inner.scan(window, from, to, isLast, this.#edits);
      this.#addLocal(window.bytes, 0, from, edits);
      return settled;
    }
    const kept = this.#kept.length === 1 ? (this.#kept[0] ?? NOTHING) : Buffer.concat(this.#kept);
    const joined = Buffer.concat([kept, bytes]);
    const settled = this.#inner.scan(Window.of(joined), 0, joined.length, isLast, this.#edits);
    this.#addLocal(joined, from - kept.length, kept.length, edits);
    this.#dropKept(kept, settled);
    return Math.max(from, from + settled - kept.length);
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
    const from = Math.max(0, start - this.#longest);
    const text = bytes.toString('latin1', from, front + this.#holdBytes);
    for (const { index, 0: hint } of text.matchAll(this.#hint)) {
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
