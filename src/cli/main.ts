// The command line: chooses the command, parses its flags, turns what goes wrong into a message and an exit status.
import { readFileSync } from 'node:fs';
import { nearestWord } from '../util/nearest-word.ts';
import { parseArguments } from './arguments.ts';
import { type Command, explainFault, RunError, UsageError } from './command.ts';
import { cert } from './commands/cert.ts';
import { check } from './commands/check.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { importCommand } from './commands/import.ts';
import { leaks } from './commands/leaks.ts';
import { proxy } from './commands/proxy.ts';
import { reload } from './commands/reload.ts';
import { run } from './commands/run.ts';
import { schema } from './commands/schema.ts';
import { serve } from './commands/serve.ts';
import { status } from './commands/status.ts';
import { trust } from './commands/trust.ts';
import { printCommandHelp, printProgramHelp } from './help.ts';
import { type ExitStatus, processTerminal, type Terminal } from './terminal.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  run,
  proxy,
  serve,
  check,
  explain,
  doctor,
  importCommand,
  reload,
  status,
  leaks,
  cert,
  trust,
  schema,
  demo,
];

/** Carries out a command line and sets the exit status of the process. Never rejects. */
export async function main(args: readonly string[]): Promise<void> {
  process.exitCode = await runCommandLine(args, processTerminal());
}

/** Carries out a command line (without node and script): `portico check -c x.yaml` is `['check', '-c', 'x.yaml']`. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    return explainFailure(error, terminal);
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-V') {
    terminal.print(`portico ${readVersion()}\n`);
    return 0;
  }
  const [subject] = name === 'help' ? rest : [name];
  if (subject === undefined || subject === '--help' || subject === '-h') {
    // Without a command there is nothing to do: the help is the message.
    const write = name === undefined ? terminal.error : terminal.print;
    write(printProgramHelp(commands));
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((candidate) => candidate.name === subject);
  if (command === undefined) throw unknownCommand(subject);
  if (name === 'help' || wantsHelp(rest)) {
    terminal.print(printCommandHelp(command));
    return 0;
  }
  return command.run(parseArguments(command, rest), terminal);
}

function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith('-'))
    return new UsageError(`${name} is no flag of portico; write a command first: portico --help`);
  const near = nearestWord(
    name,
    commands.map((command) => command.name),
  );
  const hint = near === undefined ? 'portico --help lists them' : `did you mean ${near}?`;
  return new UsageError(`portico has no command ${name}; ${hint}`);
}

function explainFailure(error: unknown, terminal: Terminal): ExitStatus {
  if (error instanceof UsageError || error instanceof RunError) {
    terminal.error(`portico: ${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
  terminal.error(`portico: ${explainFault(error)}\n`);
  return 1;
}

function readVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
