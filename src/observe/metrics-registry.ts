// The metrics as Prometheus reads them: prom-client prints, our own counters are read when somebody scrapes.
import type { Registry } from 'prom-client';
import { RefPool } from '../util/ref-pool.ts';
import { describeCertificates, type ShownExpiry } from './certificate-metrics.ts';
import {
  type Counters,
  type ExchangeCounts,
  processCounters,
  type StatusClassCounts,
  toStatusClassCounts,
} from './counters.ts';
import { logFiles } from './log-files.ts';
import { DURATION_BOUNDS_MS, MountMetrics } from './mount-metrics.ts';
import { describeRewriting, type RewritingMount } from './rewriting-metrics.ts';

/** What is read at a scrape besides the mounts. */
export interface MetricSources {
  readonly counters: Counters;
  /** Log lines that were lost since the start. */
  droppedLogLines(): number;
}

type Labels = Readonly<Record<string, string>>;
/** A value with what tells it from the others of its metric. */
export type Sample = readonly [labels: Labels, value: number];

/**
 * Everything that can be scraped. prom-client is loaded, and the metrics of Node.js itself begin, with the first scrape:
 * a process that nobody scrapes pays nothing.
 */
export class MetricsRegistry {
  readonly #sources: MetricSources;
  readonly #mounts = new Map<string, MountMetrics>();
  readonly #rewriting = new Set<RewritingMount>();
  readonly #certificates = new Set<() => Iterable<ShownExpiry>>();
  readonly #holders = new RefPool();
  #registry: Promise<Registry> | undefined = undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** The Content-Type of what {@link render} answers. */
  readonly contentType: string = 'text/plain; version=0.0.4; charset=utf-8';

  /**
   * The counters of a mount, the same ones for the same site and path, so that a reload does not set them back. The
   * caller holds them until it calls {@link releaseMount}; those that nobody holds are forgotten.
   */
  holdMount(site: string, path: string): MountMetrics {
    const key = JSON.stringify([site, path]);
    const make = () => {
      const mount = new MountMetrics(site, path);
      this.#mounts.set(key, mount);
      return mount;
    };
    return this.#holders.hold(key, make, () => this.#mounts.delete(key));
  }

  releaseMount({ site, path }: MountMetrics): void {
    this.#holders.release(JSON.stringify([site, path]));
  }

  /** Reads the figures of a mount that rewrites at each scrape from now on. Returns how to stop that. */
  watchRewriting(mount: RewritingMount): () => void {
    this.#rewriting.add(mount);
    return () => this.#rewriting.delete(mount);
  }

  /** Asks `read` for the certificates that are shown at each scrape from now on. Returns how to stop that. */
  watchCertificates(read: () => Iterable<ShownExpiry>): () => void {
    this.#certificates.add(read);
    return () => this.#certificates.delete(read);
  }

