// The streams of a connection that wait to send: a frame each, in turn, so that none goes without.
import type { Stream } from './stream.ts';

/** First come, first served, and behind all others again if something is left. */
export class Turns {
  readonly #streams: Stream[] = [];

  add(stream: Stream): void {
    if (stream.isInTurns) return;
    stream.isInTurns = true;
    this.#streams.push(stream);
  }

  remove(stream: Stream): void {
    if (!stream.isInTurns) return;
    this.#streams.splice(this.#streams.indexOf(stream), 1);
    stream.isInTurns = false;
  }

  /** Lets them send for as long as anything goes: until each one is stuck in a window, or all are in the connection. */
  take(connection: { readonly isCongested: boolean }): void {
    let stuck = 0;
    while (stuck < this.#streams.length && !connection.isCongested) {
      const stream = this.#streams.shift() as Stream;
      stream.isInTurns = false;
      const turn = stream.takeTurn();
      stuck = turn === 'stuck' ? stuck + 1 : 0;
      if (turn !== 'empty') this.add(stream);
    }
  }
}
