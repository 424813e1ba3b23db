// Diagnostics for people: place, sentence, the line with a caret under it, and what was probably meant.
import { relative } from 'node:path';
import type { Diagnostic } from './diagnostics.ts';
import { printKeyPath } from './document.ts';

/** How to print: whether with terminal colours, and the folder that file names are shortened against. */
export interface PrintOptions {
  readonly hasColors: boolean;
  readonly cwd: string;
}

/** Excerpts show at most so much of a line: generated one-line JSON can be long. */
const EXCERPT_COLUMNS = 100;

/**
 * Prints diagnostics one below the other, like compilers do:
 *
 *     portico.yaml:12:7: unknown key "vhots"
 *       in sites > example.net > /app/
 *        |
 *     12 |       vhots: nevow
 *        |       ^^^^^
 *       did you mean "vhost"?
 */
export function printDiagnostics(diagnostics: readonly Diagnostic[], options: PrintOptions): string {
  return diagnostics.map((diagnostic) => printOne(diagnostic, options)).join('\n');
}

function printOne(diagnostic: Diagnostic, { hasColors, cwd }: PrintOptions): string {
  const paint = hasColors ? paintAnsi : paintNothing;
  const { path, message, suggestion } = diagnostic;
  const place = printPlace(diagnostic, cwd);
  const lines = [`${place === '' ? '' : `${paint('bold', `${place}:`)} `}${paint('red', message)}`];
  if (path.length > 0) lines.push(paint('dim', `  in ${printKeyPath(path)}`));
  lines.push(...printExcerpt(diagnostic, paint));
  if (suggestion !== undefined) lines.push(`  ${paint('green', suggestion)}`);
  return `${lines.join('\n')}\n`;
}

function printPlace({ file, line, column }: Diagnostic, cwd: string): string {
  if (file === undefined) return '';
  const fromHere = relative(cwd, file);
  const name = fromHere.startsWith('..') || fromHere === '' ? file : fromHere;
  return line === 0 ? name : `${name}:${line}:${column}`;
}

function printExcerpt({ line, column, length, excerpt }: Diagnostic, paint: Paint): string[] {
  if (line === 0 || excerpt.trim() === '') return [];
  const cut = Math.max(0, column - EXCERPT_COLUMNS / 2);
  const shown = excerpt.slice(cut, cut + EXCERPT_COLUMNS).replaceAll('\t', ' ');
  const caretColumn = column - 1 - cut;
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - caretColumn)));
  const gutter = ' '.repeat(String(line).length);
  return [
    paint('dim', `  ${gutter} |`),
    `${paint('dim', `  ${line} |`)} ${shown}`,
    `${paint('dim', `  ${gutter} |`)} ${' '.repeat(caretColumn)}${paint('red', carets)}`,
  ];
}

type Paint = (color: keyof typeof ANSI, text: string) => string;

const ANSI = { bold: '1', dim: '2', red: '31', green: '32' } as const;

function paintAnsi(color: keyof typeof ANSI, text: string): string {
  return `\x1b[${ANSI[color]}m${text}\x1b[0m`;
}

function paintNothing(_color: keyof typeof ANSI, text: string): string {
  return text;
}
