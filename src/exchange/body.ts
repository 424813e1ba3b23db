// Bodies and where they go: one source, one sink, back-pressure between them, no Node streams.
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { invariant } from '../util/invariant.ts';
import type { ProxyError } from './errors.ts';

/** Gives the memory of a chunk back to its owner. Called exactly once by whoever was handed it, or never on failure. */
export type Release = () => void;

/**
 * Receives the chunks of one body.
 *
 *     write* ( end | abort )        exactly one of the two last calls, exactly once
 *
 * `write` answers true for "go on" and false for "wait": the source then sends nothing until the sink calls
 * `onDrained`, which the source sets before its first write.
 * A chunk with a `release` is lent: the sink calls it once it needs the bytes no more (they are reused at once).
 * A chunk without one is given away and never changes again.
 */
export interface Sink {
  onDrained: (() => void) | undefined;
  write(chunk: Buffer, release?: Release): boolean;
  end(trailers?: ReadonlyHeaderList): void;
  abort(error: ProxyError): void;
}

/**
 * A source of chunks, consumable once: `sendTo` starts it, `cancel` gives it up (before or after `sendTo`).
 * After `cancel` the sink hears nothing more. After the sink heard `end` or `abort`, `cancel` does nothing.
 */
export interface Body {
  /** The exact number of bytes to come, or undefined if nobody knows. 0 for no body. */
  readonly length: number | undefined;
  /** Whether there is no body at all: nothing to send, nothing to frame. */
  readonly isEmpty: boolean;
  /** All of it, where it is in memory already and nobody took it yet. Must not be changed. */
  readonly whole?: Buffer;
  sendTo(sink: Sink): void;
  cancel(reason: ProxyError): void;
}

/** A function that makes the sink a body goes through on its way to `next`: a content coding, a rewriter, a counter. */
export type Transform = (next: Sink) => Sink;

/** The body of a message that has none. */
export const emptyBody: Body = {
  length: 0,
  isEmpty: true,
  sendTo: (sink) => sink.end(),
  cancel: () => {},
};

/** A body of bytes that are there already. The bytes must not change afterwards. */
export function bytesBody(bytes: Buffer | string): Body {
  const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return chunk.length === 0 ? emptyBody : new WholeBody(chunk);
}

class WholeBody implements Body {
  readonly length: number;
  readonly isEmpty = false;
  readonly whole: Buffer;
  #isCancelled = false;

  constructor(whole: Buffer) {
    this.length = whole.length;
    this.whole = whole;
  }

  sendTo(sink: Sink): void {
    if (this.#isCancelled) return;
    sink.write(this.whole);
    sink.end();
  }

  cancel(): void {
    this.#isCancelled = true;
  }
}

/** `body` seen through `transform`. `length` is the length of the result where the caller knows it. */
export function transformBody(body: Body, transform: Transform, length?: number): Body {
  return {
    length,
    isEmpty: body.isEmpty,
    sendTo: (sink) => body.sendTo(transform(sink)),
    cancel: (reason) => body.cancel(reason),
  };
}

/** A sink that hands everything on to `next`; the start of most transforms: override what differs. */
export abstract class PassingSink implements Sink {
  protected readonly next: Sink;

  constructor(next: Sink) {
    this.next = next;
  }

  get onDrained(): (() => void) | undefined {
    return this.next.onDrained;
  }

  set onDrained(callback: (() => void) | undefined) {
    this.next.onDrained = callback;
  }

  write(chunk: Buffer, release?: Release): boolean {
    return this.next.write(chunk, release);
  }

  end(trailers?: ReadonlyHeaderList): void {
    this.next.end(trailers);
  }

  abort(error: ProxyError): void {
    this.next.abort(error);
  }
}

/** What {@link collectBody} read: the bytes and the trailers behind them. */
export interface CollectedBody {
  readonly bytes: Buffer;
  readonly trailers: ReadonlyHeaderList | undefined;
}

/**
 * Reads a whole body into memory. Rejects with the body's own error, or with `tooLarge()` as soon as more than
 * `limitBytes` have come, in which case the body is cancelled.
 */
export function collectBody(body: Body, limitBytes: number, tooLarge: () => ProxyError): Promise<CollectedBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let isOver = false;
    body.sendTo({
      onDrained: undefined,
      write(chunk, release) {
        size += chunk.length;
        if (isOver) return true;
        if (size > limitBytes) {
          isOver = true;
          const error = tooLarge();
          body.cancel(error);
          reject(error);
          return true;
        }
        chunks.push(release === undefined ? chunk : Buffer.from(chunk));
        release?.();
        return true;
      },
      end: (trailers) => resolve({ bytes: Buffer.concat(chunks), trailers }),
      abort: reject,
    });
  });
}

/** Reads a body to its end and forgets it; `done` is told whether the end was reached before `limitBytes`. */
export function discardBody(
  body: Body,
  limitBytes: number,
  reason: ProxyError,
  done: (reachedEnd: boolean) => void,
): void {
  let size = 0;
  let isDone = false;
  const finish = (reachedEnd: boolean) => {
    if (isDone) return;
    isDone = true;
    done(reachedEnd);
  };
  body.sendTo({
    onDrained: undefined,
    write(chunk, release) {
      size += chunk.length;
      release?.();
      if (size > limitBytes && !isDone) {
        body.cancel(reason);
        finish(false);
      }
      return true;
    },
    end: () => finish(true),
    abort: () => finish(false),
  });
}

/** A sink's guard for the contract above: fails loudly on a second end, for tests and for development. */
export function strictSink(next: Sink): Sink {
  let isOver = false;
  const open = (call: string) => invariant(!isOver, `sink: ${call} after the end`);
  return {
    get onDrained() {
      return next.onDrained;
    },
    set onDrained(callback) {
      next.onDrained = callback;
    },
    write(chunk, release) {
      open('write');
      return next.write(chunk, release);
    },
    end(trailers) {
      open('end');
      isOver = true;
      next.end(trailers);
    },
    abort(error) {
      open('abort');
      isOver = true;
      next.abort(error);
    },
  };
}
