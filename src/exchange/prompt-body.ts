// What of a body comes at once: waited for before its answer begins, so that one that is whole by then has a length.
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { invariant } from '../util/invariant.ts';
import type { Body, LentChunk, Release, Sink } from './body.ts';
import type { ProxyError } from './errors.ts';

/** The most that is gathered: as much as a connection takes before it says "wait". */
const MAX_BYTES = 256 * 1024;
/** Each chunk may pin a slab. */
const MAX_CHUNKS = 16;
/** Chunks up to this size are copied, so that they pin nothing. */
const SMALL_BYTES = 4 * 1024;

/**
 * Gathers what a body pushes until the end of this turn of the event loop, at most 256 KiB. A body that is over by then has
 * a length, and leaves in one write; any other begins with what is there, hardly later than without.
 */
export class PromptBody implements Body, Sink {
  readonly isEmpty = false;
  onDrained: (() => void) | undefined = undefined;
  readonly #source: Body;
  #chunks: LentChunk[] = [];
  #bytes = 0;
  #sink: Sink | undefined = undefined;
  #isGathering = true;
  #isLimited = true;
  #hasEnded = false;
  #isCancelled = false;
  /** Whether the source was told to wait. */
  #owesDrain = false;
  #trailers: ReadonlyHeaderList | undefined = undefined;
  #error: ProxyError | undefined = undefined;
  #turn: NodeJS.Immediate | undefined = undefined;
  #gathered: ((body: PromptBody) => void) | undefined = undefined;

  constructor(source: Body) {
    this.#source = source;
  }

  /** Trailers need chunks (RFC 9112 §7.1.2), so that a body with trailers has no length. */
  get length(): number | undefined {
    return this.#hasEnded && this.#trailers === undefined ? this.#bytes : undefined;
  }

  /** Starts the source. Answers itself once it is known how much is prompt: at once if the source is over at once. */
  gather(): PromptBody | Promise<PromptBody> {
    this.#source.sendTo(this);
    if (!this.#isGathering) return this;
    this.#turn = setImmediate(() => this.#stop());
    return new Promise((resolve) => {
      this.#gathered = resolve;
    });
  }

  /** The same of a source that pushes all of itself at once, however much. */
  gatherNow(): PromptBody {
    this.#isLimited = false;
    this.#source.sendTo(this);
    invariant(!this.#isGathering, 'a body that is whole and does not end');
    return this;
  }

  write(chunk: Buffer, release?: Release): boolean {
    if (this.#sink !== undefined) return this.#sink.write(chunk, release);
    if (this.#isCancelled) {
      release?.();
      return true;
    }
    this.#bytes += chunk.length;
    if (release !== undefined && chunk.length <= SMALL_BYTES) {
      this.#chunks.push({ bytes: Buffer.from(chunk), release: undefined });
      release();
    } else this.#chunks.push({ bytes: chunk, release });
    if (this.#isLimited && (this.#bytes >= MAX_BYTES || this.#chunks.length >= MAX_CHUNKS)) this.#stop();
    if (this.#isGathering) return true;
    this.#owesDrain = true;
    return false;
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
    const chunks = this.#chunks;
    this.#chunks = [];
    const goesOn = chunks.length === 0 || writeAll(sink, chunks);
    if (this.#error !== undefined) sink.abort(this.#error);
    else if (this.#hasEnded) sink.end(this.#trailers);
    else if (goesOn && this.#owesDrain) this.onDrained?.();
  }

  cancel(reason: ProxyError): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    for (const { release } of this.#chunks) release?.();
    this.#chunks = [];
    if (!this.#hasEnded && this.#error === undefined) this.#source.cancel(reason);
    this.#stop();
  }

  /** Gathers no longer: whoever waits gets the body as it stands. */
  #stop(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    clearImmediate(this.#turn);
    this.#gathered?.(this);
  }
}

function writeAll(sink: Sink, chunks: readonly LentChunk[]): boolean {
  if (sink.writeAll !== undefined) return sink.writeAll(chunks);
  let goesOn = true;
  for (const { bytes, release } of chunks) goesOn = sink.write(bytes, release);
  return goesOn;
}
