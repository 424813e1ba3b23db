// The feature `metrics`: numbers of one mount for Prometheus.
import type { Feature } from '../../exchange/feature.ts';
import { createMetrics } from './handler.ts';
import { type MetricsOptions, metricsOptions } from './options.ts';

/** `metrics: true`, of a mount or among the defaults. */
export const metrics: Feature<MetricsOptions> = {
  name: 'metrics',
  role: 'observe',
  options: metricsOptions,
  create: (options, context) => createMetrics(options, context),
};
