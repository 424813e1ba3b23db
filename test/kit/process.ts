// Child processes of tests and benchmarks: their output is kept, they are waited for by what they print, and they end.
import { type ChildProcess, spawn } from 'node:child_process';
import { atEnd, type Owner } from './at-end.ts';
import { START_LIMIT_MS, WAIT_LIMIT_MS, Waiting } from './waiting.ts';

/** How a process ended: its exit status, or the signal that killed it. */
export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What may be set for a process besides its arguments. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to the environment of this process; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Stands in messages. Default: the command. */
  readonly name?: string;
  /** Runs it in a process group of its own; signals go to the whole group, so that its children end with it. */
  readonly ownGroup?: boolean;
}

const OUTPUT_LIMIT_BYTES = 4 * 1024 * 1024;

/** A running program. */
export class RunningProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly #ownGroup: boolean;
  #stdout = '';
  #stderr = '';
  #end: ProcessEnd | undefined = undefined;
  #failure: Error | undefined = undefined;
  readonly #waiting = new Waiting(() => `--- output of ${this.name}\n${this.output}`);

  constructor(command: string, args: readonly string[], options: ProcessOptions) {
    this.name = options.name ?? command;
    this.#ownGroup = options.ownGroup ?? false;
    this.child = spawn(command, args, {
      cwd: options.cwd,
      detached: this.#ownGroup,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = append(this.#stdout, text);
      this.#waiting.changed();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = append(this.#stderr, text);
      this.#waiting.changed();
    });
    this.child.on('error', (error) => {
      this.#failure = error;
      this.#waiting.changed();
    });
    this.child.on('close', (status, signal) => {
      this.#end = { status, signal };
      this.#waiting.changed();
    });
  }

  get pid(): number {
    return this.child.pid ?? Number.NaN;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Everything it printed: first stdout, then stderr. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  /** How it ended; undefined while it runs. */
  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  /** Waits until `isThere` holds for what it printed; fails with the output if it ends first or takes too long. */
  until(what: string, isThere: () => boolean, limitMs = START_LIMIT_MS): Promise<void> {
    return this.#waiting.until(
      what,
      () => {
        if (isThere()) return true;
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#end !== undefined) throw new Error(`it ended with ${this.#end.signal ?? this.#end.status}`);
        return false;
      },
      limitMs,
    );
  }

  /** Waits until it prints `text`. */
  untilOutput(text: string | RegExp, limitMs = START_LIMIT_MS): Promise<void> {
    const isThere = () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    return this.until(`output ${String(text)}`, isThere, limitMs);
  }

  /** Waits for its end. */
  async ended(limitMs = WAIT_LIMIT_MS): Promise<ProcessEnd> {
    const isThere = () => this.#end !== undefined || this.#failure !== undefined;
    await this.#waiting.until(`${this.name} to end`, isThere, limitMs);
    return this.#end ?? { status: null, signal: null };
  }

  /** Sends a signal; does nothing if it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#end !== undefined || this.child.pid === undefined) return;
    if (this.#ownGroup) process.kill(-this.child.pid, signal);
    else this.child.kill(signal);
  }

  /** Asks it to end and waits; kills it and throws if it does not end in time. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', limitMs = WAIT_LIMIT_MS): Promise<ProcessEnd> {
    this.signal(signal);
    try {
      return await this.ended(limitMs);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }
}

/** Starts a program; it is killed when the owner is done, if it still runs then. */
export function startProcess(
  owner: Owner,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const running = new RunningProcess(command, args, options);
  atEnd(
    owner,
    () => running.kill(),
    () => `--- output of ${running.name}\n${running.output}`,
  );
  return running;
}

/** Keeps the end: what a process prints last explains why it failed. */
function append(output: string, text: string): string {
  return (output + text).slice(-OUTPUT_LIMIT_BYTES);
}
