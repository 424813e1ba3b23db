// Handler and Reply: what answers an exchange, and the answer.
import type { Body, Sink } from './body.ts';
import type { Exchange } from './exchange.ts';
import type { ResponseHead } from './head.ts';

/** The answer to one exchange. */
export interface Reply {
  readonly head: ResponseHead;
  /** The response body; for a switched protocol, the bytes that come from the other side. */
  readonly body: Body;
  /**
   * Only with status 101 (or 2xx to CONNECT): takes the client's bytes once the protocol is switched.
   * `end` is a half-close, `abort` tears both ways down. h2 uses it for extended CONNECT (RFC 8441).
   */
  readonly tunnel?: Sink;
}

/** A reply, now or later: what `await` takes. `mapReply` changes it without an `await` where it is there already. */
export type Answer = Reply | PromiseLike<Reply>;

/** Whether an answer is there. */
export function isReply(answer: Answer): answer is Reply {
  return !('then' in answer);
}

/** Goes on to the rest of the chain. At most one call. */
export type Next = () => Answer;

/**
 * May answer itself, may call `next` at most once, may return a changed reply (a new object: replies are not changed
 * in place). Must return or throw. Must not add an `await` where it could answer at once: the hot path counts them.
 */
export type Handler = (exchange: Exchange, next: Next) => Answer;
