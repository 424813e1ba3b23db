// Route: where a request was sent to: one mount of one site, ready to run.
import type { Handler } from './handler.ts';
import type { Observer } from './observer.ts';
import type { Strays } from './rewrite-figures.ts';

/** Which line of which file said something. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A mount: a public path of a site and what serves it. Immutable, one object per mount and generation. */
export interface Mount {
  /** The site's key in the configuration, such as `www.example.org` or `*`. */
  readonly site: string;
  /** The public path, spelled as `public-path.ts` reads it: a subtree if it ends in `/`, exactly itself without one or behind `=`. */
  readonly path: string;
  /** Where the configuration defines it, for `explain` and for logs. */
  readonly source: SourcePosition | undefined;
}

/** A mount with its compiled chain of handlers and the observers of its exchanges. */
export interface Route {
  readonly mount: Mount;
  readonly handler: Handler;
  readonly observers: readonly Observer[];
  /** Whether `/app` goes to the mount `/app/` as it is, because the backend has that path itself; else it is redirected. */
  readonly keepsBarePath: boolean;
  /** Of a mount whose application may ask for URLs outside of it: see `server/rescue.ts`. */
  readonly strays?: Strays | undefined;
}
