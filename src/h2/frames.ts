// HTTP/2 on the wire: frame types, flags, settings and error codes by number, and the nine octets before each frame.

/** Frame types (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; what a bit means depends on the type (RFC 9113 §6). */
export const FLAG = { none: 0, endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (RFC 9113 §7). */
export const CODE = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
  http11Required: 13,
} as const;

/** Parameters of SETTINGS (RFC 9113 §6.5.2, RFC 8441 §3). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

/** What a client begins with (RFC 9113 §3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Bytes before every payload (RFC 9113 §4.1). */
export const FRAME_HEAD_BYTES = 9;
/** Where in them the flags are. */
export const FLAGS_AT = 4;
/** Bytes of one parameter in SETTINGS (RFC 9113 §6.5.1). */
export const SETTING_BYTES = 6;
/** The largest payload that anybody must take, and the largest that we take and send (RFC 9113 §4.2). */
export const FRAME_BYTES = 16_384;
/** What a window is until SETTINGS or WINDOW_UPDATE say otherwise (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;
/** The largest window (RFC 9113 §6.9.1), and the highest stream there can be (§5.1.1). */
export const LARGEST_31_BITS = 2 ** 31 - 1;

/** The length of the payload of the frame that begins at `start`. */
export function payloadLength(bytes: Buffer, start: number): number {
  return ((bytes[start] as number) << 16) | ((bytes[start + 1] as number) << 8) | (bytes[start + 2] as number);
}

/** A number of 31 bits; the bit before it is reserved and ignored (RFC 9113 §4.1, §6.9). */
export function read31(bytes: Buffer, start: number): number {
  return (
    (((bytes[start] as number) & 0x7f) << 24) |
    ((bytes[start + 1] as number) << 16) |
    ((bytes[start + 2] as number) << 8) |
    (bytes[start + 3] as number)
  );
}

/** Writes the nine octets before a payload. */
export function writeFrameHead(
  out: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): void {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  write32(out, at + 5, stream);
}

/** Writes a number of 32 bits. */
export function write32(out: Buffer, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}
