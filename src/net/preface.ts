// Reads what stands at the beginning of an accepted socket, before an engine gets it: bounded in bytes and in time.
import type { Socket } from 'node:net';
import type { Deadlines, Expiring } from '../util/deadlines.ts';

/** What was found, and how many bytes of it are not to be seen by whoever reads next. */
export interface FoundPreface<T> {
  readonly value: T;
  readonly size: number;
}

/** Why nothing was found. The socket is destroyed by then. */
export type PrefaceFailure = 'closed' | 'timeout' | 'too-long';

/** How to read a preface. */
export interface PrefaceReader<T> {
  /** Looks at all bytes so far; undefined while they are too few. */
  readonly parse: (bytes: Buffer) => FoundPreface<T> | undefined;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Called once. With a value the socket is paused, and what lies behind it is in its buffer. */
  readonly done: (result: { readonly value: T } | { readonly failure: PrefaceFailure }) => void;
}

/** Reads a preface from a paused socket that nobody else reads. Returns how to give up, without a call of `done`. */
export function readPreface<T>(socket: Socket, deadlines: Deadlines, reader: PrefaceReader<T>): () => void {
  const reading = new PrefaceReading(socket, deadlines, reader);
  return () => reading.stop();
}

class PrefaceReading<T> implements Expiring {
  deadlineMs: number;
  readonly #socket: Socket;
  readonly #deadlines: Deadlines;
  readonly #reader: PrefaceReader<T>;
  readonly #onData = (bytes: Buffer) => this.#read(bytes);
  readonly #onClosed = () => this.#fail('closed');
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, deadlines: Deadlines, reader: PrefaceReader<T>) {
    this.#socket = socket;
    this.#deadlines = deadlines;
    this.#reader = reader;
    deadlines.add(this);
    this.deadlineMs = deadlines.in(reader.timeoutMs);
    socket.on('data', this.#onData);
    socket.on('end', this.#onClosed);
    socket.on('close', this.#onClosed);
    socket.resume();
  }

  onDeadline(): void {
    this.#fail('timeout');
  }

  stop(): void {
    this.#deadlines.remove(this);
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onClosed);
    this.#socket.off('close', this.#onClosed);
  }

  #read(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const found = this.#reader.parse(this.#bytes);
    if (found === undefined) {
      if (this.#bytes.length > this.#reader.maxBytes) this.#fail('too-long');
      return;
    }
    this.stop();
    this.#socket.pause();
    if (found.size < this.#bytes.length) this.#socket.unshift(this.#bytes.subarray(found.size));
    this.#reader.done(found);
  }

  #fail(failure: PrefaceFailure): void {
    this.stop();
    this.#socket.destroy();
    this.#reader.done({ failure });
  }
}
