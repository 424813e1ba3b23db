// The heads of requests and responses: plain data, protocol-neutral, without body or socket.
import type { HeaderList, ReadonlyHeaderList } from '../http/header-list.ts';
import type { Authority, Target } from '../http/target.ts';

/** The protocol versions a peer can speak to us. */
export type HttpVersion = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';

/** A request as it was received. Never changed; the same object may serve several exchanges of one connection. */
export interface RequestHead {
  readonly method: string;
  readonly target: Target;
  /** Host and port asked for: of an absolute target, else of Host; undefined for HTTP/1.0 without Host. */
  readonly authority: Authority | undefined;
  /** The protocol the client wants to switch to (RFC 9110 §7.8, RFC 8441), in lower case; undefined for none. */
  readonly upgrade: string | undefined;
  /** Whether the client waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
  readonly version: HttpVersion;
  readonly headers: ReadonlyHeaderList;
}

/** A request as it will be sent upstream. Features change it freely before the proxy sends it. */
export interface OutboundRequest {
  method: string;
  /** The request-target in origin-form or `*`, octets as they go out. */
  target: string;
  headers: HeaderList;
}

/** A response head. Never changed once returned: a feature that wants another one makes a copy. */
export interface ResponseHead {
  readonly status: number;
  /** The reason phrase; empty where the protocol has none. Informative only (RFC 9112 §4). */
  readonly reason: string;
  readonly headers: ReadonlyHeaderList;
}
