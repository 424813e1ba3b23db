// WebSocket over HTTP/2 (RFC 8441) told as the upgrade that HTTP/1.1 knows (RFC 6455 §4), both ways.
import { createHash, randomBytes } from 'node:crypto';
import type { ResponseHead } from '../exchange/head.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { reasonPhrase } from '../http/status.ts';
import type { ReadRequest } from './pseudo-headers.ts';

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** RFC 8441 §5: neither has a place in the answer to an extended CONNECT. */
export const HANDSHAKE_FIELDS: ReadonlySet<string> = new Set(['sec-websocket-accept', 'content-length']);

/** The one protocol that can be told as an upgrade. */
export const WEBSOCKET = 'websocket';

/** A request turned into a handshake, and the key in it. */
export interface Handshake {
  readonly read: ReadRequest;
  readonly key: string;
}

/** The request with a key of ours: RFC 8441 §5 leaves it out, an HTTP/1.1 server wants it. */
export function beginHandshake(read: ReadRequest): Handshake {
  const key = randomBytes(16).toString('base64');
  const headers = read.head.headers.toMutable();
  headers.set('sec-websocket-key', key);
  return { read: { ...read, head: { ...read.head, headers } }, key };
}

/** Whether the answer is that of somebody who understood the handshake (RFC 6455 §4.1, points 2 to 4). */
export function isAccepted(head: ResponseHead, key: string): boolean {
  return (
    head.status === 101 &&
    head.headers.get('upgrade')?.toLowerCase() === WEBSOCKET &&
    head.headers.get('sec-websocket-accept')?.trim() === acceptKey(key)
  );
}

/**
 * The answer of an endpoint that took an extended CONNECT, as HTTP/1.1 gives it to the one who asked with `request`. Its
 * 2xx says what Sec-WebSocket-Accept proves elsewhere (RFC 8441 §5).
 */
export function switchedHead({ headers }: ResponseHead, request: ReadonlyHeaderList): ResponseHead {
  const switched = headers.toMutable();
  switched.delete('content-length');
  switched.set('Upgrade', WEBSOCKET);
  switched.set('Sec-WebSocket-Accept', acceptKey(request.get('sec-websocket-key')?.trim() ?? ''));
  return { status: 101, reason: reasonPhrase(101), headers: switched };
}

/** RFC 6455 §4.2.2, point 5.4. */
function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
}
