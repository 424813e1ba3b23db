// Writes past the stream of a socket: what the system takes at once, as it nearly always does, needs no request and no queue.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';

/** What Node wants for each write. One that was not taken at once is Node's until its call back has returned. */
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
 * One per socket. Both writes answer false, and do nothing, where something stands before the bytes: then they go to the
 * stream, and the system keeps the order. TLS takes one write at a time (two would end the process) and tells later that it
 * is done, so its stream is corked until then: what is written meanwhile leaves in one piece, and the socket must not be
 * ended before. Exception: nothing of what this uses is documented; {@link createDirectWriter} looks whether it is there.
 */
export class DirectWriter {
  readonly #socket: Socket;
  readonly #isTls: boolean;
  readonly #binding: StreamBinding;
  readonly #onTaken: () => void;
  readonly #complete = (status: number): void => this.#completed(status);
  #handle: Handle | undefined = undefined;
  /** Two, because Node lets go of a request only after its call back, in which the next write may begin. */
  #request: WriteRequest;
  #nextRequest: WriteRequest;
  #bytesWaiting = 0;

  /** `onTaken`: what did not leave at once has left. */
  constructor(socket: Socket, binding: StreamBinding, onTaken: () => void) {
    this.#socket = socket;
    this.#isTls = socket instanceof TLSSocket;
    this.#binding = binding;
    this.#onTaken = onTaken;
    this.#request = this.#makeRequest();
    this.#nextRequest = this.#makeRequest();
  }

  /** Bytes of a write that the system has not taken whole. */
  get bytesWaiting(): number {
    return this.#bytesWaiting;
  }

  /** Whether nothing stands before the next bytes, so that they are taken here. */
  get isReady(): boolean {
    return this.#readyHandle() !== undefined;
  }

  /** Whether the memory of the last write must still stay as it is. TLS has encrypted its bytes, or copied them. */
  get keepsBytes(): boolean {
    return this.#bytesWaiting > 0 && !this.#isTls;
  }

  /** Writes latin1 text. */
  writeText(text: string): boolean {
    if (text === '') return true;
    const handle = this.#readyHandle();
    if (handle === undefined) return false;
    this.#finish(handle.writeLatin1String(this.#request, text), text.length, undefined);
    return true;
  }

  /** Writes bytes, which must not change while {@link keepsBytes}. */
  write(bytes: Buffer): boolean {
    if (bytes.length === 0) return true;
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
    const request = this.#request;
    this.#request = this.#nextRequest;
    this.#nextRequest = request;
    if (this.#isTls) this.#socket.cork();
    else request.bytes = bytes;
  }

  #completed(status: number): void {
    this.#bytesWaiting = 0;
    this.#nextRequest.bytes = undefined;
    if (this.#isTls) this.#socket.uncork();
    if (status < 0) this.#failed(status);
    else this.#onTaken();
  }

  #makeRequest(): WriteRequest {
    const request = new this.#binding.WriteWrap();
    request.oncomplete = this.#complete;
    return request;
  }

  /** As the stream does it: the socket ends, and tells why. */
  #failed(status: number): void {
    const code = getSystemErrorName(status);
    this.#socket.destroy(Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' }));
  }
}

/** The direct way for a socket; undefined where this Node does not have what it takes. */
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
