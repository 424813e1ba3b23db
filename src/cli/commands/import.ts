// `portico import`: prints what a configuration of lighttpd, Apache httpd or nginx is in our language.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { detectLanguage, IMPORTERS } from '../../config/importers/detect.ts';
import type { ForeignLanguage, ImportResult } from '../../config/importers/importer.ts';
import { printImport } from '../../config/importers/print.ts';
import { printImportDiagnostics } from '../../config/importers/print-diagnostics.ts';
import { createReadInclude } from '../../config/importers/read-include.ts';
import { loadValue } from '../../config/load.ts';
import { type Arguments, type Command, jsonFlag, RunError, UsageError } from '../command.ts';
import { compatFlag, featureTable, reportDiagnostics } from '../load-for-command.ts';
import type { ExitStatus, Terminal } from '../terminal.ts';
import { countOf } from '../words.ts';

/** Turns a foreign configuration into one of ours. */
export const importCommand: Command = {
  name: 'import',
  summary: 'turn a configuration of lighttpd, Apache httpd or nginx into one of ours',
  operands: ['FILE'],
  flags: {
    from: { kind: 'text', value: 'SERVER', help: 'lighttpd, apache or nginx; default: found out from the file' },
    compat: compatFlag,
    all: { kind: 'switch', short: 'a', help: 'also list the directives that need nothing' },
    json: jsonFlag,
  },
  notes: [
    'The configuration goes to standard output, what is to be said about it to standard error. Every directive either',
    'contributes or is spoken of. Errors mean that the result does less than the original or opens what it guards; the',
    'exit status is 2 then, and `portico run -c FILE` refuses the file.',
    '',
    'portico import /etc/nginx/nginx.conf > portico.yaml',
    'portico run -c /etc/lighttpd/lighttpd.conf             runs it without a file in between',
  ].join('\n'),
  async run(args, terminal) {
    const [operand = ''] = args.operands;
    const file = resolve(terminal.cwd, operand);
    const text = readText(file);
    const language = chooseLanguage(args, file, text);
    const features = new Set(featureTable.names);
    const result = IMPORTERS[language](text, file, createReadInclude(), { compat: args.flags.has('compat'), features });
    if (!args.flags.has('json')) return printForPeople(result, operand, args, terminal);
    const { config, diagnostics } = result;
    terminal.print(`${JSON.stringify({ language, config, diagnostics }, undefined, 2)}\n`);
    return hasErrors(result) ? 2 : 0;
  },
};

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RunError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function chooseLanguage({ flags }: Arguments, file: string, text: string): ForeignLanguage {
  const named = flags.text('from');
  if (named !== undefined) {
    if (Object.hasOwn(IMPORTERS, named)) return named as ForeignLanguage;
    throw new UsageError(`--from is lighttpd, apache or nginx, not ${named}`);
  }
  const language = detectLanguage(file, text);
  if (language === undefined)
    throw new UsageError(`${file} does not look like a configuration of lighttpd, Apache or nginx; say it with --from`);
  return language;
}

function printForPeople(result: ImportResult, file: string, { flags }: Arguments, terminal: Terminal): ExitStatus {
  terminal.print(printImport(result, file));
  const isShown = flags.has('all');
  const shown = result.diagnostics.filter(({ severity }) => isShown || severity !== 'info');
  terminal.error(printImportDiagnostics(shown, terminal));
  const count = (severity: string) =>
    result.diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  const hint = isShown || count('info') === 0 ? '' : ' (--all lists them)';
  const counts = `${countOf(count('error'), 'error')}, ${countOf(count('warning'), 'warning')}, ${countOf(count('info'), 'remark')}${hint}`;
  terminal.error(`${counts}\n`);
  const { cwd, environment } = terminal;
  const resolution = loadValue(result.config, { cwd, features: featureTable, environment });
  if (!resolution.isValid) reportDiagnostics(resolution.diagnostics, false, terminal);
  return hasErrors(result) || !resolution.isValid ? 2 : 0;
}

function hasErrors({ diagnostics }: ImportResult): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}
