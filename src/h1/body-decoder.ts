// Finds the end of a body in the bytes of a connection: by length, by chunks, or by the end of the connection.
import type { Framing } from '../http/framing.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { CR, HEX_VALUE, LF } from '../util/ascii.ts';
import { invariant } from '../util/invariant.ts';
import { parseHeaderBlock } from './header-block.ts';

/** Told where content stands in the bytes being decoded. */
export type Emit = (start: number, end: number) => void;

/** Decoder of one body. Feed it until `isDone` or `fault`. */
export interface BodyDecoder {
  /** Reads `bytes` from `start`; returns the index behind the last byte that belongs to this body. */
  decode(bytes: Buffer, start: number, emit: Emit): number;
  readonly isDone: boolean;
  /** What broke the framing, in words for the log; undefined while all is well. */
  readonly fault: string | undefined;
  readonly trailers: ReadonlyHeaderList | undefined;
  /** How many content bytes are still to come, or undefined if nobody knows. */
  readonly remaining: number | undefined;
}

/** Bounds of the chunked decoder. */
export interface ChunkLimits {
  readonly chunkLineBytes: number;
  readonly headBytes: number;
  readonly headerCount: number;
}

/** The decoder for a framing. Messages without a body need none. */
export function createBodyDecoder(framing: Framing, limits: ChunkLimits): BodyDecoder {
  invariant(framing.kind !== 'none', 'a message without a body has no decoder');
  if (framing.kind === 'length') return new LengthDecoder(framing.length);
  return framing.kind === 'chunked' ? new ChunkedDecoder(limits) : new UntilCloseDecoder();
}

class LengthDecoder implements BodyDecoder {
  readonly fault = undefined;
  readonly trailers = undefined;
  remaining: number;

  constructor(length: number) {
    this.remaining = length;
  }

  get isDone(): boolean {
    return this.remaining === 0;
  }

  decode(bytes: Buffer, start: number, emit: Emit): number {
    const end = Math.min(bytes.length, start + this.remaining);
    this.remaining -= end - start;
    if (end > start) emit(start, end);
    return end;
  }
}

/** The end of the connection ends the body; whoever owns the connection says when. */
class UntilCloseDecoder implements BodyDecoder {
  readonly isDone = false;
  readonly fault = undefined;
  readonly trailers = undefined;
  readonly remaining = undefined;

  decode(bytes: Buffer, start: number, emit: Emit): number {
    if (bytes.length > start) emit(start, bytes.length);
    return bytes.length;
  }
}

/**
 * The states of RFC 9112 §7.1, in the order they come:
 *
 *     size        hex digits of chunk-size
 *     extension   up to CR; ignored, bounded (§7.1.1)
 *     size-lf     the LF behind it
 *     data        chunk-size bytes of content
 *     data-cr     CRLF behind the content
 *     data-lf
 *     trailer     trailer section up to its empty line (§7.1.2)
 *     done
 */
type ChunkState = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'done';

/** 13 hex digits stay below 2^52: no size can lose digits or wrap (RFC 9112 §7.1 warns of it). */
const SIZE_DIGITS_LIMIT = 13;

class ChunkedDecoder implements BodyDecoder {
  readonly #limits: ChunkLimits;
  #state: ChunkState = 'size';
  #size = 0;
  #significantDigits = 0;
  #lineBytes = 0;
  #hasDigits = false;
  #isQuoted = false;
  #isEscaped = false;
  #trailerBytes: Buffer[] = [];
  #trailerLength = 0;
  #tail = '';
  fault: string | undefined = undefined;
  trailers: ReadonlyHeaderList | undefined = undefined;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  get remaining(): undefined {
    return undefined;
  }

