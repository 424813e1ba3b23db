// THE list of built-in features, in their default order. Adding one is an import and a line here.
import type { Feature } from '../exchange/feature.ts';
import { accessLog } from './access-log/index.ts';
import { errorPages } from './error-pages/index.ts';
import { grpcWeb } from './grpc-web/index.ts';
import { headers } from './headers/index.ts';
import { metrics } from './metrics/index.ts';
import { host, proxyWith, timeouts } from './proxy/index.ts';
import { redirect } from './redirect/index.ts';
import { respond } from './respond/index.ts';
import { createMountRewriter, rewrite } from './rewrite-urls/index.ts';
import { staticFiles } from './static-files/index.ts';
import { vhost } from './vhost-monster/index.ts';

/**
 * Features act in this order on a request, and in the reverse one on its response:
 *
 * 1. observers, which only look;
 * 2. what has the last word on every response, refusals included;
 * 3. what may refuse a request, the cheapest first: nothing is spent on what is refused;
 * 4. what changes the request, and on the way back the response as the client will see it;
 * 5. what serves, exactly one per mount, with the settings that it reads.
 */
export const builtInFeatures: readonly Feature[] = [
  // 1. Observers.
  accessLog,
  metrics,

  // 2. Headers outside of error pages: they are on those too.
  headers,
  errorPages,

  // 4. Translations, then the last change to a request: the public address goes before the backend path.
  grpcWeb,
  vhost,

  // 5. Serving.
  host,
  timeouts,
  rewrite,
  proxyWith(createMountRewriter),
  staticFiles,
  redirect,
  respond,
];
