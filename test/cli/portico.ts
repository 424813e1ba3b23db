// Runs bin/portico.js as a process, for tests: to its end, or in the foreground until it says something.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const executable = fileURLToPath(new URL('../../../bin/portico.js', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new folder with these files, removed when the test is over. */
export function makeFolder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'portico-cli-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

/** Runs a command to its end in `cwd`. */
export async function runPortico(t: TestContext, cwd: string, ...args: string[]): Promise<Ended> {
  return startPortico(t, cwd, ...args).ended;
}

/** Starts a command in `cwd`; killed when the test is over. */
export function startPortico(t: TestContext, cwd: string, ...args: string[]): RunningPortico {
  const env = { ...process.env, XDG_RUNTIME_DIR: cwd, NO_COLOR: '1' };
  const child = spawn(process.execPath, [executable, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  return new RunningPortico(child);
}

/** A command under way. */
export class RunningPortico {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #onOutput: () => void = () => {};

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#onOutput();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#onOutput();
    });
    this.ended = once(child, 'close').then(([status]) => {
      this.#onOutput();
      return { status: status as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** What was written so far, both streams. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  /** Resolves with the first match of `pattern` in the output; rejects if the process ends without it. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (isOver) throw new Error(`ended without saying ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => {
        this.#onOutput = resolve;
      });
    }
  }

  /** The URL of the first listener. */
  async address(): Promise<string> {
    const [, url = ''] = await this.says(/listening on (\S+)/);
    return url;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}
