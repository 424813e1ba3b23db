// Writes past the stream of a socket: what the system takes at once, as it nearly always does, needs no request and no queue.
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

/** What Node makes for each write. Only one that the system did not take at once is used up by it. */
interface WriteRequest {
  oncomplete: (status: number) => void;
  /** Keeps the bytes in memory until then. */
  bytes?: Buffer | undefined;
}

/** The part of the binding behind the streams of sockets that is used here. */
interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  /** Where in `streamBaseState` stands whether the last write was not taken at once. */
  readonly kLastWriteWasAsync: number;
}

/** The handle inside a socket that is open. Both answer 0, or an error of the system below 0. */
interface Handle {
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  writeLatin1String(request: WriteRequest, text: string): number;
}

/**
 * One per socket in cleartext. Both writes answer false, and do nothing, where something stands before the bytes: then they
 * go to the stream, and the system keeps the order. Exception: nothing of what this uses is documented;
 * {@link createDirectWriter} looks whether it is there.
 */
export class DirectWriter {
  readonly #socket: Socket;
  readonly #binding: StreamBinding;
  readonly #onTaken: () => void;
  #handle: Handle | undefined = undefined;
  #request: WriteRequest;
  #bytesWaiting = 0;

  /** `onTaken`: what did not leave at once has left. */
  constructor(socket: Socket, binding: StreamBinding, onTaken: () => void) {
    this.#socket = socket;
    this.#binding = binding;
    this.#onTaken = onTaken;
    this.#request = this.#makeRequest();
  }

  /** Bytes of a write that the system has not taken whole. */
  get bytesWaiting(): number {
    return this.#bytesWaiting;
  }

  /** Writes latin1 text. */
  writeText(text: string): boolean {
    const handle = this.#readyHandle();
    if (handle === undefined) return false;
    this.#finish(handle.writeLatin1String(this.#request, text), text.length, undefined);
    return true;
  }

  /** Writes bytes, which must not change while {@link bytesWaiting} says that they wait. */
  write(bytes: Buffer): boolean {
    const handle = this.#readyHandle();
    if (handle === undefined) return false;
    this.#finish(handle.writeBuffer(this.#request, bytes), bytes.length, bytes);
    return true;
  }

  /** The handle, if nothing stands before the next bytes: no connecting, no cork, no earlier bytes. */
  #readyHandle(): Handle | undefined {
    const socket = this.#socket;
    if (this.#bytesWaiting > 0 || socket.writableLength > 0) return undefined;
    if (socket.connecting || socket.writableEnded || socket.writableCorked > 0) return undefined;
    return (this.#handle ??= findHandle(socket));
  }

  #finish(error: number, size: number, bytes: Buffer | undefined): void {
    if (error !== 0) {
      this.#failed(error);
      return;
    }
    const isTaken = this.#binding.streamBaseState[this.#binding.kLastWriteWasAsync] === 0;
    if (isTaken) return;
    this.#bytesWaiting = size;
    this.#request.bytes = bytes;
    this.#request = this.#makeRequest();
  }

  #makeRequest(): WriteRequest {
    const request = new this.#binding.WriteWrap();
    request.oncomplete = (status) => {
      this.#bytesWaiting = 0;
      if (status < 0) this.#failed(status);
      else this.#onTaken();
    };
    return request;
  }

  /** As the stream does it: the socket ends, and tells why. */
  #failed(status: number): void {
    const code = getSystemErrorName(status);
    this.#socket.destroy(Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' }));
  }
}

/** The direct way for a socket in cleartext; undefined where this Node does not have what it takes. */
export function createDirectWriter(socket: Socket, onTaken: () => void): DirectWriter | undefined {
  const found = (binding ??= findBinding() ?? 'none');
  return found === 'none' ? undefined : new DirectWriter(socket, found, onTaken);
}

function findHandle(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<Handle> | null };
  const canWrite = typeof handle?.writeBuffer === 'function' && typeof handle.writeLatin1String === 'function';
  return canWrite ? (handle as Handle) : undefined;
}

let binding: StreamBinding | 'none' | undefined;

function findBinding(): StreamBinding | undefined {
  const { binding: open } = process as unknown as { readonly binding?: (name: string) => Partial<StreamBinding> };
  try {
    const found = open?.call(process, 'stream_wrap');
    const isWhole =
      typeof found?.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kLastWriteWasAsync === 'number';
    return isWhole ? (found as StreamBinding) : undefined;
  } catch {
    // Node's permission model allows no bindings.
    return undefined;
  }
}
