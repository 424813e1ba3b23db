// A connection to a browser in WebDriver BiDi: commands with their answers, and events.
import { WebSocket } from 'ws';
import { atEnd, type Owner } from './at-end.ts';

/** What commands and events carry: objects as JSON has them. */
// biome-ignore lint/suspicious/noExplicitAny: a test that reads what is not there fails
export type BidiData = any;

/** A value of a page (WebDriver BiDi, script.RemoteValue). */
interface RemoteValue {
  readonly type: string;
  readonly value?: unknown;
}

interface Message {
  readonly type: 'success' | 'error' | 'event';
  readonly id?: number;
  readonly result?: BidiData;
  readonly error?: string;
  readonly message?: string;
  readonly method: string;
  readonly params: BidiData;
}

interface Command {
  resolve(result: BidiData): void;
  reject(error: Error): void;
}

/** Commands go one way, answers and events the other. A connection that ends fails what waits for an answer. */
export class Bidi {
  readonly #socket: WebSocket;
  readonly #commands = new Map<number, Command>();
  readonly #listeners = new Set<(method: string, params: BidiData) => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(JSON.parse(String(data)) as Message));
    socket.on('close', () => {
      for (const { reject } of this.#commands.values()) reject(new Error('the browser has closed the connection'));
    });
  }

  /** Connects to what the browser says it listens on, and begins a session. */
  static async connect(owner: Owner, address: string): Promise<Bidi> {
    const socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('error', () => {});
    atEnd(owner, () => socket.terminate());
    const bidi = new Bidi(socket);
    await bidi.send('session.new', { capabilities: {} });
    return bidi;
  }

  /** The result of a command; rejects with what the browser says against it. */
  send(method: string, params: object): Promise<BidiData> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count;
      this.#commands.set(id, { resolve, reject: (error) => reject(new Error(`${method}: ${error.message}`)) });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** The listener hears every event from now on. */
  listen(listener: (method: string, params: BidiData) => void): void {
    this.#listeners.add(listener);
  }

  #take({ type, id = 0, result, error, message, method, params }: Message): void {
    if (type === 'event') for (const listener of this.#listeners) listener(method, params);
    const command = this.#commands.get(id);
    this.#commands.delete(id);
    if (type === 'success') command?.resolve(result);
    else if (type === 'error') command?.reject(new Error(`${error}: ${message}`));
  }
}

/** A value of a page as a value of ours: what JSON can say, and undefined. */
export function fromRemote({ type, value }: RemoteValue): unknown {
  if (type === 'array') return (value as RemoteValue[]).map(fromRemote);
  if (type === 'object')
    return Object.fromEntries((value as [string, RemoteValue][]).map(([name, inner]) => [name, fromRemote(inner)]));
  return type === 'null' ? null : value;
}
