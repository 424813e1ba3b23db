// Puts together what one body goes through: rewriter, search for leaks, trailers, content coding; and catches our own faults.
import type { ContentCoding } from '../../content-coding/codings.ts';
import { encodeTransform, encodeWhole } from '../../content-coding/encode.ts';
import {
  type Body,
  bytesBody,
  PassingSink,
  type Release,
  type Sink,
  type Transform,
  transformBody,
} from '../../exchange/body.ts';
import { type ProxyError, toProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { noteFailure } from '../../exchange/failure.ts';
import { PromptBody } from '../../exchange/prompt-body.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { printOrigin } from '../../rewrite/base-url.ts';
import { trailersOfRewritten } from '../../rewrite/head.ts';
import { headersToPublic } from '../../rewrite/headers.ts';
import type { HtmlOptions } from '../../rewrite/html/html-scanner.ts';
import { isUntouched, rewriteTransform } from '../../rewrite/languages.ts';
import { REWRITE_TRACE } from '../../rewrite/trace/rewrite-trace.ts';
import type { LivePublicView } from './public-view.ts';
import type { ResponsePlan, Rewritable } from './response-plan.ts';

/** Serves one answer. */
export class BodyRewriter {
  readonly #view: LivePublicView;
  readonly #plan: ResponsePlan;
  readonly #exchange: Exchange;

  constructor(view: LivePublicView, plan: ResponsePlan, exchange: Exchange) {
    this.#view = view;
    this.#plan = plan;
    this.#exchange = exchange;
  }

  /** A plain body, rewritten as it comes, in `coding`. */
  rewrite(body: Body, selection: Rewritable, coding: ContentCoding | undefined): Body {
    const rewriter = this.#rewriter(selection);
    const watch = this.#watcher();
    return guarded(
      body,
      (next) => {
        const last = this.#lastSink(coding === undefined ? next : encodeTransform(coding)(next), true);
        return rewriter(watch(last));
      },
      (error) => this.#noteFault(error),
    );
  }

  /** The same for a body of which something is there, perhaps all: its length is then known. */
  rewritePrompt(body: PromptBody, selection: Rewritable): Body {
    const whole = body.gatheredWhole;
    if (whole === undefined) return this.rewrite(body, selection, undefined);
    if (this.#isUntouched(whole, selection)) return body;
    const rewritten = new PromptBody(this.rewrite(body, selection, undefined));
    rewritten.gather(false);
    return rewritten;
  }

  /** The same at once, for bytes that are all there: their number is then known. */
  rewriteWhole(bytes: Buffer, selection: Rewritable, coding: ContentCoding | undefined): Body {
    const source = this.#isUntouched(bytes, selection)
      ? bytesBody(bytes)
      : transformBody(bytesBody(bytes), (next) => this.#rewriter(selection)(this.#watcher()(next)));
    if (coding === undefined) return source.whole === undefined ? new PromptBody(source).gatherWhole() : source;
    const out = source.whole ?? runWhole(source);
    const encoded = encodeWhole(out, coding);
    return encoded === undefined ? transformBody(bytesBody(out), encodeTransform(coding)) : bytesBody(encoded);
  }

  /** The transform of a body that passes as it is: its trailers are mapped, and its bytes looked through if `isWatched`. */
  watching(isWatched: boolean): Transform {
    return (next) => {
      const last = this.#lastSink(next, false);
      return isWatched ? this.#watcher()(last) : last;
    };
  }

  #rewriter(selection: Rewritable): Transform {
    const { map, mount } = this.#view;
    const shim = this.#shimFor(selection);
    const insertion = shim === 'page' ? { insertion: this.#plan.shimPage.insertion() } : {};
    const watch = this.#exchange.get(REWRITE_TRACE);
    const tally = watch === undefined ? mount.record.tally : { edits: 0, heldBytes: 0, watch };
    const transform = rewriteTransform(map, selection, { ...this.#htmlOptions(), ...insertion }, tally);
    const { shim: parts } = this.#view;
    return shim === 'worker' && parts !== undefined ? prefixed(transform, parts.script.text) : transform;
  }

  /** Whether the bytes of a whole body go out as they are. Nothing of the backend's can be in them then: no leak either. */
  #isUntouched(bytes: Buffer, selection: Rewritable): boolean {
    const shim = this.#shimFor(selection);
    if (shim === 'page' || shim === 'worker' || this.#exchange.get(REWRITE_TRACE) !== undefined) return false;
    return isUntouched(this.#view.map, selection, this.#htmlOptions(), bytes);
  }

  #shimFor({ language }: Rewritable): 'page' | 'worker' | 'other' | 'no' {
    return this.#plan.shimFor(this.#exchange, language);
  }

  #htmlOptions(): HtmlOptions {
    const { map, mount } = this.#view;
    const page = this.#exchange.request.target;
    return {
      strings: mount.strings,
      mapsText: mount.options.text,
      needsReferrer: mount.takesStrays,
      onIntegrityUrl: (url) => mount.integrityUrls.add(url, printOrigin(map.backend) + this.#view.mapTarget(page)),
    };
  }

  #watcher(): Transform {
    return this.#view.mount.leaks.transform((leak) => this.#plan.noteLeak(this.#exchange, leak));
  }

  #lastSink(next: Sink, isRewritten: boolean): Sink {
    const { map, mount } = this.#view;
    return new LastSink(next, (trailers) => {
      const mapped = headersToPublic(trailers, map, mount.headerPolicy);
      return isRewritten ? trailersOfRewritten(mapped) : mapped;
    });
  }

  #noteFault(thrown: unknown): ProxyError {
    const { mount } = this.#view;
    const error = noteFailure(this.#exchange, toProxyError(thrown), mount.log);
    mount.record.noteFailure(error.code);
    return error;
  }
}

/**
 * A worker's script with the shim in front, as text: whether the script is a module, in which `importScripts` throws, is
 * not known before it is read whole. Its lines keep their numbers but for one.
 */
function prefixed(transform: Transform, text: string): Transform {
  return (next) => {
    const sink = new PrefixSink(next, Buffer.from(text, 'latin1'));
    return transform(sink);
  };
}

class PrefixSink extends PassingSink {
  #prefix: Buffer | undefined;

  constructor(next: Sink, prefix: Buffer) {
    super(next);
    this.#prefix = prefix;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    this.#begin();
    return super.write(chunk, release);
  }

  override end(trailers?: ReadonlyHeaderList): void {
    this.#begin();
    super.end(trailers);
  }

  #begin(): void {
    const prefix = this.#prefix;
    this.#prefix = undefined;
    // What the next sink says to it, it says again to the chunk that follows.
    if (prefix !== undefined) this.next.write(prefix);
  }
}

/** Maps the trailers of a body. */
class LastSink extends PassingSink {
  readonly #mapTrailers: (trailers: ReadonlyHeaderList) => ReadonlyHeaderList;

  constructor(next: Sink, mapTrailers: (trailers: ReadonlyHeaderList) => ReadonlyHeaderList) {
    super(next);
    this.#mapTrailers = mapTrailers;
  }

  override end(trailers?: ReadonlyHeaderList): void {
    this.next.end(trailers === undefined ? undefined : this.#mapTrailers(trailers));
  }
}

/** A body through a transform in which something of ours may fail: that ends this body, and nothing else. */
function guarded(body: Body, transform: Transform, onFault: (thrown: unknown) => ProxyError): Body {
  return {
    length: undefined,
    isEmpty: false,
    sendTo: (sink) => body.sendTo(new GuardSink(transform(sink), sink, body, onFault)),
    cancel: (reason) => body.cancel(reason),
  };
}

class GuardSink extends PassingSink {
  readonly #exit: Sink;
  readonly #source: Body;
  readonly #onFault: (thrown: unknown) => ProxyError;
  #isOver = false;

  constructor(next: Sink, exit: Sink, source: Body, onFault: (thrown: unknown) => ProxyError) {
    super(next);
    this.#exit = exit;
    this.#source = source;
    this.#onFault = onFault;
  }

  override write(chunk: Buffer, release?: Release): boolean {
    if (this.#isOver) return true;
    try {
      return this.next.write(chunk, release);
    } catch (error) {
      this.#fail(error);
      return true;
    }
  }

  override end(trailers?: ReadonlyHeaderList): void {
    if (this.#isOver) return;
    try {
      this.next.end(trailers);
    } catch (error) {
      this.#fail(error);
    }
  }

  override abort(error: ProxyError): void {
    if (!this.#isOver) this.next.abort(error);
  }

  #fail(thrown: unknown): void {
    this.#isOver = true;
    const error = this.#onFault(thrown);
    this.#source.cancel(error);
    this.#exit.abort(error);
  }
}

/** All of a body that answers at once. */
function runWhole(body: Body): Buffer {
  const chunks: Buffer[] = [];
  body.sendTo({
    onDrained: undefined,
    write(chunk, release) {
      chunks.push(release === undefined ? chunk : Buffer.from(chunk));
      release?.();
      return true;
    },
    end: () => {},
    abort: (error) => {
      throw error;
    },
  });
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
