// Text into buffers as latin1, which is what heads are made of; the short way of Node.js where it has one.

type Latin1Write = (this: Buffer, text: string, start: number) => number;

// Exception: Node.js has `latin1Write` on every buffer without documenting it; `write` looks its encoding up by name each time.
const { latin1Write } = Buffer.prototype as Buffer & { readonly latin1Write?: Latin1Write };

/** Writes `text` into `target` from `start`; returns how many octets that took. There must be room. */
export const writeLatin1: (target: Buffer, text: string, start: number) => number =
  latin1Write === undefined
    ? (target, text, start) => target.write(text, start, 'latin1')
    : (target, text, start) => latin1Write.call(target, text, start);
