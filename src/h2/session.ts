// One HTTP/2 connection, either role: frames to streams and back, settings, windows, floods and the end (RFC 9113).
import type { Release } from '../exchange/body.ts';
import type { Connection, ConnectionUser } from '../net/connection.ts';
import { ContentRun } from './content-run.ts';
import { type FrameEvents, FrameParser, protocolError, type SessionFault } from './frame-parser.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { CODE, DEFAULT_WINDOW_BYTES, FRAME_BYTES, LARGEST_31_BITS, PREFACE, SETTING } from './frames.ts';
import { type BlockFault, HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { LentBytes } from './lent-bytes.ts';
import { FloodGauge, type Rate } from './limits.ts';
import { type PeerSettings, SettingsReader, WINDOW_TOO_LARGE } from './peer-settings.ts';
import { ResetMemory } from './reset-memory.ts';
import { Stream, type StreamSession, type StreamUser } from './stream.ts';
import { Turns } from './turns.ts';

/** What differs between the roles, and the bounds. */
export interface SessionOptions {
  readonly role: 'client' | 'server';
  /** Names and values of a head together: a head of up to twice that is read, to be answered. */
  readonly headBytes: number;
  /** Streams of the peer that may be open at a time. */
  readonly concurrentStreams: number;
  /** What the peer may send on one stream before somebody has taken it. */
  readonly streamWindowBytes: number;
  /** What it may send on all of them together. */
  readonly connectionWindowBytes: number;
  /** Longest time in which the peer takes nothing of what waits for it. */
  readonly writeTimeoutMs: number;
  /** Frames that ask for an answer, or for nothing. */
  readonly controlFrames: Rate;
  /** Streams that the peer broke off, or made us break off. */
  readonly brokenStreams: Rate;
}

/** Whoever the session works for. */
export interface SessionUser {
  /** The peer opened a stream: `stream.user` is to be set. `isEnd`: nothing comes behind the head. */
  onStream(stream: Stream, lines: readonly string[] | BlockFault, isEnd: boolean): void;
  onSettings(settings: PeerSettings): void;
  onGoaway(lastStream: number, code: number): void;
  /** The peer wants HTTP/1.1 instead, on another connection (RFC 9113 §7): told before any stream hears of its GOAWAY. */
  onHttp1Required(): void;
  /** The FIN of the peer: no more frames come. */
  onEnd(): void;
  /** The peer takes nothing of what waits for it. */
  onStalled(): void;
  /** The session ends itself, because of `detail`; its streams hear it next. */
  onFailure(code: number, detail: string): void;
  /** The connection is gone; the last call. */
  onClosed(): void;
}

/** Of streams that are not open yet: 0 is the connection itself (RFC 9113 §5.1.1). */
const NO_ID = 0;
/** A read of that much is one of many: the next ones get pooled slabs, whose parts are lent instead of copied. */
const LARGE_READ_BYTES = 8 * 1024;
const PING_CONTENT = Buffer.from('portico!', 'latin1');

const TOO_MANY_BROKEN: SessionFault = { code: CODE.enhanceYourCalm, detail: 'too many broken streams' };
const TOO_MANY_CONTROL_FRAMES: SessionFault = {
  code: CODE.enhanceYourCalm,
  detail: 'too many frames without content',
};

/** The protocol of one connection. Everything of HTTP above frames is the business of its user and of stream users. */
export class Session implements ConnectionUser, FrameEvents, StreamSession {
  readonly #connection: Connection;
  readonly #user: SessionUser;
  readonly #options: SessionOptions;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #decoder = new HpackDecoder();
  readonly #encoder = new HpackEncoder();
  readonly #peerSettings: SettingsReader;
  readonly #streams = new Map<number, Stream>();
  /** Streams of ours whose HEADERS wait: without an id, because ids go out in order (RFC 9113 §5.1.1). */
  readonly #unopened = new Set<Stream>();
  readonly #turns = new Turns();
  readonly #resets = new ResetMemory();
  readonly #controlFrames: FloodGauge;
  readonly #brokenStreams: FloodGauge;
  #prefaceLeft: Buffer;
  #lastPeerStream = 0;
  #nextOwnStream = 1;
  #hasGoaway = false;
  /** Streams of the peer above it came too late (RFC 9113 §6.8). */
  #lastAccepted = LARGEST_31_BITS;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #initialSendWindow = DEFAULT_WINDOW_BYTES;
  #receiveWindow: number;
  #waitingAtDeadline = -1;
  #awaitedPing: (() => void) | undefined = undefined;
  #isOver = false;
  #endsWhenDrained = false;
  #contentSent = 0;
  readonly #run = new ContentRun();
  /** What is being read, if it may be kept. */
  #lent: LentBytes | undefined = undefined;

  /** Takes a connection over, and greets the peer (RFC 9113 §3.4). */
  constructor(connection: Connection, user: SessionUser, options: SessionOptions) {
    this.#connection = connection;
    this.#user = user;
    this.#options = options;
    this.#writer = new FrameWriter(connection, options.writeTimeoutMs);
    this.#reader = new FrameReader(new FrameParser(this, options.headBytes * 2));
    this.#controlFrames = new FloodGauge(options.controlFrames, connection.deadlines);
    this.#brokenStreams = new FloodGauge(options.brokenStreams, connection.deadlines);
    this.#peerSettings = new SettingsReader(options.role === 'server');
    this.#receiveWindow = options.connectionWindowBytes;
    this.#prefaceLeft = options.role === 'server' ? PREFACE : PREFACE.subarray(PREFACE.length);
    connection.deadlineMs = Number.POSITIVE_INFINITY;
    connection.use(this);
    this.#greet();
  }

  /** The highest stream that the peer opened. */
  get lastPeerStream(): number {
    return this.#lastPeerStream;
  }

  /** Whether nothing is read or begun any more. */
  get isOver(): boolean {
    return this.#isOver || this.#connection.isClosed;
  }

  /** Whether something waits for the peer to take it. */
  get isBlocked(): boolean {
    return this.#writer.isBlocked;
  }

  get contentSent(): number {
    return this.#contentSent;
  }

  /** Whether {@link open} can: the session goes on, the peer sent no GOAWAY (RFC 9113 §6.8), there are ids (§5.1.1). */
  get mayOpen(): boolean {
    return !this.isOver && !this.#hasGoaway && this.#nextOwnStream + 2 * this.#unopened.size <= LARGEST_31_BITS;
  }

  /** Opens a stream: the client role. It begins, and has its id, when its head goes out. */
  open(user: StreamUser): Stream | undefined {
    if (!this.mayOpen) return undefined;
    const stream = new Stream(this, NO_ID, user, this.#initialSendWindow, this.#options.streamWindowBytes);
    this.#unopened.add(stream);
    return stream;
  }

  /** Tells that streams above `lastStream` come too late, if any come (RFC 9113 §6.8). */
  sendGoaway(lastStream: number, code: number): void {
    this.#lastAccepted = lastStream;
    this.#writer.writeGoaway(lastStream, code);
  }

  /** Asks for a sign of life (RFC 9113 §6.7). One at a time: false while another is awaited. */
  askAlive(answered: () => void): boolean {
    if (this.#awaitedPing !== undefined || this.#isOver) return false;
    this.#awaitedPing = answered;
    this.#writer.writePing(PING_CONTENT, false);
    return true;
  }

  /** Notes that the peer sent something that came to nothing; too many, and the session ends. */
  noteBroken(): void {
    const fault = this.#noteBroken();
    if (fault !== undefined) this.broken(fault);
  }

  /** GOAWAY with `code`, the end of all streams, and our FIN. What the peer still sends is dropped. */
  end(code: number, detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.stop();
    this.#user.onFailure(code, detail);
    this.#endStreams(code);
    this.#writer.writeGoaway(this.#lastPeerStream, code);
    this.finish();
  }

  /** Our FIN, behind everything that was handed over. */
  finish(): void {
    this.#isOver = true;
    this.#reader.stop();
    this.#writer.flush();
    if (this.#writer.isBlocked) this.#endsWhenDrained = true;
    else this.#connection.end();
  }

  /** Ends both directions at once. */
  destroy(): void {
    this.#connection.destroy();
  }

  // The connection.

  onBytes(bytes: Buffer, release: Release | undefined): void {
    const lent = release === undefined ? undefined : new LentBytes(bytes, release);
    this.#lent = lent;
    if (!this.#isOver) this.#reader.read(this.#prefaceLeft.length > 0 ? this.#skipPreface(bytes) : bytes);
    this.#run.handOn(lent);
    this.#lent = undefined;
    // Only of an endpoint's answers may a whole slab wait for whoever takes them (docs/flow-control.md).
    if (this.#options.role === 'client')
      this.#connection.wantsSlabs = bytes.length >= LARGE_READ_BYTES && this.#streams.size > 0;
    if (!this.#isOver && this.#writer.isOverfull) {
      this.end(CODE.enhanceYourCalm, 'answers that nobody reads');
      this.#connection.reset();
    }
    lent?.done();
  }

  /** A peer that ends its side may still take what waits for it. */
  onEnd(): void {
    if (!this.#isOver) this.#user.onEnd();
    else if (!this.#endsWhenDrained) this.#connection.destroy();
  }

  onDrain(): void {
    this.#waitingAtDeadline = -1;
    this.#writer.drained();
    if (!this.#endsWhenDrained) this.#turns.take(this.#writer);
    else if (!this.#writer.isBlocked) this.#connection.end();
  }

  /** Of the connection: the peer took nothing, or something, of what waits. */
  onDeadline(): void {
    const waiting = this.#connection.bytesWaiting;
    if (waiting > 0 && waiting !== this.#waitingAtDeadline) {
      this.#waitingAtDeadline = waiting;
      this.#connection.expireIn(this.#options.writeTimeoutMs);
    } else if (waiting > 0) {
      this.#user.onStalled();
    }
  }

  onClose(): void {
    this.#isOver = true;
    this.#writer.close();
    this.#endStreams(CODE.cancel);
    this.#user.onClosed();
  }

  // What its streams ask for.

  trySendHead(stream: Stream, lines: readonly string[], isEnd: boolean): boolean {
    if (this.#writer.isCongested) return false;
    if (stream.id === NO_ID) this.#beginOwn(stream);
    this.#writer.writeHead(stream.id, this.#encoder.encode(lines), isEnd);
    return true;
  }

  trySendData(stream: Stream, bytes: Buffer, start: number, limit: number): number {
    const end = Math.min(bytes.length, start + limit);
    let at = start;
    while (at < end && !this.#writer.isCongested) {
      const size = Math.min(end - at, FRAME_BYTES, stream.sendWindow, this.#sendWindow);
      if (size <= 0) break;
      this.#writer.writeData(stream.id, bytes, at, at + size);
      at += size;
      stream.sendWindow -= size;
      this.#sendWindow -= size;
    }
    this.#contentSent += at - start;
    return at;
  }

  sendEnd(stream: Stream): void {
    this.#writer.writeEnd(stream.id);
  }

  sendReset(stream: Stream, code: number): void {
    // RFC 9113 §5.1, §6.4: a stream that nobody opened is not reset.
    if (this.#isOver || stream.id === NO_ID) return;
    this.#writer.writeReset(stream.id, code);
    this.#resets.add(stream.id);
  }

  sendWindowUpdate(stream: Stream, size: number): void {
    if (!this.#isOver) this.#writer.writeWindowUpdate(stream.id, size);
  }

  addWaiting(stream: Stream): void {
    this.#turns.add(stream);
  }

  streamClosed(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#unopened.delete(stream);
    this.#turns.remove(stream);
  }

  // What the peer sends.

  broken({ code, detail }: SessionFault): void {
    this.#run.handOn(this.#lent);
    this.end(code, detail);
  }

  data(id: number, bytes: Buffer, start: number, end: number, size: number, isEnd: boolean): SessionFault | undefined {
    if (this.#isIdle(id)) return protocolError('DATA on a stream that nobody opened');
    if (size > this.#receiveWindow) return { code: CODE.flowControl, detail: 'more than the window of the connection' };
    this.#receiveWindow -= size;
    this.#refillWindow();
    const stream = this.#streams.get(id);
    if (stream === undefined)
      return this.#resets.mayHave(id) ? undefined : { code: CODE.streamClosed, detail: 'DATA behind END_STREAM' };
    if (stream.hasPeerEnded) return this.#breakStream(stream, CODE.streamClosed);
    if (!stream.peerSentData(end - start, size, isEnd)) return this.#breakStream(stream, CODE.flowControl);
    this.#run.add(stream, bytes, start, end, this.#lent);
    if (isEnd) {
      this.#run.handOn(this.#lent);
      stream.peerEnded();
    }
    // CVE-2019-9518: frames that bring nothing.
    return start === end && !isEnd ? this.#noteControlFrame() : undefined;
  }

  /** Every block is decoded, whatever becomes of it: the table must stay in step (RFC 9113 §4.3). */
  headers(id: number, block: Buffer, start: number, isEnd: boolean): SessionFault | undefined {
    this.#run.handOn(this.#lent);
    const lines = this.#decoder.decode(block, start, block.length, this.#options.headBytes * 2);
    if (lines === 'malformed') return { code: CODE.compression, detail: 'a header block that cannot be decoded' };
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#begin(id, lines, isEnd);
    if (stream.hasPeerEnded) return this.#breakStream(stream, CODE.streamClosed);
    stream.peerSentHeaders(lines, isEnd);
    return undefined;
  }

  reset(id: number, code: number): SessionFault | undefined {
    this.#run.handOn(this.#lent);
    if (this.#isIdle(id)) return protocolError('RST_STREAM of a stream that nobody opened');
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    // CVE-2023-44487: it was begun for nothing.
    const fault = stream.hasEnded ? undefined : this.#noteBroken();
    stream.peerReset(code);
    return fault;
  }

  setting(id: number, value: number): SessionFault | undefined {
    if (id === SETTING.headerTableSize) this.#encoder.resize(value);
    return this.#peerSettings.read(id, value);
  }

  settings(isAck: boolean): SessionFault | undefined {
    const fault = this.#noteControlFrame() ?? this.#changeInitialWindow();
    if (isAck || fault !== undefined) return fault;
    this.#writer.writeSettingsAck();
    const { maxConcurrentStreams, enableConnectProtocol } = this.#peerSettings;
    this.#user.onSettings({ maxConcurrentStreams, enableConnectProtocol });
    this.#turns.take(this.#writer);
    return undefined;
  }

  /** RFC 9113 §6.7. */
  ping(content: Buffer, isAck: boolean): SessionFault | undefined {
    const awaited = this.#awaitedPing;
    if (isAck && awaited !== undefined && content.equals(PING_CONTENT)) {
      this.#awaitedPing = undefined;
      awaited();
      return undefined;
    }
    const fault = this.#noteControlFrame();
    if (!isAck && fault === undefined) this.#writer.writePing(content, true);
    return fault;
  }

  /** RFC 9113 §6.8: nothing was done for streams of ours above `lastStream`, and none may be opened. */
  goaway(lastStream: number, code: number): undefined {
    this.#run.handOn(this.#lent);
    this.#hasGoaway = true;
    if (code === CODE.http11Required) this.#user.onHttp1Required();
    const own = this.#options.role === 'client' ? [...this.#streams.values()] : [];
    for (const stream of [...own.filter(({ id }) => id > lastStream), ...this.#unopened])
      stream.connectionEnded(CODE.refusedStream);
    this.#user.onGoaway(lastStream, code);
  }

  /** RFC 9113 §6.9. */
  windowUpdate(id: number, size: number): SessionFault | undefined {
    if (id === 0) return this.#widen(size);
    if (this.#isIdle(id)) return protocolError('WINDOW_UPDATE of a stream that nobody opened');
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    if (size === 0) return this.#breakStream(stream, CODE.protocol);
    if (!stream.peerGaveCredit(size)) return this.#breakStream(stream, CODE.flowControl);
    if (stream.isWaiting) this.#turns.take(this.#writer);
    return undefined;
  }

  /** As bytes arrive, so that a stalled stream does not stop the others: what is kept, the windows of streams bound. */
  #refillWindow(): void {
    const { connectionWindowBytes } = this.#options;
    if (this.#receiveWindow * 2 > connectionWindowBytes) return;
    this.#writer.writeWindowUpdate(0, connectionWindowBytes - this.#receiveWindow);
    this.#receiveWindow = connectionWindowBytes;
  }

  #widen(size: number): SessionFault | undefined {
    this.#sendWindow += size;
    if (size === 0) return protocolError('WINDOW_UPDATE of 0');
    if (this.#sendWindow > LARGEST_31_BITS) return WINDOW_TOO_LARGE;
    this.#turns.take(this.#writer);
    return undefined;
  }

  /**
   * RFC 9113 §6.9.2: it counts for the streams that are open too, and may make their windows negative. Once per frame,
   * which may name it thousands of times.
   */
  #changeInitialWindow(): SessionFault | undefined {
    const difference = this.#peerSettings.initialWindowBytes - this.#initialSendWindow;
    if (difference === 0) return undefined;
    this.#initialSendWindow = this.#peerSettings.initialWindowBytes;
    for (const stream of this.#streams.values()) if (!stream.peerGaveCredit(difference)) return WINDOW_TOO_LARGE;
    return undefined;
  }

  /** A stream of the peer (RFC 9113 §5.1.1, §5.1.2). */
  #begin(id: number, lines: readonly string[] | BlockFault, isEnd: boolean): SessionFault | undefined {
    if (this.#resets.mayHave(id)) return undefined;
    if (this.#options.role === 'client' || id % 2 === 0) return protocolError('HEADERS on no stream');
    if (id <= this.#lastPeerStream) return { code: CODE.streamClosed, detail: 'HEADERS on a stream that is over' };
    this.#lastPeerStream = id;
    if (id > this.#lastAccepted) {
      this.#resets.add(id);
      return undefined;
    }
    if (this.#streams.size >= this.#options.concurrentStreams && !this.#makeRoom()) {
      this.#writer.writeReset(id, CODE.refusedStream);
      this.#resets.add(id);
      return this.#noteBroken();
    }
    const stream = new Stream(this, id, NOBODY, this.#initialSendWindow, this.#options.streamWindowBytes);
    this.#streams.set(id, stream);
    stream.hasPeerEnded = isEnd;
    this.#user.onStream(stream, lines, isEnd);
    return undefined;
  }

  /**
   * The peer may have no more streams. One of them that has its whole answer, and only does not end its own side, gives way:
   * RFC 9113 §8.1 lets us reset it without an error. Chromium leaves every tunnel like that whose backend ended it, and does
   * not count it any more.
   */
  #makeRoom(): boolean {
    for (const stream of this.#streams.values()) {
      if (!stream.hasEnded) continue;
      stream.reset(CODE.none);
      return true;
    }
    return false;
  }

  #greet(): void {
    const { role, concurrentStreams, streamWindowBytes, connectionWindowBytes, headBytes } = this.#options;
    const ofRole: readonly (readonly [number, number])[] =
      role === 'server'
        ? [
            [SETTING.maxConcurrentStreams, concurrentStreams],
            [SETTING.enableConnectProtocol, 1],
          ]
        : [[SETTING.enablePush, 0]];
    if (role === 'client') this.#writer.writePreface(PREFACE);
    this.#writer.writeSettings([
      ...ofRole,
      [SETTING.initialWindowSize, streamWindowBytes],
      [SETTING.maxHeaderListSize, headBytes * 2],
    ]);
    if (connectionWindowBytes > DEFAULT_WINDOW_BYTES)
      this.#writer.writeWindowUpdate(0, connectionWindowBytes - DEFAULT_WINDOW_BYTES);
  }

  /** Reads the preface of a client off, octet by octet if it comes so (RFC 9113 §3.4). */
  #skipPreface(bytes: Buffer): Buffer {
    const length = Math.min(this.#prefaceLeft.length, bytes.length);
    if (!this.#prefaceLeft.subarray(0, length).equals(bytes.subarray(0, length)))
      this.end(CODE.protocol, 'no preface of HTTP/2');
    this.#prefaceLeft = this.#prefaceLeft.subarray(length);
    return this.#isOver ? NOTHING : bytes.subarray(length);
  }

  /** The head of a stream of ours goes out. */
  #beginOwn(stream: Stream): void {
    this.#unopened.delete(stream);
    stream.id = this.#nextOwnStream;
    stream.sendWindow = this.#initialSendWindow;
    this.#nextOwnStream += 2;
    this.#streams.set(stream.id, stream);
  }

  /** The connection ends. What did not go out may be sent again. */
  #endStreams(code: number): void {
    for (const stream of [...this.#unopened]) stream.connectionEnded(CODE.refusedStream);
    for (const stream of [...this.#streams.values()]) stream.connectionEnded(code);
  }

  /** Whether nobody opened it yet (RFC 9113 §5.1). */
  #isIdle(id: number): boolean {
    const isOwn = (id % 2 === 1) === (this.#options.role === 'client');
    return isOwn ? id >= this.#nextOwnStream || id % 2 === 0 : id > this.#lastPeerStream;
  }

  /** A stream error (RFC 9113 §5.4.2). CVE-2025-8671: a peer can make us reset, too. */
  #breakStream(stream: Stream, code: number): SessionFault | undefined {
    stream.reset(code);
    return this.#noteBroken();
  }

  #noteBroken(): SessionFault | undefined {
    return this.#brokenStreams.isOverflowing() ? TOO_MANY_BROKEN : undefined;
  }

  #noteControlFrame(): SessionFault | undefined {
    return this.#controlFrames.isOverflowing() ? TOO_MANY_CONTROL_FRAMES : undefined;
  }
}

const NOTHING = Buffer.alloc(0);

/** Takes a stream until its user is known. */
const NOBODY: StreamUser = {
  onHeaders: nothing,
  onData: nothing,
  onEnd: nothing,
  onMoved: nothing,
  onDrained: nothing,
  onEndSent: nothing,
  onClosed: nothing,
};

function nothing(): void {}
