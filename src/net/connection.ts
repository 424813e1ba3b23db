// A socket as the engines see it: bytes in by push, bytes out with back-pressure, one deadline, no stream objects above.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Release } from '../exchange/body.ts';
import type { Deadlines, Expiring } from '../util/deadlines.ts';
import { writeLatin1 } from '../util/latin1.ts';
import { giveSlab, READ_BYTES, takeSlab } from '../util/slab-pool.ts';
import { createDirectWriter, type DirectWriter } from './direct-writer.ts';
import { LongPauses, type Pausing } from './long-pauses.ts';
import { changeBuffer, type OnRead, readInto, usesPlainSockets } from './read-memory.ts';
import { ViewedBuffer } from './viewed-buffer.ts';

/** What an engine implements to live on a connection. */
export interface ConnectionUser {
  /**
   * Bytes arrived. With `release` they are lent until it is called; without it they are valid during this call only
   * (the next read overwrites them), so what is kept must be copied.
   */
  onBytes(bytes: Buffer, release: Release | undefined): void;
  /** The peer sent its FIN: no more bytes will come. */
  onEnd(): void;
  /** What was written has left our buffers; writing may go on. */
  onDrain(): void;
  /** The deadline passed. */
  onDeadline(): void;
  /** The socket is gone; the last call. `error` where the system gave one. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

/** Bytes our side may hold for a slow peer before `write` says "wait". */
export const WRITE_HIGH_WATER_BYTES = 256 * 1024;
/** Read buffer shared by all connections of the process whose bytes are parsed at once. */
const SCRATCH_BYTES = 64 * 1024;
const scratch = new ViewedBuffer(SCRATCH_BYTES);
/** Small writes are put together in one buffer of this size, which the system has read when the write returns. */
const OUT_SCRATCH_BYTES = 4 * 1024;
let outScratch = new ViewedBuffer(OUT_SCRATCH_BYTES);
const NO_BYTES = Buffer.alloc(0);
const longPauses = new LongPauses();

/**
 * Reads straight into our memory where Node allows it: `onread` is documented for outbound sockets. Small reads share
 * one scratch buffer; while an engine sets `wantsSlabs` each read gets a pooled slab that is lent onward.
 */
export class Connection implements Expiring, Pausing {
  readonly socket: Socket;
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Whether the next reads belong to a large body: then they go into pooled slabs and are lent, not copied. */
  wantsSlabs = false;
  bytesRead = 0;
  bytesWritten = 0;

  readonly #deadlines: Deadlines;
  readonly #isTls: boolean;
  /** The short way for writes that need no call back; undefined where Node has none. */
  readonly #direct: DirectWriter | undefined;
  #user: ConnectionUser | undefined = undefined;
  #slab: Buffer | undefined = undefined;
  /** Whether the socket reads into {@link scratch}; otherwise into `#slab`, or the slab that was lent last. */
  #readsScratch = true;
  #error: NodeJS.ErrnoException | undefined = undefined;
  #isPaused = false;
  #isClosed = false;
  #hasEnded = false;
  #owesDrain = false;
  /** Of the bytes that went past the stream and that the system has not taken whole. */
  #releaseWaiting: Release | undefined = undefined;
  /** Whether our FIN follows the direct write that is under way. */
  #endsAfterWrite = false;
  /** What carries the socket, where that is TLS on a socket of ours. */
  #carrier: Socket | undefined = undefined;

  private constructor(socket: Socket, deadlines: Deadlines) {
    this.socket = socket;
    this.#isTls = socket instanceof TLSSocket;
    this.#direct = usesPlainSockets ? undefined : createDirectWriter(socket, () => this.#directTaken());
    this.#deadlines = deadlines;
    deadlines.add(this);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#onClose());
  }

