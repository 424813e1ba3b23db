// What of a body comes at once: waited for before its answer begins, so that one that is whole by then has a length.
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { invariant } from '../util/invariant.ts';
import { giveSlab, SLAB_BYTES, takeSlab } from '../util/slab-pool.ts';
import type { Body, Release, Sink } from './body.ts';
import type { ProxyError } from './errors.ts';

/** Up to this size chunks are put together in memory of their own, without a slab. */
const SMALL_BYTES = 4 * 1024;
const NOTHING = Buffer.alloc(0);

/** Some bytes, and the release of their memory if they are lent. */
interface Chunk {
  readonly bytes: Buffer;
  readonly release: Release | undefined;
}

/**
 * Gathers what a body pushes, in one slab at most. A body that is over by then has a length and leaves in one write; any
 * other begins with what is there, hardly later than without.
 *
 *     gathering -> stopped -> flowing      what was gathered goes to the sink, and whatever comes behind it
 */
export class PromptBody implements Body, Sink {
  readonly isEmpty = false;
  onDrained: (() => void) | undefined = undefined;
  readonly #source: Body;
  #gathered: Chunk = { bytes: NOTHING, release: undefined };
  /** The slab that `#gathered` lies in, if that is one of ours with room behind it. */
  #slab: Buffer | undefined = undefined;
  /** What came when it was stopped already, or did not fit. */
  #rest: Chunk[] = [];
  #sink: Sink | undefined = undefined;
  #isGathering = true;
  #hasEnded = false;
  #isCancelled = false;
  /** Whether the source was told to wait. */
  #owesDrain = false;
  #trailers: ReadonlyHeaderList | undefined = undefined;
  #error: ProxyError | undefined = undefined;
  #turn: NodeJS.Immediate | undefined = undefined;
  #stopped: ((body: PromptBody) => void) | undefined = undefined;

  constructor(source: Body) {
    this.#source = source;
  }

  /** Trailers need chunks (RFC 9112 §7.1.2), so that a body with trailers has no length. */
  get length(): number | undefined {
    if (!this.#hasEnded || this.#trailers !== undefined) return undefined;
    return this.#rest.reduce((sum, { bytes }) => sum + bytes.length, this.#gathered.bytes.length);
  }

  /** All of it, if it came in one piece of memory and nobody took it yet: good until then. */
  get gatheredWhole(): Buffer | undefined {
    const isOne = this.#hasEnded && this.#rest.length === 0 && this.#sink === undefined && !this.#isCancelled;
    return isOne && this.#trailers === undefined ? this.#gathered.bytes : undefined;
  }

  /** Starts a source that pushes all of itself at once, however much. */
  gatherWhole(): this {
    this.#source.sendTo(this);
    invariant(this.#hasEnded, 'a body that is whole and does not end');
    return this;
  }

  /**
   * Starts the source, and answers itself once it is known how much is prompt: at once if the source is over, or `mayWait` is
   * false; else at the end of this turn of the event loop at the latest. Wait only for a body that is known to fit: of
   * another, more than one slab may have come by then.
   */
  gather(mayWait: boolean): this | Promise<PromptBody> {
    this.#source.sendTo(this);
    if (!mayWait) this.#stop();
    if (!this.#isGathering) return this;
    this.#turn = setImmediate(() => this.#stop());
    return new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }

  write(chunk: Buffer, release?: Release): boolean {
    if (this.#sink !== undefined) return this.#sink.write(chunk, release);
    if (this.#isCancelled) release?.();
    else if (!this.#isGathering || !this.#append(chunk, release)) {
      this.#rest.push({ bytes: chunk, release });
      this.#owesDrain = true;
      this.#stop();
      return false;
    }
    return true;
  }

  end(trailers?: ReadonlyHeaderList): void {
    if (this.#sink !== undefined) {
      this.#sink.end(trailers);
      return;
    }
    this.#trailers = trailers;
    this.#hasEnded = true;
    this.#stop();
  }

  abort(error: ProxyError): void {
    if (this.#sink !== undefined) {
      this.#sink.abort(error);
      return;
    }
    this.#error = error;
    this.#stop();
  }

  sendTo(sink: Sink): void {
    if (this.#isCancelled) return;
    this.#sink = sink;
    sink.onDrained = () => this.onDrained?.();
    let goesOn = true;
    for (const { bytes, release } of this.#takeAll()) goesOn = sink.write(bytes, release) && goesOn;
    if (this.#error !== undefined) sink.abort(this.#error);
    else if (this.#hasEnded) sink.end(this.#trailers);
    else if (goesOn && this.#owesDrain) this.onDrained?.();
  }

  cancel(reason: ProxyError): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    for (const { release } of this.#takeAll()) release?.();
    if (!this.#hasEnded && this.#error === undefined) this.#source.cancel(reason);
    this.#stop();
  }

  #takeAll(): Chunk[] {
    const all = this.#gathered.bytes.length === 0 ? this.#rest : [this.#gathered, ...this.#rest];
    this.#gathered = { bytes: NOTHING, release: undefined };
    this.#rest = [];
    return all;
  }

  /** Puts `chunk` behind what was gathered, unless it does not fit. A first chunk is taken as it is. */
  #append(chunk: Buffer, release: Release | undefined): boolean {
    const { bytes: before, release: releaseBefore } = this.#gathered;
    if (before.length === 0) {
      this.#gathered = { bytes: chunk, release };
      return true;
    }
    const size = before.length + chunk.length;
    if (size > SLAB_BYTES) return false;
    if (size <= SMALL_BYTES) {
      this.#gathered = { bytes: Buffer.concat([before, chunk], size), release: undefined };
      releaseBefore?.();
    } else if (this.#slab !== undefined) {
      chunk.copy(this.#slab, before.length);
      this.#gathered = { bytes: this.#slab.subarray(0, size), release: releaseBefore };
    } else {
      const slab = takeSlab();
      before.copy(slab);
      chunk.copy(slab, before.length);
      releaseBefore?.();
      this.#slab = slab;
      this.#gathered = { bytes: slab.subarray(0, size), release: () => giveSlab(slab) };
    }
    release?.();
    return true;
  }

  /** Gathers no longer: whoever waits gets the body as it stands. */
  #stop(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    clearImmediate(this.#turn);
    this.#stopped?.(this);
  }
}
