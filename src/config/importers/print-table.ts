// The directives of a foreign language as tables of the manual, drawn from what the importer itself goes by.
import type { DirectiveRow, DirectiveTable } from './directive-table.ts';

/** Markdown: what becomes of each directive, what is missing, and what is not needed. */
export function printDirectiveTable(table: DirectiveTable): string {
  const rows = [...table.values()];
  const byFate = <Fate extends DirectiveRow['fate']>(fate: Fate) =>
    rows.filter((row): row is Extract<DirectiveRow, { fate: Fate }> => row.fate === fate);
  return [
    '### What becomes of a directive',
    '',
    '| directive | becomes | |',
    '|---|---|---|',
    ...group(byFate('translated'), (row) => [row.becomes, row.note]).map(
      ({ names, cells: [becomes = '', note = ''] }) =>
        `| ${code(names)} | ${escapeCell(becomes)} | ${escapeCell(note)} |`,
    ),
    '',
    '### What has no equal',
    '',
    'An error means that `portico run -c` refuses the file, because the result would do less than the original or open what it guards.',
    '',
    '| directive | | what is lost | what to do |',
    '|---|---|---|---|',
    ...group(byFate('missing'), (row) => [row.severity, row.note, row.advice]).map(
      ({ names, cells }) => `| ${code(names)} | ${cells.map(escapeCell).join(' | ')} |`,
    ),
    '',
    '### What is not needed',
    '',
    ...group(byFate('unneeded'), (row) => [row.note]).map(
      ({ names, cells: [note = ''] }) => `- ${upperFirst(note)}: ${code(names)}`,
    ),
    '',
  ].join('\n');
}

interface Group {
  readonly names: string[];
  readonly cells: readonly string[];
}

/** Rows that say the same are one. */
function group<Row extends DirectiveRow>(rows: readonly Row[], cellsOf: (row: Row) => readonly string[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const cells = cellsOf(row);
    const key = JSON.stringify(cells);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { names: [row.name], cells });
    else known.names.push(row.name);
  }
  return [...groups.values()];
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
