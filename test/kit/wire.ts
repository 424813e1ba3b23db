// One socket as tests see it: everything sent and received is kept, and every wait that fails shows it.
import type { Socket } from 'node:net';
import { ByteFeed, CutError, type Reading, readBytes, readToEnd } from './message-reader.ts';
import { WAIT_LIMIT_MS, Waiting } from './waiting.ts';

interface TranscriptEntry {
  readonly mark: '>' | '<' | '!';
  readonly text: string;
}

const TRANSCRIPT_ENTRIES_LIMIT = 400;
const TRANSCRIPT_BYTES_LIMIT = 2000;

/** A socket with its history. `name` stands in transcripts. */
export class Wire {
  readonly name: string;
  readonly socket: Socket;
  /** Received bytes that no reader has consumed yet. */
  readonly feed = new ByteFeed();
  /**
   * Whether the peer cut the connection by a reset rather than ending it. Reliable only if everything sent before was
   * read before: libuv reports bytes and a reset that arrive together as bytes and a clean end.
   */
  wasReset = false;
  readonly #waitLimitMs: number;
  readonly #received: Buffer[] = [];
  readonly #transcript: TranscriptEntry[] = [];
  readonly #waiting = new Waiting(() => this.transcript);

  constructor(name: string, socket: Socket, waitLimitMs = WAIT_LIMIT_MS) {
    this.name = name;
    this.socket = socket;
    this.#waitLimitMs = waitLimitMs;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.feed.append(chunk);
      this.#note('<', chunk);
      this.#waiting.changed();
    });
    socket.on('end', () => this.#end('the peer ended its half'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.wasReset ||= error.code === 'ECONNRESET' || error.code === 'EPIPE';
      this.#end(`error ${error.code ?? error.message}`);
    });
    socket.on('close', () => this.#end('closed'));
  }

  /** Every byte received so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Whether the peer will send nothing more: it ended its half, or the connection is gone. */
  get isEnded(): boolean {
    return this.feed.isEnded;
  }

  /** What went over this connection: `>` sent by the test, `<` received, `!` events. */
  get transcript(): string {
    return [`--- ${this.name}`, ...this.#transcript.map(({ mark, text }) => `${mark} ${text}`)].join('\n');
  }

  /** Sends bytes (text as latin1). Resolves when the system took them, or when the connection is gone. */
  send(bytes: Buffer | string): Promise<void> {
    const chunk = asBytes(bytes);
    this.#note('>', chunk);
    return new Promise((resolve) => {
      this.socket.write(chunk, () => resolve());
    });
  }

  /** Sends `pieces` one by one, each in a write of its own and a turn of the event loop apart. */
  async sendPieces(pieces: Iterable<Buffer>): Promise<void> {
    for (const piece of pieces) {
      if (this.socket.destroyed) return;
      await this.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends `bytes` in writes of `size` bytes. */
  sendBy(size: number, bytes: Buffer | string): Promise<void> {
    return this.sendPieces(piecesOf(asBytes(bytes), size));
  }

  /** Ends our half; the peer may still send. */
  halfClose(): void {
    this.#note('!', 'the test ends its half');
    this.socket.end();
  }

  /** Cuts the connection with a reset. The peer may take it for a clean end: see {@link wasReset}. */
  reset(): void {
    this.#note('!', 'the test resets');
    this.socket.resetAndDestroy();
  }

  /** Ends our half once what was sent is out; the connection is gone as soon as the peer ended its half too. */
  close(): void {
    this.#note('!', 'the test closes');
    this.socket.end();
    if (this.isEnded) this.socket.once('finish', () => this.socket.destroy());
    else this.socket.once('end', () => this.socket.destroySoon());
  }

  /** Closes at once, whatever is under way: for cleaning up. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Stops taking bytes from the system, so that the peer feels back-pressure. */
  pause(): void {
    this.#note('!', 'the test stops reading');
    this.socket.pause();
  }

  /** Takes bytes again. */
  resume(): void {
    this.#note('!', 'the test reads on');
    this.socket.resume();
  }

  /** The next `count` bytes, whatever they are: for tunnels. */
  bytes(count: number): Promise<Buffer> {
    return this.read(`${count} bytes`, readBytes(this.feed, count));
  }

  /** The rest of the bytes, when the peer ended its half or the connection is gone. */
  rest(): Promise<Buffer> {
    return this.read('the end of the connection', readToEnd(this.feed));
  }

  /** Waits until all bytes received from the start contain `text`. Consumes nothing. */
  untilText(text: string): Promise<void> {
    return this.until(`the text ${JSON.stringify(text)}`, () => {
      if (this.received.includes(text, 0, 'latin1')) return true;
      if (this.isEnded) throw new CutError('the connection ended');
      return false;
    });
  }

  /** Waits until the connection is gone in both directions. */
  gone(): Promise<void> {
    return this.until('the connection to be gone', () => this.socket.destroyed);
  }

  /** Runs a reader over the bytes not yet consumed; fails with the transcript when `what` does not come in time. */
  async read<T>(what: string, reading: Reading<T>, limitMs = this.#waitLimitMs): Promise<T> {
    const results: T[] = [];
    const step = () => {
      const { done, value } = reading.next();
      if (done === true) results.push(value as T);
      return done === true;
    };
    await this.until(what, step, limitMs);
    return results[0] as T;
  }

  /** Waits for a condition that is looked at again whenever bytes or events come. */
  until(what: string, isThere: () => boolean, limitMs = this.#waitLimitMs): Promise<void> {
    return this.#waiting.until(what, isThere, limitMs);
  }

  #end(event: string): void {
    this.#note('!', event);
    this.feed.isEnded = true;
    this.#waiting.changed();
  }

  #note(mark: TranscriptEntry['mark'], what: Buffer | string): void {
    if (this.#transcript.length >= TRANSCRIPT_ENTRIES_LIMIT) return;
    this.#transcript.push({ mark, text: typeof what === 'string' ? what : printBytes(what) });
  }
}

/** Cuts `bytes` into pieces of `size` bytes. */
export function* piecesOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Text as the octets of its latin1 form; bytes as they are. */
export function asBytes(bytes: Buffer | string): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

function printBytes(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1', 0, TRANSCRIPT_BYTES_LIMIT));
  return bytes.length > TRANSCRIPT_BYTES_LIMIT ? `${text} ... ${bytes.length} bytes` : text;
}
