// Waits for conditions without polling: a condition is looked at again whenever somebody says that something changed.
import { systemClock } from '../../src/util/clock.ts';

/**
 * How long a wait may last before the test fails: far above what the slowest machine needs, and below the 30 seconds after
 * which Portico by its defaults gives up on bodies and drains, so that a test of what happens at once does not pass by those.
 * The limits of whole tests are above it: a wait that fails says what it waited for.
 */
export const WAIT_LIMIT_MS = 25_000;

/** How long a program may take to start, or to say what is waited for. Browsers and certificate authorities are slow. */
export const START_LIMIT_MS = 60_000;

/** A wait that was not fulfilled. The message holds what was waited for and the transcript. */
export class WaitError extends Error {
  override name = 'WaitError';
}

/** Conditions that wait for changes of one thing. */
export class Waiting {
  readonly #checks = new Set<() => void>();
  readonly #explain: () => string;

  /** `explain` describes the thing when a wait fails: a transcript, an output. */
  constructor(explain: () => string) {
    this.#explain = explain;
  }

  /** Something changed: every condition is looked at again. */
  changed(): void {
    for (const check of [...this.#checks]) check();
  }

  /**
   * Resolves once `isThere` says so; rejects with a {@link WaitError} when `limitMs` have passed or `isThere` throws,
   * whose error is then the cause. `limitMs` may be Infinity.
   */
  until(what: string, isThere: () => boolean, limitMs = WAIT_LIMIT_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: Error) => {
        this.#checks.delete(check);
        cancel();
        if (error === undefined) resolve();
        else reject(new WaitError(`waiting for ${what}: ${error.message}\n${this.#explain()}`, { cause: error }));
      };
      const check = () => {
        try {
          if (isThere()) finish();
        } catch (error) {
          finish(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const giveUp = () => finish(new Error(`not there after ${limitMs} ms`));
      const cancel = Number.isFinite(limitMs) ? systemClock.after(limitMs, giveUp) : () => {};
      this.#checks.add(check);
      check();
    });
  }
}
