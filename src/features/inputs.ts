// What `portico.config.ts` may hold under the key of each built-in feature: types for editors, one line for each feature.
import type { z } from 'zod';
import type { accessLogOptions } from './access-log/options.ts';
import type { errorPagesOptions } from './error-pages/options.ts';
import type { grpcWebOptions } from './grpc-web/options.ts';
import type { headersOptions } from './headers/options.ts';
import type { metricsOptions } from './metrics/options.ts';
import type { hostPolicy, proxyOptions, proxyTimeouts } from './proxy/options.ts';
import type { redirectOptions } from './redirect/options.ts';
import type { respondOptions } from './respond/options.ts';
import type { rewriteOptions } from './rewrite-urls/options.ts';
import type { filesOptions } from './static-files/options.ts';
import type { vhostOptions } from './vhost-monster/options.ts';

export type { FeatureInputs } from '../exchange/feature.ts';

/** The long form of a feature, or the value of the option that its short form stands for. */
type Written<Schema extends z.ZodType, Shorthand extends keyof z.input<Schema>> =
  | z.input<Schema>
  | Exclude<z.input<Schema>[Shorthand], undefined>;

declare module '../exchange/feature.ts' {
  interface FeatureInputs {
    errors: z.input<typeof errorPagesOptions>;
    files: Written<typeof filesOptions, 'root'>;
    grpcWeb: z.input<typeof grpcWebOptions>;
    headers: z.input<typeof headersOptions>;
    host: z.input<typeof hostPolicy>;
    log: z.input<typeof accessLogOptions> | 'off' | 'json' | 'text' | 'common' | 'combined';
    metrics: z.input<typeof metricsOptions>;
    proxy: Written<typeof proxyOptions, 'to'>;
    redirect: Written<typeof redirectOptions, 'to'>;
    respond: Written<typeof respondOptions, 'status'>;
    rewrite: z.input<typeof rewriteOptions>;
    /** Beside `redirect`. */
    status: z.input<typeof redirectOptions>['status'];
    timeouts: z.input<typeof proxyTimeouts>;
    vhost: Written<typeof vhostOptions, 'dialect'>;
  }
}
