// The contract between the proxy and whoever rewrites for it: how one mount looks from each public address.
import type { Exchange } from '../exchange/exchange.ts';
import type { FeatureContext } from '../exchange/feature.ts';
import type { Answer, Reply } from '../exchange/handler.ts';
import type { RewriteWork } from '../exchange/rewrite-figures.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { Target } from '../http/target.ts';
import type { BaseUrl } from './base-url.ts';
import type { HostPolicy } from './headers.ts';

/** What the proxy knows of its mount. */
export interface ProxiedMount {
  /** The path of the mount: see `isSubtree`. */
  readonly path: string;
  /** The path of the backend base, as configured: perhaps without a final slash. */
  readonly backendPath: string;
  /** Scheme and authority of every endpoint, at least one. */
  readonly endpoints: readonly Pick<BaseUrl, 'scheme' | 'host' | 'port'>[];
  readonly host: HostPolicy;
}

/**
 * Made once per mount by the feature `rewrite`; the list of features hands the maker to the proxy. Throws what is wrong with
 * the mount; holds nothing before the first view is asked for.
 */
export type CreateMountRewriter = (mount: ProxiedMount, context: FeatureContext) => MountRewriter;

/** Rewrites for one mount. */
export interface MountRewriter {
  /**
   * The mount as it is seen from the public address that an exchange came to: one object per address, kept for the
   * latest ones, so that what depends on it can be kept with it.
   */
  viewFor(exchange: Exchange): PublicView;
  /** Its figures, and the way back for requests that went past the mount. */
  readonly work: RewriteWork;
  /** Lines for `portico explain`. */
  explain(): string[];
}

/** A mount seen from one public address. Immutable. */
export interface PublicView {
  /** What a header list keeps the headers under that were prepared from it for an endpoint: one object for each. */
  memoKey(endpoint: number): object;
  /** The answer to a request for something of the rewriter's own, such as the shim; undefined for every other one. */
  answerOwn(exchange: Exchange): Reply | undefined;
  /** The request-target to send upstream. Throws `request_malformed` for a target that the mount does not cover. */
  mapTarget(target: Target): string;
  /** Changes the prepared headers of a request in place; `endpoint` is the index of the one that is asked. */
  prepareRequest(headers: HeaderList, endpoint: number): void;
  /** The answer as the client is to get it, now or once the beginning of its body is known. */
  finishReply(exchange: Exchange, reply: Reply): Answer;
  /** Lets informational responses (103) be mapped like the final one. */
  watchInterim(exchange: Exchange): void;
}
