// Command: what a subcommand is to the command line: its words, its flags, and what it does.
import type { ExitStatus, Terminal } from './terminal.ts';

/** A flag of a command. */
export interface Flag {
  /** `switch` takes no value, `text` takes one, `list` may be given several times. */
  readonly kind: 'switch' | 'text' | 'list';
  /** One letter, as in `-c`. */
  readonly short?: string;
  /** The word that stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

/** The flags of a command line, by their long names. */
export interface FlagValues {
  has(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

/** A parsed command line. */
export interface Arguments {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
}

/** A subcommand. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The names of the operands in the help; `[x]` may be left out. More than these are refused, fewer too. */
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Paragraphs below the flags: what is worth knowing, with examples. */
  readonly notes?: string;
  /** May throw {@link UsageError}. Everything else that it throws is a fault of the program. */
  run(args: Arguments, terminal: Terminal): Promise<ExitStatus>;
}

/** The command line cannot be carried out as it is: exit status 2. The message says what to write instead. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Something failed that is neither our fault nor the command line's: exit status 1. The message is all there is to say. */
export class RunError extends Error {
  override name = 'RunError';
}

/** What to say about an error that nobody can do anything about but us. */
export function explainFault(error: unknown): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a fault of portico itself; please report it\n${detail}`;
}

/** The flag that most commands share. */
export const configFlag: Flag = {
  kind: 'text',
  short: 'c',
  value: 'FILE',
  help: 'the configuration; default: portico.config.ts, .mts, .js, .mjs, portico.yaml, .yml or .json in this folder',
};

/** The flag for programs that read what a command prints. */
export const jsonFlag: Flag = { kind: 'switch', help: 'print JSON' };
