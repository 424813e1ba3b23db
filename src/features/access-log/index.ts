// The feature `log`: one line per exchange.
import type { Feature } from '../../exchange/feature.ts';
import { createAccessLog } from './handler.ts';
import { type AccessLogOptions, accessLogOptions } from './options.ts';

/** `log: off`, `log: combined` or `log: { format, path }`. */
export const accessLog: Feature<AccessLogOptions> = {
  name: 'log',
  role: 'observe',
  shorthand: 'format',
  byDefault: true,
  isShared: true,
  options: accessLogOptions,
  create: (options, context) => createAccessLog(options, context),
};
