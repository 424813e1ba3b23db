// Loads the configuration that a command line names, or prints why there is none.
import type { Diagnostic } from '../config/diagnostics.ts';
import { FeatureTable } from '../config/feature-table.ts';
import { printImportDiagnostics } from '../config/importers/print-diagnostics.ts';
import { loadConfig, loadValue } from '../config/load.ts';
import type { ForeignOptions } from '../config/load-foreign.ts';
import { printDiagnostics } from '../config/print-diagnostics.ts';
import type { Resolution } from '../config/resolve.ts';
import { builtInFeatures } from '../features/index.ts';
import { type Arguments, type Flag, UsageError } from './command.ts';
import type { Terminal } from './terminal.ts';

/** The built-in features as the configuration sees them. */
export const featureTable = new FeatureTable(builtInFeatures);

/** The flag of commands that take a configuration of another server. */
export const compatFlag: Flag = {
  kind: 'switch',
  help: 'of a configuration of lighttpd, Apache or nginx, keep what is stricter here on purpose',
};

/** A configuration that is fit to run. */
export type Loaded = Extract<Resolution, { readonly isValid: true }>;

/** Loads the document of `--config`, or the default one. Prints the diagnostics and answers undefined if it is not valid. */
export async function loadForCommand({ flags }: Arguments, terminal: Terminal): Promise<Loaded | undefined> {
  const { cwd, environment } = terminal;
  const file = flags.text('config');
  const foreign = foreignOptions(flags, terminal);
  const resolution = await loadConfig({ file, cwd, features: featureTable, environment, foreign });
  if (resolution.isValid) return resolution;
  reportDiagnostics(resolution.diagnostics, flags.has('json'), terminal);
  return undefined;
}

/** How a command takes configurations of other servers: their errors are diagnostics, their warnings go to standard error. */
export function foreignOptions(flags: Arguments['flags'], terminal: Terminal): ForeignOptions {
  return {
    compat: flags.has('compat'),
    onImport({ diagnostics }) {
      const warnings = diagnostics.filter(({ severity }) => severity === 'warning');
      terminal.error(printImportDiagnostics(warnings, terminal));
    },
  };
}

/**
 * Resolves a configuration that a command made from its own arguments. `flagOf` tells which argument a mistake comes
 * from, by the first key of its path. Throws {@link UsageError} if it is not valid.
 */
export function loadGenerated(
  value: unknown,
  flagOf: Readonly<Record<string, string>>,
  { cwd, environment }: Terminal,
): Loaded {
  const resolution = loadValue(value, { cwd, features: featureTable, environment });
  if (resolution.isValid) return resolution;
  const lines = resolution.diagnostics.map(({ path, message, suggestion }) => {
    const flag = flagOf[String(path[0])] ?? String(path[0]);
    return `${flag}: ${message}${suggestion === undefined ? '' : `; ${suggestion}`}`;
  });
  throw new UsageError(lines.join('\n'));
}

/** Writes diagnostics: for people to standard error, or as JSON to standard output. */
export function reportDiagnostics(diagnostics: readonly Diagnostic[], isJson: boolean, terminal: Terminal): void {
  if (isJson) {
    terminal.print(`${JSON.stringify({ diagnostics }, undefined, 2)}\n`);
    return;
  }
  const total = diagnostics.length > 1 ? `\n${diagnostics.length} mistakes in the configuration\n` : '';
  terminal.error(printDiagnostics(diagnostics, terminal) + total);
}
