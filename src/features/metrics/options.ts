// Options of the metrics: there are none; the feature is on or off.
import { z } from 'zod';

/** `metrics: true`. */
export const metricsOptions = z
  .strictObject({})
  .describe(
    'Counts the exchanges of a mount by class of status, and how long they take, for Prometheus. The numbers of the whole process and of each site are there without it. About twenty lines of a scrape per mount.',
  );

/** Options of the metrics. */
export type MetricsOptions = z.output<typeof metricsOptions>;
