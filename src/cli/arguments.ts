// Parses the command line of one command against its flags, on top of node:util's tokens; explains what does not fit.
import { parseArgs } from 'node:util';
import { nearestWord } from '../util/nearest-word.ts';
import { type Arguments, type Command, type Flag, UsageError } from './command.ts';

/** Parses what follows the name of `command`. Throws {@link UsageError} for anything that the command does not declare. */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const options = Object.fromEntries(Object.entries(command.flags).map(([name, flag]) => [name, optionOf(flag)]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = command.flags[token.name];
    if (flag === undefined) throw unknownFlag(command, token.rawName);
    values.set(token.name, [...(values.get(token.name) ?? []), flagValue(flag, token)]);
    if (flag.kind !== 'list' && (values.get(token.name)?.length ?? 0) > 1)
      throw new UsageError(`${token.rawName} is given twice`);
  }
  checkOperands(command, operands);
  return {
    operands,
    flags: {
      has: (name) => values.has(name),
      text: (name) => values.get(name)?.[0],
      list: (name) => values.get(name) ?? [],
    },
  };
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
}

function flagValue({ kind, value: word }: Flag, { rawName, value }: OptionToken): string {
  if (kind === 'switch' && value !== undefined) throw new UsageError(`${rawName} takes no value`);
  // An empty value is as good as none; one that starts with a dash is the next flag.
  const isMissing = value === undefined || value === '' || /^-./.test(value);
  if (kind !== 'switch' && isMissing) throw new UsageError(`${rawName} needs a value: ${rawName} ${word}`);
  return value ?? '';
}

function optionOf({ kind, short }: Flag) {
  const type = kind === 'switch' ? ('boolean' as const) : ('string' as const);
  return { type, multiple: true, ...(short === undefined ? {} : { short }) };
}

function unknownFlag(command: Command, rawName: string): UsageError {
  const near = nearestWord(rawName.replace(/^-+/, ''), [...Object.keys(command.flags), 'help']);
  const hint = near === undefined ? `see portico ${command.name} --help` : `did you mean --${near}?`;
  return new UsageError(`portico ${command.name} has no flag ${rawName}; ${hint}`);
}

function checkOperands({ name, operands: declared }: Command, operands: readonly string[]): void {
  const missing = declared.filter((operand) => !operand.startsWith('['))[operands.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing: portico ${name} ${declared.join(' ')}`);
  const extra = operands[declared.length];
  if (extra === undefined) return;
  const takes = declared.length === 0 ? 'nothing' : `only ${declared.join(' ')}`;
  throw new UsageError(`portico ${name} takes ${takes} besides flags, got ${extra} too`);
}
