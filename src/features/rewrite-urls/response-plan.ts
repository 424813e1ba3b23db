// What becomes of an answer: decided once for each head that a backend sends, applied to every answer that has it.
import type { ContentCoding } from '../../content-coding/codings.ts';
import { decodeBody, decodeWhole } from '../../content-coding/decode.ts';
import { type Body, emptyBody, transformBody } from '../../exchange/body.ts';
import { ProxyError, toProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import type { ResponseHead } from '../../exchange/head.ts';
import { PromptBody } from '../../exchange/prompt-body.ts';
import { HeaderList, type ReadonlyHeaderList } from '../../http/header-list.ts';
import { copyEndToEnd } from '../../http/hop-by-hop.ts';
import { headOfNotModified, headOfRewritten, type RewrittenBody } from '../../rewrite/head.ts';
import { headersToPublic } from '../../rewrite/headers.ts';
import type { Leak } from '../../rewrite/leaks.ts';
import { type Selection, selectLanguage } from '../../rewrite/select.ts';
import { invariant } from '../../util/invariant.ts';
import { codingForClient } from './accept-encoding.ts';
import { BodyRewriter } from './body-rewriter.ts';
import { wantsShim } from './page-request.ts';
import type { LivePublicView } from './public-view.ts';
import { ShimPage } from './shim-page.ts';

/** A selection that found a language. */
export type Rewritable = Extract<Selection, { readonly charset: string | undefined }>;

const END_TO_END = {};
/** Below this a content coding saves no packet. */
const WORTH_CODING_BYTES = 1024;

function endToEnd(headers: ReadonlyHeaderList): HeaderList {
  return copyEndToEnd(headers, new HeaderList());
}

/** A body that announces no more is waited for: it fits into a slab, when it is rewritten too unless it grows by a third. */
const PROMPT_BYTES = 168 * 1024;

/** What tells a page from fetched markup where browsers do not say it: see {@link wantsShim}. */
const DECIDE_WITHOUT_DESTINATION = ['Accept', 'X-Requested-With', 'HX-Request'];

/** Serves every answer with one received head, for one public view. */
export class ResponsePlan {
  readonly #view: LivePublicView;
  readonly #received: ResponseHead;
  /** The received headers without those of the connection, mapped. */
  readonly #headers: ReadonlyHeaderList;
  readonly #passing: ResponseHead;
  readonly #leaks: readonly Leak[];
  readonly #mediaType: string;
  /** Whether a body of it can be looked through for leaks as it is. */
  readonly #isPlainText: boolean;
  /** For requests without Sec-Fetch-Dest. */
  #selection: Selection | undefined = undefined;
  /** By Sec-Fetch-Dest. */
  #selections: Map<string, Selection> | undefined = undefined;
  #shimPage: ShimPage | undefined;
  /** By content coding, empty for none, and by what decided. */
  #rewritten: Map<string, ResponseHead> | undefined = undefined;

  constructor(view: LivePublicView, received: ResponseHead) {
    const { map, mount } = view;
    this.#view = view;
    this.#received = received;
    // The same list for all views, so that what the head writer keeps with it serves them all where nothing is mapped.
    const headers = received.headers.derive(END_TO_END, endToEnd);
    this.#headers = mount.mode === 'off' ? headers : headersToPublic(headers, map, mount.headerPolicy);
    this.#passing = { status: received.status, reason: received.reason, headers: this.#headers };
    this.#mediaType = (received.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    this.#isPlainText = this.#mediaType.startsWith('text/') && !received.headers.has('content-encoding');
    const leaks: Leak[] = [];
    if (mount.mode !== 'off') mount.leaks.checkHeaders(this.#headers, (leak) => leaks.push(leak));
    this.#leaks = leaks;
  }

  finish(exchange: Exchange, reply: Reply): Reply | Promise<Reply> {
    for (const leak of this.#leaks) this.noteLeak(exchange, leak);
    if (reply.tunnel !== undefined) return this.#switching(reply);
    const { mount } = this.#view;
    const { status } = this.#received;
    if (mount.mode !== 'all') return this.#pass(exchange, reply.body, false);
    if (status === 304) return { head: this.#notModified(exchange), body: reply.body };
    const selection = this.#select(exchange);
    if (selection.language === undefined) {
      if (selection.reason !== 'type') mount.record.noteUntouched(selection.reason);
      return this.#pass(exchange, reply.body, this.#isPlainText && selection.reason !== 'integrity');
    }
    return this.#rewrite(exchange, reply.body, selection);
  }

  /** How the shim gets into the pages that have this head. Only for a view that has one. */
  get shimPage(): ShimPage {
    const { shim, map } = this.#view;
    invariant(shim !== undefined, 'a page with a shim in a mount without one');
    return (this.#shimPage ??= new ShimPage(shim, map, this.#headers));
  }

  /**
   * What a body in `language` gets: the shim as a page, or as the script of a worker; `other` is a page that would get it
   * if it were asked for otherwise.
   */
  shimFor({ request }: Exchange, language: Selection['language']): 'page' | 'worker' | 'other' | 'no' {
    if (this.#view.shim === undefined) return 'no';
    const wanted = wantsShim(request.headers);
    if (language === 'javascript') return wanted === 'worker' ? wanted : 'no';
    const isPage = (language === 'html' && this.#mediaType === 'text/html') || language === 'sniff';
    if (!isPage || !this.shimPage.hasScripts) return 'no';
    return wanted === 'page' ? wanted : 'other';
  }

  noteLeak(exchange: Exchange, leak: Leak): void {
    this.#view.mount.record.noteLeak(leak, exchange.request.target.text, this.#mediaType);
  }

  /** The head of a 101: Upgrade belongs to the switch and stays (RFC 9110 §7.8). */
  #switching(reply: Reply): Reply {
    const upgrade = this.#received.headers.get('upgrade');
    const headers = this.#headers.toMutable();
    if (upgrade !== undefined) headers.append('Upgrade', upgrade);
    return { ...reply, head: { ...this.#passing, headers } };
  }

  /** The body as it is. `isWatched`: what is in it is looked through for leaks. */
  #pass(exchange: Exchange, body: Body, isWatched: boolean): Reply {
    const hasTrailers = this.#view.mount.mode !== 'off' && body.length === undefined;
    if (body.isEmpty || (!isWatched && !hasTrailers)) return { head: this.#passing, body };
    if (body.whole !== undefined) {
      // It has a length, so that it has no trailers.
      this.#view.mount.leaks.checkBytes(body.whole, (leak) => this.noteLeak(exchange, leak));
      return { head: this.#passing, body };
    }
    const rewriter = new BodyRewriter(this.#view, this, exchange);
    return { head: this.#passing, body: transformBody(body, rewriter.watching(isWatched), body.length) };
  }

  #notModified(exchange: Exchange): ResponseHead {
    const headers = this.#headers.toMutable();
    const noneMatch = exchange.request.headers.getJoined('if-none-match');
    const shim = this.shimFor(exchange, this.#mediaType === 'text/html' ? 'html' : undefined);
    headOfNotModified(headers, noneMatch, this.#facts(exchange, shim, undefined, this.#mayCode([]), false));
    if (shim === 'page') this.shimPage.adaptHeaders(headers);
    return { ...this.#passing, headers };
  }

  #select(exchange: Exchange): Selection {
    const { mount } = this.#view;
    const selection = this.#selectionFor(exchange.request.headers.get('sec-fetch-dest'));
    const isChecked =
      selection.language !== undefined && mount.integrityUrls.has(this.#view.mapTarget(exchange.request.target));
    return isChecked ? { language: undefined, reason: 'integrity' } : selection;
  }

  #selectionFor(destination: string | undefined): Selection {
    if (destination === undefined) return (this.#selection ??= this.#selectLanguage(undefined));
    const selections = (this.#selections ??= new Map());
    const known = selections.get(destination);
    const selection = known ?? this.#selectLanguage(destination);
    if (known === undefined && selections.size < 32) selections.set(destination, selection);
    return selection;
  }

  #selectLanguage(destination: string | undefined): Selection {
    const { headers, status } = this.#received;
    return selectLanguage({ method: 'GET', status, headers, destination }, this.#view.mount.selectOptions);
  }

  #rewrite(exchange: Exchange, body: Body, selection: Rewritable): Reply | Promise<Reply> {
    this.#view.mount.record.noteRewritten();
    const mayCode = this.#mayCode(selection.codings);
    const coding = mayCode ? codingForClient(exchange.request.headers) : undefined;
    const head = (used: ContentCoding | undefined) => this.#rewrittenHead(exchange, selection, used, mayCode);
    const { length } = body;
    if (exchange.request.method === 'HEAD' || body.isEmpty) {
      const isShort = selection.codings.length === 0 && this.#announcedBytes() < WORTH_CODING_BYTES;
      body.cancel(new ProxyError('client_gone', 'the answer has no body'));
      return { head: head(isShort ? undefined : coding), body: emptyBody };
    }
    const rewriter = new BodyRewriter(this.#view, this, exchange);
    if (body.whole !== undefined) {
      const plain = this.#decodeWhole(body.whole, selection.codings);
      if (plain !== undefined) {
        const used = plain.length < WORTH_CODING_BYTES ? undefined : coding;
        return { head: head(used), body: rewriter.rewriteWhole(plain, selection, used) };
      }
    }
    const used =
      length !== undefined && length < WORTH_CODING_BYTES && selection.codings.length === 0 ? undefined : coding;
    if (selection.codings.length === 0) {
      const isLong = length !== undefined && length > PROMPT_BYTES;
      if (used !== undefined || isLong || this.#mediaType === 'text/event-stream')
        return { head: head(used), body: rewriter.rewrite(body, selection, used) };
      const toReply = (prompt: PromptBody) => ({ head: head(used), body: rewriter.rewritePrompt(prompt, selection) });
      return this.#gather(exchange, body, toReply);
    }
    return this.#decodeStream(exchange, body, selection, (plain) => ({
      head: head(coding),
      body: rewriter.rewrite(plain, selection, coding),
    }));
  }

  /** The answer waits for what of its body is there already: then its length may be known. */
  #gather(exchange: Exchange, body: Body, toReply: (prompt: PromptBody) => Reply): Reply | Promise<Reply> {
    const prompt = new PromptBody(body);
    const gathered = prompt.gather(body.length !== undefined);
    if (!(gathered instanceof Promise)) return toReply(prompt);
    exchange.running = prompt;
    return gathered.then(() => {
      if (exchange.running === prompt) exchange.running = undefined;
      return toReply(prompt);
    });
  }

  #announcedBytes(): number {
    return Number(this.#received.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  }

  #decodeWhole(bytes: Buffer, codings: readonly string[]): Buffer | undefined {
    if (codings.length === 0) return bytes;
    try {
      return decodeWhole(bytes, codings);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * The answer waits for the first plain bytes, so that the client can be told if they are none. Event streams do not wait:
   * their first event may be far.
   */
  #decodeStream(
    exchange: Exchange,
    body: Body,
    selection: Rewritable,
    toReply: (plain: Body) => Reply,
  ): Reply | Promise<Reply> {
    const { body: plain, opened } = decodeBody(body, selection.codings);
    const reply = toReply(plain);
    if (this.#mediaType === 'text/event-stream') return reply;
    const giveUp = { cancel: (reason: ProxyError) => plain.cancel(reason) };
    exchange.running = giveUp;
    return opened.then(
      () => {
        if (exchange.running === giveUp) exchange.running = undefined;
        return reply;
      },
      (error: unknown) => {
        throw this.#failed(error);
      },
    );
  }

  #failed(thrown: unknown): ProxyError {
    const error = toProxyError(thrown);
    if (error.code !== 'client_gone') this.#view.mount.record.noteFailure(error.code);
    return error;
  }

  /** Whether the client's content coding is ours to make: the backend made one, or was asked for none in its place. */
  #mayCode(codings: readonly string[]): boolean {
    return codings.length > 0 || this.#view.mount.isLocal;
  }

  #rewrittenHead(
    exchange: Exchange,
    selection: Rewritable,
    coding: ContentCoding | undefined,
    mayCode: boolean,
  ): ResponseHead {
    const isByDestination = this.#isByDestination(exchange, selection);
    const shim = this.shimFor(exchange, selection.language);
    const key = `${coding ?? ''} ${mayCode} ${isByDestination} ${shim}`;
    const rewritten = (this.#rewritten ??= new Map());
    const known = rewritten.get(key);
    if (known !== undefined) return known;
    const headers = this.#headers.toMutable();
    headOfRewritten(headers, this.#facts(exchange, shim, coding, mayCode, isByDestination));
    if (shim === 'page') this.shimPage.adaptHeaders(headers);
    const head = { ...this.#passing, headers };
    rewritten.set(key, head);
    return head;
  }

  /** Whether the request's Sec-Fetch-Dest made the difference. */
  #isByDestination(exchange: Exchange, selection: Rewritable): boolean {
    if (!exchange.request.headers.has('sec-fetch-dest')) return false;
    return this.#selectionFor(undefined).language !== selection.language;
  }

  #facts(
    { request }: Exchange,
    shim: 'page' | 'worker' | 'no' | 'other',
    coding: ContentCoding | undefined,
    mayCode: boolean,
    isByDestination: boolean,
  ): RewrittenBody {
    const isAsked = request.headers.has('sec-fetch-dest');
    const decidedBy = [
      ...(mayCode ? ['Accept-Encoding'] : []),
      ...(isByDestination || shim !== 'no' ? ['Sec-Fetch-Dest'] : []),
      ...(shim !== 'no' && !isAsked ? DECIDE_WITHOUT_DESTINATION : []),
    ];
    const view = this.#view;
    return {
      get fingerprint() {
        return view.fingerprintFor(request.headers);
      },
      isDecoded: true,
      decidedBy,
      ...(coding === undefined ? {} : { coding }),
    };
  }
}
