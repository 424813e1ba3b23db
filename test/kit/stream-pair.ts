// Two ends of a connection in memory that look like sockets to an engine: what one writes the other reads, in order.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** An end of a pair; `asSocket` is what engines take. */
export class PairEnd extends Duplex {
  other: PairEnd | undefined = undefined;

  /** This end as the socket it stands for: it has all that `Connection.overEvents` touches. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.other?.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    queueMicrotask(() => other?.destroyed === false && other.push(null));
    done(error);
  }

  resetAndDestroy(): void {
    this.destroy();
  }
}

/** A connected pair. */
export function streamPair(): [PairEnd, PairEnd] {
  const options = { allowHalfOpen: true, autoDestroy: true, emitClose: true, decodeStrings: true } as const;
  const [one, two] = [new PairEnd(options), new PairEnd(options)];
  one.other = two;
  two.other = one;
  return [one, two];
}
