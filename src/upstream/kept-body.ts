// A request body that can be sent a second time while it is short: its beginning is kept until there is an answer.
import type { Body, Release, Sink } from '../exchange/body.ts';
import type { ProxyError } from '../exchange/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';

/** Beyond this many bytes nothing is kept any more, and the body has been sent once and for all. */
const KEPT_BYTES_LIMIT = 64 * 1024;

/**
 * Stands between the body of an exchange and the attempts to deliver it. Each attempt may call `sendTo` once, and
 * `cancel`; the source hears `cancel` only after {@link settle}, because another attempt may want the rest.
 */
export class KeptBody implements Body, Sink {
  readonly length: number | undefined;
  readonly isEmpty = false;
  onDrained: (() => void) | undefined = undefined;
  readonly #source: Body;
  /** Whether anything is kept at all: only where an endpoint may say that it did nothing with a request. */
  readonly #keeps: boolean;
  #sink: Sink | undefined = undefined;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;
  #isRead = false;
  #isBlocked = false;
  #isSettled = false;
  #cancelled: ProxyError | undefined = undefined;
  #end: { readonly trailers: ReadonlyHeaderList | undefined } | undefined = undefined;
  #broken: ProxyError | undefined = undefined;

  constructor(source: Body, keeps: boolean) {
    this.#source = source;
    this.length = source.length;
    this.#keeps = keeps;
  }

  /** Whether another attempt can send the whole of it. */
  get canBeSent(): boolean {
    return !this.#isRead || (this.#kept !== undefined && this.#broken === undefined && this.#keeps);
  }

  /** There is an answer, or there will be none: nothing is sent again. */
  settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#kept = undefined;
    if (this.#cancelled !== undefined) this.#source.cancel(this.#cancelled);
  }

  sendTo(sink: Sink): void {
    this.#sink = sink;
    this.#cancelled = undefined;
    sink.onDrained = () => this.#resume(sink);
    if (!this.#isRead) {
      this.#isRead = true;
      this.#source.sendTo(this);
      return;
    }
    let mayGoOn = true;
    for (const chunk of this.#kept ?? []) mayGoOn = sink.write(chunk);
    if (this.#broken !== undefined) sink.abort(this.#broken);
    else if (this.#end !== undefined) sink.end(this.#end.trailers);
    else if (mayGoOn) this.#resume(sink);
  }

  cancel(reason: ProxyError): void {
    this.#sink = undefined;
    if (this.#isSettled) this.#source.cancel(reason);
    else this.#cancelled = reason;
  }

  write(chunk: Buffer, release?: Release): boolean {
    const sink = this.#sink;
    this.#keep(chunk, release !== undefined);
    if (sink === undefined) release?.();
    const mayGoOn = sink?.write(chunk, release) ?? false;
    if (!mayGoOn) this.#isBlocked = true;
    return mayGoOn;
  }

  end(trailers?: ReadonlyHeaderList): void {
    this.#end = { trailers };
    this.#sink?.end(trailers);
  }

  abort(error: ProxyError): void {
    this.#broken = error;
    this.#sink?.abort(error);
  }

  #keep(chunk: Buffer, isLent: boolean): void {
    if (this.#kept === undefined) return;
    this.#keptBytes += chunk.length;
    // Between two attempts nothing may get lost; the source is told to wait then.
    const isTooMuch = this.#keptBytes > KEPT_BYTES_LIMIT && this.#sink !== undefined;
    if (!this.#keeps || isTooMuch) this.#kept = undefined;
    else this.#kept.push(isLent ? Buffer.from(chunk) : chunk);
  }

  #resume(sink: Sink): void {
    if (sink !== this.#sink || !this.#isBlocked) return;
    this.#isBlocked = false;
    this.onDrained?.();
  }
}
