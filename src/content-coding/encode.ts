// Makes content codings at a quality for live traffic, flushed whenever the source pauses.
import * as zlib from 'node:zlib';
import type { Release, Sink, Transform } from '../exchange/body.ts';
import type { ContentCoding } from './codings.ts';
import { EngineSink, type ZlibEngine } from './engine-sink.ts';

/** Above these the size hardly shrinks, and the cost is a multiple: gzip 6 costs four times gzip 1. */
const GZIP_LEVEL = 3;
const BROTLI_QUALITY = 3;
/** 256 KiB: the default window of 4 MiB is memory that pages do not pay back. */
const BROTLI_WINDOW_BITS = 18;
/** What {@link encodeWhole} takes at most: it runs while everything else waits. */
const WHOLE_BYTES_LIMIT = 64 * 1024;

/**
 * The transform that makes `coding` of a body. When the source pauses, all that came is on its way to the client in a form
 * that it can read: events of a stream arrive one by one.
 */
export function encodeTransform(coding: ContentCoding): Transform {
  return (next) => new EncoderSink(next, createEncoder(coding));
}

/** The same for bytes that are all there; undefined for more than 64 KiB. */
export function encodeWhole(bytes: Buffer, coding: ContentCoding): Buffer | undefined {
  if (bytes.length > WHOLE_BYTES_LIMIT) return undefined;
  return coding === 'br' ? zlib.brotliCompressSync(bytes, brotliOptions(bytes.length)) : zlib.gzipSync(bytes, GZIP);
}

const GZIP = { level: GZIP_LEVEL };

function createEncoder(coding: ContentCoding): ZlibEngine {
  return coding === 'br' ? zlib.createBrotliCompress(brotliOptions(0)) : zlib.createGzip(GZIP);
}

/** `sizeHint` 0: unknown. */
function brotliOptions(sizeHint: number): zlib.BrotliOptions {
  const { constants } = zlib;
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: sizeHint,
    },
  };
}

class EncoderSink extends EngineSink {
  #isFlushed = true;

  constructor(next: Sink, engine: ZlibEngine) {
    super(next);
    this.useEngine(engine);
  }

  override write(chunk: Buffer, release?: Release): boolean {
    this.#isFlushed = false;
    return super.write(chunk, release);
  }

  protected override paused(): void {
    if (this.#isFlushed) return;
    this.#isFlushed = true;
    this.flush();
  }
}