  /**
   * Opens on a socket that delivers `data` events: TLS, and the fallback for everything else. `carrier`: the socket
   * below one of TLS.
   */
  static overEvents(socket: Socket, deadlines: Deadlines, carrier?: Socket): Connection {
    const connection = new Connection(socket, deadlines);
    connection.#carrier = carrier;
    socket.on('data', (bytes: Buffer) => connection.#onOwnedBytes(bytes));
    return connection;
  }

  /**
   * Opens on a socket made with `onread`. `makeSocket` is handed the option to pass on to `net.connect`, `tls.connect`
   * or `new Socket`.
   */
  static overReads(makeSocket: (onread: OnRead) => Socket, deadlines: Deadlines): Connection {
    let connection: Connection | undefined;
    const socket = makeSocket({
      buffer: () => (connection === undefined ? scratch.bytes : connection.#nextBuffer()) as unknown as Uint8Array,
      callback: (size, buffer) => (connection === undefined ? true : connection.#onRead(size, buffer as Buffer)),
    });
    connection = new Connection(socket, deadlines);
    return connection;
  }

  /**
   * Opens on an accepted socket of TLS in the event that tells that its handshake is over: with reads into our memory
   * where Node can be made to, else over events. `carrier`: the socket below. It is never detached.
   */
  static overHandshake(socket: Socket, deadlines: Deadlines, carrier: Socket): Connection {
    const connection = new Connection(socket, deadlines);
    connection.#carrier = carrier;
    const onread: OnRead = {
      buffer: () => connection.#nextBuffer() as unknown as Uint8Array,
      callback: (size, buffer) => connection.#onRead(size, buffer as Buffer),
    };
    if (usesPlainSockets || !readInto(socket, scratch.bytes, onread))
      socket.on('data', (bytes: Buffer) => connection.#onOwnedBytes(bytes));
    return connection;
  }

  get isClosed(): boolean {
    return this.#isClosed || this.socket.destroyed;
  }

  /** Whether the peer's FIN was seen. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get deadlines(): Deadlines {
    return this.#deadlines;
  }

  /** Hands the connection to an engine; the engine before hears nothing more. */
  use(user: ConnectionUser): void {
    this.#user = user;
  }

  /** Stops reading: the peer fills its window and waits. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.socket.pause();
    // Node asks for the next buffer right behind each read, so that one that nobody fills is there.
    if (this.wantsSlabs) longPauses.add(this);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    longPauses.delete(this);
    this.socket.resume();
  }

  /**
   * Lets the slab go that the next read would fill; that read goes through the scratch buffer. Of a paused connection. Not into
   * the pool: where many are let go, nobody is about to take as many.
   */
  releaseIdleSlab(): void {
    if (this.#slab === undefined || usesPlainSockets || !changeBuffer(this.socket, scratch.bytes)) return;
    this.#slab = undefined;
    this.#readsScratch = true;
  }

  /** Writes latin1 text; false means "wait for onDrain". */
  writeText(text: string): boolean {
    if (this.isClosed) return true;
    // TLS would make a copy of its own on the heap first.
    if (this.#isTls && text.length <= OUT_SCRATCH_BYTES) return this.writeJoined(text, NO_BYTES, '');
    this.bytesWritten += text.length;
    return this.#direct?.writeText(text) === true ? this.#mayGoOn() : this.socket.write(text, 'latin1');
  }

  /**
   * Writes bytes; `release` is called once they are out, or the socket is gone. False means "wait for onDrain".
   * Lent bytes pin the whole slab they lie in, however few they are: no second slab waits behind one that is stuck.
   */
  write(bytes: Buffer, release?: Release): boolean {
    if (this.isClosed) {
      release?.();
      return true;
    }
    this.bytesWritten += bytes.length;
    // Lent bytes leave over TLS by its stream, which calls back for each write.
    const isDirect = (release === undefined || !this.#isTls) && this.#direct?.write(bytes) === true;
    if (isDirect) return release === undefined ? this.#mayGoOn() : this.#lend(release);
    if (release === undefined) return this.socket.write(bytes);
    const mayGoOn = this.socket.write(bytes, () => {
      release();
      this.#taken();
    });
    if (!mayGoOn || this.socket.writableLength === 0) return mayGoOn;
    this.#owesDrain = true;
    return false;
  }

  /**
   * Writes text (latin1), bytes and text again as one buffer; `bytes` are needed no more when it returns. False means
   * "wait for onDrain".
   */
  writeJoined(before: string, bytes: Buffer, after: string): boolean {
    if (this.isClosed) return true;
    const end = before.length + bytes.length;
    const size = end + after.length;
    const isAtOnce = size <= OUT_SCRATCH_BYTES && this.#direct?.isReady === true;
    const joined = isAtOnce ? outScratch.first(size) : Buffer.allocUnsafe(size);
    writeLatin1(joined, before, 0);
    joined.set(bytes, before.length);
    if (after !== '') writeLatin1(joined, after, end);
    const mayGoOn = this.write(joined);
    // The system did not take it all: the memory belongs to this write now.
    if (isAtOnce && this.#direct?.keepsBytes === true) outScratch = new ViewedBuffer(OUT_SCRATCH_BYTES);
    return mayGoOn;
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  /** Bytes accepted by `write` that the system has not taken yet. */
  get bytesWaiting(): number {
    return this.socket.writableLength + (this.#direct?.bytesWaiting ?? 0);
  }

  /** Sends what is written and then our FIN. */
  end(): void {
    if (!this.isWritable) return;
    // To end a stream is to uncork it, which TLS does not bear while it writes.
    if (this.#isTls && this.#direct !== undefined && this.#direct.bytesWaiting > 0) this.#endsAfterWrite = true;
    else this.socket.end();
  }

  get isWritable(): boolean {
    return !this.isClosed && !this.socket.writableEnded && !this.#endsAfterWrite;
  }

  /** Ends both directions at once, dropping what waits. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Ends with RST instead of FIN, so that the peer cannot take what it has for the whole. */
  reset(): void {
    // TLS has no RST of its own; without a socket below at hand, the missing close_notify tells (RFC 8446 §6.1).
    const socket = this.#isTls ? this.#carrier : this.socket;
    // A unix socket has no RST either, nor an address.
    if (socket?.remoteAddress !== undefined) socket.resetAndDestroy();
    this.socket.destroy();
  }

  /** Sets the deadline to `delayMs` from now; Infinity for none. */
  expireIn(delayMs: number): void {
    this.deadlineMs = this.#deadlines.in(delayMs);
  }

  onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#user?.onDeadline();
  }

  #mayGoOn(): boolean {
    if (this.bytesWaiting < WRITE_HIGH_WATER_BYTES) return true;
    this.#owesDrain = true;
    return false;
  }

  /** After a write past the stream, which holds on to the bytes if the system did not take them all at once. */
  #lend(release: Release): boolean {
    if (this.#direct?.bytesWaiting === 0) {
      release();
      return true;
    }
    this.#releaseWaiting = release;
    this.#owesDrain = true;
    return false;
  }

  #directTaken(): void {
    this.#giveBack();
    if (this.#endsAfterWrite && !this.isClosed) this.socket.end();
    this.#taken();
  }

  /** Something that had to wait has left. */
  #taken(): void {
    if (this.#owesDrain && this.socket.writableLength === 0) this.#drained();
  }

  #giveBack(): void {
    const release = this.#releaseWaiting;
    this.#releaseWaiting = undefined;
    release?.();
  }

  #drained(): void {
    this.#owesDrain = false;
    this.#user?.onDrain();
  }

  #nextBuffer(): Buffer | undefined {
    const slab = this.#slab;
    if (this.wantsSlabs) {
      if (slab !== undefined) return undefined;
      this.#slab = takeSlab();
      this.#readsScratch = false;
      return this.#slab.subarray(0, READ_BYTES);
    }
    // Without an answer the socket goes on in the buffer it has, and a lent one may be in use far from here.
    if (this.#readsScratch) return undefined;
    if (slab !== undefined) giveSlab(slab);
    this.#slab = undefined;
    this.#readsScratch = true;
    return scratch.bytes;
  }

  #onRead(size: number, buffer: Buffer): boolean {
    this.bytesRead += size;
    const slab = this.#slab;
    if (slab === undefined) this.#user?.onBytes(scratch.first(size), undefined);
    else {
      this.#slab = undefined;
      this.#user?.onBytes(buffer.subarray(0, size), () => giveSlab(slab));
    }
    return !this.#isPaused;
  }

  /** `data` events give the bytes away: lent for ever, so that nobody copies them. */
  #onOwnedBytes(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.#user?.onBytes(bytes, this.wantsSlabs ? nothing : undefined);
  }

  #onEnd(): void {
    this.#hasEnded = true;
    this.#user?.onEnd();
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deadlines.remove(this);
    longPauses.delete(this);
    if (this.#slab !== undefined) giveSlab(this.#slab);
    this.#slab = undefined;
    // The system is done with what it had not taken: 'close' comes behind the end of every write.
    this.#giveBack();
    this.#user?.onClose(this.#error);
  }
}

function nothing(): void {}
