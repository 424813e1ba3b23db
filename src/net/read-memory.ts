// Makes sockets read into memory of ours: by the documented option, and by ways that Node.js does not document.
import { Socket } from 'node:net';

/** The documented `onread` option of net.Socket. */
export interface OnRead {
  buffer: Uint8Array | (() => Uint8Array);
  callback(bytesRead: number, buffer: Uint8Array): boolean;
}

/** Whether the ways that Node does not document are left alone: for tests, and for whoever mistrusts them. */
export const usesPlainSockets = process.env['PORTICO_PLAIN_SOCKETS'] !== undefined;

/** Sockets as Node keeps them inside: what re-wrapping needs. */
interface SocketInternals {
  _handle: object | null;
  _server: unknown;
  server: unknown;
}

/** Whether {@link rewrapSocket} can do anything with a socket. */
export function canRewrap(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as SocketInternals;
  return handle !== null && typeof (handle as { useUserBuffer?: unknown }).useUserBuffer === 'function';
}

/**
 * A new socket around the handle of `socket`, with `onread`. The old one is an empty shell. Exception: `handle` is no
 * documented option of net.Socket; ask {@link canRewrap} before.
 */
export function rewrapSocket(socket: Socket, onread: OnRead, writableHighWaterMark: number): Socket {
  const internals = socket as unknown as SocketInternals;
  const handle = internals._handle;
  internals._handle = null;
  const options = { onread, handle, allowHalfOpen: true, writableHighWaterMark };
  const wrapped = new Socket(options as never);
  const wrappedInternals = wrapped as unknown as SocketInternals;
  // The server counts its sockets to know when it is closed.
  wrappedInternals.server = internals.server;
  wrappedInternals._server = internals._server;
  return wrapped;
}

/**
 * Makes an open socket read into `first` and what `onread` hands out, as if it had been made with `onread`. Answers false,
 * and changes nothing, where it holds bytes that were read already or Node keeps the option elsewhere. Exception: the
 * three properties behind the option and `useUserBuffer` are not documented.
 */
export function readInto(socket: Socket, first: Buffer, onread: OnRead): boolean {
  const [buffer, makeBuffer, callback] = ['kBuffer', 'kBufferGen', 'kBufferCb'].map((name) =>
    Object.getOwnPropertySymbols(socket).find(({ description }) => description === name),
  );
  if (buffer === undefined || makeBuffer === undefined || callback === undefined) return false;
  if (socket.readableLength > 0 || !canRewrap(socket)) return false;
  Object.assign(socket, { [makeBuffer]: onread.buffer, [callback]: onread.callback });
  return changeBuffer(socket, first);
}

/**
 * Makes a socket with `onread` read into another buffer the next time. Each call costs some bytes until the socket is
 * closed, so it is nothing for every read. Exception and answer as of {@link readInto}.
 */
export function changeBuffer(socket: Socket, bytes: Buffer): boolean {
  const buffer = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kBuffer');
  if (buffer === undefined || !canRewrap(socket)) return false;
  Object.assign(socket, { [buffer]: bytes });
  const { _handle: handle } = socket as unknown as { readonly _handle: { useUserBuffer(buffer: Buffer): void } };
  handle.useUserBuffer(bytes);
  return true;
}
