// Every diagnostics channel of the program: what happens to exchanges and connections, for whoever subscribes.
import { type Channel, channel } from 'node:diagnostics_channel';
import type { ConnectionFacts, Exchange } from '../exchange/exchange.ts';
import type { ResponseHead } from '../exchange/head.ts';
import type { Observer } from '../exchange/observer.ts';

/**
 * The names, for `node:diagnostics_channel`. They are stable; messages may gain properties. Subscribers run at once, on
 * the hot path: they must be quick, must not change what they are given and must not throw (Node makes an uncaught
 * exception of it, which ends the process).
 */
export const CHANNEL_NAMES = {
  /** An exchange was opened: {@link ExchangeOpened}. */
  exchangeOpen: 'portico:exchange:open',
  /** The final response head goes to the client: {@link ExchangeHeadSent}. */
  exchangeHead: 'portico:exchange:head',
  /** An exchange is over, however: {@link ExchangeEnded}. */
  exchangeEnd: 'portico:exchange:end',
  /** A listener accepted a connection: {@link ConnectionChanged}. */
  connectionOpen: 'portico:connection:open',
  /** An accepted connection is gone: {@link ConnectionChanged}. */
  connectionClose: 'portico:connection:close',
} as const;

/** Message of `portico:exchange:open`. */
export interface ExchangeOpened {
  readonly exchange: Exchange;
}

/** Message of `portico:exchange:head`. */
export interface ExchangeHeadSent {
  readonly exchange: Exchange;
  readonly head: ResponseHead;
}

/** Message of `portico:exchange:end`. `status` is what the client saw: 499 if it left before a head was out. */
export interface ExchangeEnded {
  readonly exchange: Exchange;
  readonly status: number;
}

/** Message of both connection channels. `connection` is the same object in both, and in the exchanges between. */
export interface ConnectionChanged {
  readonly connection: ConnectionFacts;
}

const exchangeOpen: Channel = channel(CHANNEL_NAMES.exchangeOpen);
const exchangeHead: Channel = channel(CHANNEL_NAMES.exchangeHead);
const exchangeEnd: Channel = channel(CHANNEL_NAMES.exchangeEnd);
const connectionOpen: Channel = channel(CHANNEL_NAMES.connectionOpen);
const connectionClose: Channel = channel(CHANNEL_NAMES.connectionClose);

/** Publishes the exchanges it observes; while nobody subscribes, that is one look at a flag and no allocation. */
export const channelObserver: Required<Observer> = {
  onOpen(exchange) {
    if (exchangeOpen.hasSubscribers) exchangeOpen.publish({ exchange } satisfies ExchangeOpened);
  },
  onHead(exchange, head) {
    if (exchangeHead.hasSubscribers) exchangeHead.publish({ exchange, head } satisfies ExchangeHeadSent);
  },
  onEnd(exchange, status) {
    if (exchangeEnd.hasSubscribers) exchangeEnd.publish({ exchange, status } satisfies ExchangeEnded);
  },
};

/** Tells subscribers of a connection that was accepted. */
export function publishConnectionOpen(connection: ConnectionFacts): void {
  if (connectionOpen.hasSubscribers) connectionOpen.publish({ connection } satisfies ConnectionChanged);
}

/** Tells subscribers that an accepted connection is gone. */
export function publishConnectionClose(connection: ConnectionFacts): void {
  if (connectionClose.hasSubscribers) connectionClose.publish({ connection } satisfies ConnectionChanged);
}
