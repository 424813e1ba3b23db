// The mounts of a site from what the foreign server does with sample requests below each path it knows about.
import { isSubtree } from '../../exchange/public-path.ts';
import type { Outcome } from './outcome.ts';
import type { PathRegion } from './pattern/regions.ts';
import type { ForeignDirective } from './report.ts';
import { findServed, moveServed, type Sample, type Served } from './template.ts';
import type { Traits } from './traits.ts';

/** A path that some directive is about. */
export interface Candidate extends PathRegion {
  readonly directive: ForeignDirective;
}

/** A public path with what serves it, before it is put into words of our language. */
export interface DerivedMount {
  /** A key of our language: see `isSubtree`. */
  readonly path: string;
  readonly served: Served;
  readonly traits: Traits;
  readonly directives: readonly ForeignDirective[];
}

/** What the derivation found that a mount cannot say; the importer words it. */
export type DerivationRemark =
  /** The outcome is no plain replacement of a prefix. */
  | { readonly kind: 'irregular'; readonly path: string; readonly directives: readonly ForeignDirective[] }
  /** Said once more what holds around it anyway. */
  | { readonly kind: 'same'; readonly directives: readonly ForeignDirective[] }
  /** With a query the original does something else; ours does not look at it. */
  | { readonly kind: 'query'; readonly path: string; readonly directives: readonly ForeignDirective[] }
  /** `/app` was not served like `/app/`; ours redirects it there. */
  | { readonly kind: 'bare-name'; readonly path: string; readonly below: DerivedMount; readonly isKept: boolean };

/** What {@link deriveMounts} works on. */
export interface Derivation {
  readonly candidates: readonly Candidate[];
  /** What the foreign server does with a request for `path`. Must be pure. */
  readonly simulate: (path: string, query: string | undefined) => Outcome;
  readonly remark: (remark: DerivationRemark) => void;
  /** Keeps `/app` what it was where the original did not serve it like `/app/`. */
  readonly compat: boolean;
}

/** Rests of paths that no directive is about. The first has a slash in it, the last has none. */
const RESTS = ['portico-probe/portico.probe', 'portico-probe'] as const;
const QUERY = 'portico=probe';

/** Finds the mounts. There always is one for `/`. */
export function deriveMounts(derivation: Derivation): DerivedMount[] {
  const subtrees = new Set(['/']);
  const exacts = new Set<string>();
  for (const { path, kind } of derivation.candidates) {
    if (kind === 'exact') exacts.add(path);
    else subtrees.add(path.endsWith('/') ? path : `${path}/`);
  }
  let mounts: DerivedMount[] = [];
  for (const path of [...subtrees].sort(byDepth)) {
    const mount = deriveSubtree(derivation, path);
    const parent = nearestSubtree(mounts, path);
    if (parent === undefined || !isSame(mount, moveMount(parent, path))) mounts.push(mount);
    else derivation.remark({ kind: 'same', directives: mount.directives });
  }
  for (const { path } of mounts) {
    if (path !== '/') exacts.add(path.slice(0, -1));
  }
  for (const path of [...exacts].sort(byDepth)) {
    if (path.endsWith('/')) mounts.push(...deriveFolder(derivation, mounts, path));
    else {
      const mount = deriveExact(derivation, mounts, path);
      // A file has nothing below it.
      if (mount !== undefined && isFileAlias(mount)) mounts = mounts.filter((other) => other.path !== `${path}/`);
      if (mount !== undefined) mounts.push(mount);
    }
  }
  return mounts;
}

