// What a foreign server does with one request. Each importer computes it for a few sample requests; `derive.ts` reads the
// rule from the samples. So precedence, captures and rewriting are those of the original, not of our reading of them.
import type { ForeignDirective } from './report.ts';
import type { Traits } from './traits.ts';

/** Stands in a redirect for the host that the client asked for, where the name of a sample must not be taken for it. */
export const CLIENT_HOST_MARK = '\ue001';

/** A sample request, addressed to one site. */
export interface Probe {
  /** Lower case, without port. */
  readonly host: string;
  /** The port that the request arrives on. */
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Percent-encoded as a browser sends it. */
  readonly path: string;
  /** Without the question mark; undefined without one. */
  readonly query: string | undefined;
}

/** Forwarding to another server. */
export interface ProxyOutcome {
  readonly kind: 'proxy';
  /** `http://host:port` or `https://`, `h2c://`, `unix:/path`; without a path. */
  readonly endpoints: readonly string[];
  /** The request target that the endpoint gets. */
  readonly target: string;
  /** Which Host the endpoint gets: that of the client, its own address, or this text. */
  readonly host: 'public' | 'upstream' | { readonly text: string };
}

/** A file of the disk, or what happens if it is not there. */
export interface FilesOutcome {
  readonly kind: 'files';
  /** Absolute path. Ends in `/` where the request does. */
  readonly file: string;
  readonly index: readonly string[];
  readonly list: boolean;
  /** What answers where there is no such file; undefined for 404. */
  readonly missing: Outcome['serve'] | undefined;
}

/** A redirect. `location` is absolute or starts with a slash. */
export interface RedirectOutcome {
  readonly kind: 'redirect';
  readonly location: string;
  readonly status: number;
}

/** An answer of the server's own. */
export interface RespondOutcome {
  readonly kind: 'respond';
  readonly status: number;
  readonly body: string | undefined;
  readonly type: string | undefined;
}

/** What answers the request, and which of our features stand before it. */
export interface Outcome {
  /** `unsupported`: something that we have no equal for; already reported. */
  readonly serve: ProxyOutcome | FilesOutcome | RedirectOutcome | RespondOutcome | { readonly kind: 'unsupported' };
  /** They do not depend on the path within a mount. */
  readonly traits: Traits;
  /** What it comes from, the decisive directive first. Empty where nothing was configured. */
  readonly directives: readonly ForeignDirective[];
}
