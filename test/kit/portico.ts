// The real executable under test: started with a configuration, waited for, asked, stopped.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from './at-end.ts';
import { type ProcessEnd, type RunningProcess, startProcess } from './process.ts';
import { projectRoot } from './project-root.ts';
import { tempFolder } from './temp-folder.ts';

/** What to start: a configuration for `portico run`, or a whole command line. */
export interface PorticoOptions {
  /** YAML text, or an object written as JSON (which is YAML). Use `listen: 127.0.0.1:0`. */
  readonly config?: string | object;
  /** The command line instead of `run -c FILE`; `CONFIG` in it stands for the file of `config`. */
  readonly args?: readonly string[];
  /** How many listeners to wait for. Default 1. */
  readonly listeners?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where it runs; default: the folder of the configuration. */
  readonly cwd?: string;
  /** The Node.js that runs it. Default: the one that runs the test. */
  readonly node?: string;
  /** Arguments for Node.js itself. */
  readonly nodeArgs?: readonly string[];
}

/** The executable of this project. */
export const porticoExecutable: string = join(projectRoot, 'bin', 'portico.js');

/** A running Portico. */
export class Portico {
  readonly process: RunningProcess;
  /** The folder with its configuration, `portico.yaml`. */
  readonly folder: string;

  constructor(process: RunningProcess, folder: string) {
    this.process = process;
    this.folder = folder;
  }

  /** The origins of its listeners in the order in which they were announced. */
  get origins(): string[] {
    return originsIn(this.process.output);
  }

  /** The origin of its first listener, such as `http://127.0.0.1:40123`. */
  get origin(): string {
    return this.origins[0] ?? '';
  }

  /** The port of its first listener. */
  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Everything it printed so far. */
  get output(): string {
    return this.process.output;
  }

  /** Replaces the configuration file. */
  writeConfig(config: string | object): void {
    writeFileSync(join(this.folder, 'portico.yaml'), printConfig(config));
  }

  /** Asks it to drain and end, and waits. */
  stop(): Promise<ProcessEnd> {
    return this.process.stop('SIGTERM');
  }

  /** Kills it. */
  kill(): Promise<void> {
    return this.process.kill();
  }
}

/** Starts it and waits until it listens; it is killed, and its folder deleted, when the owner is done. */
export async function startPortico(owner: Owner, options: PorticoOptions): Promise<Portico> {
  const portico = launchPortico(owner, options);
  const wanted = options.listeners ?? 1;
  await portico.process.until(`${wanted} listeners`, () => portico.origins.length >= wanted);
  return portico;
}

/** Starts it and does not wait: for command lines that end by themselves or are expected to fail. */
export function launchPortico(owner: Owner, options: PorticoOptions): Portico {
  const folder = tempFolder(owner);
  const file = join(folder, 'portico.yaml');
  if (options.config !== undefined) writeFileSync(file, printConfig(options.config));
  const args = (options.args ?? ['run', '-c', 'CONFIG']).map((arg) => (arg === 'CONFIG' ? file : arg));
  const nodeArgs = options.nodeArgs ?? [];
  const running = startProcess(owner, options.node ?? process.execPath, [...nodeArgs, porticoExecutable, ...args], {
    cwd: options.cwd ?? folder,
    name: `portico ${args.join(' ')}`,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  return new Portico(running, folder);
}

/** The addresses in what it printed, each once; the line that announces a listener says `listening`. */
function originsIn(output: string): string[] {
  const lines = output.split('\n').filter((line) => /listening/i.test(line));
  return [...new Set(lines.flatMap((line) => line.match(/https?:\/\/[^\s"/]+:\d+/g) ?? []))];
}

function printConfig(config: string | object): string {
  return typeof config === 'string' ? config : JSON.stringify(config, null, 2);
}
