// The help texts: of the program, and of each command from its own table.
import type { Command, Flag } from './command.ts';

/** `portico --help`. */
export function printProgramHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `${[
    'portico: a reverse proxy that rewrites every URL of the applications behind it',
    '',
    'usage: portico COMMAND [FLAGS]',
    '',
    ...list,
    '',
    'portico COMMAND --help tells more. portico --version prints the version.',
    'Exit status: 0 fine, 1 failed while running, 2 wrong usage or configuration. NO_COLOR is honoured.',
  ].join('\n')}\n`;
}

/** `portico COMMAND --help`. */
export function printCommandHelp({ name, summary, operands, flags, notes }: Command): string {
  const rows = Object.entries({ ...flags, help: HELP }).map(
    ([long, flag]) => [printFlag(long, flag), flag.help] as const,
  );
  const width = Math.max(...rows.map(([flag]) => flag.length));
  const lines = [
    ['usage: portico', name, ...operands, '[FLAGS]'].join(' '),
    '',
    summary,
    '',
    ...rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`),
  ];
  return `${(notes === undefined ? lines : [...lines, '', notes]).join('\n')}\n`;
}

const HELP: Flag = { kind: 'switch', short: 'h', help: 'print this' };

function printFlag(long: string, { kind, short, value }: Flag): string {
  const name = short === undefined ? `    --${long}` : `-${short}, --${long}`;
  return kind === 'switch' ? name : `${name} ${value}`;
}
