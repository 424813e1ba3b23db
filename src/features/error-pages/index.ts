// The feature `errors`: pages of the operator's for errors.
import type { Feature } from '../../exchange/feature.ts';
import { createErrorPages } from './handler.ts';
import { type ErrorPagesOptions, errorPagesOptions } from './options.ts';

/** `errors: { 404: ./404.html, 5xx: ./sorry.html, upstream: false }`. */
export const errorPages: Feature<ErrorPagesOptions> = {
  name: 'errors',
  role: 'wrap',
  isShared: true,
  options: errorPagesOptions,
  create: createErrorPages,
};
