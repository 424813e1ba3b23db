// What is known about the directives of a foreign language: the manual's tables and the last word on each are drawn from here.
import type { ImportSeverity } from './importer.ts';
import type { ForeignDirective, ImportReport } from './report.ts';

/**
 * A directive and what becomes of it.
 * `translated`: contributes to keys of ours. `unneeded`: what it does happens anyway, or not at all, without loss.
 * `missing`: our language has nothing for it.
 */
export type DirectiveRow =
  | { readonly name: string; readonly fate: 'translated'; readonly becomes: string; readonly note: string }
  | { readonly name: string; readonly fate: 'unneeded'; readonly note: string }
  | {
      readonly name: string;
      readonly fate: 'missing';
      readonly severity: ImportSeverity;
      readonly note: string;
      readonly advice: string;
    };

/** The rows of one language by name. */
export type DirectiveTable = ReadonlyMap<string, DirectiveRow>;

/** Becomes `becomes`, a key of our language; `note` says where that is not the whole truth. */
export function translated(names: string, becomes: string, note = ''): DirectiveRow[] {
  return names.split(' ').map((name) => ({ name, fate: 'translated', becomes, note }));
}

/** Needs no equal, because of `note`. */
export function unneeded(names: string, note: string): DirectiveRow[] {
  return names.split(' ').map((name) => ({ name, fate: 'unneeded', note }));
}

/** Has no equal: `note` says what is lost, `advice` what to do by hand. */
export function missing(names: string, severity: ImportSeverity, note: string, advice: string): DirectiveRow[] {
  return names.split(' ').map((name) => ({ name, fate: 'missing', severity, note, advice }));
}

/** Joins lists of rows. Of two rows for a name the first counts. */
export function makeTable(...lists: readonly (readonly DirectiveRow[])[]): DirectiveTable {
  const table = new Map<string, DirectiveRow>();
  for (const row of lists.flat()) {
    if (!table.has(row.name)) table.set(row.name, row);
  }
  return table;
}

/** Says what the table says about a directive that nothing has accounted for yet. */
export function accountByTable(directive: ForeignDirective, row: DirectiveRow | undefined, report: ImportReport): void {
  if (report.isAccounted(directive)) return;
  if (row === undefined) {
    const advice = 'check the spelling; if it belongs to a module, find out what it does here';
    report.warn(directive, 'this directive is not known and was left out', advice);
  } else if (row.fate === 'unneeded') report.info(directive, `not needed: ${row.note}`);
  else if (row.fate === 'missing') report.say(row.severity, directive, row.note, row.advice);
  else report.info(directive, 'has no effect on any request, so nothing became of it');
}
