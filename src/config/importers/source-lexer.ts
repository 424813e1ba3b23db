// What the tokenizers of foreign configurations share: a place in the text, patterns at that place, and complaints about it.
import type { SourcePosition } from '../../exchange/route.ts';
import { LineIndex } from '../../util/source-position.ts';
import type { ImportReport } from './report.ts';

/** A text that is read from its beginning to its end. */
export abstract class SourceLexer {
  /** Without a byte order mark. */
  protected readonly text: string;
  protected readonly report: ImportReport;
  /** What is read next. */
  protected offset = 0;
  readonly #file: string;
  readonly #lines: LineIndex;

  constructor(text: string, file: string, report: ImportReport) {
    this.text = text.replace(/^\ufeff/, '');
    this.report = report;
    this.#file = file;
    this.#lines = new LineIndex(this.text);
  }

  /** Reads what a sticky pattern finds here; undefined, and stays, if it finds nothing. */
  protected match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const [found] = pattern.exec(this.text) ?? [];
    this.offset += found?.length ?? 0;
    return found;
  }

  protected position(offset: number): SourcePosition {
    return { file: this.#file, ...this.#lines.positionAt(offset) };
  }

  /** Where the line of `start` ends. */
  protected lineEnd(start: number): number {
    const end = this.text.slice(start).search(/[\r\n]/);
    return end < 0 ? this.text.length : start + end;
  }

  /** Reports what is no token. */
  protected refuse(start: number, directive: string, message: string, advice: string): void {
    this.report.sayAt('error', this.position(start), directive, message, advice);
  }
}
