// The metrics of one mount: an observer that adds up, held by each generation that has the mount.
import type { FeatureContext, FeatureInstance } from '../../exchange/feature.ts';
import { type MetricsRegistry, processMetrics } from '../../observe/metrics-registry.ts';
import type { MetricsOptions } from './options.ts';

/** Makes the metrics of one mount. The numbers go on over reloads for as long as the mount is there. */
export function createMetrics(
  _options: MetricsOptions,
  { mount }: FeatureContext,
  registry: MetricsRegistry = processMetrics,
): FeatureInstance {
  const counts = registry.holdMount(mount.site, mount.path);
  return {
    observe: counts,
    explain: () => ['counts exchanges and their durations for the metrics'],
    close: () => registry.releaseMount(counts),
  };
}
