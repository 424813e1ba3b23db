// Composes a list of handlers into one: an onion in which each may act before and after the rest.
import { invariant } from '../util/invariant.ts';
import type { Exchange } from './exchange.ts';
import type { Handler, Next, Reply } from './handler.ts';

/**
 * One handler that runs `handlers` in order. The last one must answer by itself: what it calls as `next` is the
 * `next` given to the composed handler. A second call of `next` is a programming error and fails the exchange.
 */
export function compose(handlers: readonly Handler[]): Handler {
  const [only] = handlers;
  if (handlers.length === 1 && only !== undefined) return only;
  return function composed(exchange, next) {
    return runFrom(handlers, 0, exchange, next);
  };
}

function runFrom(handlers: readonly Handler[], index: number, exchange: Exchange, last: Next): Reply | Promise<Reply> {
  const handler = handlers[index];
  if (handler === undefined) return last();
  let isCalled = false;
  return handler(exchange, () => {
    invariant(!isCalled, 'a handler called next twice');
    isCalled = true;
    return runFrom(handlers, index + 1, exchange, last);
  });
}

/** Applies `change` to a reply now or when it arrives, without an `await` in between where it is there already. */
export function mapReply(
  reply: Reply | Promise<Reply>,
  change: (reply: Reply) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  return reply instanceof Promise ? reply.then(change) : change(reply);
}
