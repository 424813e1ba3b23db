// One HTTP/2 stream, either role: its states, its two windows, and what waits to be sent on it (RFC 9113 §5).
import type { Release } from '../exchange/body.ts';
import { CODE, FRAME_BYTES, LARGEST_31_BITS } from './frames.ts';
import type { BlockFault } from './hpack/decoder.ts';
import type { LentBytes } from './lent-bytes.ts';

/** Whoever the stream was opened for. */
export interface StreamUser {
  /** A header block that did not open the stream: a head, or trailers. */
  onHeaders(lines: readonly string[] | BlockFault, isEnd: boolean): void;
  /** Content: valid during the call, unless a part of `lent` is kept. Each byte is owed to {@link Stream.consumed}. */
  onData(bytes: Buffer, lent: LentBytes | undefined): void;
  /** END_STREAM came, after everything that came with it. */
  onEnd(): void;
  /** Something that waited was sent. */
  onMoved(): void;
  /** Nothing waits any more: {@link Stream.sendData} may go on. */
  onDrained(): void;
  /** Our END_STREAM was handed to the connection. */
  onEndSent(): void;
  /**
   * Both sides ended it (`code` 0), one of them reset it, or the connection is gone. REFUSED_STREAM: the peer has done
   * nothing for it (RFC 9113 §8.7). The last call.
   */
  onClosed(code: number): void;
}

/** What a stream needs of its session. */
export interface StreamSession {
  /** Content sent so far, on all streams together. */
  readonly contentSent: number;
  /** Sends a header block now, or answers false: others wait already. */
  trySendHead(stream: Stream, lines: readonly string[], isEnd: boolean): boolean;
  /** Sends as much content, at most `limit`, as both windows and the connection take; answers where the rest begins. */
  trySendData(stream: Stream, bytes: Buffer, start: number, limit: number): number;
  sendEnd(stream: Stream): void;
  sendReset(stream: Stream, code: number): void;
  sendWindowUpdate(stream: Stream, size: number): void;
  /** Something of the stream waits: it takes part in the turns. */
  addWaiting(stream: Stream): void;
  /** The last call. */
  streamClosed(stream: Stream): void;
}

/** Something that waits for a window or for the connection: a header block, content, or the end. */
interface Waiting {
  readonly lines?: readonly string[];
  readonly bytes?: Buffer;
  start: number;
  readonly release?: Release | undefined;
  readonly isEnd: boolean;
}

/** What a turn of a waiting stream came to. */
export type Turn = 'sent' | 'stuck' | 'empty';

/**
 * One stream. The session calls the methods that begin with `peer` and {@link takeTurn}; whoever uses the stream calls the
 * others. The states of RFC 9113 §5.1 are `hasPeerEnded`, `hasEnded` and `isClosed`.
 */
export class Stream {
  /** 0 until its head goes out. */
  id: number;
  user: StreamUser;
  /** What we may send. Negative after the peer lowered it (RFC 9113 §6.9.2). */
  sendWindow: number;
  hasPeerEnded = false;
  hasEnded = false;
  isClosed = false;
  /** Whether the session has it in its turns. */
  isInTurns = false;
  readonly #session: StreamSession;
  readonly #windowBytes: number;
  #waiting: Waiting[] | undefined = undefined;
  /** What the peer may send before we give it more. */
  #receiveWindow: number;
  /** What all streams of the connection had sent when {@link watchTurns} was called. */
  #sentWhenWatched = 0;
  /** Content that was taken, of which the peer was not told. */
  #untold = 0;

  constructor(session: StreamSession, id: number, user: StreamUser, sendWindow: number, receiveWindow: number) {
    this.#session = session;
    this.id = id;
    this.user = user;
    this.sendWindow = sendWindow;
    this.#windowBytes = receiveWindow;
    this.#receiveWindow = receiveWindow;
  }

  /** Whether something waits to be sent. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Whether the peer lets it send, and has taken content of others since {@link watchTurns}: its turn will come. */
  get isBehindOthers(): boolean {
    return this.sendWindow > 0 && this.#session.contentSent !== this.#sentWhenWatched;
  }

  /** Somebody begins to watch how long something waits. */
  watchTurns(): void {
    this.#sentWhenWatched = this.#session.contentSent;
  }

