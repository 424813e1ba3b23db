// Text into buffers as latin1, which is what heads are made of, and back; the short way of Node.js where it has one.

type Latin1Write = (this: Buffer, text: string, start: number) => number;
type Latin1Slice = (this: Buffer, start: number, end: number) => string;

// Exception: Node.js has these on every buffer without documenting them; `write` and `toString` look their encoding up by name each time.
const { latin1Write, latin1Slice } = Buffer.prototype as Buffer & {
  readonly latin1Write?: Latin1Write;
  readonly latin1Slice?: Latin1Slice;
};

/** Writes `text` into `target` from `start`; returns how many octets that took. There must be room. */
export const writeLatin1: (target: Buffer, text: string, start: number) => number =
  latin1Write === undefined
    ? (target, text, start) => target.write(text, start, 'latin1')
    : (target, text, start) => latin1Write.call(target, text, start);

/** The octets from `start` to `end` as text of its own: it does not keep the buffer alive. */
export const readLatin1: (bytes: Buffer, start: number, end: number) => string =
  latin1Slice === undefined
    ? (bytes, start, end) => bytes.toString('latin1', start, end)
    : (bytes, start, end) => latin1Slice.call(bytes, start, end);
