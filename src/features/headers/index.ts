// The feature `headers`: sets, adds and removes headers.
import type { Feature } from '../../exchange/feature.ts';
import { createHeaders } from './handler.ts';
import { type HeadersOptions, headersOptions } from './options.ts';

/** `headers: { request: { set, add, remove }, response: { set, add, remove } }`. */
export const headers: Feature<HeadersOptions> = {
  name: 'headers',
  role: 'wrap',
  isShared: true,
  options: headersOptions,
  create: createHeaders,
};
