// Observer: may look at exchanges, and nothing else.
import type { Exchange } from './exchange.ts';
import type { ResponseHead } from './head.ts';

/**
 * Told about exchanges outside the response path. May only look; must not throw (what it throws is logged and dropped).
 * `onHead` hears the final response head as it goes to the client; `onEnd` comes exactly once per exchange, last.
 */
export interface Observer {
  onOpen?(exchange: Exchange): void;
  onHead?(exchange: Exchange, head: ResponseHead): void;
  /** `status` is what the client saw: 499 if it left before a head was out. */
  onEnd?(exchange: Exchange, status: number): void;
}
