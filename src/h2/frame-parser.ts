// What a frame says, by the syntax of RFC 9113 §6: sizes, padding, stream 0, and header blocks put together.
import type { FrameTaker } from './frame-reader.ts';
import { CODE, FLAG, FRAME, FRAME_BYTES, read31, SETTING_BYTES } from './frames.ts';
import { HeaderBlock } from './header-block.ts';

/** Why the connection must end (RFC 9113 §5.4.1). */
export interface SessionFault {
  readonly code: number;
  /** For the log. */
  readonly detail: string;
}

/** Where frames arrive that are well-formed. Bytes are valid during the call. A fault ends the connection. */
export interface FrameEvents {
  /** Content is `bytes` from `start` to `end`; `size` is what counts in windows: content and padding. */
  data(id: number, bytes: Buffer, start: number, end: number, size: number, isEnd: boolean): SessionFault | undefined;
  /** A whole header block, from `start`. */
  headers(id: number, block: Buffer, start: number, isEnd: boolean): SessionFault | undefined;
  reset(id: number, code: number): SessionFault | undefined;
  setting(id: number, value: number): SessionFault | undefined;
  /** All of one SETTINGS frame were told, or, with `isAck`, ours were taken. */
  settings(isAck: boolean): SessionFault | undefined;
  ping(content: Buffer, isAck: boolean): SessionFault | undefined;
  goaway(lastStream: number, code: number): SessionFault | undefined;
  /** `id` 0 for the connection. */
  windowUpdate(id: number, size: number): SessionFault | undefined;
  /** The connection must end; the last call. */
  broken(fault: SessionFault): void;
}

/** RFC 9113 §6.3, and the same in HEADERS. */
const PRIORITY_BYTES = 5;

/** Understands frames one by one, until one breaks the connection. */
export class FrameParser implements FrameTaker {
  readonly #events: FrameEvents;
  readonly #block: HeaderBlock;
  #isFirst = true;

  /** `blockBytes` bounds a header block that comes in several frames. */
  constructor(events: FrameEvents, blockBytes: number) {
    this.#events = events;
    this.#block = new HeaderBlock(blockBytes);
  }

  onOversizedFrame(): void {
    this.#events.broken({ code: CODE.frameSize, detail: `a frame of more than ${FRAME_BYTES} bytes` });
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    const fault = this.#misplaced(type, flags, id) ?? this.#parse(type, flags, id, bytes, start, end);
    if (fault !== undefined) this.#events.broken(fault);
    return fault === undefined;
  }

  #misplaced(type: number, flags: number, id: number): SessionFault | undefined {
    // RFC 9113 §3.4.
    if (this.#isFirst && (type !== FRAME.settings || has(flags, FLAG.ack)))
      return protocolError('no SETTINGS at first');
    this.#isFirst = false;
    // RFC 9113 §4.3.
    if (this.#block.isOpen && (type !== FRAME.continuation || id !== this.#block.stream))
      return protocolError('a header block is interrupted');
    return undefined;
  }

  #parse(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): SessionFault | undefined {
    switch (type) {
      case FRAME.data:
        return this.#parseData(flags, id, bytes, start, end);
      case FRAME.headers:
        return this.#parseHeaders(flags, id, bytes, start, end);
      case FRAME.continuation:
        return this.#parseContinuation(flags, bytes, start, end);
      case FRAME.priority:
        return wrongPlace(id !== 0, 'PRIORITY') ?? wrongSize(end - start === PRIORITY_BYTES, 'PRIORITY');
      case FRAME.reset:
        return (
          wrongPlace(id !== 0, 'RST_STREAM') ??
          wrongSize(end - start === 4, 'RST_STREAM') ??
          this.#events.reset(id, bytes.readUInt32BE(start))
        );
      case FRAME.settings:
        return this.#parseSettings(flags, id, bytes, start, end);
      case FRAME.pushPromise:
        // RFC 9113 §8.4: a client cannot push, and no server was allowed to.
        return protocolError('PUSH_PROMISE');
      case FRAME.ping:
        return (
          wrongPlace(id === 0, 'PING') ??
          wrongSize(end - start === 8, 'PING') ??
          this.#events.ping(bytes.subarray(start, end), has(flags, FLAG.ack))
        );
      case FRAME.goaway:
        return (
          wrongPlace(id === 0, 'GOAWAY') ??
          wrongSize(end - start >= 8, 'GOAWAY') ??
          this.#events.goaway(read31(bytes, start), bytes.readUInt32BE(start + 4))
        );
      case FRAME.windowUpdate:
        return wrongSize(end - start === 4, 'WINDOW_UPDATE') ?? this.#events.windowUpdate(id, read31(bytes, start));
      default:
        // RFC 9113 §5.5: extensions are ignored.
        return undefined;
    }
  }

