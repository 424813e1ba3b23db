// The feature `rewrite`: every URL of a proxied application through the map of its mount.
import type { Feature } from '../../exchange/feature.ts';
import { type RewriteOptions, rewriteOptions } from './options.ts';

export { createMountRewriter } from './mount-rewriter.ts';

/** `rewrite: off | headers | { also, except, prefix, types, strings, text, nested, ... }` beside `proxy`. */
export const rewrite: Feature<RewriteOptions> = {
  name: 'rewrite',
  role: 'setting',
  appliesTo: ['proxy'],
  options: rewriteOptions,
};
