// The first message of a TLS client, read before OpenSSL sees it: which name it asks for, which protocols it speaks.

/** What a client says before anybody proved anything. */
export interface ClientHello {
  /** The name it asks for (RFC 6066 §3), in lower case and without a trailing dot; undefined for none. */
  readonly serverName: string | undefined;
  /** What it offers to speak (RFC 7301), in its order; empty for none. */
  readonly alpnProtocols: readonly string[];
}

/** A hello; `not-tls` for anything else; undefined while it is not whole. */
export type ReadHello = ClientHello | 'not-tls' | undefined;

/** The largest hello that is looked at. Browsers send up to 2 KB, post-quantum key shares included. */
export const HELLO_LIMIT_BYTES = 64 * 1024;

const RECORD_HANDSHAKE = 22;
const HANDSHAKE_CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const NAME_TYPE_HOST = 0;
/** RFC 8446 §5.1. */
const RECORD_LIMIT_BYTES = 16 * 1024;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?$/;

/** Reads a hello, which may be spread over several records. `bytes` start at the first byte of the connection. */
export function readClientHello(bytes: Buffer): ReadHello {
  const message = joinRecords(bytes);
  if (message === 'not-tls') return message;
  if (message.length < 4) return undefined;
  if (message[0] !== HANDSHAKE_CLIENT_HELLO) return 'not-tls';
  const length = message.readUIntBE(1, 3);
  if (length > HELLO_LIMIT_BYTES) return 'not-tls';
  if (message.length < 4 + length) return undefined;
  try {
    return parseHello(message.subarray(4, 4 + length));
  } catch (error) {
    if (error instanceof RangeError) return 'not-tls';
    throw error;
  }
}

/** What the records that are here carry, one behind the other. */
function joinRecords(bytes: Buffer): Buffer | 'not-tls' {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    if (bytes[start] !== RECORD_HANDSHAKE) return 'not-tls';
    // The major version is 3 in every record since SSL 3.0.
    if (bytes.length > start + 1 && bytes[start + 1] !== 3) return 'not-tls';
    if (bytes.length < start + 5) break;
    const length = bytes.readUInt16BE(start + 3);
    if (length === 0 || length > RECORD_LIMIT_BYTES) return 'not-tls';
    parts.push(bytes.subarray(start + 5, start + 5 + length));
    start += 5 + length;
    if (isWhole(parts)) break;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function isWhole([first, ...others]: readonly Buffer[]): boolean {
  if (first === undefined || first.length < 4) return false;
  return others.reduce((sum, part) => sum + part.length, first.length) >= 4 + first.readUIntBE(1, 3);
}

/** RFC 8446 §4.1.2. Throws a RangeError where a length leads out of the message. */
function parseHello(hello: Buffer): ClientHello {
  const reader = new Reader(hello);
  reader.skip(2 + 32);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  let serverName: string | undefined;
  let alpnProtocols: readonly string[] = [];
  const extensions = reader.isAtEnd ? new Reader(Buffer.alloc(0)) : new Reader(reader.vector(2));
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const content = new Reader(extensions.vector(2));
    if (type === EXTENSION_SERVER_NAME) serverName = parseServerName(content);
    else if (type === EXTENSION_ALPN) alpnProtocols = parseAlpn(content);
  }
  return { serverName, alpnProtocols };
}

/** The one host name of the list; what is no host name counts as none. */
function parseServerName(content: Reader): string | undefined {
  const names = new Reader(content.vector(2));
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.vector(2).toString('latin1').toLowerCase().replace(/\.$/, '');
    if (type === NAME_TYPE_HOST) return HOST_NAME.test(name) ? name : undefined;
  }
  return undefined;
}

function parseAlpn(content: Reader): string[] {
  const list = new Reader(content.vector(2));
  const protocols: string[] = [];
  while (!list.isAtEnd) protocols.push(list.vector(1).toString('latin1'));
  return protocols;
}

/** Walks through a message. Every step throws a RangeError at its end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(size: 1 | 2): number {
    const value = size === 1 ? this.#bytes.readUInt8(this.#at) : this.#bytes.readUInt16BE(this.#at);
    this.#at += size;
    return value;
  }

  skip(size: number): void {
    if (this.#at + size > this.#bytes.length) throw new RangeError('Cannot read behind the end');
    this.#at += size;
  }

  /** Bytes with their length in front, in `size` bytes. */
  vector(size: 1 | 2): Buffer {
    const length = this.number(size);
    const start = this.#at;
    this.skip(length);
    return this.#bytes.subarray(start, start + length);
  }
}
