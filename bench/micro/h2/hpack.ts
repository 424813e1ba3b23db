// HPACK on a connection whose tables have settled: requests of a browser, and answers with and without something new.
import { HpackDecoder } from '../../../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../../../src/h2/hpack/encoder.ts';
import { decodeHuffman, encodeHuffman } from '../../../src/h2/hpack/huffman.ts';
import { invariant } from '../../../src/util/invariant.ts';
import { inTurn, measure } from '../measure.ts';

const LIMIT_BYTES = 64 * 1024;
/** Paths that are taken in turn: none is the one before. */
const PATHS = 64;

const request = (path: string) => [
  ...[':method', 'GET', ':scheme', 'https', ':authority', 'www.example.org', ':path', path],
  ...['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ...['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ...['accept-language', 'en-US,en;q=0.5', 'accept-encoding', 'gzip, deflate, br, zstd'],
  ...['x-session', '0123456789abcdef0123456789abcdef', 'upgrade-insecure-requests', '1'],
  ...['sec-fetch-dest', 'document', 'sec-fetch-mode', 'navigate', 'sec-fetch-site', 'none', 'priority', 'u=0, i'],
];
const answer = (etag: string) => [
  ...[':status', '200', 'server', 'nginx', 'date', 'Sat, 28 Nov 2026 12:00:00 GMT', 'content-type', 'text/html'],
  ...['content-length', '10240', 'cache-control', 'max-age=3600', 'vary', 'Accept-Encoding', 'etag', etag],
  ...['last-modified', 'Fri, 27 Nov 2026 09:30:00 GMT', 'accept-ranges', 'bytes'],
];

const paths = Array.from({ length: PATHS }, (_, index) => `/articles/2026/${index * 7919}/a-longer-title?page=2`);
const etags = Array.from({ length: PATHS }, (_, index) => `"${(index * 104_729 + 2 ** 28).toString(16)}-2800"`);

/** Encodes lists until the table has settled, with a decoder that hears all of it. */
function settle(lists: readonly string[][]) {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const hear = (block: Buffer) => decoder.decode(block, 0, block.length, LIMIT_BYTES);
  for (let round = 0; round < 3; round++) for (const lines of lists) hear(encoder.encode(lines));
  return { encoder, decoder };
}

function decoding(lists: readonly string[][]): () => unknown {
  const { encoder, decoder } = settle(lists);
  const [first = Buffer.alloc(0), ...others] = lists.map((lines) => encoder.encode(lines));
  const next = inTurn([first, ...others]);
  return () => {
    const block = next();
    return decoder.decode(block, 0, block.length, LIMIT_BYTES);
  };
}

function encoding(lists: readonly string[][]): () => unknown {
  const { encoder } = settle(lists);
  const [first = [], ...others] = lists;
  const next = inTurn([first, ...others]);
  return () => encoder.encode(next());
}

const text = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const code = Buffer.alloc(text.length);
const codeBytes = encodeHuffman(text, code, 0);
invariant(decodeHuffman(code, 0, codeBytes) === text, 'a text that does not come back');
const firstAnswer = answer('"5f-2800"');
const firstBlock = new HpackEncoder().encode(request('/'));

measure('decode, request with another path', decoding(paths.map(request)));
measure('decode, the same request again', decoding([request('/')]));
measure('decode, first request of a connection', () => {
  const decoder = new HpackDecoder();
  return decoder.decode(firstBlock, 0, firstBlock.length, LIMIT_BYTES);
});
measure('encode, the same answer again', encoding([answer('"5f-2800"')]));
measure('encode, two answers by turns', encoding([answer('"5f-2800"'), answer('"60-2800"')]));
measure('encode, answer with another etag', encoding(etags.map(answer)));
measure('encode, first answer of a connection', () => new HpackEncoder().encode(firstAnswer));
measure('Huffman code of 70 octets, decode', () => decodeHuffman(code, 0, codeBytes));
measure('Huffman code of 70 octets, encode', () => encodeHuffman(text, code, 0));
