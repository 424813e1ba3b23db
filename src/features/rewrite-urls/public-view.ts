// One mount seen from one public address: its requests on the way to the backend, its answers on the way to the client.
import { createHash } from 'node:crypto';
import { ProxyError } from '../../exchange/errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/handler.ts';
import type { ResponseHead } from '../../exchange/head.ts';
import type { HeaderList, ReadonlyHeaderList } from '../../http/header-list.ts';
import type { Target } from '../../http/target.ts';
import { type Expectation, prepareForRewriting } from '../../rewrite/head.ts';
import { headersToBackend, headersToPublic } from '../../rewrite/headers.ts';
import type { PublicView } from '../../rewrite/mount-rewriter.ts';
import { REWRITE_TRACE } from '../../rewrite/trace/rewrite-trace.ts';
import type { UrlMap } from '../../rewrite/url-map.ts';
import { acceptEncodingFor } from './accept-encoding.ts';
import type { LiveMount } from './live-mount.ts';
import { wantsShim } from './page-request.ts';
import { ResponsePlan } from './response-plan.ts';
import type { ShimParts } from './shim-page.ts';
import { makeShimParts, shimScriptFor } from './shim-parts.ts';
import type { ShimScript } from './shim-script.ts';

/** What browsers load that can hold URLs: half of it cannot be rewritten, so that no range of it is asked for. */
const REWRITABLE_DESTINATIONS: ReadonlySet<string> = new Set([
  ...['document', 'iframe', 'frame', 'embed', 'object', 'style', 'xslt', 'manifest'],
  ...['script', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet'],
]);

/** See {@link PublicView}. Its identity stands for the public address: what depends on that is kept under it. */
export class LivePublicView implements PublicView {
  readonly mount: LiveMount;
  /** The map that answers go through. */
  readonly map: UrlMap;
  #fingerprint: string | undefined = undefined;
  #shimFingerprint: string | undefined = undefined;
  #shim: ShimParts | undefined = undefined;
  #script: ShimScript | undefined = undefined;
  readonly #maps: readonly UrlMap[];
  readonly #outerPrefix: string;
  /** Whether requests keep their target as it is, query included. */
  readonly #keepsTarget: boolean;
  readonly #mapsQuery: boolean;
  readonly #mapInterim = (head: ResponseHead) => this.#interimToPublic(head);

  /** `maps`: one for each endpoint. */
  constructor(mount: LiveMount, maps: readonly UrlMap[], outerPrefix: string) {
    const [map] = maps;
    if (map === undefined) throw new RangeError('Cannot view a mount without endpoints');
    this.mount = mount;
    this.map = map;
    this.#maps = maps;
    this.#outerPrefix = outerPrefix;
    // What was done to links is undone where the backend is to believe in its own name.
    this.#mapsQuery = mount.mode !== 'off' && mount.facts.host === 'upstream';
    this.#keepsTarget = mount.keepsPath && !this.#mapsQuery;
  }

  /** Names the map and the options of this mount in entity tags. */
  get fingerprint(): string {
    return (this.#fingerprint ??= fingerprintOf(this.map, this.mount, ''));
  }

  /** The same for bodies that have the shim in them. */
  get shimFingerprint(): string {
    return (this.#shimFingerprint ??= fingerprintOf(this.map, this.mount, this.shim?.script.integrity ?? ''));
  }

  /** What pages get; undefined for a mount without shim. */
  get shim(): ShimParts | undefined {
    if (!this.mount.hasShim) return undefined;
    return (this.#shim ??= makeShimParts(this.mount, this.map, this.#outerPrefix));
  }

  memoKey(endpoint: number): object {
    return this.#maps[endpoint] ?? this.map;
  }

  answerOwn(exchange: Exchange): Reply | undefined {
    if (!this.mount.hasShim) return undefined;
    const script = (this.#script ??= shimScriptFor(this.mount, this.map, this.#outerPrefix));
    return script.answer(exchange, this.#outerPrefix + exchange.request.target.path);
  }

  mapTarget(target: Target): string {
    if (this.#keepsTarget || target.form === 'asterisk') return target.text;
    const query = target.query === undefined ? '' : `?${target.query}`;
    if (this.mount.isExact) return this.mount.facts.backendPath + this.#mapQuery(query);
    if (this.mount.keepsPath) return target.path + this.#mapQuery(query);
    const mapped = this.map.targetToBackend(this.#outerPrefix + target.text, this.#mapsQuery);
    if (mapped === undefined) throw new ProxyError('request_malformed', `${target.text} is not below the mount`);
    return mapped;
  }

  prepareRequest(headers: HeaderList, endpoint: number): void {
    const { mode, facts, headerPolicy, isLocal } = this.mount;
    if (mode === 'off') return;
    const map = this.#maps[endpoint] ?? this.map;
    headersToBackend(headers, map, { host: facts.host, cookies: headerPolicy.cookies });
    const isRewritable = mode === 'all' && REWRITABLE_DESTINATIONS.has(headers.get('sec-fetch-dest') ?? '');
    const acceptEncoding = mode === 'all' ? acceptEncodingFor(headers, isLocal) : undefined;
    prepareForRewriting(headers, new Expected(this, headers, isRewritable, acceptEncoding));
  }

  /** Names what a request with these headers gets. */
  fingerprintFor(headers: ReadonlyHeaderList): string {
    return wantsShim(headers) === 'no' ? this.fingerprint : this.shimFingerprint;
  }

  finishReply(exchange: Exchange, reply: Reply): Reply | Promise<Reply> {
    const { head } = reply;
    exchange.get(REWRITE_TRACE)?.onHead(head.headers, this.map);
    // The same received head gives the same plan, so that what is derived from its lists is kept too.
    const plan = head.headers.derive(this, () => new ResponsePlan(this, head));
    return plan.finish(exchange, reply);
  }

  watchInterim(exchange: Exchange): void {
    if (this.mount.mode !== 'off') exchange.mapInterim(this.#mapInterim);
  }

  #mapQuery(query: string): string {
    if (!this.#mapsQuery || query === '') return query;
    return this.map.targetToBackend(`${this.map.public.path}${query}`, true)?.replace(/^[^?]*/, '') ?? query;
  }

  #interimToPublic(head: ResponseHead): ResponseHead {
    const headers = headersToPublic(head.headers, this.map, this.mount.headerPolicy);
    return headers === head.headers ? head : { ...head, headers };
  }
}

/** What is expected of the answer to a request; the fingerprint is that of the view, made when it is asked for. */
class Expected implements Expectation {
  readonly #view: LivePublicView;
  readonly #headers: ReadonlyHeaderList;
  readonly isRewritable: boolean;
  readonly acceptEncoding: string | undefined;

  constructor(
    view: LivePublicView,
    headers: ReadonlyHeaderList,
    isRewritable: boolean,
    acceptEncoding: string | undefined,
  ) {
    this.#view = view;
    this.#headers = headers;
    this.isRewritable = isRewritable;
    this.acceptEncoding = acceptEncoding;
  }

  get fingerprint(): string {
    return this.#view.fingerprintFor(this.#headers);
  }
}

function fingerprintOf(map: UrlMap, { mode, options, takesStrays }: LiveMount, shim: string): string {
  const { strings, text, types, spa } = options;
  const shimWords = shim === '' ? [] : [shim, spa];
  const words = JSON.stringify([map.fingerprint, mode, strings, text, types, takesStrays, ...shimWords]);
  return createHash('sha256').update(words).digest('hex').slice(0, 8);
}
