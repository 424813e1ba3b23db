// What an import has to say, for people: one line with place, severity and directive each, and the advice below.
import { relative } from 'node:path';
import type { ImportDiagnostic, ImportSeverity } from './importer.ts';

/** How to print. */
export interface PrintOptions {
  readonly hasColors: boolean;
  /** File names are shortened against this folder. */
  readonly cwd: string;
}

const COLORS: Readonly<Record<ImportSeverity, string>> = { error: '31', warning: '33', info: '2' };

/** Prints diagnostics. Remarks that only differ in their line are said once, with how often. */
export function printImportDiagnostics(diagnostics: readonly ImportDiagnostic[], options: PrintOptions): string {
  const groups = new Map<string, ImportDiagnostic[]>();
  for (const diagnostic of diagnostics) {
    const { file, severity, directive, message, line } = diagnostic;
    // Errors and warnings each need a look at their own place.
    const place = severity === 'info' ? '' : line;
    const key = JSON.stringify([file, place, severity, directive, message]);
    groups.set(key, [...(groups.get(key) ?? []), diagnostic]);
  }
  return [...groups.values()].map((group) => printGroup(group, options)).join('');
}

function printGroup(group: readonly ImportDiagnostic[], { hasColors, cwd }: PrintOptions): string {
  const [first] = group;
  if (first === undefined) return '';
  const { file, line, column, severity, directive, message, advice } = first;
  const fromHere = relative(cwd, file);
  const name = fromHere.startsWith('..') || fromHere === '' ? file : fromHere;
  const word = hasColors ? `\x1b[${COLORS[severity]}m${severity}\x1b[0m` : severity;
  const more = group.length === 1 ? '' : ` (${group.length} times)`;
  const lines = [`${name}:${line}:${column}: ${word}: ${directive}: ${message}${more}`];
  if (advice !== '') lines.push(`  ${advice}`);
  return `${lines.join('\n')}\n`;
}
