// What a transport needs of a protocol engine: something that carries one request to an endpoint, and who hears its answer.
import type { Body } from './body.ts';
import type { ProxyError } from './errors.ts';
import type { Reply } from './handler.ts';
import type { OutboundRequest, ResponseHead } from './head.ts';

/** The protocols that endpoints are spoken to in. */
export type OutboundProtocol = 'h1' | 'h2';

/**
 * Hears about one request:
 *
 *     interim* ( reply | failed )        exactly one of the two last calls, unless the request is cancelled
 *
 * After `reply` trouble goes through the reply's body.
 */
export interface ResponseReceiver {
  interim(head: ResponseHead): void;
  reply(reply: Reply): void;
  failed(error: ProxyError): void;
}

/** A place for one request on a connection to an endpoint: the whole connection in HTTP/1.1, a stream in HTTP/2. */
export interface OutboundCarrier {
  readonly protocol: OutboundProtocol;
  /**
   * Sends the request; called once at most. `expectsContinue`: the body waits for 100, for the final answer, or for the
   * limit, whichever comes first (RFC 9110 §10.1.1).
   */
  send(request: OutboundRequest, body: Body, expectsContinue: boolean, receiver: ResponseReceiver): void;
  /** Gives the request up: its answer is not wanted. The receiver hears nothing more. */
  cancel(reason: ProxyError): void;
  /** Gives the place back without having sent anything. */
  destroy(): void;
}
