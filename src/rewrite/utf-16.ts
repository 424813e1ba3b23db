// UTF-16 bodies: turned into bytes that scanners can read, and back, losing nothing, lone surrogates included.
import { PassingSink, type Release, type Sink, type Transform } from '../exchange/body.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';

/*
 * Each code unit becomes one to three bytes, as UTF-8 encodes a code point of that number (surrogates too: CESU-8). That
 * is no encoding for the outside world, but ASCII stays ASCII and the way back is exact. An odd byte at the end of the
 * body follows it unchanged.
 */

/** UTF-16 in, readable bytes out. `isBigEndian` says which byte of a unit comes first. */
export function decodeUtf16(isBigEndian: boolean): Transform {
  return (next) => new UnitDecoder(next, isBigEndian);
}

/** The way back. */
export function encodeUtf16(isBigEndian: boolean): Transform {
  return (next) => new UnitEncoder(next, isBigEndian);
}

/** Marks the odd byte at the end: FF never occurs in the readable form. */
const ODD = 0xff;

class UnitDecoder extends PassingSink implements Sink {
  readonly #high: 0 | 1;
  #odd = -1;

  constructor(next: Sink, isBigEndian: boolean) {
    super(next);
    this.#high = isBigEndian ? 0 : 1;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    const bytes = this.#odd < 0 ? chunk : Buffer.concat([Buffer.of(this.#odd), chunk]);
    const even = bytes.length & ~1;
    this.#odd = even === bytes.length ? -1 : (bytes[even] ?? 0);
    const out = Buffer.allocUnsafe((even / 2) * 3);
    let length = 0;
    for (let at = 0; at < even; at += 2) {
      const unit = ((bytes[at + this.#high] ?? 0) << 8) | (bytes[at + 1 - this.#high] ?? 0);
      length = writeUnit(out, length, unit);
    }
    release?.();
    return length === 0 || this.next.write(out.subarray(0, length));
  }

  override end(trailers?: ReadonlyHeaderList): void {
    if (this.#odd >= 0) this.next.write(Buffer.of(ODD, 0x80 | (this.#odd >> 4), 0x80 | (this.#odd & 15)));
    this.next.end(trailers);
  }
}

function writeUnit(out: Buffer, at: number, unit: number): number {
  if (unit < 0x80) {
    out[at] = unit;
    return at + 1;
  }
  if (unit < 0x800) {
    out[at] = 0xc0 | (unit >> 6);
    out[at + 1] = 0x80 | (unit & 0x3f);
    return at + 2;
  }
  out[at] = 0xe0 | (unit >> 12);
  out[at + 1] = 0x80 | ((unit >> 6) & 0x3f);
  out[at + 2] = 0x80 | (unit & 0x3f);
  return at + 3;
}

class UnitEncoder extends PassingSink implements Sink {
  readonly #high: 0 | 1;
  #held: Buffer = Buffer.alloc(0);

  constructor(next: Sink, isBigEndian: boolean) {
    super(next);
    this.#high = isBigEndian ? 0 : 1;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const out = Buffer.allocUnsafe(bytes.length * 2);
    let length = 0;
    let at = 0;
    for (;;) {
      const width = unitWidth(bytes[at] ?? 0);
      if (at + width > bytes.length || at === bytes.length) break;
      if (bytes[at] === ODD) {
        out[length++] = (((bytes[at + 1] ?? 0) & 15) << 4) | ((bytes[at + 2] ?? 0) & 15);
      } else {
        const unit = readUnit(bytes, at, width);
        out[length + this.#high] = unit >> 8;
        out[length + 1 - this.#high] = unit & 0xff;
        length += 2;
      }
      at += width;
    }
    this.#held = Buffer.from(bytes.subarray(at));
    release?.();
    return length === 0 || this.next.write(out.subarray(0, length));
  }
}

function unitWidth(first: number): 1 | 2 | 3 {
  if (first < 0x80) return 1;
  return first < 0xe0 ? 2 : 3;
}

function readUnit(bytes: Buffer, at: number, width: 1 | 2 | 3): number {
  const first = bytes[at] ?? 0;
  if (width === 1) return first;
  const second = (bytes[at + 1] ?? 0) & 0x3f;
  if (width === 2) return ((first & 0x1f) << 6) | second;
  return ((first & 0x0f) << 12) | (second << 6) | ((bytes[at + 2] ?? 0) & 0x3f);
}