  /** Everything in the text format of Prometheus, version 0.0.4. */
  async render(): Promise<string> {
    this.#registry ??= this.#build();
    return (await this.#registry).metrics();
  }

  async #build(): Promise<Registry> {
    const client = await import('prom-client');
    const registry = new client.Registry();
    client.collectDefaultMetrics({ register: registry });
    for (const { kind, name, help, labelNames = [], read } of [
      ...describeMetrics(this.#sources, this.#mounts),
      ...describeRewriting(this.#rewriting),
      describeCertificates(this.#certificates),
    ]) {
      const base = { name, help, labelNames, registers: [registry] };
      if (kind === 'counter') {
        new client.Counter({
          ...base,
          collect() {
            this.reset();
            for (const [labels, value] of read()) this.inc(labels, value);
          },
        });
      } else {
        new client.Gauge({
          ...base,
          collect() {
            this.reset();
            for (const [labels, value] of read()) this.set(labels, value);
          },
        });
      }
    }
    registry.registerMetric(createDurations(client.Histogram, this.#mounts));
    return registry;
  }
}

/** The metrics of this process. */
export const processMetrics: MetricsRegistry = new MetricsRegistry({
  counters: processCounters,
  droppedLogLines: () => logFiles.droppedCount,
});

/** {@link MetricsRegistry.render} for this process: what `GET /metrics` of the admin socket answers. */
export function renderMetrics(): Promise<string> {
  return processMetrics.render();
}

/** One metric: how it is called, and what it is read from. */
export interface MetricDescription {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labelNames?: string[];
  read(): Iterable<Sample>;
}

/** Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows. */
function describeMetrics(sources: MetricSources, mounts: ReadonlyMap<string, MountMetrics>): MetricDescription[] {
  return [...describeExchanges(sources, mounts), ...describeConnections(sources), ...describeProcess(sources)];
}

function describeExchanges(
  { counters }: MetricSources,
  mounts: ReadonlyMap<string, MountMetrics>,
): MetricDescription[] {
  const sites = () => Object.entries(counters.snapshot().sites);
  return [
    {
      kind: 'counter',
      name: 'portico_exchanges_total',
      help: 'Exchanges that are over, by site and class of the status that the client saw. No site: none matched.',
      labelNames: ['site', 'status'],
      read: () => sites().flatMap(([site, counts]) => byClass({ site }, counts.byStatusClass)),
    },
    {
      kind: 'gauge',
      name: 'portico_exchanges_active',
      help: 'Exchanges under way, by site.',
      labelNames: ['site'],
      read: () => sites().map(([site, { active }]: [string, ExchangeCounts]) => [{ site }, active]),
    },
    {
      kind: 'counter',
      name: 'portico_exchanges_failed_total',
      help: 'Exchanges that ended with a failure of the client, the upstream or the proxy, by site.',
      labelNames: ['site'],
      read: () => sites().map(([site, { failed }]: [string, ExchangeCounts]) => [{ site }, failed]),
    },
    {
      kind: 'counter',
      name: 'portico_mount_exchanges_total',
      help: 'Exchanges that are over, by site, mount and class of status. Of mounts that use the feature metrics.',
      labelNames: ['site', 'mount', 'status'],
      read: () =>
        [...mounts.values()].flatMap(({ site, path, byClass: counts }) =>
          byClass({ site, mount: path }, toStatusClassCounts(counts)),
        ),
    },
    {
      kind: 'counter',
      name: 'portico_received_bytes_total',
      help: 'Bytes of request bodies, of exchanges that are over.',
      read: () => [[{}, counters.snapshot().bytes.received]],
    },
    {
      kind: 'counter',
      name: 'portico_sent_bytes_total',
      help: 'Bytes of response bodies, of exchanges that are over.',
      read: () => [[{}, counters.snapshot().bytes.sent]],
    },
  ];
}

function describeConnections({ counters }: MetricSources): MetricDescription[] {
  const listeners = () => Object.entries(counters.snapshot().listeners);
  const labelNames = ['listener'];
  return [
    {
      kind: 'gauge',
      name: 'portico_connections_open',
      help: 'Connections of clients that are open, by listener.',
      labelNames,
      read: () => listeners().map(([listener, { open }]) => [{ listener }, open]),
    },
    {
      kind: 'counter',
      name: 'portico_connections_accepted_total',
      help: 'Connections of clients that were accepted, by listener.',
      labelNames,
      read: () => listeners().map(([listener, { accepted }]) => [{ listener }, accepted]),
    },
    {
      kind: 'counter',
      name: 'portico_connections_refused_total',
      help: 'Connections of clients that were closed at once because a limit was reached, by listener.',
      labelNames,
      read: () => listeners().map(([listener, { refused }]) => [{ listener }, refused]),
    },
    {
      kind: 'gauge',
      name: 'portico_upstream_connections_open',
      help: 'Connections to endpoints that are open, busy or idle.',
      read: () => [[{}, counters.upstreamConnections.open]],
    },
    {
      kind: 'counter',
      name: 'portico_upstream_connections_opened_total',
      help: 'Connections to endpoints that were opened.',
      read: () => [[{}, counters.upstreamConnections.opened]],
    },
    {
      kind: 'counter',
      name: 'portico_upstream_connections_failed_total',
      help: 'Connections to endpoints that could not be opened.',
      read: () => [[{}, counters.upstreamConnections.failed]],
    },
  ];
}

function describeProcess({ counters, droppedLogLines }: MetricSources): MetricDescription[] {
  return [
    {
      kind: 'counter',
      name: 'portico_reloads_total',
      help: 'Attempts to load the configuration anew, by result.',
      labelNames: ['result'],
      read: () => {
        const { done, failed } = counters.snapshot().reloads;
        return [
          [{ result: 'done' }, done],
          [{ result: 'failed' }, failed],
        ];
      },
    },
    {
      kind: 'counter',
      name: 'portico_log_lines_dropped_total',
      help: 'Lines of logs that were lost because they could not be written.',
      read: () => [[{}, droppedLogLines()]],
    },
  ];
}

/** `other` only where there is one: that is a bug somewhere. */
function byClass(labels: Labels, counts: StatusClassCounts): Sample[] {
  return Object.entries(counts)
    .filter(([status, count]: [string, number]) => status !== 'other' || count > 0)
    .map(([status, count]: [string, number]) => [{ ...labels, status }, count]);
}

type HistogramClass = typeof import('prom-client').Histogram;

/**
 * A histogram that prints the buckets of the mounts instead of its own: prom-client has no way to be handed sums. It
 * overrides the method that both of prom-client's printers ask; that one is not documented, so a test watches over it.
 */
function createDurations(Histogram: HistogramClass, mounts: ReadonlyMap<string, MountMetrics>) {
  const name = 'portico_mount_duration_seconds';
  const help =
    'From the first byte of a request to the last of its response, by site and mount; without tunnels. Of mounts that use the feature metrics.';

  class MountDurations extends Histogram {
    async getForPromString() {
      const values = [...mounts.values()].flatMap((mount) => printDurations(name, mount));
      return { name, help, type: 'histogram', aggregator: 'sum', values };
    }
  }
  return new MountDurations({ name, help, labelNames: ['site', 'mount'], registers: [] });
}

/** Buckets of Prometheus are cumulative: each counts those below it too. */
function printDurations(name: string, { site, path, byDuration, totalMs }: MountMetrics) {
  const sharedLabels = { site, mount: path };
  let count = 0;
  const buckets = byDuration.map((inBucket, index) => {
    count += inBucket;
    const boundMs = DURATION_BOUNDS_MS[index];
    const le = boundMs === undefined ? '+Inf' : boundMs / 1000;
    return { metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, sharedLabels, value: totalMs / 1000 },
    { metricName: `${name}_count`, labels: {}, sharedLabels, value: count },
  ];
}
