// HTTP/2 frames as bytes: writes any frame, however wrong, and reads what comes back (RFC 9113 §4, §6).
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { atEnd, type Owner } from './at-end.ts';
import { Waiting } from './waiting.ts';

/** Frame types (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Error codes (RFC 9113 §7). */
export const CODE = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Names and values of a head, pseudo-headers included, in the order to send. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A frame that was read. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One frame. `announced` is the length it says it has, where that shall be a lie. */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = '', announced?: number) {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(announced ?? body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A HEADERS frame that is the whole head. */
export function headers(stream: number, fields: Fields, flags: number = FLAG.endStream): Buffer {
  return frame(FRAME.headers, flags | FLAG.endHeaders, stream, fieldBlock(fields));
}

/** The head of a GET. */
export function getFields(path = '/', more: Fields = []): Fields {
  return requestFields('GET', path, more);
}

/** The head of a request for the site of the tests. */
export function requestFields(method: string, path = '/', more: Fields = []): Fields {
  return [[':method', method], [':scheme', 'http'], [':authority', 'a.test'], [':path', path], ...more];
}

/** Literal fields without indexing and without Huffman codes (RFC 7541 §6.2.2). */
export function fieldBlock(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), stringLiteral(name), stringLiteral(value)]),
  );
}

/** A 32-bit number as a payload: an error code, a window increment. */
export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A SETTINGS frame. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return frame(FRAME.settings, 0, 0, payload);
}

function stringLiteral(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const size = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) size.push((rest % 128) + 128);
  size.push(rest);
  return Buffer.concat([Buffer.from(size), bytes]);
}

/** The whole frames that `bytes` begin with. */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let start = 0; start + 9 <= bytes.length; ) {
    const end = start + 9 + bytes.readUIntBE(start, 3);
    if (end > bytes.length) break;
    const [type = 0, flags = 0] = bytes.subarray(start + 3, start + 5);
    frames.push({ type, flags, stream: bytes.readUInt32BE(start + 5), payload: bytes.subarray(start + 9, end) });
    start = end;
  }
  return frames;
}

/** One end of a connection of raw frames. SETTINGS and PING of the peer are acknowledged unless told otherwise. */
export class FramePeer {
  readonly frames: Frame[] = [];
  isClosed = false;
  readonly #contentBytes = new Map<number, number>();
  #bytes: Buffer = Buffer.alloc(0);
  readonly #waiting = new Waiting(() => this.transcript);
  readonly socket: Socket;
  /** Whether SETTINGS and PING are acknowledged from now on. */
  acknowledges: boolean;
  #skip: number;

  /** `skip`: bytes before the first frame, such as the preface of a client. */
  constructor(socket: Socket, acknowledges: boolean, skip = 0) {
    this.socket = socket;
    this.acknowledges = acknowledges;
    this.#skip = skip;
    this.socket.on('data', (bytes) => {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(skipped)]);
      this.#read();
      this.#waiting.changed();
    });
    this.socket.on('error', () => {});
    for (const event of ['end', 'close'])
      this.socket.on(event, () => {
        this.isClosed = true;
        this.#waiting.changed();
      });
  }

  /** The frames that came, one a line. */
  get transcript(): string {
    return this.frames
      .map(printFrame)
      .concat(this.isClosed ? 'closed' : 'open')
      .join('\n');
  }

  /** Sends bytes; resolves when the system has them, or when the connection is gone. */
  send(...parts: readonly Buffer[]): Promise<void> {
    return new Promise((resolve) => this.socket.write(Buffer.concat(parts), () => resolve()));
  }

  /** Waits for the first frame of this type, on this stream where one is given. */
  async frame(type: number, stream?: number): Promise<Frame> {
    const find = () => this.frames.find((one) => one.type === type && (stream === undefined || one.stream === stream));
    await this.until(`a frame of type ${type}`, () => find() !== undefined);
    return find() as Frame;
  }

  until(what: string, isThere: () => boolean): Promise<void> {
    return this.#waiting.until(what, isThere);
  }

  /** Waits for the status of a final answer, or the code of a reset, or of a GOAWAY that is an error. */
  async outcome(stream: number): Promise<string> {
    await this.until(`the outcome of stream ${stream}`, () => this.isClosed || this.#outcome(stream) !== undefined);
    return this.#outcome(stream) ?? 'closed';
  }

  /** How many bytes of content came on a stream. */
  contentBytes(stream: number): number {
    return this.#contentBytes.get(stream) ?? 0;
  }

  /** The content of an answer so far. */
  content(stream: number): Buffer {
    return Buffer.concat(
      this.frames.filter((one) => one.type === FRAME.data && one.stream === stream).map(({ payload }) => payload),
    );
  }

  #outcome(stream: number): string | undefined {
    for (const { type, stream: id, payload } of this.frames) {
      if (type === FRAME.headers && id === stream) {
        const status = readStatus(payload);
        if (status >= 200) return String(status);
      }
      if (type === FRAME.reset && id === stream) return `reset ${payload.readUInt32BE(0)}`;
      if (type === FRAME.goaway && payload.readUInt32BE(4) !== 0) return `goaway ${payload.readUInt32BE(4)}`;
    }
    return undefined;
  }

  #read(): void {
    for (const one of readFrames(this.#bytes)) {
      this.#bytes = this.#bytes.subarray(9 + one.payload.length);
      this.frames.push(one);
      if (one.type === FRAME.data)
        this.#contentBytes.set(one.stream, this.contentBytes(one.stream) + one.payload.length);
      if (this.acknowledges && one.type === FRAME.settings && (one.flags & FLAG.ack) === 0)
        this.socket.write(frame(FRAME.settings, FLAG.ack, 0));
      if (this.acknowledges && one.type === FRAME.ping && (one.flags & FLAG.ack) === 0)
        this.socket.write(frame(FRAME.ping, FLAG.ack, 0, one.payload));
    }
  }
}

