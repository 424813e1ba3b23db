// Strict readers of HTTP/1.1 messages for tests. Independent of src/: the engine must not be judged by itself.

/** What a peer sent is not strictly framed HTTP/1.1, or it stopped in the middle. */
export class WireError extends Error {
  override name = 'WireError';
}

/** The connection ended in the middle of something. */
export class CutError extends WireError {
  override name = 'CutError';
}

/** A reader asks for more bytes by yielding, and returns what it read. {@link ByteFeed} says whether more can come. */
export type Reading<T> = Generator<void, T, void>;

/** Header lines in order, with the spelling they came with. */
export class HeaderLines {
  readonly lines: readonly (readonly [name: string, value: string])[];

  constructor(lines: readonly (readonly [string, string])[]) {
    this.lines = lines;
  }

  /** The only value of `name` (any case), or undefined. Throws a WireError if there is more than one. */
  get(name: string): string | undefined {
    const values = this.getAll(name);
    if (values.length > 1) throw new WireError(`${values.length} lines of ${name}: ${JSON.stringify(values)}`);
    return values[0];
  }

  /** Every value of `name` (any case), in order. */
  getAll(name: string): string[] {
    return this.lines.filter(([candidate]) => candidate.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }
}

/** How the end of a body was found. `close` is a body that ends with the connection. */
export type ReadFraming = 'none' | 'length' | 'chunked' | 'close';

interface ReadMessage {
  readonly version: string;
  readonly headers: HeaderLines;
  readonly framing: ReadFraming;
  readonly body: Buffer;
  readonly trailers: HeaderLines;
  /** Sizes of the chunks of a chunked body, without the last one. */
  readonly chunkSizes: readonly number[];
}

/** A whole request as an upstream got it. */
export interface ReadRequest extends ReadMessage {
  readonly method: string;
  readonly target: string;
}

/** A whole response as a client got it, with the informational ones before it. */
export interface ReadResponse extends ReadMessage {
  readonly status: number;
  readonly reason: string;
  readonly interim: readonly ResponseHeadRead[];
}

/** The head of a request, before its body. */
export type RequestHeadRead = Pick<ReadRequest, 'method' | 'target' | 'version' | 'headers'>;

/** The head of a response, before its body. */
export type ResponseHeadRead = Pick<ReadResponse, 'status' | 'reason' | 'version' | 'headers'>;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/(1\.[01])$/;
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,13})([ \t]*;.*)?$/;
const NO_LINES = new HeaderLines([]);

/** Bytes that arrive in pieces and are taken out in order. Linear in the number of bytes, whatever the pieces. */
export class ByteFeed {
  #chunks: Buffer[] = [];
  #scannedChunks = 0;
  length = 0;
  /** Set when no more bytes will come. */
  isEnded = false;

  append(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** Takes exactly `count` bytes; throws a RangeError unless they are there. */
  take(count: number): Buffer {
    if (count > this.length) throw new RangeError(`take of ${count} bytes, ${this.length} there`);
    const all =
      this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = count < all.length ? [all.subarray(count)] : [];
    this.#scannedChunks = 0;
    this.length -= count;
    return all.subarray(0, count);
  }

  /** The bytes up to and including the next LF, or undefined if it is not there yet. */
  takeLine(): Buffer | undefined {
    let before = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      const at = index < this.#scannedChunks ? -1 : chunk.indexOf(0x0a);
      if (at >= 0) return this.take(before + at + 1);
      before += chunk.length;
    }
    this.#scannedChunks = this.#chunks.length;
    return undefined;
  }
}

/** Reads the next `count` bytes. */
export function* readBytes(feed: ByteFeed, count: number): Reading<Buffer> {
  while (feed.length < count) {
    if (feed.isEnded) throw new CutError(`the connection ended after ${feed.length} of ${count} bytes`);
    yield;
  }
  return feed.take(count);
}

/** Reads everything until the connection ends. */
export function* readToEnd(feed: ByteFeed): Reading<Buffer> {
  while (!feed.isEnded) yield;
  return feed.take(feed.length);
}

/** Reads the next request head; undefined if the connection ends cleanly before its first byte. */
export function* readRequestHead(feed: ByteFeed): Reading<RequestHeadRead | undefined> {
  while (feed.length === 0) {
    if (feed.isEnded) return undefined;
    yield;
  }
  const line = yield* readLine(feed, 'request line');
  const match = REQUEST_LINE.exec(line);
  if (match === null) throw new WireError(`not a request line: ${JSON.stringify(line)}`);
  const [, method = '', target = '', version = ''] = match;
  const headers = yield* readHeaderLines(feed, 'request head');
  const hostCount = headers.getAll('host').length;
  // RFC 9112 §3.2.
  if (hostCount > 1 || (hostCount === 0 && version === '1.1')) throw new WireError(`${hostCount} Host lines`);
  return { method, target, version, headers };
}

/** Reads what follows `head`: the rest of the request. */
export function* readRequestRest(feed: ByteFeed, head: RequestHeadRead): Reading<ReadRequest> {
  const framing = framingOf(head.headers, head.version) ?? 'none';
  return { ...head, ...(yield* readBody(feed, head.headers, framing)) };
}

