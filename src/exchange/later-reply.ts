// LaterReply: an answer that is not there yet, for whoever can be called back; everybody else awaits it like a promise.
import { invariant } from '../util/invariant.ts';
import { type Answer, isReply, type Reply } from './handler.ts';

/** Hears what became of an answer; exactly one of the two calls, exactly once. */
export interface ReplyListener {
  replied(reply: Reply): void;
  failed(error: unknown): void;
}

/**
 * Every proxied request waits for one: a call back costs less than a promise and the turn of its queue. One listener
 * hears it, at once if it comes late; or it is awaited, as often as wanted.
 */
export abstract class LaterReply implements PromiseLike<Reply> {
  #listener: ReplyListener | undefined = undefined;
  /** Tells how it came out, if nobody listened then. */
  #outcome: ((listener: ReplyListener) => void) | undefined = undefined;
  #promise: Promise<Reply> | undefined = undefined;

  listen(listener: ReplyListener): void {
    invariant(this.#listener === undefined, 'an answer has one listener');
    this.#listener = listener;
    this.#outcome?.(listener);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is there to be awaited
  then<T = Reply, F = never>(
    onReply?: ((reply: Reply) => T | PromiseLike<T>) | null,
    onFailure?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<T | F> {
    this.#promise ??= new Promise((resolve, reject) => this.listen({ replied: resolve, failed: reject }));
    return this.#promise.then(onReply, onFailure);
  }

  /** The answer, or what will be the answer. This or {@link fail}, once. */
  protected settle(answer: Answer): void {
    if (isReply(answer)) this.#tell(answer);
    else
      answer.then(
        (reply) => this.#tell(reply),
        (error: unknown) => this.fail(error),
      );
  }

  protected fail(error: unknown): void {
    if (this.#listener === undefined) this.#outcome = (listener) => listener.failed(error);
    else this.#listener.failed(error);
  }

  #tell(reply: Reply): void {
    if (this.#listener === undefined) this.#outcome = (listener) => listener.replied(reply);
    else this.#listener.replied(reply);
  }
}

/** What `change` makes of another answer, or `recover` of its failure. */
export class ChangedReply extends LaterReply implements ReplyListener {
  readonly #change: (reply: Reply) => Answer;
  readonly #recover: ((error: unknown) => Answer) | undefined;

  constructor(source: LaterReply, change: (reply: Reply) => Answer, recover?: (error: unknown) => Answer) {
    super();
    this.#change = change;
    this.#recover = recover;
    source.listen(this);
  }

  replied(reply: Reply): void {
    this.#settleWith(this.#change, reply);
  }

  failed(error: unknown): void {
    if (this.#recover === undefined) this.fail(error);
    else this.#settleWith(this.#recover, error);
  }

  #settleWith<T>(make: (outcome: T) => Answer, outcome: T): void {
    let answer: Answer;
    try {
      answer = make(outcome);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.settle(answer);
  }
}