  /** RFC 9113 §6.1. */
  #parseData(flags: number, id: number, bytes: Buffer, start: number, end: number): SessionFault | undefined {
    const isEnd = has(flags, FLAG.endStream);
    if (id === 0) return protocolError('DATA on stream 0');
    if (!has(flags, FLAG.padded)) return this.#events.data(id, bytes, start, end, end - start, isEnd);
    const padding = paddingLength(bytes, start, end);
    if (padding === undefined) return protocolError('padding of DATA');
    return this.#events.data(id, bytes, start + 1, end - padding, end - start, isEnd);
  }

  /** RFC 9113 §6.2. Priorities are read over (§5.3.2). */
  #parseHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): SessionFault | undefined {
    const content = has(flags, FLAG.padded) ? withoutPadding(bytes, start, end) : bytes.subarray(start, end);
    const skipped = has(flags, FLAG.priority) ? PRIORITY_BYTES : 0;
    if (id === 0) return protocolError('HEADERS on stream 0');
    if (content === undefined || content.length < skipped) return protocolError('padding of HEADERS');
    const isEnd = has(flags, FLAG.endStream);
    if (has(flags, FLAG.endHeaders)) return this.#events.headers(id, content, skipped, isEnd);
    this.#block.begin(id, isEnd, content.subarray(skipped));
    return undefined;
  }

  /** RFC 9113 §6.10. */
  #parseContinuation(flags: number, bytes: Buffer, start: number, end: number): SessionFault | undefined {
    const block = this.#block;
    if (!block.isOpen) return protocolError('CONTINUATION without HEADERS');
    // CVE-2024-27316 and its kin: blocks without end, and frames that add nothing.
    if (!block.append(bytes, start, end)) return { code: CODE.enhanceYourCalm, detail: 'CONTINUATION without end' };
    return has(flags, FLAG.endHeaders) ? this.#events.headers(block.stream, block.take(), 0, block.isEnd) : undefined;
  }

  /** RFC 9113 §6.5. */
  #parseSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): SessionFault | undefined {
    const isAck = has(flags, FLAG.ack);
    const isWhole = isAck ? end === start : (end - start) % SETTING_BYTES === 0;
    let fault = wrongPlace(id === 0, 'SETTINGS') ?? wrongSize(isWhole, 'SETTINGS');
    for (let at = start; at < end && fault === undefined; at += SETTING_BYTES)
      fault = this.#events.setting(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    return fault ?? this.#events.settings(isAck);
  }
}

/** A connection error of type PROTOCOL_ERROR. */
export function protocolError(detail: string): SessionFault {
  return { code: CODE.protocol, detail };
}

function wrongPlace(isRight: boolean, name: string): SessionFault | undefined {
  return isRight ? undefined : protocolError(`${name} on the wrong stream`);
}

function wrongSize(isRight: boolean, name: string): SessionFault | undefined {
  return isRight ? undefined : { code: CODE.frameSize, detail: `${name} of the wrong size` };
}

function has(flags: number, flag: number): boolean {
  return (flags & flag) !== 0;
}

function withoutPadding(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const padding = paddingLength(bytes, start, end);
  return padding === undefined ? undefined : bytes.subarray(start + 1, end - padding);
}

/** What stands at the end of a padded payload, whose first octet says so; undefined where it is longer (RFC 9113 §6.1). */
function paddingLength(bytes: Buffer, start: number, end: number): number | undefined {
  if (start === end) return undefined;
  const padding = bytes[start] as number;
  return start + 1 + padding > end ? undefined : padding;
}
