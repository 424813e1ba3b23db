// The content codings that can be undone and made here (RFC 9110 §8.4.1), by what this Node.js has.
import * as zlib from 'node:zlib';

/** A coding that bodies are sent in. */
export type ContentCoding = 'gzip' | 'br';

/** Whether zstd can be undone: newer versions of Node.js have it. */
const HAS_ZSTD = 'createZstdDecompress' in zlib;

/** What {@link decodeBody} undoes; `x-gzip` is another name of gzip (RFC 9110 §8.4.1.3). */
export const DECODABLE_CODINGS: ReadonlySet<string> = new Set([
  'gzip',
  'x-gzip',
  'deflate',
  'br',
  ...(HAS_ZSTD ? ['zstd'] : []),
]);

/** What a body can be sent in, best first: at the qualities used here br is smaller than gzip at the same cost. */
export const OFFERED_CODINGS: readonly ContentCoding[] = ['br', 'gzip'];
