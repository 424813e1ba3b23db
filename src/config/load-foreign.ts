// A configuration of another server, taken as one of ours: imported when it is loaded, and again at every reload.

import { LineIndex } from '../util/source-position.ts';
import type { Diagnostic } from './diagnostics.ts';
import { Document, SpanMap } from './document.ts';
import { IMPORTERS } from './importers/detect.ts';
import type { ForeignLanguage, ImportDiagnostic, ImportResult } from './importers/importer.ts';
import { createReadInclude } from './importers/read-include.ts';

/** How configurations of other servers are taken. */
export interface ForeignOptions {
  /** Keeps what the original does where ours is stricter on purpose. */
  readonly compat: boolean;
  /** Told of every import that gave a configuration, for its warnings. */
  readonly onImport?: (result: ImportResult) => void;
}

/**
 * The document that a foreign text stands for, or the errors of its import. Places in it are those of the original, as
 * far as that is the file itself and not one that it includes.
 */
export function openForeign(
  language: ForeignLanguage,
  file: string,
  text: string,
  features: readonly string[],
  options: ForeignOptions,
): Document | Diagnostic[] {
  const result = IMPORTERS[language](text, file, createReadInclude(), {
    compat: options.compat,
    features: new Set(features),
  });
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return errors.map((error) => toDiagnostic(error, file, text));
  options.onImport?.(result);
  return new Document(file, text, result.config, findSpans(result, file, text));
}

function findSpans({ origins }: ImportResult, file: string, text: string): SpanMap {
  const lines = new LineIndex(text);
  const spans = new SpanMap();
  for (const [path, sources] of origins) {
    const source = sources.find((candidate) => candidate.file === file);
    if (source === undefined) continue;
    const start = lines.offsetAt(source);
    const span = { start, end: start + 1 };
    spans.set(JSON.parse(path) as string[], { key: span, value: span });
  }
  return spans;
}

function toDiagnostic(error: ImportDiagnostic, file: string, text: string): Diagnostic {
  const { line, column, directive, message, advice } = error;
  return {
    file: error.file,
    line,
    column,
    length: Math.max(1, directive.length),
    path: [],
    message: `${directive}: ${message}`,
    suggestion: advice === '' ? undefined : advice,
    excerpt: error.file === file ? new LineIndex(text).lineText(line) : '',
  };
}