/** Reads one response head, informational or final. */
export function* readResponseHead(feed: ByteFeed): Reading<ResponseHeadRead> {
  const line = yield* readLine(feed, 'status line');
  const match = STATUS_LINE.exec(line);
  if (match === null) throw new WireError(`not a status line: ${JSON.stringify(line)}`);
  const [, version = '', status = '', reason = ''] = match;
  return { status: Number(status), reason, version, headers: yield* readHeaderLines(feed, 'response head') };
}

/** Reads what follows the final `head`, which answers a request with `method`. */
export function* readResponseRest(
  feed: ByteFeed,
  method: string,
  head: ResponseHeadRead,
  interim: readonly ResponseHeadRead[],
): Reading<ReadResponse> {
  return { ...head, interim, ...(yield* readBody(feed, head.headers, responseFraming(method, head))) };
}

/** Reads one whole response to a request with `method`, the informational ones before it included. */
export function* readResponse(feed: ByteFeed, method: string): Reading<ReadResponse> {
  const interim: ResponseHeadRead[] = [];
  for (;;) {
    const head = yield* readResponseHead(feed);
    if (head.status >= 200 || head.status === 101) return yield* readResponseRest(feed, method, head, interim);
    forbidFraming(head);
    interim.push(head);
  }
}

function responseFraming(method: string, head: ResponseHeadRead): ReadFraming {
  const framing = framingOf(head.headers, head.version);
  // RFC 9112 §6.3 rules 1 and 2.
  if (head.status === 101 || head.status === 204) forbidFraming(head);
  const isTunnel = method === 'CONNECT' && head.status < 300;
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304 || isTunnel) return 'none';
  return framing ?? 'close';
}

/** RFC 9110 §8.6 and RFC 9112 §6.1: no Content-Length or Transfer-Encoding in a 1xx or 204 response. */
function forbidFraming(head: ResponseHeadRead): void {
  for (const name of ['content-length', 'transfer-encoding'])
    if (head.headers.has(name)) throw new WireError(`${name} in a ${head.status} response`);
}

/** The canonical framings only: one Content-Length in digits, or one plain `chunked`, never both. */
function framingOf(headers: HeaderLines, version: string): ReadFraming | undefined {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (length !== undefined && coding !== undefined) throw new WireError('Content-Length and Transfer-Encoding');
  if (coding !== undefined) {
    if (version === '1.0') throw new WireError('Transfer-Encoding in HTTP/1.0');
    if (coding.toLowerCase() !== 'chunked') throw new WireError(`Transfer-Encoding ${JSON.stringify(coding)}`);
    return 'chunked';
  }
  if (length === undefined) return undefined;
  if (!/^(0|[1-9]\d{0,14})$/.test(length)) throw new WireError(`Content-Length ${JSON.stringify(length)}`);
  return 'length';
}

type ReadBody = Pick<ReadMessage, 'framing' | 'body' | 'trailers' | 'chunkSizes'>;

function* readBody(feed: ByteFeed, headers: HeaderLines, framing: ReadFraming): Reading<ReadBody> {
  if (framing === 'chunked') return yield* readChunked(feed);
  let body: Buffer = Buffer.alloc(0);
  if (framing === 'length') body = yield* readBytes(feed, Number(headers.get('content-length')));
  if (framing === 'close') body = yield* readToEnd(feed);
  return { framing, body, trailers: NO_LINES, chunkSizes: [] };
}

/** RFC 9112 §7.1. */
function* readChunked(feed: ByteFeed): Reading<ReadBody> {
  const chunks: Buffer[] = [];
  for (;;) {
    const line = yield* readLine(feed, 'chunk size');
    const match = CHUNK_LINE.exec(line);
    if (match === null) throw new WireError(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(match[1] ?? '', 16);
    if (size === 0) break;
    chunks.push(yield* readBytes(feed, size));
    const end = yield* readBytes(feed, 2);
    if (end.toString('latin1') !== '\r\n') throw new WireError('chunk data not followed by CRLF');
  }
  const trailers = yield* readHeaderLines(feed, 'trailers');
  const chunkSizes = chunks.map((chunk) => chunk.length);
  return { framing: 'chunked', body: Buffer.concat(chunks), trailers, chunkSizes };
}

function* readHeaderLines(feed: ByteFeed, where: string): Reading<HeaderLines> {
  const lines: [string, string][] = [];
  for (;;) {
    const line = yield* readLine(feed, where);
    if (line === '') return new HeaderLines(lines);
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    if (!TOKEN.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw new WireError(`not a header line in ${where}: ${JSON.stringify(line)}`);
    lines.push([name, value]);
  }
}

/** A line without its CRLF. A bare LF, a bare CR and NUL are refused. */
function* readLine(feed: ByteFeed, where: string): Reading<string> {
  for (;;) {
    const bytes = feed.takeLine();
    if (bytes !== undefined) {
      const line = bytes.toString('latin1');
      if (!line.endsWith('\r\n') || /[\r\0]/.test(line.slice(0, -2)))
        throw new WireError(`bare CR, LF or NUL in ${where}: ${JSON.stringify(line)}`);
      return line.slice(0, -2);
    }
    if (feed.isEnded) throw new CutError(`the connection ended in the ${where}`);
    yield;
  }
}