  /** Sends a header block: a head, or, with `isEnd`, trailers or a head without content. */
  sendHead(lines: readonly string[], isEnd: boolean): void {
    if (this.isClosed || this.hasEnded) return;
    if (this.#waiting !== undefined || !this.#session.trySendHead(this, lines, isEnd))
      this.#wait({ lines, start: 0, isEnd });
    else if (isEnd) this.#endSent();
  }

  /** Sends content; `release` is called when its bytes are needed no more. False means "wait for onDrained". */
  sendData(bytes: Buffer, release: Release | undefined): boolean {
    if (this.isClosed || this.hasEnded) {
      release?.();
      return true;
    }
    const start = this.#waiting === undefined ? this.#session.trySendData(this, bytes, 0, bytes.length) : 0;
    if (start === bytes.length) {
      release?.();
      return true;
    }
    this.#wait({ bytes, start, release, isEnd: false });
    return false;
  }

  /** Sends END_STREAM, behind everything that waits. */
  sendEnd(): void {
    if (this.isClosed || this.hasEnded) return;
    if (this.#waiting !== undefined) {
      this.#wait({ start: 0, isEnd: true });
      return;
    }
    this.#session.sendEnd(this);
    this.#endSent();
  }

  /** Ends it at once (RFC 9113 §6.4): what waits is dropped. */
  reset(code: number): void {
    if (this.isClosed) return;
    this.#session.sendReset(this, code);
    this.#close(code);
  }

  /** Content was taken: the peer may send as much again. */
  consumed(size: number): void {
    if (this.isClosed || this.hasPeerEnded) return;
    this.#untold += size;
    if (this.#untold * 2 < this.#windowBytes) return;
    this.#receiveWindow += this.#untold;
    this.#session.sendWindowUpdate(this, this.#untold);
    this.#untold = 0;
  }

  peerSentHeaders(lines: readonly string[] | BlockFault, isEnd: boolean): void {
    if (isEnd) this.hasPeerEnded = true;
    this.user.onHeaders(lines, isEnd);
    if (isEnd) this.peerEnded();
  }

  /**
   * DATA came, whose content follows in {@link takeContent}, perhaps with more. `size` is what counts in windows: the padding
   * too. False where the peer had no credit for it (RFC 9113 §6.9.1).
   */
  peerSentData(length: number, size: number, isEnd: boolean): boolean {
    if (size > this.#receiveWindow) return false;
    this.#receiveWindow -= size;
    if (isEnd) this.hasPeerEnded = true;
    if (size > length) this.consumed(size - length);
    return true;
  }

  takeContent(bytes: Buffer, lent: LentBytes | undefined): void {
    if (!this.isClosed && bytes.length > 0) this.user.onData(bytes, lent);
  }

  /** END_STREAM came, and what came with it was taken. */
  peerEnded(): void {
    if (this.isClosed) return;
    this.user.onEnd();
    if (this.hasEnded) this.#close(CODE.none);
  }

  peerReset(code: number): void {
    this.#close(code);
  }

  /** False where that makes the window too large (RFC 9113 §6.9.1). */
  peerGaveCredit(size: number): boolean {
    this.sendWindow += size;
    return this.sendWindow <= LARGEST_31_BITS;
  }

  /** The connection is over. */
  connectionEnded(code: number): void {
    this.#close(code);
  }

  /** Sends one thing of what waits. */
  takeTurn(): Turn {
    const next = this.#waiting?.[0];
    if (next === undefined) return 'empty';
    if (!this.#sendWaiting(next)) return 'stuck';
    if (this.isClosed) return 'empty';
    this.user.onMoved();
    return this.#waiting === undefined ? 'empty' : 'sent';
  }

  /** Whether anything of it was sent. */
  #sendWaiting(next: Waiting): boolean {
    const { lines, bytes, start } = next;
    if (lines !== undefined) {
      if (!this.#session.trySendHead(this, lines, next.isEnd)) return false;
    } else if (bytes !== undefined) {
      next.start = this.#session.trySendData(this, bytes, start, FRAME_BYTES);
      if (next.start === start) return false;
      if (next.start < bytes.length) return true;
    } else {
      this.#session.sendEnd(this);
    }
    this.#waiting?.shift();
    next.release?.();
    const isDrained = this.#waiting?.length === 0;
    if (isDrained) this.#waiting = undefined;
    if (next.isEnd) this.#endSent();
    else if (isDrained) this.user.onDrained();
    return true;
  }

  #wait(what: Waiting): void {
    const isFirst = this.#waiting === undefined;
    (this.#waiting ??= []).push(what);
    if (!isFirst) return;
    this.#session.addWaiting(this);
    this.user.onMoved();
  }

  #endSent(): void {
    this.hasEnded = true;
    this.user.onEndSent();
    if (this.hasPeerEnded) this.#close(CODE.none);
  }

  #close(code: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const { release } of waiting ?? []) release?.();
    this.#session.streamClosed(this);
    this.user.onClosed(code);
  }
}
