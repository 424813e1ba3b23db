// The terminal as commands see it: where they write, where they are, what surrounds them. Tests hand in their own.

/** 0: fine. 1: failed while running. 2: wrong usage or configuration. */
export type ExitStatus = 0 | 1 | 2;

/** What a command may touch of the process. */
export interface Terminal {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether what is written to `error` may have colours: it is a terminal, and NO_COLOR is not set. */
  readonly hasColors: boolean;
  /** Writes results to standard output. */
  print(text: string): void;
  /** Writes messages to standard error. */
  error(text: string): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // A reader that has seen enough (`portico schema | head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    cwd: process.cwd(),
    environment: process.env,
    // https://no-color.org: set and not empty.
    hasColors: process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
    print: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
  };
}
