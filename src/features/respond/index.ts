// The feature `respond`: a fixed answer.
import type { Feature } from '../../exchange/feature.ts';
import { createRespond } from './handler.ts';
import { type RespondOptions, respondOptions } from './options.ts';

/** `respond: 404` or `{ status, body, type, headers }`. */
export const respond: Feature<RespondOptions> = {
  name: 'respond',
  role: 'serve',
  shorthand: 'status',
  options: respondOptions,
  create: createRespond,
};
