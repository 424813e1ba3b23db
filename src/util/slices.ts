// Long work in slices: what has many equal steps lets the event loop turn between them, so that traffic goes on.
import { monotonicNow } from './clock.ts';

/** Work that can stop between steps: it yields where that is safe, and returns its result. */
export type Steps<Result> = Generator<void, Result, void>;

/** How long work may go on before the event loop gets a turn, in milliseconds. */
const SLICE_MS = 10;

/** Says when a slice is over. One for each piece of work: a turn begins anew where it gives way. */
export class Slices {
  #endMs = monotonicNow() + SLICE_MS;

  /** Whether it is time for {@link giveWay}. Cheap enough for every step of some ten microseconds. */
  get isOver(): boolean {
    return monotonicNow() >= this.#endMs;
  }

  /** Lets everything run that waits: input and output, timers, promises. */
  async giveWay(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#endMs = monotonicNow() + SLICE_MS;
  }
}

/** Does all steps, with the event loop turning between slices. */
export async function runInSlices<Result>(steps: Steps<Result>): Promise<Result> {
  const slices = new Slices();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slices.isOver) await slices.giveWay();
  }
}

/** Does all steps at once. */
export function runAtOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
