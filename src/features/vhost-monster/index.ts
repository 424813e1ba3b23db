// The feature `vhost`: tells the backend its public address in the path.
import type { Feature } from '../../exchange/feature.ts';
import { createVhost } from './handler.ts';
import { type VhostOptions, vhostOptions } from './options.ts';

/** `vhost: nevow`, `vhost: zope` or `{ dialect, mount, authority, ... }` beside `proxy`. */
export const vhost: Feature<VhostOptions> = {
  name: 'vhost',
  role: 'wrap',
  appliesTo: ['proxy'],
  shorthand: 'dialect',
  options: vhostOptions,
  create: createVhost,
};
