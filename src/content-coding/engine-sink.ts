// A zlib stream of Node.js as a sink: back-pressure both ways, lent chunks released when they are used up.
import type { Transform as NodeTransform } from 'node:stream';
import type { Release, Sink } from '../exchange/body.ts';
import { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';

/** What all engines of `node:zlib` have. */
export interface ZlibEngine extends NodeTransform {
  /** Bytes it has used up. */
  readonly bytesWritten: number;
  flush(callback?: () => void): void;
}

/**
 * Sends what comes through an engine to `next`. Engines work in threads of their own; what they have made is sent when
 * they are back. Subclasses choose the engine before the first byte and say what else happens.
 */
export abstract class EngineSink implements Sink {
  onDrained: (() => void) | undefined = undefined;
  readonly #next: Sink;
  #engine: ZlibEngine | undefined;
  /** Chunks that the engine has not used up. */
  #pending = 0;
  #isWaitingForEngine = false;
  #hasEnded = false;
  #isOver = false;
  #trailers: ReadonlyHeaderList | undefined;

  constructor(next: Sink) {
    this.#next = next;
    next.onDrained = () => this.#engine?.resume();
  }

  write(chunk: Buffer, release?: Release): boolean {
    const engine = this.#engine;
    if (this.#isOver || engine === undefined) {
      release?.();
      return true;
    }
    this.#pending++;
    const goesOn = engine.write(chunk, () => {
      release?.();
      this.#pending--;
      if (this.#pending === 0 && !this.#hasEnded && !this.#isOver) this.paused();
    });
    this.#isWaitingForEngine ||= !goesOn;
    return goesOn;
  }

  end(trailers?: ReadonlyHeaderList): void {
    if (this.#isOver) return;
    this.#hasEnded = true;
    this.#trailers = trailers;
    if (this.#engine === undefined) this.#finish();
    else this.#engine.end();
  }

  abort(error: ProxyError): void {
    this.fail(error);
  }

  /** Bytes of the input that are used up. */
  protected get bytesTaken(): number {
    return this.#engine?.bytesWritten ?? 0;
  }

  protected get hasEngine(): boolean {
    return this.#engine !== undefined;
  }

  protected useEngine(engine: ZlibEngine): void {
    this.#engine = engine;
    engine.on('data', (chunk: Buffer) => {
      if (!this.#isOver && !this.output(chunk)) engine.pause();
    });
    engine.on('drain', () => {
      if (!this.#isWaitingForEngine) return;
      this.#isWaitingForEngine = false;
      this.onDrained?.();
    });
    engine.on('end', () => this.#finish());
    engine.on('error', (error) => this.fail(this.errorOf(error)));
  }

  /** Everything that came is used up, and the body is not over. Does nothing by itself. */
  protected paused(): void {}

  /** Sends bytes of the engine on; the answer is that of the next sink. */
  protected output(chunk: Buffer): boolean {
    return this.#next.write(chunk);
  }

  /** The engine has given its last byte. */
  protected ended(trailers: ReadonlyHeaderList | undefined): void {
    this.#next.end(trailers);
  }

  protected errorOf(error: unknown): ProxyError {
    return new ProxyError('internal_error', 'content coding', { cause: error });
  }

  protected flush(): void {
    this.#engine?.flush();
  }

  /** Ends with an error; what still comes is dropped. */
  protected fail(error: ProxyError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#engine?.destroy();
    this.#next.abort(error);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.ended(this.#trailers);
  }
}
