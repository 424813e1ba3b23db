// Undoes content codings: a body that answers with plain bytes, and refuses what grows without measure.
import * as zlib from 'node:zlib';
import type { Body, Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { EngineSink, type ZlibEngine } from './engine-sink.ts';

/**
 * A body that grows to more than this many times what came in is a bomb: deflate cannot exceed 1032, pages stay below 100.
 * Counted only once {@link RATIO_FREE_BYTES} have come out.
 */
const RATIO_LIMIT = 400;
const RATIO_FREE_BYTES = 1024 * 1024;
/** What {@link decodeWhole} gives at most: it runs while everything else waits. */
const WHOLE_BYTES_LIMIT = 512 * 1024;

/** A body whose codings are being undone. */
export interface Decoding {
  /** The plain bytes. Their number is not known. */
  readonly body: Body;
  /**
   * Resolves once plain bytes are there, or the backend pauses, or all is over: then a head may go out. Rejects with a
   * ProxyError if it is clear by then that the body cannot be decoded.
   */
  readonly opened: Promise<void>;
}

/**
 * Undoes `codings` (the outermost last, each in {@link DECODABLE_CODINGS}) of a body that nobody took yet. Starts at once
 * and holds at most 1 MiB back until the result is asked for. What is broken, cut or a bomb ends with
 * `response_content_coding` or `response_too_large`, and the source is cancelled.
 */
export function decodeBody(source: Body, codings: readonly string[]): Decoding {
  const decoding = new DecodedBody(source, codings);
  return { body: decoding, opened: decoding.opened };
}

/**
 * The same for bytes that are all there. Undefined if they would grow beyond half a MiB: {@link decodeBody} is for those.
 * Throws `response_content_coding`.
 */
export function decodeWhole(bytes: Buffer, codings: readonly string[]): Buffer | undefined {
  let plain = bytes;
  for (const coding of codings.toReversed()) {
    try {
      plain = decodeOne(plain, coding);
    } catch (error) {
      if (isTooLarge(error)) return undefined;
      throw codingError(coding, error);
    }
  }
  return plain;
}

function decodeOne(bytes: Buffer, coding: string): Buffer {
  const options = { maxOutputLength: WHOLE_BYTES_LIMIT };
  switch (coding) {
    case 'br':
      return zlib.brotliDecompressSync(bytes, options);
    case 'deflate':
      return isWrapped(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
    case 'zstd':
      return zlibOf('zstdDecompressSync')(bytes, options);
    default:
      return zlib.gunzipSync(bytes, options);
  }
}

/** Waits for its sink with what came out so far. */
class DecodedBody implements Body {
  readonly length = undefined;
  readonly isEmpty = false;
  readonly opened: Promise<void>;
  readonly #source: Body;
  readonly #entry: Sink;
  #open: () => void = () => {};
  #refuse: (error: ProxyError) => void = () => {};
  #held: Buffer[] = [];
  #end: { readonly trailers: ReadonlyHeaderList | undefined } | { readonly error: ProxyError } | undefined;
  #sink: Sink | undefined;
  /** Set by the innermost decoder: takes up its work after a wait. */
  #resume: (() => void) | undefined;
  #isCancelled = false;

  constructor(source: Body, codings: readonly string[]) {
    this.#source = source;
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#refuse = reject;
    });
    // Whoever cancels does not wait for it any more.
    this.opened.catch(() => {});
    this.#entry = this.#makeDecoders(codings);
    source.sendTo(this.#entry);
  }

  sendTo(sink: Sink): void {
    if (this.#isCancelled) return;
    this.#sink = sink;
    sink.onDrained = () => this.#resume?.();
    let goesOn = true;
    for (const chunk of this.#held.splice(0)) goesOn = sink.write(chunk) && goesOn;
    if (this.#end === undefined) {
      if (goesOn) this.#resume?.();
    } else if ('error' in this.#end) sink.abort(this.#end.error);
    else sink.end(this.#end.trailers);
  }

  cancel(reason: ProxyError): void {
    if (this.#isCancelled || this.#end !== undefined) return;
    this.#isCancelled = true;
    this.#held = [];
    this.#refuse(reason);
    this.#entry.abort(reason);
    this.#source.cancel(reason);
  }

  /** The decoders from the outermost coding to the innermost one, whose output is the plain body. */
  #makeDecoders(codings: readonly string[]): Sink {
    const exit: Sink = {
      onDrained: undefined,
      write: (chunk) => this.#take(chunk),
      end: (trailers) => this.#finish({ trailers }),
      abort: (error) => this.#fail(error),
    };
    this.#resume = () => exit.onDrained?.();
    let next = exit;
    for (const coding of codings) next = new DecoderSink(next, coding, () => this.#open());
    return next;
  }

  #take(chunk: Buffer): boolean {
    if (this.#isCancelled) return true;
    if (this.#sink !== undefined) return this.#sink.write(chunk);
    this.#held.push(chunk);
    this.#open();
    return false;
  }

  #finish(end: { readonly trailers: ReadonlyHeaderList | undefined }): void {
    if (this.#isCancelled) return;
    this.#end = end;
    this.#open();
    this.#sink?.end(end.trailers);
  }

  #fail(error: ProxyError): void {
    if (this.#isCancelled || this.#end !== undefined) return;
    this.#end = { error };
    this.#held = [];
    this.#refuse(error);
    this.#source.cancel(error);
    // Decoders before the one that failed are stopped too.
    this.#entry.abort(error);
    this.#sink?.abort(error);
  }
}

/** Undoes one coding. */
class DecoderSink extends EngineSink {
  readonly #coding: string;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #outBytes = 0;
  readonly #onPause: () => void;

  constructor(next: Sink, coding: string, onPause: () => void) {
    super(next);
    this.#coding = coding;
    this.#onPause = onPause;
  }

  /** The engine is chosen by the first byte: `deflate` is sent with a zlib wrapper and without one. */
  override write(chunk: Buffer, release?: Release): boolean {
    if (chunk.length === 0) {
      release?.();
      return true;
    }
    if (!this.hasEngine) this.useEngine(createDecoder(this.#coding, chunk));
    return super.write(chunk, release);
  }

  protected override paused(): void {
    this.#releaseHeld();
    this.#onPause();
  }

  /** While the first output looks like a bomb's it is held back, so that the client can still be told. */
  protected override output(chunk: Buffer): boolean {
    this.#outBytes += chunk.length;
    const isSuspicious = this.#outBytes > RATIO_LIMIT * Math.max(1, this.bytesTaken);
    if (isSuspicious && this.#outBytes > RATIO_FREE_BYTES) {
      this.fail(new ProxyError('response_too_large', `${this.#coding}: more than ${RATIO_LIMIT} times what came in`));
      return true;
    }
    const mayHold = this.#heldBytes > 0 || this.#outBytes === chunk.length;
    if (isSuspicious && mayHold) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      return true;
    }
    const goesOn = this.#releaseHeld();
    return super.output(chunk) && goesOn;
  }

  protected override ended(trailers: ReadonlyHeaderList | undefined): void {
    this.#releaseHeld();
    super.ended(trailers);
  }

  protected override errorOf(error: unknown): ProxyError {
    return codingError(this.#coding, error);
  }

  #releaseHeld(): boolean {
    let goesOn = true;
    for (const chunk of this.#held.splice(0)) goesOn = super.output(chunk) && goesOn;
    this.#heldBytes = 0;
    return goesOn;
  }
}

const CHUNK_BYTES = 32 * 1024;

function createDecoder(coding: string, first: Buffer): ZlibEngine {
  const options = { chunkSize: CHUNK_BYTES };
  switch (coding) {
    case 'br':
      return zlib.createBrotliDecompress(options);
    case 'deflate':
      return isWrapped(first) ? zlib.createInflate(options) : zlib.createInflateRaw(options);
    case 'zstd':
      return zlibOf('createZstdDecompress')(options);
    default:
      return zlib.createGunzip(options);
  }
}

/** RFC 1950 §2.2: the low half of the first byte is 8. A raw deflate stream that begins so would be an odd one. */
function isWrapped(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0) & 15) === 8;
}

interface ZstdFunctions {
  zstdDecompressSync(bytes: Buffer, options: object): Buffer;
  createZstdDecompress(options: object): ZlibEngine;
}

/** A function of newer versions of Node.js, which the types of the oldest one do not know. */
function zlibOf<Name extends keyof ZstdFunctions>(name: Name): ZstdFunctions[Name] {
  return (zlib as unknown as ZstdFunctions)[name];
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function codingError(coding: string, cause: unknown): ProxyError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ProxyError('response_content_coding', `${coding}: ${detail}`, { cause });
}
