// Until when the certificates are valid that clients are shown, for the metrics.
import type { MetricDescription, Sample } from './metrics-registry.ts';

/** One certificate that is shown now. */
export interface ShownExpiry {
  /** The names it is for. */
  readonly names: readonly string[];
  /** Such as `ec` or `rsa`. */
  readonly keyKind: string;
  /** The end of its validity (RFC 5280 §4.1.2.5), in milliseconds since 1970. */
  readonly expiresMs: number;
}

/** The metric of what all `sources` show, read at each scrape. Of several certificates for a name, the first to expire. */
export function describeCertificates(sources: Iterable<() => Iterable<ShownExpiry>>): MetricDescription {
  return {
    kind: 'gauge',
    name: 'portico_certificate_expiry_timestamp_seconds',
    help: 'When the certificate that clients are shown expires, as Unix time, by the names it is for and its kind of key.',
    labelNames: ['name', 'key'],
    read: () => firstOfEachName([...sources].flatMap((read) => [...read()])),
  };
}

function firstOfEachName(shown: readonly ShownExpiry[]): Iterable<Sample> {
  const samples = new Map<string, Sample>();
  for (const { names, keyKind, expiresMs } of shown) {
    for (const name of names) {
      const key = JSON.stringify([name, keyKind]);
      const earliest = Math.min(expiresMs / 1000, samples.get(key)?.[1] ?? Number.POSITIVE_INFINITY);
      samples.set(key, [{ name, key: keyKind }, earliest]);
    }
  }
  return samples.values();
}
