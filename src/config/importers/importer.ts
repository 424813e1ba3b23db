// The contract of an importer: the text of another server's configuration in, ours and what is to be said about it out.
import type { SourcePosition } from '../../exchange/route.ts';

/** The servers whose configurations can be read. */
export type ForeignLanguage = 'lighttpd' | 'apache' | 'nginx';

/**
 * `error`: the result does not do what the original does, and leaving it so breaks or opens something; it is not run.
 * `warning`: the result differs in a way to know about, or the original does what its author did not mean.
 * `info`: nothing is lost; the directive is not needed here or did nothing.
 */
export type ImportSeverity = 'error' | 'warning' | 'info';

/** What is to be said about one directive. */
export interface ImportDiagnostic extends SourcePosition {
  readonly severity: ImportSeverity;
  /** The directive as its own language writes its name. */
  readonly directive: string;
  /** What is the matter, one sentence. */
  readonly message: string;
  /** What to do about it; empty where there is nothing to do. */
  readonly advice: string;
}

/** A file that an include names, or why it could not be read. */
export type IncludedFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly problem: string };

/**
 * Reads what an include names: `pattern` is absolute and may hold `*`, `?`, `[...]` and `{a,b}`.
 * Answers the files in the order of their names; an empty list where nothing has that name. Must not throw.
 */
export type ReadInclude = (pattern: string) => readonly IncludedFile[];

/** What an importer may be told. */
export interface ImportOptions {
  /** Keeps what the original does where ours is stricter on purpose. Every use is reported. Default: false. */
  readonly compat?: boolean;
  /** The names of the features that there are; what needs another one is reported. Default: all that the importers know. */
  readonly features?: ReadonlySet<string>;
}

/** A document in our language, as a plain value in the order in which it should be printed. */
export type ImportedConfig = Readonly<Record<string, unknown>>;

/** What came out. `config` is whole even where there are errors, so that somebody can go on by hand. */
export interface ImportResult {
  readonly config: ImportedConfig;
  /** By file in the order of reading, then by line. */
  readonly diagnostics: readonly ImportDiagnostic[];
  /** Where the parts of `config` come from, by their key path as JSON: what `print.ts` puts into comments. */
  readonly origins: ReadonlyMap<string, readonly SourcePosition[]>;
}

/**
 * Turns the text of a foreign configuration into ours. Every directive either contributes or yields a diagnostic.
 * `file` is the absolute path that `text` came from. Never throws on content, never runs anything, reads only through
 * `readInclude`.
 */
export type Importer = (text: string, file: string, readInclude: ReadInclude, options?: ImportOptions) => ImportResult;
