// The account of an import: which directives contributed, and what was said about the others. None is forgotten.
import type { SourcePosition } from '../../exchange/route.ts';
import type { ImportDiagnostic, ImportSeverity } from './importer.ts';

/** A directive of any foreign language, as far as the account needs it. */
export interface ForeignDirective {
  readonly name: string;
  readonly source: SourcePosition;
}

/** More diagnostics than this are not read by anybody; the rest is counted. */
const DIAGNOSTIC_LIMIT = 2000;

/** Collects the diagnostics of one import, each once, and knows which directives were accounted for. */
export class ImportReport {
  readonly #diagnostics = new Map<string, ImportDiagnostic>();
  readonly #accounted = new Set<ForeignDirective>();
  readonly #fileOrder = new Map<string, number>();
  #dropped = 0;

  /** Reports about a directive, which is accounted for by that. Saying the same again does nothing. */
  say(severity: ImportSeverity, about: ForeignDirective, message: string, advice = ''): void {
    this.#accounted.add(about);
    this.sayAt(severity, about.source, about.name, message, advice);
  }

  error(about: ForeignDirective, message: string, advice = ''): void {
    this.say('error', about, message, advice);
  }

  warn(about: ForeignDirective, message: string, advice = ''): void {
    this.say('warning', about, message, advice);
  }

  info(about: ForeignDirective, message: string, advice = ''): void {
    this.say('info', about, message, advice);
  }

  /** Reports about a place that is no directive: a mistake of syntax, a block. */
  sayAt(severity: ImportSeverity, source: SourcePosition, directive: string, message: string, advice = ''): void {
    const { file, line, column } = source;
    this.noteFile(file);
    const key = JSON.stringify([file, line, column, directive, message]);
    if (this.#diagnostics.has(key)) return;
    if (this.#diagnostics.size >= DIAGNOSTIC_LIMIT && severity !== 'error') this.#dropped++;
    else this.#diagnostics.set(key, { file, line, column, severity, directive, message, advice });
  }

  /** The directive has its effect in the result. */
  contribute(...directives: readonly ForeignDirective[]): void {
    for (const directive of directives) this.#accounted.add(directive);
  }

  isAccounted(directive: ForeignDirective): boolean {
    return this.#accounted.has(directive);
  }

  /** Diagnostics are listed in the order in which files are first named here or in a diagnostic. */
  noteFile(file: string): void {
    if (!this.#fileOrder.has(file)) this.#fileOrder.set(file, this.#fileOrder.size);
  }

  /** Everything said, by file, line and column. */
  list(): ImportDiagnostic[] {
    const order = (file: string) => this.#fileOrder.get(file) ?? 0;
    const diagnostics = [...this.#diagnostics.values()].sort(
      (a, b) => order(a.file) - order(b.file) || a.line - b.line || a.column - b.column,
    );
    const last = diagnostics.at(-1);
    if (last !== undefined && this.#dropped > 0)
      diagnostics.push({
        ...last,
        severity: 'info',
        message: `${this.#dropped} further remarks are left out`,
        advice: '',
      });
    return diagnostics;
  }
}
