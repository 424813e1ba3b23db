// TargetWrapper: the last word on the target of a request that goes upstream, after the mount's map has had its own.
import { type Exchange, ExchangeKey } from './exchange.ts';

/**
 * Makes the request-target that is sent out of the one that the mount's map made. `target` is in origin-form or `*`;
 * `basePath` is the part of it that names the backend base (`/` or `/base/`), which a wrapper may need to tell apart.
 * May throw a ProxyError to refuse the exchange. Called once per exchange, by the serving feature.
 */
export type TargetWrapper = (exchange: Exchange, target: string, basePath: string) => string;

/** Where a feature in front of the proxy leaves its wrapper: how `vhost` puts the public address before the path. */
export const TARGET_WRAPPER: ExchangeKey<TargetWrapper> = new ExchangeKey('target wrapper');
