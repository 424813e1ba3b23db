// One name on one port: its mounts from what the foreign server answers, and its certificate.
import { type Candidate, deriveMounts } from './derive.ts';
import type { NamedSite } from './document.ts';
import type { ImportOptions } from './importer.ts';
import { type RenderedMount, renderMount } from './language.ts';
import type { Outcome, Probe } from './outcome.ts';
import { sampleHost } from './pattern/regions.ts';
import { reportRemark } from './remarks.ts';
import { type ForeignDirective, ImportReport } from './report.ts';

/** What every part of an import is given. */
export interface ImportSettings {
  readonly report: ImportReport;
  /** Keeps what the original does where ours is stricter on purpose. */
  readonly compat: boolean;
  /** Whether there is a feature of that name. */
  readonly supports: (feature: string) => boolean;
}

/** The settings of a new import. */
export function openSettings({ compat = false, features }: ImportOptions): ImportSettings {
  const supports = (feature: string) => features === undefined || features.has(feature);
  return { report: new ImportReport(), compat, supports };
}

/** A name of a site, where it is asked. */
export interface SiteQuestion {
  /** A key of our language without port: exact, `*.example.net` or `*`. */
  readonly name: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** The paths that some directive is about. */
  readonly candidates: readonly Candidate[];
  /** What the foreign server does with a request. Must be pure but for reports. */
  readonly answer: (probe: Probe) => Outcome;
}

/** The mounts of a site, in our language. */
export function importMounts(settings: ImportSettings, question: SiteQuestion): RenderedMount[] {
  const { report, compat, supports } = settings;
  const { name, port, isSecure, candidates, answer } = question;
  const host = sampleHost(name);
  const scheme = isSecure ? 'https' : 'http';
  const simulate = (path: string, query: string | undefined) => answer({ host, port, scheme, path, query });
  const derived = deriveMounts({
    candidates,
    simulate,
    compat,
    remark: (found) => reportRemark(found, report),
  });
  const { serve } = simulate('/vhost/http/portico-probe.invalid/', undefined);
  const vhostPaths =
    serve.kind === 'proxy' ? 'proxied' : serve.kind === 'respond' && serve.status === 403 ? 'refused' : 'other';
  const address = { host, port, scheme, isOpen: name.startsWith('*') } as const;
  const rendered = derived.map((mount) => renderMount(mount, address, { report, compat, supports, vhostPaths }));
  for (const { directives } of rendered) report.contribute(...directives);
  return withoutGuard(rendered);
}

/** The guard is built in: beside `vhost`, a mount that only refuses the form says nothing new. */
function withoutGuard(mounts: readonly RenderedMount[]): RenderedMount[] {
  const hasVhost = mounts.some(({ keys }) => 'vhost' in keys);
  const isGuard = ({ path, keys }: RenderedMount) => /^\/vhost\/?$/.test(path) && Number(keys['respond']) >= 400;
  return mounts.filter((mount) => !hasVhost || !isGuard(mount));
}

/** `tls` of a site from the directives for certificate and key. */
export function importCertificate(
  { report }: ImportSettings,
  files: { readonly certificate: string; readonly key: string } | undefined,
  directives: readonly ForeignDirective[],
): NamedSite['tls'] {
  report.contribute(...directives);
  if (files === undefined) return undefined;
  const { certificate: cert, key } = files;
  return key === cert ? { cert } : { cert, key };
}

/** The formats of lines that have an equal; others become `combined`, which is told. */
const LOG_FORMATS: Readonly<Record<string, 'combined' | 'common'>> = {
  combined: 'combined',
  common: 'common',
  main: 'combined',
};

/** `log` of a site from a file and the name of a format. What is no file, such as a program or a syslog, is told. */
export function importLog(
  { report, supports }: ImportSettings,
  path: string | undefined,
  format: string,
  directive: ForeignDirective | undefined,
): NamedSite['log'] {
  if (directive === undefined || !supports('log')) return undefined;
  if (path === undefined || path === '' || /^(?:\||syslog:)|[$%]/.test(path)) {
    report.info(directive, 'what is no plain file is no place for a log here; lines go to standard output');
    return undefined;
  }
  const known = LOG_FORMATS[format.toLowerCase()];
  if (known === undefined) report.info(directive, 'lines of a form of their own are written as the combined ones');
  else report.contribute(directive);
  return { format: known ?? 'combined', path };
}
