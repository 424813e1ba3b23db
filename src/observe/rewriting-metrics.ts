// What mounts that rewrite URLs add up for the metrics: bodies, edits, leaks, and requests that missed their mount.
import type { RewriteFigures } from '../exchange/rewrite-figures.ts';
import type { MetricDescription, Sample } from './metrics-registry.ts';

/** One mount, read when somebody scrapes. */
export interface RewritingMount {
  readonly site: string;
  /** Its public path. */
  readonly mount: string;
  figures(): RewriteFigures;
}

type Read = (figures: RewriteFigures) => Iterable<readonly [label: string, value: number]>;

/** Name, help, the label besides site and mount if there is one, and how the figures become samples. */
const METRICS: readonly (readonly [name: string, help: string, label: string | undefined, read: Read])[] = [
  [
    'portico_rewrite_bodies_total',
    'Bodies whose URLs were rewritten, by site and mount.',
    undefined,
    ({ rewritten }) => [['', rewritten]],
  ],
  ['portico_rewrite_edits_total', 'URLs changed in bodies.', undefined, ({ edits }) => [['', edits]]],
  [
    'portico_rewrite_unexamined_bytes_total',
    'Bytes of markup that went by unexamined, because a tag was too long to be held back.',
    undefined,
    ({ unexaminedBytes }) => [['', unexaminedBytes]],
  ],
  [
    'portico_rewrite_untouched_total',
    'Bodies of rewritable mounts that passed as they were, by reason.',
    'reason',
    ({ untouched }) => Object.entries(untouched),
  ],
  [
    'portico_rewrite_failed_total',
    'Bodies that could not be decoded or rewritten, by error code.',
    'code',
    ({ failed }) => Object.entries(failed),
  ],
  [
    'portico_leaks_total',
    'Addresses of backends that reached clients, by place: a header or a media type.',
    'place',
    ({ leaks }) => leaks.map(({ place, count }) => [place, count]),
  ],
  [
    'portico_rescues_total',
    'Requests that missed their mount and were sent into it.',
    undefined,
    ({ rescues }) => [['', rescues.reduce((sum, { count }) => sum + count, 0)]],
  ],
];

/** The metrics of all mounts in `mounts`, which may change between scrapes. */
export function describeRewriting(mounts: Iterable<RewritingMount>): MetricDescription[] {
  return METRICS.map(([name, help, label, read]) => ({
    kind: 'counter',
    name,
    help,
    labelNames: ['site', 'mount', ...(label === undefined ? [] : [label])],
    read: () => [...mounts].flatMap((mount) => samplesOf(mount, label, read)),
  }));
}

function samplesOf({ site, mount, figures }: RewritingMount, label: string | undefined, read: Read): Sample[] {
  const base = { site, mount };
  return Array.from(read(figures()), ([value, count]) => [
    label === undefined ? base : { ...base, [label]: value },
    count,
  ]);
}
