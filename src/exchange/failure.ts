// The failure of an exchange, noted once, wherever in the chain it is turned into an answer.
import { type ProxyError, toProxyError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { FeatureLog } from './feature.ts';

/**
 * What was thrown as a ProxyError, noted at the exchange for its observers. A failure of our own code is logged with its
 * stack, here and nowhere else. Whoever turns a failure into an answer calls this first.
 */
export function noteFailure(exchange: Exchange, thrown: unknown, log: FeatureLog): ProxyError {
  const error = toProxyError(thrown);
  if (exchange.error === error) return error;
  exchange.error ??= error;
  if (error.code === 'internal_error') {
    const { cause } = error;
    log.error({ id: exchange.id, stack: cause instanceof Error ? cause.stack : undefined }, error.message);
  }
  return error;
}
