// Feature: options and handler as one unit; what built-in features and plug-ins alike export.
import type { z } from 'zod';
import type { CompatServer } from '../http/compat-target.ts';
import type { Clock } from '../util/clock.ts';
import type { Deadlines } from '../util/deadlines.ts';
import type { VhostForm } from '../vhost-path/dialects.ts';
import type { Exchange } from './exchange.ts';
import type { Handler } from './handler.ts';
import type { OutboundRequest } from './head.ts';
import type { Observer } from './observer.ts';
import type { RewriteWork } from './rewrite-figures.ts';
import type { Mount } from './route.ts';

/** The bounds of the configuration's root, as far as features need them. Times in milliseconds. */
export interface FeatureBounds {
  readonly maxHeadBytes: number;
  readonly connectMs: number;
  readonly upstreamHeadMs: number;
  readonly upstreamBodyMs: number;
  readonly upstreamIdleMs: number;
  readonly tunnelMs: number;
}

/** What a feature is given when it is made for one mount of one generation. */
export interface FeatureContext {
  readonly mount: Mount;
  /** The folder that relative paths in the configuration start from. */
  readonly baseDir: string;
  readonly clock: Clock;
  /** The coarse tick for things that run out of time; no feature sets a timer per request. */
  readonly deadlines: Deadlines;
  readonly bounds: FeatureBounds;
  /** The server whose ways with forwarding headers are kept; undefined for our own. */
  readonly compat: CompatServer | undefined;
  readonly log: FeatureLog;
  /**
   * Things that outlive a reload, shared by content key: `make` runs only if nobody holds `key` yet, and the value is
   * closed when the last generation that asked for it is gone. `close` stays until then, so it must not hold the context,
   * which has the whole generation behind it. May also be called later, from within an exchange.
   */
  share<T extends object>(key: string, make: () => T, close?: (value: T) => void): T;
  /** Whether something is shared under `key` now, here or in the generation before. */
  isHeld(key: string): boolean;
  /** The public paths of the other mounts of the same site that proxy: they share the origin. */
  readonly neighbours: readonly string[];
  /** The options of the other keys of the same mount, validated; a feature may read but not change them. */
  readonly mountOptions: Readonly<Record<string, unknown>>;
}

/** The part of the logger that features see. */
export interface FeatureLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** What an endpoint would be sent. */
export interface PreviewedRequest {
  readonly endpoint: string;
  /** In words that stand at the end of a request line, such as `HTTP/1.1`. */
  readonly version: string;
  readonly request: OutboundRequest;
}

/** A feature made for one mount. `close` runs once, when the generation's last exchange is over. */
export interface FeatureInstance {
  readonly handle?: Handler;
  readonly observe?: Observer;
  /** Of a serving feature: whether it wants `/app` for its mount `/app/` as it is, instead of a redirect to the slash. */
  readonly keepsBarePath?: boolean;
  /** Of `vhost`: the form in which it writes public addresses, if clients must not send it: refused before routing, on all sites. */
  readonly refusedForm?: VhostForm | undefined;
  /** Lines for `portico explain`: what this does to a request, one sentence each. */
  explain?(): string[];
  /** Of a serving feature that proxies: what an endpoint would be sent for this exchange. Sends nothing. */
  preview?(exchange: Exchange): PreviewedRequest;
  /** Of a serving feature that rewrites URLs: its figures, and the way back for requests that went past it. */
  readonly rewriting?: RewriteWork;
  close?(): void | Promise<void>;
}

/**
 * A unit that a mount can use under the configuration key `name`.
 * Life: parse, validate, create, use, close: each exactly once per generation. `create` may be async and may throw; nothing
 * of the generation is live until every `create` of it succeeded.
 */
export interface Feature<Options = unknown> {
  readonly name: string;
  /**
   * `serve`: answers by itself, exactly one per mount. `wrap`: stands before one. `observe`: only looks.
   * `setting`: options that the serving feature reads from `context.mountOptions`; nothing is created.
   */
  readonly role: 'serve' | 'wrap' | 'observe' | 'setting';
  /** The serving features that this one does something for; left out for all. Beside others it is a mistake. */
  readonly appliesTo?: readonly string[];
  /** The value it has in every mount unless the document says otherwise; left out for a feature that is off unless named. */
  readonly byDefault?: unknown;
  /** The option that a value other than a map stands for: with `root`, `files: ./x` means `files: { root: ./x }`. */
  readonly shorthand?: string;
  /** Options that may stand beside the key as well: with `status`, `{ redirect: /new, status: 308 }` is allowed. */
  readonly besides?: readonly string[];
  /**
   * Whether one instance may stand at every mount with the very same options, as those are that come from `defaults`: it
   * asks its context for nothing of the mount.
   */
  readonly isShared?: boolean;
  /** The schema of the options. Its descriptions become the manual. */
  readonly options: z.ZodType<Options>;
  create?(options: Options, context: FeatureContext): FeatureInstance | Promise<FeatureInstance>;
}

/**
 * What a document may hold under the key of each feature: for the types of `portico.config.ts` only. A feature adds
 * itself: `declare module '../../exchange/feature.ts' { interface FeatureInputs { headers: HeadersInput } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: features fill it by declaration merging
export interface FeatureInputs {}