function byDepth(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

function deriveSubtree({ simulate, remark }: Derivation, path: string): DerivedMount {
  const samples: (Sample & { outcome: Outcome })[] = [];
  for (const rest of RESTS) {
    for (const query of [undefined, QUERY]) {
      const outcome = simulate(path + rest, query);
      samples.push({ rest, query, serve: outcome.serve, outcome });
    }
  }
  const [first] = samples;
  const outcome = first?.outcome ?? simulate(path, undefined);
  const { traits, directives } = outcome;
  const hasSameTraits = samples.every((sample) => JSON.stringify(sample.outcome.traits) === JSON.stringify(traits));
  const plain = samples.filter(({ query }) => query === undefined);
  const whole = hasSameTraits ? findServed(samples) : undefined;
  const served = whole ?? (hasSameTraits ? findServed(plain) : undefined);
  if (served === undefined) remark({ kind: 'irregular', path, directives });
  else if (whole === undefined) remark({ kind: 'query', path, directives });
  return { path, served: served ?? { kind: 'unsupported' }, traits, directives };
}

/** `/app/` exactly, where it is about more than the subtree says. */
function deriveFolder(derivation: Derivation, mounts: readonly DerivedMount[], path: string): DerivedMount[] {
  const around = mounts.find((mount) => mount.path === path) ?? nearestSubtree(mounts, path);
  const { mount, isWhole } = exactMount(derivation, path);
  if (around !== undefined && isSame(mount, exactOf(moveMount(around, path)))) return [];
  if (!isWhole) derivation.remark({ kind: 'query', path, directives: mount.directives });
  return [{ ...mount, path: `=${path}` }];
}

function deriveExact(derivation: Derivation, mounts: readonly DerivedMount[], path: string): DerivedMount | undefined {
  const { mount, isWhole } = exactMount(derivation, path);
  const around = nearestSubtree(mounts, path);
  const isLikeAround = around !== undefined && isSame(mount, exactOf(moveMount(around, path)));
  const below = mounts.find((other) => other.path === `${path}/`);
  const { directives } = mount;
  if (!isWhole && !isLikeAround) derivation.remark({ kind: 'query', path, directives });
  if (below === undefined ? isLikeAround : leadsTo(mount, below) && !isFileAlias(mount)) {
    derivation.remark({ kind: 'same', directives });
    return undefined;
  }
  if (below === undefined) return mount;
  // A backend may have a page of its own there; a folder of files has not, and 404 helps nobody.
  const { kind } = mount.served;
  const isAnswered = kind === 'respond' ? mount.served.status < 400 : kind !== 'files';
  // Whether there is a file of that name beside the folder, nobody knows here.
  const isFolder = kind === 'files' && !isFileAlias(mount);
  if (!isFolder && (!isLikeAround || isAnswered)) return mount;
  derivation.remark({ kind: 'bare-name', path, below, isKept: derivation.compat && !isFolder });
  return derivation.compat && !isFolder ? mount : undefined;
}

/** Whether a path stands for one file, to judge by its name: `alias /srv/robots.txt`. */
function isFileAlias({ served }: DerivedMount): boolean {
  return served.kind === 'files' && /[^/]\.[A-Za-z0-9]{1,5}$/.test(served.file.base);
}

/** Whether `/app` is served as ours does by itself: redirected to `/app/`, or forwarded like it. */
function leadsTo(bare: DerivedMount, below: DerivedMount): boolean {
  if (bare.served.kind === 'redirect') return bare.served.location.base === below.path;
  if (bare.served.kind === 'proxy' && below.served.kind === 'proxy') {
    const { base } = below.served.target;
    const isSameTarget = bare.served.target.base === base.replace(/\/$/, '') || bare.served.target.base === base;
    return isSameTarget && JSON.stringify(bare.served.endpoints) === JSON.stringify(below.served.endpoints);
  }
  if (bare.served.kind === 'files' && below.served.kind === 'files')
    return `${bare.served.file.base}/` === below.served.file.base;
  // A fixed answer or redirect is given at once, not behind a redirect of ours.
  return false;
}

/** The longest kept subtree that `path` lies in, itself not counted. */
function nearestSubtree(mounts: readonly DerivedMount[], path: string): DerivedMount | undefined {
  let nearest: DerivedMount | undefined;
  for (const mount of mounts) {
    const isAround = isSubtree(mount.path) && path.startsWith(mount.path) && path !== mount.path;
    if (isAround && mount.path.length > (nearest?.path.length ?? 0)) nearest = mount;
  }
  return nearest;
}

function moveMount(mount: DerivedMount, path: string): DerivedMount {
  return { ...mount, path, served: moveServed(mount.served, path.slice(mount.path.length)) };
}

/** A subtree's rule at exactly one path: nothing is left to append. */
function exactOf(mount: DerivedMount): DerivedMount {
  const { served } = mount;
  const end = <T extends { keepsRest: boolean }>(rule: T): T => ({ ...rule, keepsRest: false });
  if (served.kind === 'proxy') return { ...mount, served: { ...served, target: end(served.target) } };
  if (served.kind === 'redirect') return { ...mount, served: { ...served, location: end(served.location) } };
  if (served.kind !== 'files') return mount;
  const missing = served.missing && exactOf({ ...mount, served: served.missing }).served;
  return { ...mount, served: { ...served, file: end(served.file), missing } };
}

/** What becomes of exactly `path`. `isWhole`: of a request with a query the same. */
function exactMount({ simulate }: Derivation, path: string): { mount: DerivedMount; isWhole: boolean } {
  const outcome = simulate(path, undefined);
  const withQuery = simulate(path, QUERY);
  const { traits, directives } = outcome;
  const plain = { rest: '', query: undefined, serve: outcome.serve };
  const whole = findServed([plain, { rest: '', query: QUERY, serve: withQuery.serve }]);
  const served = whole ?? findServed([plain]) ?? { kind: 'unsupported' };
  const mount = { path, served, traits: traitsAt({ path, served, traits, directives }), directives };
  return { mount, isWhole: whole !== undefined };
}

function isSame(a: DerivedMount, b: DerivedMount): boolean {
  return comparable(a) === comparable(b);
}

/** Without what a single sample cannot tell: whether the query is kept. */
function comparable(mount: DerivedMount): string {
  return JSON.stringify([mount.served, traitsAt(mount)], (name, value: unknown) =>
    name === 'keepsQuery' ? undefined : value,
  );
}

/** Of rules by ending, exactly one path only has what applies to it. */
function traitsAt({ path, traits }: DerivedMount): Traits {
  const { freshByEnding, ...rest } = traits;
  if (path.endsWith('/') || freshByEnding === undefined) return traits;
  const [, seconds] = Object.entries(freshByEnding).find(([ending]) => path.endsWith(ending)) ?? [];
  return seconds === undefined ? rest : { ...rest, freshSeconds: seconds };
}
