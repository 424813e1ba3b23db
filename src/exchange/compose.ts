// Composes a list of handlers into one: an onion in which each may act before and after the rest.
import { invariant } from '../util/invariant.ts';
import type { Exchange } from './exchange.ts';
import { type Answer, type Handler, isReply, type Next, type Reply } from './handler.ts';
import { ChangedReply, LaterReply } from './later-reply.ts';

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

function runFrom(handlers: readonly Handler[], index: number, exchange: Exchange, last: Next): Answer {
  const handler = handlers[index];
  if (handler === undefined) return last();
  let isCalled = false;
  return handler(exchange, () => {
    invariant(!isCalled, 'a handler called next twice');
    isCalled = true;
    return runFrom(handlers, index + 1, exchange, last);
  });
}

/**
 * Applies `change` to a reply now or when it arrives, without an `await` in between where it is there already. `recover`
 * makes a reply of a failure that comes later; one that is thrown at once is the caller's to catch.
 */
export function mapReply(
  answer: Answer,
  change: (reply: Reply) => Answer,
  recover?: (error: unknown) => Answer,
): Answer {
  if (isReply(answer)) return change(answer);
  return answer instanceof LaterReply ? new ChangedReply(answer, change, recover) : answer.then(change, recover);
}
