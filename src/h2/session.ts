// One HTTP/2 connection, either role: frames to streams and back, settings, windows, floods and the end (RFC 9113).
import type { Release } from '../exchange/body.ts';
import type { Connection, ConnectionUser } from '../net/connection.ts';
import { FrameReader, type FrameTaker } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import {
  CODE,
  DEFAULT_WINDOW_BYTES,
  FLAG,
  FRAME,
  FRAME_BYTES,
  LARGEST_31_BITS,
  PREFACE,
  read31,
  SETTING,
  SETTING_BYTES,
} from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import { type BlockFault, HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { FloodGauge, type Rate } from './limits.ts';
import { Stream, type StreamSession, type StreamUser } from './stream.ts';

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

/** What the peer told about itself (RFC 9113 §6.5.2, RFC 8441 §3). */
export interface PeerSettings {
  readonly maxConcurrentStreams: number;
  readonly enableConnectProtocol: boolean;
}

/** Whoever the session works for. */
export interface SessionUser {
  /** The peer opened a stream: `stream.user` is to be set. `isEnd`: nothing comes behind the head. */
  onStream(stream: Stream, lines: readonly string[] | BlockFault, isEnd: boolean): void;
  onSettings(settings: PeerSettings): void;
  onGoaway(lastStream: number, code: number): void;
  /** The FIN of the peer: no more frames come. */
  onEnd(): void;
  /** The peer takes nothing of what waits for it. */
  onStalled(): void;
  /** The session ends itself, because of `detail`; its streams hear it next. */
  onFailure(code: number, detail: string): void;
  /** The connection is gone; the last call. */
  onClosed(): void;
}

/** Ids of streams that were reset by us: frames for them may be on their way (RFC 9113 §5.4.2). */
const REMEMBERED_RESETS = 256;

/** The protocol of one connection. Everything of HTTP above frames is the business of its user and of stream users. */
export class Session implements ConnectionUser, FrameTaker, StreamSession {
  readonly #connection: Connection;
  readonly #user: SessionUser;
  readonly #options: SessionOptions;
  readonly #reader = new FrameReader(this);
  readonly #writer: FrameWriter;
  readonly #decoder = new HpackDecoder();
  readonly #encoder = new HpackEncoder();
  readonly #streams = new Map<number, Stream>();
  readonly #turns: Stream[] = [];
  readonly #resets = new Set<number>();
  readonly #controlFrames: FloodGauge;
  readonly #brokenStreams: FloodGauge;
  readonly #block: HeaderBlock;
  #prefaceLeft: Buffer;
  #hasSettings = false;
  #lastPeerStream = 0;
  #nextOwnStream = 1;
  /** Streams of the peer above it came too late (RFC 9113 §6.8). */
  #lastAccepted = LARGEST_31_BITS;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #initialSendWindow = DEFAULT_WINDOW_BYTES;
  #receiveWindow: number;
  #untold = 0;
  #waitingAtDeadline = -1;
  #pinged: { readonly content: string; readonly answered: () => void } | undefined = undefined;
  #isOver = false;
  #endsWhenDrained = false;

  /** Takes a connection over, and greets the peer (RFC 9113 §3.4). */
  constructor(connection: Connection, user: SessionUser, options: SessionOptions) {
    this.#connection = connection;
    this.#user = user;
    this.#options = options;
    this.#writer = new FrameWriter(connection, options.writeTimeoutMs);
    this.#block = new HeaderBlock(options.headBytes * 2);
    this.#controlFrames = new FloodGauge(options.controlFrames, connection.deadlines);
    this.#brokenStreams = new FloodGauge(options.brokenStreams, connection.deadlines);
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
    return this.#isOver;
  }

  /** Opens a stream: the client role. Undefined when the session is over or has no ids left (RFC 9113 §5.1.1). */
  open(user: StreamUser): Stream | undefined {
    if (this.#isOver || this.#nextOwnStream > LARGEST_31_BITS) return undefined;
    const stream = this.#makeStream(this.#nextOwnStream, user);
    this.#nextOwnStream += 2;
    return stream;
  }

  /** Tells that streams above `lastStream` come too late, if any come (RFC 9113 §6.8). */
  goaway(lastStream: number, code: number): void {
    this.#lastAccepted = lastStream;
    this.#writer.writeGoaway(lastStream, code);
  }

  /** Asks for a sign of life (RFC 9113 §6.7). One at a time: false while another is awaited. */
  ping(answered: () => void): boolean {
    if (this.#pinged !== undefined || this.#isOver) return false;
    const content = 'portico ';
    this.#pinged = { content, answered };
    this.#writer.writePing(Buffer.from(content, 'latin1'), false);
    return true;
  }

  /** Notes that the peer sent something that came to nothing; too many, and the session ends. */
  noteBroken(): void {
    if (this.#brokenStreams.isOverflowing()) this.end(CODE.enhanceYourCalm, 'too many broken streams');
  }

  /** GOAWAY with `code`, the end of all streams, and our FIN. What the peer still sends is dropped. */
  end(code: number, detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#user.onFailure(code, detail);
    for (const stream of [...this.#streams.values()]) stream.connectionEnded(code);
    this.#writer.writeGoaway(this.#lastPeerStream, code);
    this.finish();
  }

  /** Our FIN, behind everything that was handed over. */
  finish(): void {
    this.#isOver = true;
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
    if (!this.#isOver) this.#reader.read(this.#prefaceLeft.length > 0 ? this.#skipPreface(bytes) : bytes);
    if (!this.#isOver && this.#writer.isOverfull) {
      this.end(CODE.enhanceYourCalm, 'answers that nobody reads');
      this.#connection.reset();
    }
    release?.();
  }

  onEnd(): void {
    if (this.#isOver) this.#connection.destroy();
    else this.#user.onEnd();
  }

  onDrain(): void {
    this.#waitingAtDeadline = -1;
    this.#writer.drained();
    if (!this.#endsWhenDrained) this.#takeTurns();
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
    for (const stream of [...this.#streams.values()]) stream.connectionEnded(CODE.cancel);
    this.#user.onClosed();
  }

  // What its streams ask for.

  trySendHead(stream: Stream, lines: readonly string[], isEnd: boolean): boolean {
    if (this.#writer.isCongested) return false;
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
    return at;
  }

  sendEnd(stream: Stream): void {
    this.#writer.writeEnd(stream.id);
  }

  sendReset(stream: Stream, code: number): void {
    if (this.#isOver) return;
    this.#writer.writeReset(stream.id, code);
    this.#rememberReset(stream.id);
  }

  sendWindowUpdate(stream: Stream, size: number): void {
    if (!this.#isOver) this.#writer.writeWindowUpdate(stream.id, size);
  }

  addWaiting(stream: Stream): void {
    if (stream.isInTurns) return;
    stream.isInTurns = true;
    this.#turns.push(stream);
  }

  consumed(size: number): void {
    this.#untold += size;
    if (this.#isOver || this.#untold * 2 < this.#options.connectionWindowBytes) return;
    this.#receiveWindow += this.#untold;
    this.#writer.writeWindowUpdate(0, this.#untold);
    this.#untold = 0;
  }

  streamClosed(stream: Stream): void {
    this.#streams.delete(stream.id);
    if (stream.isInTurns) this.#turns.splice(this.#turns.indexOf(stream), 1);
    stream.isInTurns = false;
  }

  // Frames.

  onOversizedFrame(): void {
    this.end(CODE.frameSize, 'a frame larger than allowed');
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    if (!this.#hasSettings && (type !== FRAME.settings || (flags & FLAG.ack) !== 0))
      this.end(CODE.protocol, 'no SETTINGS at first'); // RFC 9113 §3.4
    else if (this.#block.isOpen && (type !== FRAME.continuation || id !== this.#block.stream))
      this.end(CODE.protocol, 'a header block is interrupted'); // RFC 9113 §4.3
    else this.#take(type, flags, id, bytes, start, end);
    return !this.#isOver;
  }

  #take(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case FRAME.data:
        return this.#takeData(flags, id, bytes, start, end);
      case FRAME.headers:
        return this.#takeHeaders(flags, id, bytes, start, end);
      case FRAME.priority:
        return this.#takePriority(id, end - start);
      case FRAME.reset:
        return this.#takeReset(id, bytes, start, end);
      case FRAME.settings:
        return this.#takeSettings(flags, id, bytes, start, end);
      case FRAME.pushPromise:
        // RFC 9113 §8.4: a client cannot push, and no server was allowed to.
        return this.end(CODE.protocol, 'PUSH_PROMISE');
      case FRAME.ping:
        return this.#takePing(flags, id, bytes, start, end);
      case FRAME.goaway:
        return this.#takeGoaway(id, bytes, start, end);
      case FRAME.windowUpdate:
        return this.#takeWindowUpdate(id, bytes, start, end);
      case FRAME.continuation:
        return this.#takeContinuation(flags, bytes, start, end);
      default:
        // RFC 9113 §5.5: extensions are ignored.
        return undefined;
    }
  }

  /** RFC 9113 §6.1. */
  #takeData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0 || this.#isIdle(id)) return this.end(CODE.protocol, 'DATA on no stream');
    const size = end - start;
    if (size > this.#receiveWindow) return this.end(CODE.flowControl, 'more than the window of the connection');
    this.#receiveWindow -= size;
    const content = withoutPadding(flags, bytes, start, end);
    if (content === undefined) return this.end(CODE.protocol, 'padding longer than DATA');
    const isEnd = (flags & FLAG.endStream) !== 0;
    if (content.length === 0 && !isEnd) this.#noteControlFrame();
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.consumed(size);
      if (!this.#resets.has(id)) this.end(CODE.streamClosed, 'DATA behind END_STREAM');
    } else if (stream.hasPeerEnded) {
      this.consumed(size);
      this.#breakStream(stream, CODE.streamClosed);
    } else if (!stream.peerSentData(content, size, isEnd)) {
      this.consumed(size);
      this.#breakStream(stream, CODE.flowControl);
    }
  }

  /** RFC 9113 §6.2. Priorities are read over (§5.3.2). */
  #takeHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) return this.end(CODE.protocol, 'HEADERS on stream 0');
    const content = withoutPadding(flags, bytes, start, end);
    const skipped = (flags & FLAG.priority) === 0 ? 0 : PRIORITY_BYTES;
    if (content === undefined || content.length < skipped)
      return this.end(CODE.protocol, 'padding longer than HEADERS');
    const isEnd = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return this.#takeBlock(id, isEnd, content, skipped);
    this.#block.begin(id, isEnd, content.subarray(skipped));
  }

  /** RFC 9113 §6.10. */
  #takeContinuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block;
    if (!block.isOpen) return this.end(CODE.protocol, 'CONTINUATION without HEADERS');
    // CVE-2024-27316 and its kin: blocks without end, and frames that add nothing.
    if (!block.append(bytes, start, end)) return this.end(CODE.enhanceYourCalm, 'CONTINUATION without end');
    if ((flags & FLAG.endHeaders) !== 0) this.#takeBlock(block.stream, block.isEnd, block.take(), 0);
  }

  /** Every block is decoded, whatever becomes of it: the table must stay in step (RFC 9113 §4.3). */
  #takeBlock(id: number, isEnd: boolean, block: Buffer, start: number): void {
    const lines = this.#decoder.decode(block, start, block.length, this.#options.headBytes * 2);
    if (lines === 'malformed') return this.end(CODE.compression, 'HPACK');
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#open(id, lines, isEnd);
    else if (stream.hasPeerEnded) this.#breakStream(stream, CODE.streamClosed);
    else stream.peerSentHeaders(lines, isEnd);
  }

  /** RFC 9113 §5.1.1, §5.1.2. */
  #open(id: number, lines: readonly string[] | BlockFault, isEnd: boolean): void {
    if (this.#resets.has(id)) return;
    if (this.#options.role === 'client' || id % 2 === 0) return this.end(CODE.protocol, 'HEADERS on no stream');
    if (id <= this.#lastPeerStream) return this.end(CODE.streamClosed, 'HEADERS on a stream that is over');
    this.#lastPeerStream = id;
    if (id > this.#lastAccepted) return this.#rememberReset(id);
    if (this.#streams.size >= this.#options.concurrentStreams) {
      this.#writer.writeReset(id, CODE.refusedStream);
      this.#rememberReset(id);
      return this.noteBroken();
    }
    const stream = this.#makeStream(id, NOBODY);
    stream.hasPeerEnded = isEnd;
    this.#user.onStream(stream, lines, isEnd);
  }

  #takePriority(id: number, size: number): void {
    if (id === 0) this.end(CODE.protocol, 'PRIORITY on stream 0');
    else if (size !== PRIORITY_BYTES) this.end(CODE.frameSize, 'PRIORITY');
  }

  /** RFC 9113 §6.4. */
  #takeReset(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) return this.end(CODE.frameSize, 'RST_STREAM');
    if (id === 0 || this.#isIdle(id)) return this.end(CODE.protocol, 'RST_STREAM of no stream');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    // CVE-2023-44487: it was begun for nothing.
    if (!stream.hasEnded) this.noteBroken();
    stream.peerReset(bytes.readUInt32BE(start));
  }

  /** RFC 9113 §6.5. */
  #takeSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const isAck = (flags & FLAG.ack) !== 0;
    if (id !== 0) return this.end(CODE.protocol, 'SETTINGS on a stream');
    if (isAck ? end > start : (end - start) % SETTING_BYTES !== 0) return this.end(CODE.frameSize, 'SETTINGS');
    this.#noteControlFrame();
    if (isAck || this.#isOver) return;
    this.#hasSettings = true;
    for (let at = start; at < end && !this.#isOver; at += SETTING_BYTES)
      this.#takeSetting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    if (this.#isOver) return;
    this.#writer.writeSettingsAck();
    this.#user.onSettings(this.#peerSettings);
    this.#takeTurns();
  }

  #peerSettings: { maxConcurrentStreams: number; enableConnectProtocol: boolean } = {
    maxConcurrentStreams: Number.POSITIVE_INFINITY,
    enableConnectProtocol: false,
  };

  /** RFC 9113 §6.5.2. */
  #takeSetting(id: number, value: number): void {
    if (id === SETTING.headerTableSize) this.#encoder.resize(value);
    else if (id === SETTING.initialWindowSize) this.#takeInitialWindow(value);
    else if (id === SETTING.maxConcurrentStreams)
      this.#peerSettings = { ...this.#peerSettings, maxConcurrentStreams: value };
    else if (id === SETTING.enableConnectProtocol && value <= 1)
      this.#peerSettings = { ...this.#peerSettings, enableConnectProtocol: value === 1 };
    else if ((id === SETTING.enablePush || id === SETTING.enableConnectProtocol) && value > 1)
      this.end(CODE.protocol, 'a setting that is neither 0 nor 1');
    else if (id === SETTING.maxFrameSize && (value < FRAME_BYTES || value >= 2 ** 24))
      this.end(CODE.protocol, 'SETTINGS_MAX_FRAME_SIZE');
  }

  /** RFC 9113 §6.9.2: it counts for the streams that are open too, and may make their windows negative. */
  #takeInitialWindow(value: number): void {
    if (value > LARGEST_31_BITS) return this.end(CODE.flowControl, 'SETTINGS_INITIAL_WINDOW_SIZE');
    const difference = value - this.#initialSendWindow;
    this.#initialSendWindow = value;
    for (const stream of this.#streams.values())
      if (!stream.peerGaveCredit(difference)) return this.end(CODE.flowControl, 'a window larger than 2^31-1');
  }

  /** RFC 9113 §6.7. */
  #takePing(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) return this.end(CODE.protocol, 'PING on a stream');
    if (end - start !== 8) return this.end(CODE.frameSize, 'PING');
    const content = bytes.subarray(start, end);
    if ((flags & FLAG.ack) === 0) {
      this.#noteControlFrame();
      if (!this.#isOver) this.#writer.writePing(content, true);
    } else if (this.#pinged?.content === content.toString('latin1')) {
      const { answered } = this.#pinged;
      this.#pinged = undefined;
      answered();
    } else {
      this.#noteControlFrame();
    }
  }

  /** RFC 9113 §6.8. */
  #takeGoaway(id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) return this.end(CODE.protocol, 'GOAWAY on a stream');
    if (end - start < 8) return this.end(CODE.frameSize, 'GOAWAY');
    this.#user.onGoaway(read31(bytes, start), bytes.readUInt32BE(start + 4));
  }

  /** RFC 9113 §6.9. */
  #takeWindowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) return this.end(CODE.frameSize, 'WINDOW_UPDATE');
    const size = read31(bytes, start);
    if (id === 0) {
      this.#sendWindow += size;
      if (size === 0) this.end(CODE.protocol, 'WINDOW_UPDATE of 0');
      else if (this.#sendWindow > LARGEST_31_BITS) this.end(CODE.flowControl, 'a window larger than 2^31-1');
      else this.#takeTurns();
      return;
    }
    if (this.#isIdle(id)) return this.end(CODE.protocol, 'WINDOW_UPDATE of no stream');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (size === 0) this.#breakStream(stream, CODE.protocol);
    else if (!stream.peerGaveCredit(size)) this.#breakStream(stream, CODE.flowControl);
    else if (stream.isWaiting) this.#takeTurns();
  }

  /** Lets the streams that wait send, a frame each, for as long as anything goes. */
  #takeTurns(): void {
    let stuck = 0;
    while (stuck < this.#turns.length && !this.#writer.isCongested) {
      const stream = this.#turns.shift() as Stream;
      stream.isInTurns = false;
      const turn = stream.takeTurn();
      stuck = turn === 'stuck' ? stuck + 1 : 0;
      if (turn !== 'empty') this.addWaiting(stream);
    }
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

  #makeStream(id: number, user: StreamUser): Stream {
    const stream = new Stream(this, id, user, this.#initialSendWindow, this.#options.streamWindowBytes);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Whether nobody opened it yet (RFC 9113 §5.1). */
  #isIdle(id: number): boolean {
    const isOwn = (id % 2 === 1) === (this.#options.role === 'client');
    return isOwn ? id >= this.#nextOwnStream || id % 2 === 0 : id > this.#lastPeerStream;
  }

  /** A stream error (RFC 9113 §5.4.2). CVE-2025-8671: a peer can make us reset, too. */
  #breakStream(stream: Stream, code: number): void {
    stream.reset(code);
    this.noteBroken();
  }

  #rememberReset(id: number): void {
    this.#resets.add(id);
    if (this.#resets.size <= REMEMBERED_RESETS) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      return;
    }
  }

  #noteControlFrame(): void {
    if (this.#controlFrames.isOverflowing()) this.end(CODE.enhanceYourCalm, 'too many frames without content');
  }
}

/** RFC 9113 §6.3. */
const PRIORITY_BYTES = 5;
const NOTHING = Buffer.alloc(0);

/** The payload of DATA or HEADERS; undefined where its padding is longer (RFC 9113 §6.1). */
function withoutPadding(flags: number, bytes: Buffer, start: number, end: number): Buffer | undefined {
  if ((flags & FLAG.padded) === 0) return bytes.subarray(start, end);
  if (start === end) return undefined;
  const padding = bytes[start] as number;
  return start + 1 + padding > end ? undefined : bytes.subarray(start + 1, end - padding);
}

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
