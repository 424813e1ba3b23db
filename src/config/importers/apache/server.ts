// A virtual host (or the main server) with what its answers depend on.
import type { Outcome, Probe } from '../outcome.ts';
import type { ImportReport } from '../report.ts';
import type { Directive } from './parser.ts';
import { chooseSections, findInSections, type Section } from './sections.ts';

/** A server ready to be asked. */
export interface ApacheServer {
  /** The main server, and the virtual host if this is one: what the latter says counts first. */
  readonly levels: readonly Section[];
  /** The section; undefined for the main server. */
  readonly directive: Directive | undefined;
  /** ServerName without scheme and port; empty without one. */
  readonly name: string;
  readonly balancers: ReadonlyMap<string, Directive>;
  readonly report: ImportReport;
  readonly compat: boolean;
}

/** A request at a server, while it is answered. */
export interface Turn {
  readonly server: ApacheServer;
  readonly probe: Probe;
  /** Decoded. */
  readonly path: string;
  readonly query: string | undefined;
  readonly isFileThere: boolean;
  readonly onFileTest: () => void;
}

/** The outcome of one stage of a request: not its own, so the next one is asked. */
export type Stage = Outcome | undefined;

/** The folder that files are in. */
export function documentRootOf({ levels }: ApacheServer): Directive | undefined {
  return findInSections(levels, 'documentroot');
}

/** The directives of the server itself, those of the virtual host before those of the main server. */
export function serverDirectives({ levels }: ApacheServer, key: string): Directive[] {
  return [...levels].reverse().flatMap((level) => level.all(key));
}

/** The sections in force for the turn, with `file` where one is involved. */
export function sectionsFor({ server, path }: Turn, file: string | undefined): Section[] {
  return chooseSections(server.levels, { path, file });
}

/** The rest of `path` behind `prefix` at a segment boundary, as `Alias` and `ProxyPass` compare; undefined if it differs. */
export function matchPrefix(prefix: string, path: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  return prefix.endsWith('/') || rest === '' || rest.startsWith('/') ? rest : undefined;
}
