// The feature `redirect`: sends clients elsewhere.
import type { Feature } from '../../exchange/feature.ts';
import { createRedirect } from './handler.ts';
import { type RedirectOptions, redirectOptions } from './options.ts';

/** `redirect: /new` or `{ to, status, query }`; `status` may stand beside the key. */
export const redirect: Feature<RedirectOptions> = {
  name: 'redirect',
  role: 'serve',
  shorthand: 'to',
  besides: ['status'],
  options: redirectOptions,
  create: createRedirect,
};
