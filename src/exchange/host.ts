// What a protocol engine needs from above: somebody to open exchanges, and the way back for their answers.
import type { Body } from './body.ts';
import type { ProxyError } from './errors.ts';
import type { ConnectionFacts, Exchange } from './exchange.ts';
import type { Reply } from './handler.ts';
import type { RequestHead, ResponseHead } from './head.ts';

/** The engine's side of one exchange: carries the answer to the client. */
export interface Carrier {
  /** Takes the final answer; called exactly once per exchange, perhaps before `run` has returned. */
  respond(reply: Reply): void;
  /** Sends a 1xx ahead of it, where the protocol version can. */
  sendInterim(head: ResponseHead): void;
}

/** Offered by `server/serve.ts` to the engines of all protocols. */
export interface ExchangeHost {
  /** Opens an exchange for a request whose head was accepted. The engine keeps it and calls `run` next. */
  open(connection: ConnectionFacts, request: RequestHead, body: Body, carrier: Carrier): Exchange;
  /** Has the exchange answered; the answer comes through the carrier, now or later. */
  run(exchange: Exchange, carrier: Carrier): void;
  /** The response head went out: observers hear it. */
  headSent(exchange: Exchange, head: ResponseHead): void;
  /** The engine is through with an exchange: everything handed over, or given up. The last call, exactly once. */
  close(exchange: Exchange, status: number): void;
  /**
   * The answer to a request whose head was refused, so that no exchange exists. `target` is its target as received, where
   * that is what was refused.
   */
  refuse(connection: ConnectionFacts, error: ProxyError, target?: string): Reply;
  /** Whether connections shall end after the exchange they carry, because the server drains. */
  readonly isDraining: boolean;
}