/** Connects, sends the preface and `first`. The connection is destroyed when the owner is done. */
export async function connectFrames(
  owner: Owner,
  port: number,
  first: readonly Buffer[] = [settings([1, 0])],
  acknowledges = true,
): Promise<FramePeer> {
  const client = new FramePeer(connect(port, '127.0.0.1'), acknowledges);
  atEnd(
    owner,
    () => client.socket.destroy(),
    () => client.transcript,
  );
  await client.send(PREFACE, ...first);
  return client;
}

/** A server of raw frames. */
export class FrameServer {
  readonly port: number;
  /** Its connections in the order in which they came. */
  readonly peers: FramePeer[] = [];
  readonly #waiting = new Waiting(() => this.transcript);

  constructor(port: number) {
    this.port = port;
  }

  get transcript(): string {
    return this.peers.map(({ transcript }, index) => `connection ${index}\n${transcript}`).join('\n');
  }

  accept(socket: Socket, acknowledges: boolean): FramePeer {
    const peer = new FramePeer(socket, acknowledges, PREFACE.length);
    this.peers.push(peer);
    this.#waiting.changed();
    return peer;
  }

  /** Waits for the connection with this index. */
  async peer(index = 0): Promise<FramePeer> {
    await this.#waiting.until(`connection ${index}`, () => this.peers.length > index);
    return this.peers[index] as FramePeer;
  }
}

/**
 * Starts a server that sends `first` on each connection, and then what the test says. Without anything first nothing is
 * acknowledged either: SETTINGS of its own come before that (RFC 9113 §3.4).
 */
export async function startFrames(owner: Owner, first: readonly Buffer[] = [settings()]): Promise<FrameServer> {
  const listener = createServer({ noDelay: true, allowHalfOpen: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const server = new FrameServer((listener.address() as AddressInfo).port);
  listener.on('connection', (socket) => void server.accept(socket, first.length > 0).send(...first));
  atEnd(
    owner,
    () => {
      for (const { socket } of server.peers) socket.destroy();
      listener.close();
    },
    () => server.transcript,
  );
  return server;
}

/** Where the static table has `:status` (RFC 7541 Appendix A). */
const STATIC_STATUS = new Map([
  [8, 200],
  [9, 204],
  [10, 206],
  [11, 304],
  [12, 400],
  [13, 404],
  [14, 500],
]);

/** The `:status` at the beginning of a field block; 0 for none. */
export function readStatus(block: Buffer): number {
  let index = 0;
  // Changes of the table size come first (RFC 7541 §6.3).
  while (((block[index] ?? 0) & 0xe0) === 0x20) {
    if (((block[index] ?? 0) & 0x1f) === 0x1f) while (((block[++index] ?? 0) & 0x80) !== 0);
    index++;
  }
  const first = block[index] ?? 0;
  if ((first & 0x80) !== 0) return STATIC_STATUS.get(first & 0x7f) ?? 0;
  if (!STATIC_STATUS.has(first & ((first & 0x40) !== 0 ? 0x3f : 0x0f))) return 0;
  const size = block[index + 1] ?? 0;
  const value = block.subarray(index + 2, index + 2 + (size & 0x7f));
  return Number((size & 0x80) === 0 ? value.toString('latin1') : huffmanDigits(value));
}

/** The digits in the Huffman code (RFC 7541 Appendix B). */
const DIGIT_CODES = ['00000', '00001', '00010', '011001', '011010', '011011', '011100', '011101', '011110', '011111'];

function huffmanDigits(bytes: Buffer): string {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let text = '';
  for (;;) {
    const digit = DIGIT_CODES.findIndex((code) => bits.startsWith(code));
    if (digit < 0 || text.length === 3) return text;
    text += digit;
    bits = bits.slice(DIGIT_CODES[digit]?.length);
  }
}

function printFrame({ type, flags, stream, payload }: Frame): string {
  const name = Object.entries(FRAME).find(([, value]) => value === type)?.[0] ?? String(type);
  return `${name} flags=${flags} stream=${stream} ${payload.subarray(0, 40).toString('hex')} (${payload.length})`;
}