  decode(bytes: Buffer, start: number, emit: Emit): number {
    let index = start;
    while (index < bytes.length && this.#state !== 'done' && this.fault === undefined) {
      if (this.#state === 'data') index = this.#data(bytes, index, emit);
      else if (this.#state === 'trailer') index = this.#trailer(bytes, index);
      else this.#octet(bytes[index++] as number);
    }
    return index;
  }

  #data(bytes: Buffer, index: number, emit: Emit): number {
    const end = Math.min(bytes.length, index + this.#size);
    this.#size -= end - index;
    if (this.#size === 0) this.#state = 'data-cr';
    emit(index, end);
    return end;
  }

  #octet(octet: number): void {
    switch (this.#state) {
      case 'size':
        this.#sizeOctet(octet);
        break;
      case 'extension':
        this.#extensionOctet(octet);
        break;
      case 'size-lf':
        this.#expect(octet, LF, this.#size === 0 ? 'trailer' : 'data', 'chunk size line does not end in CRLF');
        break;
      case 'data-cr':
        this.#expect(octet, CR, 'data-lf', 'chunk is longer than its size');
        break;
      default:
        this.#startChunk();
        this.#expect(octet, LF, 'size', 'chunk does not end in CRLF');
    }
  }

  #startChunk(): void {
    this.#size = 0;
    this.#significantDigits = 0;
    this.#lineBytes = 0;
    this.#hasDigits = false;
    this.#isQuoted = false;
  }

  #expect(octet: number, wanted: number, next: ChunkState, fault: string): void {
    if (octet === wanted) this.#state = next;
    else this.fault = fault;
  }

  #sizeOctet(octet: number): void {
    const digit = HEX_VALUE[octet] as number;
    this.#countLineByte();
    if (digit !== 255) {
      this.#hasDigits = true;
      if (digit > 0 || this.#significantDigits > 0) this.#significantDigits++;
      if (this.#significantDigits > SIZE_DIGITS_LIMIT) this.fault = 'chunk size too large';
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (!this.#hasDigits) this.fault = 'chunk size is no number';
    else if (octet === CR) this.#state = 'size-lf';
    else if (octet === 0x3b || octet === 0x20 || octet === 0x09) this.#startExtension(octet);
    else this.fault = 'chunk size is no number';
  }

  /** RFC 9112 §7.1.1: BWS may stand before the semicolon; anything else between size and CRLF is refused. */
  #startExtension(octet: number): void {
    this.#state = 'extension';
    this.#tail = octet === 0x3b ? ';' : ' ';
  }

  #extensionOctet(octet: number): void {
    this.#countLineByte();
    if (octet === CR && !this.#isQuoted) {
      if (this.#tail === ' ') this.fault = 'white space behind the chunk size';
      else this.#state = 'size-lf';
      return;
    }
    if ((octet < 0x20 && octet !== 0x09) || octet === 0x7f) this.fault = 'control character in a chunk extension';
    else if (this.#tail === ' ' && octet === 0x3b) this.#tail = ';';
    else if (this.#tail === ' ' && octet !== 0x20 && octet !== 0x09) this.fault = 'chunk size is no number';
    else if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isQuoted && octet === 0x5c) this.#isEscaped = true;
    else if (octet === 0x22) this.#isQuoted = !this.#isQuoted;
  }

  #countLineByte(): void {
    if (++this.#lineBytes > this.#limits.chunkLineBytes) this.fault = 'chunk size line too long';
  }

  /** Collects the trailer section up to the empty line, then parses it like any header block. */
  #trailer(bytes: Buffer, index: number): number {
    const end = this.#findTrailerEnd(bytes, index);
    const stop = end < 0 ? bytes.length : end;
    this.#trailerLength += stop - index;
    if (this.#trailerLength > this.#limits.headBytes) this.fault = 'trailer section too large';
    else this.#trailerBytes.push(Buffer.from(bytes.subarray(index, stop)));
    if (end >= 0 && this.fault === undefined) this.#finish();
    return stop;
  }

  /** The section ends at CRLF on a line of its own: at once, or behind the CRLF of the last line. */
  #findTrailerEnd(bytes: Buffer, start: number): number {
    let tail = this.#trailerLength === 0 ? '\r\n' : this.#tail;
    for (let index = start; index < bytes.length; index++) {
      tail = (tail + String.fromCharCode(bytes[index] as number)).slice(-4);
      if (tail === '\r\n\r\n') return index + 1;
      if (bytes[index] === LF && !tail.endsWith('\r\n')) this.fault = 'bare LF in the trailer section';
    }
    this.#tail = tail;
    return -1;
  }

  #finish(): void {
    const text = Buffer.concat(this.#trailerBytes).toString('latin1');
    this.#trailerBytes = [];
    const trailers = text.length === 2 ? undefined : parseHeaderBlock(text.slice(0, -4), this.#limits.headerCount);
    if (typeof trailers === 'string') {
      this.fault = `trailer section: ${trailers}`;
      return;
    }
    this.trailers = trailers;
    this.#state = 'done';
  }
}
